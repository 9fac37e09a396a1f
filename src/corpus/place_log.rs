//! Where articles stand and what they are called, for the few of which somebody asks later.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _},
    sync::Arc,
};

use super::place::{At, Place};

/// The place and the id of every article that was added, numbered from 0. They are written one behind the other and read
/// from the beginning: some 13 bytes and the id for each, the path where it is another one than before.
#[derive(Debug)]
pub struct PlaceLog {
    /// What does not fit in memory: it comes before what does.
    file: Option<File>,
    buffer: Vec<u8>,
    limit: usize,
    len: u64,
    path: String,
}

impl PlaceLog {
    /// An empty log that keeps about `limit` bytes in memory, and the rest in a temporary file.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { file: None, buffer: Vec::new(), limit, len: 0, path: String::new() }
    }

    /// How many articles were added.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an article; gives its number.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub fn push(&mut self, place: &Place, id: &str) -> io::Result<u64> {
        let (kind, at) = match place.at {
            At::Whole => (0, 0),
            At::Line(line) => (1, line),
            At::Row(row) => (2, row),
        };
        let same = *place.file == *self.path;
        self.buffer.push(kind | u8::from(same) << 7);
        self.buffer.extend(at.to_le_bytes());
        put_text(&mut self.buffer, id);
        if !same {
            put_text(&mut self.buffer, &place.file);
            self.path.clear();
            self.path.push_str(&place.file);
        }
        if self.buffer.len() > self.limit {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(tempfile::tempfile()?),
            };
            file.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        self.len += 1;
        Ok(self.len - 1)
    }

    /// Places and ids of the articles with these `numbers`, in ascending order.
    ///
    /// # Errors
    /// When the temporary file cannot be read.
    pub fn find(&mut self, numbers: &[u64]) -> io::Result<BTreeMap<u64, (Place, String)>> {
        let Some(file) = &mut self.file else {
            return scan(self.buffer.as_slice(), numbers, self.len);
        };
        file.rewind()?;
        let found =
            scan(BufReader::with_capacity(1 << 17, &*file).chain(self.buffer.as_slice()), numbers, self.len);
        // Whoever adds another writes behind the last.
        file.seek(SeekFrom::End(0))?;
        found
    }
}

/// Looks for `numbers` in a log of so many articles.
fn scan(mut input: impl Read, numbers: &[u64], len: u64) -> io::Result<BTreeMap<u64, (Place, String)>> {
    let mut found = BTreeMap::new();
    let mut wanted = numbers.iter().copied().peekable();
    let mut path: Arc<str> = "".into();
    for number in 0..len {
        if wanted.peek().is_none() {
            break;
        }
        let [kind] = take(&mut input)?;
        let at = u64::from_le_bytes(take(&mut input)?);
        let id = take_text(&mut input)?;
        if kind & 0x80 == 0 {
            path = take_text(&mut input)?.into();
        }
        if wanted.peek() == Some(&number) {
            let at = match kind & 0x7F {
                0 => At::Whole,
                1 => At::Line(at),
                _ => At::Row(at),
            };
            found.insert(number, (Place { file: Arc::clone(&path), at }, id));
        }
        while wanted.next_if(|wanted| *wanted <= number).is_some() {}
    }
    Ok(found)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn take<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_text(input: &mut impl Read) -> io::Result<String> {
    let mut bytes = vec![0; u32::from_le_bytes(take(input)?) as usize];
    input.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_was_added_is_found() {
        let (a, b) = (Place::file(Path::new("a.jsonl")), Place::file(Path::new("b.csv")));
        for limit in [0, 40, usize::MAX] {
            let mut log = PlaceLog::new(limit);
            for n in 0..50 {
                assert_eq!(log.push(&a.line(n), &format!("id{n}")).unwrap(), 4 * n);
                log.push(&a.line(n + 1), "").unwrap();
                log.push(&b.row(n), "é").unwrap();
                log.push(&b, "whole").unwrap();
            }
            for _ in 0..2 {
                let found = log.find(&[0, 81, 82, 83, 199]).unwrap();
                let told: Vec<_> = found.iter().map(|(n, (place, id))| format!("{n} {place} {id}")).collect();
                let expected = [
                    "0 a.jsonl:0 id0",
                    "81 a.jsonl:21 ",
                    "82 b.csv: row 20 é",
                    "83 b.csv whole",
                    "199 b.csv whole",
                ];
                assert_eq!(told, expected);
            }
            assert_eq!(log.push(&a, "more").unwrap(), 200);
            assert_eq!(log.find(&[200, 300]).unwrap()[&200].1, "more");
        }
    }
}
