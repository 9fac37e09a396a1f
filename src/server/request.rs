//! Checks what a caller sent.

use super::{
    config::ServerConfig,
    status::{RequestError, RequestViolation},
};
use crate::{
    api::v1,
    model::{InvalidOptions, Model, Options, Revision},
};

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
    let text_bytes = article.title.len() + article.text.len();
    if text_bytes > config.max_text_bytes {
        violations.push(RequestViolation::TextTooLong { bytes: text_bytes, limit: config.max_text_bytes });
    } else if article.text.trim_start().is_empty() {
        violations.push(RequestViolation::TextEmpty);
    }
    if !article.language_code.is_empty()
        && let Err(error) = oxilangtag::LanguageTag::parse(article.language_code.as_str())
    {
        violations.push(RequestViolation::LanguageCode(error.to_string()));
    }
    article
}

/// Checks the options against the model that will answer.
pub(super) fn check_options(
    options: Option<v1::ClassificationOptions>,
    model: &Model,
    violations: &mut Vec<RequestViolation>,
) -> Result<Options, RequestError> {
    let Some(options) = options else {
        return Ok(Options::default());
    };
    if !options.model_revision.is_empty() {
        match options.model_revision.parse::<Revision>() {
            Ok(asked) if asked == model.revision() => {}
            Ok(asked) => return Err(RequestError::RevisionNotFound { asked, active: model.revision() }),
            Err(error) => violations.push(RequestViolation::ModelRevision(error.to_string())),
        }
    }
    let checked = Options::new(
        model,
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
    Ok(checked.unwrap_or_else(note))
}
