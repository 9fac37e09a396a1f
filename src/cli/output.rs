//! Writing results.

use std::{
    io::{self, Write as _},
    path::Path,
    process,
};

use super::{ExitStatus, Failure};
use crate::{counts::Counts, file, server, training::Destination};

/// Writes a counts file.
pub(super) fn write_counts(path: &Path, counts: &Counts) -> Result<(), Failure> {
    let bytes = counts.to_bytes().map_err(|e| Failure::new(ExitStatus::Software, e))?;
    file::replace(path, &bytes).map_err(|e| Failure::writing(path, &e))
}

/// Where a model file goes: to `path`, or into that directory under the name of its revision. What another process writes
/// there at the same time has another partial file.
pub(super) fn with_destination<T>(path: &Path, write: impl FnOnce(&Destination<'_>) -> T) -> T {
    if path.is_dir() {
        let place = |revision| path.join(server::published_name(revision));
        let partial = path.join(format!("new-{}.model", process::id()));
        write(&Destination { path: &partial, place: &place })
    } else {
        write(&Destination { path, place: &|_| path.to_owned() })
    }
}

/// Prints to standard output; a reader that has gone away is no failure.
pub(super) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(|e| Failure::writing(Path::new("standard output"), &e)),
    }
}
