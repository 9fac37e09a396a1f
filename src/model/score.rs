//! The score of every topic: what is added up is the weight of each term in the article times its weight for the topic.

use super::weights::Weights;

/// Adds a term to every topic's score.
#[inline]
pub(crate) fn add_scores<T: Into<f64>>(scores: &mut [f64], weight: f64, weights: impl Iterator<Item = T>) {
    for (score, w) in scores.iter_mut().zip(weights) {
        *score += weight * w.into();
    }
}

/// Adds terms, by the numbers of their rows, with their weights in the article.
pub(super) fn add_up(weights: &Weights, terms: impl Iterator<Item = (u32, f64)>, scores: &mut [f64]) {
    let terms = terms.map(|(row, weight)| (weights.row(row), weight));
    // The scores of so many topics stay in registers.
    match scores.len() {
        2 => add_up_fixed::<2>(terms, scores),
        3 => add_up_fixed::<3>(terms, scores),
        4 => add_up_fixed::<4>(terms, scores),
        _ => terms.for_each(|(row, weight)| add_scores(scores, weight, row.iter().copied())),
    }
}

fn add_up_fixed<'a, const TOPICS: usize>(terms: impl Iterator<Item = (&'a [f32], f64)>, scores: &mut [f64]) {
    let mut sums: [f64; TOPICS] = std::array::from_fn(|topic| scores[topic]);
    for (row, weight) in terms {
        let row = &row[..TOPICS];
        for (sum, &w) in sums.iter_mut().zip(row) {
            *sum += weight * f64::from(w);
        }
    }
    scores.copy_from_slice(&sums);
}
