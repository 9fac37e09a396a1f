//! What was answered: topics, abstentions, and how much of the articles the model knew.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGaugeVec, Registry};

use super::{NAMESPACE, opts, register};
use crate::model::{AbstainReason, Classification, Decision, Model, Revision};

/// In the order of [`AbstainReason`].
const REASONS: [(AbstainReason, &str); 5] = [
    (AbstainReason::TooShort, "TOO_SHORT"),
    (AbstainReason::UnsupportedLanguage, "UNSUPPORTED_LANGUAGE"),
    (AbstainReason::LowCoverage, "LOW_COVERAGE"),
    (AbstainReason::OffTopic, "OFF_TOPIC"),
    (AbstainReason::LowProbability, "LOW_PROBABILITY"),
];

#[derive(Debug)]
pub(super) struct AnswerMetrics {
    articles: IntCounterVec,
    abstained: IntCounter,
    /// In the order of [`REASONS`].
    reasons: Vec<IntCounter>,
    known_words: Histogram,
    revision: IntGaugeVec,
    /// The counters of the topics of the model that answered last.
    topics: ArcSwapOption<TopicCounters>,
}

#[derive(Debug)]
struct TopicCounters {
    revision: Revision,
    by_topic: Vec<IntCounter>,
}

impl AnswerMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let articles = IntCounterVec::new(
            opts("articles_total", "Articles classified, by decision and topic (empty when abstained)."),
            &["decision", "topic"],
        );
        let articles = register(registry, articles)?;
        let reasons = IntCounterVec::new(
            opts("abstentions_total", "Articles that no topic was assigned to, by reason."),
            &["reason"],
        );
        let reasons = register(registry, reasons)?;
        let known_words = HistogramOpts::new(
            "known_word_ratio",
            "The share of an article's words that the model knows; when it falls, the news has moved on.",
        );
        let buckets = (1..=10).map(|tenth| f64::from(tenth) / 10.0).collect();
        let revision = IntGaugeVec::new(
            opts("model_info", "The model that answers when no revision is named; always 1."),
            &["revision"],
        );
        Ok(Self {
            abstained: articles.with_label_values(&["ABSTAINED", ""]),
            articles,
            reasons: REASONS.iter().map(|(_, name)| reasons.with_label_values(&[*name])).collect(),
            known_words: register(
                registry,
                Histogram::with_opts(known_words.namespace(NAMESPACE).buckets(buckets)),
            )?,
            revision: register(registry, revision)?,
            topics: ArcSwapOption::empty(),
        })
    }

    pub(super) fn activated(&self, model: &Model) {
        self.revision.reset();
        self.revision.with_label_values(&[model.revision().to_string()]).set(1);
        // So that every topic is exported from the beginning.
        self.topics.store(Some(Arc::new(self.counters(model))));
    }

    pub(super) fn answered(&self, model: &Model, answer: &Classification) {
        match answer.decision {
            Decision::Assigned(topic) => self.assigned(model, topic),
            Decision::Abstained(reason) => {
                self.abstained.inc();
                let place = REASONS.iter().position(|(r, _)| *r == reason);
                if let Some(counter) = place.and_then(|i| self.reasons.get(i)) {
                    counter.inc();
                }
            }
        }
        if answer.coverage.words > 0 {
            self.known_words
                .observe(f64::from(answer.coverage.known_words) / f64::from(answer.coverage.words));
        }
    }

    fn assigned(&self, model: &Model, topic: usize) {
        let held = self.topics.load();
        match held.as_deref() {
            Some(counters) if counters.revision == model.revision() => count(counters, topic),
            // A revision that was asked for by name: rare, so it is looked up each time.
            _ => count(&self.counters(model), topic),
        }
    }

    fn counters(&self, model: &Model) -> TopicCounters {
        let counter = |topic: &String| self.articles.with_label_values(&["ASSIGNED", topic]);
        TopicCounters {
            revision: model.revision(),
            by_topic: model.facts().topics.iter().map(counter).collect(),
        }
    }
}

fn count(counters: &TopicCounters, topic: usize) {
    if let Some(counter) = counters.by_topic.get(topic) {
        counter.inc();
    }
}
