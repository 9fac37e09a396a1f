//! The gRPC server: the only part that knows the transport.
//!
//! [`run()`] serves on a listener until told to stop. A call goes to its service (`classification`, `models`,
//! `inference`) -> `request` (checks) -> `answering`, with a model of the `registry` -> [`crate::api`] (message);
//! what goes wrong becomes a status in `status`, and nowhere else.

mod answering;
mod classification;
mod config;
mod inference;
mod model_messages;
mod models;
mod pagination;
mod registry;
mod request;
mod run;
mod self_test;
mod status;
mod stream;
mod violation;
mod web;

pub use config::ServerConfig;
pub use registry::{
    DEFAULT_HELD_REVISIONS, DirectoryError, ModelObserver, ModelSource, Registry, ReloadOutcome,
};
pub use run::{ServeError, run};
pub use self_test::SelfTestError;
pub use status::{ERROR_DOMAIN, RequestError};
pub use violation::RequestViolation;
pub use web::{InvalidOrigin, WebOrigin};
