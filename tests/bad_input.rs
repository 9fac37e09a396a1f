//! Strange articles, options and messages: the right code each, never a crash, never INTERNAL, never much memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use std::fmt::Write as _;

use bayeswire::api::v1::{
    Article, Classification, ClassificationOptions, ClassifyArticleRequest, ExplainArticleRequest,
    classification_service_client::ClassificationServiceClient,
};
use bytes::Bytes;
use harness::{ServerProcess, TestServer, article, default_model, reason};
use prost::Message as _;
use tonic::{Code, Status, codec::CompressionEncoding, transport::Channel};
use tonic_types::StatusExt as _;

const TREATY: &str =
    "Foreign ministers met in Geneva to sign a treaty on their border and resume talks on trade.";

async fn client(server: &TestServer) -> ClassificationServiceClient<Channel> {
    ClassificationServiceClient::new(server.channel().await)
}

async fn classify(
    client: &mut ClassificationServiceClient<Channel>,
    text: &str,
    options: ClassificationOptions,
) -> Result<Classification, Status> {
    let request = ClassifyArticleRequest { options: Some(options), ..article(text) };
    Ok(client.classify_article(request).await?.into_inner().classification.unwrap())
}

fn with_evidence() -> ClassificationOptions {
    ClassificationOptions { max_evidence_terms: 1000, ..ClassificationOptions::default() }
}

fn is_whole(answer: &Classification, text: &str) {
    let total: f64 = answer.topics.iter().map(|topic| topic.probability).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    for span in answer.evidence.iter().flat_map(|evidence| &evidence.spans) {
        assert!(
            text.get(span.start_byte as usize..span.end_byte as usize).is_some_and(|words| !words.is_empty())
        );
    }
}

#[tokio::test]
async fn deep_unicode_is_text_like_any_other() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    for text in [
        // Ten thousand marks on one letter, in the middle of a text.
        format!("Peace t{}alks failed. {TREATY}", "\u{301}".repeat(10_000)),
        format!("{}{TREATY}", "\u{301}".repeat(10_000)),
        // Families of emoji, right to left, invisible joiners and the ends of planes.
        format!("{TREATY} {}", "👩\u{200D}👩\u{200D}👧\u{200D}👦".repeat(2_000)),
        format!("\u{FEFF}\u{202E}{TREATY}\u{202C}\u{2066}{TREATY}\u{2069}"),
        format!("{TREATY}\0\u{FFFD}\u{FFFF}\u{10FFFF}\u{1}\u{7F}\u{85}\u{2028}{TREATY}"),
        // Letters whose lower case is longer, and words of more than one script.
        format!("{} {TREATY}", "İ".repeat(30)),
        "ǅ ŉ ẞ ﬀ ς Σ ᾼ 𝔓𝔢𝔞𝔠𝔢 ⅷ ½ ٣".repeat(500),
        "外交部长会见了德国外长。".repeat(20_000),
    ] {
        let answer = classify(&mut client, &text, with_evidence()).await.unwrap();
        is_whole(&answer, &text);
    }
    // Spaces that are not ASCII are nothing either.
    let status = classify(&mut client, "\u{A0}\u{3000}\u{2003}\u{85}", with_evidence()).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "ARTICLE_TEXT_EMPTY"));
}

#[tokio::test]
async fn a_hundred_thousand_different_words_are_answered_and_explained() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    let mut text = String::new();
    for n in 0..100_000 {
        write!(text, "w{n:x} ").unwrap();
    }
    let answer = classify(&mut client, &text, with_evidence()).await.unwrap();
    assert_eq!(answer.coverage.unwrap().words, 100_000);
    is_whole(&answer, &text);
    // As many known ones as there are, each as often as there is room for.
    let model = default_model();
    let known: String = model.terms().map(|term| term.text()).collect::<Vec<_>>().join(". ");
    let text: String = known.chars().cycle().take(1 << 20).filter(char::is_ascii).collect();
    let article = Some(Article { text, ..Article::default() });
    let request = ExplainArticleRequest { article, ..ExplainArticleRequest::default() };
    let explained =
        client.max_decoding_message_size(64 << 20).explain_article(request).await.unwrap().into_inner();
    assert!(explained.terms.len() > 10_000, "{} terms", explained.terms.len());
    let evidence: f64 = explained.terms.iter().map(|term| term.decibans).sum();
    assert!((explained.prior_decibans + evidence - explained.total_decibans).abs() < 1e-9);
}

#[tokio::test]
async fn extreme_priors_are_priors() {
    let server = TestServer::start().await;
    let mut client = client(&server).await;
    let topics = default_model().facts().topics.clone();
    for weights in [
        [f64::MAX; 4],
        [f64::from_bits(1); 4],
        [f64::MAX, f64::from_bits(1), 0.0, 1.0],
        [0.0, 0.0, 0.0, f64::from_bits(1)],
        [-0.0, 1.0, -0.0, -0.0],
    ] {
        let topic_priors = topics.iter().cloned().zip(weights).collect();
        let answer = classify(&mut client, TREATY, ClassificationOptions { topic_priors, ..with_evidence() });
        let answer = answer.await.unwrap();
        is_whole(&answer, TREATY);
        for topic in answer.topics {
            let place = topics.iter().position(|name| *name == topic.topic).unwrap();
            assert!(weights[place] != 0.0 || topic.probability == 0.0, "{topic:?}");
        }
    }
    for weights in [[0.0; 4], [1.0, f64::INFINITY, 1.0, 1.0], [1.0, -1e-300, 1.0, 1.0], [f64::NAN; 4]] {
        let topic_priors = topics.iter().cloned().zip(weights).collect();
        let options = ClassificationOptions { topic_priors, ..ClassificationOptions::default() };
        let status = classify(&mut client, TREATY, options).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "TOPIC_PRIORS_INVALID")
        );
    }
}

#[tokio::test]
async fn fields_and_values_of_later_versions_are_passed_over() {
    let server = TestServer::start().await;
    // A request of ours, then fields 100 to 103 that it does not have, one of each kind, as a newer client's may be.
    let mut message = article(TREATY).encode_to_vec();
    message.extend(
        b"\xa0\x06\x07\xaa\x06\x03new\xb1\x06\x01\x02\x03\x04\x05\x06\x07\x08\xbd\x06\x01\x02\x03\x04",
    );
    let (status, _) = send(server.address, CLASSIFY, &frame(0, &message)).await;
    assert_eq!(status.code(), Code::Ok, "{status:?}");
}

const CLASSIFY: &str = "/bayeswire.v1.ClassificationService/ClassifyArticle";
const BATCH: &str = "/bayeswire.v1.ClassificationService/BatchClassifyArticles";
const INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag], &length[..], message].concat()
}

/// Sends bytes as the body of a call, and gives the status and the data of the answer.
async fn send(address: std::net::SocketAddr, path: &str, body: &[u8]) -> (Status, Vec<u8>) {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let (answer, mut stream) = client.ready().await.unwrap().send_request(request, false).unwrap();
    stream.send_data(Bytes::copy_from_slice(body), true).unwrap();
    let (head, mut answer) = answer.await.unwrap().into_parts();
    let mut data = Vec::new();
    while let Some(chunk) = answer.data().await {
        let chunk = chunk.unwrap();
        answer.flow_control().release_capacity(chunk.len()).unwrap();
        data.extend_from_slice(&chunk);
    }
    let trailers = answer.trailers().await.unwrap();
    let status = Status::from_header_map(&head.headers).or_else(|| Status::from_header_map(&trailers?));
    (status.unwrap(), data)
}

/// What such calls may add to the most that a server had in use when it was ready: a few messages of 4 MiB.
const TAKEN: u64 = 48 << 20;

/// Two bytes each on the wire, and a hundred and more in memory.
#[tokio::test(flavor = "multi_thread")]
async fn millions_of_empty_parts_are_refused_before_they_take_memory() {
    let server = ServerProcess::start(&[]);
    let before = server.peak_bytes();
    let address = server.address;
    for (path, tag) in [(BATCH, 0x0a), (INFER, 0x2a), (INFER, 0x32)] {
        let body = frame(0, &[tag, 0].repeat(2 << 20));
        let calls: Vec<_> = (0..4)
            .map(|_| {
                let body = body.clone();
                tokio::spawn(async move { send(address, path, &body).await.0 })
            })
            .collect();
        for call in calls {
            let status = call.await.unwrap();
            assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "TOO_MANY_FIELDS"));
            assert_eq!(status.get_error_details().error_info().unwrap().metadata["limit"], "10000");
        }
    }
    if let (Some(before), Some(after)) = (before, server.peak_bytes()) {
        assert!(after - before < TAKEN, "from {before} to {after} bytes resident at most");
    }
}

/// 64 MiB of text in some kilobytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_would_be_too_long_unpacked_is_refused_as_too_long() {
    let server = ServerProcess::start(&[]);
    let before = server.peak_bytes();
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let channel = Channel::from_shared(server.url()).unwrap().connect().await.unwrap();
        let mut client = ClassificationServiceClient::new(channel).send_compressed(encoding);
        let status = client.classify_article(article(&"peace ".repeat(11 << 20))).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "MESSAGE_TOO_LARGE"));
        client.classify_article(article(TREATY)).await.unwrap();
    }
    if let (Some(before), Some(after)) = (before, server.peak_bytes()) {
        assert!(after - before < TAKEN, "from {before} to {after} bytes resident at most");
    }
}
