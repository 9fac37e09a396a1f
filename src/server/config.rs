//! What can be set.

use std::time::Duration;

use crate::page::MAX_PAGE_BYTES;

/// Limits and times of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Title and text of one article together, in bytes.
    pub max_text_bytes: usize,
    /// One page, in bytes.
    pub max_page_bytes: usize,
    /// The caller's name for an article, in bytes.
    pub max_article_id_bytes: usize,
    /// How long calls in flight may take after the server was told to stop.
    pub grace: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_text_bytes: 1 << 20,
            max_page_bytes: MAX_PAGE_BYTES,
            max_article_id_bytes: 128,
            grace: Duration::from_secs(30),
        }
    }
}

impl ServerConfig {
    /// The longest message that is decoded: an article of the longest text, or the longest page, and what comes with it. Further out the
    /// transport refuses, without telling which field was too long.
    pub(super) fn max_message_bytes(&self) -> usize {
        self.max_text_bytes.max(self.max_page_bytes).saturating_mul(2).saturating_add(2 << 20)
    }
}
