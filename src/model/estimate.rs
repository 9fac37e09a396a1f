//! Naive-Bayes weights from the topics' sums, estimated by linfa.

use std::collections::HashMap;

use linfa::{Dataset, traits::Fit as _};
use linfa_bayes::{MultinomialNb, NaiveBayesError};
use ndarray::{Array1, Array2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::counts::Counts;

/// Which estimate of a term's weight for a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// ln P(term | topic): multinomial naive Bayes.
    Plain,
    /// -ln P(term | all other topics): complement naive Bayes (Rennie et al. 2003, section 3.1).
    Complement,
    /// The complement weight plus a quarter of the plain one.
    Blend,
}

impl Variant {
    /// What the plain and the complement weight are multiplied by.
    pub(crate) fn shares(self) -> (f64, f64) {
        match self {
            Self::Plain => (1.0, 0.0),
            Self::Complement => (0.0, 1.0),
            Self::Blend => (0.25, 1.0),
        }
    }
}

/// How weights are made of the topics' sums.
///
/// With N(topic, term) the sums of article weights, S(topic) their totals over the kept terms and c the common sum, the
/// rows are M(topic, term) = N(topic, term) (c / S(topic))^`row_scaling`, and P(term | topic) = (M + alpha) / sum of (M + alpha).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimator {
    /// Which estimate.
    pub variant: Variant,
    /// Added to every sum, in article weights (an article's vector has length 1). Above 0.
    pub alpha: f64,
    /// 0: sums as they are; 1: every topic's row has the same total; between: between.
    pub row_scaling: f64,
    /// The total of a fully scaled row, in article weights.
    pub common_sum: f64,
    /// Whether each topic's weights are divided by the mean of their absolute values (Rennie et al. 2003, section 3.2).
    /// Only for `row_scaling` 0.
    pub normalize: bool,
}

/// Why weights cannot be estimated.
#[derive(Debug, thiserror::Error)]
pub enum EstimateError {
    /// linfa refused the rows.
    #[error("linfa cannot estimate the weights: {0}")]
    Linfa(#[from] NaiveBayesError),
    /// linfa's result has another form than the one this version knows.
    #[error("linfa's estimate cannot be read: {0}")]
    Form(String),
}

/// The topics' sums over the kept terms, in article weights.
pub(crate) struct Rows {
    terms: usize,
    /// N(topic, term) where it is not 0: for every topic the term's place among the kept ones and its sum.
    sums: Vec<Vec<(u32, f64)>>,
    totals: Vec<f64>,
}

/// A sum of fixed-point weights as a number: exact up to 2^29 articles of weight 1.
pub(crate) fn unit(weight: u64) -> f64 {
    weight as f64 / f64::from(crate::text::WEIGHT_ONE)
}

impl Rows {
    pub(crate) fn new(counts: &Counts, kept: &[u32]) -> Self {
        let topics = counts.topics.len();
        let mut sizes = vec![0; topics];
        let mut totals = vec![0u64; topics];
        for entry in kept.iter().flat_map(|&index| counts.entries_of(index as usize)) {
            sizes[usize::from(entry.topic)] += 1;
            totals[usize::from(entry.topic)] += entry.weight;
        }
        let mut sums: Vec<Vec<(u32, f64)>> = sizes.into_iter().map(Vec::with_capacity).collect();
        for (column, &index) in kept.iter().enumerate() {
            for entry in counts.entries_of(index as usize) {
                sums[usize::from(entry.topic)].push((column as u32, unit(entry.weight)));
            }
        }
        Self { terms: kept.len(), sums, totals: totals.into_iter().map(unit).collect() }
    }

    /// Rows of whole counts, for comparison with other programs.
    #[cfg(test)]
    pub(crate) fn of_counts(rows: &[&[f64]]) -> Self {
        Self {
            terms: rows[0].len(),
            sums: rows.iter().map(|row| (0..).zip(row.iter().copied()).collect()).collect(),
            totals: rows.iter().map(|row| row.iter().sum()).collect(),
        }
    }

    /// The weights in full precision: one row per term, one column per topic.
    #[cfg(test)]
    pub(crate) fn estimate(&self, estimator: &Estimator) -> Result<Vec<f64>, EstimateError> {
        self.estimate_as(estimator, |weight| weight)
    }

    /// The weights as a file holds them: what little the last bits of a logarithm differ between platforms is gone then.
    pub(crate) fn estimate_rounded(&self, estimator: &Estimator) -> Result<Vec<f32>, EstimateError> {
        self.estimate_as(estimator, |weight| weight as f32)
    }

    fn estimate_as<T: Copy + Default + Send + Sync>(
        &self,
        estimator: &Estimator,
        round: impl Fn(f64) -> T + Sync,
    ) -> Result<Vec<T>, EstimateError> {
        let factors: Vec<f64> = self.totals.iter().map(|&total| row_factor(estimator, total)).collect();
        let mut all = vec![0.0; self.terms];
        for (sums, factor) in self.sums.iter().zip(&factors) {
            for &(term, n) in sums {
                all[term as usize] += n * factor;
            }
        }
        let topics = self.sums.len();
        let mut weights = vec![T::default(); self.terms * topics];
        // As many topics at a time as there are threads: a topic needs a few rows of its own while linfa has it.
        let at_once = rayon::current_num_threads().max(1);
        for first in (0..topics).step_by(at_once) {
            let some: Vec<usize> = (first..topics.min(first + at_once)).collect();
            let columns = some
                .par_iter()
                .map(|&topic| {
                    let column = self.column(topic, factors[topic], &all, estimator)?;
                    Ok(column.into_iter().map(&round).collect())
                })
                .collect::<Result<Vec<Vec<T>>, EstimateError>>()?;
            let block = 4096;
            weights.par_chunks_mut(block * topics).enumerate().for_each(|(i, rows)| {
                for (row, term) in rows.chunks_exact_mut(topics).zip(i * block..) {
                    for (weight, column) in row[first..].iter_mut().zip(&columns) {
                        *weight = column[term];
                    }
                }
            });
        }
        Ok(weights)
    }

    /// The weights of one topic.
    fn column(
        &self,
        topic: usize,
        factor: f64,
        all: &[f64],
        estimator: &Estimator,
    ) -> Result<Vec<f64>, EstimateError> {
        let (plain, complement) = estimator.variant.shares();
        let mut column = vec![0.0; self.terms];
        if plain != 0.0 {
            let mut row = vec![0.0; self.terms];
            for &(term, n) in &self.sums[topic] {
                row[term as usize] = n * factor;
            }
            let estimated = log_probabilities(row, estimator.alpha)?;
            column.iter_mut().zip(&estimated).for_each(|(w, e)| *w += plain * e);
        }
        if complement != 0.0 {
            let mut others = all.to_vec();
            for &(term, n) in &self.sums[topic] {
                // A difference of rounded sums may fall below 0 by as much as the rounding.
                let rest = &mut others[term as usize];
                *rest = (*rest - n * factor).max(0.0);
            }
            let estimated = log_probabilities(others, estimator.alpha)?;
            column.iter_mut().zip(&estimated).for_each(|(w, e)| *w -= complement * e);
        }
        if estimator.normalize {
            let norm = column.iter().map(|w| w.abs()).sum::<f64>() / self.terms as f64;
            column.iter_mut().for_each(|w| *w /= norm);
        }
        Ok(column)
    }
}

/// What a topic's sums are multiplied by, given their total.
pub(crate) fn row_factor(estimator: &Estimator, total: f64) -> f64 {
    if estimator.row_scaling == 0.0 || total <= 0.0 {
        1.0
    } else {
        libm::pow(estimator.common_sum / total, estimator.row_scaling)
    }
}

/// ln((row + alpha) / sum of (row + alpha)) of one row, by linfa.
///
/// linfa takes dense matrices, so it is never given articles: naive Bayes needs only the sums. One row at a time,
/// because its classes do not depend on each other.
fn log_probabilities(row: Vec<f64>, alpha: f64) -> Result<Vec<f64>, EstimateError> {
    /// linfa's fitted numbers, which it shows through serde only.
    #[derive(Deserialize)]
    struct Fitted {
        class_info: HashMap<usize, Class>,
    }
    #[derive(Deserialize)]
    struct Class {
        feature_log_prob: Array1<f64>,
    }
    let form = |e: &dyn std::fmt::Display| EstimateError::Form(e.to_string());
    let records = Array2::from_shape_vec((1, row.len()), row).map_err(|e| form(&e))?;
    let dataset = Dataset::new(records, Array1::from_elem(1, 0usize));
    let model = MultinomialNb::params().alpha(alpha).fit(&dataset)?;
    let bytes = rmp_serde::to_vec_named(&model).map_err(|e| form(&e))?;
    let fitted: Fitted = rmp_serde::from_slice(&bytes).map_err(|e| form(&e))?;
    match fitted.class_info.into_values().next() {
        Some(class) => Ok(class.feature_log_prob.to_vec()),
        None => Err(EstimateError::Form("it has no class".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use linfa::traits::PredictInplace as _;

    use super::*;

    fn estimator(variant: Variant, alpha: f64) -> Estimator {
        Estimator { variant, alpha, row_scaling: 0.0, common_sum: 1.0, normalize: false }
    }

    fn close(a: &[f64], b: &[f64], tolerance: f64) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= tolerance, "{a} is not {b}");
        }
    }

    #[test]
    fn complement_weights_equal_scikit_learns() {
        let rows = Rows::of_counts(&[&[3., 0., 1., 0.], &[0., 2., 2., 1.], &[1., 1., 0., 5.]]);
        let by_topic = |weights: Vec<f64>| -> Vec<f64> {
            (0..3).flat_map(|t| (0..4).map(move |j| (t, j))).map(|(t, j)| weights[j * 3 + t]).collect()
        };
        // scikit-learn 1.9.1: ComplementNB(alpha=0.5).fit(X, y).feature_log_prob_.
        let weights = by_topic(rows.estimate(&estimator(Variant::Complement, 0.5)).unwrap());
        close(&weights, &SKLEARN, 1e-12);
        // The same with norm=True gives each weight over the sum of its topic's; ours is over their mean.
        let normalized = Estimator { normalize: true, ..estimator(Variant::Complement, 0.5) };
        let weights = by_topic(rows.estimate(&normalized).unwrap());
        close(&weights.iter().map(|w| w / 4.0).collect::<Vec<_>>(), &SKLEARN_NORM, 1e-12);
    }

    #[test]
    fn sums_give_the_scores_that_linfa_gives_on_the_documents() {
        // 300 short documents of three topics over 40 words, drawn by a fixed linear congruential generator.
        let mut state = 7u64;
        let mut draw = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let topics: Vec<usize> = (0..300).map(|_| draw(3) as usize).collect();
        let mut documents = Array2::<f64>::zeros((300, 40));
        for (d, &topic) in topics.iter().enumerate() {
            for _ in 0..12 {
                let word = if draw(3) == 0 { topic as u64 * 13 + draw(13) } else { draw(40) };
                documents[[d, word as usize]] += 1.0;
            }
        }
        let mut sums = vec![vec![0.0; 40]; 3];
        let mut articles = [0.0; 3];
        for (d, &topic) in topics.iter().enumerate() {
            articles[topic] += 1.0;
            sums[topic].iter_mut().zip(documents.row(d)).for_each(|(s, n)| *s += n);
        }
        let rows = Rows::of_counts(&sums.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let weights = rows.estimate(&estimator(Variant::Plain, 0.3)).unwrap();

        let dataset = Dataset::new(documents.clone(), Array1::from_vec(topics));
        let dense = MultinomialNb::params().alpha(0.3).fit(&dataset).unwrap();
        let mut predicted = dense.default_target(&documents);
        dense.predict_inplace(&documents, &mut predicted);
        for (d, document) in documents.rows().into_iter().enumerate() {
            let terms =
                document.iter().enumerate().filter(|(_, n)| **n > 0.0).map(|(term, &n)| (term as u32, n));
            let mut scores: Vec<f64> = articles.iter().map(|n| libm::log(n / 300.0)).collect();
            crate::model::classify::add_scores(&mut scores, &weights, terms);
            // linfa's joint log-likelihood by its own formula, from its own fitted numbers.
            let own = joint_log_likelihood(&dense, document);
            close(&scores, &own, 1e-9);
            let best = (0..3).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
            assert_eq!(best, predicted[d], "document {d}");
        }
    }

    fn joint_log_likelihood(
        model: &MultinomialNb<f64, usize>,
        document: ndarray::ArrayView1<'_, f64>,
    ) -> Vec<f64> {
        let value = serde_json::to_value(model).unwrap();
        (0..3)
            .map(|topic| {
                let class = &value["class_info"][topic.to_string()];
                let prior = libm::log(class["prior"].as_f64().unwrap());
                let logs = class["feature_log_prob"]["data"].as_array().unwrap();
                prior + logs.iter().zip(document).map(|(l, n)| l.as_f64().unwrap() * n).sum::<f64>()
            })
            .collect()
    }

    #[test]
    fn scaled_rows_have_one_total() {
        let rows = Rows::of_counts(&[&[30., 10.], &[1., 3.]]);
        let scaled = Estimator { row_scaling: 1.0, common_sum: 8.0, ..estimator(Variant::Plain, 1.0) };
        // By hand: rows become (6, 2) and (2, 6), each of total 8, and with alpha 1 the probabilities 7/10, 3/10 and 3/10, 7/10.
        close(&rows.estimate(&scaled).unwrap(), &[0.7, 0.3, 0.3, 0.7].map(libm::log), 1e-12);
    }

    const SKLEARN: [f64; 12] = [
        2.2335922215070942,
        1.3862943611198906,
        1.7227665977411035,
        0.7672551527136672,
        1.0608719606852628,
        2.159484249353372,
        2.159484249353372,
        0.8602012652231115,
        1.1451323043030026,
        1.4816045409242156,
        1.1451323043030026,
        1.9924301646902063,
    ];
    const SKLEARN_NORM: [f64; 12] = [
        0.3655688595872109,
        0.2268928248258452,
        0.28196275685729694,
        0.12557555872964693,
        0.1700103953632933,
        0.34606887976964096,
        0.34606887976964096,
        0.13785184509742493,
        0.19865941060312067,
        0.2570311602780797,
        0.19865941060312067,
        0.345650018515679,
    ];
}
