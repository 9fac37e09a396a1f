//! The gRPC server: the only part that knows the transport.
//!
//! [`run()`] serves on a listener until told to stop. A call goes `incoming` (how many connections, TLS) -> `connections`
//! (HTTP, their ages) -> `pending` (bytes on their way) -> `web` (browsers) -> `layers` (access, limits, deadline, panics,
//! metrics) -> its service (`classification`, `models`, `inference`) -> `request` (checks) -> `answering`, with a model of the
//! `registry` -> [`crate::api`] (message); what goes wrong becomes a status in `status`, and nowhere else. Operators look in
//! through `admin`, `metrics`, `logging` and `traces`.

mod admin;
mod answering;
mod classification;
mod config;
mod connections;
mod incoming;
mod inference;
mod layers;
mod logging;
mod metrics;
mod model_messages;
mod models;
mod open_files;
mod page;
mod pagination;
mod pending;
mod registry;
mod request;
mod run;
mod security;
mod self_test;
mod status;
mod stream;
mod traces;
mod transport;
mod violation;
mod web;

pub use config::{Http2Config, OtlpConfig, Secret, ServerConfig, TlsConfig};
pub use layers::current_deadline;
pub use logging::{LogFilterError, LogFormat, log_to_stderr, set_log_filter, toggle_debug};
pub use metrics::ReloadOutcome;
pub use open_files::allow_open_files_for;
pub use registry::{
    DEFAULT_HELD_REVISIONS, DirectoryError, ModelObserver, ModelOutcome, ModelSource, PublishError,
    Published, Registry, publish, published_name,
};
pub use run::{ServeError, run, run_with_admin};
pub use security::{InvalidTokens, Opening, Role, SecurityError, TlsError, Tokens, UnknownRole};
pub use self_test::SelfTestError;
pub use status::{ERROR_DOMAIN, RequestError};
pub use violation::RequestViolation;
pub use web::{InvalidOrigin, WebOrigin};
