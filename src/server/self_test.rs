//! Whether a model that was loaded can answer.

use crate::model::{Classifier, Model, Options};

/// A model that cannot answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model fails its self-test: {0}")]
pub struct SelfTestError(String);

/// Classifies one text of the model's own terms for every topic; the probabilities must be numbers that sum to 1.
pub(super) fn self_test(model: &Model) -> Result<(), SelfTestError> {
    let mut classifier = Classifier::new(model.facts().text_profile);
    for (topic, name) in model.facts().topics.iter().enumerate() {
        let strongest = model
            .terms()
            .filter_map(|term| Some((term, term.weights().nth(topic)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(term, _)| term.text());
        let text = strongest.ok_or_else(|| SelfTestError(format!("topic {name:?} has no term")))?;
        let answer = classifier.classify(model, "", &text, &Options::default());
        let total: f64 = answer.topics.iter().map(|t| t.probability).sum();
        if answer.topics.len() != model.facts().topics.len() || !(1.0 - 1e-6..1.0 + 1e-6).contains(&total) {
            return Err(SelfTestError(format!("the probabilities of {text:?} sum to {total}")));
        }
    }
    Ok(())
}
