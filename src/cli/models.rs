//! `bayeswire models`

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::{ExitStatus, Failure, arguments::ConnectionArguments, output};
use crate::{
    api::{
        Timestamp,
        v1::{ModelRevision, ModelRevisionState},
    },
    client::Client,
};

/// How many digits of a revision name it well enough.
const MIN_DIGITS: usize = 8;
/// How many digits a revision has.
const DIGITS: usize = 64;

/// Tell a server which of its models to use
#[derive(Debug, Args)]
pub(super) struct Models {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the revisions in the server's memory and in its model directory, newest file first
    List {
        #[command(flatten)]
        server: ServerArgument,
    },
    /// Make a revision the active one. It is checked and self-tested first; if it cannot be served the old one goes on, and
    /// the exit status is 65
    Activate {
        #[command(flatten)]
        server: ServerArgument,

        /// The revision, or at least the first 8 of its 64 digits
        #[arg(value_name = "REVISION")]
        revision: String,

        /// Only check and self-test it
        #[arg(long, env = "BAYESWIRE_VALIDATE_ONLY")]
        validate_only: bool,
    },
    /// Make the revision active that was active before; the exit status is 65 if there is none in memory
    Rollback {
        #[command(flatten)]
        server: ServerArgument,
    },
}

#[derive(Debug, Args)]
struct ServerArgument {
    /// The server
    #[arg(long, env = "BAYESWIRE_SERVER", value_name = "URL", default_value = "http://127.0.0.1:50051")]
    server: String,

    #[command(flatten)]
    connection: ConnectionArguments,
}

impl ServerArgument {
    async fn connect(&self) -> Result<Client, Failure> {
        Ok(Client::connect_with(&self.server, &self.connection.options()).await?)
    }
}

impl Models {
    pub(super) fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Runtime::new().map_err(|e| Failure::new(ExitStatus::Io, e))?;
        let text = runtime.block_on(self.action.run())?;
        output::print(text.as_bytes())
    }
}

impl Action {
    async fn run(self) -> Result<String, Failure> {
        match self {
            Self::List { server } => {
                let revisions = server.connect().await?.model_revisions().await?;
                Ok(table(&revisions))
            }
            Self::Activate { server, revision, validate_only } => {
                let client = server.connect().await?;
                let revision = complete(&client, revision).await?;
                let answer = client.activate_model(&revision, validate_only).await?;
                if validate_only {
                    return Ok(format!("valid    {revision}\nactive   {}\n", answer.previous_revision));
                }
                Ok(changed(answer.revision, &answer.previous_revision, answer.recorded))
            }
            Self::Rollback { server } => {
                let answer = server.connect().await?.roll_back_model().await?;
                Ok(changed(answer.revision, &answer.previous_revision, answer.recorded))
            }
        }
    }
}

/// The revision whose first digits are given.
async fn complete(client: &Client, digits: String) -> Result<String, Failure> {
    let hexadecimal = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hexadecimal || !(MIN_DIGITS..=DIGITS).contains(&digits.len()) {
        let what = format!("{digits:?} is no revision: those have {DIGITS} digits of 0-9 and a-f");
        return Err(Failure::new(
            ExitStatus::Usage,
            format!("{what}, of which the first {MIN_DIGITS} will do"),
        ));
    }
    if digits.len() == DIGITS {
        return Ok(digits);
    }
    let revisions = client.model_revisions().await?;
    let mut found = revisions.into_iter().map(|r| r.model_revision).filter(|r| r.starts_with(&digits));
    match (found.next(), found.next()) {
        (Some(revision), None) => Ok(revision),
        (None, _) => {
            Err(Failure::new(ExitStatus::NoInput, format!("the server has no revision {digits}...")))
        }
        (Some(_), Some(_)) => {
            Err(Failure::new(ExitStatus::Usage, format!("several revisions begin with {digits}")))
        }
    }
}

fn changed(revision: Option<ModelRevision>, previous: &str, recorded: bool) -> String {
    let active = revision.unwrap_or_default().model_revision;
    let lasting = if recorded { "" } else { "not recorded: a restart forgets it\n" };
    format!("active   {active}\nbefore   {previous}\n{lasting}")
}

fn table(revisions: &[ModelRevision]) -> String {
    let mut out = format!(
        "{:9}  {:DIGITS$}  {:20}  {:>9}  {:>9}  {:>8}  FILE\n",
        "STATE", "REVISION", "MODIFIED", "ARTICLES", "TERMS", "ACCURACY"
    );
    for revision in revisions {
        let state = revision.state();
        let name = state.as_str_name().trim_start_matches("MODEL_REVISION_STATE_").to_lowercase();
        let modified = revision.modify_time.map(|time| Timestamp { nanos: 0, ..time }.to_string());
        let facts = revision.facts.as_ref();
        let articles = facts.map(|f| f.topics.iter().map(|t| t.articles).sum::<u64>().to_string());
        let terms = facts.map(|f| f.terms.to_string());
        let accuracy = facts.and_then(|f| f.leave_one_out_accuracy).map(|a| format!("{a:.4}"));
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let file = if revision.file_name.is_empty() { "-" } else { &revision.file_name };
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            out,
            "{name:9}  {}  {:20}  {:>9}  {:>9}  {:>8}  {file}",
            revision.model_revision,
            or_none(modified),
            or_none(articles),
            or_none(terms),
            or_none(accuracy)
        );
        if revision.rollback_target {
            out.push_str("  (rollback goes here)");
        }
        out.push('\n');
        if state == ModelRevisionState::Rejected {
            let _ = writeln!(out, "           {}", revision.reject_reason);
        }
    }
    out
}
