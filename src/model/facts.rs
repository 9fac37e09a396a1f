//! What a model says about itself.

use serde::{Deserialize, Serialize};

use super::{calibrate::Calibration, choose::LeaveOneOutMetrics, estimate::Estimator};
use crate::text::TextProfile;

/// Everything in a model file that is not a term or a weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFacts {
    /// The topics, sorted.
    pub topics: Vec<String>,
    /// The index of the topic that stands for "none of the others", where there is one.
    pub background: Option<usize>,
    /// The languages of the training articles as BCP 47 tags, sorted; empty where they were not looked at.
    pub languages: Vec<String>,
    /// How text becomes terms.
    pub text_profile: TextProfile,
    /// How the weights were estimated.
    pub estimator: Estimator,
    /// How scores become probabilities.
    pub calibration: Calibration,
    /// When to abstain.
    pub thresholds: Thresholds,
    /// What the model was trained on.
    pub training: TrainingFacts,
}

/// When the classifier abstains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// TOO_SHORT below so many running words.
    pub min_words: u32,
    /// The language is looked at below this share of known words: hardly any training article has fewer.
    pub language_coverage: f64,
    /// LOW_COVERAGE below this share of known words.
    pub min_coverage: f64,
    /// OFF_TOPIC, where there is no background, above this strangeness, in nats: the mean surprise of the words,
    /// -ln((articles with the word + 1/2) / (articles + 1)), plus ln(1.01 - probability of the best topic).
    pub max_strangeness: Option<f64>,
    /// LOW_PROBABILITY below this probability of the best topic.
    pub min_probability: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_words: 3,
            language_coverage: 0.75,
            min_coverage: 0.25,
            max_strangeness: None,
            min_probability: 0.0,
        }
    }
}

/// What a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingFacts {
    /// SHA-256 over the digests of the articles: the name of the corpus.
    pub corpus_digest: String,
    /// How many articles each topic had, in the order of the topics.
    pub articles: Vec<u64>,
    /// How many distinct terms they had.
    pub terms: u64,
    /// Terms in fewer articles were dropped.
    pub min_articles: u64,
    /// No more terms were kept than this.
    pub max_terms: u64,
    /// How well the model does on each training article when trained without it.
    pub leave_one_out: Option<LeaveOneOutMetrics>,
}

impl ModelFacts {
    /// Each topic's share of the training articles.
    #[must_use]
    pub fn priors(&self) -> Vec<f64> {
        let all: u64 = self.training.articles.iter().sum();
        self.training.articles.iter().map(|&n| n as f64 / all as f64).collect()
    }
}
