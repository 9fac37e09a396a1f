//! Chooses the parameters that do best on the training articles, each scored without itself.

use serde::{Deserialize, Serialize};

use super::{
    calibrate::{self, Fit},
    estimate::{Estimator, Variant},
    leave_one_out::Sample,
    train::ValidTrainingParams,
    vocabulary,
};
use crate::counts::Counts;

/// Smoothing from light to heavy, in article weights.
const ALPHAS: [f64; 6] = [0.01, 0.03, 0.06, 0.1, 0.2, 0.4];
const ROW_SCALINGS: [f64; 3] = [0.5, 0.75, 1.0];
const VARIANTS: [Variant; 2] = [Variant::Complement, Variant::Blend];
/// Used where nothing can be measured.
pub(crate) const UNMEASURED: (Variant, f64, f64) = (Variant::Complement, 0.1, 0.75);

/// Leave-one-out quality on the training articles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaveOneOutMetrics {
    /// How many articles were scored: all, or those with the smallest digests.
    pub articles: u64,
    /// Mean negative log-probability of the right topic, in nats.
    pub log_loss: f64,
    /// Share of articles whose most probable topic is the right one.
    pub accuracy: f64,
}

/// What was chosen, and how it did.
pub(crate) struct Choice {
    pub(crate) kept: Vec<u32>,
    pub(crate) estimator: Estimator,
    pub(crate) fit: Fit,
    /// The scores that it was chosen by: `scores[article * topics + topic]`.
    pub(crate) scores: Vec<f64>,
}

/// The estimators to try: what the user left open, in every combination.
fn candidates(params: &ValidTrainingParams, common_sum: f64) -> Vec<Estimator> {
    let open = |given: Option<f64>, grid: &[f64]| given.map_or_else(|| grid.to_vec(), |v| vec![v]);
    let scalings = if params.normalize { vec![0.0] } else { open(params.row_scaling, &ROW_SCALINGS) };
    let variants = match params.variant {
        Some(variant) => vec![variant],
        None if params.normalize => vec![Variant::Complement],
        None => VARIANTS.to_vec(),
    };
    let mut all = Vec::new();
    for &variant in &variants {
        for &row_scaling in &scalings {
            for &alpha in &open(params.alpha, &ALPHAS) {
                all.push(Estimator { variant, alpha, row_scaling, common_sum, normalize: params.normalize });
            }
        }
    }
    all
}

/// Tries all candidates on `sample` and returns the one of least log-loss after calibration; of equal ones, the first.
pub(crate) fn choose(
    counts: &Counts,
    sample: &Sample<'_>,
    params: &ValidTrainingParams,
    background: Option<usize>,
) -> Option<Choice> {
    let kept = vocabulary::select(counts, params.min_articles, params.max_terms);
    let candidates = candidates(params, vocabulary::mean_total(counts, &kept));
    let scores = sample.scores(params.min_articles, &kept, &candidates);
    let fits = scores.into_iter().map(|scores| {
        let fit = calibrate::fit(&scores, sample.articles(), sample.topics(), background);
        (fit, scores)
    });
    let best = candidates
        .into_iter()
        .zip(fits)
        .reduce(|best, next| if next.1.0.log_loss < best.1.0.log_loss { next } else { best });
    best.map(|(estimator, (fit, scores))| Choice { kept, estimator, fit, scores })
}
