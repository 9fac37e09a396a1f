//! `bayeswire.v1.ModelService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    answering::Answering,
    layers::reply,
    model_messages::{facts_message, revision_message},
    pagination::{check_page_size, check_page_token, page_token},
    registry::{Change, Listed, Registry, State},
    request::{MAX_BATCH_ARTICLES, check_revision, parse_revision, refuse_any},
    status::RequestError,
    violation::RequestViolation,
};
use crate::{
    api::v1::{self, model_service_server::ModelService},
    model::{MAX_EVIDENCE_TERMS, Revision},
    text::{TextProfile, TextReader},
};

/// The longest term that is looked up, in bytes.
const MAX_TERM_BYTES: usize = 256;

/// The service; one for all connections.
pub(super) struct Models {
    answering: Arc<Answering>,
}

impl Models {
    pub(super) fn new(answering: Arc<Answering>) -> Self {
        Self { answering }
    }

    /// Does what may wait for a disk where no call waits for it.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Registry) -> Result<T, RequestError> + Send + 'static,
    ) -> Result<T, Status> {
        let registry = Arc::clone(&self.answering.registry);
        let done = tokio::task::spawn_blocking(move || work(&registry)).await;
        // It panicked (a bug, which the runtime has reported), or the server is going down.
        Ok(done.map_err(|_| RequestError::Internal)??)
    }

    fn look_up(&self, request: v1::LookUpTermRequest) -> Result<v1::LookUpTermResponse, RequestError> {
        let now = self.answering.now();
        let mut violations = Vec::new();
        let model = check_revision("model_revision", &request.model_revision, now.held()?, &mut violations)?;
        let term = request.term;
        if !is_term(&term, model.facts().text_profile) {
            violations.push(RequestViolation::Term { limit: MAX_TERM_BYTES });
        }
        refuse_any(violations)?;
        let revision = model.revision();
        let Some(found) = model.find_term(&term) else {
            return Err(RequestError::TermNotFound { term, revision });
        };
        let weights = model
            .facts()
            .topics
            .iter()
            .zip(found.weights())
            .map(|(topic, weight)| v1::TopicWeight { topic: topic.clone(), weight: f64::from(weight) });
        Ok(v1::LookUpTermResponse {
            term: found.text(),
            articles: found.articles(),
            weights: weights.collect(),
            model_revision: revision.to_string(),
        })
    }
}

fn is_term(text: &str, profile: TextProfile) -> bool {
    if text.len() > MAX_TERM_BYTES {
        return false;
    }
    let mut reader = TextReader::new(profile);
    reader.read("", text);
    (1..=2).contains(&reader.running_words())
}

fn as_number<T: TryFrom<usize>>(number: usize, most: T) -> T {
    T::try_from(number).unwrap_or(most)
}

#[tonic::async_trait]
impl ModelService for Models {
    async fn get_server_info(
        &self,
        _: Request<v1::GetServerInfoRequest>,
    ) -> Result<Response<v1::GetServerInfoResponse>, Status> {
        let config = &self.answering.config;
        let registry = &self.answering.registry;
        let limits = v1::ServerLimits {
            max_text_bytes: as_number(config.max_text_bytes, u64::MAX),
            max_article_id_bytes: as_number(config.max_article_id_bytes, u32::MAX),
            max_batch_articles: as_number(MAX_BATCH_ARTICLES, u32::MAX),
            max_message_bytes: as_number(config.max_message_bytes(), u64::MAX),
            max_evidence_terms: as_number(MAX_EVIDENCE_TERMS, u32::MAX),
            max_page_bytes: as_number(config.max_page_bytes, u64::MAX),
            max_held_revisions: as_number(registry.max_held(), u32::MAX),
        };
        let mut features = vec!["batch", "explain", "grpc-web", "open-inference-protocol", "pages", "stream"];
        if registry.has_directory() {
            features.push("model-directory");
            features.sort_unstable();
        }
        Ok(reply(v1::GetServerInfoResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: env!("BAYESWIRE_COMMIT").to_owned(),
            limits: Some(limits),
            features: features.into_iter().map(str::to_owned).collect(),
            active_revision: registry.active_revision().map(|r| r.to_string()).unwrap_or_default(),
        }))
    }

    async fn get_model_revision(
        &self,
        request: Request<v1::GetModelRevisionRequest>,
    ) -> Result<Response<v1::GetModelRevisionResponse>, Status> {
        let asked = parse(&request.into_inner().model_revision)?;
        let revision = self.aside(move |registry| described(registry, asked)).await?;
        Ok(reply(v1::GetModelRevisionResponse { revision: Some(revision) }))
    }

    async fn list_model_revisions(
        &self,
        request: Request<v1::ListModelRevisionsRequest>,
    ) -> Result<Response<v1::ListModelRevisionsResponse>, Status> {
        let request = request.into_inner();
        let mut violations = Vec::new();
        let size = check_page_size(request.page_size, &mut violations);
        let after = check_page_token(&request.page_token, &mut violations);
        refuse_any(violations)?;
        let mut listed = self.aside(|registry| registry.list()).await?;
        if let Some(after) = after {
            listed.retain(|listed| listed.key() < after);
        }
        let next_page_token = match (listed.len() > size, listed.get(size.saturating_sub(1))) {
            (true, Some(last)) => page_token(last.key()),
            _ => String::new(),
        };
        let revisions = listed.into_iter().take(size).map(revision_message).collect();
        Ok(reply(v1::ListModelRevisionsResponse { revisions, next_page_token }))
    }

    async fn activate_model_revision(
        &self,
        request: Request<v1::ActivateModelRevisionRequest>,
    ) -> Result<Response<v1::ActivateModelRevisionResponse>, Status> {
        let v1::ActivateModelRevisionRequest { model_revision, validate_only } = request.into_inner();
        // An empty one is no revision's name either.
        let asked = model_revision.parse::<Revision>().map_err(|error| {
            let field = "model_revision";
            let why = error.to_string();
            RequestError::Invalid(vec![RequestViolation::ModelRevision { field, why }])
        })?;
        let (change, revision) = self
            .aside(move |registry| {
                let change = registry.activate(asked, validate_only)?;
                let revision = changed(registry, &change);
                Ok((change, revision))
            })
            .await?;
        Ok(reply(v1::ActivateModelRevisionResponse {
            revision: Some(revision),
            previous_revision: change.previous.to_string(),
            recorded: change.recorded,
        }))
    }

    async fn rollback_model(
        &self,
        _: Request<v1::RollbackModelRequest>,
    ) -> Result<Response<v1::RollbackModelResponse>, Status> {
        let (change, revision) = self
            .aside(|registry| {
                let change = registry.roll_back()?;
                let revision = changed(registry, &change);
                Ok((change, revision))
            })
            .await?;
        Ok(reply(v1::RollbackModelResponse {
            revision: Some(revision),
            previous_revision: change.previous.to_string(),
            recorded: change.recorded,
        }))
    }

    async fn look_up_term(
        &self,
        request: Request<v1::LookUpTermRequest>,
    ) -> Result<Response<v1::LookUpTermResponse>, Status> {
        Ok(reply(self.look_up(request.into_inner())?))
    }
}

fn parse(text: &str) -> Result<Option<Revision>, RequestError> {
    let mut violations = Vec::new();
    let revision = parse_revision("model_revision", text, &mut violations);
    refuse_any(violations)?;
    Ok(revision)
}

/// The message about a revision; about the active one where none is named.
fn described(registry: &Registry, asked: Option<Revision>) -> Result<v1::ModelRevision, RequestError> {
    let listed = registry.list()?;
    let active = registry.active_revision().ok_or(RequestError::ModelNotLoaded)?;
    let asked = asked.unwrap_or(active);
    let found = listed.into_iter().find(|listed| listed.revision == asked);
    found.map(revision_message).ok_or(RequestError::RevisionNotFound { asked, active })
}

/// The message about the revision that a change is about.
fn changed(registry: &Registry, change: &Change) -> v1::ModelRevision {
    let (model, revision) = (&change.model, change.model.revision());
    let message = described(registry, Some(revision)).unwrap_or_else(|_| {
        // Other changes have come in between, and it is neither in memory nor a file any more.
        let state = State::Held(Arc::clone(model));
        revision_message(Listed { revision, state, file: None, rollback_target: false })
    });
    v1::ModelRevision { facts: Some(facts_message(model)), ..message }
}
