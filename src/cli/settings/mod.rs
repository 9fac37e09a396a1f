//! The settings of `serve`: one table of all of them drives flags, environment variables, the configuration file, the help
//! and `--print-config`, so that none can be forgotten in one place.
//!
//! [`Asked`] (what was given, and where) -> [`asked::Settled`] (of the right types) -> `check()` -> [`CheckedSettings`]
//! (what may run), or everything that is wrong at once.

mod asked;
mod check;
mod file;
mod print;
mod table;
mod value;

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

pub(super) use asked::Asked;
pub(super) use check::CheckedSettings;
pub(super) use file::FileError;

use crate::server::{DEFAULT_HELD_REVISIONS, LogFormat, ServerConfig};

/// Every setting, each of its type, but perhaps not fitting together.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    listen: SocketAddr,
    admin_listen: Option<SocketAddr>,
    model: Option<PathBuf>,
    held_revisions: NonZeroUsize,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_client_ca: Option<PathBuf>,
    operate_names: Vec<String>,
    classify_names: Option<Vec<String>>,
    insecure: bool,
    otlp_endpoint: Option<String>,
    otlp_headers: Vec<(String, String)>,
    otlp_sample_ratio: f64,
    log_format: LogFormat,
    log: String,
    /// All others, where they go in the end.
    server: ServerConfig,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 50051)),
            admin_listen: None,
            model: None,
            held_revisions: DEFAULT_HELD_REVISIONS,
            tls_cert: None,
            tls_key: None,
            tls_client_ca: None,
            operate_names: Vec::new(),
            classify_names: None,
            insecure: false,
            otlp_endpoint: None,
            otlp_headers: Vec::new(),
            otlp_sample_ratio: 1.0,
            log_format: LogFormat::Text,
            log: "info".to_owned(),
            server: ServerConfig::default(),
        }
    }
}
