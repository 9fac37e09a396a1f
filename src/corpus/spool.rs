//! Puts an input that can be read once only into a temporary file.

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom},
    path::Path,
};

use super::{
    open::{Plain, broken},
    place::Place,
    records::ReadError,
};

/// Copies all of `input`, which came from `path`, into a file that has no name and is gone when it is closed.
pub(super) fn spool(path: &Path, mut input: Plain) -> Result<File, ReadError> {
    let copied = tempfile::tempfile().and_then(|mut file| {
        io::copy(&mut input, &mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    });
    copied.map_err(|e| broken(&Place::file(path), path, e))
}
