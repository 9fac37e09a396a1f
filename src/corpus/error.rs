//! What can be wrong with articles that are read.

use std::{fmt, io, path::PathBuf};

use super::lines::MAX_RECORD_BYTES;
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
    /// Over [`MAX_RECORD_BYTES`].
    #[error("longer than {MAX_RECORD_BYTES} bytes, the limit for one article")]
    TooLong,
    /// Nothing where the topic should be; the names that it may have.
    #[error("no {0}")]
    NoTopic(String),
    /// A line of fastText without a label.
    #[error("no label: a word that begins with __label__")]
    NoLabel,
    /// A line of fastText with more than one.
    #[error("{0} labels, an article has one topic")]
    SeveralLabels(usize),
    /// A table lacks a column.
    #[error("no column {names}; its columns are {header}")]
    NoColumn {
        /// What it may be called.
        names: String,
        /// What there is.
        header: String,
    },
    /// A column of a table holds something else than text.
    #[error("the column {0:?} holds no text")]
    NotTextual(String),
    /// A row has more or fewer fields than the header.
    #[error("{found} fields, the header has {expected}")]
    Ragged {
        /// How many the header has.
        expected: u64,
        /// How many the row has.
        found: u64,
    },
    /// The rest of the file is within quotes.
    #[error("a quote that opens here is never closed")]
    OpenQuote,
    /// The file is not what its format demands.
    #[error("damaged {0}")]
    Damaged(String),
    /// A topic that cannot be.
    #[error("{0}")]
    Topic(#[from] InvalidTopic),
    /// No text, by the name that it should have.
    #[error("no {0:?}")]
    NoText(String),
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
    #[error("not a .txt file (or .txt.gz, .txt.zst): in a folder of topics every article is one")]
    NotText,
    /// A pattern of file names that is none.
    #[error("not a pattern of file names: {0}")]
    Pattern(String),
    /// A folder without articles.
    #[error("no articles: neither folders of .txt files nor .jsonl, .csv, .tsv, .ft or .parquet files")]
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
