//! The messages about models.

use super::registry::{Listed, State};
use crate::{
    api::v1::{self, ModelRevisionState},
    model::Model,
};

/// The message about one revision.
pub(super) fn revision_message(listed: Listed) -> v1::ModelRevision {
    let (state, model, reject_reason) = match listed.state {
        State::Active(model) => (ModelRevisionState::Active, Some(model), String::new()),
        State::Held(model) => (ModelRevisionState::Held, Some(model), String::new()),
        State::Available => (ModelRevisionState::Available, None, String::new()),
        State::Rejected(why) => (ModelRevisionState::Rejected, None, why),
    };
    let (file_name, modify_time, file_bytes) = match listed.file {
        Some(file) => (file.name, Some(file.modified.into()), file.bytes),
        None => (String::new(), None, 0),
    };
    v1::ModelRevision {
        model_revision: listed.revision.to_string(),
        state: state.into(),
        file_name,
        modify_time,
        file_bytes,
        facts: model.as_deref().map(facts_message),
        reject_reason,
        rollback_target: listed.rollback_target,
    }
}

/// What a model says about itself.
pub(super) fn facts_message(model: &Model) -> v1::ModelFacts {
    let facts = model.facts();
    let topics = facts.topics.iter().zip(&facts.training.articles).enumerate();
    let leave_one_out = facts.training.leave_one_out.as_ref();
    v1::ModelFacts {
        topics: topics
            .map(|(index, (topic, &articles))| v1::ModelTopic {
                topic: topic.clone(),
                articles,
                background: facts.background == Some(index),
            })
            .collect(),
        terms: model.term_count() as u64,
        corpus_digest: facts.training.corpus_digest.clone(),
        leave_one_out_accuracy: leave_one_out.map(|metrics| metrics.accuracy),
        leave_one_out_log_loss: leave_one_out.map(|metrics| metrics.log_loss),
        text_profile: facts.text_profile.to_string(),
    }
}
