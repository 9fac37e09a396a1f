//! Articles as rows of a CSV or TSV file with a header (RFC 4180; lines may end in LF alone).

use std::{io, path::PathBuf};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, Trim};

use super::{
    columns::{Places, ReadOptions},
    error::{Cause, Violation},
    lines::MAX_RECORD_BYTES,
    open::{Plain, broken},
    place::Place,
    quotes::{Quotes, TooLong},
    records::{ReadError, Record},
};
use crate::article::Article;

/// The rows of one file.
pub(super) struct DelimitedRecords {
    path: PathBuf,
    file: Place,
    reader: Reader<Quotes<Plain>>,
    places: Option<Places>,
    options: std::sync::Arc<ReadOptions>,
    row: ByteRecord,
    ended: bool,
}

impl DelimitedRecords {
    pub(super) fn new(
        path: PathBuf,
        input: Plain,
        delimiter: u8,
        options: std::sync::Arc<ReadOptions>,
    ) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(Trim::Headers)
            .buffer_capacity(1 << 16)
            .from_reader(Quotes::new(input, delimiter));
        let file = Place::file(&path);
        Self { path, file, reader, places: None, options, row: ByteRecord::new(), ended: false }
    }

    /// Reads the header.
    fn places(&mut self) -> Result<Places, ReadError> {
        if let Some(places) = self.places {
            return Ok(places);
        }
        let header = match self.reader.byte_headers() {
            Ok(header) => header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            Err(error) => return Err(self.wrong(error)),
        };
        let header: Vec<String> = header;
        if header.is_empty() {
            // A file of no bytes: no rows either.
            return Ok(Places { text: 0, topic: None, title: None, id: None });
        }
        let places = self
            .options
            .columns
            .find(&header, self.options.labeled)
            .map_err(|names| self.violation(1, Cause::NoColumn { names, header: header.join(", ") }))?;
        self.places = Some(places);
        Ok(places)
    }

    fn violation(&self, line: u64, cause: Cause) -> ReadError {
        ReadError::Violation(Violation { place: self.file.line(line).to_string(), cause })
    }

    /// What an error of the csv crate is. All but rows of the wrong length end the file.
    fn wrong(&mut self, error: csv::Error) -> ReadError {
        let line = error.position().map_or_else(|| self.reader.position().line(), csv::Position::line);
        if let ErrorKind::UnequalLengths { expected_len, len, .. } = *error.kind() {
            return self.violation(line, Cause::Ragged { expected: expected_len, found: len });
        }
        self.ended = true;
        match error.into_kind() {
            ErrorKind::Io(error) if error.get_ref().is_some_and(|e| e.is::<TooLong>()) => {
                self.violation(line, Cause::TooLong)
            }
            ErrorKind::Io(error) => broken(&self.file.line(line), &self.path, error),
            other => {
                let error = io::Error::other(format!("{other:?}"));
                broken(&self.file.line(line), &self.path, error)
            }
        }
    }

    /// Reads the next row; `None` at the end.
    fn row(&mut self) -> Result<Option<Record>, ReadError> {
        let places = self.places()?;
        let read = self.reader.read_byte_record(&mut self.row);
        if let Some(line) = self.reader.get_ref().open_quote() {
            self.ended = true;
            return Err(self.violation(line, Cause::OpenQuote));
        }
        if !read.map_err(|e| self.wrong(e))? {
            return Ok(None);
        }
        self.reader.get_mut().next_record();
        let line = self.row.position().map_or(0, csv::Position::line);
        let wrong = |cause| self.violation(line, cause);
        if self.row.as_slice().len() > MAX_RECORD_BYTES {
            return Err(wrong(Cause::TooLong));
        }
        let field = |place: Option<usize>| -> Result<Option<String>, ReadError> {
            let bytes = place.and_then(|place| self.row.get(place));
            let text = bytes.map(|bytes| std::str::from_utf8(bytes).map(str::to_owned)).transpose();
            text.map_err(|_| wrong(Cause::NotUtf8))
        };
        let article = Article {
            id: field(places.id)?.unwrap_or_default(),
            title: field(places.title)?.unwrap_or_default(),
            text: field(Some(places.text))?.unwrap_or_default(),
        };
        Ok(Some(Record { place: self.file.line(line), article, label: field(places.topic)? }))
    }
}

impl Iterator for DelimitedRecords {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.row().transpose();
        // Without its header a file cannot be read.
        self.ended |= row.is_none() || self.places.is_none();
        row
    }
}
