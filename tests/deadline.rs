//! A call that takes too long ends as DEADLINE_EXCEEDED, never as CANCELLED, and says why.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::time::Duration;

use bayeswire::{api::v1::classification_service_client::ClassificationServiceClient, server::ServerConfig};
use harness::{TestServer, article};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const PATH: &str = "/bayeswire.v1.ClassificationService/ClassifyArticle";

fn is_our_deadline(status: &Status) -> bool {
    let details = status.get_error_details();
    status.code() == Code::DeadlineExceeded
        && details.error_info().is_some_and(|info| info.reason == "DEADLINE" && info.domain == "bayeswire")
}

#[tokio::test]
async fn work_that_takes_longer_than_the_servers_deadline_is_not_answered_late() {
    let config = ServerConfig { deadline: Duration::from_millis(1), ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let long = "the ministers met again to talk of peace ".repeat(20_000);
    let status = client.classify_article(article(&long)).await.unwrap_err();
    assert!(is_our_deadline(&status), "{status:?}");
}

/// Begins a call, sends no message, and says what the server answers.
async fn send_nothing(server: &TestServer, timeout: Option<&str>) -> Status {
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut request = http::Request::post(format!("{}{PATH}", server.url()))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    let mut client = client.ready().await.unwrap();
    let (answer, _half_open) = client.send_request(request.body(()).unwrap(), false).unwrap();
    Status::from_header_map(answer.await.unwrap().headers()).unwrap()
}

#[tokio::test]
async fn the_callers_shorter_deadline_wins() {
    let server = TestServer::start().await;
    for timeout in ["30m", "1m", "500u", "1n", "0S"] {
        let status = send_nothing(&server, Some(timeout)).await;
        assert!(is_our_deadline(&status), "{timeout}: {status:?}");
    }
}

#[tokio::test]
async fn the_servers_deadline_holds_for_callers_that_would_wait_for_ever() {
    let config = ServerConfig { deadline: Duration::from_millis(30), ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    for timeout in [None, Some("1H"), Some("not a timeout")] {
        let status = send_nothing(&server, timeout).await;
        assert!(is_our_deadline(&status), "{timeout:?}: {status:?}");
    }
}
