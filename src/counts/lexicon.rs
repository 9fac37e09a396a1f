//! The words of a corpus while it is counted, shared by all threads.

use std::{
    collections::{HashMap, hash_map},
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use rayon::prelude::*;

use super::{CombineError, columns::WordTable};
use crate::text::TermKey;

/// Keys are hashes already; a table takes its lowest and highest bits.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A map from the keys of words.
pub(super) type KeyMap<V> = HashMap<u64, V, BuildHasherDefault<KeyHasher>>;

/// Words by their keys, each with its number.
type Numbered = KeyMap<(u32, Box<str>)>;

const PARTS: usize = 32;

/// Gives every word a number. Which one depends on chance; [`Lexicon::into_words`] makes an order of it that does not.
pub(super) struct Lexicon {
    parts: Vec<Mutex<Numbered>>,
    next: AtomicU32,
}

impl Lexicon {
    pub(super) fn new() -> Self {
        Self { parts: (0..PARTS).map(|_| Mutex::default()).collect(), next: AtomicU32::new(0) }
    }

    /// How many words have a number.
    pub(super) fn len(&self) -> usize {
        self.next.load(Ordering::Relaxed) as usize
    }

    /// The number of the word with this key.
    ///
    /// # Errors
    /// When another word has the same key.
    pub(super) fn number(&self, TermKey(key): TermKey, word: &str) -> Result<u32, CombineError> {
        let part = &self.parts[(key >> 32) as usize % PARTS];
        // A thread that panicked left a map that is whole: nothing is done to it but single insertions.
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        match part.entry(key) {
            hash_map::Entry::Vacant(place) => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                place.insert((number, word.into()));
                Ok(number)
            }
            hash_map::Entry::Occupied(place) => {
                let (number, known) = place.get();
                if **known == *word {
                    Ok(*number)
                } else {
                    Err(CombineError::KeyCollision(known.to_string(), word.to_owned()))
                }
            }
        }
    }

    /// The words in the order of their bytes, and for each number its word's place among them.
    pub(super) fn into_words(self) -> (WordTable, Vec<u32>) {
        let parts =
            self.parts.into_iter().map(|part| part.into_inner().unwrap_or_else(PoisonError::into_inner));
        let mut all: Vec<(u32, Box<str>)> = parts.flat_map(HashMap::into_values).collect();
        all.par_sort_unstable_by(|a, b| a.1.cmp(&b.1));
        let bytes = all.iter().map(|(_, word)| word.len()).sum();
        let mut words = WordTable::with_capacity(all.len(), bytes);
        let mut places = vec![0; all.len()];
        for (place, (number, word)) in (0..).zip(&all) {
            words.push(word);
            places[*number as usize] = place;
        }
        (words, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::word_key;

    #[test]
    fn words_are_numbered_once_and_sorted_in_the_end() {
        let lexicon = Lexicon::new();
        let numbers = ["talk", "envoy", "talk", "zone"].map(|w| lexicon.number(word_key(w), w).unwrap());
        assert_eq!(numbers, [0, 1, 0, 2]);
        let (words, places) = lexicon.into_words();
        assert_eq!(words.iter().collect::<Vec<_>>(), ["envoy", "talk", "zone"]);
        assert_eq!(places, [1, 0, 2]);
    }

    #[test]
    fn two_words_with_one_key_are_noticed() {
        let lexicon = Lexicon::new();
        lexicon.number(TermKey(7), "talk").unwrap();
        let error = lexicon.number(TermKey(7), "envoy").unwrap_err();
        assert_eq!(error, CombineError::KeyCollision("talk".into(), "envoy".into()));
    }
}
