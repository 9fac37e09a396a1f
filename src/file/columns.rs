//! Files whose tensors are written a number at a time, each where it stands, for what is too large to be held.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
};

use safetensors::Dtype;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    InvalidFile,
    tensors::{Column, Layout},
};

/// So many bytes are written or read at a time.
const BUFFER: usize = 1 << 18;

/// A file under construction.
pub(crate) struct StreamedFile<'a> {
    file: &'a mut File,
    layout: Layout,
}

/// Writes one tensor. It does not hold the file: several may be written side by side.
pub(crate) struct ColumnWriter {
    /// Where the next bytes of the file belong.
    at: usize,
    end: usize,
    buffer: Vec<u8>,
}

impl<'a> StreamedFile<'a> {
    /// A file with tensors of these names, types and lengths. `facts` must not have the key `digest`.
    pub(crate) fn new(
        file: &'a mut File,
        tensors: Vec<(&'static str, Dtype, usize)>,
        facts: Map<String, Value>,
    ) -> Result<Self, InvalidFile> {
        Ok(Self { file, layout: Layout::new(tensors, facts)? })
    }

    /// What writes the tensor `name`.
    pub(crate) fn column(&self, name: &str) -> ColumnWriter {
        let place = self.layout.place(name);
        ColumnWriter { at: place.start, end: place.end, buffer: Vec::new() }
    }

    /// Appends a number to a column.
    #[inline]
    pub(crate) fn push<T: Column>(&mut self, column: &mut ColumnWriter, number: T) -> io::Result<()> {
        let start = column.buffer.len();
        column.buffer.resize(start + T::BYTES, 0);
        number.put(&mut column.buffer[start..]);
        if column.buffer.len() >= BUFFER { self.flush(column) } else { Ok(()) }
    }

    /// Appends bytes to a column of bytes.
    pub(crate) fn extend(&mut self, column: &mut ColumnWriter, bytes: &[u8]) -> io::Result<()> {
        column.buffer.extend_from_slice(bytes);
        if column.buffer.len() >= BUFFER { self.flush(column) } else { Ok(()) }
    }

    fn flush(&mut self, column: &mut ColumnWriter) -> io::Result<()> {
        if column.buffer.len() > column.end - column.at {
            return Err(io::Error::other("a tensor has more numbers than it was said to have"));
        }
        self.file.seek(SeekFrom::Start(column.at as u64))?;
        self.file.write_all(&column.buffer)?;
        column.at += column.buffer.len();
        column.buffer.clear();
        Ok(())
    }

    /// Ends a column, which must have all of its numbers.
    pub(crate) fn end(&mut self, mut column: ColumnWriter) -> io::Result<()> {
        self.flush(&mut column)?;
        if column.at == column.end {
            Ok(())
        } else {
            Err(io::Error::other("a tensor has fewer numbers than it was said to have"))
        }
    }

    /// Writes the header; gives the SHA-256 of the whole file. All columns must have been written.
    pub(crate) fn finish<E: From<io::Error> + From<InvalidFile>>(mut self) -> Result<[u8; 32], E> {
        let mut hash = self.layout.digest();
        for (name, place) in self.layout.by_name() {
            hash.update(name.as_bytes());
            hash.update((place.len() as u64).to_le_bytes());
            self.hash(&mut hash, place.start, place.len())?;
        }
        let header = self.layout.header(&hash.finalize().into())?;
        self.file.rewind()?;
        self.file.write_all(&header)?;
        let mut hash = Sha256::new();
        self.hash(&mut hash, 0, self.layout.len)?;
        Ok(hash.finalize().into())
    }

    /// Adds a part of the file to a hash.
    fn hash(&mut self, hash: &mut Sha256, start: usize, len: usize) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(start as u64))?;
        let mut buffer = vec![0; BUFFER.min(len)];
        let mut left = len;
        while left > 0 {
            let part = &mut buffer[..BUFFER.min(left)];
            self.file.read_exact(part)?;
            hash.update(&*part);
            left -= part.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::TensorWriter;

    #[test]
    fn the_bytes_are_those_of_a_file_that_is_made_in_memory() {
        let facts = || Map::from_iter([("format".to_owned(), "test/1".into()), ("x".to_owned(), 1.into())]);
        let numbers: Vec<u32> = (0..200_000).collect();
        let mut writer = TensorWriter::new();
        writer.put("b", &numbers);
        writer.put("a", &[0.5f32]);
        writer.put("c", b"bytes");
        let expected = writer.finish(facts()).unwrap();

        let mut file = tempfile::tempfile().unwrap();
        let tensors = vec![("c", Dtype::U8, 5), ("a", Dtype::F32, 1), ("b", Dtype::U32, numbers.len())];
        let mut streamed = StreamedFile::new(&mut file, tensors, facts()).unwrap();
        let (mut a, mut b, mut c) = (streamed.column("a"), streamed.column("b"), streamed.column("c"));
        numbers.iter().for_each(|&number| streamed.push(&mut b, number).unwrap());
        streamed.push(&mut a, 0.5f32).unwrap();
        streamed.extend(&mut c, b"bytes").unwrap();
        [a, b, c].into_iter().for_each(|column| streamed.end(column).unwrap());
        let hash = streamed.finish::<Box<dyn std::error::Error>>().unwrap();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert!(bytes == expected);
        assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(&bytes)));
    }

    #[test]
    fn a_column_of_another_length_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        let mut streamed = StreamedFile::new(&mut file, vec![("a", Dtype::U32, 2)], Map::new()).unwrap();
        let mut column = streamed.column("a");
        streamed.push(&mut column, 1u32).unwrap();
        assert!(streamed.end(column).is_err());
        let mut column = streamed.column("a");
        (0..3u32).for_each(|n| streamed.push(&mut column, n).unwrap());
        assert!(streamed.end(column).is_err());
    }
}
