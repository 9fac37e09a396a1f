//! Reading canonical safetensors files.

use std::ops::Range;

use safetensors::{
    SafeTensorError,
    tensor::{Metadata, TensorInfo},
};
use serde_json::{Map, Value};

use super::{
    checksum::Checksum,
    error::{InvalidFile, quotable},
    source::Source,
    tensors::{CHECKSUM, Column, KEY, Shape, header},
};

/// Before the header stands its length in so many bytes.
const HEADER_LEN: usize = size_of::<u64>();
/// The library neither reads nor writes longer headers.
const MAX_HEADER: usize = 100_000_000;

/// A file that was opened. All it holds in memory is the header.
pub(crate) struct TensorFile<'a> {
    source: &'a dyn Source,
    header: Vec<u8>,
    tensors: Metadata,
    checksum: String,
    /// What the metadata says, without the checksum.
    pub(crate) facts: Map<String, Value>,
}

impl<'a> TensorFile<'a> {
    /// Opens a file whose metadata say `"format": format`. Nothing in it is sure before [`Self::check`]; that takes a
    /// while, during which other threads may read what follows.
    pub(crate) fn open(source: &'a dyn Source, format: &'static str) -> Result<Self, InvalidFile> {
        let (header, tensors) = read_header(source)?;
        let kind = |found: &str| InvalidFile::Kind { expected: format, found: quotable(found.to_owned()) };
        let text = tensors
            .metadata()
            .as_ref()
            .and_then(|m| m.get(KEY))
            .ok_or_else(|| kind("it has no bayeswire metadata"))?;
        let mut facts: Map<String, Value> =
            serde_json::from_str(text).map_err(|e| kind(&format!("its metadata are not JSON: {e}")))?;
        match facts.get("format") {
            Some(Value::String(found)) if found == format => {}
            Some(Value::String(found)) => return Err(kind(found)),
            _ => return Err(kind("it names no format")),
        }
        let Some(Value::String(checksum)) = facts.remove(CHECKSUM) else {
            return Err(InvalidFile::Checksum);
        };
        Ok(Self { source, header, tensors, checksum, facts })
    }

    /// Checks that the file holds what its checksum says. `see` is shown all bytes of the file, in order.
    pub(crate) fn check(&self, mut see: impl FnMut(&[u8])) -> Result<(), InvalidFile> {
        see(&self.header);
        let mut checksum = Checksum::new(&self.facts);
        let tensors = self.tensors.tensors();
        let mut tensors: Vec<_> = tensors.iter().map(|(name, info)| (self.place(info), name, info)).collect();
        // Several that are empty may stand at one place.
        tensors.sort_by(|(a, a_name, a_info), (b, b_name, b_info)| {
            let canonical = b_info.dtype.cmp(&a_info.dtype).then(a_name.cmp(b_name));
            a.start.cmp(&b.start).then(a.end.cmp(&b.end)).then(canonical)
        });
        for (place, name, _) in tensors {
            checksum.tensor(name, place.len());
            self.source.read(place, &mut |bytes| {
                checksum.update(bytes);
                see(bytes);
            })?;
        }
        if checksum.finish() == self.checksum { Ok(()) } else { Err(InvalidFile::Checksum) }
    }

    /// Where a tensor stands in the file.
    fn place(&self, info: &TensorInfo) -> Range<usize> {
        let (start, end) = info.data_offsets;
        self.header.len() + start..self.header.len() + end
    }

    /// Where the one-dimensional tensor `name` of numbers of this type stands.
    fn column<T: Column>(&self, name: &'static str) -> Result<Range<usize>, InvalidFile> {
        match self.tensors.info(name) {
            Some(info) if info.dtype == T::DTYPE && info.shape.len() == 1 => Ok(self.place(info)),
            _ => Err(InvalidFile::Tensor(name)),
        }
    }

    /// How many numbers the tensor `name` has.
    pub(crate) fn len<T: Column>(&self, name: &'static str) -> Result<usize, InvalidFile> {
        Ok(self.column::<T>(name)?.len() / T::BYTES)
    }

    /// The numbers of the tensor `name`.
    pub(crate) fn get<T: Column>(&self, name: &'static str) -> Result<Vec<T>, InvalidFile> {
        let len = self.len::<T>(name)?;
        let mut numbers = Vec::with_capacity(len);
        self.each(name, 0..len, |number| numbers.push(number))?;
        Ok(numbers)
    }

    /// Calls `see` with some numbers of the tensor `name`, in order.
    pub(crate) fn each<T: Column>(
        &self,
        name: &'static str,
        numbers: Range<usize>,
        mut see: impl FnMut(T),
    ) -> Result<(), InvalidFile> {
        let column = self.column::<T>(name)?;
        let start = column.start + numbers.start * T::BYTES;
        if !start.is_multiple_of(T::BYTES) {
            return Err(not_canonical());
        }
        self.source.read(start..start + numbers.len() * T::BYTES, &mut |bytes| {
            bytes.chunks_exact(T::BYTES).for_each(|number| see(T::get(number)));
        })
    }

    /// Checks that these are the bytes that [`TensorWriter::finish`](super::TensorWriter::finish) gives for `facts` and the
    /// tensors of this file: that the header is. What the tensors' numbers mean is for the caller to check; no two sequences
    /// of bytes are read as the same numbers.
    pub(crate) fn check_canonical(&self, mut facts: Map<String, Value>) -> Result<(), InvalidFile> {
        facts.insert(CHECKSUM.to_owned(), Value::String(self.checksum.clone()));
        let tensors = self.tensors.tensors();
        let one_dimension = tensors.values().all(|info| info.shape.len() == 1);
        let shapes = tensors.iter().map(|(name, info)| {
            let len = info.shape.first().copied().unwrap_or(0);
            (name.as_str(), Shape { dtype: info.dtype, len: [len] })
        });
        let header = header(shapes, facts)?;
        if one_dimension && self.header == header { Ok(()) } else { Err(not_canonical()) }
    }

    /// How many tensors there are.
    pub(crate) fn tensor_count(&self) -> usize {
        self.tensors.offset_keys().len()
    }

    /// The metadata entry `name`.
    pub(crate) fn fact<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, InvalidFile> {
        let value = self.facts.get(name).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|e| InvalidFile::content(format!("{name}: {e}")))
    }
}

/// All that stands before the tensors, and what it says of them: where they are, one behind the other up to the end.
fn read_header(source: &dyn Source) -> Result<(Vec<u8>, Metadata), InvalidFile> {
    let container = |e: SafeTensorError| InvalidFile::Container(quotable(e.to_string()));
    if source.len() < HEADER_LEN {
        return Err(container(SafeTensorError::HeaderTooSmall));
    }
    let len = source.bytes(0..HEADER_LEN)?.try_into().map(u64::from_le_bytes).unwrap_or(u64::MAX);
    let len = usize::try_from(len)
        .ok()
        .filter(|len| *len <= MAX_HEADER)
        .ok_or_else(|| container(SafeTensorError::HeaderTooLarge))?;
    if source.len() - HEADER_LEN < len {
        return Err(container(SafeTensorError::InvalidHeaderLength));
    }
    let header = source.bytes(0..HEADER_LEN + len)?;
    let text = std::str::from_utf8(&header[HEADER_LEN..])
        .map_err(|e| container(SafeTensorError::InvalidHeader(e)))?;
    let tensors: Metadata = serde_json::from_str(text)
        .map_err(|e| container(SafeTensorError::InvalidHeaderDeserialization(e)))?;
    if source.len() - header.len() != tensors.data_len() {
        return Err(container(SafeTensorError::MetadataIncompleteBuffer));
    }
    Ok((header, tensors))
}

fn not_canonical() -> InvalidFile {
    InvalidFile::content("not in canonical form")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::TensorWriter;

    fn bytes(format: &str) -> Vec<u8> {
        let mut writer = TensorWriter::new();
        writer.put("b", &[1u32, 2]);
        writer.put("a", &[0.5f32]);
        writer
            .finish(Map::from_iter([("format".to_owned(), format.into()), ("x".to_owned(), 1.into())]))
            .unwrap()
    }

    #[test]
    fn empty_tensors_have_an_order() {
        let mut writer = TensorWriter::new();
        let (none, one) = ([0u32; 0], [1u32]);
        ["a", "b", "c", "d"].iter().for_each(|&name| writer.put(name, &none));
        writer.put("ab", &one);
        writer.put("e", b"");
        let bytes = writer.finish(Map::from_iter([("format".to_owned(), "test/1".into())])).unwrap();
        for _ in 0..20 {
            TensorFile::open(&bytes.as_slice(), "test/1").unwrap().check(|_| ()).unwrap();
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = bytes("test/1");
        let bytes = bytes.as_slice();
        let file = TensorFile::open(&bytes, "test/1").unwrap();
        let mut seen = Vec::new();
        file.check(|some| seen.extend_from_slice(some)).unwrap();
        assert_eq!(seen, bytes);
        assert_eq!(file.get::<u32>("b").unwrap(), [1, 2]);
        assert_eq!(file.get::<f32>("a").unwrap(), [0.5]);
        assert_eq!(file.fact::<u8>("x").unwrap(), 1);
        assert_eq!(file.get::<u64>("b"), Err(InvalidFile::Tensor("b")));
    }

    #[test]
    fn another_kind_of_file_is_named() {
        let error = TensorFile::open(&bytes("other/1").as_slice(), "test/1").err().unwrap();
        assert_eq!(error.to_string(), "not a test/1 file: other/1");
        assert!(matches!(TensorFile::open(&b"hello".as_slice(), "test/1"), Err(InvalidFile::Container(_))));
        // Whatever it is called, one line of a log can hold it.
        let error = TensorFile::open(&bytes(&"a\n\u{1B}[2J".repeat(10_000)).as_slice(), "test/1")
            .err()
            .unwrap()
            .to_string();
        assert!(error.len() < 1000 && !error.contains(char::is_control), "{error:?}");
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let good = bytes("test/1");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let checked = TensorFile::open(&bad.as_slice(), "test/1").and_then(|file| file.check(|_| ()));
            assert!(checked.is_err(), "byte {at}");
        }
    }
}
