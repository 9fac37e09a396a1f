//! From a model to an answer.

use std::collections::HashMap;

use super::{
    Model,
    answer::{AbstainReason, Classification, Coverage, Decision, TopicScore},
    calibrate::log_sum_exp,
    evidence,
};
use crate::text::{TermRef, TextProfile, TextReader, WEIGHT_ONE, Weight, pair_key};

/// No more evidence terms are returned.
pub const MAX_EVIDENCE_TERMS: usize = 1000;

/// How to classify, checked against a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// In place of the model's threshold.
    min_probability: Option<f64>,
    max_evidence_terms: usize,
    /// What each topic's log score is moved by, so that the caller's prior takes the place of the model's.
    prior_shifts: Option<Vec<f64>>,
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOptions {
    /// Not a probability.
    #[error("min_probability is {0}, it must be from 0 to 1")]
    MinProbability(String),
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
                Ok(Self { min_probability, max_evidence_terms, prior_shifts })
            }
            _ => Err(wrong),
        }
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
    for name in names {
        if topics.binary_search(name).is_err() {
            wrong.push(InvalidOptions::UnknownTopic(name.clone()));
        }
    }
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

/// Classifies articles. Keep one per thread: after a few articles it allocates for the answer only.
pub struct Classifier {
    reader: TextReader,
    /// The known terms of the article that was read last: row in the model, weight.
    known: Vec<(u32, Weight)>,
    /// What each known term is, in the same order.
    refs: Vec<TermRef>,
    /// For each distinct word whether the model knows it.
    known_words: Vec<bool>,
}

impl Classifier {
    /// A classifier for models of `profile`.
    #[must_use]
    pub fn new(profile: TextProfile) -> Self {
        Self {
            reader: TextReader::new(profile),
            known: Vec::new(),
            refs: Vec::new(),
            known_words: Vec::new(),
        }
    }

    /// Classifies one article. A model of another profile than this classifier's makes it one of that profile.
    pub fn classify(&mut self, model: &Model, title: &str, text: &str, options: &Options) -> Classification {
        if model.facts.text_profile != self.reader.profile() {
            *self = Self::new(model.facts.text_profile);
        }
        self.reader.read(title, text);
        let coverage = self.look_up(model);

        let mut scores = vec![0.0; model.facts.topics.len()];
        let weights = self.known.iter().map(|&(row, weight)| (row, in_units(weight)));
        add_scores(&mut scores, &model.rows, weights);
        let factor = model.facts.calibration.factor(coverage.words);
        for (topic, score) in scores.iter_mut().enumerate() {
            let shift = options.prior_shifts.as_ref().map_or(0.0, |shifts| shifts[topic]);
            *score = factor * *score + model.facts.calibration.biases[topic] + shift;
        }
        let topics = rank(&scores);
        let decision = decide(model, coverage, &topics, options);
        let evidence = match topics.as_slice() {
            [best, runner_up, ..] if options.max_evidence_terms > 0 => evidence::collect(
                &mut self.reader,
                model,
                evidence::Question {
                    article: [title, text],
                    known: &self.known,
                    refs: &self.refs,
                    topic: best.topic,
                    against: runner_up.topic,
                    factor,
                    most: options.max_evidence_terms,
                },
            ),
            _ => Vec::new(),
        };
        Classification { decision, topics, coverage, evidence }
    }

    /// The distinct words of the article that was classified last: key, weight, and in how many training articles of
    /// `model` each occurs.
    pub(crate) fn words<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = (u64, f64, u32)> + 'a {
        self.reader.words().map(|(key, _, weight)| {
            let row = model.table.get(key).and_then(|row| model.articles.get(row as usize));
            (key.0, in_units(weight), row.copied().unwrap_or(0))
        })
    }

    /// Finds the rows of the article's terms.
    fn look_up(&mut self, model: &Model) -> Coverage {
        self.known.clear();
        self.refs.clear();
        self.known_words.clear();
        let mut coverage = Coverage { words: self.reader.running_words(), known_words: 0 };
        for (index, (key, tf, weight)) in self.reader.words().enumerate() {
            let row = model.table.get(key);
            self.known_words.push(row.is_some());
            if let Some(row) = row {
                coverage.known_words += tf;
                self.known.push((row, weight));
                self.refs.push(TermRef::Word(index as u32));
            }
        }
        for (first, second, _, weight) in self.reader.pairs() {
            // A model that knows a pair knows both of its words.
            if self.known_words[first as usize] && self.known_words[second as usize] {
                let key = pair_key(self.reader.word(first), self.reader.word(second));
                if let Some(row) = model.table.get(key) {
                    self.known.push((row, weight));
                    self.refs.push(TermRef::Pair(first, second));
                }
            }
        }
        coverage
    }
}

/// A fixed-point weight as a number; exact.
pub(crate) fn in_units(weight: Weight) -> f64 {
    f64::from(weight) / f64::from(WEIGHT_ONE)
}

/// Adds to every topic's score the sum over the terms of weight times row.
pub(crate) fn add_scores<T: Copy + Into<f64>>(
    scores: &mut [f64],
    rows: &[T],
    terms: impl Iterator<Item = (u32, f64)>,
) {
    let topics = scores.len();
    for (row, weight) in terms {
        let row = &rows[row as usize * topics..(row as usize + 1) * topics];
        for (score, &w) in scores.iter_mut().zip(row) {
            *score += weight * w.into();
        }
    }
}

/// Probabilities, most probable first; topics are sorted by name, and so are equally probable ones.
fn rank(scores: &[f64]) -> Vec<TopicScore> {
    let total = log_sum_exp(scores);
    let mut topics: Vec<TopicScore> = scores
        .iter()
        .enumerate()
        .map(|(topic, &log_score)| TopicScore { topic, probability: libm::exp(log_score - total), log_score })
        .collect();
    topics.sort_by(|a, b| b.log_score.total_cmp(&a.log_score));
    topics
}

fn decide(model: &Model, coverage: Coverage, topics: &[TopicScore], options: &Options) -> Decision {
    let thresholds = &model.facts.thresholds;
    let known_share = f64::from(coverage.known_words) / f64::from(coverage.words.max(1));
    let min_probability = options.min_probability.unwrap_or(thresholds.min_probability);
    let Some(best) = topics.first() else {
        return Decision::Abstained(AbstainReason::LowProbability);
    };
    if coverage.words < thresholds.min_words {
        Decision::Abstained(AbstainReason::TooShort)
    } else if known_share < thresholds.min_coverage {
        Decision::Abstained(AbstainReason::LowCoverage)
    } else if model.facts.background == Some(best.topic) {
        Decision::Abstained(AbstainReason::OffTopic)
    } else if best.probability < min_probability {
        Decision::Abstained(AbstainReason::LowProbability)
    } else {
        Decision::Assigned(best.topic)
    }
}
