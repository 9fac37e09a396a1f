//! How far figures would move with other articles of the same kind: the percentile bootstrap (Efron 1979).
//!
//! Each resample draws as many articles as there are, with replacement, and measures them like the articles themselves.
//! What an article adds to the figures is worked out once. Every resample has a generator of its own, so that threads
//! change nothing.
//!
//! ECE is a sum of absolute values, which chance can only make larger: that of resamples lies above that of the articles
//! themselves, the more so the fewer they are, and so does its interval.

use rayon::prelude::*;
use serde::Serialize;

use super::{
    Figures, Prediction, Predictions, RELIABILITY_BINS, ReliabilityBin,
    confusion::{Hits, macro_f1},
    reliability,
};

/// How many resamples are drawn.
pub const RESAMPLES: usize = 1000;
/// Any number; always the same one, so that intervals are reproducible.
const SEED: u64 = 0x6261_7965_7377_6972;

/// An interval that holds the figure of 95% of the resamples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Interval {
    /// 2.5% are below.
    pub low: f64,
    /// 2.5% are above.
    pub high: f64,
}

/// What one article adds to the figures.
#[derive(Clone, Copy, Debug)]
struct Share {
    right: u32,
    answer: u32,
    /// The bin of the answer; [`RELIABILITY_BINS`] for none.
    bin: u32,
    probability: f64,
    log_loss: f64,
    brier: f64,
}

impl From<&Prediction> for Share {
    fn from(prediction: &Prediction) -> Self {
        let (bin, probability) = reliability::bin(prediction).unwrap_or((RELIABILITY_BINS, 0.0));
        Self {
            right: prediction.right as u32,
            answer: prediction.answer as u32,
            bin: bin as u32,
            probability,
            log_loss: prediction.log_loss(),
            brier: prediction.brier(),
        }
    }
}

/// Adds up articles to figures. Kept from one resample to the next.
struct Sums {
    articles: u64,
    hits: Vec<Hits>,
    /// The last is for answers in no bin.
    bins: Vec<ReliabilityBin>,
    log_loss: f64,
    brier: f64,
}

impl Sums {
    fn new(labels: usize) -> Self {
        let bins = vec![ReliabilityBin::default(); RELIABILITY_BINS + 1];
        Self { articles: 0, hits: vec![Hits::default(); labels], bins, log_loss: 0.0, brier: 0.0 }
    }

    fn clear(&mut self) {
        self.articles = 0;
        self.hits.fill(Hits::default());
        self.bins.fill(ReliabilityBin::default());
        (self.log_loss, self.brier) = (0.0, 0.0);
    }

    #[inline]
    fn add(&mut self, share: &Share) {
        let is_right = share.right == share.answer;
        self.articles += 1;
        self.hits[share.right as usize].articles += 1;
        self.hits[share.answer as usize].answers += 1;
        self.hits[share.right as usize].right += u64::from(is_right);
        self.bins[share.bin as usize].add(share.probability, is_right);
        self.log_loss += share.log_loss;
        self.brier += share.brier;
    }

    fn figures(&self) -> Figures<f64> {
        let articles = self.articles.max(1) as f64;
        let right: u64 = self.hits.iter().map(|h| h.right).sum();
        Figures {
            accuracy: right as f64 / articles,
            macro_f1: macro_f1(&self.hits),
            log_loss: self.log_loss / articles,
            brier: self.brier / articles,
            ece: reliability::ece(&self.bins[..RELIABILITY_BINS]),
        }
    }
}

/// The figures of `predictions`, and their intervals.
pub(crate) fn figures(predictions: &Predictions) -> (Figures<f64>, Figures<Interval>) {
    let labels = predictions.labels().len();
    let shares: Vec<Share> = predictions.all().iter().map(Share::from).collect();
    let mut sums = Sums::new(labels);
    shares.iter().for_each(|share| sums.add(share));
    let figures = sums.figures();
    if shares.is_empty() {
        return (figures, Figures::default());
    }
    let resamples: Vec<Figures<f64>> = (0..RESAMPLES as u64)
        .into_par_iter()
        .map_init(
            || Sums::new(labels),
            |sums, number| {
                let mut generator = SplitMix64::new(number);
                sums.clear();
                for _ in 0..shares.len() {
                    sums.add(&shares[generator.below(shares.len())]);
                }
                sums.figures()
            },
        )
        .collect();
    let intervals = Figures::each(|figure| {
        let mut values: Vec<f64> = resamples.iter().map(|f| f.get(figure)).collect();
        values.sort_unstable_by(f64::total_cmp);
        Interval { low: percentile(&values, 0.025), high: percentile(&values, 0.975) }
    });
    (figures, intervals)
}

/// The value below which the share `at` of `sorted` lies, linear between neighbours (type 7 of Hyndman and Fan 1996).
fn percentile(sorted: &[f64], at: f64) -> f64 {
    let place = at * sorted.len().saturating_sub(1) as f64;
    let (floor, part) = (place as usize, place.fract());
    let value = |i: usize| sorted.get(i).or(sorted.last()).copied().unwrap_or(0.0);
    value(floor) + part * (value(floor + 1) - value(floor))
}

/// The generator of Steele, Lea and Flood (2014).
struct SplitMix64(u64);

impl SplitMix64 {
    /// The generator of one resample: the seed's stream, from a place of its own that a mixed number gives.
    fn new(number: u64) -> Self {
        let mut start = Self(SEED ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        Self(start.next())
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, each equally likely but for one part in 2^64 / limit.
    #[inline]
    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        // The first three numbers for the seed 1234567, as given with the reference implementation.
        let mut generator = SplitMix64(1_234_567);
        let numbers = [generator.next(), generator.next(), generator.next()];
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn percentiles_by_hand() {
        // Between 0 and 10 in five steps: 2.5% of 4 steps is 0.1 of the first step, 97.5% is 0.9 of the last.
        let sorted = [0.0, 1.0, 2.0, 5.0, 10.0];
        assert!((percentile(&sorted, 0.025) - 0.1).abs() < 1e-12);
        assert!((percentile(&sorted, 0.975) - 9.5).abs() < 1e-12);
        assert_eq!((percentile(&[3.0], 0.5), percentile(&[], 0.5)), (3.0, 0.0));
    }

    fn coin(articles: usize) -> Predictions {
        let rows: Vec<(usize, usize, &[f64])> = (0..articles)
            .map(|i| {
                let probabilities: &[f64] = if i % 5 == 0 { &[0.3, 0.7] } else { &[0.8, 0.2] };
                (0, usize::from(i % 5 == 0), probabilities)
            })
            .collect();
        Predictions::of(&["a", "b"], None, &rows)
    }

    #[test]
    fn the_interval_is_that_of_the_binomial_distribution() {
        // 400 articles, 80% right: the standard deviation is sqrt(0.8 0.2 / 400) = 0.02, so 0.8 - 1.96 0.02 = 0.761.
        let (figures, intervals) = figures(&coin(400));
        assert!((figures.accuracy - 0.8).abs() < 1e-12);
        assert!((intervals.accuracy.low - 0.761).abs() < 0.004, "{intervals:?}");
        assert!((intervals.accuracy.high - 0.839).abs() < 0.004, "{intervals:?}");
        // 0.8 ln(1 / 0.8) + 0.2 ln(1 / 0.3) = 0.178515 + 0.240795.
        assert!((figures.log_loss - 0.419_309).abs() < 1e-6, "{figures:?}");
        // 0.8 2 0.2^2 + 0.2 2 0.7^2 = 0.064 + 0.196.
        assert!((figures.brier - 0.26).abs() < 1e-12);
        // 0.8 |0.8 - 1| + 0.2 |0.7 - 0|.
        assert!((figures.ece - 0.3).abs() < 1e-12);
        // a: 2 320 / (400 + 320); no article is of b.
        assert!((figures.macro_f1 - 640.0 / 720.0).abs() < 1e-12);
    }

    #[test]
    fn threads_change_nothing() {
        let predictions = coin(200);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| figures(&predictions))
        };
        assert_eq!(on(1), on(3));
    }
}
