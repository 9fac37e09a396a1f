//! `evaluate` and what `train` tells, through the program.

#![allow(clippy::unwrap_used)] // clippy.toml allows it in tests, but not in their helpers

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a corpus of three topics, `other` among them, and a model of it.
struct Bench {
    folder: TempDir,
    trained: Output,
}

impl Bench {
    fn new() -> Self {
        Self::with_lines(&corpus())
    }

    fn with_lines(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("corpus.jsonl"), lines).unwrap();
        let mut bench = Self { folder, trained: run(&[]) };
        bench.trained = run(&["train", &bench.path("corpus.jsonl"), "--output", &bench.path("a.model")]);
        assert_eq!(status(&bench.trained), 0, "{}", stderr(&bench.trained));
        bench
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, lines: &str) -> String {
        fs::write(self.folder.path().join(name), lines).unwrap();
        self.path(name)
    }

    fn evaluate(&self, arguments: &[&str]) -> Output {
        let model = self.path("a.model");
        run(&[&["evaluate", "--model", &model], arguments].concat())
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bayeswire")).args(arguments).output().unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn figures(output: &Output) -> Value {
    assert!(output.stdout.ends_with(b"\n"));
    serde_json::from_slice(&output.stdout).unwrap()
}

const TOPICS: [(&str, [&str; 4], [&str; 4]); 3] = [
    (
        "war",
        ["Shells fell on", "Gunmen attacked", "Troops retook", "Rockets struck"],
        [
            "killing soldiers at a checkpoint",
            "as the army bombed rebels",
            "after heavy fighting",
            "wounding fighters",
        ],
    ),
    (
        "talks",
        ["Envoys met in", "Ministers flew to", "Negotiators left", "Ambassadors gathered in"],
        ["to sign a treaty", "for summit talks", "after an agreement on trade", "and hailed the accord"],
    ),
    (
        "other",
        ["The striker scored in", "A festival opened in", "Scientists gathered data near", "Shares rose in"],
        ["before a crowd of fans", "with music and dance", "on whales and plankton", "as profits grew"],
    ),
];
const PLACES: [&str; 8] = ["Aldora", "Beltane", "Corvin", "Dremmel", "Estova", "Farrow", "Gallin", "Hestia"];

fn line(id: &str, topic: &str, title: &str, text: &str) -> String {
    json!({"id": id, "topic": topic, "title": title, "text": text}).to_string() + "\n"
}

/// 96 articles; the one with the id `mislabelled` is about war and says otherwise.
fn corpus() -> String {
    let mut lines = String::new();
    for (topic, subjects, ends) in TOPICS {
        for (i, place) in PLACES.iter().cycle().take(32).enumerate() {
            let text = format!("{} {place} on day {i} {}.", subjects[i % 4], ends[i / 8]);
            lines += &line(&format!("{topic}-{i}"), topic, "", &text);
        }
    }
    let text = "Rockets struck Corvin, wounding fighters of the army.";
    lines + &line("mislabelled", "talks", "<script>alert(\"x\")</script> & more", text)
}

#[test]
fn text_shows_every_figure_with_its_interval() {
    let bench = Bench::new();
    let output = bench.evaluate(&[&bench.path("corpus.jsonl")]);
    assert_eq!(status(&output), 0);
    let text = stdout(&output);
    for name in ["articles     97", "accuracy", "macro F1", "log-loss", "Brier score", "ECE"] {
        assert!(text.contains(name), "{name} in {text}");
    }
    assert!(text.contains("label \\ answer") && text.contains(" to "), "{text}");
    assert_eq!(stderr(&output), "");
}

#[test]
fn json_adds_up() {
    let bench = Bench::new();
    let output = bench.evaluate(&["--format", "json", &bench.path("corpus.jsonl")]);
    let figures = figures(&output);
    let accuracy = figures["accuracy"].as_f64().unwrap();
    let counts: Vec<Vec<u64>> = serde_json::from_value(figures["confusion"]["counts"].clone()).unwrap();
    let right: u64 = (0..counts.len()).map(|i| counts[i][i]).sum();
    assert_eq!(counts.iter().flatten().sum::<u64>(), 97);
    assert!((accuracy - right as f64 / 97.0).abs() < 1e-12);
    let topics = figures["topics"].as_array().unwrap();
    let f1: f64 = topics.iter().map(|t| t["f1"].as_f64().unwrap()).sum();
    assert!((figures["macro_f1"].as_f64().unwrap() - f1 / topics.len() as f64).abs() < 1e-12);
    let interval = &figures["intervals"]["accuracy"];
    assert!(interval["low"].as_f64().unwrap() <= accuracy && accuracy <= interval["high"].as_f64().unwrap());
    assert_eq!(figures["reliability"].as_array().unwrap().len(), 15);
    let last = figures["coverage"].as_array().unwrap().last().unwrap();
    let assigned = figures["assigned"].as_f64().unwrap();
    assert!((last["coverage"].as_f64().unwrap() - assigned / 97.0).abs() < 1e-12);
}

#[test]
fn neither_the_order_of_articles_nor_threads_change_a_byte() {
    let bench = Bench::new();
    let reversed: String = corpus().lines().rev().fold(String::new(), |mut all, line| {
        writeln!(all, "{line}").unwrap();
        all
    });
    let reversed = bench.write("reversed.jsonl", &reversed);
    let one = bench.evaluate(&["--format", "json", &bench.path("corpus.jsonl")]);
    let model = bench.path("a.model");
    let other = Command::new(env!("CARGO_BIN_EXE_bayeswire"))
        .args(["evaluate", "--model", &model, "--format", "json", &reversed])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert_eq!(stdout(&one), stdout(&other));
}

#[test]
fn leave_one_out_gives_the_figures_that_training_gave() {
    let bench = Bench::new();
    let output = bench.evaluate(&["--leave-one-out", "--format", "json", &bench.path("corpus.jsonl")]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let figures = figures(&output);
    assert_eq!(figures["leave_one_out"], json!(true));
    let told = format!("log-loss {:.4} (97 articles", figures["log_loss"].as_f64().unwrap());
    assert!(stderr(&bench.trained).contains(&told), "{told} in {}", stderr(&bench.trained));
    // The article with the wrong label is told as what it is only by a model that has not learned it.
    assert!(figures["accuracy"].as_f64().unwrap() < 1.0);
}

#[test]
fn leave_one_out_on_another_corpus_is_refused() {
    let bench = Bench::new();
    let shorter: Vec<String> = corpus().lines().skip(1).map(str::to_owned).collect();
    let shorter = bench.write("shorter.jsonl", &shorter.join("\n"));
    let output = bench.evaluate(&["--leave-one-out", &shorter]);
    assert_eq!(status(&output), 65);
    assert!(output.stdout.is_empty());
    let told = stderr(&output);
    assert!(
        told.starts_with("bayeswire: leave-one-out needs the articles that the model was trained on"),
        "{told}"
    );
    assert!(told.contains("these 96 are corpus"), "{told}");
}

#[test]
fn requirements_decide_the_exit_status() {
    let bench = Bench::new();
    let corpus = bench.path("corpus.jsonl");
    let met = bench.evaluate(&["--require", "accuracy=0.8,macro_f1=0.8", &corpus]);
    assert_eq!((status(&met), stderr(&met)), (0, String::new()));

    let short = bench.evaluate(&["--require", "accuracy=0.2,macro_f1=1,brier=0", "--leave-one-out", &corpus]);
    assert_eq!(status(&short), 1);
    assert!(stdout(&short).contains("accuracy"), "the figures are printed all the same");
    let told = stderr(&short);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(
        lines[0].starts_with("bayeswire: macro_f1 is 0.") && lines[0].ends_with("at least 1 is required")
    );
    assert!(lines[1].starts_with("bayeswire: brier is 0.") && lines[1].ends_with("at most 0 is required"));

    let unknown = bench.evaluate(&["--require", "precision=0.5", &corpus]);
    assert_eq!(status(&unknown), 64);
    assert!(stderr(&unknown).contains("\"precision\" is no figure; there are accuracy, macro_f1"));
}

#[test]
fn labels_that_the_model_does_not_know_are_wrong_and_told() {
    let bench = Bench::new();
    let lines = line("1", "war", "", "Gunmen attacked Corvin after heavy fighting")
        + &line("2", "weather", "", "Troops retook Farrow as the army bombed rebels");
    let output = bench.evaluate(&["--format", "json", &bench.write("strange.jsonl", &lines)]);
    assert_eq!(status(&output), 0);
    assert_eq!(
        stderr(&output),
        "warning: labels that are no topics of the model, counted as wrong: weather (1 articles)\n"
    );
    let figures = figures(&output);
    assert_eq!(figures["accuracy"], json!(0.5));
    // -ln 1e-15 = 34.54 for the one, almost 0 for the other.
    assert!((figures["log_loss"].as_f64().unwrap() - 17.27).abs() < 0.2, "{figures}");
}

#[test]
fn without_a_background_an_abstention_is_measured_by_its_best_topic() {
    let without: Vec<String> =
        corpus().lines().filter(|l| !l.contains("\"other\"")).map(str::to_owned).collect();
    let bench = Bench::with_lines(&without.join("\n"));
    let short = bench.write("short.jsonl", &line("1", "war", "", "Qwzx vbnml plokij"));
    let figures = figures(&bench.evaluate(&["--format", "json", &short]));
    assert_eq!((&figures["articles"], &figures["assigned"]), (&json!(1), &json!(0)));
    // The answer in the figures is the best topic all the same, so every label is a topic.
    let labels = figures["confusion"]["labels"].as_array().unwrap();
    assert!(labels.iter().all(|label| TOPICS.iter().any(|topic| label == topic.0)), "{labels:?}");
}

#[test]
fn the_report_shows_everything_and_loads_nothing() {
    let bench = Bench::new();
    let path = bench.path("report.html");
    let output = bench.evaluate(&["--leave-one-out", "--report", &path, &bench.path("corpus.jsonl")]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let page = fs::read_to_string(&path).unwrap();
    for section in
        ["headline", "topics", "confusion", "curves", "histograms", "terms", "mistakes", "label-errors"]
    {
        assert!(page.contains(&format!("<section id=\"{section}\">")), "{section}");
    }
    for reference in ["http://", "https://", "src=", "href=", "url(", "@import", "<script", "<link"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("default-src 'none'"));
    // One reliability diagram, one curve, one histogram for each of the three topics.
    assert_eq!((page.matches("<svg").count(), page.matches("</svg>").count()), (5, 5));
    assert!(page.contains("&lt;") && page.contains("alert"), "the title is there, as text");
    assert!(page.matches("mislabelled").count() >= 2, "a mistake, and a probable label error");
    assert!(page.contains("<mark class=\"for\"") && page.contains("<mark class=\"against\""));
    assert!(!page.contains("NaN") && !page.contains("inf"), "every number is one");
    well_formed(&page);
    assert_eq!(files(bench.folder.path()), ["a.model", "corpus.jsonl", "report.html"]);

    let output = bench.evaluate(&["--report", &path, &bench.path("corpus.jsonl")]);
    assert_eq!(status(&output), 0);
    assert!(!fs::read_to_string(&path).unwrap().contains("label-errors"));
}

/// Every element that is opened is closed, in the right order.
fn well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in page.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !["!DOCTYPE", "meta", "br"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let mut names: Vec<String> =
        paths.iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_report_that_cannot_be_written_is_an_output_error() {
    let bench = Bench::new();
    let output = bench.evaluate(&["--report", &bench.path("no/report.html"), &bench.path("corpus.jsonl")]);
    assert_eq!(status(&output), 74, "{}", stderr(&output));
}

#[test]
fn training_names_label_errors_and_warns() {
    let mut lines = corpus();
    lines += &line("rare-1", "rare", "", "Bees swarm");
    lines += &line("rare-2", "rare", "", "Bees swarm");
    lines += &line("twin", "war", "", "Envoys met in Aldora on day 0 to sign a treaty.");
    let bench = Bench::with_lines(&lines);
    let told = stderr(&bench.trained);
    assert!(told.contains("articles   100 (other 32, rare 2, talks 33, war 33)"), "{told}");
    let expected = "warning: 1 article stands under more than one topic: talks-0 (talks) = twin (war)";
    assert!(told.contains(expected), "{told}");
    assert!(
        told.contains("more than once under one topic, and counted each time: rare-1 = rare-2"),
        "{told}"
    );
    assert!(told.contains("warning: topics with fewer than 20 articles: rare 2"), "{told}");
    assert!(
        told.contains("warning: war has 33 articles, over 10 times the 2 of rare")
            || told.contains("talks has 33")
    );
    let suspect = told.lines().find(|l| l.starts_with("  mislabelled: talks (")).unwrap_or_default();
    assert!(suspect.contains("the others say war ("), "{told}");
    assert!(suspect.ends_with("<script>alert(\"x\")</script> & more"), "{suspect}");
    assert!(told.contains("seconds "), "{told}");
    assert!(bench.trained.stdout.is_empty());
}

#[test]
fn fit_with_the_corpus_tells_what_train_tells() {
    let bench = Bench::new();
    let (corpus, counts) = (bench.path("corpus.jsonl"), bench.path("a.counts"));
    assert_eq!(status(&run(&["count", &corpus, "--output", &counts])), 0);
    let fitted = run(&["fit", &counts, "--corpus", &corpus, "--output", &bench.path("a.model")]);
    let told = |output: &Output| -> Vec<String> {
        stderr(output).lines().filter(|l| !l.starts_with("seconds")).map(str::to_owned).collect()
    };
    assert_eq!(told(&fitted), told(&bench.trained));
}
