//! The terms of a model and their weights, side by side.

use std::ops::Range;

use rayon::prelude::*;

use super::classify::add_scores;
use crate::counts::TermId;

/// So many records are written at a time by one thread.
const SHARE: usize = 1 << 16;

/// So many numbers of a record are the term's words.
const WORDS: usize = 2;

/// Sorted terms with one weight per topic. What a term is stands right before its weights: to look up a pair is to
/// read its record, and memory is what looking up waits for.
#[derive(Debug)]
pub(crate) struct WeightedTerms {
    topics: usize,
    /// For each term its words' numbers as [`TermId`] has them, then the weights' bits.
    records: Vec<u32>,
}

impl WeightedTerms {
    /// Terms with `weights[term * topics + topic]`.
    pub(crate) fn new(
        terms: impl ExactSizeIterator<Item = TermId>,
        mut weights: impl Iterator<Item = f32>,
        topics: usize,
    ) -> Self {
        let mut records = Vec::with_capacity(terms.len() * (WORDS + topics));
        for term in terms {
            records.extend([(term.0 >> 32) as u32, term.0 as u32]);
            records.extend(weights.by_ref().take(topics).map(f32::to_bits));
        }
        Self { topics, records }
    }

    /// So many terms with so many topics, of which `write` is told which records to write, some at a time, on several threads.
    ///
    /// # Errors
    /// The first error of `write`.
    pub(crate) fn written_by<E: Send>(
        terms: usize,
        topics: usize,
        write: impl Fn(Range<usize>, Records<'_>) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let mut records = vec![0; terms * (WORDS + topics)];
        records.par_chunks_mut(SHARE * (WORDS + topics)).enumerate().try_for_each(|(share, records)| {
            let start = share * SHARE;
            let some = start..start + records.len() / (WORDS + topics);
            write(some, Records { topics, records })
        })?;
        Ok(Self { topics, records })
    }

    /// How many terms there are.
    pub(crate) fn len(&self) -> usize {
        self.records.len() / (WORDS + self.topics)
    }

    /// The term at `place`.
    #[inline]
    pub(crate) fn term(&self, place: u32) -> TermId {
        let start = place as usize * (WORDS + self.topics);
        TermId(u64::from(self.records[start]) << 32 | u64::from(self.records[start + 1]))
    }

    /// Its weights, one per topic.
    #[inline]
    pub(crate) fn weights(&self, place: u32) -> impl ExactSizeIterator<Item = f32> + '_ {
        let start = place as usize * (WORDS + self.topics) + WORDS;
        self.records[start..start + self.topics].iter().map(|&bits| f32::from_bits(bits))
    }

    /// Adds terms to every topic's score: the weight in the article times the weight for the topic.
    pub(crate) fn add_up(&self, terms: impl Iterator<Item = (u32, f64)>, scores: &mut [f64]) {
        // Scores of so many topics stay in registers.
        match self.topics {
            2 => self.add_up_fixed::<2>(terms, scores),
            3 => self.add_up_fixed::<3>(terms, scores),
            4 => self.add_up_fixed::<4>(terms, scores),
            _ => terms.for_each(|(place, weight)| add_scores(scores, weight, self.weights(place))),
        }
    }

    fn add_up_fixed<const TOPICS: usize>(&self, terms: impl Iterator<Item = (u32, f64)>, scores: &mut [f64]) {
        let mut sums: [f64; TOPICS] = std::array::from_fn(|topic| scores[topic]);
        for (place, weight) in terms {
            let start = place as usize * (WORDS + TOPICS) + WORDS;
            // There are as many behind every term.
            let weights = self.records[start..].first_chunk::<TOPICS>().copied().unwrap_or([0; TOPICS]);
            for (sum, bits) in sums.iter_mut().zip(weights) {
                *sum += weight * f64::from(f32::from_bits(bits));
            }
        }
        scores.copy_from_slice(&sums);
    }

    /// The weight for the topic at `topic`, which there must be.
    pub(crate) fn weight(&self, place: u32, topic: usize) -> f32 {
        f32::from_bits(self.records[place as usize * (WORDS + self.topics) + WORDS + topic])
    }

    /// All terms, in order.
    pub(crate) fn terms(&self) -> impl ExactSizeIterator<Item = TermId> + '_ {
        (0..self.len() as u32).map(|place| self.term(place))
    }
}

/// Records that are being written, counted from the first of them.
pub(crate) struct Records<'a> {
    topics: usize,
    records: &'a mut [u32],
}

impl Records<'_> {
    /// How many weights a record has.
    pub(crate) fn topics(&self) -> usize {
        self.topics
    }

    /// Sets the term of a record.
    #[inline]
    pub(crate) fn set_term(&mut self, record: usize, term: TermId) {
        let start = record * (WORDS + self.topics);
        self.records[start..start + WORDS].copy_from_slice(&[(term.0 >> 32) as u32, term.0 as u32]);
    }

    /// Sets a record's weight for a topic.
    #[inline]
    pub(crate) fn set_weight(&mut self, record: usize, topic: usize, weight: f32) {
        self.records[record * (WORDS + self.topics) + WORDS + topic] = weight.to_bits();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_together_comes_apart() {
        let terms = [TermId::word(7), TermId::pair(7, 0), TermId::pair(7, u32::MAX - 1)];
        let weights = [0.5, -1.25, 3.0, f32::MIN_POSITIVE, 0.0, -7.5];
        let both = WeightedTerms::new(terms.into_iter(), weights.into_iter(), 2);
        assert_eq!(both.len(), 3);
        assert_eq!(both.terms().collect::<Vec<_>>(), terms);
        assert_eq!((0..3).flat_map(|place| both.weights(place)).collect::<Vec<_>>(), weights);
        assert_eq!(both.weight(2, 1), -7.5);
    }

    #[test]
    fn records_are_written_where_they_belong() {
        let terms = 2 * SHARE + 3;
        let written = WeightedTerms::written_by(terms, 2, |range, mut records| {
            for (record, place) in range.enumerate() {
                records.set_term(record, TermId(place as u64 + (5 << 32)));
                (0..2).for_each(|topic| records.set_weight(record, topic, (place * 2 + topic) as f32));
            }
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(written.len(), terms);
        for place in [0, SHARE, 2 * SHARE + 2] {
            assert_eq!(written.term(place as u32), TermId(place as u64 + (5 << 32)));
            assert_eq!(written.weight(place as u32, 1), (place * 2 + 1) as f32);
        }
        assert_eq!(WeightedTerms::written_by(terms, 2, |_, _| Err("no")).err(), Some("no"));
    }
}
