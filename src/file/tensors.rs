//! Canonical safetensors files: one order of tensors, one metadata entry, a digest over everything.
//!
//! The safetensors library takes its metadata as a hash map, so the file has one key only, [`KEY`], whose value is JSON
//! with sorted keys. The digest in it covers the rest of that JSON and every tensor's bytes. The header of a file that reads
//! well is written again and compared, so there is one sequence of bytes for one content.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use safetensors::{Dtype, SafeTensors, tensor::View};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

const KEY: &str = "bayeswire";
const DIGEST: &str = "digest";

/// Why bytes are not a file of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFile {
    /// Not in the safetensors format, or cut off.
    #[error("not a safetensors file: {0}")]
    Container(String),
    /// A safetensors file of another program or another kind.
    #[error("not a {expected} file: {found}")]
    Kind {
        /// The format that was expected.
        expected: &'static str,
        /// What the file is instead.
        found: String,
    },
    /// The digest in the file does not match what the file holds.
    #[error("damaged: its content does not match its digest")]
    Digest,
    /// A tensor is missing or has another type.
    #[error("damaged: tensor {0:?} is missing or not of the expected type")]
    Tensor(&'static str),
    /// The parts do not fit together.
    #[error("damaged: {0}")]
    Content(String),
}

impl InvalidFile {
    pub(crate) fn content(what: impl Into<String>) -> Self {
        Self::Content(quotable(what.into()))
    }
}

/// What a file says, short enough and plain enough for a log line: a damaged file may say anything.
fn quotable(mut text: String) -> String {
    const MOST: usize = 300;
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push_str(" ...");
    }
    text.replace(char::is_control, "\u{FFFD}")
}

/// Numbers as little-endian bytes.
pub(crate) trait Column: Sized + Copy {
    const DTYPE: Dtype;
    const BYTES: usize;
    /// Writes the number to `out`, which has [`Self::BYTES`] bytes.
    fn put(self, out: &mut [u8]);
    /// The number that `bytes`, of which there are [`Self::BYTES`], stand for.
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! column {
    ($($number:ty => $dtype:ident),*) => {$(
        impl Column for $number {
            const DTYPE: Dtype = Dtype::$dtype;
            const BYTES: usize = size_of::<$number>();
            #[inline]
            fn put(self, out: &mut [u8]) {
                out.copy_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn get(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().unwrap_or_default())
            }
        }
    )*};
}
column!(u8 => U8, u16 => U16, u32 => U32, u64 => U64, f32 => F32);

/// Collects tensors for a file. They are borrowed, and written once, to where they stand in the file.
pub(crate) struct TensorWriter<'a> {
    tensors: Vec<Tensor<'a>>,
}

/// Writes a tensor's numbers to a place of its size.
type Write<'a> = Box<dyn Fn(&mut [u8]) + 'a>;

struct Tensor<'a> {
    name: &'static str,
    dtype: Dtype,
    len: usize,
    write: Write<'a>,
}

impl<'a> TensorWriter<'a> {
    pub(crate) fn new() -> Self {
        Self { tensors: Vec::new() }
    }

    /// Adds a one-dimensional tensor.
    pub(crate) fn put<T: Column>(&mut self, name: &'static str, numbers: &'a [T]) {
        let write = move |out: &mut [u8]| {
            out.chunks_exact_mut(T::BYTES).zip(numbers).for_each(|(out, &number)| number.put(out));
        };
        let (dtype, len) = (T::DTYPE, numbers.len());
        self.tensors.push(Tensor { name, dtype, len, write: Box::new(write) });
    }

    /// The bytes of the file. `facts` must not have the key `digest`.
    pub(crate) fn finish(self, facts: Map<String, Value>) -> Result<Vec<u8>, InvalidFile> {
        let layout = Layout::new(self.tensors.iter().map(|t| (t.name, t.dtype, t.len)).collect(), facts)?;
        let mut bytes = vec![0; layout.len];
        for tensor in &self.tensors {
            (tensor.write)(&mut bytes[layout.place(tensor.name)]);
        }
        let mut hash = layout.digest();
        for (name, place) in layout.by_name() {
            hash.update(name.as_bytes());
            hash.update((place.len() as u64).to_le_bytes());
            hash.update(&bytes[place]);
        }
        let header = layout.header(&hash.finalize().into())?;
        bytes[..header.len()].copy_from_slice(&header);
        Ok(bytes)
    }
}

/// Where everything stands in a file, given how long its tensors are.
pub(crate) struct Layout {
    facts: Map<String, Value>,
    /// As the safetensors library lays them out.
    tensors: Vec<(&'static str, Dtype, usize)>,
    places: Vec<(&'static str, Range<usize>)>,
    /// How many bytes the file has.
    pub(super) len: usize,
}

impl Layout {
    /// The layout of one-dimensional tensors with these names and lengths. `facts` must not have the key `digest`.
    pub(crate) fn new(
        mut tensors: Vec<(&'static str, Dtype, usize)>,
        facts: Map<String, Value>,
    ) -> Result<Self, InvalidFile> {
        tensors.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let mut layout = Self { facts, tensors, places: Vec::new(), len: 0 };
        // All digests have one length, so the tensors can be written before the digest is known.
        let mut start = layout.header(&[0; 32])?.len();
        for &(name, dtype, len) in &layout.tensors {
            let place = start..start + len * dtype.bitsize() / 8;
            start = place.end;
            layout.places.push((name, place));
        }
        layout.len = start;
        Ok(layout)
    }

    /// Where a tensor's numbers stand; nowhere when there is none of this name.
    pub(crate) fn place(&self, name: &str) -> Range<usize> {
        self.places.iter().find(|place| place.0 == name).map_or(0..0, |place| place.1.clone())
    }

    /// All that stands before the tensors.
    pub(super) fn header(&self, digest: &[u8; 32]) -> Result<Vec<u8>, InvalidFile> {
        let mut facts = self.facts.clone();
        facts.insert(DIGEST.to_owned(), Value::String(hex(digest)));
        let shape = |t: &(&'static str, Dtype, usize)| (t.0, Shape { dtype: t.1, len: [t.2] });
        header(self.tensors.iter().map(shape), facts)
    }

    /// The digest of the facts, to which the tensors come in the order of [`Self::by_name`].
    pub(super) fn digest(&self) -> Sha256 {
        Sha256::new_with_prefix(Value::Object(self.facts.clone()).to_string().as_bytes())
    }

    pub(super) fn by_name(&self) -> Vec<(&'static str, Range<usize>)> {
        let mut places = self.places.clone();
        places.sort_by_key(|place| place.0);
        places
    }
}

/// A tensor without its content: enough for the library to write the header.
struct Shape {
    dtype: Dtype,
    len: [usize; 1],
}

impl View for Shape {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.len
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }
    fn data_len(&self) -> usize {
        self.len[0] * self.dtype.bitsize() / 8
    }
}

/// All that stands before the tensors' content, as the safetensors library writes it.
fn header<'a>(
    shapes: impl Iterator<Item = (&'a str, Shape)>,
    facts: Map<String, Value>,
) -> Result<Vec<u8>, InvalidFile> {
    let metadata = HashMap::from([(KEY.to_owned(), Value::Object(facts).to_string())]);
    safetensors::serialize(shapes, Some(metadata)).map_err(|e| InvalidFile::Container(e.to_string()))
}

fn digest<'a>(facts: &Map<String, Value>, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    hash.update(Value::Object(facts.clone()).to_string().as_bytes());
    for (name, bytes) in tensors {
        hash.update(name.as_bytes());
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hex(&hash.finalize())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(*byte));
    }
    out
}

/// A file that was opened.
pub(crate) struct TensorFile<'a> {
    bytes: &'a [u8],
    tensors: SafeTensors<'a>,
    digest: String,
    /// What the metadata says, without the digest.
    pub(crate) facts: Map<String, Value>,
}

impl<'a> TensorFile<'a> {
    /// Opens the bytes of a file whose metadata say `"format": format`. Nothing in it is sure before
    /// [`Self::check_digest`]; that takes a while, during which another thread may read what follows.
    pub(crate) fn open(bytes: &'a [u8], format: &'static str) -> Result<Self, InvalidFile> {
        let container = |e: safetensors::SafeTensorError| InvalidFile::Container(quotable(e.to_string()));
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(container)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(container)?;
        let kind = |found: &str| InvalidFile::Kind { expected: format, found: quotable(found.to_owned()) };
        let text = metadata
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
        let Some(Value::String(stored)) = facts.remove(DIGEST) else {
            return Err(InvalidFile::Digest);
        };
        Ok(Self { bytes, tensors, digest: stored, facts })
    }

    /// Checks that the file holds what its digest says.
    pub(crate) fn check_digest(&self) -> Result<(), InvalidFile> {
        let mut parts: Vec<_> = self.tensors.iter().map(|(name, view)| (name, view.data())).collect();
        parts.sort_by_key(|part| part.0);
        if digest(&self.facts, parts.into_iter()) == self.digest { Ok(()) } else { Err(InvalidFile::Digest) }
    }

    /// The numbers of the tensor `name`.
    pub(crate) fn get<T: Column>(&self, name: &'static str) -> Result<Vec<T>, InvalidFile> {
        Ok(self.numbers(name)?.collect())
    }

    /// The same, read where they stand.
    pub(crate) fn numbers<T: Column>(
        &self,
        name: &'static str,
    ) -> Result<impl ExactSizeIterator<Item = T> + use<'a, T>, InvalidFile> {
        let view = self.tensors.tensor(name).map_err(|_| InvalidFile::Tensor(name))?;
        if view.dtype() != T::DTYPE || view.shape().len() != 1 {
            return Err(InvalidFile::Tensor(name));
        }
        Ok(view.data().chunks_exact(T::BYTES).map(T::get))
    }

    /// Checks that these are the bytes that [`TensorWriter::finish`] gives for `facts` and the tensors of this file: that the
    /// header is, and that nothing stands behind the tensors. What the tensors' numbers mean is for the caller to check;
    /// no two sequences of bytes are read as the same numbers.
    pub(crate) fn check_canonical(&self, mut facts: Map<String, Value>) -> Result<(), InvalidFile> {
        facts.insert(DIGEST.to_owned(), Value::String(self.digest.clone()));
        let tensors = self.tensors.tensors();
        let one_dimension = tensors.iter().all(|(_, view)| view.shape().len() == 1);
        let content: usize = tensors.iter().map(|(_, view)| view.data().len()).sum();
        let shapes = tensors.iter().map(|(name, view)| {
            let len = view.shape().first().copied().unwrap_or(0);
            (name.as_str(), Shape { dtype: view.dtype(), len: [len] })
        });
        let header = header(shapes, facts)?;
        if one_dimension && self.bytes.starts_with(&header) && self.bytes.len() == header.len() + content {
            Ok(())
        } else {
            Err(InvalidFile::content("not in canonical form"))
        }
    }

    /// How many tensors there are.
    pub(crate) fn tensor_count(&self) -> usize {
        self.tensors.len()
    }

    /// The metadata entry `name`.
    pub(crate) fn fact<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, InvalidFile> {
        let value = self.facts.get(name).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|e| InvalidFile::content(format!("{name}: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(format: &str) -> Vec<u8> {
        let mut writer = TensorWriter::new();
        writer.put("b", &[1u32, 2]);
        writer.put("a", &[0.5f32]);
        writer
            .finish(Map::from_iter([("format".to_owned(), format.into()), ("x".to_owned(), 1.into())]))
            .unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = bytes("test/1");
        let file = TensorFile::open(&bytes, "test/1").unwrap();
        file.check_digest().unwrap();
        assert_eq!(file.get::<u32>("b").unwrap(), [1, 2]);
        assert_eq!(file.get::<f32>("a").unwrap(), [0.5]);
        assert_eq!(file.fact::<u8>("x").unwrap(), 1);
        assert_eq!(file.get::<u64>("b"), Err(InvalidFile::Tensor("b")));
    }

    #[test]
    fn another_kind_of_file_is_named() {
        let error = TensorFile::open(&bytes("other/1"), "test/1").err().unwrap();
        assert_eq!(error.to_string(), "not a test/1 file: other/1");
        assert!(matches!(TensorFile::open(b"hello", "test/1"), Err(InvalidFile::Container(_))));
        // Whatever it is called, one line of a log can hold it.
        let error =
            TensorFile::open(&bytes(&"a\n\u{1B}[2J".repeat(10_000)), "test/1").err().unwrap().to_string();
        assert!(error.len() < 1000 && !error.contains(char::is_control), "{error:?}");
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let good = bytes("test/1");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let checked = TensorFile::open(&bad, "test/1").and_then(|file| file.check_digest());
            assert!(checked.is_err(), "byte {at}");
        }
    }
}
