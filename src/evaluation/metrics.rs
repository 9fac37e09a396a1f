//! Counts of right and wrong answers, and what follows from them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// How often each right label was answered with each label.
#[derive(Clone, Debug, Default)]
pub struct Confusion {
    counts: BTreeMap<(String, String), u64>,
}

/// How well one label is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopicMetrics {
    /// The label.
    pub topic: String,
    /// Articles that have it.
    pub articles: u64,
    /// Share of the answers with this label that are right; none where it is never answered.
    pub precision: Option<f64>,
    /// Share of the articles with this label that are answered so; none where there are none.
    pub recall: Option<f64>,
    /// Harmonic mean of both: 2 right / (articles + answers).
    pub f1: f64,
}

impl Confusion {
    /// An article of label `right` was answered with `answered`.
    pub fn add(&mut self, right: &str, answered: &str) {
        *self.counts.entry((right.to_owned(), answered.to_owned())).or_default() += 1;
    }

    fn sum(&self, which: impl Fn(&str, &str) -> bool) -> u64 {
        self.counts.iter().filter(|((right, answered), _)| which(right, answered)).map(|(_, n)| n).sum()
    }

    /// How many articles were added.
    #[must_use]
    pub fn articles(&self) -> u64 {
        self.sum(|_, _| true)
    }

    /// Share of right answers; 0 of none.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.sum(|right, answered| right == answered) as f64 / self.articles().max(1) as f64
    }

    /// Every label that is right for an article.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicMetrics> {
        let labels: BTreeSet<&str> = self.counts.keys().map(|(right, _)| right.as_str()).collect();
        labels
            .into_iter()
            .map(|label| {
                let hits = self.sum(|right, answered| right == label && answered == label);
                let articles = self.sum(|right, _| right == label);
                let answers = self.sum(|_, answered| answered == label);
                let share = |of: u64| (of > 0).then(|| hits as f64 / of as f64);
                TopicMetrics {
                    topic: label.to_owned(),
                    articles,
                    precision: share(answers),
                    recall: share(articles),
                    f1: 2.0 * hits as f64 / (articles + answers).max(1) as f64,
                }
            })
            .collect()
    }

    /// The mean of the labels' F1.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let topics = self.topics();
        topics.iter().map(|t| t.f1).sum::<f64>() / topics.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_by_hand() {
        let mut confusion = Confusion::default();
        for (right, answered) in [("a", "a"), ("a", "a"), ("a", "b"), ("b", "b")] {
            confusion.add(right, answered);
        }
        assert!((confusion.accuracy() - 0.75).abs() < 1e-12);
        let topics = confusion.topics();
        // a: 2 right of 3 articles and 2 answers: F1 = 4/5; b: 1 right of 1 article and 2 answers: F1 = 2/3.
        assert!((topics[0].f1 - 0.8).abs() < 1e-12 && (topics[1].f1 - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(topics[1].precision, Some(0.5));
        assert!((confusion.macro_f1() - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    }
}
