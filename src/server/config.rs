//! What can be set.

use std::time::Duration;

use super::web::WebOrigin;

/// Limits and times of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Title and text of one article together, in bytes.
    pub max_text_bytes: usize,
    /// The caller's name for an article, in bytes.
    pub max_article_id_bytes: usize,
    /// How long calls in flight may take after the server was told to stop.
    pub grace: Duration,
    /// Pages of other origins that browsers may let call the server by gRPC-Web. None: no page.
    pub web_origins: Vec<WebOrigin>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_text_bytes: 1 << 20,
            max_article_id_bytes: 128,
            grace: Duration::from_secs(30),
            web_origins: Vec::new(),
        }
    }
}

impl ServerConfig {
    /// The longest message that is decoded: an article of the longest text and what comes with it. Further out the
    /// transport refuses, without telling which field was too long.
    pub(super) fn max_message_bytes(&self) -> usize {
        self.max_text_bytes.saturating_mul(2).saturating_add(2 << 20)
    }
}
