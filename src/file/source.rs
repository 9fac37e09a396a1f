//! The bytes of a file, which are read some at a time: a large one need not be held.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};

use super::error::InvalidFile;

/// So many bytes are read at a time: a multiple of the size of every number.
const PIECE: usize = 1 << 18;

const SECRETS: RapidSecrets = RapidSecrets::seed(0);

/// Bytes that several threads may read, each what it needs, as often as it likes: they are always the same.
pub(crate) trait Source: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Calls `see` with those of `range` in order, some at a time. A number that stands at a multiple of its size is never
    /// torn apart.
    ///
    /// # Errors
    /// When there are not as many, reading fails, or the bytes are others than before.
    fn read(&self, range: Range<usize>, see: &mut dyn FnMut(&[u8])) -> Result<(), InvalidFile>;

    /// Those of `range`.
    ///
    /// # Errors
    /// As for [`Self::read`].
    fn bytes(&self, range: Range<usize>) -> Result<Vec<u8>, InvalidFile> {
        let mut bytes = Vec::new();
        self.read(range, &mut |some| bytes.extend_from_slice(some))?;
        Ok(bytes)
    }
}

impl Source for &[u8] {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn read(&self, range: Range<usize>, see: &mut dyn FnMut(&[u8])) -> Result<(), InvalidFile> {
        see(self.get(range).ok_or_else(cut_off)?);
        Ok(())
    }
}

fn cut_off() -> InvalidFile {
    InvalidFile::content("it ends too early")
}

/// A file that was opened.
pub(crate) struct OpenFile(Content);

enum Content {
    /// On a disk.
    File {
        file: Mutex<File>,
        len: usize,
        /// For each piece that was read a hash, by which it is known again: whoever reads it later gets the same bytes.
        hashes: Vec<AtomicU64>,
    },
    /// Read from what cannot be read twice: a pipe.
    Memory(Vec<u8>),
}

impl OpenFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be opened, or is a pipe that cannot be read.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return Ok(Self(Content::Memory(bytes)));
        }
        let len = usize::try_from(metadata.len()).map_err(io::Error::other)?;
        let hashes = (0..len.div_ceil(PIECE)).map(|_| AtomicU64::new(0)).collect();
        Ok(Self(Content::File { file: Mutex::new(file), len, hashes }))
    }
}

impl Source for OpenFile {
    fn len(&self) -> usize {
        match &self.0 {
            Content::File { len, .. } => *len,
            Content::Memory(bytes) => bytes.len(),
        }
    }

    fn read(&self, range: Range<usize>, see: &mut dyn FnMut(&[u8])) -> Result<(), InvalidFile> {
        let (file, len, hashes) = match &self.0 {
            Content::File { file, len, hashes } => (file, *len, hashes),
            Content::Memory(bytes) => return bytes.as_slice().read(range, see),
        };
        if range.end > len {
            return Err(cut_off());
        }
        let mut buffer = vec![0; PIECE.min(len)];
        let mut at = range.start;
        while at < range.end {
            let start = at - at % PIECE;
            let piece = &mut buffer[..PIECE.min(len - start)];
            fill(file, start, piece).map_err(|e| InvalidFile::Unreadable(e.to_string()))?;
            // 0 stands for a piece that was not read yet.
            let hash = rapidhash_v3_seeded(piece, &SECRETS).max(1);
            let first = hashes[start / PIECE].compare_exchange(0, hash, Ordering::Relaxed, Ordering::Relaxed);
            if first.is_err_and(|before| before != hash) {
                return Err(InvalidFile::Unreadable("it changed while it was read".to_owned()));
            }
            let end = range.end.min(start + piece.len());
            see(&piece[at - start..end - start]);
            at = end;
        }
        Ok(())
    }
}

/// Fills `piece` with what stands in the file from `start` on.
fn fill(file: &Mutex<File>, start: usize, piece: &mut [u8]) -> io::Result<()> {
    // Nobody relies on where a panic left the file's position.
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(start as u64))?;
    file.read_exact(piece)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_and_its_bytes_read_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..2 * PIECE + 77).map(|i| (i / 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let file = OpenFile::open(&path).unwrap();
        assert_eq!(file.len(), bytes.len());
        for range in [0..0, 5..9, 0..bytes.len(), PIECE - 8..PIECE + 8, 2 * PIECE + 76..2 * PIECE + 77] {
            assert_eq!(file.bytes(range.clone()).unwrap(), bytes[range]);
        }
        assert!(file.bytes(0..bytes.len() + 1).is_err());
        assert!(Source::bytes(&bytes.as_slice(), 0..bytes.len() + 1).is_err());
    }

    #[test]
    fn a_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, vec![1; PIECE + 10]).unwrap();
        let file = OpenFile::open(&path).unwrap();
        file.bytes(0..PIECE + 10).unwrap();
        let mut changed = vec![1; PIECE + 10];
        changed[PIECE] = 2;
        fs::write(&path, changed).unwrap();
        assert!(file.bytes(0..PIECE).is_ok());
        assert_eq!(
            file.bytes(0..PIECE + 10),
            Err(InvalidFile::Unreadable("it changed while it was read".into()))
        );
        fs::write(&path, b"short").unwrap();
        assert!(matches!(file.bytes(0..10), Err(InvalidFile::Unreadable(_))));
    }
}
