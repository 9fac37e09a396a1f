//! Where terms stand in a sorted list of terms.

use super::table::{HashTable, Start};
use crate::{
    counts::{TermId, WordTable},
    text::TermKey,
};

/// So many pairs are put into the table at a time.
const BATCH: usize = 256;

/// Finds terms in the sorted list that it was made of, which the caller keeps.
///
/// A word is found by its 64-bit key, which is compared in full; a pair by the numbers of its words, so what is found is what
/// was looked for.
#[derive(Debug)]
pub(crate) struct TermIndex {
    /// Of each word the key, and where it stands as a term.
    words: Vec<(TermKey, u32)>,
    numbers: HashTable,
    pairs: HashTable,
    /// Two words with one key, where there are such.
    alike: Option<(u32, u32)>,
}

/// A pair whose search was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairSearch {
    term: TermId,
    start: Start,
}

impl TermIndex {
    /// The index of `terms`, among which are all of `words`. Of words that share a key the first is found.
    pub(crate) fn new(words: &WordTable, terms: impl ExactSizeIterator<Item = TermId>) -> Self {
        let mut words: Vec<(TermKey, u32)> = words.keys().into_iter().map(|key| (key, 0)).collect();
        let mut numbers = HashTable::with_room(words.len(), words.len());
        let mut alike = None;
        for (number, &(key, _)) in (0..).zip(&words) {
            match numbers.get(key.0, |n| words[n as usize].0 == key) {
                None => numbers.insert(key.0, number),
                Some(other) => alike = alike.or(Some((other, number))),
            }
        }
        let mut pairs = HashTable::with_room(terms.len().saturating_sub(words.len()), terms.len());
        let mut waiting = Vec::with_capacity(BATCH);
        for (place, term) in (0..).zip(terms) {
            if term.second().is_none() {
                words[term.first() as usize].1 = place;
                continue;
            }
            waiting.push((hash(term), place));
            if waiting.len() == BATCH {
                pairs.insert_all(&waiting);
                waiting.clear();
            }
        }
        pairs.insert_all(&waiting);
        Self { words, numbers, pairs, alike }
    }

    /// The numbers of two words that share a key.
    pub(crate) fn words_with_one_key(&self) -> Option<(u32, u32)> {
        self.alike
    }

    /// The number of a word.
    #[inline]
    pub(crate) fn word(&self, key: TermKey) -> Option<u32> {
        self.found_word(key, self.search_word(key))
    }

    /// Begins to look for a word.
    #[inline]
    pub(crate) fn search_word(&self, key: TermKey) -> Start {
        self.numbers.start(key.0)
    }

    /// The number of a word whose search was started.
    #[inline]
    pub(crate) fn found_word(&self, key: TermKey, start: Start) -> Option<u32> {
        self.numbers.go_on(start, key.0, |number| self.words[number as usize].0 == key)
    }

    /// Where a word stands, given its number.
    #[inline]
    pub(crate) fn word_place(&self, number: u32) -> u32 {
        self.words[number as usize].1
    }

    /// Where the word with this key stands.
    #[inline]
    pub(crate) fn word_with_key(&self, key: TermKey) -> Option<u32> {
        self.word(key).map(|number| self.word_place(number))
    }

    /// Begins to look for the pair of two words, given their numbers.
    #[inline]
    pub(crate) fn search_pair(&self, first: u32, second: u32) -> PairSearch {
        let term = TermId::pair(first, second);
        PairSearch { term, start: self.pairs.start(hash(term)) }
    }

    /// Where the pair stands, given what the caller's list has at a place.
    #[inline]
    pub(crate) fn pair(
        &self,
        PairSearch { term, start }: PairSearch,
        term_at: impl Fn(u32) -> TermId,
    ) -> Option<u32> {
        self.pairs.go_on(start, hash(term), |place| term_at(place) == term)
    }
}

/// A 128-bit product, folded.
#[inline]
fn hash(term: TermId) -> u64 {
    let product = u128::from(term.0 ^ 0x2D35_8DCC_AA6C_78A5) * 0x9E37_79B9_7F4A_7C15;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::word_key;

    #[test]
    fn words_and_pairs_are_found_where_they_stand() {
        let mut words = WordTable::default();
        let mut terms = Vec::new();
        for (number, word) in (0..).zip(["envoy", "talk", "zone"]) {
            words.push(word);
            terms.push(TermId::word(number));
            terms.push(TermId::pair(number, 1));
        }
        let index = TermIndex::new(&words, terms.iter().copied());
        assert_eq!(index.words_with_one_key(), None);
        assert_eq!(index.word(word_key("talk")), Some(1));
        assert_eq!(index.word_with_key(word_key("zone")), Some(4));
        assert_eq!(index.word(word_key("peac")), None);
        let pair = |a, b| index.pair(index.search_pair(a, b), |place| terms[place as usize]);
        assert_eq!((pair(0, 1), pair(2, 1), pair(0, 2)), (Some(1), Some(5), None));
    }
}
