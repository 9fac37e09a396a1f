//! Files whose tensors are written a number at a time, each where it stands, for what is too large to be held.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    vec,
};

use safetensors::Dtype;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    InvalidFile,
    checksum::Checksum,
    tensors::{Column, Layout},
};

/// So many bytes are written or read at a time.
const BUFFER: usize = 1 << 18;

/// A file under construction.
pub(crate) struct StreamedFile<'a> {
    file: &'a mut File,
    layout: Layout,
    content: Content,
}

/// What has gone into the checksum so far.
struct Content {
    checksum: Checksum,
    /// Those that are still to come.
    tensors: vec::IntoIter<(&'static str, Range<usize>)>,
    /// Of the one before these, what is still to come.
    place: Range<usize>,
}

impl Content {
    fn new(layout: &Layout) -> Self {
        let tensors = layout.places.clone().into_iter();
        Self { checksum: Checksum::new(&layout.facts), tensors, place: 0..0 }
    }

    /// Where in the file the bytes stand that come next; `None` when there are no more.
    fn next(&mut self) -> Option<Range<usize>> {
        while self.place.is_empty() {
            let (name, place) = self.tensors.next()?;
            self.checksum.tensor(name, place.len());
            self.place = place;
        }
        Some(self.place.clone())
    }

    /// Adds the bytes that come next.
    fn update(&mut self, bytes: &[u8]) {
        self.checksum.update(bytes);
        self.place.start += bytes.len();
    }
}

/// Writes one tensor. It does not hold the file: several may be written side by side.
pub(crate) struct ColumnWriter {
    /// Where the next bytes of the file belong.
    at: usize,
    end: usize,
    buffer: Vec<u8>,
}

impl<'a> StreamedFile<'a> {
    /// A file with tensors of these names, types and lengths. `facts` must not have the key `checksum`.
    pub(crate) fn new(
        file: &'a mut File,
        tensors: Vec<(&'static str, Dtype, usize)>,
        facts: Map<String, Value>,
    ) -> Result<Self, InvalidFile> {
        let layout = Layout::new(tensors, facts)?;
        Ok(Self { file, content: Content::new(&layout), layout })
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

    /// Appends many numbers to a column.
    pub(crate) fn push_all<T: Column>(&mut self, column: &mut ColumnWriter, numbers: &[T]) -> io::Result<()> {
        for some in numbers.chunks(BUFFER / T::BYTES) {
            let start = column.buffer.len();
            column.buffer.resize(start + some.len() * T::BYTES, 0);
            let places = column.buffer[start..].chunks_exact_mut(T::BYTES);
            places.zip(some).for_each(|(place, number)| number.put(place));
            if column.buffer.len() >= BUFFER {
                self.flush(column)?;
            }
        }
        Ok(())
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
        let (file, content) = (&mut *self.file, &mut self.content);
        let mut write = || {
            file.seek(SeekFrom::Start(column.at as u64))?;
            file.write_all(&column.buffer)
        };
        // What is written in the order of the file need not be read for the checksum again.
        if content.next().is_some_and(|place| place.start == column.at) {
            rayon::join(write, || content.update(&column.buffer)).0?;
        } else {
            write()?;
        }
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
    pub(crate) fn finish<E: From<io::Error> + From<InvalidFile>>(self) -> Result<[u8; 32], E> {
        let Self { file, layout, mut content } = self;
        while let Some(place) = content.next() {
            read(file, place, |part| content.update(part))?;
        }
        let header = layout.header(&content.checksum.finish())?;
        file.rewind()?;
        file.write_all(&header)?;
        let mut hash = Sha256::new();
        read(file, 0..layout.len, |part| hash.update(part))?;
        Ok(hash.finalize().into())
    }
}

/// Reads a part of a file; one piece of it while `visit` is busy with the one before.
fn read(file: &mut File, place: Range<usize>, mut visit: impl FnMut(&[u8]) + Send) -> io::Result<()> {
    file.seek(SeekFrom::Start(place.start as u64))?;
    let mut buffers = [Vec::new(), Vec::new()];
    let mut left = place.len();
    // Within the pool: from outside, every join would wake a thread of it.
    rayon::scope(|_| {
        while left > 0 || !buffers[0].is_empty() {
            let [before, next] = &mut buffers;
            next.resize(BUFFER.min(left), 0);
            rayon::join(|| file.read_exact(next), || visit(before)).0?;
            left -= next.len();
            buffers.swap(0, 1);
        }
        Ok(())
    })
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
