//! Sixteen callers of everything, who give up and hang up at random, while models are swapped: `cargo bench --bench soak --
//! SECONDS`. Memory must stay as it was after the first fifth, every error must be one that was asked for, and the log must
//! hold no warning.
#![allow(clippy::unwrap_used, clippy::panic)] // as in the tests, whose harness this uses

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bayeswire::{
    api::{inference, v1},
    client::Client,
};
use futures_util::stream;
use harness::{ServerProcess, default_model, model_file};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest,
};
use v1::classification_service_client::ClassificationServiceClient;

const CALLERS: u64 = 16;
const SLACK: u64 = 16 << 20;
const WORDS: [&str; 12] = [
    "ministers",
    "treaty",
    "talks",
    "protest",
    "marched",
    "police",
    "shelled",
    "troops",
    "front",
    "rain",
    "goal",
    "Qwzx",
];

/// How often each call ended with each code.
type Ends = Arc<Mutex<BTreeMap<(&'static str, String), u64>>>;

/// Numbers that look random: Marsaglia's xorshift (2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn article(&mut self) -> v1::Article {
        let words = 1 + self.roll(400);
        let text = (0..words).map(|_| WORDS[self.roll(12) as usize]).collect::<Vec<_>>().join(" ");
        v1::Article { text, ..v1::Article::default() }
    }

    fn articles(&mut self, most: u64) -> Vec<v1::Article> {
        (0..=self.roll(most)).map(|_| self.article()).collect()
    }
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args().filter_map(|argument| argument.parse().ok()).next_back().unwrap_or(300);
    let folder = tempfile::tempdir().unwrap();
    let mut revisions = vec![default_model().revision()];
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default/default.model");
    fs::copy(shipped, folder.path().join("default.model")).unwrap();
    for word in ["a", "b", "c"] {
        let (revision, bytes) = model_file(word);
        fs::write(folder.path().join(format!("{word}.model")), bytes).unwrap();
        revisions.push(revision);
    }
    let server = ServerProcess::start(&["--model", folder.path().to_str().unwrap(), "--held-revisions", "2"]);
    let (start, length) = (Instant::now(), Duration::from_secs(seconds));
    let ends = Ends::default();
    let callers: Vec<_> = (1..=CALLERS)
        .map(|seed| {
            tokio::spawn(caller(server.url(), Dice(seed * 0x9e37_79b9), start + length, Arc::clone(&ends)))
        })
        .collect();

    let client = Client::connect(&server.url()).await.unwrap();
    let (mut swaps, mut settled) = (0, None);
    println!("seconds  resident KiB");
    for tenth in 1..=10 {
        while start.elapsed() < length * tenth / 10 {
            client.activate_model(&revisions[swaps % revisions.len()].to_string(), false).await.unwrap();
            if swaps % 8 == 7 {
                client.roll_back_model().await.unwrap();
                server.signal("-HUP");
            }
            swaps += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let now = server.resident_bytes().unwrap_or_default();
        settled = settled.or((tenth == 2).then_some(now));
        println!("{:7}  {}", start.elapsed().as_secs(), now >> 10);
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let (last, peak) = (server.resident_bytes().unwrap_or_default(), server.peak_bytes().unwrap_or_default());
    let log = server.stop();
    let warnings: Vec<_> =
        log.lines().filter(|l| l.contains("\"WARN\"") || l.contains("\"ERROR\"")).collect();
    println!("{swaps} swaps; peak {} KiB; {} warnings {warnings:?}", peak >> 10, warnings.len());
    for ((call, end), times) in ends.lock().unwrap().iter() {
        println!("{times:9}  {call}: {end}");
    }
    assert!(warnings.is_empty());
    assert!(settled.is_some_and(|settled| last < settled + SLACK), "{settled:?} bytes became {last}");
}

/// Calls until `end`.
async fn caller(url: String, mut dice: Dice, end: Instant, ends: Ends) {
    let endpoint = Channel::from_shared(url).unwrap();
    let mut channel = endpoint.connect().await.unwrap();
    while Instant::now() < end {
        // What a caller may do besides waiting: give up by itself, or tell the server how long it waits.
        let (gives_up, hurried) = (dice.roll(8) == 0, dice.roll(8) == 0);
        let patience = Duration::from_micros(1 + dice.roll(3000));
        let timeout = hurried.then_some(patience);
        let (call, answer) = match dice.roll(7) {
            0 | 1 => {
                ("ClassifyArticle", one(&channel, &mut dice, timeout, gives_up.then_some(patience)).await)
            }
            other => {
                let called = tokio::time::timeout(
                    if gives_up { patience } else { Duration::from_secs(60) },
                    any(other, &channel, &mut dice, timeout),
                );
                called.await.unwrap_or(("any", Ok(false)))
            }
        };
        let end = match answer {
            Ok(true) => "OK".to_owned(),
            Ok(false) => "given up".to_owned(),
            // tonic's client ends calls that it has told to hurry by itself, as CANCELLED.
            Err(status) if hurried && matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled) => {
                format!("{:?}, as asked", status.code())
            }
            Err(status) => panic!("{call}: {status:?}"),
        };
        *ends.lock().unwrap().entry((call, end)).or_default() += 1;
        if dice.roll(50) == 0 {
            // Hangs up, with whatever is under way.
            channel = endpoint.connect().await.unwrap();
        }
    }
}

fn request<T>(message: T, timeout: Option<Duration>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    request
}

/// Whether there was an answer before the caller gave up.
async fn one(
    channel: &Channel,
    dice: &mut Dice,
    timeout: Option<Duration>,
    patience: Option<Duration>,
) -> Result<bool, Status> {
    let options = v1::ClassificationOptions { max_evidence_terms: 20, ..Default::default() };
    let message = v1::ClassifyArticleRequest { article: Some(dice.article()), options: Some(options) };
    let mut client = ClassificationServiceClient::new(channel.clone());
    let call = client.classify_article(request(message, timeout));
    match patience {
        None => call.await.map(|_| true),
        Some(patience) => {
            tokio::time::timeout(patience, call).await.map_or(Ok(false), |answer| answer.map(|_| true))
        }
    }
}

async fn any(
    which: u64,
    channel: &Channel,
    dice: &mut Dice,
    timeout: Option<Duration>,
) -> (&'static str, Result<bool, Status>) {
    let mut client = ClassificationServiceClient::new(channel.clone());
    match which {
        2 => {
            let message = v1::BatchClassifyArticlesRequest { articles: dice.articles(50), options: None };
            ("Batch", client.batch_classify_articles(request(message, timeout)).await.map(|_| true))
        }
        3 => {
            let requests = dice
                .articles(50)
                .into_iter()
                .map(|article| v1::StreamClassifyArticlesRequest { article: Some(article), options: None });
            let leaves = dice.roll(4) == 0;
            let read = async {
                let mut answers = client
                    .stream_classify_articles(stream::iter(requests.collect::<Vec<_>>()))
                    .await?
                    .into_inner();
                while !leaves && answers.message().await?.is_some() {}
                Ok(true)
            };
            ("Stream", read.await)
        }
        4 => {
            let message = v1::ExplainArticleRequest { article: Some(dice.article()), ..Default::default() };
            ("Explain", client.explain_article(request(message, timeout)).await.map(|_| true))
        }
        5 => {
            let texts: Vec<_> =
                dice.articles(20).into_iter().map(|article| article.text.into_bytes()).collect();
            let input = inference::model_infer_request::InferInputTensor {
                name: "text".to_owned(),
                datatype: "BYTES".to_owned(),
                shape: vec![texts.len() as i64],
                contents: Some(inference::InferTensorContents {
                    bytes_contents: texts,
                    ..Default::default()
                }),
                ..Default::default()
            };
            let message = inference::ModelInferRequest {
                model_name: "news-topic".to_owned(),
                inputs: vec![input],
                ..Default::default()
            };
            let mut client =
                inference::grpc_inference_service_client::GrpcInferenceServiceClient::new(channel.clone());
            ("ModelInfer", client.model_infer(request(message, timeout)).await.map(|_| true))
        }
        _ => {
            let check = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await;
            let question = ServerReflectionRequest {
                message_request: Some(MessageRequest::ListServices(String::new())),
                ..Default::default()
            };
            let read = async {
                check?;
                let mut client = ServerReflectionClient::new(channel.clone());
                let mut answers = client.server_reflection_info(stream::iter([question])).await?.into_inner();
                answers.message().await.map(|answer| answer.is_some())
            };
            ("Health, reflection", read.await)
        }
    }
}
