//! Which model of a directory a server starts with.

use std::{io, path::PathBuf, time::Duration};

use tracing::{info, warn};

use super::{
    Registry,
    directory::Directory,
    load::{LoadError, check},
};
use crate::{
    file::InvalidFile,
    model::{Model, Revision},
    server::self_test::SelfTestError,
};

/// Why a server cannot start with a directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be read.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
    /// It has no model that can be served, and the one to fall back on is damaged.
    #[error("the built-in model: {0}")]
    BuiltIn(InvalidFile),
    /// The same, and the one to fall back on cannot answer.
    #[error("the built-in model: {0}")]
    SelfTest(#[from] SelfTestError),
}

impl Registry {
    /// The model to start with: the one that the directory records, else its newest file that can be served, else
    /// `built_in`, the bytes of a model file. Takes as long as it takes to read all files once.
    ///
    /// # Errors
    /// When the directory cannot be read, or when it comes to `built_in` and that is no model.
    pub fn load_first(&self, built_in: &[u8]) -> Result<Model, DirectoryError> {
        let Some(directory) = &self.directory else { return fall_back_on(built_in) };
        let files = directory
            .candidates(Duration::ZERO, true)
            .map_err(|error| DirectoryError::Io(directory.path().to_owned(), error))?;
        for name in &files {
            directory.leave(name);
        }
        let recorded = directory.recorded().unwrap_or_else(|error| {
            warn!(%error, "the record of the active revision cannot be read");
            None
        });
        if let Some(revision) = recorded
            && let Some(model) = load_recorded(directory, revision, built_in)
        {
            tell_of_newer(directory, revision);
            return Ok(model);
        }
        for name in &files {
            if let Some(model) = load(directory, name) {
                return Ok(model);
            }
        }
        info!(directory = %directory.path().display(), "no model can be served from here: the built-in one is");
        fall_back_on(built_in)
    }
}

fn load_recorded(directory: &Directory, revision: Revision, built_in: &[u8]) -> Option<Model> {
    if let Some(name) = directory.find(revision).ok().flatten() {
        return load(directory, &name).filter(|model| model.revision() == revision);
    }
    if Revision::of(built_in) == revision {
        return fall_back_on(built_in).ok();
    }
    warn!(%revision, directory = %directory.path().display(), "the revision that was active last is not there");
    None
}

/// A file that came while no server ran is not activated: the record stands for somebody's choice.
fn tell_of_newer(directory: &Directory, revision: Revision) {
    if let Some((file, _)) = directory.list().ok().and_then(|files| files.into_iter().next())
        && directory.find(revision).ok().flatten().as_ref() != Some(&file)
    {
        info!(file, active = %revision, "there is a newer model than the one that was active last");
    }
}

fn load(directory: &Directory, name: &str) -> Option<Model> {
    match directory.consider(name) {
        Ok((model, _)) => Some(model),
        Err(error) => {
            warn!(file = %directory.path().join(name).display(), %error, "a model was rejected");
            None
        }
    }
}

fn fall_back_on(built_in: &[u8]) -> Result<Model, DirectoryError> {
    check(built_in).map_err(|error| match error {
        LoadError::Invalid(error) => DirectoryError::BuiltIn(error),
        LoadError::SelfTest(error) => DirectoryError::SelfTest(error),
        LoadError::Io(error) => DirectoryError::Io(PathBuf::new(), error),
    })
}
