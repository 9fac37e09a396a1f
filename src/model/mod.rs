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
mod hash_table;
mod held_out;
mod leave_one_out;
mod log_sums;
mod logarithm;
mod look_up;
mod options;
mod revision;
mod sample;
mod score;
mod term;
mod term_table;
mod train;
mod vocabulary;
mod weights;
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
pub use term::Term;
pub use train::{
    DEFAULT_BACKGROUND, DEFAULT_MAX_TERMS, InvalidParams, TrainError, Trained, TrainingParams,
    ValidTrainingParams, train,
};

pub(crate) use article_sample::{ArticleSample, digest_prefix};
pub(crate) use choose::MAX_CANDIDATES;
pub(crate) use estimate::BLOCK as ESTIMATE_BLOCK;
pub(crate) use sample::Sample;
pub(crate) use term_table::TermTable;
pub(crate) use train::{Fitted, check_topics, fit};
pub(crate) use vocabulary::{Cut, Frequencies};
pub(crate) use written::WriteError;

use self::weights::Weights;
use crate::counts::WordTable;

/// A trained model: what is served.
///
/// A pure function of the counts of a corpus, the parameters and, where parameters were chosen or calibrated, the articles.
#[derive(Debug)]
pub struct Model {
    revision: Revision,
    facts: ModelFacts,
    words: WordTable,
    /// The number of a term is that of its row of weights.
    terms: TermTable,
    weights: Weights,
    /// In how many training articles each term occurs, in order.
    articles: Vec<u32>,
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

    fn articles_with_word(&self, word: u32) -> u32 {
        self.articles[self.terms.place_of_word(word)]
    }

    /// The terms that the model has weights for, in the order of their bytes.
    pub fn terms(&self) -> impl Iterator<Item = Term<'_>> {
        (0..).zip(self.terms.iter()).map(|(place, (id, row))| {
            let weights = self.weights.row(row);
            Term { model: self, id, place, weights }
        })
    }
}
