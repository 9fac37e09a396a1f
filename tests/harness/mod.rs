//! Starts the real server on a port of its own, and the real program.
#![allow(dead_code, unreachable_pub)] // every test file uses its part
#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use bayeswire::{
    article::{Article, LabeledArticle, Topic},
    counts::Counts,
    model::{Model, Revision, TrainingParams, train},
    server::{Registry, ServeError, ServerConfig, run},
    text::TextProfile,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt as _;

/// The error of a model that cannot be loaded, in tests.
pub type Load = Result<Model, String>;

/// A server that stops when told to or when dropped.
pub struct TestServer {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), ServeError<String>>>,
}

impl TestServer {
    /// A server with the model that `load` gives.
    pub async fn with(config: ServerConfig, load: impl FnOnce() -> Load + Send + 'static) -> Self {
        Self::with_registry(config, Arc::default(), load).await
    }

    /// A server with a registry of models, of which `load` gives the first.
    pub async fn with_registry(
        config: ServerConfig,
        registry: Arc<Registry>,
        load: impl FnOnce() -> Load + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(run(listener, config, registry, load, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), running }
    }

    /// A server with the shipped model, ready to answer.
    pub async fn start() -> Self {
        let mut server = Self::with(ServerConfig::default(), || Ok(default_model())).await;
        server.ready().await;
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub async fn channel(&self) -> Channel {
        Channel::from_shared(self.url()).unwrap().connect().await.unwrap()
    }

    /// Waits until the health service says SERVING; fails when the server ends before.
    pub async fn ready(&mut self) {
        use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
        let request = HealthCheckRequest { service: String::new() };
        let mut changes = HealthClient::new(self.channel().await).watch(request).await.unwrap().into_inner();
        let serving = async {
            while let Some(now) = changes.message().await.unwrap() {
                if now.status == i32::from(tonic_health::ServingStatus::Serving as u8) {
                    return;
                }
            }
            panic!("the health service ended");
        };
        tokio::select! {
            () = serving => {}
            ended = &mut self.running => panic!("the server ended: {ended:?}"),
        }
    }

    /// Tells the server to stop, without waiting.
    pub fn tell_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Says how the server ended by itself.
    pub async fn ended(mut self) -> Result<(), ServeError<String>> {
        (&mut self.running).await.unwrap()
    }

    /// Stops the server and says how it ended.
    pub async fn stop(mut self) -> Result<(), ServeError<String>> {
        self.tell_to_stop();
        (&mut self.running).await.unwrap()
    }
}

/// The shipped model.
pub fn default_model() -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default/default.model");
    Model::from_bytes(&std::fs::read(path).unwrap()).unwrap()
}

/// A labelled article without title and id.
pub fn labeled(topic: &str, text: &str) -> LabeledArticle {
    LabeledArticle {
        topic: Topic::new(topic).unwrap(),
        article: Article { text: text.to_owned(), ..Article::default() },
    }
}

/// A small model of two topics.
pub fn small_model() -> Model {
    let articles = [
        labeled("rain", "Heavy rain is forecast for the coast, says the weather office."),
        labeled("rain", "Rain and wind reach the north, the forecast says."),
        labeled("goal", "The striker scored the only goal of the final."),
        labeled("goal", "A late goal won the cup for the visitors."),
    ];
    let counts = Counts::of(TextProfile::default(), &articles).unwrap();
    let references: Vec<_> = articles.iter().collect();
    train(&counts, Some(&references), &TrainingParams::default().check().unwrap()).unwrap().model
}

/// The file of a small model of two topics; another `word`, another revision.
pub fn model_file(word: &str) -> (Revision, Vec<u8>) {
    let articles = [
        labeled("rain", &format!("Heavy rain is forecast for the coast, says {word}.")),
        labeled("goal", "The striker scored the only goal of the final."),
    ];
    let counts = Counts::of(TextProfile::default(), &articles).unwrap();
    let params = TrainingParams { alpha: Some(0.1), ..TrainingParams::default() };
    let trained = train(&counts, None, &params.check().unwrap()).unwrap();
    (trained.model.revision(), trained.bytes)
}

/// The field and reason of every violation that a status lists.
pub fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|b| b.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|v| (v.field, v.reason)).collect()
}

/// The reason of a status.
pub fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// Waits until `holds`; for ten seconds at most.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..1000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain: {what}");
}

/// The program.
pub fn bayeswire() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bayeswire"))
}

/// Runs the program to its end.
pub fn run_to_end<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    bayeswire().args(arguments).output().unwrap()
}

/// What went to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What went to standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A folder outside the repository with real articles to measure on, where there is one; a test without it says that it
/// was skipped.
pub fn real_articles() -> Option<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no real articles here to measure on");
    None
}
