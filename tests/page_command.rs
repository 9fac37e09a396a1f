//! `classify --page` as a shell sees it.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Output, Stdio},
};

use harness::{TestServer, bayeswire, run_to_end, stderr, stdout};

const HTML: &str = include_str!("pages/several/two-stories.html");
const TEXT: &str = include_str!("pages/several/two-stories.txt");

/// A folder with a page in HTML, the same in text, one without articles, and one in a folder of its own.
fn pages() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    fs::create_dir(folder.path().join("more")).unwrap();
    write("b.html", HTML.as_bytes());
    write("a.txt", TEXT.as_bytes());
    write("c.HTM", b"<nav><a href=/>Home</a></nav>");
    write("more/d.html", b"<meta charset=windows-1252><h1>Old caf\xE9 to close</h1><p>The caf\xE9 in the old harbour closes its doors on Friday after a hundred years.");
    folder
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    assert!(output.status.success(), "{}", stderr(output));
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn topics(page: &serde_json::Value) -> Vec<&str> {
    let articles = page["articles"].as_array().into_iter().flatten();
    articles.map(|article| article["classification"]["topic"].as_str().unwrap()).collect()
}

#[test]
fn a_folder_of_pages_is_answered_a_line_a_page() {
    let folder = pages();
    let path = folder.path();
    let found =
        lines(&run_to_end([Path::new("classify"), Path::new("--page"), path, Path::new("--format=jsonl")]));
    let names: Vec<_> = found.iter().map(|page| page["sourceUri"].as_str().unwrap()).collect();
    let expected = ["a.txt", "b.html", "c.HTM", "more/d.html"].map(|name| path.join(name));
    assert_eq!(names, expected.each_ref().map(|path| path.to_str().unwrap()));
    assert_eq!(topics(&found[0]), ["diplomacy", "protest"]);
    assert_eq!(topics(&found[1]), ["diplomacy", "protest"]);
    assert_eq!(found[1]["articles"][0]["publishTime"], "2024-03-08T18:30:00Z");
    assert!(found[2]["articles"].is_null());
    assert_eq!(found[3]["articles"][0]["title"], "Old café to close");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_answers_the_same_bytes() {
    let server = TestServer::start().await;
    let folder = pages();
    let path = folder.path().to_str().unwrap();
    let here = run_to_end(["classify", "--page", path, "--format", "jsonl"]);
    let there = run_to_end(["classify", "--page", path, "--format", "jsonl", "--server", &server.url()]);
    assert_eq!(lines(&here).len(), 4);
    assert_eq!(stdout(&there), stdout(&here));
}

#[test]
fn a_page_comes_through_standard_input() {
    for (page, topics_of) in [(HTML, ["diplomacy", "protest"]), (TEXT, ["diplomacy", "protest"])] {
        let mut child = bayeswire()
            .args(["classify", "--page", "--format", "jsonl", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
        let found = lines(&child.wait_with_output().unwrap());
        assert_eq!(found[0]["sourceUri"], "-");
        assert_eq!(topics(&found[0]), topics_of);
    }
}

#[test]
fn for_eyes_there_is_a_line_for_the_page_and_one_for_each_article() {
    let folder = pages();
    let output = run_to_end(["classify", "--page", folder.path().join("b.html").to_str().unwrap()]);
    let out = stdout(&output);
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines[0].contains("b.html: 2 articles, "), "{out}");
    assert!(lines[1].contains("diplomacy") && lines[1].contains("Foreign ministers agree on river treaty"));
    assert!(lines[2].contains("protest") && lines[2].contains("Thousands of parents, pupils"));
}

#[test]
fn what_cannot_be_read_is_told_and_the_exit_says_so() {
    let folder = pages();
    let missing = run_to_end(["classify", "--page", folder.path().join("no.html").to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(66), "{}", stderr(&missing));
    assert!(stderr(&missing).contains("no.html"));
    // One byte too long; the others are answered all the same.
    fs::write(folder.path().join("long.txt"), vec![b'x'; (16 << 20) + 1]).unwrap();
    let output = run_to_end(["classify", "--page", folder.path().to_str().unwrap(), "--format", "jsonl"]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("long.txt: longer than 16777216 bytes"), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 4);
}
