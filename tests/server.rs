//! The server as a client sees it.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::collections::HashMap;

use bayeswire::{
    api::v1::{
        self, AbstainReason, Article, ClassificationOptions, ClassifyArticleRequest, Decision, Field,
        classification_service_client::ClassificationServiceClient,
    },
    server::{ServeError, ServerConfig},
};
use harness::{TestServer, default_model, small_model};
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt as _;

const TREATY: &str = "Foreign ministers of both countries met in Geneva on Friday to sign a treaty on their border, \
                      and their ambassadors agreed to resume talks on trade next month.";

fn request(text: &str, options: ClassificationOptions) -> ClassifyArticleRequest {
    let article = Article { article_id: "a-1".into(), text: text.into(), ..Article::default() };
    ClassifyArticleRequest { article: Some(article), options: Some(options) }
}

async fn classify(
    client: &mut ClassificationServiceClient<Channel>,
    text: &str,
    options: ClassificationOptions,
) -> Result<v1::Classification, Status> {
    let response = client.classify_article(request(text, options)).await?.into_inner();
    assert_eq!(response.article_id, "a-1");
    Ok(response.classification.unwrap())
}

fn reasons(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|b| b.field_violations.clone()).unwrap_or_default();
    violations.into_iter().map(|v| (v.field, v.reason)).collect()
}

#[tokio::test]
async fn an_article_is_answered_with_every_field() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let options = ClassificationOptions { max_evidence_terms: 5, ..ClassificationOptions::default() };
    let answer = classify(&mut client, TREATY, options).await.unwrap();

    assert_eq!(
        (answer.decision(), answer.abstain_reason()),
        (Decision::Assigned, AbstainReason::Unspecified)
    );
    assert_eq!(answer.topic, "diplomacy");
    assert_eq!(answer.topics[0].topic, "diplomacy");
    assert!(answer.topics.is_sorted_by(|a, b| a.probability >= b.probability));
    let backgrounds: Vec<_> =
        answer.topics.iter().filter(|t| t.background).map(|t| t.topic.as_str()).collect();
    assert_eq!((answer.topics.len(), backgrounds), (4, vec!["other"]));
    assert!((answer.topics.iter().map(|t| t.probability).sum::<f64>() - 1.0).abs() < 1e-9);
    assert_eq!(answer.model_revision, default_model().revision().to_string());
    let coverage = answer.coverage.unwrap();
    assert!(coverage.known_words <= coverage.words && coverage.words > 20);
    assert_eq!(answer.evidence.len(), 5);
    assert!(answer.evidence.is_sorted_by(|a, b| a.decibans.abs() >= b.decibans.abs()));
    for evidence in &answer.evidence {
        assert_eq!(evidence.spans.len(), evidence.count as usize);
        for span in &evidence.spans {
            assert_eq!(span.field(), Field::Text);
            let words = &TREATY[span.start_byte as usize..span.end_byte as usize].to_lowercase();
            let stem = evidence.term.split(' ').next().unwrap();
            assert!(words.starts_with(&stem[..stem.len().min(3)]), "{words} is not {}", evidence.term);
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn abstentions_say_why() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let cases = [
        ("Peace.", ClassificationOptions::default(), AbstainReason::TooShort),
        ("Qwzx vbnml plokij uhygt rfdes wazxc", ClassificationOptions::default(), AbstainReason::LowCoverage),
        (
            "The orchestra's new conductor opened the concert season with a symphony and two arias.",
            ClassificationOptions::default(),
            AbstainReason::OffTopic,
        ),
        (
            TREATY,
            ClassificationOptions { min_probability: Some(1.0), ..ClassificationOptions::default() },
            AbstainReason::LowProbability,
        ),
        (
            TREATY,
            ClassificationOptions { min_words: Some(100), ..ClassificationOptions::default() },
            AbstainReason::TooShort,
        ),
        (
            "Foreign ministers met in Geneva on Friday to sign a treaty with Qwzxvb and Plokijuh.",
            ClassificationOptions { min_coverage: Some(1.0), ..ClassificationOptions::default() },
            AbstainReason::LowCoverage,
        ),
    ];
    for (text, options, reason) in cases {
        let answer = classify(&mut client, text, options).await.unwrap();
        assert_eq!((answer.decision(), answer.abstain_reason()), (Decision::Abstained, reason), "{text}");
        assert_eq!(answer.topic, "");
    }
}

#[tokio::test]
async fn the_callers_priors_take_the_place_of_the_models_exactly() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let before = classify(&mut client, TREATY, ClassificationOptions::default()).await.unwrap();
    let weights = [("conflict", 2.0), ("diplomacy", 0.5), ("protest", 1.0), ("other", 0.0)];
    let options = ClassificationOptions {
        topic_priors: weights.iter().map(|&(t, w)| (t.to_owned(), w)).collect(),
        ..ClassificationOptions::default()
    };
    let after = classify(&mut client, TREATY, options).await.unwrap();

    let model = default_model();
    let priors: HashMap<&str, f64> =
        model.facts().topics.iter().map(String::as_str).zip(model.facts().priors()).collect();
    let weights = HashMap::from(weights);
    // Bayes' rule: the posterior times new prior over old prior, scaled to sum to 1.
    let moved: HashMap<&str, f64> = before
        .topics
        .iter()
        .map(|t| (t.topic.as_str(), t.probability * weights[t.topic.as_str()] / priors[t.topic.as_str()]))
        .collect();
    let total: f64 = moved.values().sum();
    for topic in &after.topics {
        let expected = moved[topic.topic.as_str()] / total;
        assert!(
            (topic.probability - expected).abs() < 1e-9,
            "{}: {} is not {expected}",
            topic.topic,
            topic.probability
        );
    }
}

#[tokio::test]
async fn every_violation_is_listed_at_once() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let bad = ClassifyArticleRequest {
        article: Some(Article {
            article_id: "x".repeat(129),
            text: " \n".into(),
            language_code: "not a tag".into(),
            ..Article::default()
        }),
        options: Some(ClassificationOptions {
            min_probability: Some(f64::NAN),
            min_coverage: Some(1.5),
            max_strangeness: Some(f64::NAN),
            min_words: None,
            max_evidence_terms: -1,
            topic_priors: [
                ("conflict".to_owned(), f64::NAN),
                ("protest".to_owned(), -1.0),
                ("tennis".to_owned(), 1.0),
            ]
            .into(),
            model_revision: "latest".into(),
        }),
    };
    let status = client.classify_article(bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let expected = [
        ("article.article_id", "ARTICLE_ID_TOO_LONG"),
        ("article.text", "ARTICLE_TEXT_EMPTY"),
        ("article.language_code", "LANGUAGE_CODE_INVALID"),
        ("options.model_revision", "MODEL_REVISION_INVALID"),
        ("options.min_probability", "MIN_PROBABILITY_INVALID"),
        ("options.max_evidence_terms", "MAX_EVIDENCE_TERMS_INVALID"),
        ("options.topic_priors", "TOPIC_PRIORS_INVALID"), // tennis is no topic
        ("options.topic_priors", "TOPIC_PRIORS_INVALID"), // conflict is NaN
        ("options.topic_priors", "TOPIC_PRIORS_INVALID"), // diplomacy is missing
        ("options.topic_priors", "TOPIC_PRIORS_INVALID"), // other is missing
        ("options.topic_priors", "TOPIC_PRIORS_INVALID"), // protest is negative
        ("options.min_coverage", "MIN_COVERAGE_INVALID"),
        ("options.max_strangeness", "MAX_STRANGENESS_INVALID"),
    ];
    assert_eq!(reasons(&status), expected.map(|(f, r)| (f.to_owned(), r.to_owned())));
    let info = status.get_error_details().error_info().unwrap().clone();
    assert_eq!((info.domain.as_str(), info.reason.as_str()), ("bayeswire", "ARTICLE_ID_TOO_LONG"));
    assert_eq!(info.metadata["limit"], "128");
}

#[tokio::test]
async fn limits_hold_to_the_byte() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let at_the_limit = "a ".repeat(1 << 19);
    assert!(classify(&mut client, &at_the_limit, ClassificationOptions::default()).await.is_ok());
    let over = format!("{at_the_limit}a");
    let status = classify(&mut client, &over, ClassificationOptions::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(reasons(&status), [("article.text".to_owned(), "TEXT_TOO_LONG".to_owned())]);
    assert!(
        status.message().contains("1048577") && status.message().contains("1048576"),
        "{}",
        status.message()
    );
    let info = status.get_error_details().error_info().unwrap().clone();
    assert_eq!((info.reason.as_str(), info.metadata["limit"].as_str()), ("TEXT_TOO_LONG", "1048576"));

    let status = client.classify_article(ClassifyArticleRequest::default()).await.unwrap_err();
    assert_eq!(reasons(&status), [("article".to_owned(), "ARTICLE_MISSING".to_owned())]);
}

#[tokio::test]
async fn a_revision_that_is_not_held_is_not_found() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let ask = |revision: String| ClassificationOptions {
        model_revision: revision,
        ..ClassificationOptions::default()
    };
    let held = default_model().revision().to_string();
    assert!(classify(&mut client, TREATY, ask(held)).await.is_ok());
    let status = classify(&mut client, TREATY, ask("0".repeat(64))).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "REVISION_NOT_FOUND");
    assert_eq!(details.resource_info().unwrap().resource_name, "0".repeat(64));
}

#[tokio::test]
async fn a_model_of_other_topics_is_served_alike() {
    let mut server = TestServer::with(ServerConfig::default(), || Ok(small_model())).await;
    server.ready().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let answer = classify(&mut client, "Heavy rain reaches the coast", ClassificationOptions::default())
        .await
        .unwrap();
    assert_eq!((answer.topic.as_str(), answer.topics.len()), ("rain", 2));
}

#[tokio::test]
async fn health_is_not_serving_until_the_model_is_loaded() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let mut server = TestServer::with(ServerConfig::default(), move || {
        wait.recv().unwrap();
        Ok(small_model())
    })
    .await;
    let mut health = HealthClient::new(server.channel().await);
    for service in [
        "",
        "bayeswire.v1.ClassificationService",
        "bayeswire.v1.ModelService",
        "inference.GRPCInferenceService",
    ] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = health.check(request).await.unwrap().into_inner().status;
        assert_eq!(status, tonic_health::pb::health_check_response::ServingStatus::NotServing as i32);
    }
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let status = classify(&mut client, TREATY, ClassificationOptions::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "MODEL_NOT_LOADED");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    go.send(()).unwrap();
    server.ready().await;
    assert!(classify(&mut client, TREATY, ClassificationOptions::default()).await.is_ok());
}

#[tokio::test]
async fn a_model_that_cannot_be_loaded_ends_the_server() {
    let server = TestServer::with(ServerConfig::default(), || Err("no such model".to_owned())).await;
    assert!(matches!(server.ended().await, Err(ServeError::Load(e)) if e == "no such model"));
}

#[tokio::test]
async fn both_versions_of_reflection_know_the_services_and_their_messages() {
    let server = TestServer::start().await;
    macro_rules! ask {
        ($version:ident, $question:ident($asked:expr), $answer:ident) => {{
            use tonic_reflection::pb::$version::{
                ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
                server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
            };
            let request = ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::$question($asked)),
            };
            let mut client = ServerReflectionClient::new(server.channel().await);
            let mut answers =
                client.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
            match answers.message().await.unwrap().unwrap().message_response {
                Some(MessageResponse::$answer(answer)) => answer,
                other => panic!("{other:?}"),
            }
        }};
    }
    macro_rules! check {
        ($version:ident) => {
            let list = ask!($version, ListServices(String::new()), ListServicesResponse);
            let services: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
            for name in [
                "bayeswire.v1.ClassificationService",
                "bayeswire.v1.ModelService",
                "grpc.health.v1.Health",
                "inference.GRPCInferenceService",
            ] {
                assert!(services.contains(&name.to_owned()), "{services:?}");
            }
            for symbol in [
                "google.rpc.Status",
                "google.rpc.ErrorInfo",
                "google.rpc.BadRequest",
                "bayeswire.v1.ArticleResult",
                "inference.ModelInferRequest",
            ] {
                let symbol = symbol.to_owned();
                let files = ask!($version, FileContainingSymbol(symbol), FileDescriptorResponse);
                assert!(!files.file_descriptor_proto.is_empty());
            }
        };
    }
    check!(v1);
    check!(v1alpha);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_finish_when_the_server_is_stopped() {
    let mut server = TestServer::start().await;
    let channel = server.channel().await;
    let text = format!("{TREATY} ").repeat(4000);
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let (mut client, text) = (ClassificationServiceClient::new(channel.clone()), text.clone());
            tokio::spawn(async move { classify(&mut client, &text, ClassificationOptions::default()).await })
        })
        .collect();
    // One answer shows that the others are on their way.
    let mut client = ClassificationServiceClient::new(channel.clone());
    classify(&mut client, TREATY, ClassificationOptions::default()).await.unwrap();
    server.tell_to_stop();
    for call in calls {
        let answer = call.await.unwrap();
        assert!(answer.is_ok(), "{answer:?}");
    }
    server.stop().await.unwrap();
}
