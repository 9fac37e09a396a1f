//! SIGTERM under load: first not serving, then drained; nothing that was accepted is lost.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use bayeswire::{
    api::v1::{
        Article, StreamClassifyArticlesRequest, StreamClassifyArticlesResponse, article_result::Outcome,
        classification_service_client::ClassificationServiceClient,
    },
    client::{self, ConnectOptions},
};
use futures_util::{Stream, StreamExt as _, stream};
use harness::{ServerProcess, article};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};
use tonic_types::StatusExt as _;

const CALLERS: usize = 16;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_accepted_call() {
    const DRAIN_DELAY: Duration = Duration::from_millis(500);
    let server = ServerProcess::start(&["--drain-delay", "0.5", "--grace", "3"]);
    let connect = || async { Channel::from_shared(server.url()).unwrap().connect().await.unwrap() };
    // An idle connection; one that is half open (no HTTP/2 at all); a reader that has stalled; a stream that stays open.
    let _idle = connect().await;
    let mut half_open = tokio::net::TcpStream::connect(server.address).await.unwrap();
    half_open.write_all(b"PRI * HTTP").await.unwrap();
    let _stalled = stalled_reader(&server).await;
    let mut health = HealthClient::new(connect().await);
    let request = HealthCheckRequest { service: String::new() };
    let mut changes = health.watch(request).await.unwrap().into_inner();
    let next = changes.message().await.unwrap().unwrap();
    assert_eq!(next.status, i32::from(ServingStatus::Serving as u8));

    let (stopping, answered, answered_late) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let text = "Rebels and government forces signed a cease-fire after talks in the capital. ".repeat(200);
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let connection = client::connect(&server.url(), &ConnectOptions::default(), CALL_TIMEOUT).await;
        let mut client = ClassificationServiceClient::new(connection.unwrap());
        let (stopping, answered, answered_late, text) =
            (Arc::clone(&stopping), Arc::clone(&answered), Arc::clone(&answered_late), text.clone());
        callers.push(tokio::spawn(async move {
            loop {
                let begun = Instant::now();
                match client.classify_article(article(&text)).await {
                    Ok(_) => {
                        answered.fetch_add(1, SeqCst);
                        answered_late.fetch_add(usize::from(stopping.load(SeqCst)), SeqCst);
                    }
                    Err(status) => return (begun, status),
                }
            }
        }));
    }
    while answered.load(SeqCst) < 10 * CALLERS {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    server.signal("-TERM");
    let next = changes.message().await.unwrap().unwrap();
    assert_eq!(next.status, i32::from(ServingStatus::NotServing as u8));
    stopping.store(true, SeqCst);

    for caller in callers {
        // The first call that fails was not accepted: refused in so many words, by a connection that is closing, or by a
        // listener that is gone; or its connection still waited to be accepted when the listener went, after the delay.
        let (begun, status) = caller.await.unwrap();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        let reason = status.get_error_details().error_info().map(|info| info.reason.clone());
        let refused = reason.as_deref() == Some("DRAINING");
        let gone = format!("{status:?}").contains("ConnectError");
        let closing = status.message().contains("went away before it took the call");
        let since = begun.saturating_duration_since(start);
        let waiting = since >= DRAIN_DELAY && status.message().contains("broke off");
        assert!(refused || closing || gone || waiting, "begun {since:?} after SIGTERM: {status:?}");
    }
    assert!(answered_late.load(SeqCst) > CALLERS, "no call was answered during the drain delay");
    // The stream of the watch is told to go elsewhere.
    let end = changes.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end:?}");

    let (status, log) = server.ended();
    assert_eq!(status, Some(0), "{log}");
    assert!(start.elapsed() < GRACE + Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(log.contains("draining") && log.contains("stopped"), "{log}");
}

/// A connection whose client reads nothing: the server cannot even finish saying good-bye.
async fn stalled_reader(server: &ServerProcess) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    // The preface and empty settings; what the server sends stays in the socket.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_callers_stops_at_once() {
    let server = ServerProcess::start(&[]);
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_call_that_a_server_never_took_is_unavailable_to_the_client() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await.unwrap(); // SETTINGS, empty
        let mut received = Vec::new();
        while !holds_headers(&received) {
            assert_ne!(stream.read_buf(&mut received).await.unwrap(), 0, "the client went away");
        }
        // GOAWAY: the last stream taken is 0, that is none; NO_ERROR.
        stream.write_all(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0").await.unwrap();
        while stream.read_buf(&mut received).await.is_ok_and(|read| read > 0) {}
    });
    let connection = client::connect(&url, &ConnectOptions::default(), CALL_TIMEOUT).await.unwrap();
    let status =
        ClassificationServiceClient::new(connection).classify_article(article("Talks")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("before it took the call"), "{status:?}");
    server.await.unwrap();
}

/// Whether a client's bytes, a preface and then frames, hold a HEADERS frame.
fn holds_headers(bytes: &[u8]) -> bool {
    const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
    let mut frames = bytes.get(PREFACE..).unwrap_or_default();
    while let [a, b, c, kind, ..] = *frames {
        if kind == 1 {
            return true;
        }
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        frames = frames.get(9 + length..).unwrap_or_default();
    }
    false
}

type Answers = Streaming<StreamClassifyArticlesResponse>;

fn streamed(text: &str) -> StreamClassifyArticlesRequest {
    let article = Article { text: text.to_owned(), ..Article::default() };
    StreamClassifyArticlesRequest { article: Some(article), options: None }
}

async fn open_stream(
    url: String,
    requests: impl Stream<Item = StreamClassifyArticlesRequest> + Send + 'static,
) -> Answers {
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    ClassificationServiceClient::new(channel).stream_classify_articles(requests).await.unwrap().into_inner()
}

/// Takes answers to their end, however many there are: how many, and the status at the end.
async fn to_the_end(mut answers: Answers) -> (usize, Result<(), Status>) {
    for count in 0.. {
        match answers.message().await {
            Ok(Some(answer)) => {
                let outcome = answer.result.unwrap().outcome;
                assert!(matches!(outcome, Some(Outcome::Classification(_))), "{outcome:?}");
            }
            Ok(None) => return (count, Ok(())),
            Err(status) => return (count, Err(status)),
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_under_way_at_sigterm_is_answered_to_its_end() {
    const ARTICLES: usize = 400;
    let server = ServerProcess::start(&["--drain-delay", "0.1", "--grace", "30"]);
    // An article every few milliseconds, so that most come when the server is stopping.
    let sent = stream::iter(0..ARTICLES).then(|_| async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        streamed("Rebels and government forces signed a cease-fire.")
    });
    let mut answers = open_stream(server.url(), sent).await;
    assert!(answers.message().await.unwrap().is_some());
    server.signal("-TERM");
    server.logged("draining").await;
    let (count, end) = to_the_end(answers).await;
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(count + 1, ARTICLES);
    let start = Instant::now();
    let (status, log) = server.ended();
    assert_eq!(status, Some(0), "{log}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(!log.contains("still open"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_do_not_end_are_told_so_when_the_grace_is_over() {
    let server = ServerProcess::start(&["--drain-delay", "0.1", "--grace", "1"]);
    let idle = open_stream(server.url(), stream::pending()).await;
    let text = "Rebels and government forces signed a cease-fire.";
    let busy = stream::repeat(()).then(move |()| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        streamed(text)
    });
    let busy = open_stream(server.url(), busy).await;
    // Nobody takes its answers.
    let _stalled = open_stream(server.url(), stream::repeat(()).map(move |()| streamed(text))).await;
    let (idle, busy) = (tokio::spawn(to_the_end(idle)), tokio::spawn(to_the_end(busy)));
    let start = Instant::now();
    server.signal("-TERM");
    let ends = [idle.await.unwrap(), busy.await.unwrap()];
    assert!(start.elapsed() > Duration::from_millis(1100), "{:?}", start.elapsed());
    assert_eq!(ends[0].0, 0);
    assert!(ends[1].0 > 100, "{} answers while the server was stopping", ends[1].0);
    for (_, end) in ends {
        let status = end.unwrap_err();
        let reason = status.get_error_details().error_info().map(|info| info.reason.clone());
        assert_eq!((status.code(), reason.as_deref()), (Code::Unavailable, Some("DRAINING")), "{status:?}");
    }
    let (status, log) = server.ended();
    assert_eq!(status, Some(0), "{log}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}
