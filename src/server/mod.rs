//! The gRPC server: the only part that knows the transport.
//!
//! [`run()`] serves on a listener until told to stop. A call goes `incoming` (TLS) -> `layers` (access, limits, deadline,
//! panics, metrics) -> `classification` -> `request` (checks) -> the model -> [`crate::api`] (message); what goes wrong
//! becomes a status in `status`, and nowhere else. Operators look in through `admin`, `metrics`, `logging` and
//! `traces`.

mod admin;
mod classification;
mod config;
mod incoming;
mod layers;
mod logging;
mod metrics;
mod request;
mod run;
mod security;
mod self_test;
mod status;
mod traces;
mod transport;

pub use config::{Http2Config, OtlpConfig, Secret, ServerConfig, TlsConfig};
pub use layers::current_deadline;
pub use logging::{LogFilterError, LogFormat, log_to_stderr, set_log_filter, toggle_debug};
pub use metrics::ReloadOutcome;
pub use run::{ServeError, run, run_with_admin};
pub use security::{InvalidTokens, Opening, Role, SecurityError, TlsError, Tokens, UnknownRole};
pub use self_test::SelfTestError;
pub use status::{ERROR_DOMAIN, RequestError, RequestViolation};
