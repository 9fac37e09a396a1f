//! Starts the real server on a port of its own, and the real program.
#![allow(dead_code, unreachable_pub)] // every test file uses its part

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use bayeswire::{
    api::v1::{self, ClassifyArticleRequest},
    article::{Article, LabeledArticle, Topic},
    counts::Counts,
    model::{Model, Revision, TrainingParams, train},
    server::{Registry, ServeError, ServerConfig, run_with_admin},
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
    pub admin_address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), ServeError<String>>>,
}

impl TestServer {
    /// A server with the model that `load` gives, which stops without a delay.
    pub async fn with(config: ServerConfig, load: impl FnOnce() -> Load + Send + 'static) -> Self {
        Self::as_configured(ServerConfig { drain_delay: Duration::ZERO, ..config }, load).await
    }

    /// A server with the model that `load` gives.
    pub async fn as_configured(config: ServerConfig, load: impl FnOnce() -> Load + Send + 'static) -> Self {
        Self::with_registry(config, Arc::default(), load).await
    }

    /// A server with a registry of models, of which `load` gives the first.
    pub async fn with_registry(
        config: ServerConfig,
        registry: Arc<Registry>,
        load: impl FnOnce() -> Load + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, admin_address) = (listener.local_addr().unwrap(), admin.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(run_with_admin(listener, Some(admin), config, registry, load, async {
            let _ = stopped.await;
        }));
        Self { address, admin_address, stop: Some(stop), running }
    }

    /// A server with the shipped model and other settings than usual, ready to answer.
    pub async fn configured(config: ServerConfig) -> Self {
        let mut server = Self::with(config, || Ok(default_model())).await;
        server.ready().await;
        server
    }

    /// Waits until the metrics have a line.
    pub async fn metric(&self, line: &str) {
        while !self.admin("GET /metrics", "").await.1.lines().any(|l| l == line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What the admin listener answers: status and body.
    pub async fn admin(&self, request: &str, body: &str) -> (u16, String) {
        admin(self.admin_address, request, body).await
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

/// One HTTP/1.1 request (such as `GET /metrics`) and its answer: status and body.
pub async fn admin(address: SocketAddr, request: &str, body: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{request} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A request to classify `text`.
pub fn article(text: &str) -> ClassifyArticleRequest {
    let article = v1::Article { text: text.to_owned(), ..v1::Article::default() };
    ClassifyArticleRequest { article: Some(article), options: None }
}

/// The server as a process of its own, killed when dropped.
pub struct ServerProcess {
    child: Child,
    pub address: SocketAddr,
    pub admin_address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl ServerProcess {
    /// `serve` on ports of its own with `arguments`, ready to answer.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_by(&[], arguments)
    }

    /// The same, run by another program, such as a shell that gets the command after its own arguments.
    pub fn start_by(runner: &[&str], arguments: &[&str]) -> Self {
        let mut command = match runner {
            [] => bayeswire(),
            [program, before @ ..] => {
                let mut command = Command::new(program);
                command.args(before).arg(bayeswire().get_program());
                command
            }
        };
        let mut child = command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
                "--log-format",
                "json",
            ])
            .env("BAYESWIRE_DRAIN_DELAY", "0")
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        let (found, addresses) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let fields = serde_json::from_str::<serde_json::Value>(&line).unwrap_or_default();
                if let Some(address) = fields["fields"]["address"].as_str()
                    && let Ok(address) = address.parse::<SocketAddr>()
                {
                    let _ = found.send((fields["fields"]["message"] == "serving", address));
                }
                *lines.lock().unwrap() += &(line + "\n");
            }
        });
        let (mut address, mut admin_address) = (None, None);
        while address.is_none() {
            match addresses.recv() {
                Ok((true, found)) => address = Some(found),
                Ok((false, found)) => admin_address = admin_address.or(Some(found)),
                Err(_) => panic!("the server ended: {}", log.lock().unwrap()),
            }
        }
        let (address, admin_address) = (address.unwrap(), admin_address.unwrap());
        Self { child, address, admin_address, log, reader: Some(reader) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until something was logged.
    pub async fn logged(&self, what: &str) {
        while !self.log.lock().unwrap().contains(what) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many lines hold `what`.
    pub fn lines_with(&self, what: &str) -> usize {
        self.log.lock().unwrap().lines().filter(|line| line.contains(what)).count()
    }

    /// The most memory that it ever had in use, where the system tells.
    pub fn peak_bytes(&self) -> Option<u64> {
        self.memory("VmHWM:")
    }

    /// How much memory it has in use, where the system tells.
    pub fn resident_bytes(&self) -> Option<u64> {
        self.memory("VmRSS:")
    }

    fn memory(&self, entry: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(entry))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end: the exit status and the whole log.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status.code(), std::mem::take(&mut *self.log.lock().unwrap()))
    }

    /// Stops it and gives the whole log.
    pub fn stop(self) -> String {
        self.signal("-TERM");
        let (status, log) = self.ended();
        assert_eq!(status, Some(0), "{log}");
        log
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
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

/// Waits for the end of a process whose output fits into its pipes: the most memory that it had in use, where the system
/// tells, and its output.
pub fn peak_of(mut child: Child) -> (Option<u64>, Output) {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(kilobytes.map(|k| k << 10));
        std::thread::sleep(Duration::from_millis(1));
    }
    (peak, child.wait_with_output().unwrap())
}
