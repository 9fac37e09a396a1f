//! The model that is shipped is the one that its articles give, on any number of threads and in any order.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

use std::path::Path;

use bayeswire::{
    article::LabeledArticle,
    corpus::{self, Input},
    counts::Counts,
    model::{Model, TrainingParams, train},
    text::TextProfile,
};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default")
}

fn shipped() -> Vec<u8> {
    std::fs::read(folder().join("default.model")).unwrap()
}

fn articles() -> Vec<LabeledArticle> {
    corpus::load(&[Input::Path(folder().join("corpus"))], |_| ()).unwrap()
}

fn trained(articles: &[LabeledArticle], threads: usize) -> Vec<u8> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let counts = Counts::of(TextProfile::default(), articles).unwrap();
        let references: Vec<_> = articles.iter().collect();
        train(&counts, Some(&references), &TrainingParams::default().check().unwrap()).unwrap().bytes
    })
}

/// An order that is as good as any: by the digests of the articles and a number.
fn shuffle(articles: &mut [LabeledArticle], number: u8) {
    articles.sort_by_key(|a| a.article.digest().map(|byte| byte.wrapping_mul(2 * number + 1) ^ number));
}

#[test]
fn training_again_gives_the_shipped_bytes() {
    let mut articles = articles();
    let shipped = shipped();
    for threads in [1, 2, 8] {
        shuffle(&mut articles, threads as u8);
        assert!(trained(&articles, threads) == shipped, "other bytes on {threads} threads");
    }
}

#[test]
fn merged_shards_give_the_shipped_bytes() {
    let articles = articles();
    let shards = articles
        .chunks(articles.len() / 3 + 1)
        .map(|shard| Counts::of(TextProfile::default(), shard).unwrap());
    let counts = shards.reduce(|a, b| b.merge(&a).unwrap()).unwrap();
    let counts = Counts::from_bytes(&counts.to_bytes().unwrap()).unwrap();
    let references: Vec<_> = articles.iter().rev().collect();
    let trained = train(&counts, Some(&references), &TrainingParams::default().check().unwrap()).unwrap();
    assert!(trained.bytes == shipped());
}

#[test]
fn the_model_card_is_what_the_model_says() {
    let card = std::fs::read_to_string(folder().join("MODEL_CARD.md")).unwrap();
    assert_eq!(card, Model::from_bytes(&shipped()).unwrap().card());
}
