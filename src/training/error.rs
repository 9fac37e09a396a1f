//! Why no counts or model came of articles.

use std::{env, fmt, io, path::Path};

use super::memory::Size;
use crate::{
    corpus::CorpusError,
    counts::{CombineError, RunError},
    file::InvalidFile,
    model::{self, NotCounted, TrainError},
};

/// Why no counts or model came of articles.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The inputs cannot be read, or something in them is wrong.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Their words cannot be counted.
    #[error(transparent)]
    Combine(#[from] CombineError),
    /// No model can be made of them.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A temporary file cannot be made, written or read.
    #[error(transparent)]
    Temporary(#[from] TemporaryFile),
    /// What does not shrink needs more memory than there may be.
    #[error(transparent)]
    Memory(#[from] TooLittleMemory),
    /// The file cannot be written.
    #[error("{0} cannot be written: {1}")]
    Write(String, #[source] io::Error),
    /// There can be no such file.
    #[error(transparent)]
    Invalid(#[from] InvalidFile),
}

impl TrainingError {
    pub(super) fn writing_model(path: &Path, error: model::WriteError) -> Self {
        match error {
            model::WriteError::Io(error) => Self::Write(path.display().to_string(), error),
            model::WriteError::Invalid(error) => TrainError::from(error).into(),
            model::WriteError::Estimate(error) => TrainError::from(error).into(),
        }
    }
}

/// A temporary file cannot be made, written or read.
#[derive(Debug)]
pub struct TemporaryFile(pub io::Error);

impl std::error::Error for TemporaryFile {}

impl fmt::Display for TemporaryFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = env::temp_dir();
        write!(f, "a temporary file in {}: {}; TMPDIR names another folder", folder.display(), self.0)
    }
}

/// What does not shrink needs more memory than there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLittleMemory {
    /// What needs it.
    pub what: String,
    /// How many bytes there would have to be.
    pub needed: u64,
    /// How many there may be.
    pub limit: u64,
    /// What can be done beside allowing more.
    pub way_out: &'static str,
}

impl std::error::Error for TooLittleMemory {}

impl fmt::Display for TooLittleMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, needed, limit, way_out } = self;
        let (size, limit) = (Size(*needed), Size(*limit));
        write!(
            f,
            "{what} need {size} ({needed} bytes) of memory, the limit is {limit}: raise --max-memory, or {way_out}"
        )
    }
}

/// All that goes wrong with an input or output of its own has a path; so what has none is a temporary file.
impl From<io::Error> for TrainingError {
    fn from(error: io::Error) -> Self {
        Self::Temporary(TemporaryFile(error))
    }
}

impl From<RunError> for TrainingError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Io(error) => error.into(),
            RunError::Combine(error) => error.into(),
        }
    }
}

impl From<NotCounted> for TrainingError {
    fn from(error: NotCounted) -> Self {
        TrainError::from(error).into()
    }
}
