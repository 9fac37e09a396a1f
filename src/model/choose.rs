//! Chooses the parameters that do best on the training articles, each scored without itself.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    answer::Coverage,
    calibrate::{self, Fit},
    estimate::{Estimator, Variant},
    leave_one_out::Whole,
    sample::{Sample, SampledArticle},
    train::ValidTrainingParams,
    vocabulary,
};
use crate::counts::Counts;

/// Smoothing from light to heavy, in article weights.
const ALPHAS: [f64; 6] = [0.01, 0.03, 0.06, 0.1, 0.2, 0.4];
const ROW_SCALINGS: [f64; 3] = [0.5, 0.75, 1.0];
const VARIANTS: [Variant; 2] = [Variant::Complement, Variant::Blend];
/// No more estimators are tried.
pub(crate) const MAX_CANDIDATES: usize = ALPHAS.len() * ROW_SCALINGS.len() * VARIANTS.len();
/// Parameters are chosen on at most so many articles, those with the smallest digests.
pub const CHOICE_LIMIT: usize = 2048;
/// Used where nothing can be measured.
pub(crate) const UNMEASURED: (Variant, f64, f64) = (Variant::Complement, 0.1, 0.75);

/// Leave-one-out quality on the training articles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaveOneOutMetrics {
    /// How many articles the calibration, the thresholds and these figures come from: all, or those with the smallest digests.
    pub articles: u64,
    /// How many of these the parameters were chosen on, those with the smallest digests; 0 where there was nothing to choose.
    pub choice_articles: u64,
    /// Mean negative log-probability of the right topic, in nats.
    pub log_loss: f64,
    /// Share of articles whose most probable topic is the right one.
    pub accuracy: f64,
}

/// What was chosen, and how it did.
pub(crate) struct Choice {
    pub(crate) kept: Vec<u32>,
    pub(crate) estimator: Estimator,
    /// How many articles it was chosen on.
    pub(crate) articles: usize,
    /// Its calibration on all sampled articles.
    pub(crate) fit: Fit,
    /// Their scores: `scores[article * topics + topic]`.
    pub(crate) scores: Vec<f64>,
    /// How much of each the model of the others knows, and the mean surprise of its words.
    pub(crate) coverages: Vec<(Coverage, f64)>,
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

/// Tries all candidates on the first [`CHOICE_LIMIT`] articles of `sample`, takes the one of least log-loss after calibration,
/// of equal ones the first, and calibrates it on all of `sample`. `article_count` is that of
/// the whole corpus.
pub(crate) fn choose(
    counts: &Counts,
    sample: &Sample<'_>,
    params: &ValidTrainingParams,
    background: Option<usize>,
    article_count: u64,
) -> Option<Choice> {
    let kept = vocabulary::select(counts, params.min_articles, params.max_terms);
    let whole = Whole::new(counts, params.min_articles, &kept);
    let candidates = candidates(params, vocabulary::mean_total(whole.totals()));
    let (estimator, articles) = match candidates.as_slice() {
        [only] => (*only, 0),
        several => {
            let articles = &sample.articles()[..sample.articles().len().min(CHOICE_LIMIT)];
            let scores = whole.scores(articles, several);
            (best(several, &scores, articles, sample.topics(), background)?, articles.len())
        }
    };
    let scores = whole.scores(sample.articles(), &[estimator]).pop()?;
    let fit = calibrate::fit(&scores, sample.articles(), sample.topics(), background, None);
    let coverages = sample.coverages(&whole, article_count);
    Some(Choice { kept, estimator, articles, fit, scores, coverages })
}

/// The candidate of least log-loss after calibration.
fn best(
    candidates: &[Estimator],
    scores: &[Vec<f64>],
    articles: &[SampledArticle],
    topics: usize,
    background: Option<usize>,
) -> Option<Estimator> {
    // Candidates that differ in alpha only have calibrations close to each other: each begins where the last one ended.
    let similar = |a: &(&Estimator, &Vec<f64>), b: &(&Estimator, &Vec<f64>)| {
        a.0.variant == b.0.variant && a.0.row_scaling == b.0.row_scaling
    };
    let with_scores: Vec<_> = candidates.iter().zip(scores).collect();
    let runs: Vec<_> = with_scores.chunk_by(similar).collect();
    let losses: Vec<Vec<f64>> = runs
        .par_iter()
        .map(|run| {
            let mut last: Option<Fit> = None;
            let mut losses = Vec::with_capacity(run.len());
            for (_, scores) in *run {
                let fit = calibrate::fit(scores, articles, topics, background, last.as_ref());
                losses.push(fit.log_loss);
                last = Some(fit);
            }
            losses
        })
        .collect();
    let losses = losses.into_iter().flatten();
    let best = candidates.iter().zip(losses).reduce(|best, next| if next.1 < best.1 { next } else { best });
    best.map(|(estimator, _)| *estimator)
}
