//! Everything that a decision between two topics is made of, and the fewest terms that would turn it.

use super::{
    Model,
    answer::{Classification, Evidence},
    classify::Classifier,
    evidence::DECIBANS,
    options::Options,
};

/// A margin no further from 0 than this, in decibans, is a tie: that is how exactly a ledger adds up.
const TIE: f64 = 1e-9;

/// Why one topic is more probable than another, complete: `prior_decibans` and the decibans of all `terms` add up to
/// `total_decibans`, to 1e-9.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The answer.
    pub classification: Classification,
    /// The most probable topic, assigned or not.
    pub topic: usize,
    /// The topic that it is compared with.
    pub against: usize,
    /// 10 log10 of the odds between the two before any word is read; infinite where the caller's prior of `against` is 0.
    pub prior_decibans: f64,
    /// Every known term, strongest first, whichever way it points.
    pub terms: Vec<Evidence>,
    /// 10 log10 of the odds between the two; at least 0.
    pub total_decibans: f64,
    /// Which of `terms` turn the decision when they are taken out.
    flips: Vec<usize>,
}

/// A topic that the most probable one cannot be compared with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAgainst {
    /// Not in the model.
    #[error("{0:?} is not a topic of the model")]
    Unknown(String),
    /// Nothing to compare.
    #[error("{0:?} is the most probable topic itself")]
    MostProbable(String),
}

impl Explanation {
    /// The smallest set of terms without whose evidence `against` would be the more probable of the two, strongest first;
    /// all else, the weights of the other terms included, stays as it is. Nothing where no set of terms does that.
    pub fn flip_terms(&self) -> impl Iterator<Item = &Evidence> {
        self.flips.iter().filter_map(|&index| self.terms.get(index))
    }
}

impl Classifier {
    /// Classifies one article and says why its most probable topic is more probable than the one called `against`, or than
    /// the runner-up where that is empty.
    ///
    /// # Errors
    /// When `against` is no topic of the model, or the most probable one itself.
    pub fn explain(
        &mut self,
        model: &Model,
        title: &str,
        text: &str,
        options: &Options,
        against: &str,
    ) -> Result<Explanation, InvalidAgainst> {
        let classification = self.classify(model, title, text, options);
        let unknown = || InvalidAgainst::Unknown(against.to_owned());
        // Every model has two topics.
        let [best, runner_up, ..] = classification.topics.as_slice() else {
            return Err(unknown());
        };
        let other = if against.is_empty() {
            runner_up
        } else {
            let topics = &model.facts().topics;
            classification.topics.iter().find(|score| topics[score.topic] == against).ok_or_else(unknown)?
        };
        if other.topic == best.topic {
            return Err(InvalidAgainst::MostProbable(against.to_owned()));
        }
        let prior = |topic: usize| model.facts().calibration.biases[topic] + options.prior_shift(topic);
        let (topic, against) = (best.topic, other.topic);
        let total_decibans = DECIBANS * (best.log_score - other.log_score);
        let terms = self.evidence(model, [title, text], [topic, against], usize::MAX);
        Ok(Explanation {
            topic,
            against,
            prior_decibans: DECIBANS * (prior(topic) - prior(against)),
            flips: fewest_that_flip(total_decibans, &terms),
            terms,
            total_decibans,
            classification,
        })
    }
}

/// Indexes of the smallest set of `terms`, strongest first, without which the margin is below 0.
///
/// Evidence adds up and the opponent is fixed, so of all sets of n terms the n with the most evidence for the topic take
/// away the most. If those do not turn the decision no other n do: taking the strongest one by one until it turns finds
/// the smallest set exactly. (Against whichever topic comes next this would not hold: each term moves all topics.)
fn fewest_that_flip(total: f64, terms: &[Evidence]) -> Vec<usize> {
    let mut margin = total;
    let mut taken = Vec::new();
    for (index, term) in terms.iter().enumerate().filter(|(_, term)| term.decibans > 0.0) {
        margin -= term.decibans;
        taken.push(index);
        if margin < -TIE {
            return taken;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(decibans: &[f64]) -> Vec<Evidence> {
        let term = |&decibans| Evidence { term: String::new(), count: 1, decibans, spans: Vec::new() };
        decibans.iter().map(term).collect()
    }

    #[test]
    fn the_strongest_terms_are_taken_until_the_decision_turns() {
        // By hand: 5 - 4 = 1, 1 - 2 = -1.
        assert_eq!(fewest_that_flip(5.0, &terms(&[4.0, -3.0, 2.0, 2.0])), [0, 2]);
        assert_eq!(fewest_that_flip(3.9, &terms(&[4.0, 2.0])), [0]);
    }

    #[test]
    fn nothing_is_taken_where_nothing_helps() {
        assert!(fewest_that_flip(7.0, &terms(&[4.0, -3.0, 2.0])).is_empty());
        assert!(fewest_that_flip(4.0, &terms(&[4.0])).is_empty(), "a tie is not turned");
        assert!(fewest_that_flip(f64::INFINITY, &terms(&[4.0])).is_empty());
        assert!(fewest_that_flip(0.0, &[]).is_empty());
    }
}
