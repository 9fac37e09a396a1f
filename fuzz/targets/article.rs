//! An article, and how to classify it.

use std::{cell::RefCell, collections::HashMap};

use bayeswire::{
    api::v1,
    article::{Article, LabeledArticle, Topic},
    counts::Counts,
    model::{
        Classification, Classifier, Evidence, Explanation, Field, Model, Options, TrainingParams, train,
    },
    text::{StemmerKind, TextProfile},
};

use super::model::shipped;

/// Longer texts are classified, but not counted as well.
const MAX_COUNTED_BYTES: usize = 4096;

const STEMMERS: [StemmerKind; 19] = [
    StemmerKind::None,
    StemmerKind::Arabic,
    StemmerKind::Danish,
    StemmerKind::Dutch,
    StemmerKind::English,
    StemmerKind::Finnish,
    StemmerKind::French,
    StemmerKind::German,
    StemmerKind::Greek,
    StemmerKind::Hungarian,
    StemmerKind::Italian,
    StemmerKind::Norwegian,
    StemmerKind::Portuguese,
    StemmerKind::Romanian,
    StemmerKind::Russian,
    StemmerKind::Spanish,
    StemmerKind::Swedish,
    StemmerKind::Tamil,
    StemmerKind::Turkish,
];

/// Four bytes say which rules make words, how much evidence is wanted, what the caller's priors are, and how long the title
/// is; then title and text.
pub fn article(data: &[u8]) {
    let Some((&[stemmer, evidence, prior, title_bytes], rest)) = data.split_first_chunk() else { return };
    let (title, text) = rest.split_at(rest.len().min(title_bytes.into()));
    let (title, text) = (String::from_utf8_lossy(title), String::from_utf8_lossy(text));
    // The shipped model for most, so that most words are known.
    let stemmer = STEMMERS.get(usize::from(stemmer)).copied().unwrap_or(StemmerKind::English);
    let profile = TextProfile { stemmer, pairs: stemmer == StemmerKind::English || prior % 2 == 0 };
    READERS.with_borrow_mut(|readers| {
        let (model, classifier) = readers
            .entry((usize::from(data[0]), profile.pairs))
            .or_insert_with(|| (small(profile), Classifier::new(profile)));
        let model = if stemmer == StemmerKind::English { shipped() } else { &*model };
        classify(model, classifier, [&title, &text], evidence, prior);
    });
    if evidence == 1 && text.len() <= MAX_COUNTED_BYTES {
        count(profile, &title, &text);
    }
}

thread_local! {
    /// A small model and a classifier for every kind of words: to make them takes longer than to use them.
    static READERS: RefCell<HashMap<(usize, bool), (Model, Classifier)>> = RefCell::default();
}

fn classify(model: &Model, classifier: &mut Classifier, [title, text]: [&str; 2], evidence: u8, prior: u8) {
    let topics = &model.facts().topics;
    // 0 to 2^60, in steps of 2^4 from topic to topic.
    let weight = |topic: usize| match prior {
        255 => 1e-300,
        _ => 2f64.powi(4 * topic as i32 * i32::from(prior % 16)),
    };
    let priors: HashMap<String, f64> = match prior {
        0 => HashMap::new(),
        _ => topics.iter().enumerate().map(|(index, topic)| (topic.clone(), weight(index))).collect(),
    };
    let options = Options::new(model, Some(f64::from(prior) / 255.0), evidence.into(), &priors).unwrap();
    let answer = classifier.classify(model, title, text, &options);
    check_answer(&answer, [title, text], evidence.into());
    let explanation = classifier.explain(model, title, text, &options, "").unwrap();
    assert_eq!(explanation.classification, answer, "the same article, another answer");
    check_explanation(&explanation, [title, text]);

    let classification = Some(v1::Classification::new(model, answer));
    let response = v1::ClassifyArticleResponse { article_id: String::new(), classification };
    bayeswire::api::to_json(&response).unwrap();
    let _ = v1::ExplainArticleResponse::new(model, explanation);
}

/// What holds of every answer.
pub(super) fn check_answer(answer: &Classification, article: [&str; 2], most: usize) {
    let total: f64 = answer.topics.iter().map(|topic| topic.probability).sum();
    assert!((total - 1.0).abs() < 1e-9, "the probabilities sum to {total}");
    assert!(answer.topics.is_sorted_by(|a, b| a.log_score >= b.log_score && a.probability >= b.probability));
    assert!(answer.coverage.known_words <= answer.coverage.words);
    assert!(answer.evidence.len() <= most);
    check_evidence(&answer.evidence, article);
}

fn check_evidence(evidence: &[Evidence], [title, text]: [&str; 2]) {
    assert!(evidence.is_sorted_by(|a, b| a.decibans.abs() >= b.decibans.abs()));
    for term in evidence {
        assert!(term.decibans.is_finite() && !term.term.is_empty());
        assert_eq!(term.spans.len(), (term.count as usize).min(Evidence::MAX_SPANS), "{term:?}");
        for span in &term.spans {
            let field = if span.field == Field::Title { title } else { text };
            // Also that the span's ends are ends of characters.
            let words = field.get(span.bytes.clone()).unwrap();
            assert!(words.chars().any(char::is_alphanumeric), "{words:?}");
        }
    }
}

/// The ledger adds up, and the terms that turn the decision do, and no fewer.
fn check_explanation(explanation: &Explanation, article: [&str; 2]) {
    check_evidence(&explanation.terms, article);
    let (prior, total) = (explanation.prior_decibans, explanation.total_decibans);
    let evidence: f64 = explanation.terms.iter().map(|term| term.decibans).sum();
    if prior.is_finite() {
        assert!((prior + evidence - total).abs() < 1e-9, "{prior} and {evidence} are not {total}");
    }
    assert!(total >= 0.0);
    let flips: Vec<f64> = explanation.flip_terms().map(|term| term.decibans).collect();
    if let Some((weakest, stronger)) = flips.split_last() {
        assert!(total - flips.iter().sum::<f64>() < 0.0);
        assert!(total - stronger.iter().sum::<f64>() > -1e-8, "{weakest} need not be taken");
    }
}

/// A small model whose words are of many languages.
fn small(profile: TextProfile) -> Model {
    let articles = [
        "Heavy rain reaches the coast; le ministre a reçu l'ambassadeur; министр и посол; 外交部长",
        "Ein Tor in der Nachspielzeit; πρέσβης; السفير في جنيف; தூதரை; büyükelçi; suurlähettiläs",
    ];
    let articles: Vec<_> =
        ["a", "b"].into_iter().zip(articles).map(|(name, text)| labeled(name, "", text)).collect();
    let counts = Counts::of(profile, &articles).unwrap();
    let params = TrainingParams { alpha: Some(0.1), ..TrainingParams::default() };
    train(&counts, None, &params.check().unwrap()).unwrap().model
}

fn labeled(topic: &str, title: &str, text: &str) -> LabeledArticle {
    let article = Article { title: title.to_owned(), text: text.to_owned(), ..Article::default() };
    LabeledArticle { topic: Topic::new(topic).unwrap(), article }
}

/// Counts are their file, and whole again when an article is taken away.
fn count(profile: TextProfile, title: &str, text: &str) {
    let (own, other) = (labeled("own", title, text), labeled("other", "", "Heavy rain reaches the coast."));
    let without = Counts::of(profile, [&other]).unwrap();
    let mut counts = Counts::of(profile, [&own, &other]).unwrap();
    assert_eq!(Counts::from_bytes(&counts.to_bytes().unwrap()).unwrap(), counts);
    counts.remove(&own).unwrap();
    assert_eq!(counts, without);
}
