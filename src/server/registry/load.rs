//! Loading a model aside, and making sure that it can answer.

use std::{fs, io, path::Path};

use crate::{
    file::InvalidFile,
    model::{Model, Revision},
    server::{
        huge_pages::allow_huge_pages_for,
        self_test::{SelfTestError, self_test},
    },
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
    match fs::read(path) {
        Ok(bytes) => (Some(Revision::of(&bytes)), check(&bytes)),
        Err(error) => (None, Err(error.into())),
    }
}

/// Makes a model of the bytes of its file and tests it.
pub(super) fn check(bytes: &[u8]) -> Result<Model, LoadError> {
    allow_huge_pages_for(bytes.len());
    let model = Model::from_bytes(bytes)?;
    self_test(&model)?;
    Ok(model)
}
