//! Articles from several inputs, one after the other.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    fmt, fs,
    io::{self, BufRead},
    path::{Path, PathBuf},
};

use super::{
    error::{Cause, CorpusError, Violation},
    folder::FolderRecords,
    jsonl::JsonLines,
};
use crate::article::Article;

/// Where articles come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input, written `-`.
    Stdin,
    /// A file or a folder.
    Path(PathBuf),
}

impl From<&OsStr> for Input {
    fn from(argument: &OsStr) -> Self {
        if argument == "-" { Self::Stdin } else { Self::Path(argument.into()) }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// An article as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file, and the line where there are lines.
    pub place: String,
    /// The article; its text may be empty.
    pub article: Article,
    /// What the input says the topic is.
    pub label: Option<String>,
}

/// Why a record could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// This record is wrong; the next may be right.
    Violation(Violation),
    /// The input ends here.
    Fatal(CorpusError),
}

/// The records of all inputs, in order; files of a folder in the order of their names.
pub struct Records {
    waiting: VecDeque<Input>,
    current: Option<Box<dyn Iterator<Item = Result<Record, ReadError>> + Send>>,
}

impl Records {
    /// Reads `inputs`; nothing is opened before it is its turn.
    #[must_use]
    pub fn new(inputs: &[Input]) -> Self {
        Self { waiting: inputs.iter().cloned().collect(), current: None }
    }
}

impl Iterator for Records {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.current.as_mut().and_then(Iterator::next) {
                if matches!(record, Err(ReadError::Fatal(_))) {
                    self.current = None;
                    self.waiting.clear();
                }
                return Some(record);
            }
            self.current = None;
            let opened = match self.waiting.pop_front()? {
                Input::Stdin => {
                    let input: Box<dyn BufRead + Send> =
                        Box::new(io::BufReader::with_capacity(1 << 18, io::stdin()));
                    self.current = Some(Box::new(JsonLines::new("standard input".into(), input)));
                    Ok(())
                }
                Input::Path(path) => self.open(&path),
            };
            if let Err(error) = opened {
                if matches!(error, ReadError::Fatal(_)) {
                    self.waiting.clear();
                }
                return Some(Err(error));
            }
        }
    }
}

impl Records {
    fn open(&mut self, path: &Path) -> Result<(), ReadError> {
        let metadata = fs::metadata(path).map_err(|e| fatal(path, e))?;
        if !metadata.is_dir() {
            let file = fs::File::open(path).map_err(|e| fatal(path, e))?;
            let input: Box<dyn BufRead + Send> = Box::new(io::BufReader::with_capacity(1 << 18, file));
            self.current = Some(Box::new(JsonLines::new(path.to_owned(), input)));
            return Ok(());
        }
        let (folders, files): (Vec<_>, Vec<_>) = entries(path)?.into_iter().partition(|p| p.is_dir());
        let files: Vec<_> = files.into_iter().filter(|p| is_json_lines(p)).collect();
        if folders.is_empty() && files.is_empty() {
            return Err(ReadError::Violation(Violation {
                place: path.display().to_string(),
                cause: Cause::EmptyFolder,
            }));
        }
        for file in files.into_iter().rev() {
            self.waiting.push_front(Input::Path(file));
        }
        self.current = Some(Box::new(FolderRecords::new(folders)));
        Ok(())
    }
}

/// What a folder holds, sorted, without hidden files.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths)
    };
    read().map_err(|e| fatal(folder, e))
}

fn is_json_lines(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "jsonl" || e == "ndjson" || e == "json")
}

pub(super) fn fatal(path: &Path, error: io::Error) -> ReadError {
    ReadError::Fatal(match error.kind() {
        io::ErrorKind::NotFound => CorpusError::NotFound(path.to_owned()),
        _ => CorpusError::Io(path.to_owned(), error),
    })
}
