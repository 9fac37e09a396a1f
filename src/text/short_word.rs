//! Words of a few bytes, as numbers: nearly every word, and far cheaper to compare and to hash than text.

use wide::u8x16;

use super::stem::NUMBER;

const WORDS: usize = 3;

/// A word in lower case of at most [`ShortWord::BYTES`] bytes, padded with zeros. No word has a zero byte of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ShortWord([u64; WORDS]);

impl PartialEq for ShortWord {
    /// Number by number: the compiler would load two at once, which has to wait until single ones have been stored.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        (a ^ d) | (b ^ e) | (c ^ f) == 0
    }
}

impl Eq for ShortWord {}

/// The first so many bytes are ones.
const FIRST: [u8x16; 17] = {
    let mut first = [u8x16::splat(0xFF); 17];
    let mut len = 0;
    while len < 16 {
        first[len] = u8x16::new(((1u128 << (8 * len)) - 1).to_le_bytes());
        len += 1;
    }
    first
};

/// The ASCII letters and digits that sixteen bytes begin with, in lower case, the rest zero; and how many. All bytes at once.
#[inline]
fn lower_alphanumerics(bytes: [u8; 16]) -> (u128, usize) {
    // Which bytes are at least `first` and at most so many more.
    let within = |bytes: u8x16, first, more| {
        let above = bytes - u8x16::splat(first);
        above.min(u8x16::splat(more)).simd_eq(above)
    };
    let bytes = u8x16::new(bytes);
    let capital_bit = u8x16::splat(0x20);
    let letter = within(bytes | capital_bit, b'a', 25);
    let digit = within(bytes, b'0', 9);
    let len = (letter | digit).to_bitmask().trailing_ones() as usize;
    let word = (bytes | (letter & capital_bit)) & FIRST[len.min(16)];
    (u128::from_le_bytes(word.to_array()), len)
}

impl ShortWord {
    pub(super) const BYTES: usize = 8 * WORDS;
    /// No word of any text.
    pub(super) const NONE: Self = Self([0; WORDS]);

    /// A word that is in lower case, where it is short enough.
    pub(super) fn new(word: &str) -> Option<Self> {
        let mut bytes = [0; Self::BYTES];
        bytes.get_mut(..word.len())?.copy_from_slice(word.as_bytes());
        let (words, _) = bytes.as_chunks::<8>();
        let mut numbers = [0; WORDS];
        numbers.iter_mut().zip(words).for_each(|(number, &word)| *number = u64::from_le_bytes(word));
        Some(Self(numbers))
    }

    /// The word of ASCII letters and digits that begins at `at`, in lower case, and its length. Nothing where it may not
    /// end there, for an apostrophe or a letter beyond ASCII follows or it goes on, or at the end of the text.
    #[inline]
    pub(super) fn read(text: &[u8], at: usize) -> Option<(Self, usize)> {
        let bytes: &[u8; 16] = text.get(at..)?.first_chunk()?;
        let (word, len) = lower_alphanumerics(*bytes);
        let next = *bytes.get(len)?;
        if next == b'\'' || next >= 0x80 {
            None
        } else {
            Some((Self([word as u64, (word >> 64) as u64, 0]), len))
        }
    }

    /// Whether this is a letter, and one of ASCII.
    #[inline]
    pub(super) fn is_one_letter(self) -> bool {
        self.0[0] >> 8 == 0 && self.0[0] as u8 >= b'a'
    }

    /// The word, or [`NUMBER`] if it begins with an ASCII digit.
    #[inline]
    pub(super) fn or_number(self) -> Self {
        const NUMBER_WORD: u64 = NUMBER.as_bytes()[0] as u64;
        if (self.0[0] as u8).is_ascii_digit() { Self([NUMBER_WORD, 0, 0]) } else { self }
    }

    /// A number that differs for nearly all words.
    #[inline]
    pub(super) fn hash(self) -> u64 {
        let [a, b, c] = self.0;
        let product = u128::from(a ^ 0x9E37_79B9_7F4A_7C15) * u128::from(b ^ 0xD6E8_FEB8_6659_FD93);
        let folded = (product >> 64) as u64 ^ product as u64 ^ c.rotate_left(29);
        folded.wrapping_mul(0xA24B_AED4_963E_E407)
    }

    /// Calls `see` with the word as text.
    pub(super) fn with_str<T>(self, see: impl FnOnce(&str) -> T) -> T {
        let mut bytes = [0; Self::BYTES];
        bytes
            .as_chunks_mut::<8>()
            .0
            .iter_mut()
            .zip(self.0)
            .for_each(|(word, number)| *word = number.to_le_bytes());
        let len = bytes.iter().position(|&b| b == 0).unwrap_or(Self::BYTES);
        see(std::str::from_utf8(&bytes[..len]).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_told_apart_as_the_standard_library_does() {
        for byte in 0..=255u8 {
            for place in 0..16 {
                let mut bytes = *b"AZaz09MxBYby18Nw";
                bytes[place] = byte;
                let len = if byte.is_ascii_alphanumeric() { 16 } else { place };
                let mut expected = [0; 16];
                expected[..len].copy_from_slice(&bytes[..len].to_ascii_lowercase());
                let (word, found) = lower_alphanumerics(bytes);
                assert_eq!((word.to_le_bytes(), found), (expected, len), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn a_word_is_read_where_its_end_is_certain() {
        let read = |text: &str, at| {
            ShortWord::read(text.as_bytes(), at).map(|(word, len)| word.with_str(|w| (w.to_owned(), len)))
        };
        let word = |w: &str, len| Some((w.to_owned(), len));
        assert_eq!(read("The Foreign minister met", 4), word("foreign", 7));
        assert_eq!(read("Counterproposals were made", 0), None, "sixteen letters may go on");
        assert_eq!(read("counterproposal. They were", 0), word("counterproposal", 15));
        assert_eq!(read("Peru's minister is there", 0), None);
        assert_eq!(read("Caf\u{e9}s of the whole city", 0), None);
        assert_eq!(read("at the end", 7), None);
    }

    #[test]
    fn text_becomes_a_number_and_text_again() {
        for text in ["a", "été", "123456789012345678901234"] {
            assert_eq!(ShortWord::new(text).unwrap().with_str(str::to_owned), text);
        }
        assert_eq!(ShortWord::new("1234567890123456789012345"), None);
        assert!(
            ShortWord::new("x").unwrap().is_one_letter() && !ShortWord::new("7").unwrap().is_one_letter()
        );
        assert!(!ShortWord::new("xy").unwrap().is_one_letter());
    }
}
