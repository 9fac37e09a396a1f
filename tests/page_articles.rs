//! What is found on pages: the test pages beside this file, and real ones where there are such.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use bayeswire::{
    api::Timestamp,
    api::v1::{ClassifyPageResponse, PageArticle},
    model::{Classifier, Options},
    page::{Content, decode},
};
use harness::{default_model, real_articles};

/// Answers about pages with the shipped model.
struct Pages {
    model: bayeswire::model::Model,
    classifier: Classifier,
}

impl Pages {
    fn new() -> Self {
        let model = default_model();
        let classifier = Classifier::new(model.facts().text_profile);
        Self { model, classifier }
    }

    fn find(&mut self, content: Content<'_>) -> Vec<PageArticle> {
        let answer = ClassifyPageResponse::new(
            &self.model,
            &mut self.classifier,
            content,
            String::new(),
            &Options::default(),
        );
        assert!((0.0..=1.0).contains(&answer.left_out_share));
        answer.articles
    }

    fn of_file(&mut self, path: &Path) -> Vec<PageArticle> {
        let bytes = fs::read(path).unwrap();
        let text = decode(&bytes);
        if path.extension().unwrap() == "html" {
            self.find(Content::Html(&text))
        } else {
            self.find(Content::Text(&text))
        }
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages").join(name)
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The harmonic mean of the shares of words that both texts have, each as often as it occurs.
fn word_f1(found: &str, expected: &str) -> f64 {
    let (found, expected) = (words(found), words(expected));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in &expected {
        *counts.entry(word).or_default() += 1;
    }
    let mut shared = 0;
    for word in &found {
        if let Some(count) = counts.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    2.0 * f64::from(shared) / (found.len() + expected.len()) as f64
}

fn topic(article: &PageArticle) -> &str {
    &article.classification.as_ref().unwrap().topic
}

fn time(text: &str) -> Option<Timestamp> {
    let seconds = text.parse::<jiff::Timestamp>().unwrap().as_second();
    Some(Timestamp { seconds, nanos: 0 })
}

#[test]
fn the_one_article_of_a_page_is_found_whole_and_alone() {
    let mut pages = Pages::new();
    let files = files(&folder("single"), "html");
    assert!(files.len() >= 12);
    let mut sum = 0.0;
    for file in &files {
        let expected = fs::read_to_string(file.with_extension("txt")).unwrap();
        let found = pages.of_file(file);
        let text: Vec<_> = found.iter().map(|article| article.text.as_str()).collect();
        let f1 = word_f1(&text.join("\n"), &expected);
        println!("{f1:.3} {}", file.display());
        assert_eq!(found.len(), 1, "{}", file.display());
        assert!(!found[0].title.is_empty(), "{}", file.display());
        assert!(f1 >= 0.85, "{f1} {}", file.display());
        sum += f1;
    }
    let mean = sum / files.len() as f64;
    println!("mean word F1 of {} pages: {mean:.4}", files.len());
    assert!(mean >= 0.95, "{mean}");
}

/// Checks the two stories of a page like the one that this project began with.
fn are_two_stories(found: &[PageArticle]) {
    let titles: Vec<_> = found.iter().map(|article| article.title.as_str()).collect();
    let expected =
        ["Foreign ministers agree on river treaty", "Thousands march against school closures in the capital"];
    assert_eq!(titles, expected);
    assert_eq!([topic(&found[0]), topic(&found[1])], ["diplomacy", "protest"]);
    assert_eq!(found[0].publish_time, time("2024-03-08T18:30:00Z"));
    assert_eq!(found[0].update_time, time("2024-03-08T21:05:00Z"));
    assert_eq!((found[1].publish_time.as_ref(), found[1].update_time.as_ref()), (None, None));
    for article in found {
        assert_eq!(article.text.split("\n\n").count(), 4, "{}", article.text);
        for line in ["Skip to", "Photo", "Recommended", "Most read", "Last Updated", &article.title] {
            assert!(!article.text.contains(line), "{line}");
        }
    }
}

#[test]
fn two_stories_on_one_page_are_told_apart_in_text_and_html() {
    let mut pages = Pages::new();
    are_two_stories(&pages.of_file(&folder("several/two-stories.txt")));
    are_two_stories(&pages.of_file(&folder("several/two-stories.html")));
    let text = fs::read_to_string(folder("several/two-stories.txt")).unwrap();
    are_two_stories(&pages.find(Content::Html(&in_paragraphs(&text))));
}

/// The lines of a text as plain HTML paragraphs.
fn in_paragraphs(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| format!("<p>{}</p>\n", line.replace('&', "&amp;").replace('<', "&lt;"))).collect()
}

#[test]
fn the_page_that_this_project_began_with() {
    let Some(shared) = real_articles() else { return };
    let mut pages = Pages::new();
    for file in files(&shared.join("seed"), "txt") {
        let page = fs::read_to_string(&file).unwrap();
        let html = in_paragraphs(&page);
        for content in [Content::Text(&page), Content::Html(&html)] {
            let found = pages.find(content);
            let titles: Vec<_> = found.iter().map(|article| article.title.as_str()).collect();
            let expected = [
                "Chinese FM meets Russian counterpart on SCO cooperation",
                "Protest erupts in Mexico City over US military operation in Venezuela",
            ];
            assert_eq!(titles, expected);
            assert_eq!([topic(&found[0]), topic(&found[1])], ["diplomacy", "protest"]);
            assert_eq!(found[0].publish_time, time("2025-07-14T00:07:00Z"));
            assert_eq!(found[0].update_time, time("2025-07-14T15:47:00Z"));
            assert_eq!(found[1].publish_time, None);
            // The paragraphs of the page that are sentences, and no others.
            let paragraphs: Vec<_> = found.iter().flat_map(|article| article.text.split("\n\n")).collect();
            let sentences: Vec<_> =
                page.lines().map(str::trim).filter(|line| line.ends_with(['.', '"'])).collect();
            let said: Vec<_> = sentences.into_iter().collect();
            assert_eq!(paragraphs, said);
        }
    }
}

#[test]
fn every_item_of_a_list_of_news_is_an_article() {
    let found = Pages::new().of_file(&folder("several/news-list.html"));
    let expected = fs::read_to_string(folder("several/news-list.tsv")).unwrap();
    let expected: Vec<_> = expected.lines().map(|line| line.split_once('\t').unwrap()).collect();
    let found: Vec<_> = found.iter().map(|article| (article.title.as_str(), article.text.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_entry_of_a_front_is_an_article() {
    let found = Pages::new().of_file(&folder("several/blog-front.html"));
    assert!(found.len() >= 2);
    let titles: HashSet<_> = found.iter().map(|article| article.title.as_str()).collect();
    assert_eq!(titles.len(), found.len());
}

#[test]
fn items_of_real_pages_are_found() {
    let Some(shared) = real_articles() else { return };
    let gold = fs::read_to_string(shared.join("data/pages/gold.jsonl")).unwrap();
    let mut pages = Pages::new();
    let (mut items, mut articles, mut found) = (0, 0, 0);
    // Every tenth: benches/pages.py measures all.
    for line in gold.lines().step_by(10) {
        let page: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = page["html_file"].as_str().unwrap();
        let of_page =
            pages.of_file(&shared.join("data/pages/html").join(Path::new(file).file_name().unwrap()));
        let mut left: Vec<HashSet<_>> =
            of_page.iter().map(|article| words(&article.text).into_iter().collect()).collect();
        articles += left.len();
        for item in page["items"].as_array().unwrap() {
            items += 1;
            let item: HashSet<_> = words(item["text"].as_str().unwrap()).into_iter().collect();
            let same = left.iter().position(|words: &HashSet<String>| {
                let shared = words.intersection(&item).count();
                shared as f64 >= 0.8 * (words.len() + item.len() - shared) as f64
            });
            if let Some(same) = same {
                found += 1;
                left.swap_remove(same);
            }
        }
    }
    let f1 = 2.0 * f64::from(found) / (f64::from(items) + articles as f64);
    println!("{items} items, {articles} articles, {found} found: F1 {f1:.4}");
    assert!(f1 >= 0.92, "{f1}");
}
