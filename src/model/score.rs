//! The score of every topic: what is added up is the weight of each term in the article times its weight for the topic.

use super::{
    term::{weight, weights},
    term_table::TermTable,
};

/// Adds a term to every topic's score.
#[inline]
pub(crate) fn add_scores<T: Into<f64>>(scores: &mut [f64], weight: f64, weights: impl Iterator<Item = T>) {
    for (score, w) in scores.iter_mut().zip(weights) {
        *score += weight * w.into();
    }
}

/// Adds words, by their numbers, and pairs, by where they lie, with their weights in the article.
pub(super) fn add_up(
    terms: &TermTable,
    words: impl Iterator<Item = (u32, f64)>,
    pairs: impl Iterator<Item = (usize, f64)>,
    scores: &mut [f64],
) {
    let words = words.map(|(number, weight)| (terms.of_word(number), weight));
    let pairs = pairs.map(|(at, weight)| (terms.of_pair(at), weight));
    // The scores of so many topics stay in registers.
    match scores.len() {
        2 => add_up_fixed::<2>(words, pairs, scores),
        3 => add_up_fixed::<3>(words, pairs, scores),
        4 => add_up_fixed::<4>(words, pairs, scores),
        _ => words.chain(pairs).for_each(|(of_term, w)| add_scores(scores, w, weights(of_term))),
    }
}

fn add_up_fixed<'a, const TOPICS: usize>(
    words: impl Iterator<Item = (&'a [u32], f64)>,
    pairs: impl Iterator<Item = (&'a [u32], f64)>,
    scores: &mut [f64],
) {
    let mut sums: [f64; TOPICS] = std::array::from_fn(|topic| scores[topic]);
    let mut add = |(of_term, w): (&[u32], f64)| {
        let of_term = &of_term[..TOPICS];
        for (topic, sum) in sums.iter_mut().enumerate() {
            *sum += w * weight(of_term, topic);
        }
    };
    words.for_each(&mut add);
    pairs.for_each(&mut add);
    scores.copy_from_slice(&sums);
}
