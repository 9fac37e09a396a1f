//! Opens files and standard input, and takes off their compression.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use super::{
    error::{Cause, CorpusError, Violation},
    format::Compression,
    place::Place,
    records::{ReadError, fatal},
};

const BUFFER: usize = 1 << 18;
/// zstd frames that want a larger window are refused, as its own command line does: 2^27 bytes.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Bytes as they were before they were compressed.
pub(super) type Plain = Box<dyn BufRead + Send>;

/// Opens a file.
pub(super) fn open(path: &Path) -> Result<Plain, ReadError> {
    let file = File::open(path).map_err(|e| fatal(path, e))?;
    decompress(BufReader::with_capacity(BUFFER, Source(file)), Compression::of_name(path))
        .map_err(|e| broken(&Place::file(path), path, e))
}

/// Opens standard input.
pub(super) fn standard_input() -> Result<Plain, ReadError> {
    let path = Path::new("standard input");
    let input = BufReader::with_capacity(BUFFER, Source(io::stdin()));
    decompress(input, None).map_err(|e| broken(&Place::file(path), path, e))
}

/// Takes off the compression that the name or else the first bytes tell.
fn decompress<R: BufRead + Send + 'static>(mut input: R, named: Option<Compression>) -> io::Result<Plain> {
    let first = first_bytes(&mut input)?;
    let compression = named.or_else(|| Compression::of_bytes(&first));
    let input = Cursor::new(first).chain(input);
    Ok(match compression {
        None => Box::new(input),
        Some(Compression::Gzip) => {
            Box::new(BufReader::with_capacity(BUFFER, Decoder(MultiGzDecoder::new(input), Compression::Gzip)))
        }
        Some(Compression::Zstd) => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(BufReader::with_capacity(BUFFER, Decoder(decoder, Compression::Zstd)))
        }
    })
}

/// As many of the first bytes as it takes to tell a compression, and no more: somebody may be waiting for an answer to
/// a first short line.
fn first_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut first = Vec::new();
    let mut byte = [0];
    while matches!(first.as_slice(), [] | [0x1f | 0x28] | [0x28, 0xb5] | [0x28, 0xb5, 0x2f]) {
        match input.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => first.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(first)
}

/// Marks the errors of the input itself, so that they are told from those of what it holds.
struct Source<R>(R);

#[derive(Debug)]
struct SourceError(io::Error);

impl std::error::Error for SourceError {}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| io::Error::new(error.kind(), SourceError(error)))
    }
}

/// Marks the errors of a decoder.
struct Decoder<D>(D, Compression);

#[derive(Debug)]
struct Damaged(Compression, io::Error);

impl std::error::Error for Damaged {}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.name(), self.1)
    }
}

impl<D: Read> Read for Decoder<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let of_source = error.get_ref().is_some_and(|e| e.is::<SourceError>());
            if of_source || error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            io::Error::new(io::ErrorKind::InvalidData, Damaged(self.1, error))
        })
    }
}

/// What an error at `place` in the file at `path` is: that of a damaged file, or one of reading.
pub(super) fn broken(place: &Place, path: &Path, error: io::Error) -> ReadError {
    match error.get_ref().and_then(|e| e.downcast_ref::<Damaged>()) {
        Some(damaged) => ReadError::Violation(Violation {
            place: place.to_string(),
            cause: Cause::Damaged(damaged.to_string()),
        }),
        None => ReadError::Fatal(CorpusError::Io(path.to_owned(), error)),
    }
}
