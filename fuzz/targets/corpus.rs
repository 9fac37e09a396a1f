//! The bytes of a file of articles, in every format.

use std::{cell::LazyCell, fs, path::Path, sync::Once};

use bayeswire::{
    article::LabeledArticle,
    corpus::{
        Audit, Format, Input, MAX_RECORD_BYTES, ReadError, ReadOptions, Records, labeled_records, name,
    },
};
use tempfile::TempDir;

const FORMATS: [Format; 5] = [Format::Jsonl, Format::Csv, Format::Tsv, Format::Fasttext, Format::Parquet];

thread_local! {
    static FOLDER: LazyCell<TempDir> = LazyCell::new(|| tempfile::tempdir().unwrap());
}

/// A byte that says which format, and a file in it: it holds articles, or what is wrong is told. Articles that were read,
/// written down as JSON lines, are read as the same.
pub fn corpus(data: &[u8]) {
    let Some((&format, bytes)) = data.split_first() else { return };
    let format = FORMATS[usize::from(format) % FORMATS.len()];
    tolerate_caught_panics();
    let path = FOLDER.with(|folder| folder.path().join("articles"));
    fs::write(&path, bytes).unwrap();
    let unlabeled = ReadOptions { format: Some(format), ..ReadOptions::default() };
    for record in Records::with(&[Input::Path(path.clone())], &unlabeled) {
        match record {
            Ok(record) => {
                let article = record.article;
                for field in [&article.id, &article.title, &article.text] {
                    assert!(field.len() <= MAX_RECORD_BYTES);
                }
            }
            Err(ReadError::Violation(violation)) => assert!(!violation.to_string().is_empty()),
            // The disk is all right; it is the content that is not.
            Err(ReadError::Fatal(error)) => panic!("{error}"),
        }
    }
    if let Some((articles, names)) = labeled(&path, format) {
        assert_eq!(articles.len(), names.len());
        assert!(!articles.is_empty() && articles.iter().all(|a| !a.article.text.trim_start().is_empty()));
        fs::write(&path, articles.iter().map(line).collect::<String>()).unwrap();
        assert_eq!(labeled(&path, Format::Jsonl).expect("not what was read").0, articles);
    }
}

/// The articles of a file where all of them are right, with their names. Read on this thread: others would still be ending
/// when libFuzzer looks for leaks.
fn labeled(path: &Path, format: Format) -> Option<(Vec<LabeledArticle>, Vec<String>)> {
    let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
    let inputs = [Input::Path(path.to_owned())];
    let (mut audit, mut articles, mut names) = (Audit::new(), Vec::new(), Vec::new());
    for record in labeled_records(&inputs, &options) {
        if let Some((place, article)) = audit.check(record.read_labeled(&options)).ok()? {
            names.push(name(&article, &place));
            articles.push(article);
        }
    }
    audit.finish(&inputs).ok()?;
    Some((articles, names))
}

fn line(labeled: &LabeledArticle) -> String {
    let LabeledArticle { topic, article } = labeled;
    let (id, title, text) = (&article.id, &article.title, &article.text);
    serde_json::json!({"topic": topic.as_str(), "id": id, "title": title, "text": text}).to_string() + "\n"
}

/// The parquet crate panics on some damage, which our reader catches; libFuzzer's hook would end the process before it can.
/// A panic that nobody catches still does.
fn tolerate_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            if !panic.location().is_some_and(|at| at.file().contains("/parquet-")) {
                eprintln!("{panic}");
            }
        }));
    });
}
