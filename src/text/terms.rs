//! The names of terms: 64-bit keys.
//!
//! A term is a word's stem or two adjacent ones. Its key is a fixed hash, the same on every platform. Two of 5 million
//! different terms share a key with a probability of 7e-7 (n^2 / 2^65); counting and loading a model notice it.

use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};

/// The key of a term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermKey(pub u64);

const SECRETS: RapidSecrets = RapidSecrets::seed(0);

/// The key of a word, given its stem.
#[must_use]
pub fn word_key(stem: &str) -> TermKey {
    TermKey(rapidhash_v3_seeded(stem.as_bytes(), &SECRETS))
}

/// The key of the pair `first second`, given their keys.
#[inline]
#[must_use]
pub fn pair_key(first: TermKey, second: TermKey) -> TermKey {
    // A folded 128-bit product, as rapidhash mixes its lanes; the rotation makes the order count.
    let a = first.0.rotate_left(23) ^ 0x2d35_8dcc_aa6c_78a5;
    let b = second.0 ^ 0x8bb8_4b93_962e_acc9;
    let product = u128::from(a) * u128::from(b);
    TermKey((product as u64) ^ ((product >> 64) as u64) ^ first.0.rotate_left(11))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_are_the_same_everywhere() {
        // Noted down on x86-64 Linux; a platform or version that hashes otherwise must not pass unnoticed.
        let (peace, talk) = (word_key("peac"), word_key("talk"));
        assert_eq!(peace.0, 9_402_618_375_893_423_507);
        assert_eq!(pair_key(peace, talk).0, 812_548_207_662_507_594);
    }

    #[test]
    fn pairs_have_keys_of_their_own() {
        let words: Vec<_> = (0..1500).map(|i| word_key(&format!("w{i}"))).collect();
        let mut keys: HashSet<_> = words.iter().copied().collect();
        for &a in &words {
            keys.extend(words.iter().map(|&b| pair_key(a, b)));
        }
        assert_eq!(keys.len(), 1500 + 1500 * 1500);
    }
}
