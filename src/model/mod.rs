//! From counts to a model, and from a model to an answer.
//!
//! [`train()`] goes the whole way: `vocabulary` selects terms, `sample` takes training articles, `leave_one_out` scores each
//! with the model of all the others, `choose` takes the parameters that do best there, `calibrate` turns scores into
//! probabilities, `abstain` sets the thresholds, and `estimate` lets linfa estimate the weights. `classify` answers, `explain`
//! says why.

mod abstain;
mod answer;
mod article_sample;
mod calibrate;
mod card;
mod choose;
mod classify;
mod estimate;
mod evidence;
mod explain;
mod facts;
mod file;
mod held_out;
mod leave_one_out;
mod log_sums;
mod logarithm;
mod options;
mod revision;
mod sample;
mod table;
mod term_index;
mod train;
mod vocabulary;
mod weighted_terms;
mod written;

pub use answer::{AbstainReason, Classification, Coverage, Decision, Evidence, Field, Span, TopicScore};
pub use calibrate::Calibration;
pub use choose::{CHOICE_LIMIT, LeaveOneOutMetrics};
pub use classify::Classifier;
pub use estimate::{EstimateError, Estimator, Variant};
pub use explain::{Explanation, InvalidAgainst};
pub use facts::{ModelFacts, Thresholds, TrainingFacts};
pub use file::MODEL_FORMAT;
pub use held_out::{HeldOut, LeaveOneOutError, leave_one_out};
pub use options::{InvalidOptions, MAX_EVIDENCE_TERMS, Options};
pub use revision::{InvalidRevision, Revision};
pub use sample::{NotCounted, SAMPLE_BYTES, SAMPLE_LIMIT};
pub use train::{
    DEFAULT_BACKGROUND, DEFAULT_MAX_TERMS, InvalidParams, TrainError, Trained, TrainingParams,
    ValidTrainingParams, train,
};

pub(crate) use article_sample::{ArticleSample, digest_prefix};
pub(crate) use choose::MAX_CANDIDATES;
pub(crate) use estimate::BLOCK as ESTIMATE_BLOCK;
pub(crate) use sample::Sample;
pub(crate) use term_index::TermIndex;
pub(crate) use train::{Fitted, check_topics, fit};
pub(crate) use vocabulary::{Cut, Frequencies};
pub(crate) use written::WriteError;

use weighted_terms::WeightedTerms;

use crate::counts::WordTable;

/// A trained model: what is served.
///
/// A pure function of the counts of a corpus, the parameters and, where parameters were chosen or calibrated, the articles.
#[derive(Debug)]
pub struct Model {
    revision: Revision,
    facts: ModelFacts,
    words: WordTable,
    terms: WeightedTerms,
    /// In how many training articles each term occurs.
    articles: Vec<u32>,
    index: TermIndex,
}

impl Model {
    /// The SHA-256 of the model's file.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What the model says about itself.
    #[must_use]
    pub fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    /// How many terms the model has weights for.
    #[must_use]
    pub fn term_count(&self) -> usize {
        self.terms.len()
    }

    /// The text of the term at `index`, in the order of their bytes.
    #[must_use]
    pub fn term(&self, index: usize) -> Option<String> {
        let place = self.place(index)?;
        Some(self.words.term(self.terms.term(place)))
    }

    /// In how many training articles the term at `index` occurs.
    #[must_use]
    pub fn term_articles(&self, index: usize) -> Option<u32> {
        self.articles.get(index).copied()
    }

    /// The weights of the term at `index`, one per topic: what its article weight is multiplied by, before calibration.
    #[must_use]
    pub fn weights(&self, index: usize) -> Option<impl ExactSizeIterator<Item = f32> + '_> {
        self.place(index).map(|place| self.terms.weights(place))
    }

    fn place(&self, index: usize) -> Option<u32> {
        u32::try_from(index).ok().filter(|_| index < self.terms.len())
    }
}
