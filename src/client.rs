//! A client of the server, for the command line and for Rust programs.

mod connect;

use std::time::Duration;

pub use connect::{ConnectError, ConnectOptions, Connection, connect};
use tonic::Status;

use crate::{
    api::v1::{self, classification_service_client::ClassificationServiceClient},
    article::Article,
};

/// How long to wait for an answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to a server. Cloning is cheap; clones share the connection.
#[derive(Clone, Debug)]
pub struct Client {
    service: ClassificationServiceClient<Connection>,
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
        let channel = connect(url, options, CALL_TIMEOUT).await?;
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
}
