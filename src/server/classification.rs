//! `bayeswire.v1.ClassificationService`.

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};

use super::{
    answering::{Answering, Work},
    layers::reply,
    page::Pages,
    request::{check_article, check_batch, check_options, refuse_any},
    status::RequestError,
    stream::Answers,
};
use crate::{
    api::v1::{self, classification_service_server::ClassificationService},
    model::InvalidAgainst,
};

/// The service; one for all connections.
pub(super) struct Classifications {
    answering: Arc<Answering>,
    pages: Pages,
}

impl Classifications {
    pub(super) fn new(answering: Arc<Answering>) -> Self {
        Self { pages: Pages::new(Arc::clone(&answering)), answering }
    }

    async fn answer_batch(
        &self,
        request: v1::BatchClassifyArticlesRequest,
    ) -> Result<v1::BatchClassifyArticlesResponse, RequestError> {
        let mut violations = Vec::new();
        check_batch(request.articles.len(), &mut violations);
        let (model, options) = check_options(request.options, self.answering.now().held()?, &mut violations)?;
        refuse_any(violations)?;
        let mut results = Vec::with_capacity(request.articles.len());
        let mut work = Work::default();
        for (index, article) in request.articles.into_iter().enumerate() {
            if work.is_enough() {
                // Here the call also ends when its caller is gone: the transport drops it.
                tokio::task::yield_now().await;
            }
            work.add(article.title.len() + article.text.len());
            results.push(self.answering.answer_in_batch(&model, &options, index, article));
        }
        Ok(v1::BatchClassifyArticlesResponse { results })
    }

    fn explain(
        &self,
        request: v1::ExplainArticleRequest,
    ) -> Result<v1::ExplainArticleResponse, RequestError> {
        let now = self.answering.now();
        let mut violations = Vec::new();
        let held = now.held()?;
        let article = check_article(request.article, &self.answering.config, &mut violations);
        let (model, options) = check_options(request.options, held, &mut violations)?;
        let against = request.against_topic;
        if !against.is_empty() && !model.facts().topics.contains(&against) {
            violations.push(InvalidAgainst::Unknown(against.clone()).into());
        }
        refuse_any(violations)?;
        let options = options.with_language(&article.language_code);
        let explanation = self.answering.explain(&model, &article, &options, &against)?;
        Ok(v1::ExplainArticleResponse::new(&model, explanation))
    }
}

#[tonic::async_trait]
impl ClassificationService for Classifications {
    async fn classify_article(
        &self,
        request: Request<v1::ClassifyArticleRequest>,
    ) -> Result<Response<v1::ClassifyArticleResponse>, Status> {
        let v1::ClassifyArticleRequest { article, options } = request.into_inner();
        let (article_id, answer) = self.answering.answer(article, options);
        Ok(reply(v1::ClassifyArticleResponse { article_id, classification: Some(answer?) }))
    }

    async fn batch_classify_articles(
        &self,
        request: Request<v1::BatchClassifyArticlesRequest>,
    ) -> Result<Response<v1::BatchClassifyArticlesResponse>, Status> {
        Ok(reply(self.answer_batch(request.into_inner()).await?))
    }

    type StreamClassifyArticlesStream = Answers;

    async fn stream_classify_articles(
        &self,
        request: Request<Streaming<v1::StreamClassifyArticlesRequest>>,
    ) -> Result<Response<Answers>, Status> {
        self.answering.now().held()?;
        let mut answers = Response::new(Answers::new(Arc::clone(&self.answering), request.into_inner()));
        // Each is short, and compressed alone it would hardly be shorter.
        answers.disable_compression();
        Ok(answers)
    }

    async fn explain_article(
        &self,
        request: Request<v1::ExplainArticleRequest>,
    ) -> Result<Response<v1::ExplainArticleResponse>, Status> {
        Ok(reply(self.explain(request.into_inner())?))
    }

    async fn classify_page(
        &self,
        request: Request<v1::ClassifyPageRequest>,
    ) -> Result<Response<v1::ClassifyPageResponse>, Status> {
        Ok(reply(self.pages.answer(request.into_inner()).await?))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::{
        model::Model,
        server::{Registry, ServerConfig, layers::RpcTable, metrics::Metrics},
    };

    #[test]
    fn a_long_batch_lets_others_go_first_and_can_be_dropped_on_the_way() {
        let file = include_bytes!("../../models/default/default.model");
        let registry = Arc::new(Registry::default());
        let metrics = Metrics::new(&RpcTable::new().unwrap()).unwrap();
        registry.begin(Model::from_bytes(file).unwrap());
        let answering = Arc::new(Answering::new(registry, ServerConfig::default(), metrics));
        let service = Classifications::new(Arc::clone(&answering));
        let request = || {
            let article = v1::Article { text: "a b c d ".repeat(1 << 10), ..v1::Article::default() };
            v1::BatchClassifyArticlesRequest { articles: vec![article; 64], options: None }
        };
        let mut context = Context::from_waker(Waker::noop());
        let mut batch = pin!(service.answer_batch(request()));
        let mut polls = 1;
        let answer = loop {
            match batch.as_mut().poll(&mut context) {
                Poll::Ready(answer) => break answer.unwrap(),
                Poll::Pending => polls += 1,
            }
        };
        // 64 articles of 8 KiB, and it stops to look around every 64 KiB.
        assert_eq!((answer.results.len(), polls), (64, 8));
        let mut dropped = Box::pin(service.answer_batch(request()));
        assert!(dropped.as_mut().poll(&mut context).is_pending());
    }
}
