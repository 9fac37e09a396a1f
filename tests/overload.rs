//! More callers than there is room for.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use bayeswire::{
    api::v1::{
        BatchClassifyArticlesRequest, StreamClassifyArticlesRequest,
        classification_service_client::ClassificationServiceClient,
    },
    server::ServerConfig,
};
use harness::{ServerProcess, TestServer, admin, article, until};
use prost::Message as _;
use tonic::{Code, transport::Channel};
use tonic_types::StatusExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn every_one_of_256_callers_against_a_limit_of_8_is_answered() {
    let server = ServerProcess::start(&["--concurrency-limit", "8"]);
    let text = "Rebels and government forces signed a cease-fire after talks in the capital. ".repeat(1000);
    let mut channels = Vec::new();
    for _ in 0..16 {
        channels.push(Channel::from_shared(server.url()).unwrap().connect().await.unwrap());
    }
    let calls: Vec<_> = (0..256)
        .map(|i| {
            let (mut client, text) =
                (ClassificationServiceClient::new(channels[i % channels.len()].clone()), text.clone());
            tokio::spawn(async move { client.classify_article(article(&text)).await })
        })
        .collect();
    let (mut answered, mut shed) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => answered += 1,
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                let details = status.get_error_details();
                assert_eq!(details.error_info().unwrap().reason, "CONCURRENCY_LIMIT");
                assert!(details.retry_info().unwrap().retry_delay.is_some_and(|delay| !delay.is_zero()));
                shed += 1;
            }
        }
    }
    assert!(answered > 0 && shed > 0, "{answered} answered, {shed} shed");
    // Afterwards everything is as before, and was counted.
    for channel in channels {
        let mut client = ClassificationServiceClient::new(channel);
        client.classify_article(article("Rebels signed a cease-fire.")).await.unwrap();
    }
    let (_, metrics) = admin(server.admin_address, "GET /metrics", "").await;
    assert!(metrics.contains(&format!("bayeswire_shed_total {shed}\n")), "{metrics}");
    assert!(metrics.contains("bayeswire_rpcs_in_flight 0\n"), "{metrics}");
    if let Some(bytes) = server.peak_bytes() {
        assert!(bytes < 100 << 20, "{bytes} bytes resident");
    }
}

#[tokio::test]
async fn health_and_reflection_are_answered_when_nothing_else_is() {
    let config = ServerConfig { concurrency_limit: 1, ..ServerConfig::default() };
    let mut server = TestServer::configured(config).await;
    // One call that sends no message takes the only place.
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request =
        http::Request::post(format!("{}/bayeswire.v1.ClassificationService/ClassifyArticle", server.url()));
    let request = request.header("content-type", "application/grpc").body(()).unwrap();
    let _half_open = client.ready().await.unwrap().send_request(request, false).unwrap();
    while !server.admin("GET /metrics", "").await.1.contains("bayeswire_rpcs_in_flight 1\n") {}

    let mut client = ClassificationServiceClient::new(server.channel().await);
    let status = client.classify_article(article("Rebels signed a cease-fire.")).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    server.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_messages_are_refused_when_too_many_bytes_are_on_their_way() {
    let config = ServerConfig { max_pending_bytes: 5 << 20, ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    // A caller who says 4 MiB, and after all but the last byte of them nothing.
    let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let path = "/bayeswire.v1.ClassificationService/BatchClassifyArticles";
    let request = http::Request::post(format!("{}{path}", server.url()));
    let request = request.header("content-type", "application/grpc").body(()).unwrap();
    let (slow, mut body) = client.ready().await.unwrap().send_request(request, false).unwrap();
    let text = "Rebels and government forces signed a cease-fire after talks in the capital. ".repeat(12_000);
    let batch = BatchClassifyArticlesRequest {
        articles: (0..4).map(|_| article(&text).article.unwrap()).collect(),
        options: None,
    };
    let message = batch.encode_to_vec();
    assert!((3_500_000..4 << 20).contains(&message.len()));
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&[0][..], &length, &message].concat();
    let mut sent = 0;
    while sent < framed.len() - 1 {
        body.reserve_capacity(framed.len() - 1 - sent);
        let room = std::future::poll_fn(|cx| body.poll_capacity(cx)).await.unwrap().unwrap();
        let chunk = framed[sent..sent + room].to_vec();
        sent += room;
        body.send_data(chunk.into(), false).unwrap();
    }

    // Another of that size is one too many; a short one is not, nor one of a few hundred kilobytes.
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let refused = || async {
        let refused = client.clone().batch_classify_articles(batch.clone()).await;
        refused.is_err_and(|status| {
            let details = status.get_error_details();
            assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
            assert_eq!(details.error_info().unwrap().reason, "PENDING_BYTES");
            assert_eq!(details.error_info().unwrap().metadata["limit"], (5 << 20).to_string());
            assert!(details.retry_info().unwrap().retry_delay.is_some_and(|delay| !delay.is_zero()));
            true
        })
    };
    until("long messages are refused", refused).await;
    for text in ["Rebels signed a cease-fire.", &text[..300_000]] {
        client.classify_article(article(text)).await.unwrap();
    }

    // The slow one is answered when it ends, and then there is room again.
    body.send_data(framed[sent..].to_vec().into(), true).unwrap();
    assert_eq!(slow.await.unwrap().status(), 200);
    for _ in 0..3 {
        client.batch_classify_articles(batch.clone()).await.unwrap();
    }
    // A stream whose messages are complete holds nothing, however many they are.
    let requests = (0..8).map({
        let text = text.clone();
        move |_| StreamClassifyArticlesRequest { article: article(&text).article, options: None }
    });
    let mut answers =
        client.stream_classify_articles(tokio_stream::iter(requests)).await.unwrap().into_inner();
    for _ in 0..8 {
        answers.message().await.unwrap().unwrap();
    }
}
