//! Naive-Bayes weights from the topics' sums, estimated by linfa.

use std::collections::HashMap;

use linfa::{Dataset, traits::Fit as _};
use linfa_bayes::{MultinomialNb, NaiveBayesError};
use ndarray::{Array1, Array2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::vocabulary;
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

/// The topics' sums over the kept terms.
pub(crate) struct Rows<'a> {
    counts: &'a Counts,
    kept: &'a [u32],
    /// S(topic).
    totals: Vec<f64>,
}

/// A sum of fixed-point weights as a number: exact up to 2^29 articles of weight 1.
pub(crate) fn unit(weight: u64) -> f64 {
    weight as f64 / f64::from(crate::text::WEIGHT_ONE)
}

/// So many terms are estimated at a time by one thread.
pub(crate) const BLOCK: usize = 1 << 14;

/// What one estimator makes of the totals.
struct Scale<'a> {
    estimator: &'a Estimator,
    /// What each topic's row is multiplied by, and its total then.
    factors: Vec<f64>,
    totals: Vec<f64>,
    /// The sum of all totals.
    total: f64,
}

/// Rows with all that is needed to estimate any of their terms.
struct ScaledRows<'a> {
    rows: &'a Rows<'a>,
    scale: Scale<'a>,
    /// What each topic's weights are divided by.
    norms: Vec<f64>,
}

impl ScaledRows<'_> {
    /// The weights of some of the kept terms, some blocks of those that are asked for.
    fn weights<T: Copy + Default + Send>(
        &self,
        terms: &[u32],
        round: impl Fn(f64) -> T + Sync,
    ) -> Result<Vec<T>, EstimateError> {
        let topics = self.norms.len();
        let mut weights = vec![T::default(); terms.len() * topics];
        weights.par_chunks_mut(BLOCK * topics).zip(terms.par_chunks(BLOCK)).try_for_each(
            |(weights, terms)| {
                self.rows.for_each_column(terms, &self.scale, |topic, column| {
                    let places = weights.iter_mut().skip(topic).step_by(topics);
                    places.zip(column).for_each(|(place, weight)| *place = round(weight / self.norms[topic]));
                })
            },
        )?;
        Ok(weights)
    }
}

impl<'a> Rows<'a> {
    pub(crate) fn new(counts: &'a Counts, kept: &'a [u32]) -> Self {
        let totals = vocabulary::totals(counts, kept).into_iter().map(unit).collect();
        Self { counts, kept, totals }
    }

    /// The weights in full precision: one row per term, one column per topic.
    #[cfg(test)]
    pub(crate) fn estimate(&self, estimator: &Estimator) -> Result<Vec<f64>, EstimateError> {
        self.scaled(estimator)?.weights(self.kept, |weight| weight)
    }

    /// The weights of some of the kept terms as a file holds them: what little the last bits of a logarithm differ between
    /// platforms is gone then.
    pub(crate) fn estimate_rounded(
        &self,
        estimator: &Estimator,
        terms: &[u32],
    ) -> Result<Vec<f32>, EstimateError> {
        self.scaled(estimator)?.weights(terms, |weight| weight as f32)
    }

    /// The same, in parts.
    pub(crate) fn estimate_in_parts<E: From<EstimateError>>(
        &self,
        estimator: &Estimator,
        terms: &[u32],
        mut sink: impl FnMut(Vec<f32>) -> Result<(), E>,
    ) -> Result<(), E> {
        let scaled = self.scaled(estimator)?;
        for terms in terms.chunks(BLOCK * rayon::current_num_threads()) {
            sink(scaled.weights(terms, |weight| weight as f32)?)?;
        }
        Ok(())
    }

    fn scaled<'b>(&'b self, estimator: &'b Estimator) -> Result<ScaledRows<'b>, EstimateError> {
        let factors: Vec<f64> = self.totals.iter().map(|&total| row_factor(estimator, total)).collect();
        let totals: Vec<f64> =
            self.totals.iter().zip(&factors).map(|(total, factor)| total * factor).collect();
        let scale = Scale { estimator, total: totals.iter().sum(), factors, totals };
        let norms = if estimator.normalize { self.norms(&scale)? } else { vec![1.0; self.totals.len()] };
        Ok(ScaledRows { rows: self, scale, norms })
    }

    /// For each topic the mean of its weights' absolute values.
    fn norms(&self, scale: &Scale<'_>) -> Result<Vec<f64>, EstimateError> {
        let topics = self.totals.len();
        let blocks = self.kept.par_chunks(BLOCK).map(|terms| {
            let mut sums = vec![0.0; topics];
            self.for_each_column(terms, scale, |topic, column| {
                sums[topic] = column.iter().map(|w| w.abs()).sum()
            })?;
            Ok(sums)
        });
        let blocks = blocks.collect::<Result<Vec<Vec<f64>>, EstimateError>>()?;
        // In the order of the terms, on any number of threads.
        let sum = |topic: usize| blocks.iter().map(|sums| sums[topic]).sum::<f64>();
        Ok((0..topics).map(|topic| sum(topic) / self.kept.len() as f64).collect())
    }

    /// Estimates some terms and calls `visit` with each topic and its weights of them.
    fn for_each_column(
        &self,
        terms: &[u32],
        scale: &Scale<'_>,
        mut visit: impl FnMut(usize, &[f64]),
    ) -> Result<(), EstimateError> {
        let (alpha, (plain, complement)) = (scale.estimator.alpha, scale.estimator.variant.shares());
        // M(topic, term) where it is not 0, by topic: the term's place among these and its sum; and the sum of all topics.
        let mut own: Vec<Vec<(usize, f64)>> = vec![Vec::new(); self.totals.len()];
        let mut all = vec![0.0; terms.len()];
        for (place, &term) in terms.iter().enumerate() {
            for entry in self.counts.entries_of(term as usize) {
                let topic = usize::from(entry.topic);
                let sum = unit(entry.weight) * scale.factors[topic];
                own[topic].push((place, sum));
                all[place] += sum;
            }
        }
        // A topic that does not have a term differs from the next such one in its total only.
        let row = |total| Row { alpha, total, terms: self.kept.len() };
        let everything =
            if complement == 0.0 { Vec::new() } else { row(scale.total).log_probabilities(all.clone())? };
        let mut column = vec![0.0; terms.len()];
        for (topic, own) in own.iter().enumerate() {
            column.fill(0.0);
            if plain != 0.0 {
                let row = row(scale.totals[topic]);
                let estimated = row.log_probabilities(own.iter().map(|&(_, sum)| sum).collect())?;
                column.fill(plain * row.log_probability_of_nothing());
                own.iter().zip(estimated).for_each(|(&(place, _), log)| column[place] = plain * log);
            }
            if complement != 0.0 {
                // A difference of rounded sums may fall below 0 by as much as the rounding.
                let others = row((scale.total - scale.totals[topic]).max(0.0));
                let rest = own.iter().map(|&(place, sum)| (all[place] - sum).max(0.0)).collect();
                let estimated = others.log_probabilities(rest)?;
                let shift = row(scale.total).log_denominator() - others.log_denominator();
                let mut own = own.iter().zip(estimated).peekable();
                for (place, (weight, log)) in column.iter_mut().zip(&everything).enumerate() {
                    let log = match own.next_if(|(own, _)| own.0 == place) {
                        Some((_, log)) => log,
                        None => log + shift,
                    };
                    *weight -= complement * log;
                }
            }
            visit(topic, &column);
        }
        Ok(())
    }
}

/// One row of sums, of which linfa is given a part at a time.
#[derive(Clone, Copy)]
struct Row {
    alpha: f64,
    total: f64,
    terms: usize,
}

impl Row {
    /// ln of the sum of (row + alpha).
    fn log_denominator(self) -> f64 {
        libm::log(self.total + self.alpha * self.terms as f64)
    }

    /// That of a term whose sum is 0.
    fn log_probability_of_nothing(self) -> f64 {
        libm::log(self.alpha) - self.log_denominator()
    }

    /// ln((sum + alpha) / sum of (row + alpha)) for the `sums` of some terms of the row, by linfa.
    ///
    /// linfa takes dense matrices, so it is never given articles: naive Bayes needs only the sums. Terms do not depend on each
    /// other but through the row's total; so all that are not asked for are given to it as one.
    fn log_probabilities(self, mut sums: Vec<f64>) -> Result<Vec<f64>, EstimateError> {
        let len = sums.len();
        if len < self.terms {
            let rest = (self.total - sums.iter().sum::<f64>()).max(0.0);
            sums.push(rest + self.alpha * (self.terms - len - 1) as f64);
        }
        let mut logs = fit(sums, self.alpha)?;
        logs.truncate(len);
        Ok(logs)
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

/// linfa's log-probabilities of one class with these sums.
fn fit(row: Vec<f64>, alpha: f64) -> Result<Vec<f64>, EstimateError> {
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
        Some(class) => Ok(class.feature_log_prob.into_raw_vec()),
        None => Err(EstimateError::Form("it has no class".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use linfa::traits::PredictInplace as _;

    use super::*;
    use crate::{
        article::Topic,
        counts::{Entry, TermId},
        text::{TextProfile, WEIGHT_ONE},
    };

    fn estimator(variant: Variant, alpha: f64) -> Estimator {
        Estimator { variant, alpha, row_scaling: 0.0, common_sum: 1.0, normalize: false }
    }

    /// Counts in which topic t's sum of term j is `rows[t][j]`.
    fn counts(rows: &[&[f64]]) -> Counts {
        let topics = (0..rows.len()).map(|t| Topic::new(&format!("t{t}")).unwrap()).collect();
        let mut counts = Counts { topics, ..Counts::empty(TextProfile::default()) };
        for term in 0..rows[0].len() as u32 {
            counts.words.push(&format!("w{term:02}"));
            for (topic, row) in (0..).zip(rows) {
                let weight = (row[term as usize] * f64::from(WEIGHT_ONE)) as u64;
                if weight > 0 {
                    counts.push_entry(TermId::word(term), Entry { topic, articles: 1, weight });
                }
            }
        }
        counts
    }

    fn close(a: &[f64], b: &[f64], tolerance: f64) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= tolerance, "{a} is not {b}");
        }
    }

    #[test]
    fn complement_weights_equal_scikit_learns() {
        let counts = counts(&[&[3., 0., 1., 0.], &[0., 2., 2., 1.], &[1., 1., 0., 5.]]);
        let rows = Rows::new(&counts, &[0, 1, 2, 3]);
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
        let counts = counts(&sums.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let kept: Vec<u32> = (0..40).collect();
        let rows = Rows::new(&counts, &kept);
        let weights = rows.estimate(&estimator(Variant::Plain, 0.3)).unwrap();

        let dataset = Dataset::new(documents.clone(), Array1::from_vec(topics));
        let dense = MultinomialNb::params().alpha(0.3).fit(&dataset).unwrap();
        let mut predicted = dense.default_target(&documents);
        dense.predict_inplace(&documents, &mut predicted);
        for (d, document) in documents.rows().into_iter().enumerate() {
            let mut scores: Vec<f64> = articles.iter().map(|n| libm::log(n / 300.0)).collect();
            for (&n, weights) in document.iter().zip(weights.chunks_exact(3)).filter(|(n, _)| **n > 0.0) {
                crate::model::score::add_scores(&mut scores, n, weights.iter().copied());
            }
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
        let counts = counts(&[&[30., 10.], &[1., 3.]]);
        let rows = Rows::new(&counts, &[0, 1]);
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
