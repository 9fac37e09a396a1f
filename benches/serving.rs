//! Requests a second of `bayeswire serve` beside a server that gives one constant answer to the same rpc: the floor under any
//! tonic server.
//!
//!     cargo bench --bench serving [-- ROUNDS]
//!
//! Needs `h2load` (Debian: nghttp2-client), `taskset` and two cores: servers on core 0, load on core 1, 64 requests under way
//! on one connection, by turns. Prints the medians for texts of 1 and 4 KB, and their ratio.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use bayeswire::api::v1::{
    self, ClassifyArticleRequest, ClassifyArticleResponse,
    classification_service_server::{ClassificationService, ClassificationServiceServer},
};
use prost::Message as _;
use tonic::{Request, Response, Status, Streaming, transport::server::TcpIncoming};

const FLOOR: &str = "--floor";
const REQUESTS: &str = "100000";
const SIZES: [usize; 2] = [1024, 4096];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == FLOOR) {
        return serve_floor();
    }
    let rounds = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(5);
    let floor = Server::start(std::env::current_exe().unwrap().to_str().unwrap(), &[FLOOR], "\"");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let own = Server::start(env!("CARGO_BIN_EXE_bayeswire"), &serve, "\"message\":\"serving\"");
    println!(
        "| text, bytes | constant answer, requests/s | bayeswire, requests/s | ratio |\n|---|---|---|---|"
    );
    for size in SIZES {
        let mut message = tempfile::NamedTempFile::new().unwrap();
        message.write_all(&request(size)).unwrap();
        let path = message.path().to_str().unwrap();
        let (mut floors, mut owns) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            floors.push(load(&floor.address, path));
            owns.push(load(&own.address, path));
        }
        let (floor, own) = (median(floors), median(owns));
        println!("| {size} | {floor:.0} | {own:.0} | {:.2} |", own / floor);
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A request with so many bytes of the built-in model's corpus, as it goes over the wire.
fn request(size: usize) -> Vec<u8> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default/corpus");
    let inputs = [bayeswire::corpus::Input::Path(corpus.into())];
    let articles = bayeswire::corpus::load(&inputs, |_| ()).unwrap();
    let mut text: String =
        articles.into_iter().flat_map(|a| [a.article.text, " ".to_owned()]).take(40).collect();
    let end = (0..=size.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.truncate(end.unwrap_or(0));
    let article = Some(v1::Article { text, ..v1::Article::default() });
    let body = ClassifyArticleRequest { article, options: None }.encode_to_vec();
    [&[0][..], &u32::try_from(body.len()).unwrap().to_be_bytes(), &body].concat()
}

/// Requests a second.
fn load(address: &str, message: &str) -> f64 {
    let url = format!("http://{address}/bayeswire.v1.ClassificationService/ClassifyArticle");
    let headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
    let out = Command::new("taskset")
        .args(["-c", "1", "h2load", "-n", REQUESTS, "-c", "1", "-m", "64", "-t", "1", "-d", message])
        .args(headers)
        .arg(url)
        .output()
        .unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    assert!(out.contains(&format!("{REQUESTS} succeeded")), "{out}");
    let (_, rest) = out.split_once("finished in ").unwrap();
    rest.split([',', ' ']).nth(2).and_then(|figure| figure.parse().ok()).unwrap()
}

/// A server on core 0; killed when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts a program and waits for a line on its standard error that has `sign` and its address.
    fn start(program: &str, arguments: &[&str], sign: &str) -> Self {
        let command = ["-c", "0", program];
        let mut child =
            Command::new("taskset").args(command).args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains(sign)).unwrap();
        let address = line.split('"').find(|part| part.starts_with("127.0.0.1:")).unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// The server that says the same to everybody. On one core a runtime of one thread is the fastest.
fn serve_floor() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        eprintln!("{:?}", listener.local_addr().unwrap().to_string());
        tonic::transport::Server::builder()
            .add_service(ClassificationServiceServer::new(Floor))
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await
            .unwrap();
    });
}

struct Floor;

/// What a call gets.
type Answer<T> = Result<Response<T>, Status>;

fn not_here<T>() -> Answer<T> {
    Err(Status::unimplemented("only ClassifyArticle is answered"))
}

#[tonic::async_trait]
impl ClassificationService for Floor {
    type StreamClassifyArticlesStream =
        tokio_stream::Empty<Result<v1::StreamClassifyArticlesResponse, Status>>;

    async fn classify_article(&self, _: Request<ClassifyArticleRequest>) -> Answer<ClassifyArticleResponse> {
        let score = |topic: &str, probability| v1::TopicScore {
            topic: topic.to_owned(),
            probability,
            ..v1::TopicScore::default()
        };
        let classification = v1::Classification {
            topic: "protest".to_owned(),
            topics: vec![score("protest", 0.9), score("conflict", 0.08), score("other", 0.02)],
            ..v1::Classification::default()
        };
        Ok(Response::new(ClassifyArticleResponse {
            article_id: String::new(),
            classification: Some(classification),
        }))
    }

    async fn batch_classify_articles(
        &self,
        _: Request<v1::BatchClassifyArticlesRequest>,
    ) -> Answer<v1::BatchClassifyArticlesResponse> {
        not_here()
    }

    async fn stream_classify_articles(
        &self,
        _: Request<Streaming<v1::StreamClassifyArticlesRequest>>,
    ) -> Answer<Self::StreamClassifyArticlesStream> {
        not_here()
    }

    async fn explain_article(
        &self,
        _: Request<v1::ExplainArticleRequest>,
    ) -> Answer<v1::ExplainArticleResponse> {
        not_here()
    }

    async fn classify_page(&self, _: Request<v1::ClassifyPageRequest>) -> Answer<v1::ClassifyPageResponse> {
        not_here()
    }
}
