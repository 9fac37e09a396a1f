//! Counts of right and wrong answers, and what follows from them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Predictions;

/// How often each right label was answered with each label. Labels are numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    counts: BTreeMap<(usize, usize), u64>,
}

/// How well one label is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopicMetrics {
    /// The label.
    pub topic: String,
    /// Articles that have it.
    pub articles: u64,
    /// Answers that have it.
    pub answers: u64,
    /// Share of the answers with this label that are right; none where it is never answered.
    pub precision: Option<f64>,
    /// Share of the articles with this label that are answered so; none where there are none.
    pub recall: Option<f64>,
    /// Harmonic mean of both: 2 right / (articles + answers); 0 where there are neither.
    pub f1: f64,
}

/// What one label has to do with F1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hits {
    pub(crate) right: u64,
    pub(crate) articles: u64,
    pub(crate) answers: u64,
}

impl Hits {
    /// 2 right / (articles + answers).
    pub(crate) fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.articles + self.answers).max(1) as f64
    }
}

/// The mean F1 of the labels that some article has; 0 of none.
pub(crate) fn macro_f1(hits: &[Hits]) -> f64 {
    let (mut sum, mut labels) = (0.0, 0u32);
    for hits in hits.iter().filter(|h| h.articles > 0) {
        sum += hits.f1();
        labels += 1;
    }
    sum / f64::from(labels.max(1))
}

impl Confusion {
    /// That of `predictions`.
    #[must_use]
    pub fn of(predictions: &Predictions) -> Self {
        let mut confusion = Self::default();
        for prediction in predictions.all() {
            confusion.add(prediction.right, prediction.answer);
        }
        confusion
    }

    /// An article of label `right` was answered with `answer`.
    pub fn add(&mut self, right: usize, answer: usize) {
        *self.counts.entry((right, answer)).or_default() += 1;
    }

    /// How many articles of label `right` were answered with `answer`.
    #[must_use]
    pub fn count(&self, right: usize, answer: usize) -> u64 {
        self.counts.get(&(right, answer)).copied().unwrap_or(0)
    }

    fn hits(&self, labels: usize) -> Vec<Hits> {
        let mut hits = vec![Hits::default(); labels];
        for (&(right, answer), &n) in &self.counts {
            if let Some(hits) = hits.get_mut(right) {
                hits.articles += n;
                hits.right += if right == answer { n } else { 0 };
            }
            if let Some(hits) = hits.get_mut(answer) {
                hits.answers += n;
            }
        }
        hits
    }

    /// How well each of `labels` is told, in their order; those without article and answer are left out.
    #[must_use]
    pub fn topics(&self, labels: &[String]) -> Vec<TopicMetrics> {
        let hits = self.hits(labels.len());
        let seen = labels.iter().zip(hits).filter(|(_, h)| h.articles + h.answers > 0);
        seen.map(|(label, hits)| {
            let share = |of: u64| (of > 0).then(|| hits.right as f64 / of as f64);
            TopicMetrics {
                topic: label.clone(),
                articles: hits.articles,
                answers: hits.answers,
                precision: share(hits.answers),
                recall: share(hits.articles),
                f1: hits.f1(),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_by_hand() {
        let mut confusion = Confusion::default();
        for (right, answered) in [(0, 0), (0, 0), (0, 1), (1, 1), (1, 2)] {
            confusion.add(right, answered);
        }
        let labels = ["a", "b", "c", "d"].map(str::to_owned);
        let topics = confusion.topics(&labels);
        // a: 2 right of 3 articles and 2 answers: F1 = 4/5; b: 1 right of 2 articles and 2 answers: F1 = 1/2;
        // c: answered once, never right: 0, and not in the mean, since no article has it; d is not seen at all.
        assert_eq!(topics.len(), 3);
        assert!((topics[0].f1 - 0.8).abs() < 1e-12 && (topics[1].f1 - 0.5).abs() < 1e-12);
        assert_eq!((topics[0].precision, topics[0].recall), (Some(1.0), Some(2.0 / 3.0)));
        assert_eq!((topics[2].precision, topics[2].recall, topics[2].f1), (Some(0.0), None, 0.0));
        assert!((macro_f1(&confusion.hits(4)) - 0.65).abs() < 1e-12);
        assert_eq!((confusion.count(1, 2), confusion.count(2, 1)), (1, 0));
    }
}
