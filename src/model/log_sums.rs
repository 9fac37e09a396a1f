//! For `Estimator::normalize`: how large a topic's weights are, all terms together.

use super::estimate::unit;
use crate::counts::Counts;

/// Sums of ln(M + alpha) over the kept terms, by topic: of the topic's row and of the others'.
#[derive(Clone)]
pub(super) struct LogSums {
    pub(super) plain: Vec<f64>,
    pub(super) complement: Vec<f64>,
}

impl LogSums {
    pub(super) fn new(counts: &Counts, kept: &[u32], alpha: f64) -> Self {
        let topics = counts.topics.len();
        let mut sums = Self { plain: vec![0.0; topics], complement: vec![0.0; topics] };
        for &term in kept {
            let own: Vec<(usize, f64)> = counts
                .entries_of(term as usize)
                .iter()
                .map(|e| (usize::from(e.topic), unit(e.weight)))
                .collect();
            sums.add(&own, alpha, 1.0);
        }
        sums
    }

    /// Adds one term's logarithms `times` times; `own` is its sums in the topics that have it.
    pub(super) fn add(&mut self, own: &[(usize, f64)], alpha: f64, times: f64) {
        let all: f64 = own.iter().map(|o| o.1).sum();
        let (nothing, everything) = (libm::log(alpha), libm::log(all + alpha));
        for (plain, complement) in self.plain.iter_mut().zip(&mut self.complement) {
            *plain += times * nothing;
            *complement += times * everything;
        }
        for &(topic, n) in own {
            self.plain[topic] += times * (libm::log(n + alpha) - nothing);
            self.complement[topic] += times * (libm::log((all - n).max(0.0) + alpha) - everything);
        }
    }
}
