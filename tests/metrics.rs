//! What operators see over HTTP and in the log.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{io::Write as _, process::Stdio};

use bayeswire::{api::v1::classification_service_client::ClassificationServiceClient, server::ServerConfig};
use harness::{ServerProcess, TestServer, admin, article, default_model, small_model};

const TREATY: &str = "Foreign ministers of both countries met in Geneva on Friday to sign a treaty on their border, \
                      and their ambassadors agreed to resume talks on trade next month.";

#[tokio::test]
async fn metrics_count_calls_answers_and_what_is_served() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    for text in [TREATY, TREATY, "Peace.", " "] {
        let _ = client.classify_article(article(text)).await;
    }
    let (status, text) = server.admin("GET /metrics", "").await;
    assert_eq!(status, 200);
    let rpc = "rpc=\"/bayeswire.v1.ClassificationService/ClassifyArticle\"";
    let revision = default_model().revision();
    for line in [
        format!("bayeswire_rpcs_total{{code=\"OK\",{rpc}}} 3"),
        format!("bayeswire_rpcs_total{{code=\"INVALID_ARGUMENT\",{rpc}}} 1"),
        format!("bayeswire_rpc_duration_seconds_count{{{rpc}}} 4"),
        "bayeswire_articles_total{decision=\"ASSIGNED\",topic=\"diplomacy\"} 2".to_owned(),
        "bayeswire_articles_total{decision=\"ASSIGNED\",topic=\"protest\"} 0".to_owned(),
        "bayeswire_articles_total{decision=\"ABSTAINED\",topic=\"\"} 1".to_owned(),
        "bayeswire_abstentions_total{reason=\"TOO_SHORT\"} 1".to_owned(),
        "bayeswire_abstentions_total{reason=\"OFF_TOPIC\"} 0".to_owned(),
        "bayeswire_known_word_ratio_count 3".to_owned(),
        format!("bayeswire_model_info{{revision=\"{revision}\"}} 1"),
        "bayeswire_reloads_total{outcome=\"refused\",what=\"model\"} 0".to_owned(),
        "bayeswire_rpcs_in_flight 0".to_owned(),
        "bayeswire_shed_total 0".to_owned(),
        "bayeswire_panics_total 0".to_owned(),
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(text.contains("bayeswire_build_info{version=\"0."), "{text}");
    assert!(!text.contains("Geneva"));
    promtool(&text);
}

/// Asks Prometheus' own tool, where there is one.
fn promtool(text: &str) {
    let started = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else {
        eprintln!("skipped: no promtool here");
        return;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn liveness_and_readiness_differ_while_the_model_is_loaded() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let mut server = TestServer::with(ServerConfig::default(), move || {
        wait.recv().unwrap();
        Ok(small_model())
    })
    .await;
    assert_eq!(server.admin("GET /livez", "").await.0, 200);
    assert_eq!(server.admin("GET /readyz", "").await.0, 503);
    go.send(()).unwrap();
    server.ready().await;
    assert_eq!(server.admin("GET /readyz", "").await, (200, "ok\n".to_owned()));
    assert_eq!(server.admin("GET /nothing", "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_level_changes_while_the_server_runs() {
    let server = ServerProcess::start(&[]);
    let channel = tonic::transport::Channel::from_shared(server.url()).unwrap().connect().await.unwrap();
    let mut client = ClassificationServiceClient::new(channel);
    let mut call = async |id: &'static str| {
        let mut request = tonic::Request::new(article(TREATY));
        request.metadata_mut().insert("x-request-id", id.parse().unwrap());
        client.classify_article(request).await.unwrap();
    };
    call("quiet-1").await;
    assert_eq!(admin(server.admin_address, "POST /loglevel", "no=such=filter").await.0, 400);
    assert_eq!(admin(server.admin_address, "POST /loglevel", "debug").await, (200, "ok\n".to_owned()));
    call("loud-1").await;
    server.logged("\"request_id\":\"loud-1\"").await;
    assert_eq!(admin(server.admin_address, "POST /loglevel", "info").await.0, 200);
    server.signal("-USR1");
    server.logged("SIGUSR1").await;
    call("loud-2").await;
    server.logged("\"request_id\":\"loud-2\"").await;
    assert_eq!(server.lines_with("quiet-1"), 0);
    for line in server.stop().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}
