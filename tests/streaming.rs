//! Articles are answered as they come in, in order, in memory that does not grow with their number.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::Stdio,
};

use harness::{TestServer, bayeswire, peak_of, run_to_end, stderr, stdout};

fn line(number: usize, words: usize) -> String {
    let word = |i: usize| ["rain", "treaty", "envoys", "army", "march", "goal"][(number + i * i) % 6];
    let text: Vec<_> = (0..words).map(word).collect();
    format!(
        "{{\"id\": \"{number}\", \"topic\": \"{}\", \"text\": \"{} {}.\"}}\n",
        number % 2,
        text.join(" "),
        // Few words in all: counts grow with these, and should.
        number % 100
    )
}

/// Sends one line, waits for its answer, and only then sends the next.
fn line_by_line(arguments: &[&str]) {
    let mut child = bayeswire()
        .args(["classify", "--format", "jsonl", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for number in 0..20 {
        stdin.write_all(line(number, 20).as_bytes()).unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["articleId"], number.to_string());
    }
    drop(stdin);
    assert!(answers.next().is_none() && child.wait().unwrap().success());
}

#[test]
fn a_line_is_answered_before_the_next_is_sent() {
    line_by_line(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_line_by_line_too() {
    let server = TestServer::start().await;
    let url = server.url();
    tokio::task::spawn_blocking(move || line_by_line(&["--server", &url])).await.unwrap();
}

#[test]
fn answers_keep_the_order_of_a_large_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.jsonl");
    // Long articles among short ones, so that threads overtake each other.
    let lines: String = (0..20_000).map(|n| line(n, if n % 501 == 0 { 20_000 } else { 5 })).collect();
    std::fs::write(&file, lines).unwrap();
    let output = run_to_end(["classify", "--format", "jsonl", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut expected = 0;
    for line in stdout(&output).lines() {
        let answer: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(answer["articleId"], expected.to_string());
        expected += 1;
    }
    assert_eq!(expected, 20_000);
}

#[test]
fn nothing_is_lost_when_one_article_in_the_middle_is_wrong() {
    let mut child = bayeswire()
        .args(["classify", "--format", "jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String =
        (0..500).map(|n| if n == 250 { "nonsense\n".to_owned() } else { line(n, 5) }).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stdout(&output).lines().count()), (Some(65), 499));
    assert!(stderr(&output).starts_with("bayeswire: standard input:251: not a JSON object"));
}

/// The peak memory of a command on `articles` articles of 2 KB, of few words.
fn peak(folder: &Path, arguments: &[&str], articles: usize) -> u64 {
    let file = folder.join(format!("{articles}.jsonl"));
    if !file.exists() {
        // No ids: those of a corpus are kept to be compared.
        let lines: String = (0..articles).map(|n| line(n, 300).replace("\"id\"", "\"name\"")).collect();
        std::fs::write(&file, lines).unwrap();
    }
    let child =
        bayeswire().args(arguments).arg(&file).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (peak, output) = peak_of(child);
    assert!(output.status.success(), "{}", stderr(&output));
    peak.unwrap_or(0)
}

#[test]
fn memory_does_not_grow_with_the_number_of_articles() {
    let folder = tempfile::tempdir().unwrap();
    let counts = folder.path().join("x.counts");
    let count = ["count", "-o", counts.to_str().unwrap()];
    let model = folder.path().join("x.model");
    let train = ["train", "-o", model.to_str().unwrap()];
    for arguments in [&["classify"][..], &["evaluate"], &count, &train] {
        let (few, many) = (peak(folder.path(), arguments, 20_000), peak(folder.path(), arguments, 80_000));
        // 60,000 articles more are 120 MB of text. Counts and predictions keep some 150 bytes of each: 9 MB;
        // the sample of a training run is full with the first 8192.
        assert!(many < few + (24 << 20), "{arguments:?}: {few} bytes, then {many}");
    }
}
