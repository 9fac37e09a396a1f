//! Scoring asks for no memory once it has seen a few articles, and classifying for that of the answer only.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

use allocation_counter::measure;
use bayeswire::{
    model::{Classifier, Model, Options},
    text::TextReader,
};

/// What an answer has to hold: the topics, and the name of the language.
const ALLOCATIONS_OF_AN_ANSWER: u64 = 2;

const TITLE: &str = "Özgür's envoys meet in Geneva";
const SHORT: &str = "The foreign minister received her counterpart on Tuesday; talks go on. Nobody was hurt.";

fn model() -> Model {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default/default.model");
    Model::from_bytes(&std::fs::read(file).unwrap()).unwrap()
}

/// A text of many sentences, some of them said more than once.
fn long() -> String {
    let subjects = ["The army", "A striker", "Protesters", "The 43rd envoy's driver", "L’été"];
    let verbs = ["said", "burned", "signed", "left", "blockaded", "re-elected"];
    let sentence = |i: usize| {
        format!("{} {} the town of Number{} at 10:3{}. ", subjects[i % 5], verbs[i % 6], i % 40, i % 7)
    };
    (0..300).map(sentence).collect()
}

#[test]
fn steady_state_scoring_allocates_nothing() {
    let (model, long, options) = (model(), long(), Options::default());
    let mut classifier = Classifier::new(model.facts().text_profile);
    let mut reader = TextReader::new(model.facts().text_profile);
    // The longest text first, so that every buffer is large enough.
    for text in [&long, SHORT] {
        reader.read(TITLE, text);
        classifier.classify(&model, TITLE, text, &options);
    }
    for text in [SHORT, &long, SHORT] {
        let mut terms = 0;
        let reading = measure(|| {
            reader.read(TITLE, text);
            terms = reader.terms().count();
        });
        assert_eq!(reading.count_total, 0, "reading {terms} terms: {reading:?}");

        let mut best = 0.0;
        let scoring = measure(|| {
            let scores = classifier.score(&model, TITLE, text, &options);
            best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        });
        assert_eq!(scoring.count_total, 0, "scoring {terms} terms: {scoring:?}");

        let mut answer = None;
        let classifying = measure(|| answer = Some(classifier.classify(&model, TITLE, text, &options)));
        assert!(classifying.count_total <= ALLOCATIONS_OF_AN_ANSWER, "{classifying:?}");
        assert_eq!(answer.unwrap().topics[0].log_score, best);
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(vec![0u8; 100]))).count_total, 1);
}
