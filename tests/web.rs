//! gRPC-Web: what a browser sends, on the same port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use bayeswire::{
    api::v1::{Article, ClassifyArticleRequest, ClassifyArticleResponse},
    server::ServerConfig,
};
use harness::{TestServer, default_model};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PATH: &str = "/bayeswire.v1.ClassificationService/ClassifyArticle";
const PAGE: &str = "https://news.example";

/// Sends one HTTP/1.1 request; gives status line, headers in lower case, and body.
async fn http(
    server: &TestServer,
    method: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (String, Vec<(String, String)>, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut head = format!("{method} {PATH} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", server.address);
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let body = &answer[end + 4..];
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    (status, headers, if chunked { unchunk(body) } else { body.to_vec() })
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return out;
        }
        out.extend(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}

fn frame(text: &str) -> Vec<u8> {
    let article = Article { text: text.to_owned(), ..Article::default() };
    let message = ClassifyArticleRequest { article: Some(article), options: None }.encode_to_vec();
    [&[0][..], &(message.len() as u32).to_be_bytes(), &message].concat()
}

/// The message frames and the trailers of a body.
fn frames(mut body: &[u8]) -> (Vec<Vec<u8>>, String) {
    let (mut messages, mut trailers) = (Vec::new(), String::new());
    while let Some((&[kind, a, b, c, d], rest)) = body.split_first_chunk::<5>() {
        let (content, rest) = rest.split_at(u32::from_be_bytes([a, b, c, d]) as usize);
        match kind {
            0 => messages.push(content.to_vec()),
            0x80 => trailers += std::str::from_utf8(content).unwrap(),
            other => panic!("frame of kind {other}"),
        }
        body = rest;
    }
    (messages, trailers)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_browser_gets_its_answer_and_its_error() {
    let server = TestServer::start().await;
    let web = [("content-type", "application/grpc-web+proto"), ("x-grpc-web", "1")];
    let (status, headers, body) =
        http(&server, "POST", &web, &frame("Ministers met in Geneva to sign a treaty.")).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert_eq!(header(&headers, "content-type"), Some("application/grpc-web+proto"));
    let (messages, trailers) = frames(&body);
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
    let answer = ClassifyArticleResponse::decode(messages[0].as_slice()).unwrap();
    assert_eq!(answer.classification.unwrap().model_revision, default_model().revision().to_string());

    let (status, headers, body) = http(&server, "POST", &web, &frame(" ")).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    let (_, trailers) = frames(&body);
    let code = header(&headers, "grpc-status").map(str::to_owned);
    assert!(code.as_deref() == Some("3") || trailers.contains("grpc-status:3"), "{headers:?} {trailers}");
}

#[tokio::test]
async fn nothing_but_grpc_web_comes_in_by_http_1() {
    let server = TestServer::start().await;
    for (method, kind) in [("POST", "application/grpc"), ("GET", "text/html"), ("POST", "application/json")] {
        let (status, ..) = http(&server, method, &[("content-type", kind)], &frame("a")).await;
        assert_eq!(status, "HTTP/1.1 400 Bad Request", "{method} {kind}");
    }
    let (status, ..) = http(&server, "GET", &[("content-type", "application/grpc-web")], b"").await;
    assert_eq!(status, "HTTP/1.1 405 Method Not Allowed");
}

/// What a browser asks before it lets a page of another origin call.
async fn may_call(server: &TestServer, origin: &str) -> Option<String> {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,x-grpc-web,authorization"),
    ];
    let (_, headers, _) = http(server, "OPTIONS", &asked, b"").await;
    if let Some(allowed) = header(&headers, "access-control-allow-headers") {
        for name in ["content-type", "x-grpc-web", "authorization"] {
            assert!(allowed.contains(name), "{allowed}");
        }
    }
    assert_eq!(header(&headers, "access-control-allow-credentials"), None);
    header(&headers, "access-control-allow-origin").map(str::to_owned)
}

#[tokio::test]
async fn only_pages_that_were_named_may_call_from_a_browser() {
    let server = TestServer::start().await;
    assert_eq!(may_call(&server, PAGE).await, None, "nobody was named");
    server.stop().await.unwrap();

    let config = ServerConfig { web_origins: vec![PAGE.parse().unwrap()], ..ServerConfig::default() };
    let mut server = TestServer::with(config, || Ok(default_model())).await;
    server.ready().await;
    assert_eq!(may_call(&server, PAGE).await.as_deref(), Some(PAGE));
    assert_eq!(may_call(&server, "https://evil.example").await, None);
    let web = [("content-type", "application/grpc-web+proto"), ("origin", PAGE)];
    let (_, headers, _) = http(&server, "POST", &web, &frame("Ministers met in Geneva.")).await;
    assert_eq!(header(&headers, "access-control-allow-origin"), Some(PAGE));
    let exposed = header(&headers, "access-control-expose-headers").unwrap();
    assert!(exposed.contains("grpc-status-details-bin"), "{exposed}");
    server.stop().await.unwrap();

    let config = ServerConfig { web_origins: vec!["*".parse().unwrap()], ..ServerConfig::default() };
    let mut server = TestServer::with(config, || Ok(default_model())).await;
    server.ready().await;
    assert_eq!(may_call(&server, PAGE).await.as_deref(), Some("*"));
}
