//! Sixty-four bytes of text, told apart at once.
//!
//! Where the words stand in a block is known before the first of them is looked at. So the processor can begin with the next
//! word while it still works on this one: it need not know the end of one to find the start of the other.

use wide::u8x16;

/// What the bytes of a text are, a bit for each, from the lowest on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Letters and digits of ASCII.
    pub(super) alphanumeric: u64,
    /// These and all else that may be a word or the end of a sentence: stops, ends of lines, what is beyond ASCII.
    pub(super) notable: u64,
    /// What may go on with a word that stands before it: apostrophes and what is beyond ASCII.
    pub(super) joining: u64,
}

impl Block {
    pub(super) const BYTES: usize = 64;

    /// The block that begins at `at`. Behind the end of the text there is nothing.
    #[inline]
    pub(super) fn at(text: &[u8], at: usize) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        if let Some(bytes) = rest.first_chunk() {
            return Self::of(bytes);
        }
        let mut bytes = [0; Self::BYTES];
        bytes[..rest.len()].copy_from_slice(rest);
        Self::of(&bytes)
    }

    #[inline]
    fn of(bytes: &[u8; Self::BYTES]) -> Self {
        let mut block = Self::default();
        for (part, bytes) in bytes.as_chunks::<16>().0.iter().enumerate() {
            let bytes = u8x16::new(*bytes);
            let is = |byte| bytes.simd_eq(u8x16::splat(byte));
            // Which are at least `first` and at most so many more.
            let within = |bytes: u8x16, first, more| {
                let above = bytes - u8x16::splat(first);
                above.min(u8x16::splat(more)).simd_eq(above)
            };
            let alphanumeric = within(bytes | u8x16::splat(0x20), b'a', 25) | within(bytes, b'0', 9);
            let beyond_ascii = within(bytes, 0x80, 0x7F);
            let notable = alphanumeric | beyond_ascii | is(b'.') | is(b'!') | is(b'?') | is(b'\n');
            let joining = beyond_ascii | is(b'\'');
            let bits = |which: u8x16| u64::from(which.to_bitmask()) << (16 * part);
            block.alphanumeric |= bits(alphanumeric);
            block.notable |= bits(notable);
            block.joining |= bits(joining);
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_what_the_standard_library_says() {
        for byte in 0..=255u8 {
            for place in [0, 1, 15, 16, 47, 63] {
                let mut text = [b' '; 70];
                text[5 + place] = byte;
                let bit = |is: bool| u64::from(is) << place;
                let (alphanumeric, beyond) = (byte.is_ascii_alphanumeric(), !byte.is_ascii());
                let expected = Block {
                    alphanumeric: bit(alphanumeric),
                    notable: bit(alphanumeric || beyond || b".!?\n".contains(&byte)),
                    joining: bit(beyond || byte == b'\''),
                };
                assert_eq!(Block::at(&text, 5), expected, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn behind_the_end_there_is_nothing() {
        let all = |bits| Block { alphanumeric: bits, notable: bits, joining: 0 };
        assert_eq!(Block::at(b"word", 0), all(0b1111));
        assert_eq!(Block::at(b"word", 3), all(0b1));
        assert_eq!(Block::at(b"word", 4), all(0));
        assert_eq!(Block::at(b"word", 9), all(0));
    }
}
