//! Who may call, by bearer token.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{fs, path::Path, time::Duration};

use bayeswire::{
    api::v1::{
        RollbackModelRequest, classification_service_client::ClassificationServiceClient,
        model_service_client::ModelServiceClient,
    },
    server::{Opening, ServerConfig},
};
use harness::{ServerProcess, TestServer, article, reason};
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt as _;

const CLASSIFY: &str = "classify-7d1a02b9c4";
const OPERATE: &str = "operate-5e66f013aa";
const SECRET_TEXT: &str = "Zanzibarian ministers whispered of a hidden treaty";

fn config(folder: &Path) -> ServerConfig {
    let file = folder.join("tokens");
    fs::write(&file, format!("classify {CLASSIFY}\noperate {OPERATE}\n")).unwrap();
    ServerConfig {
        token_file: Some(file),
        reload_interval: Duration::from_millis(50),
        ..ServerConfig::default()
    }
}

async fn classify(url: &str, authorization: Option<&str>) -> Result<(), Status> {
    let channel = tonic::transport::Channel::from_shared(url.to_owned()).unwrap().connect().await.unwrap();
    let mut request = Request::new(article(SECRET_TEXT));
    if let Some(value) = authorization {
        request.metadata_mut().insert("authorization", value.parse().unwrap());
    }
    ClassificationServiceClient::new(channel).classify_article(request).await.map(|_| ())
}

fn is_refused(result: Result<(), Status>) -> bool {
    let status = result.unwrap_err();
    let details = status.get_error_details();
    status.code() == Code::Unauthenticated && details.error_info().unwrap().reason == "TOKEN_INVALID"
}

#[tokio::test]
async fn only_callers_with_a_token_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::configured(config(folder.path())).await;
    let url = server.url();
    for token in [CLASSIFY, OPERATE] {
        classify(&url, Some(&format!("Bearer {token}"))).await.unwrap();
        classify(&url, Some(&format!("bearer {token}"))).await.unwrap();
    }
    let almost = format!("Bearer {}", &CLASSIFY[..CLASSIFY.len() - 1]);
    let longer = format!("Bearer {CLASSIFY}0");
    let basic = format!("Basic {CLASSIFY}");
    for wrong in [None, Some(""), Some("Bearer "), Some(CLASSIFY), Some(&almost), Some(&longer), Some(&basic)]
    {
        assert!(is_refused(classify(&url, wrong).await), "{wrong:?}");
    }
}

#[tokio::test]
async fn what_changes_the_server_needs_the_role_operate() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::configured(config(folder.path())).await;
    let call = async |token: &str| {
        let mut request = Request::new(RollbackModelRequest {});
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let status =
            ModelServiceClient::new(server.channel().await).rollback_model(request).await.unwrap_err();
        (status.code(), reason(&status))
    };
    assert_eq!(call(CLASSIFY).await, (Code::PermissionDenied, "ROLE_MISSING".to_owned()));
    // Let in, and told that there is nothing to go back to.
    assert_eq!(call(OPERATE).await, (Code::FailedPrecondition, "NO_EARLIER_REVISION".to_owned()));
}

#[tokio::test]
async fn health_needs_a_token_only_where_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    for (health, expected) in [(Opening::Open, Code::Ok), (Opening::Closed, Code::Unauthenticated)] {
        let config = ServerConfig { health, ..config(folder.path()) };
        let server = TestServer::with(config, || Ok(harness::small_model())).await;
        let request = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(server.channel().await).check(request).await;
        assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), expected);
    }
}

#[tokio::test]
async fn tokens_are_read_again_and_a_bad_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let file = config.token_file.clone().unwrap();
    let server = TestServer::configured(config).await;
    let old = format!("Bearer {CLASSIFY}");
    let (new_token, url) = ("classify-0b1c2d3e4f", server.url());
    let new = format!("Bearer {new_token}");

    fs::write(&file, "classify short\n").unwrap();
    server.metric("bayeswire_reloads_total{outcome=\"refused\",what=\"tokens\"} 1").await;
    classify(&url, Some(&old)).await.unwrap();

    fs::write(&file, format!("classify {new_token}\n")).unwrap();
    server.metric("bayeswire_reloads_total{outcome=\"loaded\",what=\"tokens\"} 1").await;
    classify(&url, Some(&new)).await.unwrap();
    assert!(is_refused(classify(&url, Some(&old)).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_article_is_in_any_log_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = config(folder.path()).token_file.unwrap();
    let server = ServerProcess::start(&[
        "--token-file",
        file.to_str().unwrap(),
        "--log",
        "trace",
        "--reload-interval",
        "0.05",
        "--otlp-endpoint",
        "http://127.0.0.1:9",
        "--otlp-headers",
        "authorization=collector-secret-1",
    ]);
    classify(&server.url(), Some(&format!("Bearer {OPERATE}"))).await.unwrap();
    assert!(is_refused(classify(&server.url(), Some("Bearer wrong-but-secret-1")).await));
    fs::write(&file, "classify refused-secret-1\nadmin refused-secret-2\n").unwrap();
    server.logged("the new file is refused").await;
    let log = server.stop();
    assert!(log.contains("call ended") && log.contains("request_id"), "{log}");
    for secret in [CLASSIFY, OPERATE, "wrong-but-secret", "refused-secret", "collector-secret", "Zanzibarian"]
    {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
