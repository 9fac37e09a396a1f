//! The articles behind the shipped model keep the rules that docs/CORPUS.md states.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::Path,
};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Article {
    id: String,
    topic: String,
    title: String,
    text: String,
}

/// Every file's articles, by the file's name without its ending.
fn files() -> BTreeMap<String, Vec<Article>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default/corpus");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let articles = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), articles)
    };
    fs::read_dir(folder).unwrap().map(read).collect()
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

#[test]
fn ids_are_unique_sorted_and_named_after_their_file() {
    let mut seen = HashSet::new();
    for (name, articles) in files() {
        assert!(articles.is_sorted_by(|a, b| a.id < b.id), "{name} is not sorted");
        for article in articles {
            let number = article.id.strip_prefix(&format!("{name}-"));
            assert!(number.is_some_and(|n| n.len() == 3 && n.parse::<u16>().is_ok()), "{}", article.id);
            assert!(seen.insert(article.id));
        }
    }
}

#[test]
fn topics_are_the_four_and_each_has_its_share() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for article in files().into_values().flatten() {
        *counts.entry(article.topic).or_default() += 1;
    }
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["conflict", "diplomacy", "other", "protest"]);
    for (topic, count) in counts {
        let least = if topic == "other" { 1200 } else { 650 };
        assert!(count >= least, "{topic} has {count}");
    }
}

#[test]
fn texts_have_the_length_of_ledes_and_articles() {
    for article in files().into_values().flatten() {
        let length = words(&article.text).len();
        assert!((12..=280).contains(&length), "{} has {length} words", article.id);
        assert!(!article.title.trim().is_empty() && article.title.len() < 120, "{}", article.id);
        assert!(!article.text.contains("http"), "{}", article.id);
    }
}

#[test]
fn no_eight_words_in_a_row_stand_in_two_texts() {
    let mut seen: HashMap<Vec<String>, String> = HashMap::new();
    for article in files().into_values().flatten() {
        let words = words(&article.text);
        let own: HashSet<_> = words.windows(8).map(<[String]>::to_vec).collect();
        for eight in own {
            if let Some(other) = seen.insert(eight.clone(), article.id.clone()) {
                panic!("{} and {other} share {:?}", article.id, eight.join(" "));
            }
        }
    }
}
