//! The lines of a file, each of bounded length.

use std::{
    io::{BufRead as _, Read as _},
    path::PathBuf,
};

use super::{
    error::{Cause, Violation},
    open::{Plain, broken},
    place::Place,
    records::ReadError,
};

/// The longest line or record, and the longest file with one article.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

/// The lines of a file that hold more than white space, without their ends.
pub(super) struct Lines {
    path: PathBuf,
    file: Place,
    input: Plain,
    line: u64,
    buffer: Vec<u8>,
    /// In the middle of a line that is too long.
    skip: bool,
    ended: bool,
}

impl Lines {
    pub(super) fn new(path: PathBuf, input: Plain) -> Self {
        let file = Place::file(&path);
        Self { path, file, input, line: 0, buffer: Vec::new(), skip: false, ended: false }
    }

    /// Reads the next line into the buffer; false at the end of the input.
    fn read_line(&mut self) -> Result<bool, ReadError> {
        self.buffer.clear();
        self.line += 1;
        let broken = |e| broken(&self.file.line(self.line), &self.path, e);
        if std::mem::take(&mut self.skip) {
            self.input.skip_until(b'\n').map_err(broken)?;
        }
        let limit = MAX_RECORD_BYTES as u64 + 1;
        let read = (&mut self.input).take(limit).read_until(b'\n', &mut self.buffer).map_err(broken)?;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if self.buffer.len() > MAX_RECORD_BYTES {
            // The rest is passed over at the next call: it may be long in coming, and this is worth telling now.
            self.skip = true;
            let (place, cause) = (self.file.line(self.line).to_string(), Cause::TooLong);
            return Err(ReadError::Violation(Violation { place, cause }));
        }
        if self.line == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        Ok(read > 0)
    }
}

impl Iterator for Lines {
    type Item = Result<(Place, Vec<u8>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.read_line() {
                Ok(false) => self.ended = true,
                Ok(true) if self.buffer.trim_ascii().is_empty() => {}
                Ok(true) => return Some(Ok((self.file.line(self.line), std::mem::take(&mut self.buffer)))),
                Err(error) => {
                    // After an error of the input there is nothing more to read.
                    self.ended = !self.skip;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
