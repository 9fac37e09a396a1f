//! What the inputs of a command name: files, folders, patterns, standard input.

use std::{
    ffi::OsStr,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use super::{
    error::{Cause, Violation},
    format::Format,
    records::{ReadError, fatal},
};

/// Where articles come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input, written `-`.
    Stdin,
    /// A file, a folder, or a pattern of their names.
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

/// The files and folders that a pattern such as `news/*.csv.gz` or `news/**/*.parquet` names, in the order of their names;
/// `None` where it is no pattern. What exists is named by its name, whatever characters are in it.
pub(super) fn matches(path: &Path) -> Result<Option<Vec<PathBuf>>, ReadError> {
    let Some(pattern) = path.to_str().filter(|p| p.contains(['*', '?', '[']) && !path.exists()) else {
        return Ok(None);
    };
    let wrong = |error: &dyn fmt::Display| {
        let cause = Cause::Pattern(error.to_string());
        ReadError::Violation(Violation { place: pattern.to_owned(), cause })
    };
    let found = glob::glob(pattern).map_err(|e| wrong(&e))?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(|e| {
        let path = e.path().to_owned();
        fatal(&path, e.into())
    })?;
    if found.is_empty() {
        return Err(fatal(path, io::ErrorKind::NotFound.into()));
    }
    Ok(Some(found))
}

/// The folders in a folder, which are topics, and its files with articles: those whose names tell a format, or all of
/// them when the format is given. A `.txt` file beside them is more often a note than articles.
pub(super) fn contents(
    folder: &Path,
    format: Option<Format>,
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), ReadError> {
    let (folders, mut files): (Vec<_>, Vec<_>) = entries(folder)?.into_iter().partition(|p| p.is_dir());
    if format.is_none() {
        files.retain(|file| {
            let text = super::format::uncompressed_name(file).extension().is_some_and(|e| e == "txt");
            Format::of_name(file).is_some() && !text
        });
    }
    if folders.is_empty() && files.is_empty() {
        let place = folder.display().to_string();
        return Err(ReadError::Violation(Violation { place, cause: Cause::EmptyFolder }));
    }
    Ok((folders, files))
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
