//! How to classify: what a caller may ask for.

use std::collections::HashMap;

use super::Model;

/// No more evidence terms are returned.
pub const MAX_EVIDENCE_TERMS: usize = 1000;

/// No more names that are no topics are told: a caller may send a million.
const MAX_UNKNOWN_TOPICS: usize = 100;

/// How to classify, checked against a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// In place of the model's threshold.
    pub(super) min_probability: Option<f64>,
    pub(super) min_words: Option<u32>,
    pub(super) min_coverage: Option<f64>,
    pub(super) max_strangeness: Option<f64>,
    pub(super) max_evidence_terms: usize,
    /// What each topic's log score is moved by, so that the caller's prior takes the place of the model's.
    pub(super) prior_shifts: Option<Vec<f64>>,
    /// The article's language as the caller says; empty when the caller does not know.
    pub(super) language: String,
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOptions {
    /// Not a probability.
    #[error("min_probability is {0}, it must be from 0 to 1")]
    MinProbability(String),
    /// Not a share.
    #[error("min_coverage is {0}, it must be from 0 to 1")]
    MinCoverage(String),
    /// Not a number.
    #[error("max_strangeness is {0}, it must be a number")]
    MaxStrangeness(String),
    /// Too many or a negative number.
    #[error("max_evidence_terms is {0}, it must be from 0 to {MAX_EVIDENCE_TERMS}")]
    MaxEvidenceTerms(i64),
    /// A weight that is no number, below 0 or infinite.
    #[error("the prior of topic {0:?} is {1}, it must be a finite number of at least 0")]
    Prior(String, String),
    /// Nothing is possible.
    #[error("all topic priors are 0, one must be above")]
    NoPrior,
    /// A prior for a topic that the model does not have.
    #[error("topic {0:?} has a prior but is not a topic of the model")]
    UnknownTopic(String),
    /// A topic of the model without a prior.
    #[error("topic {0:?} has no prior; every topic of the model needs one, the background included")]
    MissingTopic(String),
}

impl Options {
    /// What the log score of `topic` is moved by.
    pub(super) fn prior_shift(&self, topic: usize) -> f64 {
        self.prior_shifts.as_ref().map_or(0.0, |shifts| shifts[topic])
    }

    /// Checks what a caller asks for against `model`.
    ///
    /// # Errors
    /// Lists everything that is wrong.
    pub fn new(
        model: &Model,
        min_probability: Option<f64>,
        max_evidence_terms: i64,
        topic_priors: &HashMap<String, f64>,
    ) -> Result<Self, Vec<InvalidOptions>> {
        let mut wrong = Vec::new();
        if let Some(p) = min_probability.filter(|p| !(0.0..=1.0).contains(p)) {
            wrong.push(InvalidOptions::MinProbability(p.to_string()));
        }
        let evidence = usize::try_from(max_evidence_terms).ok().filter(|&n| n <= MAX_EVIDENCE_TERMS);
        if evidence.is_none() {
            wrong.push(InvalidOptions::MaxEvidenceTerms(max_evidence_terms));
        }
        let prior_shifts =
            if topic_priors.is_empty() { None } else { prior_shifts(model, topic_priors, &mut wrong) };
        match evidence {
            Some(max_evidence_terms) if wrong.is_empty() => {
                Ok(Self { min_probability, max_evidence_terms, prior_shifts, ..Self::default() })
            }
            _ => Err(wrong),
        }
    }
}

impl Options {
    /// The same options with thresholds in place of the model's, where they are given.
    ///
    /// # Errors
    /// Lists everything that is out of range.
    pub fn with_thresholds(
        mut self,
        min_words: Option<u32>,
        min_coverage: Option<f64>,
        max_strangeness: Option<f64>,
    ) -> Result<Self, Vec<InvalidOptions>> {
        let mut wrong = Vec::new();
        if let Some(share) = min_coverage.filter(|share| !(0.0..=1.0).contains(share)) {
            wrong.push(InvalidOptions::MinCoverage(share.to_string()));
        }
        if let Some(strangeness) = max_strangeness.filter(|s| s.is_nan()) {
            wrong.push(InvalidOptions::MaxStrangeness(strangeness.to_string()));
        }
        (self.min_words, self.min_coverage, self.max_strangeness) =
            (min_words, min_coverage, max_strangeness);
        if wrong.is_empty() { Ok(self) } else { Err(wrong) }
    }

    /// The same options for an article whose language the caller knows, as a BCP 47 tag; empty for not known.
    #[must_use]
    pub fn with_language(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.language);
        self
    }
}

/// ln(caller's prior / model's prior) for every topic.
fn prior_shifts(
    model: &Model,
    given: &HashMap<String, f64>,
    wrong: &mut Vec<InvalidOptions>,
) -> Option<Vec<f64>> {
    let before = wrong.len();
    let topics = &model.facts.topics;
    let mut names: Vec<_> = given.keys().collect();
    names.sort_unstable();
    let unknown = names.into_iter().filter(|name| topics.binary_search(name).is_err());
    wrong.extend(unknown.take(MAX_UNKNOWN_TOPICS).map(|name| InvalidOptions::UnknownTopic(name.clone())));
    let mut weights = Vec::new();
    for topic in topics {
        match given.get(topic) {
            None => wrong.push(InvalidOptions::MissingTopic(topic.clone())),
            Some(weight) if !(weight.is_finite() && *weight >= 0.0) => {
                wrong.push(InvalidOptions::Prior(topic.clone(), weight.to_string()));
            }
            Some(weight) => weights.push(*weight),
        }
    }
    if wrong.len() == before && weights.iter().all(|&w| w == 0.0) {
        wrong.push(InvalidOptions::NoPrior);
    }
    if wrong.len() > before {
        return None;
    }
    // Divided by the largest first: the sum of finite weights may not be finite.
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let total: f64 = weights.iter().map(|w| w / largest).sum();
    let shifts = weights.iter().zip(model.facts.priors());
    Some(shifts.map(|(w, prior)| libm::log(w / largest / total) - libm::log(prior)).collect())
}
