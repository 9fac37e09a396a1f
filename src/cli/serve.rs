//! `bayeswire serve`

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clap::{Args, ValueEnum};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use super::{ExitStatus, Failure, arguments::ModelsArgument};
use crate::server::{self, Registry, ServeError, ServerConfig, WebOrigin};

/// Serve a model over gRPC until SIGTERM or SIGINT
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on
    #[arg(long, env = "BAYESWIRE_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    listen: SocketAddr,

    #[command(flatten)]
    models: ModelsArgument,

    /// The longest article, title and text together, in bytes
    #[arg(long, env = "BAYESWIRE_MAX_TEXT_BYTES", value_name = "BYTES", default_value_t = 1 << 20,
          value_parser = clap::value_parser!(u32).range(1..=16 << 20))]
    max_text_bytes: u32,

    /// How long calls in flight may take after SIGTERM, in seconds
    #[arg(long, env = "BAYESWIRE_GRACE", value_name = "SECONDS", default_value_t = 30)]
    grace: u32,

    /// Let pages of this origin, such as `https://news.example`, call the server from browsers by gRPC-Web; * stands for every
    /// page. Several: separated by commas, or given several times. Other programs than browsers need none
    #[arg(long, env = "BAYESWIRE_WEB_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    web_origin: Vec<WebOrigin>,

    /// The form of log lines
    #[arg(long, env = "BAYESWIRE_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// What to log: error, warn, info, debug, or a filter such as info,h2=warn
    #[arg(long, env = "BAYESWIRE_LOG", value_name = "FILTER", default_value = "info")]
    log: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// For eyes.
    Text,
    /// One JSON object a line.
    Json,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        self.log_to_stderr()?;
        let runtime = tokio::runtime::Runtime::new().map_err(|e| Failure::new(ExitStatus::Io, e))?;
        runtime.block_on(self.serve())
    }

    fn log_to_stderr(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(&self.log)
            .map_err(|e| Failure::new(ExitStatus::Usage, format!("--log {:?}: {e}", self.log)))?;
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Text => subscriber.with_target(false).init(),
            LogFormat::Json => subscriber.json().init(),
        }
        Ok(())
    }

    async fn serve(self) -> Result<(), Failure> {
        let stop = stop_signal().map_err(|e| Failure::new(ExitStatus::Io, format!("signals: {e}")))?;
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|e| Failure::new(ExitStatus::Io, format!("cannot listen on {}: {e}", self.listen)))?;
        let config = ServerConfig {
            max_text_bytes: self.max_text_bytes as usize,
            grace: Duration::from_secs(u64::from(self.grace)),
            web_origins: self.web_origin,
            ..ServerConfig::default()
        };
        let (registry, load) = self.models.open();
        reload_on_hangup(Arc::clone(&registry))
            .map_err(|e| Failure::new(ExitStatus::Io, format!("signals: {e}")))?;
        server::run(listener, config, registry, load, stop).await.map_err(|error| match error {
            ServeError::Load(failure) => failure,
            ServeError::SelfTest(e) => Failure::new(ExitStatus::Data, e),
            ServeError::Reflection(e) => Failure::new(ExitStatus::Software, e),
            error => Failure::new(ExitStatus::Io, error),
        })
    }
}

/// Looks for new models at every SIGHUP.
fn reload_on_hangup(registry: Arc<Registry>) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            registry.reload();
        }
    });
    Ok(())
}

/// Resolves at the first SIGTERM or SIGINT.
fn stop_signal() -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
