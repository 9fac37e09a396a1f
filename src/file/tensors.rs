//! Canonical safetensors files: one order of tensors, one metadata entry, a checksum over everything.
//!
//! The safetensors library takes its metadata as a hash map, so the file has one key only, [`KEY`], whose value is JSON
//! with sorted keys. The checksum in it covers the rest of that JSON and every tensor's bytes. The header of a file that reads
//! well is written again and compared, so there is one sequence of bytes for one content.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use safetensors::{Dtype, tensor::View};
use serde_json::{Map, Value};

use super::{checksum::Checksum, error::InvalidFile};

pub(super) const KEY: &str = "bayeswire";
pub(super) const CHECKSUM: &str = "checksum";

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

    /// The bytes of the file. `facts` must not have the key `checksum`.
    pub(crate) fn finish(self, facts: Map<String, Value>) -> Result<Vec<u8>, InvalidFile> {
        let layout = Layout::new(self.tensors.iter().map(|t| (t.name, t.dtype, t.len)).collect(), facts)?;
        let mut bytes = vec![0; layout.len];
        for tensor in &self.tensors {
            (tensor.write)(&mut bytes[layout.place(tensor.name)]);
        }
        let mut checksum = Checksum::new(&layout.facts);
        for (name, place) in &layout.places {
            checksum.tensor(name, place.len());
            checksum.update(&bytes[place.clone()]);
        }
        let header = layout.header(&checksum.finish())?;
        bytes[..header.len()].copy_from_slice(&header);
        Ok(bytes)
    }
}

/// Where everything stands in a file, given how long its tensors are.
pub(crate) struct Layout {
    pub(super) facts: Map<String, Value>,
    /// As the safetensors library lays them out.
    tensors: Vec<(&'static str, Dtype, usize)>,
    /// Where each stands, in the order of the file.
    pub(super) places: Vec<(&'static str, Range<usize>)>,
    /// How many bytes the file has.
    pub(super) len: usize,
}

impl Layout {
    /// The layout of one-dimensional tensors with these names and lengths. `facts` must not have the key `checksum`.
    pub(crate) fn new(
        mut tensors: Vec<(&'static str, Dtype, usize)>,
        facts: Map<String, Value>,
    ) -> Result<Self, InvalidFile> {
        tensors.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let mut layout = Self { facts, tensors, places: Vec::new(), len: 0 };
        // All checksums have one length, so the tensors can be written before it is known.
        let mut start = layout.header(&Checksum::new(&layout.facts).finish())?.len();
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
    pub(super) fn header(&self, checksum: &str) -> Result<Vec<u8>, InvalidFile> {
        let mut facts = self.facts.clone();
        facts.insert(CHECKSUM.to_owned(), checksum.into());
        let shape = |t: &(&'static str, Dtype, usize)| (t.0, Shape { dtype: t.1, len: [t.2] });
        header(self.tensors.iter().map(shape), facts)
    }
}

/// A tensor without its content: enough for the library to write the header.
pub(super) struct Shape {
    pub(super) dtype: Dtype,
    pub(super) len: [usize; 1],
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
pub(super) fn header<'a>(
    shapes: impl Iterator<Item = (&'a str, Shape)>,
    facts: Map<String, Value>,
) -> Result<Vec<u8>, InvalidFile> {
    let metadata = HashMap::from([(KEY.to_owned(), Value::Object(facts).to_string())]);
    safetensors::serialize(shapes, Some(metadata)).map_err(|e| InvalidFile::Container(e.to_string()))
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
