//! The way from counts to a model.

use super::{
    Model, abstain,
    calibrate::Calibration,
    choose::{UNMEASURED, choose},
    estimate::{EstimateError, Estimator, Rows, Variant},
    facts::{ModelFacts, Thresholds, TrainingFacts},
    file::Parts,
    held_out::{self, HeldOut},
    sample::{NotCounted, Sample, in_order_of_digests, sampled},
    term_table::TermTable,
    vocabulary,
    weights::EqualSums,
};
use crate::{
    article::{LabeledArticle, Topic},
    counts::{CorpusSummary, Counts},
    file::{InvalidFile, hex},
};

/// The topic that stands for "none of the others" when the user names none.
pub const DEFAULT_BACKGROUND: &str = "other";
/// More terms than this are kept only when the user says so.
pub const DEFAULT_MAX_TERMS: usize = 5_000_000;
/// What was asked for. What is left open is chosen by leave-one-out.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingParams {
    /// Added to every sum; above 0.
    pub alpha: Option<f64>,
    /// Drop terms in fewer articles; at least 1.
    pub min_articles: u64,
    /// Keep at most so many terms; at least 1.
    pub max_terms: usize,
    /// Which estimate of the weights.
    pub variant: Option<Variant>,
    /// How far the topics' sums are scaled to a common total, 0 to 1.
    pub row_scaling: Option<f64>,
    /// Divide each topic's weights by their mean size.
    pub normalize: bool,
    /// The topic that stands for "none of the others"; an empty name for none. Left open: `other`, if there is one.
    pub background: Option<String>,
}

impl Default for TrainingParams {
    fn default() -> Self {
        Self {
            alpha: None,
            min_articles: 1,
            max_terms: DEFAULT_MAX_TERMS,
            variant: None,
            row_scaling: None,
            normalize: false,
            background: None,
        }
    }
}

/// Parameters that may be used.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidTrainingParams {
    pub(crate) alpha: Option<f64>,
    pub(crate) min_articles: u64,
    pub(crate) max_terms: usize,
    pub(crate) variant: Option<Variant>,
    pub(crate) row_scaling: Option<f64>,
    pub(crate) normalize: bool,
    pub(crate) background: Option<String>,
}

impl ValidTrainingParams {
    /// Terms in fewer articles are dropped.
    pub(crate) fn min_articles(&self) -> u64 {
        self.min_articles
    }

    /// No more terms are kept.
    pub(crate) fn max_terms(&self) -> usize {
        self.max_terms
    }
}

/// All that is wrong with training parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct InvalidParams(pub Vec<String>);

impl TrainingParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// Lists all that are out of range.
    pub fn check(self) -> Result<ValidTrainingParams, InvalidParams> {
        let mut wrong = Vec::new();
        if let Some(alpha) = self.alpha
            && !(1e-6..=1e6).contains(&alpha)
        {
            wrong.push(format!("alpha is {alpha}, it must be from 0.000001 to 1000000"));
        }
        if self.min_articles == 0 {
            wrong.push("min-articles is 0, it must be at least 1".to_owned());
        }
        if self.max_terms == 0 || self.max_terms > u32::MAX as usize / 2 {
            wrong.push(format!("max-terms is {}, it must be from 1 to {}", self.max_terms, u32::MAX / 2));
        }
        if let Some(scaling) = self.row_scaling
            && !(0.0..=1.0).contains(&scaling)
        {
            wrong.push(format!("row-scaling is {scaling}, it must be from 0 to 1"));
        }
        if self.normalize {
            if self.row_scaling.is_some_and(|s| s != 0.0) {
                wrong.push("normalize needs row-scaling 0: scaled rows have one norm already".to_owned());
            }
            if self.variant == Some(Variant::Blend) {
                wrong.push("normalize needs the variant plain or complement".to_owned());
            }
        }
        if !wrong.is_empty() {
            return Err(InvalidParams(wrong));
        }
        let Self { alpha, min_articles, max_terms, variant, row_scaling, normalize, background } = self;
        Ok(ValidTrainingParams {
            alpha,
            min_articles,
            max_terms,
            variant,
            row_scaling,
            normalize,
            background,
        })
    }
}

/// Why no model came of it.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// There is nothing to tell apart.
    #[error("the corpus has {}, at least 2 topics are needed", topics(.0))]
    TooFewTopics(Vec<String>),
    /// The background that was named is not a topic.
    #[error("the background {0:?} is not a topic of the corpus; its topics are {1}")]
    UnknownBackground(String, String),
    /// No term is in so many articles.
    #[error("no term occurs in at least {0} articles")]
    NoTerms(u64),
    /// The articles for leave-one-out are others than were counted.
    #[error("{0}: leave-one-out needs the articles of the counts")]
    NotCounted(#[from] NotCounted),
    /// linfa failed.
    #[error(transparent)]
    Estimate(#[from] EstimateError),
    /// The model cannot be written as a file.
    #[error(transparent)]
    File(#[from] InvalidFile),
}

fn topics(names: &[String]) -> String {
    match names {
        [] => "no article".to_owned(),
        [one] => format!("one topic only, {one:?}"),
        many => format!("{} topics", many.len()),
    }
}

/// A model and the bytes of its file.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// Its file: [`Model::from_bytes`] of these gave the model.
    pub bytes: Vec<u8>,
    /// How the model of all the others answers each article that leave-one-out scored, in the order of their digests;
    /// empty where no articles were given.
    pub held_out: Vec<HeldOut>,
}

/// Makes a model of `counts`.
///
/// With `articles`, the very ones that were counted, what `params` leave open is chosen by leave-one-out and probabilities
/// are calibrated on the same scores. Without, a middle value is taken for what is open and probabilities are rough.
///
/// # Errors
/// When the corpus has fewer than two topics or no terms, or `articles` are others than were counted.
pub fn train(
    counts: &Counts,
    articles: Option<&[&LabeledArticle]>,
    params: &ValidTrainingParams,
) -> Result<Trained, TrainError> {
    check_topics(&counts.topics, params)?;
    let index = TermTable::of_counts(counts);
    let sample = articles.map(|articles| {
        let order = in_order_of_digests(counts, articles)?;
        let bytes = |&i: &usize| articles[i].article.title.len() + articles[i].article.text.len();
        let some = order.iter().take(sampled(order.iter().map(bytes)));
        Sample::new(counts, &index, &some.map(|&i| (i, articles[i])).collect::<Vec<_>>())
    });
    let fitted = fit(counts, &counts.summary(), sample.transpose()?, params)?;
    let equal = EqualSums::new(counts, &fitted.kept);
    let weights = Rows::new(counts, &fitted.kept).estimate_rounded(&fitted.facts.estimator, &equal.terms)?;
    let (model, bytes) = Parts::new(fitted.facts, counts, &fitted.kept, equal.rows, weights).finish()?;
    debug_assert_eq!(Model::from_bytes(&bytes).map(|read| read.revision()), Ok(model.revision()));
    Ok(Trained { model, bytes, held_out: fitted.held_out })
}

/// Checks what can be told from the topics alone; gives the place of the background.
pub(crate) fn check_topics(
    topics: &[Topic],
    params: &ValidTrainingParams,
) -> Result<Option<usize>, TrainError> {
    let names: Vec<String> = topics.iter().map(ToString::to_string).collect();
    if names.len() < 2 {
        return Err(TrainError::TooFewTopics(names));
    }
    background(&names, params.background.as_deref())
}

/// All of a model but its weights.
pub(crate) struct Fitted {
    pub(crate) facts: ModelFacts,
    /// The terms to keep, as indexes into those of the counts.
    pub(crate) kept: Vec<u32>,
    pub(crate) held_out: Vec<HeldOut>,
}

/// Chooses terms and parameters and calibrates, see [`train()`]. `corpus` tells about the whole corpus, of which `counts` may
/// lack terms that `params` drop.
pub(crate) fn fit(
    counts: &Counts,
    corpus: &CorpusSummary,
    sample: Option<Sample<'_>>,
    params: &ValidTrainingParams,
) -> Result<Fitted, TrainError> {
    let background = check_topics(&counts.topics, params)?;
    let all = corpus.article_count();
    let choice = sample.as_ref().and_then(|sample| choose(counts, sample, params, background, all));
    let (kept, estimator, calibration, thresholds, leave_one_out, scored) = match choice {
        Some(choice) => {
            let metrics = super::LeaveOneOutMetrics {
                articles: sample.as_ref().map_or(0, |s| s.articles().len() as u64),
                choice_articles: choice.articles as u64,
                log_loss: choice.fit.log_loss,
                accuracy: choice.fit.accuracy,
            };
            let thresholds = abstain::thresholds(&choice.coverages, background, &choice.fit);
            let scored = Some((choice.scores, choice.coverages));
            (choice.kept, choice.estimator, choice.fit.calibration, thresholds, Some(metrics), scored)
        }
        None => {
            let kept = vocabulary::select(counts, params.min_articles, params.max_terms);
            let (variant, alpha, row_scaling) = UNMEASURED;
            let estimator = Estimator {
                variant: params.variant.unwrap_or(variant),
                alpha: params.alpha.unwrap_or(alpha),
                row_scaling: if params.normalize { 0.0 } else { params.row_scaling.unwrap_or(row_scaling) },
                common_sum: vocabulary::mean_total(&vocabulary::totals(counts, &kept)),
                normalize: params.normalize,
            };
            let priors: Vec<f64> = corpus.articles.iter().map(|&n| n as f64 / all as f64).collect();
            (kept, estimator, Calibration::unfitted(&priors), Thresholds::default(), None, None)
        }
    };
    if kept.is_empty() {
        return Err(TrainError::NoTerms(params.min_articles));
    }
    let facts = ModelFacts {
        topics: counts.topics.iter().map(ToString::to_string).collect(),
        background,
        languages: sample.as_ref().map_or_else(Vec::new, |sample| sample.languages().to_vec()),
        text_profile: counts.profile,
        estimator,
        calibration,
        thresholds,
        training: TrainingFacts {
            corpus_digest: hex(&corpus.digest),
            articles: corpus.articles.clone(),
            terms: corpus.terms,
            min_articles: params.min_articles,
            max_terms: params.max_terms as u64,
            leave_one_out,
        },
    };
    let held_out = sample.zip(scored).map_or_else(Vec::new, |(sample, (scores, coverages))| {
        held_out::answers(&facts, sample.articles(), &coverages, &scores)
    });
    Ok(Fitted { facts, kept, held_out })
}

fn background(topics: &[String], named: Option<&str>) -> Result<Option<usize>, TrainError> {
    let find = |name: &str| topics.iter().position(|t| t == name);
    match named {
        None => Ok(find(DEFAULT_BACKGROUND)),
        Some("") => Ok(None),
        Some(name) => find(name)
            .map(Some)
            .ok_or_else(|| TrainError::UnknownBackground(name.to_owned(), topics.join(", "))),
    }
}
