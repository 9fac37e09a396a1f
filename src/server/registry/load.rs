//! Loading a model aside, and making sure that it can answer.

use std::{io, path::Path};

use crate::{
    file::{InvalidFile, OpenFile, Source},
    huge_pages::in_huge_pages_for,
    model::{Model, Revision},
    server::self_test::{SelfTestError, self_test},
};

/// Why a file cannot be served.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is no model, or damaged.
    #[error(transparent)]
    Invalid(#[from] InvalidFile),
    /// It is a model that cannot answer.
    #[error(transparent)]
    SelfTest(#[from] SelfTestError),
}

/// Loads a model file and tests the model. The revision is that of whatever the file holds.
pub(super) fn load(path: &Path) -> (Option<Revision>, Result<Model, LoadError>) {
    let file = match OpenFile::open(path) {
        Ok(file) => file,
        Err(error) => return (None, Err(error.into())),
    };
    match check_source(&file) {
        Ok(model) => (Some(model.revision()), Ok(model)),
        Err(error) => (Revision::of_source(&file).ok(), Err(error)),
    }
}

/// Makes a model of the bytes of its file and tests it.
pub(super) fn check(bytes: &[u8]) -> Result<Model, LoadError> {
    check_source(&bytes)
}

fn check_source(source: &dyn Source) -> Result<Model, LoadError> {
    let model = in_huge_pages_for(source.len() as u64, || Model::from_source(source))?;
    self_test(&model)?;
    Ok(model)
}
