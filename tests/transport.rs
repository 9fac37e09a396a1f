//! What comes over the wire: encodings, messages that are too long or none at all.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::time::Duration;

use bayeswire::{
    api::v1::{
        ClassificationOptions, ClassifyArticleRequest,
        classification_service_client::ClassificationServiceClient,
    },
    server::{Http2Config, ServerConfig},
};
use bytes::Bytes;
use harness::{TestServer, article};
use prost::Message as _;
use tonic::{Code, Status, codec::CompressionEncoding};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest,
};
use tonic_types::StatusExt as _;

const TEXT: &str =
    "Foreign ministers of both countries met in Geneva on Friday to sign a treaty on their border. ";

#[tokio::test]
async fn requests_may_be_compressed() {
    let server = TestServer::start().await;
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut client = ClassificationServiceClient::new(server.channel().await)
            .send_compressed(encoding)
            .accept_compressed(encoding);
        let answer = client.classify_article(with_evidence()).await.unwrap().into_inner();
        assert!(answer.classification.unwrap().evidence.len() > 10);
    }
}

/// Clients that compress whatever they send do so with these as well.
#[tokio::test]
async fn health_and_reflection_may_be_asked_in_compressed_messages() {
    let server = TestServer::start().await;
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut health = HealthClient::new(server.channel().await).send_compressed(encoding);
        health.check(HealthCheckRequest { service: String::new() }).await.unwrap();
        let question = ServerReflectionRequest {
            message_request: Some(MessageRequest::ListServices(String::new())),
            ..ServerReflectionRequest::default()
        };
        let mut reflection = ServerReflectionClient::new(server.channel().await).send_compressed(encoding);
        let answers = reflection.server_reflection_info(tokio_stream::iter([question])).await;
        assert!(answers.unwrap().into_inner().message().await.unwrap().is_some());
    }
}

/// A request whose reply is long.
fn with_evidence() -> ClassifyArticleRequest {
    let options = ClassificationOptions { max_evidence_terms: 30, ..ClassificationOptions::default() };
    ClassifyArticleRequest { options: Some(options), ..article(&TEXT.repeat(50)) }
}

#[tokio::test]
async fn only_long_replies_are_compressed_and_only_for_callers_that_accept_it() {
    let server = TestServer::start().await;
    let (short, long) = (article(TEXT).encode_to_vec(), with_evidence().encode_to_vec());
    for (message, accepts, flag) in [
        (&short, "identity", 0),
        (&short, "gzip", 0),
        (&long, "identity", 0),
        (&long, "gzip", 1),
        (&long, "identity,deflate,gzip", 1),
        (&long, "zstd", 1),
    ] {
        let (status, data) = send(&server, &framed(0, message), &[("grpc-accept-encoding", accepts)]).await;
        assert_eq!((status.code(), data[0]), (Code::Ok, flag), "{accepts}, {} bytes", message.len());
    }
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag], &length[..], message].concat()
}

/// The head of a call.
fn request(server: &TestServer, headers: &[(&str, &str)]) -> http::Request<()> {
    let path = "bayeswire.v1.ClassificationService/ClassifyArticle";
    let mut request = http::Request::post(format!("{}/{path}", server.url()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

/// Sends bytes as the body of a call, and gives the status and the data of the answer.
async fn send(server: &TestServer, body: &[u8], headers: &[(&str, &str)]) -> (Status, Vec<u8>) {
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (answer, mut stream) = client.send_request(request(server, headers), body.is_empty()).unwrap();
    if !body.is_empty() {
        stream.send_data(Bytes::copy_from_slice(body), true).unwrap();
    }
    let (head, mut answer) = answer.await.unwrap().into_parts();
    let mut data = Vec::new();
    while let Some(chunk) = answer.data().await {
        data.extend_from_slice(&chunk.unwrap());
    }
    let status = Status::from_header_map(&head.headers).or(answer
        .trailers()
        .await
        .unwrap()
        .and_then(|t| Status::from_header_map(&t)));
    (status.unwrap(), data)
}

#[tokio::test]
async fn what_is_no_message_is_the_callers_fault_and_never_internal() {
    let server = TestServer::start().await;
    // Field 1 of the request, field 3 of the article, two bytes that are no UTF-8.
    let not_utf8 = [0x0a, 0x04, 0x1a, 0x02, 0xff, 0xfe];
    for (what, body) in [
        ("not UTF-8", framed(0, &not_utf8)),
        ("not protobuf", framed(0, &[0x0a, 0xff, 0xff])),
        ("no message", Vec::new()),
        ("half a frame", vec![0, 0, 0]),
        ("a frame that ends early", framed(0, b"1234567890")[..8].to_vec()),
        ("compressed without saying how", framed(1, b"1234567890")),
        ("a flag that there is not", framed(7, b"1234567890")),
    ] {
        let (status, _) = send(&server, &body, &[]).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
        let reason = status.get_error_details().error_info().unwrap().reason.clone();
        assert_eq!(reason, "MESSAGE_MALFORMED", "{what}");
    }
    let damaged = send(&server, &framed(1, b"1234567890"), &[("grpc-encoding", "gzip")]).await.0;
    assert_eq!(damaged.code(), Code::InvalidArgument, "{damaged:?}");
    let unknown = send(&server, &framed(1, b"1234567890"), &[("grpc-encoding", "br")]).await.0;
    assert_eq!(unknown.code(), Code::Unimplemented, "{unknown:?}");
}

#[tokio::test]
async fn a_message_over_the_transports_limit_says_the_limit() {
    let config = ServerConfig { max_message_bytes: Some(10_000), ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let status = client.classify_article(article(&"peace ".repeat(2_000))).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.metadata["limit"].as_str()), ("MESSAGE_TOO_LARGE", "10000"));
    client.classify_article(article(TEXT)).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_is_old_is_closed_without_losing_a_call() {
    let max_connection_age = Some(Duration::from_millis(100));
    let http2 = Http2Config { max_connection_age, ..Http2Config::default() };
    let server = TestServer::configured(ServerConfig { http2, ..ServerConfig::default() }).await;
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (answer, mut stream) = client.send_request(request(&server, &[]), false).unwrap();
    // No new call is taken on it any more, but the one under way is answered.
    while client.clone().ready().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stream.send_data(framed(0, &article(TEXT).encode_to_vec()).into(), true).unwrap();
    let mut answer = answer.await.unwrap().into_body();
    while let Some(chunk) = answer.data().await {
        chunk.unwrap();
    }
    assert_eq!(answer.trailers().await.unwrap().unwrap()["grpc-status"], "0");
    drop((answer, stream, client));
    connection.await.unwrap().unwrap();
}
