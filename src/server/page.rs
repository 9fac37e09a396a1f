//! `ClassifyPage`: checks the request, answers it.

use std::{cell::RefCell, sync::Arc};

use super::{
    config::ServerConfig,
    request::check_options,
    status::{RequestError, RequestViolation},
};
use crate::{
    api::v1::{self, classify_page_request},
    model::{Classifier, Model},
    page::Content,
};

thread_local! {
    /// Every blocking thread's scratch memory.
    static CLASSIFIER: RefCell<Option<Classifier>> = const { RefCell::new(None) };
}

/// Answers a request away from the threads that serve connections: it takes some 20 milliseconds a megabyte.
pub(super) async fn classify(
    request: v1::ClassifyPageRequest,
    model: Arc<Model>,
    config: ServerConfig,
) -> Result<v1::ClassifyPageResponse, RequestError> {
    let work = move || {
        CLASSIFIER.with_borrow_mut(|classifier| {
            let classifier = classifier.get_or_insert_with(|| Classifier::new(model.facts().text_profile));
            answer(request, &model, classifier, &config)
        })
    };
    // It fails only by a panic, which has been reported, or when the server ends.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RequestError::Internal))
}

fn answer(
    request: v1::ClassifyPageRequest,
    model: &Model,
    classifier: &mut Classifier,
    config: &ServerConfig,
) -> Result<v1::ClassifyPageResponse, RequestError> {
    let mut violations = Vec::new();
    let content = match &request.content {
        Some(classify_page_request::Content::Html(html)) => Some(("html", html, Content::Html(html))),
        Some(classify_page_request::Content::Text(text)) => Some(("text", text, Content::Text(text))),
        None => {
            violations.push(RequestViolation::PageContentMissing);
            None
        }
    };
    if let Some((field, page, _)) = content
        && page.len() > config.max_page_bytes
    {
        violations.push(RequestViolation::PageTooLong {
            field,
            bytes: page.len(),
            limit: config.max_page_bytes,
        });
    }
    let options = check_options(request.options, model, &mut violations)?;
    match content {
        Some((_, _, content)) if violations.is_empty() => {
            Ok(v1::ClassifyPageResponse::new(model, classifier, content, request.source_uri, &options))
        }
        _ => Err(RequestError::Invalid(violations)),
    }
}
