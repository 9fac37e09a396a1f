//! Sorted sums in a temporary file, to be merged with others.
//!
//! A term is written as what it does not have in common with the one before, and numbers in as many bytes as they need:
//! about a third of what it takes in memory. The file has no name, and is gone when it is closed.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
};

use super::{columns::Entry, tally::Sums};

/// So many bytes are read or written at a time.
const BUFFER: usize = 1 << 17;
/// A number of 64 bits has at most so many bytes.
const MOST_NUMBER_BYTES: u32 = 10;

/// Sums that wait in a file.
#[derive(Debug)]
pub(crate) struct Run(File);

/// Writes a run.
pub(crate) struct RunWriter {
    file: File,
    buffer: Vec<u8>,
    word: Vec<u8>,
    second: Vec<u8>,
}

impl RunWriter {
    pub(crate) fn new() -> io::Result<Self> {
        let buffer = Vec::with_capacity(BUFFER);
        Ok(Self { file: tempfile::tempfile()?, buffer, word: Vec::new(), second: Vec::new() })
    }

    /// Writes a word (`second` is empty) or a pair. Terms must come in order, and every first word before its pairs.
    pub(crate) fn push(&mut self, first: &[u8], second: &[u8], entries: &[Entry]) -> io::Result<()> {
        if second.is_empty() {
            self.end_word();
            put_word(&mut self.buffer, &mut self.word, first);
            self.second.clear();
        } else {
            put_word(&mut self.buffer, &mut self.second, second);
        }
        put_number(&mut self.buffer, entries.len() as u64);
        for entry in entries {
            for number in [u64::from(entry.topic), u64::from(entry.articles), entry.weight] {
                put_number(&mut self.buffer, number);
            }
            if self.buffer.len() >= BUFFER {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// No word is so short: the pairs of the word before have ended.
    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.buffer.extend([0, 0]);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<Run> {
        self.end_word();
        self.flush()?;
        Ok(Run(self.file))
    }
}

/// A word after the one before: the length of what both begin with, the length of the rest, the rest.
fn put_word(out: &mut Vec<u8>, before: &mut Vec<u8>, word: &[u8]) {
    let shared = before.iter().zip(word).take_while(|(a, b)| a == b).count();
    let rest = &word[shared..];
    out.extend([shared as u8, rest.len() as u8]);
    out.extend_from_slice(rest);
    before.truncate(shared);
    before.extend_from_slice(rest);
}

/// Seven bits a byte, the lowest first; the highest bit says that there are more.
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

impl Run {
    /// Writes `sums`.
    pub(crate) fn of(sums: Sums) -> io::Result<Self> {
        let words = sums.words();
        let mut writer = RunWriter::new()?;
        let mut entries = Vec::new();
        for of_term in sums.runs().into_iter().flat_map(|run| run.chunk_by(|a, b| a.0 == b.0)) {
            entries.clear();
            entries.extend(of_term.iter().map(|(_, entry)| *entry));
            let term = of_term[0].0;
            let second = term.second().map_or("", |second| words.get(second));
            writer.push(words.get(term.first()).as_bytes(), second.as_bytes(), &entries)?;
        }
        writer.finish()
    }

    /// Reads it from the beginning. One at a time: they share their place in the file.
    pub(crate) fn reader(&self) -> io::Result<RunReader> {
        let mut file = self.0.try_clone()?;
        file.rewind()?;
        let buffer = vec![0; BUFFER].into();
        Ok(RunReader {
            input: Input { file, buffer, at: 0, end: 0 },
            word: Vec::new(),
            second: Vec::new(),
            prefix: 0,
            entries: Vec::new(),
        })
    }
}

/// Reads a run term by term.
pub(crate) struct RunReader {
    input: Input,
    word: Vec<u8>,
    second: Vec<u8>,
    /// The first bytes of `second`.
    prefix: u64,
    entries: Vec<Entry>,
}

impl RunReader {
    /// Goes on to the next word, all pairs of the word before having been read; false where there is none.
    pub(crate) fn next_word(&mut self) -> io::Result<bool> {
        if self.input.at_end()? {
            return Ok(false);
        }
        self.input.word(&mut self.word)?;
        self.second.clear();
        self.prefix = 0;
        self.input.entries(&mut self.entries)?;
        Ok(true)
    }

    /// Goes on to the next pair of the word; false where there is none.
    #[inline]
    pub(crate) fn next_pair(&mut self) -> io::Result<bool> {
        if !self.input.word(&mut self.second)? {
            return Ok(false);
        }
        self.prefix = prefix(&self.second);
        self.input.entries(&mut self.entries)?;
        Ok(true)
    }

    pub(crate) fn word(&self) -> &[u8] {
        &self.word
    }

    /// The second word; empty at a word alone.
    pub(crate) fn second(&self) -> &[u8] {
        &self.second
    }

    /// What orders the pairs of a word, where it differs: no word has a byte 0.
    pub(crate) fn prefix(&self) -> u64 {
        self.prefix
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn prefix(word: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(bytes)
}

/// A file with a buffer of which single bytes are taken.
struct Input {
    file: File,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
}

impl Input {
    /// Makes more bytes available where fewer than so many are; there may be none.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        while self.end - self.at < wanted {
            self.buffer.copy_within(self.at..self.end, 0);
            (self.at, self.end) = (0, self.end - self.at);
            match self.file.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(()),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn at_end(&mut self) -> io::Result<bool> {
        self.fill(1)?;
        Ok(self.at == self.end)
    }

    #[inline]
    fn byte(&mut self) -> io::Result<u8> {
        if self.at == self.end {
            self.fill(1)?;
        }
        let byte = self.buffer[..self.end].get(self.at).copied().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in 0..MOST_NUMBER_BYTES {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << (7 * shift);
            if byte < 0x80 {
                break;
            }
        }
        Ok(number)
    }

    /// Makes the next word of the one before; false at the end of a list of words.
    #[inline]
    fn word(&mut self, before: &mut Vec<u8>) -> io::Result<bool> {
        let (shared, rest) = (usize::from(self.byte()?), usize::from(self.byte()?));
        if rest == 0 {
            return Ok(false);
        }
        if self.end - self.at < rest {
            self.fill(rest)?;
        }
        let bytes =
            self.buffer[..self.end].get(self.at..self.at + rest).ok_or(io::ErrorKind::UnexpectedEof)?;
        before.truncate(shared);
        before.extend_from_slice(bytes);
        self.at += rest;
        Ok(true)
    }

    #[inline]
    fn entries(&mut self, entries: &mut Vec<Entry>) -> io::Result<()> {
        entries.clear();
        for _ in 0..self.number()? {
            let (topic, articles) = (self.number()? as u16, self.number()? as u32);
            entries.push(Entry { topic, articles, weight: self.number()? });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let entry = |n: u64| Entry { topic: n as u16, articles: n as u32, weight: n.wrapping_mul(n) };
        let numbers = [1, 127, 128, 65_534, u64::from(u32::MAX), u64::MAX];
        let long = "z".repeat(255);
        let seconds = ["", "a", "ab", "abcdefgh", "abcdefghi", "b", &long];
        let mut writer = RunWriter::new().unwrap();
        for word in ["an", "and", "b", &long] {
            for (n, second) in seconds.iter().enumerate() {
                let entries: Vec<Entry> = numbers.iter().take(n + 1).map(|&n| entry(n)).collect();
                writer.push(word.as_bytes(), second.as_bytes(), &entries).unwrap();
            }
        }
        let run = writer.finish().unwrap();
        for _ in 0..2 {
            let mut reader = run.reader().unwrap();
            for word in ["an", "and", "b", &long] {
                assert!(reader.next_word().unwrap());
                for (n, second) in seconds.iter().enumerate() {
                    assert!(n == 0 || reader.next_pair().unwrap());
                    assert_eq!((reader.word(), reader.second()), (word.as_bytes(), second.as_bytes()));
                    let expected: Vec<Entry> = numbers.iter().take(n + 1).map(|&n| entry(n)).collect();
                    assert_eq!(reader.entries(), expected);
                }
                assert!(!reader.next_pair().unwrap());
            }
            assert!(!reader.next_word().unwrap());
        }
    }

    #[test]
    fn a_run_that_was_cut_off_is_an_error() {
        let mut writer = RunWriter::new().unwrap();
        writer.push(b"word", b"", &[Entry { topic: 1, articles: 2, weight: 300 }]).unwrap();
        let run = writer.finish().unwrap();
        let length = run.0.metadata().unwrap().len();
        for cut in 1..length - 2 {
            run.0.set_len(length - 2 - cut).unwrap();
            let read = run.reader().unwrap().next_word();
            assert!(read.is_err(), "{cut}: {read:?}");
        }
    }
}
