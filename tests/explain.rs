//! Why an article is about its topic, complete.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use bayeswire::{
    api::v1::{
        Article, ClassificationOptions, ClassifyArticleRequest, ExplainArticleRequest,
        ExplainArticleResponse, Field, classification_service_client::ClassificationServiceClient,
    },
    article::{LabeledArticle, Topic},
    counts::Counts,
    model::{Classifier, Explanation, InvalidAgainst, Model, Options, TrainingParams, train},
    text::TextProfile,
};
use harness::{TestServer, violations};
use proptest::{collection::vec, prelude::*, sample::select};
use tonic::{Code, Status, transport::Channel};

const TREATY: &str = "Foreign ministers of both countries met in Geneva on Friday to sign a treaty on their border, \
                      and their ambassadors agreed to resume talks on trade next month.";
const WORDS: [&str; 12] = [
    "envoy", "talks", "treaty", "march", "strike", "police", "army", "shell", "Özgür", "town", "1990", "外交",
];
/// How exactly a ledger adds up, in decibans.
const EXACT: f64 = 1e-9;

fn text(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    vec((select(WORDS.to_vec()), select(vec![" ", ". ", ", "])), words)
        .prop_map(|words| words.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

fn model() -> impl Strategy<Value = Model> {
    let article =
        (select(vec!["conflict", "diplomacy", "protest"]), text(1..15)).prop_map(|(topic, text)| {
            let article = bayeswire::article::Article { text, ..Default::default() };
            LabeledArticle { topic: Topic::new(topic).unwrap(), article }
        });
    vec(article, 2..20).prop_filter_map("one topic only", |articles| {
        let counts = Counts::of(TextProfile::default(), &articles).unwrap();
        let params =
            TrainingParams { alpha: Some(0.1), background: Some(String::new()), ..Default::default() };
        Some(train(&counts, None, &params.check().unwrap()).ok()?.model)
    })
}

/// The size of the smallest set of terms without which the margin is below 0, of all sets; None where there is none.
fn smallest_by_brute_force(explanation: &Explanation) -> Option<usize> {
    let terms: Vec<f64> = explanation.terms.iter().map(|term| term.decibans).collect();
    (0..1u32 << terms.len())
        .filter(|set| {
            let kept = terms.iter().enumerate().filter(|(index, _)| set & (1 << index) == 0);
            let margin = explanation.prior_decibans + kept.map(|(_, decibans)| decibans).sum::<f64>();
            margin < -EXACT
        })
        .map(|set| set.count_ones() as usize)
        .min()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_adds_up_and_the_fewest_terms_are_found(
        model in model(), title in text(0..2), text in text(1..7), weights in vec(0.01..10.0f64, 3),
    ) {
        let topics = &model.facts().topics;
        let priors = topics.iter().cloned().zip(weights).collect();
        let options = Options::new(&model, None, 0, &priors).unwrap();
        let mut classifier = Classifier::new(TextProfile::default());
        for against in topics.iter().map(String::as_str).chain([""]) {
            let explanation = match classifier.explain(&model, &title, &text, &options, against) {
                Ok(explanation) => explanation,
                Err(error) => {
                    prop_assert_eq!(error, InvalidAgainst::MostProbable(against.to_owned()));
                    continue;
                }
            };
            let scores = &explanation.classification.topics;
            let score = |topic| scores.iter().find(|s| s.topic == topic).unwrap().log_score;
            let margin = (score(explanation.topic) - score(explanation.against)) * 10.0 / std::f64::consts::LN_10;
            let sum: f64 = explanation.terms.iter().map(|term| term.decibans).sum();
            prop_assert!((explanation.prior_decibans + sum - explanation.total_decibans).abs() < EXACT);
            prop_assert!((margin - explanation.total_decibans).abs() < EXACT);
            prop_assert!(explanation.total_decibans >= 0.0);
            prop_assert_eq!(explanation.topic, scores[0].topic);
            if against.is_empty() {
                prop_assert_eq!(explanation.against, scores[1].topic);
            }
            prop_assert!(explanation.terms.is_sorted_by(|a, b| a.decibans.abs() >= b.decibans.abs()));

            prop_assert!(explanation.terms.len() <= 16);
            let flips: Vec<_> = explanation.flip_terms().collect();
            prop_assert_eq!(flips.len(), smallest_by_brute_force(&explanation).unwrap_or(0));
            let without = explanation.total_decibans - flips.iter().map(|term| term.decibans).sum::<f64>();
            prop_assert!(flips.is_empty() || without < -EXACT / 2.0);
        }
    }
}

async fn explain(
    client: &mut ClassificationServiceClient<Channel>,
    text: &str,
    options: ClassificationOptions,
    against_topic: &str,
) -> Result<ExplainArticleResponse, Status> {
    let article = Article { title: "Treaty".into(), text: text.to_owned(), ..Article::default() };
    let against_topic = against_topic.to_owned();
    let request = ExplainArticleRequest { article: Some(article), options: Some(options), against_topic };
    Ok(client.explain_article(request).await?.into_inner())
}

#[tokio::test]
async fn an_explanation_is_about_the_answer() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let options = ClassificationOptions { max_evidence_terms: 3, ..ClassificationOptions::default() };
    let article = Article { title: "Treaty".into(), text: TREATY.into(), ..Article::default() };
    let request = ClassifyArticleRequest { article: Some(article), options: Some(options.clone()) };
    let answer = client.classify_article(request).await.unwrap().into_inner().classification.unwrap();

    let mut against_all = vec![(String::new(), answer.topics[1].topic.clone())];
    against_all.extend(answer.topics.iter().skip(1).map(|t| (t.topic.clone(), t.topic.clone())));
    for (asked, expected) in against_all {
        let why = explain(&mut client, TREATY, options.clone(), &asked).await.unwrap();
        assert_eq!(why.classification.as_ref(), Some(&answer));
        assert_eq!(why.against_topic, expected);
        let other = answer.topics.iter().find(|t| t.topic == expected).unwrap();
        let margin = (answer.topics[0].log_score - other.log_score) * 10.0 / std::f64::consts::LN_10;
        assert!((why.total_decibans - margin).abs() < EXACT);
        let sum: f64 = why.terms.iter().map(|term| term.decibans).sum();
        assert!((why.prior_decibans + sum - why.total_decibans).abs() < EXACT);

        assert!(!why.flip_terms.is_empty());
        let decibans = |term: &String| why.terms.iter().find(|t| t.term == *term).unwrap().decibans;
        let taken: f64 = why.flip_terms.iter().map(decibans).sum();
        let all_but_last = taken - decibans(why.flip_terms.last().unwrap());
        assert!(why.total_decibans - taken < 0.0 && why.total_decibans - all_but_last >= 0.0);
    }
    let why = explain(&mut client, TREATY, options, "").await.unwrap();
    assert_eq!(why.terms[..3], answer.evidence, "evidence is the beginning of the ledger");
    for term in &why.terms {
        assert_eq!(term.spans.len(), term.count as usize);
        for span in &term.spans {
            let field = if span.field() == Field::Title { "Treaty" } else { TREATY };
            assert!(field.get(span.start_byte as usize..span.end_byte as usize).is_some());
        }
    }
}

#[tokio::test]
async fn a_topic_that_nothing_can_be_compared_with_is_refused() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    for (text, against, expected) in [
        (TREATY, "tennis", vec![("against_topic", "AGAINST_TOPIC_INVALID")]),
        (TREATY, "diplomacy", vec![("against_topic", "AGAINST_TOPIC_INVALID")]),
        (
            " ",
            "tennis",
            vec![("article.text", "ARTICLE_TEXT_EMPTY"), ("against_topic", "AGAINST_TOPIC_INVALID")],
        ),
    ] {
        let status = explain(&mut client, text, ClassificationOptions::default(), against).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let expected: Vec<_> = expected.into_iter().map(|(f, r)| (f.to_owned(), r.to_owned())).collect();
        assert_eq!(violations(&status), expected);
    }
}

#[tokio::test]
async fn a_topic_without_prior_is_infinitely_far_away() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let weights = [("conflict", 0.0), ("diplomacy", 1.0), ("protest", 1.0), ("other", 1.0)];
    let topic_priors = weights.map(|(topic, weight)| (topic.to_owned(), weight)).into();
    let options = ClassificationOptions { topic_priors, ..ClassificationOptions::default() };
    let why = explain(&mut client, TREATY, options, "conflict").await.unwrap();
    assert_eq!((why.prior_decibans, why.total_decibans), (f64::INFINITY, f64::INFINITY));
    assert!(why.flip_terms.is_empty() && !why.terms.is_empty());
}
