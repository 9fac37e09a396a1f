//! A client of the server, for the command line and for Rust programs.

mod connect;
mod retry;
mod servers;
mod transport;

use std::time::Duration;

use connect::connect_when_called;
pub use connect::{ConnectError, ConnectOptions, Connection, connect};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
pub use retry::RetryPolicy;
pub use servers::Servers;
use tonic::{Request, Status};
pub use transport::Transport;

use crate::{
    api::v1::{
        self, classification_service_client::ClassificationServiceClient,
        model_service_client::ModelServiceClient,
    },
    article::Article,
};

/// How long to wait for an answer; of a stream, for its beginning.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait for a connection where there are other servers to call.
const FAILOVER_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest answer that is read, in bytes: a batch or an explanation can be long.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// How many revisions are asked for at once.
const PAGE_SIZE: i32 = 100;

/// A connection to a server. Cloning is cheap; clones share the connection.
#[derive(Clone, Debug)]
pub struct Client {
    service: ClassificationServiceClient<Connection>,
    models: ModelServiceClient<Connection>,
    timeout: Option<Duration>,
}

impl Client {
    /// Connects to `url`, such as `http://127.0.0.1:50051`.
    ///
    /// # Errors
    /// When it is no URL or nobody answers there within 5 seconds.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::connect_with(url, &ConnectOptions::default()).await
    }

    /// Connects to `url` as `options` say.
    ///
    /// # Errors
    /// When it is no URL, a file cannot be used, or nobody answers there within 5 seconds.
    pub async fn connect_with(url: &str, options: &ConnectOptions) -> Result<Self, ConnectError> {
        Ok(Self::new(connect(url, options, CALL_TIMEOUT).await?))
    }

    /// Connects to `url` when it is first called, as `options` say.
    ///
    /// # Errors
    /// When it is no URL or a file cannot be used.
    pub fn connect_when_called(url: &str, options: &ConnectOptions) -> Result<Self, ConnectError> {
        Ok(Self::new(connect_when_called(url, options, CALL_TIMEOUT, FAILOVER_TIMEOUT)?))
    }

    fn new(connection: Connection) -> Self {
        Self {
            service: ClassificationServiceClient::new(connection.clone())
                .max_decoding_message_size(MAX_ANSWER_BYTES),
            models: ModelServiceClient::new(connection),
            timeout: None,
        }
    }

    /// The same connection; the server is told that its answers, streams as a whole, must come within `timeout`. Calls end
    /// with DEADLINE_EXCEEDED when they do not; 30 seconds is the most.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(timeout) = self.timeout {
            request.set_timeout(timeout);
        }
        request
    }

    /// Classifies one article.
    ///
    /// # Errors
    /// The server's status.
    pub async fn classify(
        &self,
        article: &Article,
        options: v1::ClassificationOptions,
    ) -> Result<v1::ClassifyArticleResponse, Status> {
        let request = v1::ClassifyArticleRequest { article: Some(article.into()), options: Some(options) };
        Ok(self.service.clone().classify_article(self.request(request)).await?.into_inner())
    }

    /// Classifies 1 to 1,000 articles in one call: an answer or an error for each, in the same order.
    ///
    /// # Errors
    /// The server's status, when the call as a whole failed.
    pub async fn classify_batch(
        &self,
        articles: &[Article],
        options: v1::ClassificationOptions,
    ) -> Result<Vec<v1::ArticleResult>, Status> {
        let articles = articles.iter().map(Into::into).collect();
        let request = v1::BatchClassifyArticlesRequest { articles, options: Some(options) };
        Ok(self.service.clone().batch_classify_articles(self.request(request)).await?.into_inner().results)
    }

    /// Classifies articles as `articles` gives them: an answer or an error for each, in the same order. `articles` is
    /// asked for more only as fast as answers are taken; dropping what is returned ends the call.
    ///
    /// # Errors
    /// The server's status, here or in place of an answer, when the call as a whole failed.
    pub async fn classify_stream(
        &self,
        articles: impl Stream<Item = Article> + Send + 'static,
        options: v1::ClassificationOptions,
    ) -> Result<impl Stream<Item = Result<v1::ArticleResult, Status>> + Send + 'static, Status> {
        // The transport keeps a call open as long as one of its directions is, so the requests end with the answers.
        let (wanted, unwanted) = tokio::sync::oneshot::channel::<()>();
        let requests = articles.map(move |article| v1::StreamClassifyArticlesRequest {
            article: Some((&article).into()),
            options: Some(options.clone()),
        });
        let requests = requests.take_until(unwanted);
        let answers =
            self.service.clone().stream_classify_articles(self.request(requests)).await?.into_inner();
        Ok(answers.map_ok(move |answer| {
            let _wanted = &wanted;
            answer.result.unwrap_or_default()
        }))
    }

    /// Asks why an article is about its topic and not about `against_topic`, or not about the runner-up where that is empty.
    ///
    /// # Errors
    /// The server's status.
    pub async fn explain(
        &self,
        article: &Article,
        options: v1::ClassificationOptions,
        against_topic: &str,
    ) -> Result<v1::ExplainArticleResponse, Status> {
        let request = v1::ExplainArticleRequest {
            article: Some(article.into()),
            options: Some(options),
            against_topic: against_topic.to_owned(),
        };
        Ok(self.service.clone().explain_article(self.request(request)).await?.into_inner())
    }

    /// Asks which build the server is, what it can do and within what limits.
    ///
    /// # Errors
    /// The server's status.
    pub async fn server_info(&self) -> Result<v1::GetServerInfoResponse, Status> {
        Ok(self.models.clone().get_server_info(self.request(v1::GetServerInfoRequest {})).await?.into_inner())
    }

    /// All revisions in the server's memory and in its model directory, newest file first.
    ///
    /// # Errors
    /// The server's status.
    pub async fn model_revisions(&self) -> Result<Vec<v1::ModelRevision>, Status> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListModelRevisionsRequest { page_size: PAGE_SIZE, page_token };
            let page = self.models.clone().list_model_revisions(self.request(request)).await?.into_inner();
            all.extend(page.revisions);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// Makes a revision the active one; with `validate_only`, asks whether that would work.
    ///
    /// # Errors
    /// The server's status: NOT_FOUND for a revision that is not there, FAILED_PRECONDITION for one that cannot be served.
    pub async fn activate_model(
        &self,
        model_revision: &str,
        validate_only: bool,
    ) -> Result<v1::ActivateModelRevisionResponse, Status> {
        let model_revision = model_revision.to_owned();
        let request = v1::ActivateModelRevisionRequest { model_revision, validate_only };
        Ok(self.models.clone().activate_model_revision(self.request(request)).await?.into_inner())
    }

    /// Makes the revision active that was active before.
    ///
    /// # Errors
    /// The server's status: FAILED_PRECONDITION when no earlier revision is in memory.
    pub async fn roll_back_model(&self) -> Result<v1::RollbackModelResponse, Status> {
        Ok(self.models.clone().rollback_model(self.request(v1::RollbackModelRequest {})).await?.into_inner())
    }

    /// Asks what the active model knows about a word or two adjacent words.
    ///
    /// # Errors
    /// The server's status: NOT_FOUND when the model has no weights for it.
    pub async fn look_up_term(&self, term: &str) -> Result<v1::LookUpTermResponse, Status> {
        let request = v1::LookUpTermRequest { term: term.to_owned(), ..v1::LookUpTermRequest::default() };
        Ok(self.models.clone().look_up_term(self.request(request)).await?.into_inner())
    }

    /// Finds the articles on a page and classifies each.
    ///
    /// # Errors
    /// The server's status.
    pub async fn classify_page(
        &self,
        request: v1::ClassifyPageRequest,
    ) -> Result<v1::ClassifyPageResponse, Status> {
        Ok(self.service.clone().classify_page(request).await?.into_inner())
    }
}

impl From<&Article> for v1::Article {
    fn from(article: &Article) -> Self {
        Self {
            article_id: article.id.clone(),
            title: article.title.clone(),
            text: article.text.clone(),
            ..Self::default()
        }
    }
}
