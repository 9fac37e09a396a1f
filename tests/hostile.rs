//! Clients that speak no HTTP/2, half of it, or more of it than anybody needs: the server keeps answering everybody else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use std::time::Duration;

use bayeswire::{
    api::v1::{
        Article, StreamClassifyArticlesRequest, classification_service_client::ClassificationServiceClient,
    },
    server::{Http2Config, ServerConfig},
};
use futures_util::{StreamExt as _, stream};
use harness::{ServerProcess, TestServer, article, reason};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::{Code, transport::Channel};

const TEXT: &str =
    "Foreign ministers met in Geneva to sign a treaty on their border and resume talks on trade.";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Longer than any of these tests should wait.
const LONG: Duration = Duration::from_secs(10);

/// A call on a new connection.
async fn answers(address: std::net::SocketAddr) {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    ClassificationServiceClient::new(channel).classify_article(article(TEXT)).await.unwrap();
}

/// Reads until the server closes the connection.
async fn closed(stream: &mut TcpStream) {
    let mut bytes = [0; 4096];
    let reading = async { while stream.read(&mut bytes).await.is_ok_and(|n| n > 0) {} };
    tokio::time::timeout(LONG, reading).await.expect("the server keeps the connection open");
}

fn h2_frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

/// The preface and empty settings.
fn opening() -> Vec<u8> {
    [PREFACE, &h2_frame(SETTINGS, 0, 0, &[])].concat()
}

/// `POST /bayeswire.v1.ClassificationService/ClassifyArticle`, without Huffman codes and tables.
fn request_headers() -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    for (name, value) in [
        (":path", "/bayeswire.v1.ClassificationService/ClassifyArticle"),
        (":authority", "test"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

#[tokio::test]
async fn garbage_on_the_port_closes_the_connection_and_nothing_else() {
    let server = TestServer::start().await;
    let client_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(40);
    let oversized = [&opening()[..], &h2_frame(0, 0, 1, &[0; 20_000])].concat();
    let data_without_headers = [&opening()[..], &h2_frame(0, 1, 7, b"\0\0\0\0\0")].concat();
    let half_a_header =
        [&opening()[..], &h2_frame(HEADERS, 4, 1, b"\x00\x7f\xff\xff\xff\xff\xff\x0f")].concat();
    let unknown_frames =
        [&opening()[..], &h2_frame(0xbe, 0xef, 3, b"what?"), &h2_frame(SETTINGS, 1, 5, b"x")].concat();
    for garbage in [
        vec![0xff; 1000],
        vec![0; 1000],
        client_hello,
        b"SSH-2.0-OpenSSH_9.2\r\nhello, hello, hello\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\n\r\n\0\0\0".to_vec(),
        [PREFACE, &[0xff; 64]].concat(),
        oversized,
        data_without_headers,
        half_a_header,
        unknown_frames,
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&garbage).await.unwrap();
        // Half closed: an HTTP/1.1 server may answer first.
        stream.shutdown().await.unwrap();
        closed(&mut stream).await;
        answers(server.address).await;
    }
    server.metric("bayeswire_panics_total 0").await;
}

#[tokio::test]
async fn clients_that_do_not_begin_are_not_waited_for() {
    let handshake_timeout = Duration::from_millis(100);
    let http2 = Http2Config { handshake_timeout, ..Http2Config::default() };
    let server = TestServer::configured(ServerConfig { http2, ..ServerConfig::default() }).await;
    let (_, before) = server.admin("GET /metrics", "").await;
    let connections = before.lines().find(|line| line.starts_with("bayeswire_connections ")).unwrap();
    // Silent, half a preface, half of HTTP/1.1's first line.
    let mut half_open = Vec::new();
    for begun in [&b""[..], &PREFACE[..10], b"GET /"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        half_open.push(stream);
    }
    for stream in &mut half_open {
        closed(stream).await;
    }
    server.metric(connections).await;
    // A client that has begun may be as silent as it likes.
    let channel = server.channel().await;
    tokio::time::sleep(3 * handshake_timeout).await;
    ClassificationServiceClient::new(channel).classify_article(article(TEXT)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_end_their_connection_and_take_no_memory() {
    let server = ServerProcess::start(&[]);
    let names: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| [&b"\0\x06"[..], format!("x{n:05}").as_bytes(), b"\x01y"].concat())
        .collect();
    let flood = |one: Vec<u8>, times: usize| [opening(), one.repeat(times)].concat();
    let mut rapid_reset = opening();
    for stream in (1..40_000).step_by(2) {
        rapid_reset.extend(h2_frame(HEADERS, 4, stream, &request_headers()));
        rapid_reset.extend(h2_frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    let mut headers = opening();
    headers.extend(h2_frame(HEADERS, 0, 1, &request_headers()));
    for part in names.chunks(16_000) {
        headers.extend(h2_frame(CONTINUATION, 0, 1, part));
    }
    let mut endless = opening();
    endless.extend(h2_frame(HEADERS, 0, 1, &request_headers()));
    endless.extend(h2_frame(CONTINUATION, 0, 1, &[]).repeat(200_000));
    for (what, bytes) in [
        ("20,000 headers", headers),
        ("200,000 empty continuations", endless),
        ("20,000 requests, reset at once", rapid_reset),
        ("200,000 pings", flood(h2_frame(PING, 0, 0, b"12345678"), 200_000)),
        ("200,000 settings", flood(h2_frame(SETTINGS, 0, 0, &[]), 200_000)),
    ] {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        // Nothing is read: what the server answers must not pile up either. An error means that it has had enough.
        let flooding = tokio::time::timeout(LONG, async move {
            let _ = write.write_all(&bytes).await;
            write
        });
        // It may also stop reading, while its own answers are not read.
        let written = flooding.await;
        answers(server.address).await;
        let mut rest = vec![0; 1 << 20];
        let _ = tokio::time::timeout(Duration::from_millis(100), read.read(&mut rest)).await;
        drop(written);
        if let Some(bytes) = server.peak_bytes() {
            assert!(bytes < 100 << 20, "{what}: {bytes} bytes resident");
        }
    }
    let log = server.stop();
    assert!(!log.contains("panic"), "{log}");
}

fn request(text: &str) -> StreamClassifyArticlesRequest {
    let article = Article { text: text.to_owned(), ..Article::default() };
    StreamClassifyArticlesRequest { article: Some(article), options: None }
}

#[tokio::test]
async fn a_forgotten_stream_is_ended_and_gives_its_place_back() {
    let stream_idle_timeout = Duration::from_millis(200);
    let config = ServerConfig { concurrency_limit: 1, stream_idle_timeout, ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    // One article a little later than the other, but in time; then none.
    let articles = stream::iter([TEXT, TEXT]).then(|text| async move {
        tokio::time::sleep(Duration::from_millis(120)).await;
        request(text)
    });
    let requests = articles.chain(stream::pending());
    let mut answers = client.clone().stream_classify_articles(requests).await.unwrap().into_inner();
    for _ in 0..2 {
        assert!(answers.message().await.unwrap().is_some());
    }
    let status = client.classify_article(article(TEXT)).await.unwrap_err();
    assert_eq!(reason(&status), "CONCURRENCY_LIMIT");
    let status = tokio::time::timeout(LONG, answers.message()).await.unwrap().unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "STREAM_IDLE"));
    client.classify_article(article(TEXT)).await.unwrap();
}

#[tokio::test]
async fn a_stream_whose_caller_takes_nothing_keeps_nobody_out() {
    let stream_idle_timeout = Duration::from_millis(100);
    let config = ServerConfig { concurrency_limit: 1, stream_idle_timeout, ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let requests = stream::iter((0..100_000).map(|_| request(TEXT)));
    let mut forgetful = ClassificationServiceClient::new(server.channel().await);
    let _never_read = forgetful.stream_classify_articles(requests).await.unwrap().into_inner();
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let waiting = async {
        while let Err(status) = client.classify_article(article(TEXT)).await {
            assert_eq!(reason(&status), "CONCURRENCY_LIMIT");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("its place is not given back");
}
