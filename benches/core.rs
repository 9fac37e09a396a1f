//! What one core does: reading words, counting, scoring, loading a model, encoding a reply.
//!
//!     cargo bench --bench core
//!
//! On the articles and the model of `models/default`. Callgrind counts instructions of one of them: docs/PERFORMANCE.md.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{collections::HashMap, hint::black_box, path::Path, time::Duration};

use bayeswire::{
    api::{to_json, v1},
    article::{Article, LabeledArticle},
    corpus,
    counts::Counts,
    model::{Classifier, Model, Options},
    text::{TextProfile, TextReader},
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use prost::Message as _;

/// A long text is so many articles, one behind the other.
const LONG: usize = 40;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default")
}

fn articles() -> Vec<LabeledArticle> {
    corpus::load(&[corpus::Input::Path(folder().join("corpus"))], |_| ()).unwrap()
}

fn size<'a>(articles: impl IntoIterator<Item = &'a LabeledArticle>) -> Throughput {
    let bytes = articles.into_iter().map(|a| a.article.title.len() + a.article.text.len()).sum::<usize>();
    Throughput::Bytes(bytes as u64)
}

fn read_and_count(c: &mut Criterion) {
    let articles = articles();
    let mut group = c.benchmark_group("corpus");
    group.throughput(size(&articles));
    let mut reader = TextReader::new(TextProfile::default());
    group.bench_function("tokenise", |b| {
        b.iter(|| {
            for LabeledArticle { article, .. } in &articles {
                reader.read(&article.title, &article.text);
                black_box(reader.running_words());
            }
        });
    });
    group.bench_function("count", |b| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        b.iter(|| pool.install(|| Counts::of(TextProfile::default(), &articles).unwrap()));
    });
    group.finish();
}

fn score(c: &mut Criterion) {
    let articles = articles();
    let model = Model::from_bytes(&std::fs::read(folder().join("default.model")).unwrap()).unwrap();
    let options = Options::default();
    let mut classifier = Classifier::new(model.facts().text_profile);
    let long: String = articles.iter().take(LONG).map(|a| format!("{}\n\n", a.article.text)).collect();
    let mut group = c.benchmark_group("score");
    group.throughput(size(&articles));
    group.bench_function("short", |b| {
        b.iter(|| {
            for LabeledArticle { article, .. } in &articles {
                black_box(classifier.score(&model, &article.title, &article.text, &options));
            }
        });
    });
    group.throughput(Throughput::Bytes(long.len() as u64));
    group.bench_function("long", |b| {
        b.iter(|| black_box(classifier.score(&model, "", &long, &options)).len());
    });
    group.finish();
}

fn load(c: &mut Criterion) {
    let bytes = std::fs::read(folder().join("default.model")).unwrap();
    let mut group = c.benchmark_group("model");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("load", |b| {
        b.iter_batched(|| (), |()| Model::from_bytes(&bytes).unwrap(), BatchSize::PerIteration);
    });
    group.finish();
}

fn encode(c: &mut Criterion) {
    let model = Model::from_bytes(&std::fs::read(folder().join("default.model")).unwrap()).unwrap();
    let Article { title, text, .. } = articles().swap_remove(0).article;
    let options = Options::new(&model, None, 5, &HashMap::new()).unwrap();
    let answer = Classifier::new(model.facts().text_profile).classify(&model, &title, &text, &options);
    let mut group = c.benchmark_group("reply");
    let response = || v1::ClassifyArticleResponse {
        article_id: "a".to_owned(),
        classification: Some(v1::Classification::new(&model, answer.clone())),
    };
    group.bench_function("protobuf", |b| b.iter(|| response().encode_to_vec()));
    group.bench_function("json", |b| b.iter(|| to_json(&response()).unwrap()));
    group.finish();
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
}

criterion_group! { name = benches; config = quick(); targets = read_and_count, score, load, encode }
criterion_main!(benches);
