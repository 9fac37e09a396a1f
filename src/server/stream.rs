//! `StreamClassifyArticles`.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::Stream;
use tonic::{Status, Streaming};

use super::answering::{Answering, Work, outcome};
use crate::api::v1;

/// Answers requests one by one, when the transport has room for an answer.
///
/// There is no queue and no task: a request is read only when the answer before it has gone to the transport, so the
/// window is what the transport buffers (32 KiB of answers and HTTP/2's flow-control window of requests), a caller that
/// does not read stops being read, and a caller that goes away takes everything along.
pub(super) struct Answers {
    answering: Arc<Answering>,
    requests: Streaming<v1::StreamClassifyArticlesRequest>,
    work: Work,
}

impl Answers {
    pub(super) fn new(
        answering: Arc<Answering>,
        requests: Streaming<v1::StreamClassifyArticlesRequest>,
    ) -> Self {
        Self { answering, requests, work: Work::default() }
    }
}

impl Stream for Answers {
    type Item = Result<v1::StreamClassifyArticlesResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.work.is_enough() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Poll::Ready(request) = Pin::new(&mut self.requests).poll_next(context) else {
            self.work.rest();
            return Poll::Pending;
        };
        Poll::Ready(match request {
            None => None,
            Some(Err(status)) => Some(Err(status)),
            Some(Ok(v1::StreamClassifyArticlesRequest { article, options })) => {
                self.work.add(article.as_ref().map_or(0, |article| article.title.len() + article.text.len()));
                let (article_id, answer) = self.answering.answer(article, options);
                let result = v1::ArticleResult { article_id, outcome: Some(outcome(answer)) };
                Some(Ok(v1::StreamClassifyArticlesResponse { result: Some(result) }))
            }
        })
    }
}
