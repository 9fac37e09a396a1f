//! Writing results.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{ExitStatus, Failure};
use crate::{counts::Counts, file, model::Trained, server};

/// Writes a counts file.
pub(super) fn write_counts(path: &Path, counts: &Counts) -> Result<(), Failure> {
    let bytes = counts.to_bytes().map_err(|e| Failure::new(ExitStatus::Software, e))?;
    file::replace(path, &bytes).map_err(|e| Failure::writing(path, &e))
}

/// Writes a model file, into a directory under the name of its revision. Returns where it is.
pub(super) fn write_model(path: &Path, trained: &Trained) -> Result<PathBuf, Failure> {
    let path = if path.is_dir() {
        path.join(server::published_name(trained.model.revision()))
    } else {
        path.to_owned()
    };
    file::replace(&path, &trained.bytes).map_err(|e| Failure::writing(&path, &e))?;
    Ok(path)
}

/// Prints to standard output; a reader that has gone away is no failure.
pub(super) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(|e| Failure::writing(Path::new("standard output"), &e)),
    }
}
