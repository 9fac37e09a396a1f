//! Putting a model where servers look for new ones.

use std::{
    fs, io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    directory::recorded,
    load::{LoadError, check},
};
use crate::{
    file::{self, InvalidFile},
    model::Revision,
    server::self_test::SelfTestError,
};

/// What is behind the revision in the name of a published file.
const SUFFIX: &str = ".model";

/// A model that was put into a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its revision.
    pub revision: Revision,
    /// Its file.
    pub path: PathBuf,
    /// Files of older revisions that were removed, oldest first.
    pub removed: Vec<PathBuf>,
}

/// Why a model was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It is no model, or damaged.
    #[error(transparent)]
    Invalid(#[from] InvalidFile),
    /// It is a model that cannot answer.
    #[error(transparent)]
    SelfTest(#[from] SelfTestError),
    /// The directory cannot be read or written.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
    /// The directory's record of what is active cannot be understood: nothing may be removed.
    #[error("{0}")]
    Record(String),
}

/// The name of a revision's file in a directory of models.
#[must_use]
pub fn published_name(revision: Revision) -> String {
    format!("{revision}{SUFFIX}")
}

/// Checks and self-tests the bytes of a model file, and puts them into `directory` under the name of their revision, whole or
/// not at all. With `keep` the oldest revisions that were published before are removed, until so many are left; never this
/// one, nor the one that the directory records as active, nor files with names of another kind.
///
/// # Errors
/// When they are no model that can be served (nothing was written), or the directory cannot be read or written.
pub fn publish(
    bytes: &[u8],
    directory: &Path,
    keep: Option<NonZeroUsize>,
) -> Result<Published, PublishError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        |error| PublishError::Io(path, error)
    };
    let model = check(bytes).map_err(|error| match error {
        LoadError::Invalid(error) => PublishError::Invalid(error),
        LoadError::SelfTest(error) => PublishError::SelfTest(error),
        LoadError::Io(error) => at(directory)(error),
    })?;
    let revision = model.revision();
    let path = directory.join(published_name(revision));
    file::replace(&path, bytes).map_err(at(&path))?;
    let mut removed = Vec::new();
    if let Some(keep) = keep {
        let active = recorded(directory).map_err(PublishError::Record)?;
        let older = older(directory, revision).map_err(at(directory))?;
        let excess = (older.len() + 1).saturating_sub(keep.get());
        for (_, _, path) in older.into_iter().take(excess).filter(|(_, old, _)| Some(*old) != active) {
            fs::remove_file(&path).map_err(at(&path))?;
            removed.push(path);
        }
    }
    Ok(Published { revision, path, removed })
}

/// The published files of other revisions, oldest first.
fn older(directory: &Path, newest: Revision) -> io::Result<Vec<(SystemTime, Revision, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let revision = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)?.parse::<Revision>().ok());
        match revision {
            Some(revision) if revision != newest => {
                found.push((entry.metadata()?.modified()?, revision, entry.path()));
            }
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}
