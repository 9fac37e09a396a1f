//! Whether settings fit together.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use super::Settings;
use crate::server::{LogFormat, OtlpConfig, Secret, ServerConfig, TlsConfig};

/// Settings that may run.
#[derive(Clone, Debug)]
pub(in crate::cli) struct CheckedSettings {
    pub(in crate::cli) listen: SocketAddr,
    pub(in crate::cli) admin_listen: Option<SocketAddr>,
    pub(in crate::cli) model: Option<PathBuf>,
    pub(in crate::cli) held_revisions: NonZeroUsize,
    pub(in crate::cli) log_format: LogFormat,
    pub(in crate::cli) log: String,
    pub(in crate::cli) server: ServerConfig,
}

impl Settings {
    /// # Errors
    /// Everything that does not fit together, a line each.
    pub(super) fn check(self) -> Result<CheckedSettings, Vec<String>> {
        let mut wrong = Vec::new();
        let has_tls = self.tls_cert.is_some() || self.tls_key.is_some();
        if !self.listen.ip().is_loopback() && !has_tls && !self.insecure {
            wrong.push(format!(
                "listen {}: other machines can reach it and there is no TLS: set tls_cert and tls_key, or insecure",
                self.listen
            ));
        }
        if !has_tls && self.tls_client_ca.is_some() {
            wrong.push("tls_client_ca: goes with tls_cert and tls_key".to_owned());
        }
        if self.tls_client_ca.is_none() && !self.operate_names.is_empty() {
            wrong.push("operate_names: goes with tls_client_ca".to_owned());
        }
        if self.tls_client_ca.is_none() && self.classify_names.is_some() {
            wrong.push("classify_names: goes with tls_client_ca".to_owned());
        }
        if self.otlp_endpoint.is_none() && !self.otlp_headers.is_empty() {
            wrong.push("otlp_headers: goes with otlp_endpoint".to_owned());
        }
        if self.admin_listen.is_some_and(|admin| admin == self.listen && admin.port() != 0) {
            wrong.push(format!("admin_listen {}: is the same as listen", self.listen));
        }
        let text_bytes = self.server.max_text_bytes;
        if let Some(bytes) = self.server.max_message_bytes.filter(|bytes| *bytes < text_bytes) {
            wrong.push(format!("max_message_bytes {bytes}: is less than max_text_bytes, {text_bytes}"));
        }
        let (message, pending) = (self.server.longest_message_bytes(), self.server.max_pending_bytes);
        if pending < message {
            wrong.push(format!("max_pending_bytes {pending}: is less than one message may have, {message}"));
        }
        let mut server = self.server;
        server.tls = match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => Some(TlsConfig {
                cert,
                key,
                client_ca: self.tls_client_ca,
                operate_names: self.operate_names,
                classify_names: self.classify_names,
            }),
            (Some(_), None) => {
                wrong.push("tls_cert: goes with tls_key".to_owned());
                None
            }
            (None, Some(_)) => {
                wrong.push("tls_key: goes with tls_cert".to_owned());
                None
            }
            (None, None) => None,
        };
        server.otlp = self.otlp_endpoint.map(|endpoint| OtlpConfig {
            endpoint,
            headers: Secret::new(self.otlp_headers),
            sample_ratio: self.otlp_sample_ratio,
        });
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(CheckedSettings {
            listen: self.listen,
            admin_listen: self.admin_listen,
            model: self.model,
            held_revisions: self.held_revisions,
            log_format: self.log_format,
            log: self.log,
            server,
        })
    }
}
