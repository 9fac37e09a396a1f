//! `bayeswire healthcheck`

use std::time::Duration;

use clap::Args;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{ExitStatus, Failure, arguments::ConnectionArguments};
use crate::client::connect;

/// Ask a server whether it serves: exit status 0 if so, 69 otherwise
///
/// For containers and orchestrators: it asks grpc.health.v1 as any client would, and needs nothing but this program.
#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    /// The server to ask
    #[arg(long, env = "BAYESWIRE_SERVER", value_name = "URL", default_value = "http://127.0.0.1:50051")]
    server: String,

    /// The service to ask about, such as bayeswire.v1.ClassificationService [default: the whole server]
    #[arg(
        long,
        env = "BAYESWIRE_SERVICE",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    service: String,

    /// How long to wait for an answer, in seconds
    #[arg(long, env = "BAYESWIRE_TIMEOUT", value_name = "SECONDS", default_value_t = 3,
          value_parser = clap::value_parser!(u16).range(1..))]
    timeout: u16,

    #[command(flatten)]
    connection: ConnectionArguments,
}

impl Healthcheck {
    pub(super) fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::new(ExitStatus::Io, e))?;
        let timeout = Duration::from_secs(self.timeout.into());
        let unavailable =
            |what: String| Failure::new(ExitStatus::Unavailable, format!("{}: {what}", self.server));
        let answer = runtime.block_on(async { tokio::time::timeout(timeout, self.ask(timeout)).await });
        match answer.map_err(|_| unavailable(format!("no answer within {} s", self.timeout)))?? {
            ServingStatus::Serving => Ok(()),
            other => Err(unavailable(other.as_str_name().to_owned())),
        }
    }

    async fn ask(&self, timeout: Duration) -> Result<ServingStatus, Failure> {
        let connection = connect(&self.server, &self.connection.options(), timeout).await?;
        let request = HealthCheckRequest { service: self.service.clone() };
        let answer = HealthClient::new(connection).check(request).await.map_err(|status| {
            let what = format!("{}: {:?}: {}", self.server, status.code(), status.message());
            Failure::new(ExitStatus::Unavailable, what)
        })?;
        Ok(answer.into_inner().status())
    }
}
