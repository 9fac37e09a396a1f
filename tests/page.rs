//! `ClassifyPage`, asked by a real client.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::time::{Duration, Instant};

use bayeswire::{
    api::Timestamp,
    api::v1::{
        AbstainReason, ClassificationOptions, ClassifyPageRequest, ClassifyPageResponse, Decision, Field,
        classification_service_client::ClassificationServiceClient, classify_page_request::Content,
    },
    client::Client,
    server::ServerConfig,
};
use harness::{TestServer, article, reason, violations};
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

const PAGE: &str = include_str!("pages/several/two-stories.html");
const MAX_PAGE_BYTES: usize = 16 << 20;

fn html(page: impl Into<String>) -> ClassifyPageRequest {
    ClassifyPageRequest { content: Some(Content::Html(page.into())), ..ClassifyPageRequest::default() }
}

fn text(page: impl Into<String>) -> ClassifyPageRequest {
    ClassifyPageRequest { content: Some(Content::Text(page.into())), ..ClassifyPageRequest::default() }
}

fn as_expected(found: &[(String, String)], expected: &[(&str, &str)]) {
    let found: Vec<_> = found.iter().map(|(field, reason)| (field.as_str(), reason.as_str())).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn every_article_of_a_page_has_its_place_and_its_topic() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    let source_uri = "https://news.example/1".to_owned();
    let request = ClassifyPageRequest { source_uri: source_uri.clone(), ..html(PAGE) };
    let answer = client.classify_page(request).await.unwrap();
    assert_eq!(answer.source_uri, source_uri);
    let topics: Vec<_> =
        answer.articles.iter().map(|a| a.classification.as_ref().unwrap().topic.as_str()).collect();
    assert_eq!(topics, ["diplomacy", "protest"]);
    assert!(answer.left_out_share > 0.05 && answer.left_out_share < 0.5, "{}", answer.left_out_share);
    for found in &answer.articles {
        let span = found.span.as_ref().unwrap();
        assert_eq!(span.field(), Field::Unspecified);
        let place = &PAGE[span.start_byte as usize..span.end_byte as usize];
        let (first, last) = (found.text.lines().next().unwrap(), found.text.lines().last().unwrap());
        assert!(place.starts_with(first) && place.ends_with(last), "{place}");
    }
    let first = &answer.articles[0];
    let seconds = |time: &Option<Timestamp>| time.as_ref().unwrap().seconds;
    // 2024-03-08 18:30 and 21:05 UTC, by `date -u -d`.
    assert_eq!((seconds(&first.publish_time), seconds(&first.update_time)), (1_709_922_600, 1_709_931_900));
    assert_eq!(answer.articles[1].publish_time, None);
    // Topics of articles on pages are counted like those of others.
    server.metric("bayeswire_articles_total{decision=\"ASSIGNED\",topic=\"protest\"} 1").await;
}

#[tokio::test]
async fn a_page_without_articles_is_answered_with_none() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    for request in [
        html(""),
        text(""),
        text(" \n\u{FEFF}\n"),
        html("<nav><a href=/>Home</a> <a href=/news>News</a></nav><script>let x = 1;</script>"),
        html("<".repeat(1000)),
        text("Home\nNews\nSport\nSkip to content"),
    ] {
        let answer = client.classify_page(request.clone()).await.unwrap();
        assert!(answer.articles.is_empty(), "{request:?}: {answer:?}");
        assert!((0.0..=1.0).contains(&answer.left_out_share));
    }
}

#[tokio::test]
async fn options_hold_for_every_article() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    let revision = harness::default_model().revision().to_string();
    let options = ClassificationOptions {
        model_revision: revision.clone(),
        min_probability: Some(1.0),
        max_evidence_terms: 3,
        ..ClassificationOptions::default()
    };
    let answer =
        client.classify_page(ClassifyPageRequest { options: Some(options), ..html(PAGE) }).await.unwrap();
    assert_eq!(answer.articles.len(), 2);
    for found in answer.articles {
        let answer = found.classification.unwrap();
        assert_eq!((answer.model_revision.as_str(), answer.evidence.len()), (revision.as_str(), 3));
        assert_eq!(answer.decision(), Decision::Abstained);
        assert_eq!(answer.abstain_reason(), AbstainReason::LowProbability);
    }
}

#[tokio::test]
async fn every_violation_is_told_at_once() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    let options = ClassificationOptions {
        model_revision: "newest".to_owned(),
        min_probability: Some(f64::NAN),
        max_evidence_terms: -1,
        topic_priors: [("no such topic".to_owned(), 1.0)].into(),
        ..ClassificationOptions::default()
    };
    let request = ClassifyPageRequest { options: Some(options), ..ClassifyPageRequest::default() };
    let status = client.classify_page(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let mut told = violations(&status);
    // One for the topic that there is not, and one for each that is missing.
    told.dedup();
    as_expected(
        &told,
        &[
            ("content", "PAGE_CONTENT_MISSING"),
            ("options.model_revision", "MODEL_REVISION_INVALID"),
            ("options.min_probability", "MIN_PROBABILITY_INVALID"),
            ("options.max_evidence_terms", "MAX_EVIDENCE_TERMS_INVALID"),
            ("options.topic_priors", "TOPIC_PRIORS_INVALID"),
        ],
    );
    let options =
        ClassificationOptions { model_revision: "0".repeat(64), ..ClassificationOptions::default() };
    let request = ClassifyPageRequest { options: Some(options), ..html(PAGE) };
    let status = client.classify_page(request).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "REVISION_NOT_FOUND"));
}

/// A request with both contents, which our own message cannot have.
#[derive(Clone, PartialEq, prost::Message)]
struct Both {
    #[prost(string, tag = "1")]
    html: String,
    #[prost(string, tag = "2")]
    text: String,
}

#[tokio::test]
async fn of_both_contents_the_last_on_the_wire_counts() {
    // A oneof holds one, says protobuf of a message that sets both.
    let server = TestServer::start().await;
    let mut client = tonic::client::Grpc::new(server.channel().await);
    client.ready().await.unwrap();
    let path = "/bayeswire.v1.ClassificationService/ClassifyPage".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<Both, ClassifyPageResponse>::default();
    let both = Both { html: PAGE.to_owned(), text: "Home\nNews".to_owned() };
    let answer = client.unary(Request::new(both), path, codec).await.unwrap().into_inner();
    assert!(answer.articles.is_empty());
}

#[tokio::test]
async fn a_page_over_the_limit_says_the_limit() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    for (field, request) in
        [("html", html("x".repeat(MAX_PAGE_BYTES + 1))), ("text", text("x".repeat(MAX_PAGE_BYTES + 1)))]
    {
        let status = client.classify_page(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        as_expected(&violations(&status), &[(field, "PAGE_TOO_LONG")]);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().metadata["limit"], "16777216");
    }
    let status = client.classify_page(html("x".repeat(MAX_PAGE_BYTES + (2 << 20)))).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "MESSAGE_TOO_LARGE"));
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["limit"], "17825792"); // 17 MiB
}

#[tokio::test]
async fn the_limit_for_pages_is_theirs_alone_and_can_be_set() {
    let config = ServerConfig { max_page_bytes: 1000, max_text_bytes: 1000, ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let client = Client::connect(&server.url()).await.unwrap();
    let status = client.classify_page(text("x".repeat(1001))).await.unwrap_err();
    as_expected(&violations(&status), &[("text", "PAGE_TOO_LONG")]);
    client.classify_page(text("x".repeat(1000))).await.unwrap();

    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let status = client.classify_article(article(&"x".repeat(5 << 20))).await.unwrap_err();
    let details = status.get_error_details();
    // 4 MiB, as before.
    assert_eq!(
        (reason(&status).as_str(), &*details.error_info().unwrap().metadata["limit"]),
        ("MESSAGE_TOO_LARGE", "4194304")
    );
}

/// A page of about `bytes` bytes that holds one article.
fn long_page(bytes: usize) -> String {
    let mut page = String::from("<html><body><nav><a href=/>Home</a></nav><h1>Envoys meet again</h1>");
    for day in 1.. {
        let paragraph = format!(
            "<p>On day {day} the envoys of both sides met again to talk about the border, a spokesman said.</p>\n"
        );
        if page.len() + paragraph.len() > bytes {
            break;
        }
        page.push_str(&paragraph);
    }
    page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_pages_are_answered_and_nobody_waits_for_them() {
    let server = TestServer::start().await;
    let client = Client::connect(&server.url()).await.unwrap();
    let page = long_page(MAX_PAGE_BYTES);
    assert!(page.len() > MAX_PAGE_BYTES - 200);
    // More at once than are worked on at once.
    let pages: Vec<_> = (0..6)
        .map(|_| {
            tokio::spawn({
                let (client, request) = (client.clone(), html(page.clone()));
                async move { client.classify_page(request).await }
            })
        })
        .collect();
    let mut others = ClassificationServiceClient::new(server.channel().await);
    let mut longest = Duration::ZERO;
    let mut calls = 0_u32;
    while !pages.iter().all(tokio::task::JoinHandle::is_finished) {
        let start = Instant::now();
        others.classify_article(article("The envoys met again.")).await.unwrap();
        longest = longest.max(start.elapsed());
        calls += 1;
    }
    for page in pages {
        let answer = page.await.unwrap();
        match answer {
            Ok(answer) => assert_eq!(answer.articles.len(), 1),
            // A slow machine may not be done with the last of them in five seconds.
            Err(status) => {
                assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE"))
            }
        }
    }
    println!("{calls} other calls meanwhile, the longest took {longest:?}");
    assert!(calls > 10 && longest < Duration::from_secs(2), "{calls} calls, the longest took {longest:?}");
}

#[tokio::test]
async fn a_page_that_takes_longer_than_the_deadline_is_not_answered_late() {
    let config = ServerConfig { deadline: Duration::from_millis(20), ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let client = Client::connect(&server.url()).await.unwrap();
    let status = client.classify_page(html(long_page(8 << 20))).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE"));
}

#[tokio::test]
async fn pages_need_the_role_of_those_who_classify() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    std::fs::write(&file, "classify c1a551f7-0123456789\n").unwrap();
    let server =
        TestServer::configured(ServerConfig { token_file: Some(file), ..ServerConfig::default() }).await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let status = client.classify_page(html(PAGE)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "TOKEN_INVALID"));
    let mut request = Request::new(html(PAGE));
    request.metadata_mut().insert("authorization", "Bearer c1a551f7-0123456789".parse().unwrap());
    assert_eq!(client.classify_page(request).await.unwrap().into_inner().articles.len(), 2);
}
