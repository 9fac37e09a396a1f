//! From the classifier's answer to the messages.

use super::v1;
use crate::model::{AbstainReason, Classification, Decision, Evidence, Explanation, Field, Model, Span};

impl v1::Classification {
    /// The message for an answer of `model`.
    #[must_use]
    pub fn new(model: &Model, answer: Classification) -> Self {
        let facts = model.facts();
        let (decision, abstain_reason, topic) = match answer.decision {
            Decision::Assigned(topic) => {
                (v1::Decision::Assigned, v1::AbstainReason::Unspecified, facts.topics[topic].clone())
            }
            Decision::Abstained(reason) => (v1::Decision::Abstained, reason.into(), String::new()),
        };
        let topics = answer.topics.iter().map(|score| v1::TopicScore {
            topic: facts.topics[score.topic].clone(),
            probability: score.probability,
            log_score: score.log_score,
            background: facts.background == Some(score.topic),
        });
        Self {
            decision: decision.into(),
            abstain_reason: abstain_reason.into(),
            topic,
            topics: topics.collect(),
            model_revision: model.revision().to_string(),
            language_code: answer.language,
            coverage: Some(v1::Coverage {
                words: answer.coverage.words,
                known_words: answer.coverage.known_words,
            }),
            evidence: answer.evidence.into_iter().map(Into::into).collect(),
        }
    }
}

impl v1::ExplainArticleResponse {
    /// The message for an explanation by `model`.
    #[must_use]
    pub fn new(model: &Model, explanation: Explanation) -> Self {
        let flip_terms = explanation.flip_terms().map(|e| e.term.clone()).collect();
        let Explanation { classification, against, prior_decibans, terms, total_decibans, .. } = explanation;
        Self {
            classification: Some(v1::Classification::new(model, classification)),
            against_topic: model.facts().topics[against].clone(),
            prior_decibans,
            terms: terms.into_iter().map(Into::into).collect(),
            total_decibans,
            flip_terms,
        }
    }
}

impl From<AbstainReason> for v1::AbstainReason {
    fn from(reason: AbstainReason) -> Self {
        match reason {
            AbstainReason::TooShort => Self::TooShort,
            AbstainReason::UnsupportedLanguage => Self::UnsupportedLanguage,
            AbstainReason::LowCoverage => Self::LowCoverage,
            AbstainReason::OffTopic => Self::OffTopic,
            AbstainReason::LowProbability => Self::LowProbability,
        }
    }
}

impl From<Evidence> for v1::TermEvidence {
    fn from(evidence: Evidence) -> Self {
        Self {
            term: evidence.term,
            count: evidence.count,
            decibans: evidence.decibans,
            spans: evidence.spans.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Span> for v1::TextSpan {
    fn from(span: Span) -> Self {
        let field = match span.field {
            Field::Title => v1::Field::Title,
            Field::Text => v1::Field::Text,
        };
        Self {
            field: field.into(),
            start_byte: u32::try_from(span.bytes.start).unwrap_or(u32::MAX),
            end_byte: u32::try_from(span.bytes.end).unwrap_or(u32::MAX),
        }
    }
}

/// One line of ProtoJSON, with its end.
///
/// # Errors
/// Never for the messages of this crate; serde's signature allows it.
pub fn to_json(message: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}
