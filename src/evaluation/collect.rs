//! Collects answers beside the right labels, one after the other.

use std::collections::BTreeMap;

use super::{Prediction, Predictions};
use crate::{
    article::Topic,
    model::{Classification, Decision, ModelFacts},
};

/// Predictions under construction. Keeps for each article about 90 bytes, and 8 for each topic of the model.
#[derive(Debug)]
pub struct Collector<'a> {
    facts: &'a ModelFacts,
    /// Labels that are no topics of the model, with their places behind these, in the order in which they were met.
    strange: BTreeMap<Topic, usize>,
    predictions: Vec<([u8; 32], Prediction)>,
}

impl<'a> Collector<'a> {
    /// No answer yet of a model with these facts.
    #[must_use]
    pub fn new(facts: &'a ModelFacts) -> Self {
        Self { facts, strange: BTreeMap::new(), predictions: Vec::new() }
    }

    /// Sets an answer beside the right `topic`. `article` is the place of the article among all, `digest` its digest.
    pub fn add(
        &mut self,
        article: usize,
        digest: [u8; 32],
        topic: &Topic,
        classification: &Classification,
    ) -> &Prediction {
        let facts = self.facts;
        let topics = facts.topics.len();
        let mut probabilities = vec![0.0; topics];
        for score in &classification.topics {
            probabilities[score.topic] = score.probability;
        }
        let (answer, assigned) = match classification.decision {
            Decision::Assigned(topic) => (topic, true),
            Decision::Abstained(_) => {
                let best = classification.topics.first().map_or(0, |best| best.topic);
                (facts.background.unwrap_or(best), false)
            }
        };
        let known = facts.topics.binary_search_by(|t| t.as_str().cmp(topic.as_str()));
        let right = known.unwrap_or_else(|_| {
            let next = topics + self.strange.len();
            match self.strange.get(topic) {
                Some(&label) => label,
                None => *self.strange.entry(topic.clone()).or_insert(next),
            }
        });
        let at = self.predictions.len();
        self.predictions.push((digest, Prediction { article, right, answer, assigned, probabilities }));
        &self.predictions[at].1
    }

    /// All of them, in the order of the articles' digests.
    #[must_use]
    pub fn finish(self) -> Predictions {
        let facts = self.facts;
        let topics = facts.topics.len();
        let mut labels = facts.topics.clone();
        // Sorted, whatever the order in which they were met.
        let mut sorted = vec![0; self.strange.len()];
        for (rank, (topic, label)) in self.strange.into_iter().enumerate() {
            sorted[label - topics] = topics + rank;
            labels.push(topic.to_string());
        }
        let mut predictions = self.predictions;
        for (_, prediction) in &mut predictions {
            if prediction.right >= topics {
                prediction.right = sorted[prediction.right - topics];
            }
        }
        Predictions::sorted(labels, topics, facts.background, predictions)
    }
}
