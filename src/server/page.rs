//! `ClassifyPage`.

use std::{
    num::NonZeroUsize,
    panic::resume_unwind,
    sync::{Arc, Weak},
    thread::available_parallelism,
    time::Instant,
};

use tokio::sync::Semaphore;

use super::{
    answering::Answering,
    layers::current_deadline,
    request::{check_options, check_page, refuse_any},
    status::RequestError,
};
use crate::{
    api::v1::{self, classify_page_request},
    model::{Model, Options},
    page::Content,
};

/// Answers about pages away from the threads that serve connections: a page takes some 20 milliseconds a megabyte, and the
/// part of it that finds the articles cannot stop on the way.
pub(super) struct Pages {
    answering: Arc<Answering>,
    /// As many pages at once as there are cores; the others wait here, in their order.
    places: Arc<Semaphore>,
}

/// A request that was checked.
struct Asked {
    request: v1::ClassifyPageRequest,
    model: Arc<Model>,
    options: Options,
    /// When an answer is of no use any more.
    deadline: Option<Instant>,
    /// Dead when the caller has gone.
    caller: Weak<()>,
}

impl Pages {
    pub(super) fn new(answering: Arc<Answering>) -> Self {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Self { answering, places: Arc::new(Semaphore::new(cores)) }
    }

    /// Checks and answers one request.
    pub(super) async fn answer(
        &self,
        mut request: v1::ClassifyPageRequest,
    ) -> Result<v1::ClassifyPageResponse, RequestError> {
        let mut violations = Vec::new();
        check_page(request.content.as_ref(), &self.answering.config, &mut violations);
        let (model, options) =
            check_options(request.options.take(), self.answering.now().held()?, &mut violations)?;
        refuse_any(violations)?;
        let caller = Arc::new(());
        let (deadline, weak) = (current_deadline(), Arc::downgrade(&caller));
        let asked = Asked { request, model, options, deadline, caller: weak };
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| RequestError::Internal)?;
        let answering = Arc::clone(&self.answering);
        let work = tokio::task::spawn_blocking(move || {
            let _place = place;
            answer(&answering, asked)
        });
        match work.await {
            Ok(answer) => answer,
            // The layer around the handler counts it.
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // The server is going down.
            Err(_) => Err(RequestError::Draining),
        }
    }
}

impl Asked {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool {
        self.caller.strong_count() > 0 && self.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }
}

fn answer(answering: &Answering, mut asked: Asked) -> Result<v1::ClassifyPageResponse, RequestError> {
    let wanted = |asked: &Asked| if asked.is_wanted() { Ok(()) } else { Err(RequestError::DeadlineExceeded) };
    wanted(&asked)?;
    let content = match &asked.request.content {
        Some(classify_page_request::Content::Html(html)) => Content::Html(html),
        Some(classify_page_request::Content::Text(text)) => Content::Text(text),
        None => Content::Text(""),
    };
    let found = answering.find_articles(&asked.model, content);
    let mut articles = Vec::with_capacity(found.articles.len());
    for found in found.articles {
        wanted(&asked)?;
        let (title, text) = (&found.article.title, &found.article.text);
        let classification = answering.classify(&asked.model, title, text, &asked.options);
        articles.push(v1::PageArticle::new(&asked.model, found, classification));
    }
    let source_uri = std::mem::take(&mut asked.request.source_uri);
    Ok(v1::ClassifyPageResponse { source_uri, articles, left_out_share: found.left_out_share })
}
