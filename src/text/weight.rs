//! Term weights: 1 + ln tf, the article's vector scaled to length 1, in fixed point.
//!
//! Everything up to one square root and one rounding is done in integers, so the order of terms cannot matter,
//! and logarithms come from `libm`, so every platform rounds alike.

/// A term's weight in one article, in units of 2^-24.
pub type Weight = u32;

/// The weight 1.0.
pub const WEIGHT_ONE: Weight = 1 << 24;

/// The unit of a logarithmic term frequency before scaling: 2^-16.
const UNIT: f64 = 65536.0;
const TABLE: usize = 256;
/// Weights of lower frequencies are computed once for an article: nearly all terms have one of these.
const FREQUENT: usize = 8;
/// The share of [`TermWeights`] that leaves weights as they are.
pub(super) const WHOLE: u64 = 1 << 16;

/// The weights of one article's terms of one kind, by their frequency.
pub(super) struct TermWeights {
    /// What the logarithms are multiplied by, in units of 2^-16.
    share: u64,
    /// 1 + ln tf times the share, in units of 2^-16.
    logs: [u32; TABLE],
    /// The current article's.
    scale: f64,
    weights: [Weight; FREQUENT],
}

impl TermWeights {
    pub(super) fn new(share: u64) -> Self {
        let logs = std::array::from_fn(|tf| log_frequency(tf.max(1) as u32, share));
        Self { share, logs, scale: 0.0, weights: [0; FREQUENT] }
    }

    /// The square of the logarithmic frequency.
    #[inline]
    pub(super) fn square(&self, tf: u32) -> u64 {
        let log = u64::from(self.log(tf));
        log * log
    }

    /// From now on the weights are those of an article of this [`scale`].
    pub(super) fn set_scale(&mut self, scale: f64) {
        self.scale = scale;
        self.weights = std::array::from_fn(|tf| weight(self.logs[tf], scale));
    }

    /// The weight of a term.
    #[inline]
    pub(super) fn get(&self, tf: u32) -> Weight {
        match self.weights.get(tf as usize) {
            Some(&weight) => weight,
            None => weight(self.log(tf), self.scale),
        }
    }

    #[inline]
    fn log(&self, tf: u32) -> u32 {
        match self.logs.get(tf as usize) {
            Some(&value) => value,
            None => log_frequency(tf, self.share),
        }
    }
}

fn log_frequency(tf: u32, share: u64) -> u32 {
    let log = ((1.0 + libm::log(f64::from(tf))) * UNIT).round_ties_even() as u64;
    ((log * share + WHOLE / 2) >> 16) as u32
}

/// What a logarithmic term frequency is multiplied by to become a weight, given the sum of their squares.
#[inline]
pub(super) fn scale(sum_of_squares: u64) -> f64 {
    if sum_of_squares == 0 {
        return 0.0;
    }
    f64::from(WEIGHT_ONE) / (sum_of_squares as f64).sqrt()
}

#[inline]
fn weight(log_frequency: u32, scale: f64) -> Weight {
    // At most 2^24, since no term is longer than the whole vector; at least 1, so that a term is never lost.
    ((f64::from(log_frequency) * scale).round_ties_even() as Weight).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_has_length_one() {
        let mut table = TermWeights::new(WHOLE);
        let frequencies = [1, 1, 2, 7, 300];
        table.set_scale(scale(frequencies.iter().map(|&tf| table.square(tf)).sum()));
        let weights = frequencies.map(|tf| f64::from(table.get(tf)) / f64::from(WEIGHT_ONE));
        let length: f64 = weights.iter().map(|w| w * w).sum();
        assert!((length - 1.0).abs() < 1e-6, "{length}");
        // By hand: (1 + ln 7) / (1 + ln 2) = 2.9459 / 1.6931.
        assert!((weights[3] / weights[2] - 1.739_9).abs() < 1e-4);
    }

    #[test]
    fn one_term_alone_weighs_one() {
        let mut table = TermWeights::new(WHOLE);
        table.set_scale(scale(table.square(1)));
        assert_eq!(table.get(1), WEIGHT_ONE);
    }

    #[test]
    fn a_share_makes_every_weight_smaller() {
        let (mut whole, mut half) = (TermWeights::new(WHOLE), TermWeights::new(WHOLE / 2));
        for tf in [1, 5, 100, 1000] {
            // Of an even logarithm exactly a quarter.
            assert!(whole.square(tf).abs_diff(4 * half.square(tf)) <= 4 * whole.square(tf).isqrt());
        }
        whole.set_scale(100.0);
        half.set_scale(100.0);
        assert_eq!((whole.get(1), half.get(1)), (6_553_600, 3_276_800));
    }
}
