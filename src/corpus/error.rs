//! What can be wrong with articles that are read.

use std::{fmt, io, path::PathBuf};

use super::jsonl::MAX_LINE_BYTES;
use crate::article::InvalidTopic;

/// No more violations are listed at once.
pub const MAX_VIOLATIONS: usize = 20;

/// Something is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {cause}")]
pub struct Violation {
    /// The file, and the line where there are lines.
    pub place: String,
    /// What is wrong there.
    pub cause: Cause,
}

/// What is wrong with one article.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Not an object in JSON.
    #[error("not a JSON object with the right fields: {0}")]
    NotJson(String),
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// Over [`MAX_LINE_BYTES`].
    #[error("longer than {MAX_LINE_BYTES} bytes, the limit for one article")]
    TooLong,
    /// Neither `topic` nor `label`.
    #[error("no \"topic\" or \"label\"")]
    NoTopic,
    /// A topic that cannot be.
    #[error("{0}")]
    Topic(#[from] InvalidTopic),
    /// No `text`.
    #[error("no \"text\"")]
    NoText,
    /// Nothing but white space.
    #[error("text is empty")]
    EmptyText,
    /// An id that was there before.
    #[error("id {id:?} is taken by {first}")]
    DuplicateId {
        /// The id.
        id: String,
        /// Where it stands first.
        first: String,
    },
    /// A file in a topic's folder that is no text file.
    #[error("not a .txt file: in a folder of topics every article is one")]
    NotText,
    /// A folder without articles.
    #[error("no articles: neither folders of .txt files nor .jsonl files")]
    EmptyFolder,
}

/// Why no corpus came of the input.
#[derive(Debug)]
pub enum CorpusError {
    /// The file or folder is not there.
    NotFound(PathBuf),
    /// It cannot be read.
    Io(PathBuf, io::Error),
    /// Up to [`MAX_VIOLATIONS`] things that are wrong, and whether there may be more.
    Invalid(Vec<Violation>, bool),
    /// There is no article.
    Empty(String),
}

impl std::error::Error for CorpusError {}

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(path) => write!(f, "{}: no such file or folder", path.display()),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Empty(inputs) => write!(f, "{inputs}: no articles"),
            Self::Invalid(violations, more) => {
                for (i, violation) in violations.iter().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{violation}")?;
                }
                if *more {
                    write!(f, "\nthese are the first {MAX_VIOLATIONS}, there may be more")?;
                }
                Ok(())
            }
        }
    }
}
