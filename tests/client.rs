//! This crate's own client: several servers, calling again, deadlines.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::time::{Duration, Instant};

use bayeswire::{
    api::v1::{ClassificationOptions, ClassifyArticleResponse},
    article::Article,
    client::{Client, ConnectOptions, RetryPolicy, Servers},
    server::ServerConfig,
};
use harness::{TestServer, reason};
use tonic::{Code, Status};

const CLASSIFY: &str =
    "bayeswire_rpcs_total{code=\"OK\",rpc=\"/bayeswire.v1.ClassificationService/ClassifyArticle\"}";

fn servers(urls: &[String]) -> Servers {
    Servers::new(urls, &ConnectOptions::default()).unwrap()
}

async fn classify(
    servers: &Servers,
    policy: &RetryPolicy,
    text: &str,
) -> Result<ClassifyArticleResponse, Status> {
    let article = Article { text: text.to_owned(), ..Article::default() };
    let ask = async |client: Client| client.classify(&article, ClassificationOptions::default()).await;
    servers.call(policy, ask).await
}

#[tokio::test]
async fn calls_go_to_every_server_in_turn_and_past_one_that_is_gone() {
    let (one, two) = (TestServer::start().await, TestServer::start().await);
    let servers = servers(&[one.url(), two.url()]);
    // So long a wait would be noticed.
    let policy = RetryPolicy { first_wait: Duration::from_secs(100), ..RetryPolicy::default() };
    for _ in 0..6 {
        classify(&servers, &policy, "Ministers met in Geneva.").await.unwrap();
    }
    for server in [&one, &two] {
        let metrics = server.admin("GET /metrics", "").await.1;
        assert!(metrics.contains(&format!("{CLASSIFY} 3\n")), "{metrics}");
    }
    two.stop().await.unwrap();
    for _ in 0..6 {
        classify(&servers, &policy, "Ministers met in Geneva.").await.unwrap();
    }
    one.stop().await.unwrap();
    let status = classify(&servers, &RetryPolicy::default(), "Ministers met.").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}

#[tokio::test]
async fn a_full_server_is_called_again_when_it_says() {
    let config = ServerConfig { concurrency_limit: 1, ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let servers = servers(&[server.url()]);
    // A stream that stays open takes the only place.
    let (sender, receiver) = tokio::sync::mpsc::channel::<Article>(1);
    let client = Client::connect(&server.url()).await.unwrap();
    let articles = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let stream = client.classify_stream(articles, ClassificationOptions::default()).await.unwrap();
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let status = classify(&servers, &once, "Ministers met in Geneva.").await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "CONCURRENCY_LIMIT"));

    let start = Instant::now();
    let policy = RetryPolicy::default();
    let (answer, ()) = tokio::join!(classify(&servers, &policy, "Ministers met in Geneva."), async {
        server.metric("bayeswire_shed_total 2").await;
        drop((sender, stream));
    });
    answer.unwrap();
    // RetryInfo says 100 ms; the first wait of the policy's own would be from 50 to 100.
    assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_the_caller_did_wrong_is_not_repeated() {
    let server = TestServer::start().await;
    let servers = servers(&[server.url(), server.url()]);
    let status = classify(&servers, &RetryPolicy::default(), " ").await.unwrap_err();
    assert_eq!(reason(&status), "ARTICLE_TEXT_EMPTY");
    server.metric(&format!("{} 1", CLASSIFY.replace("OK", "INVALID_ARGUMENT"))).await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_until_the_deadline() {
    // Takes connections, by the queue of the system, and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let servers = servers(&[format!("http://{}", silent.local_addr().unwrap())]);
    let policy = RetryPolicy { deadline: Duration::from_millis(300), ..RetryPolicy::default() };
    let start = Instant::now();
    let status = classify(&servers, &policy, "Ministers met.").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert!((300..3000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn no_server_and_no_url_are_told_at_once() {
    for urls in [&[][..], &["localhost:50051".to_owned()]] {
        assert!(Servers::new(urls, &ConnectOptions::default()).is_err(), "{urls:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_unavailable_and_the_next_server_is_asked() {
    use tokio::io::AsyncReadExt as _;
    // Takes connections, reads nothing, the beginning or all of what comes, and closes them: without a word where bytes are
    // left unread (RST), else with an end of the stream.
    let breaking = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", breaking.local_addr().unwrap());
    tokio::spawn(async move {
        for bytes in [0, 10, 24, 60, 100_000].into_iter().cycle() {
            let (mut stream, _) = breaking.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; bytes];
                let reading = stream.read_exact(&mut buffer);
                let _ = tokio::time::timeout(Duration::from_millis(50), reading).await;
            });
        }
    });
    let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    for _ in 0..25 {
        // Long enough that some of it is left unread.
        let text = "Ministers met. ".repeat(1000);
        let status = classify(&servers(std::slice::from_ref(&url)), &once, &text).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
    let server = TestServer::start().await;
    let both = servers(&[url, server.url()]);
    for _ in 0..10 {
        classify(&both, &RetryPolicy::default(), "Ministers met in Geneva.").await.unwrap();
    }
}
