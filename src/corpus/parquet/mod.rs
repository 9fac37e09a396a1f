//! Articles as rows of an Apache Parquet table.

mod pages;
mod table;

use std::{fs::File, path::Path, sync::Arc, vec};

use parquet::{data_type::ByteArray, errors::ParquetError};

use super::{
    columns::ReadOptions,
    error::{Cause, Violation},
    lines::MAX_RECORD_BYTES,
    place::Place,
    records::{ReadError, Record},
};
use crate::article::Article;
use table::{Row, Table};

/// The rows of one file.
pub(super) struct ParquetRecords {
    place: Place,
    options: Arc<ReadOptions>,
    state: State,
    ready: vec::IntoIter<Row>,
    row: u64,
}

enum State {
    Closed(File),
    Open(Box<Table>),
    Ended,
}

impl ParquetRecords {
    /// Reads `file`, which is called `path`.
    pub(super) fn new(path: &Path, file: File, options: Arc<ReadOptions>) -> Self {
        let place = Place::file(path);
        Self { place, options, state: State::Closed(file), ready: Vec::new().into_iter(), row: 0 }
    }

    /// Reads more rows; false at the end.
    fn fill(&mut self) -> Result<bool, Cause> {
        let mut table = match std::mem::replace(&mut self.state, State::Ended) {
            State::Closed(file) => Box::new(guarded(|| Table::open(file, &self.options))?),
            State::Open(table) => table,
            State::Ended => return Ok(false),
        };
        let rows = guarded(|| table.rows())?;
        let more = !rows.is_empty();
        if more {
            self.state = State::Open(table);
        }
        self.ready = rows.into_iter();
        Ok(more)
    }

    fn record(&self, row: Row) -> Result<Record, Cause> {
        let sizes =
            [&row.text, &row.title, &row.id, &row.topic].map(|v| v.as_ref().map_or(0, ByteArray::len));
        if sizes.iter().sum::<usize>() > MAX_RECORD_BYTES {
            return Err(Cause::TooLong);
        }
        let text = |value: Option<ByteArray>| -> Result<Option<String>, Cause> {
            value.map(|v| String::from_utf8(v.data().to_vec()).map_err(|_| Cause::NotUtf8)).transpose()
        };
        let no_text = || Cause::NoText(self.options.columns.text_name().to_owned());
        let article = Article {
            id: text(row.id)?.unwrap_or_default(),
            title: text(row.title)?.unwrap_or_default(),
            text: text(row.text)?.ok_or_else(no_text)?,
        };
        Ok(Record { place: self.place.row(self.row), article, label: text(row.topic)? })
    }
}

impl Iterator for ParquetRecords {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                self.row += 1;
                let place = self.place.row(self.row).to_string();
                let record = self.record(row);
                return Some(record.map_err(|cause| ReadError::Violation(Violation { place, cause })));
            }
            let place = match &self.state {
                State::Closed(_) => self.place.clone(),
                _ => self.place.row(self.row + 1),
            };
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(cause) => {
                    let place = place.to_string();
                    return Some(Err(ReadError::Violation(Violation { place, cause })));
                }
            }
        }
    }
}

/// Why a table cannot be read.
enum TableError {
    Cause(Cause),
    Parquet(ParquetError),
}

impl From<ParquetError> for TableError {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}

/// The parquet crate panics on some damaged files; to their owner that is one more kind of damage.
fn guarded<T>(read: impl FnOnce() -> Result<T, TableError>) -> Result<T, Cause> {
    let damaged =
        |what: &str| Cause::Damaged(format!("Parquet: {}", what.chars().take(200).collect::<String>()));
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(TableError::Cause(cause))) => Err(cause),
        Ok(Err(TableError::Parquet(error))) => Err(damaged(&error.to_string())),
        Err(_) => Err(damaged("its parts contradict each other")),
    }
}
