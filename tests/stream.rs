//! Articles in a stream, answers in a stream.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bayeswire::{
    api::v1::{
        Article, ArticleResult, ClassificationOptions, StreamClassifyArticlesRequest,
        article_result::Outcome, classification_service_client::ClassificationServiceClient,
    },
    client::Client,
    server::ServerConfig,
};
use futures_util::{Stream, StreamExt as _, stream};
use harness::{TestServer, default_model, reason, until};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

const TEXT: &str =
    "Foreign ministers met in Geneva to sign a treaty on their border and resume talks on trade.";

fn request(id: usize, text: &str) -> StreamClassifyArticlesRequest {
    let article = Article { article_id: id.to_string(), text: text.to_owned(), ..Article::default() };
    StreamClassifyArticlesRequest { article: Some(article), options: None }
}

async fn open(
    server: &TestServer,
    requests: impl Stream<Item = StreamClassifyArticlesRequest> + Send + 'static,
) -> Streaming<bayeswire::api::v1::StreamClassifyArticlesResponse> {
    let mut client = ClassificationServiceClient::new(server.channel().await);
    client.stream_classify_articles(requests).await.unwrap().into_inner()
}

async fn next(
    answers: &mut Streaming<bayeswire::api::v1::StreamClassifyArticlesResponse>,
) -> Result<Option<ArticleResult>, Status> {
    Ok(answers.message().await?.map(|answer| answer.result.unwrap()))
}

fn code(result: &ArticleResult) -> Code {
    match result.outcome.as_ref().unwrap() {
        Outcome::Classification(_) => Code::Ok,
        Outcome::Error(status) => Code::from_i32(status.code),
    }
}

#[tokio::test]
async fn answers_come_in_order_and_an_error_does_not_end_the_stream() {
    let server = TestServer::start().await;
    let requests = (0..500).map(|id| {
        let mut request = request(id, if id % 100 == 7 { " " } else { TEXT });
        if id % 100 == 8 {
            request.options = Some(ClassificationOptions {
                model_revision: "0".repeat(64),
                ..ClassificationOptions::default()
            });
        }
        if id % 100 == 9 {
            request.article = None;
        }
        request
    });
    let revision = default_model().revision().to_string();
    let mut answers = open(&server, stream::iter(requests.collect::<Vec<_>>())).await;
    for id in 0..500 {
        let result = next(&mut answers).await.unwrap().unwrap();
        let expected = match id % 100 {
            7 | 9 => Code::InvalidArgument,
            8 => Code::NotFound,
            _ => Code::Ok,
        };
        assert_eq!(code(&result), expected, "{id}");
        assert_eq!(result.article_id, if id % 100 == 9 { String::new() } else { id.to_string() });
        if let Some(Outcome::Classification(answer)) = result.outcome {
            assert_eq!(answer.topic, "diplomacy");
            assert_eq!(answer.model_revision, revision);
        }
    }
    assert!(next(&mut answers).await.unwrap().is_none(), "the caller's half-close ends the stream with OK");
    assert!(answers.trailers().await.unwrap().is_some());
}

#[tokio::test]
async fn every_request_is_answered_without_waiting_for_the_next() {
    let server = TestServer::start().await;
    let (send, receive) = mpsc::channel(1);
    let mut answers = open(&server, ReceiverStream::new(receive)).await;
    for id in 0..20 {
        send.send(request(id, TEXT)).await.unwrap();
        let result = next(&mut answers).await.unwrap().unwrap();
        assert_eq!((result.article_id, 1), (id.to_string(), 1));
    }
    drop(send);
    assert!(next(&mut answers).await.unwrap().is_none());
}

#[tokio::test]
async fn a_fast_sender_is_slowed_down_and_loses_nothing() {
    const TOTAL: usize = 1500;
    let server = TestServer::start().await;
    let sent = Arc::new(AtomicUsize::new(0));
    let text = format!("{TEXT} ").repeat(40);
    let counter = Arc::clone(&sent);
    let requests = stream::iter(0..TOTAL).map(move |id| {
        counter.fetch_add(1, Ordering::Relaxed);
        let options = ClassificationOptions { max_evidence_terms: 100, ..ClassificationOptions::default() };
        StreamClassifyArticlesRequest { options: Some(options), ..request(id, &text) }
    });
    let mut answers = open(&server, requests).await;
    // Nobody takes the answers: sooner or later nothing more is sent.
    let mut before = 0;
    let mut unchanged = 0;
    until("the sender stops", || {
        let now = sent.load(Ordering::Relaxed);
        unchanged = if now == before && now > 0 { unchanged + 1 } else { 0 };
        before = now;
        async move { unchanged > 30 }
    })
    .await;
    assert!(before < TOTAL * 2 / 3, "{before} of {TOTAL} articles were taken though no answer was");
    for id in 0..TOTAL {
        assert_eq!(next(&mut answers).await.unwrap().unwrap().article_id, id.to_string());
    }
    assert!(next(&mut answers).await.unwrap().is_none());
}

/// Stops a server, which takes its whole grace period if any call is still open.
async fn stops_at_once(server: TestServer) {
    let grace = ServerConfig::default().grace;
    let stopped = tokio::time::timeout(grace / 3, server.stop()).await;
    stopped.expect("no call is open").unwrap();
}

#[tokio::test]
async fn a_stream_whose_answers_nobody_wants_is_gone() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    // One article, and then none for ever.
    let article = bayeswire::article::Article { text: TEXT.to_owned(), ..Default::default() };
    let articles = stream::iter([article]).chain(stream::pending());
    let answers = client.classify_stream(articles, ClassificationOptions::default()).await.unwrap();
    let mut answers = Box::pin(answers);
    assert_eq!(code(&answers.next().await.unwrap().unwrap()), Code::Ok);
    drop(answers);
    stops_at_once(server).await;
    drop(client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_vanishes_takes_its_stream_along() {
    let server = TestServer::start().await;
    let url = server.url();
    let vanishing = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut client = ClassificationServiceClient::connect(url).await.unwrap();
            let requests = stream::iter([request(0, TEXT)]).chain(stream::pending());
            let mut answers = client.stream_classify_articles(requests).await.unwrap().into_inner();
            assert!(next(&mut answers).await.unwrap().is_some());
        });
        // Dropped with everything that it ran, without a word to the server.
        drop(runtime);
    });
    tokio::task::spawn_blocking(|| vanishing.join().unwrap()).await.unwrap();
    stops_at_once(server).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_ends_the_stream_with_its_status() {
    let server = TestServer::start().await;
    let long = "x".repeat(5 << 20);
    let requests = [request(0, TEXT), request(1, &long), request(2, TEXT)];
    let mut answers = open(&server, stream::iter(requests)).await;
    assert_eq!(next(&mut answers).await.unwrap().unwrap().article_id, "0");
    let end = tokio::time::timeout(Duration::from_secs(5), next(&mut answers)).await.unwrap();
    let status = end.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "MESSAGE_TOO_LARGE"));
}
