//! Looks at the headers of a column's pages before the parquet crate reads them: it makes room for as many bytes as a
//! header promises, so a small damaged or malicious file could take all memory.
//!
//! A header is a struct in Thrift's compact protocol, in which fields 2 and 3 are the sizes of the page, uncompressed and
//! compressed (parquet.thrift, PageHeader; thrift-compact-protocol.md).

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom},
};

use super::TableError;
use crate::corpus::error::Cause;

/// The largest page, uncompressed.
pub(super) const MAX_PAGE_BYTES: i64 = 256 << 20;
/// Structs within structs within headers.
const MAX_DEPTH: u32 = 8;

/// Checks the pages in `length` bytes from `start`.
pub(super) fn check(file: &File, (start, length): (u64, u64)) -> Result<(), TableError> {
    walk(file, start, length).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::FileTooLarge => {
                return TableError::Cause(Cause::Damaged(format!(
                    "Parquet: {error} bytes in one page, the limit is {MAX_PAGE_BYTES}"
                )));
            }
            io::ErrorKind::UnexpectedEof => "the file ends within a page".to_owned(),
            _ => error.to_string(),
        };
        TableError::Cause(Cause::Damaged(format!("Parquet: {what}")))
    })
}

fn walk(file: &File, start: u64, length: u64) -> io::Result<()> {
    let all = file.metadata()?.len();
    let end = start.checked_add(length).filter(|&end| end <= all);
    let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(start))?;
    let mut reader = Counted { input: BufReader::new(file), at: start };
    while reader.at < end {
        let sizes = page_header(&mut reader)?;
        if sizes[0] > MAX_PAGE_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, sizes[0].to_string()));
        }
        if sizes.iter().any(|&size| size < 0) || sizes[1] as u64 > end.saturating_sub(reader.at) {
            return Err(invalid());
        }
        reader.input.seek_relative(sizes[1])?;
        reader.at += sizes[1] as u64;
    }
    Ok(())
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the header of a page is wrong")
}

/// A reader that knows where it is.
struct Counted<R> {
    input: R,
    at: u64,
}

impl<R: Read> Counted<R> {
    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.input.read_exact(&mut byte)?;
        self.at += 1;
        Ok(byte[0])
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.input).take(bytes), &mut io::sink())?;
        self.at += skipped;
        if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(invalid())
    }

    fn zigzag(&mut self) -> io::Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

/// Reads a header: the sizes of the page, uncompressed and compressed.
fn page_header<R: Read>(reader: &mut Counted<R>) -> io::Result<[i64; 2]> {
    let mut sizes = [-1, -1];
    let mut field = 0;
    while let Some(kind) = next_field(reader, &mut field)? {
        match (field, kind) {
            (2, 5) => sizes[0] = reader.zigzag()?,
            (3, 5) => sizes[1] = reader.zigzag()?,
            _ => skip_value(reader, kind, 0)?,
        }
    }
    Ok(sizes)
}

/// The kind of the next field of a struct, whose number goes to `field`; `None` at the end of the struct.
fn next_field<R: Read>(reader: &mut Counted<R>, field: &mut i64) -> io::Result<Option<u8>> {
    let head = reader.byte()?;
    if head == 0 {
        return Ok(None);
    }
    *field = match head >> 4 {
        0 => reader.zigzag()?,
        delta => field.saturating_add(i64::from(delta)),
    };
    Ok(Some(head & 0xf))
}

fn skip_value<R: Read>(reader: &mut Counted<R>, kind: u8, depth: u32) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(invalid());
    }
    match kind {
        // True and false are in the field's head.
        1 | 2 => Ok(()),
        3 => reader.skip(1),
        4..=6 => reader.varint().map(|_| ()),
        7 => reader.skip(8),
        8 => {
            let length = reader.varint()?;
            reader.skip(length)
        }
        9 | 10 => {
            let head = reader.byte()?;
            let count = if head >> 4 == 15 { reader.varint()? } else { u64::from(head >> 4) };
            // In lists a truth value takes a byte.
            let kind = if matches!(head & 0xf, 1 | 2) { 3 } else { head & 0xf };
            (0..count).try_for_each(|_| skip_value(reader, kind, depth + 1))
        }
        12 => {
            let mut field = 0;
            while let Some(kind) = next_field(reader, &mut field)? {
                skip_value(reader, kind, depth + 1)?;
            }
            Ok(())
        }
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// The header of a page with sizes as given, one more field of every kind before them, and then `page`.
    fn file(uncompressed: u64, compressed: u64, page: &[u8]) -> File {
        let varint = |mut n: u64| {
            let mut out = Vec::new();
            while n >= 0x80 {
                out.push(n as u8 | 0x80);
                n >>= 7;
            }
            out.push(n as u8);
            out
        };
        let sizes =
            [vec![0x15, 0, 0x15], varint(uncompressed * 2), vec![0x15], varint(compressed * 2)].concat();
        // Behind the sizes: true, a byte, a double, a string, a list of two numbers, one of two truths, a struct, the end.
        let more = [
            &[0x11, 0x13, 9, 0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0x18, 2, b'h', b'i', 0x19, 0x25, 4, 6][..],
            &[0x19, 0x21, 1, 2, 0x1c, 0x05, 0x22, 8, 0x2c, 0x11, 0, 0, 0],
        ];
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[sizes, more.concat(), page.to_vec()].concat()).unwrap();
        file
    }

    fn check_all(file: &File) -> Result<(), String> {
        check(file, (0, file.metadata().unwrap().len())).map_err(|error| match error {
            TableError::Cause(cause) => cause.to_string(),
            TableError::Parquet(error) => error.to_string(),
        })
    }

    #[test]
    fn a_page_that_promises_too_much_is_refused() {
        assert_eq!(check_all(&file(5, 5, b"12345")), Ok(()));
        let error = check_all(&file(1 << 30, 5, b"12345")).unwrap_err();
        assert!(error.contains("1073741824 bytes in one page, the limit is 268435456"), "{error}");
        assert!(check_all(&file(5, 6, b"12345")).unwrap_err().contains("header of a page is wrong"));
        assert!(check_all(&file(5, 4, b"12345")).is_err(), "what is left is no header");
        let one = file(5, 5, b"12345");
        assert!(check(&one, (0, 1 << 40)).is_err() && check(&one, (u64::MAX, 2)).is_err());
    }

    #[test]
    fn nesting_ends_somewhere() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[0x1c; 100]).unwrap();
        assert!(check_all(&file).is_err());
    }
}
