//! One field of a request outside its limits.

use crate::model::{InvalidAgainst, InvalidOptions};

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
    #[error("{why}")]
    ModelRevision {
        /// The path of the field.
        field: &'static str,
        /// What a revision looks like.
        why: String,
    },
    /// An option of the classifier.
    #[error(transparent)]
    Option(#[from] InvalidOptions),
    /// A batch of nothing.
    #[error("is empty, a batch has 1 to {limit} articles")]
    BatchEmpty {
        /// How many there may be.
        limit: usize,
    },
    /// Too many articles in one call.
    #[error("has {articles} articles, the limit is {limit}")]
    BatchTooLarge {
        /// How many there are.
        articles: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A topic that an article cannot be explained against.
    #[error(transparent)]
    AgainstTopic(#[from] InvalidAgainst),
    /// Too many or fewer than none.
    #[error("is {size}, it must be from 0 to {limit}")]
    PageSize {
        /// How many were asked for.
        size: i32,
        /// How many there may be.
        limit: i32,
    },
    /// Not what `next_page_token` said.
    #[error("is not a token that this server gave")]
    PageToken,
    /// Not one or two words.
    #[error("must be one word or two, of at most {limit} bytes")]
    Term {
        /// How long it may be.
        limit: usize,
    },
    /// A tensor of the Open Inference Protocol that does not hold together.
    #[error("{why}")]
    Tensor {
        /// The path of the field.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The same as above about one of many.
    #[error("{violation}")]
    At {
        /// The path of the field.
        path: String,
        /// What is wrong with it.
        violation: Box<RequestViolation>,
    },
}

impl RequestViolation {
    /// The same violation in the n-th article of a batch.
    pub(super) fn in_batch(self, index: usize) -> Self {
        let field = self.field();
        let path = format!("articles[{index}]{}", field.strip_prefix("article").unwrap_or(field));
        self.at(path)
    }

    /// The same violation in another place.
    pub(super) fn at(self, path: String) -> Self {
        Self::At { path, violation: Box::new(self) }
    }

    /// The path of the field.
    pub(super) fn field(&self) -> &str {
        match self {
            Self::ArticleMissing => "article",
            Self::TextEmpty | Self::TextTooLong { .. } => "article.text",
            Self::PageContentMissing => "content",
            Self::PageTooLong { field, .. } => field,
            Self::ArticleIdTooLong { .. } => "article.article_id",
            Self::LanguageCode(_) => "article.language_code",
            Self::ModelRevision { field, .. } => field,
            Self::Option(InvalidOptions::MinProbability(_)) => "options.min_probability",
            Self::Option(InvalidOptions::MaxEvidenceTerms(_)) => "options.max_evidence_terms",
            Self::Option(InvalidOptions::MinCoverage(_)) => "options.min_coverage",
            Self::Option(InvalidOptions::MaxStrangeness(_)) => "options.max_strangeness",
            Self::Option(_) => "options.topic_priors",
            Self::BatchEmpty { .. } | Self::BatchTooLarge { .. } => "articles",
            Self::AgainstTopic(_) => "against_topic",
            Self::PageSize { .. } => "page_size",
            Self::PageToken => "page_token",
            Self::Term { .. } => "term",
            Self::Tensor { path, .. } | Self::At { path, .. } => path,
        }
    }

    /// What a program tells the violation by.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::ArticleMissing => "ARTICLE_MISSING",
            Self::TextEmpty => "ARTICLE_TEXT_EMPTY",
            Self::TextTooLong { .. } => "TEXT_TOO_LONG",
            Self::PageContentMissing => "PAGE_CONTENT_MISSING",
            Self::PageTooLong { .. } => "PAGE_TOO_LONG",
            Self::ArticleIdTooLong { .. } => "ARTICLE_ID_TOO_LONG",
            Self::LanguageCode(_) => "LANGUAGE_CODE_INVALID",
            Self::ModelRevision { .. } => "MODEL_REVISION_INVALID",
            Self::Option(InvalidOptions::MinProbability(_)) => "MIN_PROBABILITY_INVALID",
            Self::Option(InvalidOptions::MaxEvidenceTerms(_)) => "MAX_EVIDENCE_TERMS_INVALID",
            Self::Option(InvalidOptions::MinCoverage(_)) => "MIN_COVERAGE_INVALID",
            Self::Option(InvalidOptions::MaxStrangeness(_)) => "MAX_STRANGENESS_INVALID",
            Self::Option(_) => "TOPIC_PRIORS_INVALID",
            Self::BatchEmpty { .. } => "BATCH_EMPTY",
            Self::BatchTooLarge { .. } => "BATCH_TOO_LARGE",
            Self::AgainstTopic(_) => "AGAINST_TOPIC_INVALID",
            Self::PageSize { .. } => "PAGE_SIZE_INVALID",
            Self::PageToken => "PAGE_TOKEN_INVALID",
            Self::Term { .. } => "TERM_INVALID",
            Self::Tensor { .. } => "TENSOR_INVALID",
            Self::At { violation, .. } => violation.reason(),
        }
    }

    /// The limit, where it is a number.
    pub(super) fn limit(&self) -> Option<usize> {
        match self {
            Self::TextTooLong { limit, .. }
            | Self::PageTooLong { limit, .. }
            | Self::ArticleIdTooLong { limit, .. }
            | Self::BatchEmpty { limit }
            | Self::BatchTooLarge { limit, .. }
            | Self::Term { limit } => Some(*limit),
            Self::PageSize { limit, .. } => usize::try_from(*limit).ok(),
            Self::At { violation, .. } => violation.limit(),
            _ => None,
        }
    }
}
