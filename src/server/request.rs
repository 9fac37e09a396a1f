//! Checks what a caller sent.

use std::sync::Arc;

use super::{config::ServerConfig, registry::Held, status::RequestError, violation::RequestViolation};
use crate::{
    api::v1::{self, classify_page_request},
    model::{InvalidOptions, Model, Options, Revision},
};

/// No more articles in one call.
pub(super) const MAX_BATCH_ARTICLES: usize = 1000;

/// Checks an article; every violation is added to `violations`.
pub(super) fn check_article(
    article: Option<v1::Article>,
    config: &ServerConfig,
    violations: &mut Vec<RequestViolation>,
) -> v1::Article {
    let Some(article) = article else {
        violations.push(RequestViolation::ArticleMissing);
        return v1::Article::default();
    };
    let id_bytes = article.article_id.len();
    if id_bytes > config.max_article_id_bytes {
        let limit = config.max_article_id_bytes;
        violations.push(RequestViolation::ArticleIdTooLong { bytes: id_bytes, limit });
    }
    violations.extend(check_text(&article.title, &article.text, config));
    if !article.language_code.is_empty()
        && let Err(error) = oxilangtag::LanguageTag::parse(article.language_code.as_str())
    {
        violations.push(RequestViolation::LanguageCode(error.to_string()));
    }
    article
}

/// Says what is wrong with a text and its title, if anything.
pub(super) fn check_text(title: &str, text: &str, config: &ServerConfig) -> Option<RequestViolation> {
    let (bytes, limit) = (title.len() + text.len(), config.max_text_bytes);
    if bytes > limit {
        Some(RequestViolation::TextTooLong { bytes, limit })
    } else if text.trim_start().is_empty() {
        Some(RequestViolation::TextEmpty)
    } else {
        None
    }
}

/// Checks a page; every violation is added to `violations`.
pub(super) fn check_page(
    content: Option<&classify_page_request::Content>,
    config: &ServerConfig,
    violations: &mut Vec<RequestViolation>,
) {
    let (field, page) = match content {
        Some(classify_page_request::Content::Html(html)) => ("html", html),
        Some(classify_page_request::Content::Text(text)) => ("text", text),
        None => {
            violations.push(RequestViolation::PageContentMissing);
            return;
        }
    };
    let (bytes, limit) = (page.len(), config.max_page_bytes);
    if bytes > limit {
        violations.push(RequestViolation::PageTooLong { field, bytes, limit });
    }
}

/// Checks how many articles a batch has.
pub(super) fn check_batch(articles: usize, violations: &mut Vec<RequestViolation>) {
    let limit = MAX_BATCH_ARTICLES;
    if articles == 0 {
        violations.push(RequestViolation::BatchEmpty { limit });
    } else if articles > limit {
        violations.push(RequestViolation::BatchTooLarge { articles, limit });
    }
}

/// Finds the model that the options ask for and checks them against it.
///
/// # Errors
/// When the revision is not held.
pub(super) fn check_options(
    options: Option<v1::ClassificationOptions>,
    held: &Held,
    violations: &mut Vec<RequestViolation>,
) -> Result<(Arc<Model>, Options), RequestError> {
    let Some(options) = options else {
        return Ok((Arc::clone(held.active()), Options::default()));
    };
    let model = check_revision("options.model_revision", &options.model_revision, held, violations)?;
    let checked = Options::new(
        &model,
        options.min_probability,
        i64::from(options.max_evidence_terms),
        &options.topic_priors,
    );
    let mut note = |wrong: Vec<InvalidOptions>| {
        violations.extend(wrong.into_iter().map(RequestViolation::Option));
        Options::default()
    };
    let checked = checked.unwrap_or_else(&mut note);
    let checked = checked.with_thresholds(options.min_words, options.min_coverage, options.max_strangeness);
    let options = checked.unwrap_or_else(note);
    Ok((model, options))
}

/// Finds the model with the revision called `text`; the active one where that is empty or a violation.
///
/// # Errors
/// When it is not held.
pub(super) fn check_revision(
    field: &'static str,
    text: &str,
    held: &Held,
    violations: &mut Vec<RequestViolation>,
) -> Result<Arc<Model>, RequestError> {
    match parse_revision(field, text, violations) {
        None => Ok(Arc::clone(held.active())),
        Some(asked) => held
            .find(asked)
            .cloned()
            .ok_or_else(|| RequestError::RevisionNotFound { asked, active: held.active().revision() }),
    }
}

/// A revision, or None where there is none or where it is a violation.
pub(super) fn parse_revision(
    field: &'static str,
    text: &str,
    violations: &mut Vec<RequestViolation>,
) -> Option<Revision> {
    if text.is_empty() {
        return None;
    }
    match text.parse() {
        Ok(revision) => Some(revision),
        Err(error) => {
            let why = format!("{error}");
            violations.push(RequestViolation::ModelRevision { field, why });
            None
        }
    }
}

/// An error when there is any violation.
///
/// # Errors
/// Lists the violations.
pub(super) fn refuse_any(violations: Vec<RequestViolation>) -> Result<(), RequestError> {
    if violations.is_empty() { Ok(()) } else { Err(RequestError::Invalid(violations)) }
}
