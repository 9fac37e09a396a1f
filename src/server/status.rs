//! What can go wrong in a call, and the one place where that becomes a gRPC status.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::model::{InvalidOptions, Revision};

/// The domain of every `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "bayeswire";

/// How long a caller should wait before trying again while the model is being loaded.
const RETRY_LOADING: Duration = Duration::from_millis(200);

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// Fields are outside their limits: all of them.
    #[error("{}", list(.0))]
    Invalid(Vec<RequestViolation>),
    /// The revision that was asked for is not held here.
    #[error("model revision {asked} is not held here, the active one is {active}")]
    RevisionNotFound {
        /// As in the request.
        asked: Revision,
        /// What the caller could have instead.
        active: Revision,
    },
    /// The model is still being loaded.
    #[error("the model is not loaded yet")]
    ModelNotLoaded,
    /// A bug of ours; the log tells more.
    #[error("internal error")]
    Internal,
}

fn list(violations: &[RequestViolation]) -> String {
    let list: Vec<_> = violations.iter().map(|v| format!("{}: {}", v.field(), v)).collect();
    list.join("; ")
}

/// One field outside its limits.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestViolation {
    /// There is no article at all.
    #[error("is missing")]
    ArticleMissing,
    /// Nothing but white space.
    #[error("is empty")]
    TextEmpty,
    /// Title and text are too long together.
    #[error("has {bytes} bytes with the title, the limit is {limit}")]
    TextTooLong {
        /// How long they are.
        bytes: usize,
        /// How long they may be.
        limit: usize,
    },
    /// Neither HTML nor text.
    #[error("is missing: set html or text")]
    PageContentMissing,
    /// The page is too long.
    #[error("has {bytes} bytes, the limit is {limit}")]
    PageTooLong {
        /// In which form it was sent.
        field: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The caller's name for the article is too long.
    #[error("has {bytes} bytes, the limit is {limit}")]
    ArticleIdTooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// No BCP 47 tag.
    #[error("is not a well-formed BCP 47 language tag: {0}")]
    LanguageCode(String),
    /// No revision.
    #[error("{0}")]
    ModelRevision(String),
    /// An option of the classifier.
    #[error(transparent)]
    Option(#[from] InvalidOptions),
}

impl RequestViolation {
    /// The path of the field.
    fn field(&self) -> &'static str {
        match self {
            Self::ArticleMissing => "article",
            Self::TextEmpty | Self::TextTooLong { .. } => "article.text",
            Self::PageContentMissing => "content",
            Self::PageTooLong { field, .. } => field,
            Self::ArticleIdTooLong { .. } => "article.article_id",
            Self::LanguageCode(_) => "article.language_code",
            Self::ModelRevision(_) => "options.model_revision",
            Self::Option(InvalidOptions::MinProbability(_)) => "options.min_probability",
            Self::Option(InvalidOptions::MaxEvidenceTerms(_)) => "options.max_evidence_terms",
            Self::Option(_) => "options.topic_priors",
        }
    }

    /// What a program tells the violation by.
    fn reason(&self) -> &'static str {
        match self {
            Self::ArticleMissing => "ARTICLE_MISSING",
            Self::TextEmpty => "ARTICLE_TEXT_EMPTY",
            Self::TextTooLong { .. } => "TEXT_TOO_LONG",
            Self::PageContentMissing => "PAGE_CONTENT_MISSING",
            Self::PageTooLong { .. } => "PAGE_TOO_LONG",
            Self::ArticleIdTooLong { .. } => "ARTICLE_ID_TOO_LONG",
            Self::LanguageCode(_) => "LANGUAGE_CODE_INVALID",
            Self::ModelRevision(_) => "MODEL_REVISION_INVALID",
            Self::Option(InvalidOptions::MinProbability(_)) => "MIN_PROBABILITY_INVALID",
            Self::Option(InvalidOptions::MaxEvidenceTerms(_)) => "MAX_EVIDENCE_TERMS_INVALID",
            Self::Option(_) => "TOPIC_PRIORS_INVALID",
        }
    }

    /// The limit, where it is a number.
    fn limit(&self) -> Option<usize> {
        match self {
            Self::TextTooLong { limit, .. }
            | Self::PageTooLong { limit, .. }
            | Self::ArticleIdTooLong { limit, .. } => Some(*limit),
            _ => None,
        }
    }
}

impl From<RequestError> for Status {
    fn from(error: RequestError) -> Self {
        let mut details = ErrorDetails::new();
        let (code, reason) = match &error {
            RequestError::Invalid(violations) => {
                let fields = violations.iter().map(|violation| FieldViolation {
                    field: violation.field().to_owned(),
                    description: violation.to_string(),
                    reason: violation.reason().to_owned(),
                    localized_message: None,
                });
                details.set_bad_request(fields.collect::<Vec<_>>());
                // The first violation names the error; all of them are in BadRequest.
                (Code::InvalidArgument, violations.first().map_or("INVALID", RequestViolation::reason))
            }
            RequestError::RevisionNotFound { asked, .. } => {
                details.set_resource_info("model revision", asked.to_string(), "", "not held by this server");
                (Code::NotFound, "REVISION_NOT_FOUND")
            }
            RequestError::ModelNotLoaded => {
                details.set_retry_info(Some(RETRY_LOADING));
                (Code::Unavailable, "MODEL_NOT_LOADED")
            }
            RequestError::Internal => (Code::Internal, "INTERNAL"),
        };
        let limit = match &error {
            RequestError::Invalid(violations) => violations.iter().find_map(RequestViolation::limit),
            _ => None,
        };
        let metadata = limit.map(|limit| ("limit".to_owned(), limit.to_string())).into_iter();
        details.set_error_info(reason, ERROR_DOMAIN, metadata.collect::<std::collections::HashMap<_, _>>());
        Self::with_error_details(code, error.to_string(), details)
    }
}
