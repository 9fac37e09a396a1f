//! How the shipped model does on news that no one here wrote. Skipped, with a line that says so, where that news is not.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{collections::HashMap, fs, path::Path};

use bayeswire::{
    article::LabeledArticle,
    corpus::{Input, Records, load},
    counts::Counts,
    evaluation::{Evaluation, Predictions},
    model::{Classifier, Decision, Model, Options, TrainingParams, train},
    text::TextProfile,
};
use harness::{default_model, real_articles};

fn labeled(path: &Path) -> Vec<LabeledArticle> {
    load(&[Input::Path(path.to_owned())], |_| ()).unwrap()
}

/// The label for each article, an abstention being the background.
fn answers<'a>(model: &'a Model, articles: &[LabeledArticle], forced: bool) -> Vec<&'a str> {
    let facts = model.facts();
    let mut classifier = Classifier::new(facts.text_profile);
    let mut answer = |article: &LabeledArticle| {
        let article = &article.article;
        let answer = classifier.classify(model, &article.title, &article.text, &Options::default());
        let best = answer.topics.iter().map(|t| t.topic).find(|&t| !forced || Some(t) != facts.background);
        let topic = match answer.decision {
            _ if forced => best,
            Decision::Assigned(topic) => Some(topic),
            Decision::Abstained(_) => facts.background.or(best),
        };
        topic.map_or("", |t| facts.topics[t].as_str())
    };
    articles.iter().map(&mut answer).collect()
}

fn accuracy(model: &Model, articles: &[LabeledArticle], forced: bool) -> f64 {
    let answers = answers(model, articles, forced);
    let right =
        articles.iter().zip(&answers).filter(|(article, answer)| article.topic.as_str() == **answer).count();
    right as f64 / articles.len() as f64
}

#[test]
fn real_news_of_three_topics_is_told_apart() {
    let Some(folder) = real_articles() else { return };
    let mut articles = labeled(&folder.join("data/news/audit_2025_q4.jsonl"));
    articles.retain(|a| a.topic.as_str() != "other");
    let accuracy = accuracy(&default_model(), &articles, true);
    assert!(accuracy >= 0.915, "{accuracy}");
}

#[test]
fn real_news_and_its_background_are_told_apart() {
    let Some(folder) = real_articles() else { return };
    let articles = labeled(&folder.join("data/news/audit_2025_q4.jsonl"));
    let model = default_model();
    let mut classifier = Classifier::new(model.facts().text_profile);
    let answers: Vec<_> = articles
        .iter()
        .map(|a| classifier.classify(&model, &a.article.title, &a.article.text, &Options::default()))
        .collect();
    let evaluation = Evaluation::of(&Predictions::new(&model, &articles, &answers));
    assert!(evaluation.figures.macro_f1 >= 0.83, "{:?}", evaluation.figures);
}

/// The two stories of the page that this project began with.
#[test]
fn the_two_stories_of_the_first_page_have_their_topics() {
    let Some(folder) = real_articles() else { return };
    let page = fs::read_dir(folder.join("seed")).unwrap().next().unwrap().unwrap().path();
    let page = fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> = page.split("\n\n").map(str::trim).collect();
    let paragraphs = |first: &str, last: &str| {
        let start = blocks.iter().position(|b| b.starts_with(first)).unwrap();
        let end = blocks.iter().position(|b| b.starts_with(last)).unwrap();
        blocks[start..=end].join("\n\n")
    };
    let stories = [
        ("diplomacy", "Chinese FM meets", paragraphs("Chinese Foreign Minister", "The two sides also")),
        ("protest", "Protest erupts", paragraphs("Protesters filled", "\"We demand")),
    ];
    let model = default_model();
    for (topic, title, text) in stories {
        let title = blocks.iter().find(|b| b.starts_with(title)).unwrap();
        let answer =
            Classifier::new(TextProfile::default()).classify(&model, title, &text, &Options::default());
        let Decision::Assigned(assigned) = answer.decision else { panic!("{topic}: {answer:?}") };
        assert_eq!(model.facts().topics[assigned], topic);
    }
}

#[test]
fn topics_of_ones_own_are_learned_without_a_flag() {
    let Some(folder) = real_articles() else { return };
    let mut parts: HashMap<bool, Vec<LabeledArticle>> = HashMap::new();
    let path = folder.join("data/benchmarks/r8.jsonl");
    for record in Records::new(&[Input::Path(path)]) {
        let record = record.unwrap();
        let article = LabeledArticle {
            topic: bayeswire::article::Topic::new(&record.label.unwrap()).unwrap(),
            article: record.article,
        };
        parts.entry(article.article.id.contains("train")).or_default().push(article);
    }
    let (learn, test) = (&parts[&true], &parts[&false]);
    let counts = Counts::of(TextProfile::default(), learn).unwrap();
    let references: Vec<_> = learn.iter().collect();
    let model = train(&counts, Some(&references), &TrainingParams::default().check().unwrap()).unwrap().model;
    let accuracy = accuracy(&model, test, false);
    assert!(accuracy >= 0.968, "{accuracy}");
}
