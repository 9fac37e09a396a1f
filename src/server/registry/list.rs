//! Which models there are.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use tracing::warn;

use super::{
    Registry,
    directory::{KnownFile, Verdict},
};
use crate::{
    model::{Model, Revision},
    server::status::RequestError,
};

/// One revision.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) revision: Revision,
    pub(crate) state: State,
    pub(crate) file: Option<ListedFile>,
    /// Whether a rollback would activate it.
    pub(crate) rollback_target: bool,
}

/// Where a revision is.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// In memory, and it answers.
    Active(Arc<Model>),
    /// In memory.
    Held(Arc<Model>),
    /// A file.
    Available,
    /// A file that cannot be served.
    Rejected(String),
}

/// Its file.
#[derive(Clone, Debug)]
pub(crate) struct ListedFile {
    pub(crate) name: String,
    pub(crate) modified: SystemTime,
    pub(crate) bytes: u64,
}

impl Listed {
    /// What the list is sorted by, backwards: when the file was modified, and the revision.
    pub(crate) fn key(&self) -> (SystemTime, Revision) {
        let modified = self.file.as_ref().map_or(SystemTime::UNIX_EPOCH, |file| file.modified);
        (modified, self.revision)
    }
}

impl Registry {
    /// Every revision in memory and in the directory: newest file first, then those without a file. Reads files that it has
    /// not seen yet.
    ///
    /// # Errors
    /// While the first model is being loaded.
    pub(crate) fn list(&self) -> Result<Vec<Listed>, RequestError> {
        let held = self.held.load_full().ok_or(RequestError::ModelNotLoaded)?;
        let files = match &self.directory {
            None => Vec::new(),
            Some(directory) => directory.list().unwrap_or_else(|error| {
                warn!(directory = %directory.path().display(), %error, "the model directory cannot be read");
                Vec::new()
            }),
        };
        let mut by_revision: HashMap<Revision, (String, KnownFile)> = HashMap::new();
        for (name, file) in files {
            let Some(revision) = file.revision else { continue };
            let first = by_revision.entry(revision).or_insert_with(|| (name.clone(), file.clone()));
            if name < first.0 {
                *first = (name, file);
            }
        }
        let target = held.rollback_target().map(|model| model.revision());
        let listed = |revision, state, file: Option<(String, KnownFile)>| Listed {
            revision,
            state,
            file: file.map(|(name, file)| ListedFile {
                name,
                modified: file.fingerprint.modified,
                bytes: file.fingerprint.bytes,
            }),
            rollback_target: target == Some(revision),
        };
        let mut all = Vec::new();
        for model in held.models() {
            let revision = model.revision();
            let state = match revision == held.active().revision() {
                true => State::Active(Arc::clone(model)),
                false => State::Held(Arc::clone(model)),
            };
            all.push(listed(revision, state, by_revision.remove(&revision)));
        }
        for (revision, (name, file)) in by_revision {
            let state = match &file.verdict {
                Verdict::Rejected(why) => State::Rejected(why.clone()),
                _ => State::Available,
            };
            all.push(listed(revision, state, Some((name, file))));
        }
        all.sort_by_key(|listed| std::cmp::Reverse(listed.key()));
        Ok(all)
    }
}
