//! How many connections there may be, and how old.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use std::{
    fs,
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use bayeswire::{
    api::v1::classification_service_client::ClassificationServiceClient,
    client::{self, ConnectOptions, Connection},
    server::{Http2Config, ServerConfig},
};
use harness::{ServerProcess, TestServer, admin, article, until};
use tokio::{io::AsyncReadExt as _, net::TcpStream};
use tonic::{Code, Status};

const TEXT: &str = "Foreign ministers met in Geneva to sign a treaty on their common border.";
/// Longer than anything here should take.
const LONG: Duration = Duration::from_secs(10);

/// A call on a new connection, which stays open.
async fn call(address: SocketAddr) -> Result<ClassificationServiceClient<Connection>, Status> {
    let connection = client::connect(&format!("http://{address}"), &ConnectOptions::default(), LONG).await;
    let connection = connection.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut service = ClassificationServiceClient::new(connection);
    service.classify_article(article(TEXT)).await?;
    Ok(service)
}

#[tokio::test]
async fn connections_that_were_made_together_do_not_end_together() {
    let age = Duration::from_secs(2);
    let http2 = Http2Config { max_connection_age: Some(age), ..Http2Config::default() };
    let server = TestServer::configured(ServerConfig { http2, ..ServerConfig::default() }).await;
    let mut connections = Vec::new();
    for _ in 0..30 {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let begun = Instant::now();
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        connections.push(tokio::spawn(async move {
            let _client = client;
            connection.await.unwrap();
            begun.elapsed()
        }));
    }
    let mut ages = Vec::new();
    for connection in connections {
        ages.push(connection.await.unwrap().as_secs_f64());
    }
    ages.sort_by(f64::total_cmp);
    // Within a tenth of what was set (and a busy machine's delay). That 30 of them all fall into half of that happens once
    // in thirty million runs.
    assert!(ages[0] > 1.79 && ages[29] < 3.0, "{ages:?}");
    assert!(ages[29] - ages[0] > 0.2, "{ages:?}");
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_at_once_and_counted() {
    let server = TestServer::configured(ServerConfig { max_connections: 3, ..ServerConfig::default() }).await;
    // The harness has closed its own, but the server may not know yet.
    until("no connection is open", async || {
        server.admin("GET /metrics", "").await.1.contains("bayeswire_connections 0\n")
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(call(server.address).await.unwrap());
    }
    for _ in 0..2 {
        // At once, not after a handshake's time.
        let refused = tokio::time::timeout(Duration::from_secs(5), call(server.address)).await.unwrap();
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    }
    let metrics = server.admin("GET /metrics", "").await.1;
    // The client tries some of them twice.
    let refused = metrics.lines().find_map(|line| line.strip_prefix("bayeswire_connections_refused_total "));
    assert!((2..=4).contains(&refused.unwrap().parse::<u32>().unwrap()), "{metrics}");
    assert!(metrics.contains("\nbayeswire_connections 3\n"), "{metrics}");
    // Those that are open are served, and one that ends makes room for another.
    for service in &mut open {
        service.classify_article(article(TEXT)).await.unwrap();
    }
    drop(open.pop());
    until("there is room for another", async || call(server.address).await.is_ok()).await;
}

/// Processor time that a process has used.
fn processor_time(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    // Of both kinds, in hundredths of a second.
    Duration::from_millis([11, 12].map(|i| fields[i].parse::<u64>().unwrap()).iter().sum::<u64>() * 10)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_files_left_waits_and_recovers() {
    let server = ServerProcess::start(&[]);
    let open_files = fs::read_dir(format!("/proc/{}/fd", server.id())).map(Iterator::count);
    let Ok(open_files) = open_files else {
        eprintln!("skipped: the system has no /proc");
        return;
    };
    let (id, limit) = (server.id().to_string(), format!("--nofile={}:", open_files + 10));
    if !Command::new("prlimit").args(["--pid", &id, &limit]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: prlimit is missing");
        return;
    }
    let mut early = call(server.address).await.unwrap();
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(TcpStream::connect(server.address).await.unwrap());
    }
    server.logged("a connection could not be accepted").await;
    // Open connections are served; looking for a free file takes next to no time and few lines.
    let (began, used) = (Instant::now(), processor_time(server.id()));
    while began.elapsed() < Duration::from_secs(2) {
        early.classify_article(article(TEXT)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let used = processor_time(server.id()).saturating_sub(used);
    assert!(used < Duration::from_millis(500), "{used:?}");
    assert!(server.lines_with("a connection could not be accepted") <= 2);
    // The crowd was waiting in the listener's queue, and goes.
    drop(crowd);
    until("a new connection is served", async || call(server.address).await.is_ok()).await;
    let metrics = admin(server.admin_address, "GET /metrics", "").await.1;
    assert!(metrics.contains("\nbayeswire_connections_refused_total 0\n"), "{metrics}");
    server.stop();
}

#[tokio::test]
async fn the_limit_on_open_files_is_raised_or_complained_of() {
    let start = |limit: &str| {
        let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
        ServerProcess::start_by(&["sh", "-c", &script], &[])
    };
    let server = start("-S -n 256");
    let Ok(limits) = fs::read_to_string(format!("/proc/{}/limits", server.id())) else {
        eprintln!("skipped: the system has no /proc");
        return;
    };
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<_> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{line}");
    assert!(!server.stop().contains("fewer files may be open"));
    assert!(start("-n 256").stop().contains("fewer files may be open"));
}

#[tokio::test]
async fn a_crowd_that_says_nothing_takes_no_place_for_long() {
    let http2 = Http2Config { handshake_timeout: Duration::from_millis(200), ..Http2Config::default() };
    let config = ServerConfig { http2, max_connections: 2, ..ServerConfig::default() };
    let server = TestServer::configured(config).await;
    let mut crowd = Vec::new();
    for _ in 0..5 {
        crowd.push(TcpStream::connect(server.address).await.unwrap());
    }
    // All are closed: two after their time, the others at once.
    for mut stream in crowd {
        let read = tokio::time::timeout(LONG, stream.read(&mut [0])).await.unwrap();
        assert!(read.is_err() || read.is_ok_and(|bytes| bytes == 0));
    }
    until("a caller is served", async || call(server.address).await.is_ok()).await;
}
