//! A client of the server, for the command line and for Rust programs.

use std::time::Duration;

use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

use crate::{
    api::v1::{self, classification_service_client::ClassificationServiceClient},
    article::Article,
};

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for an answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to a server. Cloning is cheap; clones share the connection.
#[derive(Clone, Debug)]
pub struct Client {
    service: ClassificationServiceClient<Channel>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not a URL.
    #[error("{0:?} is not a URL such as http://127.0.0.1:50051")]
    Url(String),
    /// Nobody answers there.
    #[error("no server at {0}: {1}")]
    Unavailable(String, String),
}

impl Client {
    /// Connects to `url`, such as `http://127.0.0.1:50051`.
    ///
    /// # Errors
    /// When it is no URL or nobody answers there within 5 seconds.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let endpoint =
            Endpoint::from_shared(url.to_owned()).map_err(|_| ConnectError::Url(url.to_owned()))?;
        if endpoint.uri().scheme().is_none() || endpoint.uri().host().is_none() {
            return Err(ConnectError::Url(url.to_owned()));
        }
        let channel = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .tcp_nodelay(true)
            .connect()
            .await
            .map_err(|e| ConnectError::Unavailable(url.to_owned(), innermost(&e)))?;
        Ok(Self { service: ClassificationServiceClient::new(channel).max_decoding_message_size(64 << 20) })
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
        let request = v1::ClassifyArticleRequest {
            article: Some(v1::Article {
                article_id: article.id.clone(),
                title: article.title.clone(),
                text: article.text.clone(),
                ..v1::Article::default()
            }),
            options: Some(options),
        };
        Ok(self.service.clone().classify_article(request).await?.into_inner())
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

/// The message of the first cause: tonic's own says only "transport error".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
