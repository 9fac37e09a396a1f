//! `bayeswire serve`

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing::info;

use super::{
    ExitStatus, Failure,
    arguments::open_models,
    settings::{Asked, CheckedSettings, FileError},
};
use crate::server::{self, Registry, SecurityError, ServeError, TlsError};

/// Serve a model over gRPC until SIGTERM or SIGINT
///
/// Every setting can be given by a flag, an environment variable or, with _ for -, a key of the configuration file; the
/// earlier in this list wins. Wrong ones are told all at once.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// A TOML file of settings, such as: deadline = 2.5
    #[arg(long, env = "BAYESWIRE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print all settings as such a file, with where each came from and without secrets, and exit
    #[arg(long, env = "BAYESWIRE_PRINT_CONFIG")]
    print_config: bool,

    #[command(flatten)]
    asked: Asked,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let (printed, settings) = settle(self.asked, self.config.as_deref())?;
        if self.print_config {
            return super::output::print(printed.as_bytes());
        }
        server::log_to_stderr(settings.log_format, &settings.log)
            .map_err(|e| Failure::new(ExitStatus::Software, e))?;
        server::allow_open_files_for(settings.server.max_connections);
        let runtime = tokio::runtime::Runtime::new().map_err(|e| Failure::new(ExitStatus::Io, e))?;
        runtime.block_on(serve(settings))
    }
}

/// What `serve --config FILE --print-config` prints, when neither flags nor environment variables say anything.
///
/// # Errors
/// Everything that is wrong with the file, a line each.
pub fn effective_config(file: &Path) -> Result<String, Failure> {
    settle(Asked::default(), Some(file)).map(|(printed, _)| printed)
}

/// The settings as they are printed, and as they are run.
fn settle(asked: Asked, file: Option<&Path>) -> Result<(String, CheckedSettings), Failure> {
    let wrong = |lines: Vec<String>| Failure::new(ExitStatus::Usage, lines.join("\n"));
    let settled = asked.settle(file).map_err(|error| match error {
        FileError::Read(path, error) => Failure::reading(&path, &error),
        FileError::Syntax(line) => wrong(vec![line]),
    })?;
    let printed = settled.to_toml();
    settled.check().map_err(wrong).map(|settings| (printed, settings))
}

async fn serve(settings: CheckedSettings) -> Result<(), Failure> {
    let signals = |e| Failure::new(ExitStatus::Io, format!("signals: {e}"));
    let stop = stop_signal().map_err(signals)?;
    tokio::spawn(debug_signal().map_err(signals)?);
    let listener = bind(settings.listen).await?;
    let admin = match settings.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let (registry, load) = open_models(settings.model, settings.held_revisions);
    tokio::spawn(reload_signal(Arc::clone(&registry)).map_err(signals)?);
    let served = server::run_with_admin(listener, admin, settings.server, registry, load, stop).await;
    served.map_err(|error| match error {
        ServeError::Load(failure) => failure,
        ServeError::SelfTest(e) => Failure::new(ExitStatus::Data, e),
        ServeError::Security(SecurityError::Read(path, e) | SecurityError::Tls(TlsError::Read(path, e))) => {
            Failure::reading(&path, &e)
        }
        ServeError::Security(e) => Failure::new(ExitStatus::Data, e),
        ServeError::Traces(e) => Failure::new(ExitStatus::Usage, format!("otlp_endpoint: {e}")),
        ServeError::Reflection(e) => Failure::new(ExitStatus::Software, e),
        ServeError::Setup(e) => Failure::new(ExitStatus::Software, e),
        error => Failure::new(ExitStatus::Io, error),
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|e| Failure::new(ExitStatus::Io, format!("cannot listen on {address}: {e}")))
}

/// Resolves at the first SIGTERM or SIGINT.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Looks for new models at every SIGHUP.
fn reload_signal(registry: Arc<Registry>) -> io::Result<impl Future<Output = ()> + Send> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            registry.reload();
        }
    })
}

/// Switches debug lines on and off at every SIGUSR1.
fn debug_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut user = signal(SignalKind::user_defined1())?;
    Ok(async move {
        while user.recv().await.is_some() {
            if let Ok(filter) = server::toggle_debug() {
                info!(filter, "log filter changed by SIGUSR1");
            }
        }
    })
}
