//! `bayeswire.v1.ClassificationService`.

use std::{
    cell::RefCell,
    sync::{Arc, OnceLock},
};

use tonic::{Request, Response, Status};

use super::{
    config::ServerConfig,
    page,
    request::{check_article, check_options},
    status::RequestError,
};
use crate::{
    api::v1::{self, classification_service_server::ClassificationService},
    model::{Classification, Classifier, Model, Options},
};

thread_local! {
    /// Every worker thread's scratch memory.
    static CLASSIFIER: RefCell<Option<Classifier>> = const { RefCell::new(None) };
}

/// The service; one for all connections.
pub(super) struct Classifications {
    /// Written once, when the model has been loaded and has passed its self-test.
    model: Arc<OnceLock<Arc<Model>>>,
    config: ServerConfig,
}

impl Classifications {
    pub(super) fn new(model: Arc<OnceLock<Arc<Model>>>, config: ServerConfig) -> Self {
        Self { model, config }
    }

    fn answer(
        &self,
        request: v1::ClassifyArticleRequest,
    ) -> Result<v1::ClassifyArticleResponse, RequestError> {
        let model = self.model.get().ok_or(RequestError::ModelNotLoaded)?;
        let mut violations = Vec::new();
        let article = check_article(request.article, &self.config, &mut violations);
        let options = check_options(request.options, model, &mut violations)?;
        if !violations.is_empty() {
            return Err(RequestError::Invalid(violations));
        }
        let answer = classify(model, &article, &options);
        Ok(v1::ClassifyArticleResponse {
            article_id: article.article_id,
            classification: Some(v1::Classification::new(model, answer)),
        })
    }
}

fn classify(model: &Model, article: &v1::Article, options: &Options) -> Classification {
    CLASSIFIER.with_borrow_mut(|classifier| {
        classifier.get_or_insert_with(|| Classifier::new(model.facts().text_profile)).classify(
            model,
            &article.title,
            &article.text,
            options,
        )
    })
}

#[tonic::async_trait]
impl ClassificationService for Classifications {
    async fn classify_article(
        &self,
        request: Request<v1::ClassifyArticleRequest>,
    ) -> Result<Response<v1::ClassifyArticleResponse>, Status> {
        Ok(Response::new(self.answer(request.into_inner())?))
    }
    async fn classify_page(
        &self,
        request: Request<v1::ClassifyPageRequest>,
    ) -> Result<Response<v1::ClassifyPageResponse>, Status> {
        let model = Arc::clone(self.model.get().ok_or(RequestError::ModelNotLoaded)?);
        Ok(Response::new(page::classify(request.into_inner(), model, self.config.clone()).await?))
    }
}
