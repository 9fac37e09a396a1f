//! The program as a shell sees it: what it prints, and how it exits.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Stdio},
};

use harness::{TestServer, bayeswire, run_to_end, stderr, stdout};
use tempfile::TempDir;

const GOOD: &str = r#"{"id": "1", "topic": "rain", "title": "Wet", "text": "Heavy rain is forecast for the coast."}
{"id": 2, "label": "rain", "text": "Rain and wind reach the north."}
{"topic": "goal", "text": "The striker scored the only goal."}

{"topic": "goal", "text": "A late goal won the cup.", "date": "2020-01-01"}
"#;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn write(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path
}

fn train(input: &Path, output: &Path) -> std::process::Output {
    run_to_end([Path::new("train"), input, Path::new("--output"), output])
}

/// Checks the exit status, and that each of `parts` stands on the only line of standard error that is not of the log.
fn fails(output: &std::process::Output, status: i32, parts: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert_eq!(text.lines().filter(|line| !line.contains(" INFO ")).count(), 1, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn a_corpus_with_one_fault_is_refused_with_file_line_and_cause() {
    let folder = folder();
    let long = format!(r#"{{"topic": "a", "text": "{}"}}"#, "x".repeat(16 << 20));
    let cases: [(&str, &[u8], &[&str]); 9] = [
        ("json", b"{\"topic\": \"a\", \"text\": ", &[":5: not a JSON object", "column"]),
        ("topic", br#"{"text": "Rain."}"#, &[":5: no \"topic\" or \"label\""]),
        ("text", br#"{"topic": "a"}"#, &[":5: no \"text\""]),
        ("empty topic", br#"{"topic": " ", "text": "Rain."}"#, &[":5: topic is empty"]),
        ("empty text", br#"{"topic": "a", "text": " "}"#, &[":5: text is empty"]),
        ("utf8", b"{\"topic\": \"a\", \"text\": \"\xFF\"}", &[":5: not UTF-8"]),
        ("long", long.as_bytes(), &[":5: longer than 16777216 bytes"]),
        ("id", br#"{"id": "1", "topic": "a", "text": "Rain."}"#, &[":5: id \"1\" is taken by", "id.jsonl:1"]),
        ("array", b"[1, 2]", &[":5: not a JSON object"]),
    ];
    for (name, line, parts) in cases {
        let good: Vec<_> = GOOD.lines().filter(|l| !l.is_empty()).collect();
        let content = [good.join("\n").as_bytes(), b"\n", line, b"\n"].concat();
        let input = write(&folder, &format!("{name}.jsonl"), content);
        let output = train(&input, &folder.path().join("out.model"));
        fails(&output, 65, &[&[input.to_str().unwrap()], parts].concat());
        assert!(!folder.path().join("out.model").exists());
    }
}

#[test]
fn all_faults_up_to_twenty_are_listed_at_once() {
    let folder = folder();
    let input = write(&folder, "bad.jsonl", "{}\n".repeat(3));
    let text = stderr(&train(&input, &folder.path().join("out.model")));
    assert_eq!(text.lines().count(), 3, "{text}");
    let input = write(&folder, "worse.jsonl", "{}\n".repeat(100));
    let text = stderr(&train(&input, &folder.path().join("out.model")));
    assert_eq!(text.lines().count(), 21, "{text}");
    assert!(text.lines().last().unwrap().contains("first 20"));
}

#[test]
fn a_corpus_that_teaches_nothing_is_refused() {
    let folder = folder();
    let model = folder.path().join("out.model");
    fails(&train(&write(&folder, "empty.jsonl", "\n"), &model), 65, &["empty.jsonl: no articles"]);
    let one = r#"{"topic": "a", "text": "Rain."}"#;
    fails(&train(&write(&folder, "one.jsonl", one), &model), 65, &["one topic only, \"a\"", "2 topics"]);
    fs::create_dir(folder.path().join("void")).unwrap();
    fails(&train(&folder.path().join("void"), &model), 65, &["void: no articles"]);
}

#[test]
fn an_input_that_is_not_there_is_66() {
    let folder = folder();
    let absent = folder.path().join("absent.jsonl");
    fails(&train(&absent, &folder.path().join("out.model")), 66, &["absent.jsonl: no such file"]);
    let output = run_to_end(["inspect", absent.to_str().unwrap()]);
    fails(&output, 66, &["absent.jsonl"]);
    let output = run_to_end(["serve", "--model", absent.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    fails(&output, 66, &["absent.jsonl"]);
}

#[test]
fn a_file_that_is_no_model_is_65() {
    let folder = folder();
    let input = write(&folder, "good.jsonl", GOOD);
    for arguments in [vec!["inspect"], vec!["serve", "--listen", "127.0.0.1:0", "--model"]] {
        let output = bayeswire().args(arguments).arg(&input).output().unwrap();
        fails(&output, 65, &["good.jsonl: not a safetensors file"]);
    }
    let counts = folder.path().join("a.counts");
    assert!(run_to_end([Path::new("count"), &input, Path::new("-o"), &counts]).status.success());
    fails(
        &run_to_end([Path::new("inspect"), &counts]),
        65,
        &["not a bayeswire.model/2 file: bayeswire.counts/2"],
    );
}

#[test]
fn an_output_that_cannot_be_written_is_74_and_the_old_file_stays() {
    let folder = folder();
    let input = write(&folder, "good.jsonl", GOOD);
    let nowhere = folder.path().join("no/such/folder/out.model");
    fails(&train(&input, &nowhere), 74, &["out.model cannot be written"]);

    let old = write(&folder, "out.model", "old");
    fs::create_dir(folder.path().join(".out.model.partial")).unwrap();
    fails(&train(&input, &old), 74, &["out.model cannot be written"]);
    assert_eq!(fs::read(&old).unwrap(), b"old");
}

#[test]
fn a_killed_run_leaves_the_old_file_and_the_next_run_cleans_up() {
    let folder = folder();
    let input = write(&folder, "good.jsonl", GOOD);
    let model = write(&folder, "out.model", "old");
    // Waits for the rest of its input, and is killed there.
    let mut child =
        bayeswire().args(["train", "-", "--output"]).arg(&model).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(GOOD.as_bytes()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read(&model).unwrap(), b"old");
    // As if it had been killed while it wrote.
    write(&folder, ".out.model.partial", "half of a mod");
    assert!(train(&input, &model).status.success());
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(run_to_end([Path::new("inspect"), &model]).status.success());
}

#[test]
fn bad_usage_is_64() {
    fails(&run_to_end(["train", "--frobnicate"]), 64, &["--frobnicate"]);
    fails(&run_to_end(["train", "x.jsonl", "-o", "x", "--alpha", "0"]), 64, &["alpha is 0", "0.000001"]);
    fails(&run_to_end(["classify", "--server", "nonsense", "-"]), 64, &["nonsense"]);
    fails(&run_to_end(["fit"]), 64, &["required"]);
    fails(&run_to_end(["serve", "--log", "a=b=c"]), 64, &["--log"]);
}

#[test]
fn a_server_that_is_not_there_is_69() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run_to_end(["classify", "--server", &format!("http://{free}"), "-"]);
    fails(&output, 69, &["no server at", &free.to_string()]);
}

#[test]
fn a_port_in_use_is_74() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(&run_to_end(["serve", "--listen", &address]), 74, &["cannot listen on", &address]);
}

#[test]
fn shards_merged_and_fitted_give_the_model_of_train() {
    let folder = folder();
    let lines: Vec<_> = GOOD.lines().filter(|l| !l.is_empty()).collect();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let all = write(&folder, "all.jsonl", GOOD);
    let all = all.to_str().unwrap();
    for (i, shard) in lines.chunks(2).enumerate() {
        let shard = write(&folder, &format!("{i}.jsonl"), shard.join("\n"));
        let output = run_to_end(["count", shard.to_str().unwrap(), "-o", &path(&format!("{i}.counts"))]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let run = |arguments: &[&str]| {
        let output = run_to_end(arguments);
        assert!(output.status.success(), "{}", stderr(&output));
    };
    run(&["merge", &path("1.counts"), &path("0.counts"), "-o", &path("all.counts")]);
    run(&["fit", &path("all.counts"), "-o", &path("fit.model"), "--corpus", all]);
    run(&["train", all, "-o", &path("train.model"), "--counts", &path("train.counts")]);
    assert_eq!(fs::read(path("fit.model")).unwrap(), fs::read(path("train.model")).unwrap());
    assert_eq!(fs::read(path("all.counts")).unwrap(), fs::read(path("train.counts")).unwrap());

    run(&["merge", &path("all.counts"), "--subtract", &path("1.counts"), "-o", &path("rest.counts")]);
    assert_eq!(fs::read(path("rest.counts")).unwrap(), fs::read(path("0.counts")).unwrap());
    let output = run_to_end(["merge", &path("0.counts"), "--subtract", &path("1.counts"), "-o", &path("x")]);
    fails(&output, 65, &["1.counts", "never counted"]);
}

#[test]
fn a_folder_per_topic_gives_the_same_counts_as_json_lines() {
    let folder = folder();
    write(&folder, "news/rain/a.txt", "Heavy rain is forecast.");
    write(&folder, "news/goal/b.txt", "A late goal won the cup.");
    let lines = r#"{"topic": "rain", "text": "Heavy rain is forecast."}
{"topic": "goal", "text": "A late goal won the cup."}"#;
    write(&folder, "news.jsonl", lines);
    let count = |name: &str| {
        let (input, counts) = (folder.path().join(name), folder.path().join("x.counts"));
        let output = run_to_end([Path::new("count"), &input, Path::new("-o"), &counts]);
        assert!(output.status.success(), "{}", stderr(&output));
        fs::read(counts).unwrap()
    };
    assert_eq!(count("news"), count("news.jsonl"));
    write(&folder, "news/goal/c.pdf", "%PDF");
    let output = train(&folder.path().join("news"), &folder.path().join("out.model"));
    fails(&output, 65, &["c.pdf: not a .txt file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_gives_the_same_bytes_as_classifying_here() {
    let folder = folder();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default/corpus/other-ledes.jsonl");
    let strange = write(
        &folder,
        "strange.jsonl",
        "{\"id\": \"\\u00e9\", \"title\": \"U.S. \\\"envoys\\\"\", \"text\": \"Özgür Özel’s rally 外交\"}\n",
    );
    let server = TestServer::start().await;
    let arguments = |extra: &[&str]| -> Vec<String> {
        let inputs = [corpus.to_str().unwrap(), strange.to_str().unwrap()];
        let fixed = ["classify", "--format", "jsonl", "--evidence", "3"];
        fixed.iter().chain(&inputs).chain(extra).map(|&s| s.to_owned()).collect()
    };
    let (here, url) = (arguments(&[]), server.url());
    let there = arguments(&["--server", &url]);
    let (here, there) =
        tokio::task::spawn_blocking(move || (run_to_end(here), run_to_end(there))).await.unwrap();
    assert!(here.status.success() && there.status.success(), "{} {}", stderr(&here), stderr(&there));
    assert_eq!(stdout(&here).lines().count(), 201);
    assert!(stdout(&here) == stdout(&there), "other answers");
    let line: serde_json::Value = serde_json::from_str(stdout(&here).lines().next().unwrap()).unwrap();
    assert_eq!(line["articleId"], "other-ledes-001");
    assert_eq!(line["classification"]["decision"], "DECISION_ABSTAINED");
    assert_eq!(line["classification"]["abstainReason"], "ABSTAIN_REASON_OFF_TOPIC");
}

#[test]
fn articles_that_cannot_be_classified_do_not_stop_the_others() {
    let folder = folder();
    let input = write(
        &folder,
        "in.jsonl",
        "{\"id\": \"1\", \"text\": \" \"}\nnonsense\n{\"id\": \"3\", \"text\": \"Rain.\"}\n",
    );
    let output = run_to_end(["classify", "--format", "jsonl", input.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(stdout(&output).lines().count(), 1);
    let text = stderr(&output);
    assert!(
        text.contains("in.jsonl:1: article.text: is empty") && text.contains("in.jsonl:2: not a JSON"),
        "{text}"
    );
    assert!(text.contains("2 of the articles could not be classified"));
}

#[test]
fn text_output_has_decision_probability_and_title() {
    let mut child = bayeswire()
        .args(["classify", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = br#"{"title": "Envoys sign border treaty", "text": "The foreign ministers signed a treaty in Geneva."}"#;
    child.stdin.take().unwrap().write_all(line).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = stdout(&output);
    assert!(text.starts_with("diplomacy") && text.contains("Envoys sign border treaty"), "{text}");
    assert_eq!(stderr(&output), "", "no progress where there is no terminal");
}

/// A server that is a process of its own, and the line of its log that says it is serving. Ends with the test.
struct Served {
    child: Child,
    log: BufReader<ChildStderr>,
    serving: serde_json::Value,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        let mut child = bayeswire()
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut served = Self { child, log, serving: serde_json::Value::Null };
        while served.serving["fields"]["message"] != "serving" {
            served.serving = served.line();
        }
        served
    }

    /// The next line of the log.
    fn line(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.log.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn url(&self) -> String {
        format!("http://{}", self.serving["fields"]["address"].as_str().unwrap())
    }

    fn signal(&self, signal: &str) {
        let kill = std::process::Command::new("kill")
            .args([format!("-{signal}"), self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn sigterm_and_sigint_end_the_server_with_0() {
    for signal in ["TERM", "INT"] {
        let mut served = Served::start(&[]);
        let fields = &served.serving["fields"];
        assert_eq!(fields["topics"], "conflict,diplomacy,other,protest");
        assert_eq!(fields["revision"], harness::default_model().revision().to_string());
        let input = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default/corpus/other-ledes.jsonl");
        let output = bayeswire()
            .args(["classify", "--server", &served.url(), "--format", "jsonl"])
            .arg(&input)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        served.signal(signal);
        assert_eq!(served.child.wait().unwrap().code(), Some(0), "after SIG{signal}");
    }
}

#[test]
fn inspect_shows_facts_and_weights() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default/default.model");
    let model = model.to_str().unwrap();
    let facts = stdout(&run_to_end(["inspect", model]));
    assert!(
        facts.contains("other (") && facts.contains("background") && facts.contains("leave-one-out"),
        "{facts}"
    );
    let weights = stdout(&run_to_end(["inspect", model, "ceasefire", "foreign ministers", "zzzz"]));
    assert!(weights.contains("\"foreign minist\"") && weights.contains("zzzz: not a term"), "{weights}");
    assert!(stdout(&run_to_end(["inspect", model, "--card"])).starts_with("# Model card"));
}

#[test]
fn the_version_is_the_packages() {
    let version = stdout(&run_to_end(["--version"]));
    assert!(version.starts_with(&format!("bayeswire {}", env!("CARGO_PKG_VERSION"))), "{version}");
}

#[test]
fn models_are_listed_activated_and_rolled_back() {
    let folder = folder();
    let revisions = ["a", "b"].map(|word| {
        let (revision, bytes) = harness::model_file(word);
        write(&folder, &format!("models/{word}.model"), bytes);
        revision.to_string()
    });
    write(&folder, "models/active", &revisions[0]);
    let bad = write(&folder, "models/bad.model", "no model");
    let served = Served::start(&["--model", folder.path().join("models").to_str().unwrap()]);
    let url = served.url();
    let models = |arguments: &[&str]| {
        run_to_end(["models"].iter().chain(arguments).chain(&["--server", &url]).copied().collect::<Vec<_>>())
    };
    let list = models(&["list"]);
    let text = stdout(&list);
    assert!(list.status.success(), "{}", stderr(&list));
    let line = |part: &str| text.lines().find(|line| line.contains(part)).unwrap_or_default().to_owned();
    assert!(line(&revisions[0]).starts_with("active ") && line(&revisions[0]).ends_with("a.model"), "{text}");
    assert!(
        line(&revisions[1]).starts_with("available ") && line(&revisions[1]).ends_with("b.model"),
        "{text}"
    );
    assert!(!line("bad.model").is_empty(), "{text}");

    let valid = models(&["activate", &revisions[1][..8], "--validate-only"]);
    assert_eq!(stdout(&valid), format!("valid    {}\nactive   {}\n", revisions[1], revisions[0]));
    let activated = models(&["activate", &revisions[1][..8]]);
    assert_eq!(stdout(&activated), format!("active   {}\nbefore   {}\n", revisions[1], revisions[0]));
    let back = models(&["rollback"]);
    assert_eq!(stdout(&back), format!("active   {}\nbefore   {}\n", revisions[0], revisions[1]));
    fails(&models(&["rollback"]), 65, &["no revision that was active before", "FailedPrecondition"]);

    let damaged = bayeswire::model::Revision::of(&fs::read(bad).unwrap()).to_string();
    fails(&models(&["activate", &damaged]), 65, &[&damaged, "not a safetensors file"]);
    let text = stdout(&models(&["list"]));
    assert!(text.contains("rejected") && text.contains("not a safetensors file"), "{text}");
    fails(&models(&["activate", &"0".repeat(64)]), 66, &["not held here"]);
    fails(&models(&["activate", "00000000"]), 66, &["no revision 00000000"]);
    fails(&models(&["activate", "latest"]), 64, &["latest", "64 digits"]);
    assert_eq!(fs::read_to_string(folder.path().join("models/active")).unwrap().trim(), revisions[0]);
}

#[test]
fn sighup_reads_the_model_file_again() {
    let folder = folder();
    let [(a, old), (b, new)] = ["a", "b"].map(harness::model_file);
    let path = write(&folder, "served.model", old);
    let mut served = Served::start(&["--model", path.to_str().unwrap()]);
    assert_eq!(served.serving["fields"]["revision"], a.to_string());
    // Damaged: the old one goes on.
    bayeswire::file::replace(&path, &new[1..]).unwrap();
    served.signal("HUP");
    let line = served.line();
    assert_eq!((line["level"].as_str(), line["fields"]["file"].as_str()), (Some("WARN"), path.to_str()));
    bayeswire::file::replace(&path, &new).unwrap();
    served.signal("HUP");
    let line = served.line();
    assert_eq!(line["fields"]["revision"], b.to_string());
    assert_eq!(line["fields"]["previous"], a.to_string());
}

#[test]
fn an_origin_that_no_browser_sends_is_64() {
    let output = run_to_end(["serve", "--listen", "127.0.0.1:0", "--web-origins", "https://a.example/page"]);
    fails(&output, 64, &["--web-origins", "https://a.example/page", "must be origins such as"]);
}
