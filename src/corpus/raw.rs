//! A record before it is read: so that threads can share the reading.

use std::sync::Arc;

use super::{
    columns::ReadOptions,
    error::{Cause, Violation},
    fasttext, jsonl,
    place::Place,
    records::{ReadError, Record},
};

/// A line that is still to be read, or a record that has been.
pub struct RawRecord(Raw);

enum Raw {
    Line { place: Place, line: Vec<u8>, syntax: Syntax, options: Arc<ReadOptions> },
    Read(Box<Result<Record, ReadError>>),
}

/// What a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Fasttext,
}

impl RawRecord {
    pub(super) fn line(place: Place, line: Vec<u8>, syntax: Syntax, options: Arc<ReadOptions>) -> Self {
        Self(Raw::Line { place, line, syntax, options })
    }

    pub(super) fn ends_input(&self) -> bool {
        matches!(&self.0, Raw::Read(read) if matches!(**read, Err(ReadError::Fatal(_))))
    }

    /// About how many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        let content = match &self.0 {
            Raw::Line { line, .. } => line.len(),
            Raw::Read(read) => match &**read {
                Ok(Record { article, .. }) => article.id.len() + article.title.len() + article.text.len(),
                Err(_) => 0,
            },
        };
        size_of::<Self>() + content
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it is no article, or the input could not be read.
    pub fn read(self) -> Result<Record, ReadError> {
        match self.0 {
            Raw::Read(read) => *read,
            Raw::Line { place, line, syntax, options } => {
                let line = simdutf8::basic::from_utf8(&line).map_err(|_| Cause::NotUtf8);
                let read = line.and_then(|line| match syntax {
                    Syntax::Json => jsonl::parse(line, &options.columns),
                    Syntax::Fasttext => match fasttext::parse(line) {
                        Ok((_, None)) if options.labeled => Err(Cause::NoLabel),
                        read => read,
                    },
                });
                match read {
                    Ok((article, label)) => Ok(Record { place, article, label }),
                    Err(cause) => Err(ReadError::Violation(Violation { place: place.to_string(), cause })),
                }
            }
        }
    }
}

impl From<Result<Record, ReadError>> for RawRecord {
    fn from(read: Result<Record, ReadError>) -> Self {
        Self(Raw::Read(Box::new(read)))
    }
}
