//! Whether probabilities mean what they say.

use serde::Serialize;

use super::{Prediction, Predictions};

/// Bins of equal width, the usual number (Guo et al. 2017).
pub const RELIABILITY_BINS: usize = 15;

/// The assigned answers whose probability is in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Answers.
    pub answers: u64,
    /// The sum of their probabilities.
    pub probabilities: f64,
    /// How many of them are right.
    pub right: u64,
}

/// The bin of an answer, where it assigns a topic: an abstention is no claim whose probability could be checked.
pub(crate) fn bin(prediction: &Prediction) -> Option<(usize, f64)> {
    let p = prediction.probability(prediction.answer);
    prediction.assigned.then_some((((p * RELIABILITY_BINS as f64) as usize).min(RELIABILITY_BINS - 1), p))
}

/// The bins of all assigned answers, from probability 0 to 1.
pub(crate) fn bins(predictions: &Predictions) -> Vec<ReliabilityBin> {
    let mut bins = vec![ReliabilityBin::default(); RELIABILITY_BINS];
    for prediction in predictions.all() {
        if let Some((bin, p)) = bin(prediction) {
            bins[bin].add(p, prediction.is_right());
        }
    }
    bins
}

impl ReliabilityBin {
    #[inline]
    pub(crate) fn add(&mut self, probability: f64, right: bool) {
        self.answers += 1;
        self.probabilities += probability;
        self.right += u64::from(right);
    }

    /// The mean probability of its answers.
    #[must_use]
    pub fn confidence(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.probabilities / self.answers as f64)
    }

    /// The share of its answers that are right.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.right as f64 / self.answers as f64)
    }
}

/// Expected calibration error: the mean over the assigned answers of how far their bin's accuracy is from its mean
/// probability (Naeini et al. 2015); 0 where there are none.
pub(crate) fn ece(bins: &[ReliabilityBin]) -> f64 {
    let answers: u64 = bins.iter().map(|b| b.answers).sum();
    let gaps: f64 = bins.iter().map(|b| (b.probabilities - b.right as f64).abs()).sum();
    gaps / answers.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ece_by_hand() {
        let rows: [(usize, usize, &[f64]); 5] = [
            (0, 0, &[0.9, 0.1]),
            (1, 0, &[0.92, 0.08]),
            (0, 0, &[1.0, 0.0]),
            (1, 1, &[0.45, 0.55]),
            (0, 2, &[0.5, 0.5]),
        ];
        let predictions = Predictions::of(&["a", "b", "other"], Some(2), &rows);
        let bins = bins(&predictions);
        // Bins are 1/15 wide: 0.9 and 0.92 in bin 13 (0.867 to 0.933), 1.0 in bin 14, 0.55 in bin 8; the abstention in none.
        let answers: Vec<u64> = bins.iter().map(|b| b.answers).collect();
        assert_eq!((answers[8], answers[13], answers[14], answers.iter().sum::<u64>()), (1, 2, 1, 4));
        // |0.55 - 1| + |1.82 - 1| + |1 - 1| = 1.27, over 4 answers.
        assert!((ece(&bins) - 1.27 / 4.0).abs() < 1e-12);
        assert_eq!(bins[13].accuracy(), Some(0.5));
    }
}
