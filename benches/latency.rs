//! Latency of `ClassifyArticle` at half of the server's peak, under an open-loop load, as a histogram.
//!
//!     cargo bench --bench latency [-- TEXT_BYTES]
//!
//! The peak is what 64 callers of one connection get, each asking again when it was answered. Then requests are sent at half
//! that rate with exponential gaps (a Poisson process), whether or not earlier ones were answered, and each is timed from
//! the moment at which it was due: a server that stalls is charged for every request that would have come.
//!
//! Needs `taskset` and two cores: the server on core 0, the load on core 1. The load is never idle, for timers are too coarse; on
//! one core with the server it would be the system's scheduler that is measured, whose turns last milliseconds.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bayeswire::{api::v1::ClassificationOptions, article::Article, client::Client};

const CALLERS: usize = 64;
const PEAK_FOR: Duration = Duration::from_secs(5);
const LOAD_FOR: Duration = Duration::from_secs(10);
/// What a histogram's longest bar is.
const BAR: usize = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bytes = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1024);
    let load = std::process::id().to_string();
    assert!(
        Command::new("taskset")
            .args(["-p", "-c", "1", &load])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let server = Server::start();
    let client = Client::connect(&server.url).await.unwrap();
    let article = article(bytes);
    let peak = closed_loop(&client, &article).await;
    let rate = peak / 2.0;
    let mut latencies = open_loop(&client, &article, rate).await;
    latencies.sort_unstable();
    println!("{bytes} bytes of text; peak {peak:.0} requests/s; open loop at {rate:.0} requests/s");
    report(&latencies);
}

/// News words, the same in every run.
fn article(bytes: usize) -> Article {
    let sentence = "Thousands of people marched through the capital on Saturday to demand that the government withdraw \
                    a law which they say gives the security forces too much power, while ministers met envoys from \
                    neighbouring countries for talks about the border. ";
    let text = sentence.chars().cycle().take(bytes).collect();
    Article { id: String::new(), title: String::new(), text }
}

/// Requests a second with [`CALLERS`] callers.
async fn closed_loop(client: &Client, article: &Article) -> f64 {
    let start = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (client, article) = (client.clone(), article.clone());
            tokio::spawn(async move {
                let mut answered = 0_u32;
                while start.elapsed() < PEAK_FOR {
                    client.classify(&article, ClassificationOptions::default()).await.unwrap();
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    let mut answered = 0;
    for caller in callers {
        answered += caller.await.unwrap();
    }
    f64::from(answered) / start.elapsed().as_secs_f64()
}

/// How long each request took from when it was due.
async fn open_loop(client: &Client, article: &Article, rate: f64) -> Vec<Duration> {
    let (start, mut due) = (Instant::now(), Duration::ZERO);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut calls = Vec::new();
    while due < LOAD_FOR {
        while start.elapsed() < due {
            // A timer of the runtime has steps of a millisecond; answers are taken meanwhile.
            tokio::task::yield_now().await;
        }
        let (client, article) = (client.clone(), article.clone());
        calls.push(tokio::spawn(async move {
            client.classify(&article, ClassificationOptions::default()).await.unwrap();
            start.elapsed().saturating_sub(due)
        }));
        due += gap(&mut random, rate);
    }
    let mut latencies = Vec::with_capacity(calls.len());
    for call in calls {
        latencies.push(call.await.unwrap());
    }
    latencies
}

/// An exponentially distributed time with mean 1 / `rate`.
fn gap(random: &mut u64, rate: f64) -> Duration {
    // xorshift64 (Marsaglia 2003).
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    let uniform = (*random >> 11) as f64 / (1_u64 << 53) as f64;
    Duration::from_secs_f64(-libm::log1p(-uniform) / rate)
}

fn report(sorted: &[Duration]) {
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    for share in [0.5, 0.9, 0.99, 0.999, 1.0] {
        println!("p{:<5} {:>9.0} us", share * 100.0, at(share));
    }
    println!("p99 / p50 = {:.1}", at(0.99) / at(0.5));
    // Every bar is a third of a power of ten wide.
    let bucket = |latency: &Duration| (libm::log10(latency.as_secs_f64() * 1e6) * 3.0).floor() as i32;
    let (first, last) = (bucket(&sorted[0]), bucket(&sorted[sorted.len() - 1]));
    for step in first..=last {
        let count = sorted.iter().filter(|latency| bucket(latency) == step).count();
        let from = libm::pow(10.0, f64::from(step) / 3.0);
        println!("{from:>9.0} us | {:<BAR$} {count}", "#".repeat((count * BAR).div_ceil(sorted.len())));
    }
}

/// The server, with its own model; killed when dropped.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new("taskset")
            .args(["-c", "0", env!("CARGO_BIN_EXE_bayeswire")])
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            let fields = &line["fields"];
            (fields["message"] == "serving").then(|| fields["address"].as_str().unwrap().to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: format!("http://{}", address.unwrap()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
