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

    /// The `len` ASCII letters and digits that stand at `at`, in lower case, where they are few enough and stand in the text.
    #[inline]
    pub(super) fn of_ascii(text: &[u8], at: usize, len: usize) -> Option<Self> {
        let first = FIRST.get(len)?;
        let rest = text.get(at..)?;
        let bytes = match rest.first_chunk() {
            Some(bytes) => *bytes,
            None => {
                let mut bytes = [0; 16];
                bytes[..rest.len()].copy_from_slice(rest);
                bytes
            }
        };
        // This bit makes capitals small letters; small letters and digits have it.
        let word = (u8x16::new(bytes) | u8x16::splat(0x20)) & *first;
        let word = u128::from_le_bytes(word.to_array());
        Some(Self([word as u64, (word >> 64) as u64, 0]))
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
    fn sixteen_letters_and_digits_become_lower_case_at_once() {
        let text = b"-AZaz09MxBYby18Nw-";
        let word = |at, len| ShortWord::of_ascii(text, at, len).map(|word| word.with_str(str::to_owned));
        for (at, len) in (1..17).flat_map(|at| (1..=17 - at).map(move |len| (at, len))) {
            let expected = String::from_utf8(text[at..at + len].to_ascii_lowercase()).ok();
            assert_eq!(word(at, len), expected, "{len} at {at}");
        }
        assert_eq!((word(0, 17), word(19, 1)), (None, None));
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
