//! Articles as JSON lines.

use std::{
    borrow::Cow,
    fmt,
    io::{BufRead, Read as _},
    path::PathBuf,
};

use serde::{Deserialize, Deserializer, de};

use super::{
    error::{Cause, Violation},
    records::{ReadError, Record, fatal},
};
use crate::article::Article;

/// The longest line, and the longest file with one article.
pub const MAX_LINE_BYTES: usize = 16 << 20;

/// The fields that are read; others are passed over.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(default)]
    id: Id,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    label: Option<Cow<'a, str>>,
}

/// An id: a string, or a whole number, which is read as its digits.
#[derive(Default)]
struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a string or a whole number")
            }
            fn visit_str<E>(self, v: &str) -> Result<Id, E> {
                Ok(Id(v.to_owned()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Id, E> {
                Ok(Id(v.to_string()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Id, E> {
                Ok(Id(v.to_string()))
            }
            fn visit_unit<E>(self) -> Result<Id, E> {
                Ok(Id::default())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Reads one article a line; empty lines are passed over.
pub(super) struct JsonLines {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    line: u64,
    buffer: Vec<u8>,
}

impl JsonLines {
    pub(super) fn new(path: PathBuf, input: Box<dyn BufRead + Send>) -> Self {
        Self { path, input, line: 0, buffer: Vec::new() }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }

    fn violation(&self, cause: Cause) -> ReadError {
        ReadError::Violation(Violation { place: self.place(), cause })
    }

    /// Reads the next line into the buffer, without its end; `None` at the end of the input.
    fn read_line(&mut self) -> Result<Option<()>, ReadError> {
        self.buffer.clear();
        let limit = MAX_LINE_BYTES as u64 + 1;
        let read = (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|e| fatal(&self.path, e))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if self.buffer.len() > MAX_LINE_BYTES {
            self.buffer.clear();
            self.input.skip_until(b'\n').map_err(|e| fatal(&self.path, e))?;
            return Err(self.violation(Cause::TooLong));
        }
        Ok(Some(()))
    }

    fn parse(&self) -> Result<Record, Cause> {
        let mut line = std::str::from_utf8(&self.buffer).map_err(|_| Cause::NotUtf8)?;
        if self.line == 1 {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        let fields: Fields<'_> = serde_json::from_str(line).map_err(|e| Cause::NotJson(without_line(&e)))?;
        Ok(Record {
            place: self.place(),
            article: Article {
                id: fields.id.0,
                title: fields.title.unwrap_or_default().into_owned(),
                text: fields.text.ok_or(Cause::NoText)?.into_owned(),
            },
            label: fields.topic.or(fields.label).map(Cow::into_owned),
        })
    }
}

/// serde_json counts lines within the one line that it is given.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(" at line 1 column ") {
        Some((what, column)) => format!("{what} at column {column}"),
        None => text,
    }
}

impl Iterator for JsonLines {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(())) if self.buffer.trim_ascii().is_empty() => {}
                Ok(Some(())) => return Some(self.parse().map_err(|cause| self.violation(cause))),
            }
        }
    }
}
