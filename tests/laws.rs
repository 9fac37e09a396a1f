//! The laws that everything rests on, for articles made at random.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

use bayeswire::{
    article::{Article, LabeledArticle, Topic},
    counts::{CombineError, Counts},
    model::{Classifier, Model, Options, TrainingParams, train},
    text::TextProfile,
};
use proptest::{collection::vec, prelude::*, sample::select};

const WORDS: [&str; 14] = [
    "envoy", "talks", "treaty", "march", "strike", "police", "army", "shell", "Özgür", "town", "1990",
    "don't", "x", "外交",
];

fn text() -> impl Strategy<Value = String> {
    vec((select(WORDS.to_vec()), select(vec![" ", ". ", ", ", "\n\n"])), 1..25)
        .prop_map(|words| words.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

fn articles(most: usize) -> impl Strategy<Value = Vec<LabeledArticle>> {
    let article = (select(vec!["conflict", "diplomacy", "protest"]), text(), text()).prop_map(
        |(topic, title, text)| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { id: String::new(), title, text },
        },
    );
    vec(article, 1..most)
}

fn count(articles: &[LabeledArticle]) -> Counts {
    Counts::of(TextProfile::default(), articles).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_split_give_the_same_bytes(
        (all, shuffled) in articles(30).prop_flat_map(|a| (Just(a.clone()), Just(a).prop_shuffle())),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = count(&all).to_bytes().unwrap();
        prop_assert_eq!(&count(&shuffled).to_bytes().unwrap(), &bytes);
        let (one, two) = shuffled.split_at(cut.index(shuffled.len()));
        prop_assert_eq!(count(one).merge(&count(two)).unwrap().to_bytes().unwrap(), bytes);
    }

    #[test]
    fn merging_is_commutative_and_associative(a in articles(8), b in articles(8), c in articles(8)) {
        let (a, b, c) = (count(&a), count(&b), count(&c));
        prop_assert_eq!(a.merge(&b).unwrap(), b.merge(&a).unwrap());
        prop_assert_eq!(a.merge(&b).unwrap().merge(&c).unwrap(), a.merge(&b.merge(&c).unwrap()).unwrap());
        prop_assert_eq!(a.merge(&Counts::empty(TextProfile::default())).unwrap(), a);
    }

    #[test]
    fn learning_and_unlearning_gives_the_bytes_from_before(all in articles(20), more in articles(2)) {
        let before = count(&all);
        let mut counts = before.clone();
        counts.add(&more[0]).unwrap();
        prop_assert_ne!(&counts, &before);
        counts.remove(&more[0]).unwrap();
        prop_assert_eq!(counts.to_bytes().unwrap(), before.to_bytes().unwrap());
    }

    #[test]
    fn what_was_never_added_cannot_be_removed(all in articles(20), other in text()) {
        let mut counts = count(&all);
        let before = counts.clone();
        let stranger = LabeledArticle {
            article: Article { text: format!("{other} unheard"), ..Article::default() },
            ..all[0].clone()
        };
        prop_assert!(matches!(counts.remove(&stranger), Err(CombineError::NeverCounted(_))));
        prop_assert_eq!(counts, before);
    }

    #[test]
    fn saving_and_loading_is_identity(all in articles(20)) {
        let counts = count(&all);
        let bytes = counts.to_bytes().unwrap();
        let loaded = Counts::from_bytes(&bytes).unwrap();
        prop_assert_eq!(loaded.to_bytes().unwrap(), bytes);
        prop_assert_eq!(loaded, counts);
    }

    #[test]
    fn evidence_and_prior_add_up_to_the_margin(all in articles(20), title in text(), text in text()) {
        let counts = count(&all);
        prop_assume!(counts.topics().len() > 1);
        let references: Vec<_> = all.iter().collect();
        let params = TrainingParams { background: Some(String::new()), ..TrainingParams::default() };
        let model = train(&counts, Some(&references), &params.check().unwrap()).unwrap().model;
        let options = Options::new(&model, None, 1000, &[].into()).unwrap();
        let answer = Classifier::new(TextProfile::default()).classify(&model, &title, &text, &options);

        let decibans = 10.0 / std::f64::consts::LN_10;
        let (best, next) = (answer.topics[0], answer.topics[1]);
        let biases = &model.facts().calibration.biases;
        let prior = (biases[best.topic] - biases[next.topic]) * decibans;
        let evidence: f64 = answer.evidence.iter().map(|e| e.decibans).sum();
        let margin = (best.log_score - next.log_score) * decibans;
        prop_assert!((prior + evidence - margin).abs() < 1e-9, "{prior} + {evidence} is not {margin}");
        for evidence in &answer.evidence {
            prop_assert_eq!(evidence.spans.len() as u32, evidence.count);
        }
        let total: f64 = answer.topics.iter().map(|t| t.probability).sum();
        prop_assert!((total - 1.0).abs() < 1e-12);
    }

    #[test]
    fn no_bytes_make_loading_panic(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(Model::from_bytes(&bytes).is_err());
        prop_assert!(Counts::from_bytes(&bytes).is_err());
    }

    #[test]
    fn no_text_makes_reading_panic(title in any::<String>(), text in any::<String>()) {
        let mut reader = bayeswire::text::TextReader::new(TextProfile::default());
        reader.read(&title, &text);
        let count = reader.terms().count();
        prop_assert!(count <= 2 * reader.running_words() as usize);
    }
}
