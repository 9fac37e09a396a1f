//! What can be set.

use std::{fmt, path::PathBuf, time::Duration};

use super::{security::Opening, web::WebOrigin};
use crate::page::MAX_PAGE_BYTES;

/// What a message may carry besides its page, and how far a page may be over its limit and still be told so, in bytes.
const PAGE_MESSAGE_BYTES: usize = 1 << 20;

/// Limits, times and rules of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    /// Title and text of one article together, in bytes.
    pub max_text_bytes: usize,
    /// One page, in bytes.
    pub max_page_bytes: usize,
    /// The caller's name for an article, in bytes.
    pub max_article_id_bytes: usize,
    /// The longest message that is decoded, in bytes. None: an article of the longest text and what comes with it; for pages,
    /// the longest page and what comes with it.
    pub max_message_bytes: Option<usize>,
    /// How long a call may take when its caller names no shorter time; for a stream, until its first answer.
    pub deadline: Duration,
    /// How long a stream may go without an answer, whether its caller sends nothing or takes nothing. Then it is ended, or at
    /// least counts as a call no more.
    pub stream_idle_timeout: Duration,
    /// How many calls may be under way on all connections together; health and reflection do not count.
    pub concurrency_limit: usize,
    /// How many bytes of requests may be in memory, on all connections together and beyond the first 64 KiB of each.
    pub max_pending_bytes: usize,
    /// How many connections may be open; more are closed as soon as they are accepted.
    pub max_connections: usize,
    /// Whether gzip and zstd are taken, and given to callers that accept them where replies are long.
    pub compression: bool,
    /// How long the server answers as before after it was told to stop, its health being NOT_SERVING: the time that load
    /// balancers need to notice.
    pub drain_delay: Duration,
    /// How long calls in flight may take after that.
    pub grace: Duration,
    /// How connections are kept.
    pub http2: Http2Config,
    /// TLS; None for connections without.
    pub tls: Option<TlsConfig>,
    /// A file of tokens: lines `ROLE TOKEN`. None: callers need no token.
    pub token_file: Option<PathBuf>,
    /// Whether the health service may be called without a role.
    pub health: Opening,
    /// Whether reflection may be called without a role.
    pub reflection: Opening,
    /// How often files of certificates and tokens are looked at for changes.
    pub reload_interval: Duration,
    /// Where spans are sent. None: there are none.
    pub otlp: Option<OtlpConfig>,
    /// Pages of other origins that browsers may let call the server by gRPC-Web. None: no page.
    pub web_origins: Vec<WebOrigin>,
}

/// How connections are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http2Config {
    /// How many calls one connection may carry at once.
    pub max_streams: u32,
    /// How long a client may take to agree on TLS, and again to begin to speak HTTP.
    pub handshake_timeout: Duration,
    /// After how long without a word a connection is probed. None: never.
    pub keep_alive_interval: Option<Duration>,
    /// How long the other side may take to answer a probe; then the connection is closed.
    pub keep_alive_timeout: Duration,
    /// After how long a connection is closed gracefully, so that callers spread over servers that were added; each up to a
    /// tenth sooner or later, so that those that were made together do not end together. None: never.
    pub max_connection_age: Option<Duration>,
    /// How many bytes of one call may be on their way unread.
    pub stream_window_bytes: u32,
    /// How many bytes of all calls of a connection may be on their way unread.
    pub connection_window_bytes: u32,
}

/// What TLS is made of. The files are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The server's certificate chain, PEM.
    pub cert: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Certificates of the authorities whose clients are let in, PEM. None: clients need no certificate.
    pub client_ca: Option<PathBuf>,
    /// DNS names: a client whose certificate is valid for one of them has the role operate.
    pub operate_names: Vec<String>,
    /// DNS names: a client whose certificate is valid for one of them has the role classify. None: every client whose
    /// certificate one of the authorities has signed.
    pub classify_names: Option<Vec<String>>,
}

/// Where spans are sent.
#[derive(Clone, Debug, PartialEq)]
pub struct OtlpConfig {
    /// The collector, such as `http://127.0.0.1:4317`.
    pub endpoint: String,
    /// Sent with every request to it, such as `authorization`.
    pub headers: Secret<Vec<(String, String)>>,
    /// The share of calls to trace where the caller has not decided, 0 to 1.
    pub sample_ratio: f64,
}

/// A value that `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_text_bytes: 1 << 20,
            max_page_bytes: MAX_PAGE_BYTES,
            max_article_id_bytes: 128,
            max_message_bytes: None,
            deadline: Duration::from_secs(5),
            stream_idle_timeout: Duration::from_secs(300),
            concurrency_limit: 1024,
            max_pending_bytes: 256 << 20,
            max_connections: 4096,
            compression: true,
            drain_delay: Duration::from_secs(1),
            grace: Duration::from_secs(30),
            http2: Http2Config::default(),
            tls: None,
            token_file: None,
            health: Opening::Open,
            reflection: Opening::Open,
            reload_interval: Duration::from_secs(1),
            otlp: None,
            web_origins: Vec::new(),
        }
    }
}

impl Default for Http2Config {
    fn default() -> Self {
        Self {
            max_streams: 256,
            handshake_timeout: Duration::from_secs(10),
            keep_alive_interval: Some(Duration::from_secs(60)),
            keep_alive_timeout: Duration::from_secs(20),
            max_connection_age: None,
            stream_window_bytes: 1 << 20,
            connection_window_bytes: 2 << 20,
        }
    }
}

impl ServerConfig {
    /// The longest message that is decoded. Further out the transport refuses, without telling which field was too long.
    pub(super) fn max_message_bytes(&self) -> usize {
        self.max_message_bytes
            .unwrap_or_else(|| self.max_text_bytes.saturating_mul(2).saturating_add(2 << 20))
    }

    /// The longest message of all.
    pub(crate) fn longest_message_bytes(&self) -> usize {
        self.max_message_bytes().max(self.max_page_message_bytes())
    }

    /// The same for messages that carry a page.
    pub(super) fn max_page_message_bytes(&self) -> usize {
        self.max_message_bytes.unwrap_or_else(|| {
            self.max_page_bytes.saturating_add(PAGE_MESSAGE_BYTES).max(self.max_message_bytes())
        })
    }
}
