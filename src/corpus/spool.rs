//! Puts an input that can be read once only into a temporary file.

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use super::{
    error::CorpusError,
    open::{Plain, broken},
    place::Place,
    records::ReadError,
};

/// Copies all of `input`, which came from `path`, into a file that has no name and is gone when it is closed. Where that
/// cannot be written, it is the folder of temporary files that is named, not `path`.
pub(super) fn spool(path: &Path, mut input: Plain) -> Result<File, ReadError> {
    let unwritable = |error| ReadError::Fatal(CorpusError::Io(std::env::temp_dir(), error));
    let mut file = tempfile::tempfile().map_err(unwritable)?;
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(&Place::file(path), path, error)),
        };
        if bytes.is_empty() {
            break;
        }
        file.write_all(bytes).map_err(unwritable)?;
        let written = bytes.len();
        input.consume(written);
    }
    file.seek(SeekFrom::Start(0)).map_err(unwritable)?;
    Ok(file)
}
