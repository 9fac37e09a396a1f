//! What guards a server: rules, tokens, certificates, and watching their files.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tracing::{error, info};

use super::{
    Access, InvalidTokens, Tls, TlsError, Tokens,
    files::{Contents, read_all, watch},
    tls::tls_paths,
};
use crate::server::{
    ServerConfig,
    metrics::{Metrics, ReloadOutcome},
};

/// Why a server cannot be guarded as it should be.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// The certificate, the key, or the authorities of clients.
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    /// The file of tokens cannot be read.
    #[error("tokens: {}: {}", .0.display(), .1)]
    Read(PathBuf, std::io::Error),
    /// The file of tokens is wrong.
    #[error("tokens: {}: {}", .0.display(), .1)]
    Tokens(PathBuf, InvalidTokens),
}

/// What guards a server.
#[derive(Debug)]
pub(in crate::server) struct Guard {
    pub(in crate::server) access: Arc<Access>,
    pub(in crate::server) tls: Option<Arc<Tls>>,
    /// Look at the files until the guard is dropped.
    _watchers: JoinSet<()>,
}

impl Guard {
    /// Reads the files that `config` names, and goes on looking at them.
    ///
    /// # Errors
    /// When one of them is not what it should be.
    pub(in crate::server) fn new(
        config: &ServerConfig,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, SecurityError> {
        let mut watchers = JoinSet::new();
        let interval = config.reload_interval;
        let tls = match &config.tls {
            None => None,
            Some(tls_config) => {
                let paths = tls_paths(tls_config);
                let files = read_all(&paths).map_err(|(path, e)| TlsError::Read(path, e))?;
                let tls = Arc::new(Tls::load(tls_config, &files)?);
                watch_tls(&mut watchers, Arc::clone(&tls), Arc::clone(metrics), paths, files, interval);
                Some(tls)
            }
        };
        let mut tokens = None;
        let mut token_files = None;
        if let Some(path) = &config.token_file {
            let paths = vec![path.clone()];
            let files = read_all(&paths).map_err(|(path, e)| SecurityError::Read(path, e))?;
            tokens = Some(parse(&files).map_err(|e| SecurityError::Tokens(path.clone(), e))?);
            token_files = Some((paths, files));
        }
        let access = Arc::new(Access::new(config, tokens));
        if let Some((paths, files)) = token_files {
            let (access, metrics) = (Arc::clone(&access), Arc::clone(metrics));
            watchers.spawn(watch(paths, files, interval, move |files| {
                let outcome = parse(files).map(|tokens| access.replace_tokens(tokens));
                note(&metrics, "tokens", outcome);
            }));
        }
        Ok(Self { access, tls, _watchers: watchers })
    }
}

fn watch_tls(
    watchers: &mut JoinSet<()>,
    tls: Arc<Tls>,
    metrics: Arc<Metrics>,
    paths: Vec<PathBuf>,
    files: Contents,
    interval: Duration,
) {
    watchers.spawn(watch(paths, files, interval, move |files| {
        note(&metrics, "certificate", tls.replace(files));
    }));
}

fn note(metrics: &Metrics, what: &'static str, outcome: Result<(), impl std::fmt::Display>) {
    match outcome {
        Ok(()) => {
            info!(what, "read again");
            metrics.reloaded(what, ReloadOutcome::Loaded);
        }
        Err(error) => {
            error!(what, %error, "the new file is refused, the old one stays in use");
            metrics.reloaded(what, ReloadOutcome::Refused);
        }
    }
}

fn parse(files: &Contents) -> Result<Tokens, InvalidTokens> {
    let bytes = files.first().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
    let text =
        std::str::from_utf8(bytes).map_err(|_| InvalidTokens(vec!["the file is not UTF-8".to_owned()]))?;
    Tokens::parse(text)
}
