//! The weights of a model: what a term's weight in an article is multiplied by, for every topic.
//!
//! Terms that were met in the same articles, or as often and in like ones, have the same weights: most terms of a large model.
//! So rows of weights are held once, and a term has the number of its row.

use super::hash_table::HashTable;
use crate::{
    counts::{Counts, Entry},
    prefetch::prefetch,
};

/// Rows of weights, one weight per topic.
#[derive(Debug)]
pub(crate) struct Weights {
    topics: usize,
    rows: Vec<f32>,
}

impl Weights {
    /// Rows that stand one behind the other.
    pub(crate) fn new(topics: usize, rows: Vec<f32>) -> Self {
        Self { topics, rows }
    }

    /// The row of this number.
    #[inline]
    pub(crate) fn row(&self, number: u32) -> &[f32] {
        let start = number as usize * self.topics;
        &self.rows[start..start + self.topics]
    }

    /// Says that a row will be asked for soon.
    #[inline]
    pub(crate) fn fetch(&self, number: u32) {
        self.rows.get(number as usize * self.topics).inspect(|weight| prefetch(*weight));
    }

    /// All rows, one behind the other.
    pub(crate) fn rows(&self) -> &[f32] {
        &self.rows
    }
}

/// Which terms have equal sums, and so equal weights. Rows are numbered in the order in which terms need them.
pub(crate) struct EqualSums {
    /// The row of each term.
    pub(crate) rows: Vec<u32>,
    /// For each row the first of its terms, as an index into those of the counts.
    pub(crate) terms: Vec<u32>,
}

impl EqualSums {
    /// Among the terms `kept` of `counts`, which are indexes.
    pub(crate) fn new(counts: &Counts, kept: &[u32]) -> Self {
        let mut seen = HashTable::with_room(kept.len());
        let (mut rows, mut terms) = (Vec::with_capacity(kept.len()), Vec::new());
        for &term in kept {
            let sums = counts.entries_of(term as usize);
            let hash = hash(sums);
            let is_it = |row: u32| is_equal(counts.entries_of(terms[row as usize] as usize), sums);
            let row = seen.get(hash, is_it).unwrap_or_else(|| {
                let row = terms.len() as u32;
                seen.insert(hash, row);
                terms.push(term);
                row
            });
            rows.push(row);
        }
        Self { rows, terms }
    }
}

/// Whether two terms have the same sums in the same topics.
fn is_equal(a: &[Entry], b: &[Entry]) -> bool {
    let sum = |entry: &Entry| (entry.topic, entry.weight);
    a.iter().map(sum).eq(b.iter().map(sum))
}

/// A number that differs for nearly all sums.
fn hash(sums: &[Entry]) -> u64 {
    sums.iter().fold(0, |hash: u64, entry| {
        let mixed = hash.rotate_left(29) ^ entry.weight ^ u64::from(entry.topic).rotate_right(16);
        let product = u128::from(mixed) * 0x9E37_79B9_7F4A_7C15;
        (product >> 64) as u64 ^ product as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{article::Topic, counts::TermId, text::TextProfile};

    #[test]
    fn terms_with_equal_sums_share_a_row() {
        let topics = ["a", "b"].map(|name| Topic::new(name).unwrap()).to_vec();
        let mut counts = Counts { topics, ..Counts::empty(TextProfile::default()) };
        let entry = |topic, articles, weight| Entry { topic, articles, weight };
        let sums = [
            vec![entry(0, 2, 70)],
            vec![entry(1, 2, 70)],
            // In how many articles does not matter.
            vec![entry(0, 3, 70)],
            vec![entry(0, 2, 70), entry(1, 1, 9)],
            vec![entry(1, 1, 70)],
            vec![entry(0, 2, 71)],
        ];
        for (term, sums) in (0..).zip(sums) {
            counts.words.push(&format!("w{term}"));
            sums.into_iter().for_each(|entry| counts.push_entry(TermId::word(term), entry));
        }
        let equal = EqualSums::new(&counts, &[0, 1, 2, 3, 4, 5]);
        assert_eq!((equal.rows, equal.terms), (vec![0, 1, 0, 2, 1, 3], vec![0, 1, 3, 5]));
        let equal = EqualSums::new(&counts, &[2, 4, 5]);
        assert_eq!((equal.rows, equal.terms), (vec![0, 1, 2], vec![2, 4, 5]));
    }
}
