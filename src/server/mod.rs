//! The gRPC server: the only part that knows the transport.
//!
//! [`run`] serves on a listener until told to stop. A call goes [`classification`] -> [`request`] (checks) -> the model ->
//! [`crate::api`] (message); what goes wrong becomes a status in [`status`], and nowhere else.

mod classification;
mod config;
mod page;
mod request;
mod run;
mod self_test;
mod status;

pub use config::ServerConfig;
pub use run::{ServeError, run};
pub use self_test::SelfTestError;
pub use status::{ERROR_DOMAIN, RequestError, RequestViolation};
