//! Records of a fixed length, sorted by their bytes, in files where they are too many for memory.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _},
};

use rayon::prelude::*;

/// So many files become one.
const FAN_IN: usize = 16;
/// So many bytes of a file are read or written at a time.
const BUFFER: usize = 1 << 16;

/// Takes records of `N` bytes in any order.
#[derive(Debug)]
pub(super) struct Sorter<const N: usize> {
    records: Vec<[u8; N]>,
    /// So many records are held at most.
    limit: usize,
    /// Sorted files, by how many others each was made of.
    levels: Vec<Vec<File>>,
}

impl<const N: usize> Sorter<N> {
    /// A sorter that takes about so many bytes of memory.
    pub(super) fn new(bytes: usize) -> Self {
        Self { records: Vec::new(), limit: (bytes / N).max(1), levels: Vec::new() }
    }

    pub(super) fn push(&mut self, record: [u8; N]) -> io::Result<()> {
        if self.records.len() == self.limit {
            self.spill()?;
        }
        if self.records.len() == self.records.capacity() {
            // No more than will ever be used.
            let more = self.records.len().clamp(1 << 12, 1 << 24).min(self.limit - self.records.len());
            self.records.reserve_exact(more);
        }
        self.records.push(record);
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.records.par_sort_unstable();
        let mut out = BufWriter::with_capacity(BUFFER, tempfile::tempfile()?);
        for record in self.records.drain(..) {
            out.write_all(&record)?;
        }
        let mut file = out.into_inner()?;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(file);
            if self.levels[level].len() < FAN_IN {
                break;
            }
            let files = std::mem::take(&mut self.levels[level]);
            let mut out = BufWriter::with_capacity(BUFFER, tempfile::tempfile()?);
            merge(files.iter().collect(), &[], |record: &[u8; N]| out.write_all(record))?;
            file = out.into_inner()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Sorted<N> {
        self.records.par_sort_unstable();
        Sorted { records: self.records, files: self.levels.into_iter().flatten().collect() }
    }
}

/// The records in order.
#[derive(Debug)]
pub(super) struct Sorted<const N: usize> {
    records: Vec<[u8; N]>,
    files: Vec<File>,
}

impl<const N: usize> Sorted<N> {
    /// Calls `visit` with every record in order. One at a time: readers of a file share their place in it.
    pub(super) fn visit<E: From<io::Error>>(
        &self,
        visit: impl FnMut(&[u8; N]) -> Result<(), E>,
    ) -> Result<(), E> {
        merge(self.files.iter().collect(), &self.records, visit)
    }
}

fn merge<const N: usize, E: From<io::Error>>(
    files: Vec<&File>,
    records: &[[u8; N]],
    mut visit: impl FnMut(&[u8; N]) -> Result<(), E>,
) -> Result<(), E> {
    if files.is_empty() {
        return records.iter().try_for_each(visit);
    }
    let mut inputs: Vec<Box<dyn Iterator<Item = io::Result<[u8; N]>> + '_>> =
        vec![Box::new(records.iter().map(|record| Ok(*record)))];
    for mut file in files {
        file.rewind()?;
        let left = file.metadata()?.len() / N as u64;
        let mut input = BufReader::with_capacity(BUFFER, file);
        let read = move |_| {
            let mut record = [0; N];
            input.read_exact(&mut record).map(|()| record)
        };
        inputs.push(Box::new((0..left).map(read)));
    }
    let mut heap = BinaryHeap::new();
    for (place, input) in inputs.iter_mut().enumerate() {
        if let Some(record) = input.next() {
            heap.push(Reverse((record?, place)));
        }
    }
    while let Some(mut least) = heap.peek_mut() {
        let Reverse((record, place)) = &mut *least;
        visit(record)?;
        match inputs[*place].next() {
            Some(next) => *record = next?,
            None => drop(std::collections::binary_heap::PeekMut::pop(least)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_in_order_however_few_are_held() {
        for bytes in [0, 12, 100, usize::MAX] {
            let mut sorter = Sorter::<4>::new(bytes);
            let mut expected: Vec<[u8; 4]> =
                (0..900u32).map(|n| (n.wrapping_mul(0x9E37_79B9) >> 20).to_be_bytes()).collect();
            expected.iter().for_each(|record| sorter.push(*record).unwrap());
            expected.sort_unstable();
            let sorted = sorter.finish();
            for _ in 0..2 {
                let mut seen = Vec::new();
                let note = |record: &[u8; 4]| {
                    seen.push(*record);
                    Ok::<(), io::Error>(())
                };
                sorted.visit(note).unwrap();
                assert!(seen == expected, "{bytes}");
            }
        }
    }
}
