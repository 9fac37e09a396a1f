//! Classifies articles with servers of bayeswire: a JSON object a line on standard input, {"title": ..., "text": ...}.
//!
//!     cargo run --example classify -- http://127.0.0.1:50051 < articles.jsonl
//!
//! Of several URLs, calls go to all servers in turn; after one that is gone or stopping, the next is called at once.

use std::{error::Error, io::BufRead as _, process::ExitCode, time::Duration};

use bayeswire::{
    api::v1::{ClassificationOptions, ClassifyArticleResponse},
    article::Article,
    client::{ConnectOptions, RetryPolicy, Servers},
};
use tonic::Status;
use tonic_types::StatusExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let servers = Servers::new(std::env::args().skip(1), &ConnectOptions::default())?;
    // How long one answer may take, all attempts together. UNAVAILABLE and RESOURCE_EXHAUSTED are repeated, after the time
    // that the server says (RetryInfo) or else a growing one.
    let policy = RetryPolicy { deadline: Duration::from_secs(5), ..RetryPolicy::default() };
    let mut exit = ExitCode::SUCCESS;
    for line in std::io::stdin().lock().lines() {
        let sent: serde_json::Value = serde_json::from_str(&line?)?;
        let field = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
        let article = Article { title: field("title"), text: field("text"), ..Article::default() };
        let ask = async |client: bayeswire::client::Client| {
            client.classify(&article, ClassificationOptions::default()).await
        };
        match servers.call(&policy, ask).await {
            Ok(answer) => println!("{}", shown(answer)),
            Err(status) => {
                exit = ExitCode::FAILURE;
                eprintln!("{}", explained(&status));
            }
        }
    }
    Ok(exit)
}

/// The topic, or none: the classifier says when it does not know. That is an answer too.
fn shown(answer: ClassifyArticleResponse) -> String {
    let found = answer.classification.unwrap_or_default();
    let topic = if found.topic.is_empty() { "none" } else { &found.topic };
    format!("{topic} {:.3}", found.topics.first().map_or(0.0, |first| first.probability))
}

/// What a failed call says, for people: code, message, reason, and every field that was wrong.
fn explained(status: &Status) -> String {
    let mut lines = vec![format!("{:?}: {}", status.code(), status.message())];
    let details = status.get_error_details();
    lines.extend(details.error_info().map(|info| format!("reason {} {:?}", info.reason, info.metadata)));
    let fields = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    lines.extend(fields.iter().map(|v| format!("{}: {} ({})", v.field, v.description, v.reason)));
    lines.join("\n  ")
}
