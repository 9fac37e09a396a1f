//! What went wrong, and the exit status that says so (sysexits.h).

use std::{fmt, io, path::Path};

use tonic::{Code, Status};

use crate::{
    client::ConnectError,
    corpus::CorpusError,
    counts::CombineError,
    file::InvalidFile,
    model::{InvalidParams, LeaveOneOutError, TrainError},
    server::DirectoryError,
    training::TrainingError,
};

/// The exit status of a command that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 1: done, and something that was required is not so.
    Short = 1,
    /// 64: the command line is wrong.
    Usage = 64,
    /// 65: the input is wrong.
    Data = 65,
    /// 66: the input is not there.
    NoInput = 66,
    /// 69: a server is not there or gave up.
    Unavailable = 69,
    /// 70: a bug of ours.
    Software = 70,
    /// 74: reading or writing failed.
    Io = 74,
}

/// Why a command could not be done: one line for each thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// With which status to exit.
    pub status: ExitStatus,
    /// What, where and the limit.
    pub message: String,
}

impl Failure {
    pub(super) fn new(status: ExitStatus, message: impl fmt::Display) -> Self {
        Self { status, message: message.to_string() }
    }

    /// A file that could not be read.
    pub(super) fn reading(path: &Path, error: &io::Error) -> Self {
        let status = match error.kind() {
            io::ErrorKind::NotFound => ExitStatus::NoInput,
            _ => ExitStatus::Io,
        };
        Self::new(status, format!("{}: {error}", path.display()))
    }

    /// A file that could not be written.
    pub(super) fn writing(path: &Path, error: &io::Error) -> Self {
        Self::new(ExitStatus::Io, format!("{} cannot be written: {error}", path.display()))
    }

    /// A file that holds something else than it should.
    pub(super) fn invalid(path: &Path, error: &InvalidFile) -> Self {
        let status = match error {
            InvalidFile::Unreadable(_) => ExitStatus::Io,
            _ => ExitStatus::Data,
        };
        Self::new(status, format!("{}: {error}", path.display()))
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<CorpusError> for Failure {
    fn from(error: CorpusError) -> Self {
        let status = match &error {
            CorpusError::NotFound(_) => ExitStatus::NoInput,
            CorpusError::Io(..) => ExitStatus::Io,
            CorpusError::Invalid(..) | CorpusError::Empty(_) => ExitStatus::Data,
        };
        Self::new(status, error)
    }
}

impl From<CombineError> for Failure {
    fn from(error: CombineError) -> Self {
        Self::new(ExitStatus::Data, error)
    }
}

impl From<TrainingError> for Failure {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Corpus(error) => error.into(),
            TrainingError::Combine(error) => error.into(),
            TrainingError::Train(error) => error.into(),
            TrainingError::Temporary(_) | TrainingError::Write(..) => Self::new(ExitStatus::Io, error),
            TrainingError::Memory(_) => Self::new(ExitStatus::Usage, error),
            TrainingError::Invalid(error) => Self::new(ExitStatus::Software, error),
        }
    }
}

impl From<InvalidParams> for Failure {
    fn from(error: InvalidParams) -> Self {
        Self::new(ExitStatus::Usage, error.0.join("\n"))
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let status = match &error {
            TrainError::UnknownBackground(..) => ExitStatus::Usage,
            TrainError::TooFewTopics(_) | TrainError::NoTerms(_) | TrainError::NotCounted(_) => {
                ExitStatus::Data
            }
            TrainError::Estimate(_) | TrainError::File(_) => ExitStatus::Software,
        };
        Self::new(status, error)
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let exit = match status.code() {
            Code::InvalidArgument => ExitStatus::Usage,
            Code::FailedPrecondition => ExitStatus::Data,
            Code::NotFound => ExitStatus::NoInput,
            Code::Internal => ExitStatus::Software,
            _ => ExitStatus::Unavailable,
        };
        Self::new(exit, format!("{} ({:?})", status.message(), status.code()))
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        match &error {
            DirectoryError::Io(path, io) => Self::reading(path, io),
            DirectoryError::BuiltIn(_) | DirectoryError::SelfTest(_) => {
                Self::new(ExitStatus::Software, error)
            }
        }
    }
}

impl From<LeaveOneOutError> for Failure {
    fn from(error: LeaveOneOutError) -> Self {
        Self::new(ExitStatus::Data, error)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let status = match &error {
            ConnectError::Url(_) => ExitStatus::Usage,
            ConnectError::Read(path, error) => return Self::reading(path, error),
            ConnectError::Token(_) => ExitStatus::Data,
            ConnectError::Unavailable(..) => ExitStatus::Unavailable,
        };
        Self::new(status, error)
    }
}
