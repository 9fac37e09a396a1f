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

/// Logarithmic term frequencies, 1 + ln tf in units of 2^-16.
pub(crate) struct TermFrequencyTable([u32; TABLE]);

impl TermFrequencyTable {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|tf| log_frequency(tf.max(1) as u32)))
    }

    #[inline]
    pub(crate) fn get(&self, tf: u32) -> u32 {
        match self.0.get(tf as usize) {
            Some(&value) => value,
            None => log_frequency(tf),
        }
    }
}

fn log_frequency(tf: u32) -> u32 {
    ((1.0 + libm::log(f64::from(tf))) * UNIT).round_ties_even() as u32
}

/// What a logarithmic term frequency is multiplied by to become a weight, given the sum of their squares.
#[inline]
pub(crate) fn scale(sum_of_squares: u64) -> f64 {
    if sum_of_squares == 0 {
        return 0.0;
    }
    f64::from(WEIGHT_ONE) / (sum_of_squares as f64).sqrt()
}

/// The weight of a term.
#[inline]
pub(crate) fn weight(log_frequency: u32, scale: f64) -> Weight {
    // At most 2^24, since no term is longer than the whole vector; at least 1, so that a term is never lost.
    ((f64::from(log_frequency) * scale).round_ties_even() as Weight).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_has_length_one() {
        let table = TermFrequencyTable::new();
        let logs: Vec<u32> = [1, 1, 2, 7, 300].map(|tf| table.get(tf)).to_vec();
        let sum = logs.iter().map(|&l| u64::from(l) * u64::from(l)).sum();
        let weights: Vec<f64> =
            logs.iter().map(|&l| f64::from(weight(l, scale(sum))) / f64::from(WEIGHT_ONE)).collect();
        let length: f64 = weights.iter().map(|w| w * w).sum();
        assert!((length - 1.0).abs() < 1e-6, "{length}");
        // By hand: (1 + ln 7) / (1 + ln 2) = 2.9459 / 1.6931.
        assert!((weights[3] / weights[2] - 1.739_9).abs() < 1e-4);
    }

    #[test]
    fn one_term_alone_weighs_one() {
        let log = TermFrequencyTable::new().get(1);
        assert_eq!(weight(log, scale(u64::from(log) * u64::from(log))), WEIGHT_ONE);
    }
}
