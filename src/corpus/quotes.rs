//! Watches a CSV file on its way to the parser, for what the parser accepts in silence: a record without end, and a quote
//! that is never closed, which would make one article of the rest of the file.

use std::{
    fmt,
    io::{self, Read},
};

use super::lines::MAX_RECORD_BYTES;

/// The parser reads so far ahead at most.
const AHEAD: usize = 1 << 16;

/// Passes bytes on and follows the quotes in them.
pub(super) struct Quotes<R> {
    input: R,
    delimiter: u8,
    state: State,
    line: u64,
    /// Where the last quote opened.
    opened: u64,
    /// How many bytes were passed on since the last record ended.
    bytes: usize,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Bare,
    Quoted,
    /// Behind a quote within quotes: the end of the field, or the first half of a quote of the text.
    QuoteInQuotes,
}

/// A record of more than [`MAX_RECORD_BYTES`].
#[derive(Debug)]
pub(super) struct TooLong;

impl std::error::Error for TooLong {}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record is too long")
    }
}

impl<R> Quotes<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Self {
        Self { input, delimiter, state: State::FieldStart, line: 1, opened: 0, bytes: 0, ended: false }
    }

    /// Another record begins.
    pub(super) fn next_record(&mut self) {
        self.bytes = 0;
    }

    /// The line of the quote that was open when the input ended.
    pub(super) fn open_quote(&self) -> Option<u64> {
        (self.ended && self.state == State::Quoted).then_some(self.opened)
    }

    fn follow(&mut self, byte: u8) {
        if byte == b'\n' {
            self.line += 1;
        }
        self.state = match (self.state, byte) {
            (State::FieldStart, b'"') => {
                self.opened = self.line;
                State::Quoted
            }
            (State::Quoted, b'"') => State::QuoteInQuotes,
            (State::Quoted, _) | (State::QuoteInQuotes, b'"') => State::Quoted,
            (_, b'\n' | b'\r') => State::FieldStart,
            (_, byte) if byte == self.delimiter => State::FieldStart,
            _ => State::Bare,
        };
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes > MAX_RECORD_BYTES + AHEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TooLong));
        }
        let read = self.input.read(buffer)?;
        self.ended = read == 0;
        self.bytes += read;
        for &byte in &buffer[..read] {
            self.follow(byte);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_quote(text: &str) -> Option<u64> {
        let mut quotes = Quotes::new(text.as_bytes(), b',');
        io::copy(&mut quotes, &mut io::sink()).unwrap();
        quotes.open_quote()
    }

    #[test]
    fn an_open_quote_is_seen() {
        assert_eq!(open_quote("a,b\n1,\"two\nthree"), Some(2));
        assert_eq!(open_quote("a,b\n1,\"two\nthree\"\n2,\"\"\"\n"), Some(4));
        assert_eq!(open_quote("a,b\n1,\"two \"\"three\"\"\"\n"), None);
        assert_eq!(open_quote("a,b\n1,5\" pipes\n"), None);
        assert_eq!(open_quote("a,\"\"\n"), None);
    }
}
