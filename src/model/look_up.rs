//! Finds all terms of an article in a model.
//!
//! Looking up is waiting for memory. So every step is taken for all terms before the next: what a step reads for one term does
//! not depend on another, and the processor waits for many of them at once.

use super::{hash_table::Start, term_table::TermTable};
use crate::{
    counts::TermId,
    text::{TextReader, Weight},
};

/// In the place of a word's number: the model does not have the word.
pub(crate) const UNKNOWN: u32 = u32::MAX;

/// Looks up articles. Keep one per thread: after a few articles it allocates nothing.
#[derive(Default)]
pub(crate) struct LookUp {
    /// The number of each distinct word in the model, or [`UNKNOWN`].
    numbers: Vec<u32>,
    /// Of the known words, then of the known pairs: what the model has of them, weight in the article.
    terms: Vec<(u32, Weight)>,
    // What is known of them while they are looked up.
    word_searches: Vec<Start>,
    pair_searches: Vec<PairSearch>,
}

/// A pair of known words.
struct PairSearch {
    first: u32,
    second: u32,
    /// Where the search for it begins.
    bucket: u32,
    weight: Weight,
}

impl LookUp {
    /// Finds the terms of the article that was read last; `fetch` is told the number that `terms` has of each.
    pub(crate) fn find(&mut self, reader: &TextReader, terms: &TermTable, fetch: impl Fn(u32)) {
        self.find_words(reader, terms);
        self.find_pairs(reader, terms);
        self.terms.clear();
        let mut know = |number, weight| {
            fetch(number);
            self.terms.push((number, weight));
        };
        for (&word, (_, _, weight)) in self.numbers.iter().zip(reader.words()) {
            if word != UNKNOWN {
                know(terms.of_word(word), weight);
            }
        }
        for &PairSearch { first, second, bucket, weight } in &self.pair_searches {
            if let Some(number) = terms.find(first, second, bucket) {
                know(number, weight);
            }
        }
    }

    /// The number in the model of each distinct word of the article that was looked up last, or [`UNKNOWN`].
    pub(crate) fn word_numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Its known terms, words first, each in order of first occurrence: what the model has of it, weight in the article.
    pub(crate) fn terms(&self) -> &[(u32, Weight)] {
        &self.terms
    }

    /// The same with what each term is.
    pub(crate) fn named_terms<'t>(
        &self,
        terms: &'t TermTable,
    ) -> impl Iterator<Item = (TermId, u32, Weight)> + use<'_, 't> {
        let words = self.numbers.iter().filter(|&&word| word != UNKNOWN).map(|&word| TermId::word(word));
        let pairs = self.pair_searches.iter().filter_map(|&PairSearch { first, second, bucket, .. }| {
            terms.find(first, second, bucket).map(|_| TermId::pair(first, second))
        });
        words.chain(pairs).zip(&self.terms).map(|(id, &(number, weight))| (id, number, weight))
    }

    fn find_words(&mut self, reader: &TextReader, terms: &TermTable) {
        let index = terms.index();
        self.word_searches.clear();
        self.word_searches.extend(reader.words().map(|(key, _, _)| index.start(key.0)));
        self.numbers.clear();
        let searches = self.word_searches.iter().zip(reader.words());
        self.numbers.extend(searches.map(|(&start, (key, _, _))| {
            let number = index.likely(start, key.0).unwrap_or(UNKNOWN);
            terms.fetch_word(number);
            number
        }));
        let found = self.numbers.iter().zip(reader.words());
        let right = found.fold(true, |right, (&number, (key, _, _))| {
            right & (number == UNKNOWN || terms.has_key(number, key))
        });
        if !right {
            for (number, (key, _, _)) in self.numbers.iter_mut().zip(reader.words()) {
                *number = terms.word(key).unwrap_or(UNKNOWN);
            }
        }
    }

    fn find_pairs(&mut self, reader: &TextReader, terms: &TermTable) {
        self.pair_searches.clear();
        for (first, second, _, weight) in reader.pairs() {
            // A model that knows a pair knows both of its words.
            let (first, second) = (self.numbers[first as usize], self.numbers[second as usize]);
            if first != UNKNOWN
                && second != UNKNOWN
                && let Some(bucket) = terms.search(first, second)
            {
                terms.fetch_pair(bucket);
                self.pair_searches.push(PairSearch { first, second, bucket, weight });
            }
        }
    }
}
