//! What every service needs to answer about articles.

use std::{borrow::Cow, cell::RefCell, sync::Arc};

use arc_swap::Guard;

use super::{
    config::ServerConfig,
    metrics::Metrics,
    registry::{Held, Registry},
    request::{check_article, check_options, refuse_any},
    status::{RequestError, as_value},
    violation::RequestViolation,
};
use crate::{
    api::{
        ModelSubjects,
        v1::{self, article_result::Outcome},
    },
    model::{Classification, Classifier, Explanation, Model, Options},
    page::{Content, FoundArticles, find_articles},
};

thread_local! {
    /// Every worker thread's scratch memory.
    static CLASSIFIER: RefCell<Option<Classifier>> = const { RefCell::new(None) };
}

/// After so many bytes of text a call that has more to do lets others go first: about a millisecond.
const YIELD_AFTER_BYTES: usize = 64 << 10;
/// What an article takes besides its text, as bytes of text.
const ARTICLE_BYTES: usize = 512;

/// The models and the limits; one for all services.
pub(super) struct Answering {
    pub(super) registry: Arc<Registry>,
    pub(super) config: ServerConfig,
    metrics: Arc<Metrics>,
}

/// The revisions in memory, as they were at one moment.
pub(super) struct Now(Guard<Option<Arc<Held>>>);

impl Now {
    /// # Errors
    /// While the model is being loaded.
    pub(super) fn held(&self) -> Result<&Held, RequestError> {
        self.0.as_deref().ok_or(RequestError::ModelNotLoaded)
    }
}

impl Answering {
    pub(super) fn new(registry: Arc<Registry>, config: ServerConfig, metrics: Arc<Metrics>) -> Self {
        Self { registry, config, metrics }
    }

    /// The revisions in memory. Not to be kept for long: it stands in the way of nothing, but it keeps them all.
    pub(super) fn now(&self) -> Now {
        Now(self.registry.held())
    }

    /// Classifies an article that was checked.
    pub(super) fn classify(
        &self,
        model: &Model,
        title: &str,
        text: &str,
        options: &Options,
    ) -> Classification {
        let answer = with_classifier(model, |classifier| classifier.classify(model, title, text, options));
        self.metrics.answered(model, &answer);
        answer
    }

    /// Finds the articles of a page, told apart with what `model` knows.
    pub(super) fn find_articles(&self, model: &Model, content: Content<'_>) -> FoundArticles {
        with_classifier(model, |classifier| {
            find_articles(content, &mut ModelSubjects::new(model, classifier))
        })
    }

    /// Explains an article that was checked.
    ///
    /// # Errors
    /// When its most probable topic cannot be compared with `against`.
    pub(super) fn explain(
        &self,
        model: &Model,
        article: &v1::Article,
        options: &Options,
        against: &str,
    ) -> Result<Explanation, RequestError> {
        let explained = with_classifier(model, |classifier| {
            classifier.explain(model, &article.title, &article.text, options, against)
        });
        let explanation = explained.map_err(|wrong| RequestError::Invalid(vec![wrong.into()]))?;
        self.metrics.answered(model, &explanation.classification);
        Ok(explanation)
    }

    /// Checks and classifies one article. What was sent as its id is given back in any case.
    pub(super) fn answer(
        &self,
        article: Option<v1::Article>,
        options: Option<v1::ClassificationOptions>,
    ) -> (String, Result<v1::Classification, RequestError>) {
        let mut violations = Vec::new();
        let article = check_article(article, &self.config, &mut violations);
        let answer = self.answer_checked(&article, options, violations);
        (article.article_id, answer)
    }

    fn answer_checked(
        &self,
        article: &v1::Article,
        options: Option<v1::ClassificationOptions>,
        mut violations: Vec<RequestViolation>,
    ) -> Result<v1::Classification, RequestError> {
        let now = self.now();
        let (model, options) = check_options(options, now.held()?, &mut violations)?;
        refuse_any(violations)?;
        let options = options.with_language(&article.language_code);
        let answer = self.classify(&model, &article.title, &article.text, &options);
        Ok(v1::Classification::new(&model, answer))
    }

    /// What becomes of the n-th article of a batch.
    pub(super) fn answer_in_batch(
        &self,
        model: &Model,
        options: &Options,
        index: usize,
        article: v1::Article,
    ) -> v1::ArticleResult {
        let mut violations = Vec::new();
        let article = check_article(Some(article), &self.config, &mut violations);
        let violations = violations.into_iter().map(|violation| violation.in_batch(index)).collect();
        let answer = refuse_any(violations).map(|()| {
            let stated = match article.language_code.as_str() {
                "" => Cow::Borrowed(options),
                language => Cow::Owned(options.clone().with_language(language)),
            };
            let answer = self.classify(model, &article.title, &article.text, &stated);
            v1::Classification::new(model, answer)
        });
        v1::ArticleResult { article_id: article.article_id, outcome: Some(outcome(answer)) }
    }
}

/// One of many results.
pub(super) fn outcome(answer: Result<v1::Classification, RequestError>) -> Outcome {
    answer.map_or_else(|error| Outcome::Error(as_value(error)), Outcome::Classification)
}

/// Lends this thread's classifier.
fn with_classifier<T>(model: &Model, ask: impl FnOnce(&mut Classifier) -> T) -> T {
    CLASSIFIER.with_borrow_mut(|classifier| {
        ask(classifier.get_or_insert_with(|| Classifier::new(model.facts().text_profile)))
    })
}

/// How much one call has done since it last let others go first.
#[derive(Debug, Default)]
pub(super) struct Work {
    bytes: usize,
}

impl Work {
    /// Notes an article of so many bytes of title and text.
    pub(super) fn add(&mut self, text_bytes: usize) {
        self.bytes = self.bytes.saturating_add(text_bytes).saturating_add(ARTICLE_BYTES);
    }

    /// Whether others should go first now; then counting begins anew.
    pub(super) fn is_enough(&mut self) -> bool {
        let enough = self.bytes >= YIELD_AFTER_BYTES;
        if enough {
            self.bytes = 0;
        }
        enough
    }

    /// Others have gone first.
    pub(super) fn rest(&mut self) {
        self.bytes = 0;
    }
}
