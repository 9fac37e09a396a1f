//! With a limit for memory, training and counting give the bytes that they give without.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use bayeswire::{
    article::LabeledArticle,
    corpus::{self, Input, ReadOptions},
    counts::Counts,
    model::{self, TrainingParams, ValidTrainingParams},
    text::TextProfile,
    training::{self, Corpus, Destination, Report, Shares, TrainingError},
};
use harness::{bayeswire, run_to_end, stderr};

/// Shares so small that a few articles fill them.
fn tiny(sums: usize) -> Shares {
    Shares { total: u64::MAX, sums, window: 1 << 12, sorters: sums / 50 }
}

/// Several thousand sums of an empty table.
const SMALLEST: usize = 40_000;

fn line(number: usize, topics: usize) -> String {
    let words =
        ["envoys", "talks", "army", "shells", "march", "strike", "police", "treaty", "don't", "Özgür"];
    let word = |i: usize| words[(number * 7 + i * i + number / 9) % words.len()];
    let text: Vec<_> =
        (0..30).map(|i| format!("{}{}", word(i), ["", " of", "."][(i + number) % 3])).collect();
    let own = number % 113;
    format!(
        "{{\"id\": \"a{number}\", \"topic\": \"topic {}\", \"title\": \"Story{own} of {number}\", \"text\": \"{} n{own}x.\"}}\n",
        number * 7 / 4 % topics,
        text.join(" "),
    )
}

fn lines(count: usize, topics: usize) -> String {
    (0..count).map(|number| line(number, topics)).collect()
}

struct Bench {
    folder: tempfile::TempDir,
    inputs: Vec<Input>,
}

impl Bench {
    fn new(content: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.jsonl");
        fs::write(&path, content).unwrap();
        Self { folder, inputs: vec![Input::Path(path)] }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn articles(&self) -> Vec<LabeledArticle> {
        corpus::load(&self.inputs, |_| ()).unwrap()
    }

    fn corpus<'a>(&'a self, options: &'a ReadOptions, memory: Option<Shares>) -> Corpus<'a> {
        Corpus { inputs: &self.inputs, options, profile: TextProfile::default(), memory }
    }

    /// Trains on so many threads; the bytes of model and counts.
    fn train(
        &self,
        memory: Option<Shares>,
        threads: usize,
        params: &ValidTrainingParams,
    ) -> Result<(Vec<u8>, Vec<u8>, Report), TrainingError> {
        let (output, counts) = (self.path("a.model"), self.path("a.counts"));
        let options = ReadOptions::default();
        let destination = Destination { path: &output, place: &|_| output.clone() };
        let report = pool(threads).install(|| {
            training::train(&self.corpus(&options, memory), params, Some(&counts), &destination, |_| ())
        })?;
        Ok((fs::read(&output).unwrap(), fs::read(&counts).unwrap(), report))
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn all_params() -> Vec<ValidTrainingParams> {
    let base = TrainingParams { alpha: Some(0.1), ..TrainingParams::default() };
    [
        TrainingParams::default(),
        TrainingParams { min_articles: 3, ..base.clone() },
        // Cuts among words, among pairs, and between classes.
        TrainingParams { max_terms: 7, ..base.clone() },
        TrainingParams { max_terms: 150, ..base.clone() },
        TrainingParams { max_terms: 151, min_articles: 2, ..base.clone() },
        TrainingParams { max_terms: 400, normalize: true, variant: Some(model::Variant::Plain), ..base },
    ]
    .map(|params| params.check().unwrap())
    .to_vec()
}

#[test]
fn a_limit_changes_no_byte() {
    let bench = Bench::new(&lines(900, 5));
    let articles = bench.articles();
    let counts = Counts::of(TextProfile::default(), &articles).unwrap();
    let references: Vec<_> = articles.iter().collect();
    for params in all_params() {
        let expected = model::train(&counts, Some(&references), &params).unwrap();
        for (memory, threads) in
            [(None, 2), (Some(tiny(SMALLEST)), 1), (Some(tiny(SMALLEST)), 2), (Some(tiny(300_000)), 2)]
        {
            let (bytes, count_bytes, report) = bench.train(memory, threads, &params).unwrap();
            assert!(bytes == expected.bytes, "{memory:?}, {threads}: {params:?}");
            assert!(count_bytes == counts.to_bytes().unwrap(), "{memory:?}, {threads}");
            assert_eq!(report.revision, expected.model.revision());
            assert_eq!(report.terms, expected.model.term_count());
        }
    }
}

#[test]
fn what_is_told_does_not_depend_on_the_limit() {
    let mut content = lines(600, 3);
    // Copies far apart: in several runs.
    for (number, other) in [(3, "topic 2"), (4, "topic 0"), (5, "topic 2")] {
        let copy = line(number, 3).replace(&format!("a{number}\""), &format!("copy-{number}\""));
        let start = copy.find("topic\": \"").unwrap() + 9;
        content += &format!("{}{other}{}", &copy[..start], &copy[start + other.len()..]);
    }
    let bench = Bench::new(&content);
    let params = TrainingParams::default().check().unwrap();
    let told = |memory| {
        let (_, _, report) = bench.train(memory, 2, &params).unwrap();
        let names: Vec<_> = report.sampled.iter().map(|s| (s.name.clone(), s.topic.clone())).collect();
        (report.copies, names, report.held_out)
    };
    let expected = told(None);
    let copies = &expected.0;
    assert_eq!((copies.same_topic.count, copies.across_topics.count), (2, 1), "{copies:?}");
    assert_eq!(copies.across_topics.named[0].named[1].0, "copy-4");
    assert_eq!(expected.1.len(), 603);
    assert!(told(Some(tiny(SMALLEST))) == expected);
}

#[test]
fn what_is_wrong_is_told_alike() {
    let mut content = lines(400, 3);
    // The same id far apart, something else between, and more copies than are told.
    content += "nonsense\n";
    content += &lines(30, 3);
    content += "{\"topic\": \"x\", \"text\": \"\"}\n";
    for (name, content) in
        [("many", content.clone()), ("few", content.lines().take(405).collect::<Vec<_>>().join("\n"))]
    {
        let bench = Bench::new(&content);
        let expected = corpus::load(&bench.inputs, |_| ()).unwrap_err().to_string();
        for memory in [None, Some(tiny(SMALLEST))] {
            let params = TrainingParams::default().check().unwrap();
            let error = bench.train(memory, 2, &params).unwrap_err();
            assert!(matches!(error, TrainingError::Corpus(_)), "{error:?}");
            assert_eq!(error.to_string(), expected, "{name} {memory:?}");
            assert!(!bench.path("a.model").exists() && !bench.path("a.counts").exists());
        }
    }
}

#[test]
fn counts_are_the_same_and_standard_input_will_do() {
    let bench = Bench::new(&lines(500, 4));
    let counts = Counts::of(TextProfile::default(), &bench.articles()).unwrap().to_bytes().unwrap();
    let output = bench.path("c.counts");
    let options = ReadOptions::default();
    for memory in [None, Some(tiny(SMALLEST))] {
        training::count(&bench.corpus(&options, memory), |_| true, &output, |_| ()).unwrap();
        assert!(fs::read(&output).unwrap() == counts, "{memory:?}");
    }
    let Input::Path(path) = &bench.inputs[0] else { panic!("a path") };
    let (model, other) = (bench.path("a.model"), bench.path("b.model"));
    for (input, output, limit) in [("-", &model, "128MiB"), (path.to_str().unwrap(), &other, "1GiB")] {
        let child = bayeswire()
            .args(["train", input, "--max-memory", limit, "-o"])
            .arg(output)
            .stdin(fs::File::open(path).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert!(fs::read(model).unwrap() == fs::read(other).unwrap());
}

#[test]
fn what_cannot_fit_is_refused_with_the_ways_out() {
    let bench = Bench::new(&lines(400, 3));
    let params = TrainingParams::default().check().unwrap();
    let memory = Some(Shares { total: 1 << 20, ..tiny(SMALLEST) });
    let error = bench.train(memory, 2, &params).unwrap_err();
    assert!(matches!(&error, TrainingError::Memory(needed) if needed.limit == 1 << 20), "{error:?}");
    let told = error.to_string();
    for part in ["terms of 3 topics need", " bytes) of memory", "--max-memory", "--max-terms"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!bench.path("a.model").exists() && !bench.path("a.counts").exists());
}

#[test]
fn a_limit_that_is_none_or_too_low_is_refused() {
    for (limit, told) in [("100MiB", "128MiB"), ("much", "512MiB"), ("1", "128MiB")] {
        let output = run_to_end(["train", "x.jsonl", "-o", "x.model", "--max-memory", limit]);
        assert_eq!(output.status.code(), Some(64));
        assert!(
            stderr(&output).contains("--max-memory") && stderr(&output).contains(told),
            "{}",
            stderr(&output)
        );
    }
}

/// Articles of so many different words that the smallest limit does not hold their sums.
fn many_words(path: &Path) {
    let mut content = String::new();
    let mut state = 1u64;
    for number in 0..9000 {
        let word = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("w{}", state >> 33)
        };
        let text: Vec<String> = (0..200).map(word).collect();
        content += &format!("{{\"topic\": \"{}\", \"text\": \"{}\"}}\n", number % 2, text.join(" "));
    }
    fs::write(path, content).unwrap();
}

#[test]
fn a_folder_for_temporary_files_that_is_missing_is_named_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (corpus, output) = (folder.path().join("corpus.jsonl"), folder.path().join("a.model"));
    many_words(&corpus);
    let missing = folder.path().join("missing");
    let train = |temporary: &Path| {
        bayeswire()
            .args(["train", corpus.to_str().unwrap(), "--max-memory", "128MiB", "--max-terms", "1000", "-o"])
            .arg(&output)
            .env("TMPDIR", temporary)
            .output()
            .unwrap()
    };
    let failed = train(&missing);
    assert_eq!(failed.status.code(), Some(74), "{}", stderr(&failed));
    assert!(
        stderr(&failed).contains(&format!("a temporary file in {}", missing.display())),
        "{}",
        stderr(&failed)
    );
    assert!(!output.exists());
    // And where it is there, what was in it is gone in the end.
    fs::create_dir(&missing).unwrap();
    let done = train(&missing);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(fs::read_dir(&missing).unwrap().next().is_none());
    // Most of its terms were left out before all were known; that changes nothing.
    let bounded = fs::read(&output).unwrap();
    let arguments =
        ["train", corpus.to_str().unwrap(), "--max-terms", "1000", "-o", output.to_str().unwrap()];
    let unbounded = run_to_end(arguments);
    assert!(unbounded.status.success(), "{}", stderr(&unbounded));
    assert!(fs::read(&output).unwrap() == bounded);
}
