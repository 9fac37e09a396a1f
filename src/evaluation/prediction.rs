//! Answers beside the right labels.

use rayon::prelude::*;

use super::Collector;
use crate::{
    article::LabeledArticle,
    model::{Classification, HeldOut, Model},
};

/// Log-loss takes smaller probabilities for this: one article must not outweigh all others.
pub const MIN_PROBABILITY: f64 = 1e-15;

/// How one article was answered. Labels are indexes into [`Predictions::labels`].
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The article's place among those that were given.
    pub article: usize,
    /// The right label.
    pub right: usize,
    /// The label of the answer. Where no topic was assigned, that of the background; of a model without one, the most
    /// probable topic: the forced choice that closed-set figures are about.
    pub answer: usize,
    /// Whether a topic was assigned.
    pub assigned: bool,
    /// The probability of every topic of the model, in the order of its topics.
    pub probabilities: Vec<f64>,
}

impl Prediction {
    /// Whether the answer is the right label.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.right == self.answer
    }

    /// The probability that the model gives to the label at `label`; 0 where it does not know it.
    #[must_use]
    pub fn probability(&self, label: usize) -> f64 {
        self.probabilities.get(label).copied().unwrap_or(0.0)
    }

    /// -ln of the probability of the right label, in nats; at most -ln [`MIN_PROBABILITY`].
    #[must_use]
    pub fn log_loss(&self) -> f64 {
        -libm::log(self.probability(self.right).clamp(MIN_PROBABILITY, 1.0))
    }

    /// Sum over all labels of (probability - 1 or 0)^2, from 0 to 2 (Brier 1950).
    #[must_use]
    pub fn brier(&self) -> f64 {
        let squares: f64 = self.probabilities.iter().map(|p| p * p).sum();
        let right = self.probability(self.right);
        squares - right * right + (1.0 - right) * (1.0 - right)
    }

    /// The most probable topic that is not `label`.
    #[must_use]
    pub fn best_except(&self, label: usize) -> Option<usize> {
        let others = (0..self.probabilities.len()).filter(|&t| t != label);
        others.reduce(|best, t| if self.probabilities[t] > self.probabilities[best] { t } else { best })
    }
}

/// The answers to labelled articles, in the order of the articles' digests: sums over them do not depend on the order in
/// which the articles were read.
#[derive(Clone, Debug)]
pub struct Predictions {
    labels: Vec<String>,
    topics: usize,
    background: Option<usize>,
    predictions: Vec<Prediction>,
}

impl Predictions {
    /// Sets `answers`, one for each of `articles` in their order, beside the labels.
    #[must_use]
    pub fn new(model: &Model, articles: &[LabeledArticle], answers: &[Classification]) -> Self {
        Self::of_pairs(model, articles, answers.iter().enumerate().collect())
    }

    /// Sets the answers to training articles beside the labels. Articles that were not answered are left out.
    #[must_use]
    pub fn held_out(model: &Model, articles: &[LabeledArticle], answers: &[HeldOut]) -> Self {
        Self::of_pairs(model, articles, answers.iter().map(|a| (a.article, &a.classification)).collect())
    }

    fn of_pairs(model: &Model, articles: &[LabeledArticle], answers: Vec<(usize, &Classification)>) -> Self {
        let digests: Vec<_> = answers
            .into_par_iter()
            .filter_map(|(index, answer)| {
                let labeled = articles.get(index)?;
                Some((index, labeled, labeled.article.digest(), answer))
            })
            .collect();
        let mut collector = Collector::new(model.facts());
        for (index, labeled, digest, answer) in digests {
            collector.add(index, digest, &labeled.topic, answer);
        }
        collector.finish()
    }

    /// Predictions with the digests of their articles, in any order.
    pub(super) fn sorted(
        labels: Vec<String>,
        topics: usize,
        background: Option<usize>,
        mut predictions: Vec<([u8; 32], Prediction)>,
    ) -> Self {
        predictions.par_sort_by(|a, b| (a.0, a.1.right, a.1.article).cmp(&(b.0, b.1.right, b.1.article)));
        let predictions = predictions.into_iter().map(|(_, prediction)| prediction).collect();
        Self { labels, topics, background, predictions }
    }

    /// The topics of the model, then other labels of the articles.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How many of the labels are topics of the model.
    #[must_use]
    pub fn topics(&self) -> usize {
        self.topics
    }

    /// The label that stands for "none of the others", where there is one.
    #[must_use]
    pub fn background(&self) -> Option<usize> {
        self.background
    }

    /// All of them, in the order of the articles' digests.
    #[must_use]
    pub fn all(&self) -> &[Prediction] {
        &self.predictions
    }

    /// The answers that contradict the label most: those whose most probable topic is another one, by falling loss.
    /// On leave-one-out answers these are the most probable label errors.
    #[must_use]
    pub fn suspects(&self, most: usize) -> Vec<&Prediction> {
        let contradicts = |p: &&Prediction| {
            p.best_except(p.right).is_some_and(|other| p.probability(other) > p.probability(p.right))
        };
        worst(self.predictions.iter().filter(contradicts), most)
    }

    /// The wrong answers of the greatest loss, worst first.
    #[must_use]
    pub fn mistakes(&self, most: usize) -> Vec<&Prediction> {
        worst(self.predictions.iter().filter(|p| !p.is_right()), most)
    }

    /// Labels that the model does not know, with the number of their articles.
    #[must_use]
    pub fn unknown(&self) -> Vec<(&str, usize)> {
        let mut counts = vec![0; self.labels.len()];
        for prediction in &self.predictions {
            counts[prediction.right] += 1;
        }
        let counts = self.labels.iter().zip(counts).skip(self.topics);
        counts.filter(|(_, n)| *n > 0).map(|(label, n)| (label.as_str(), n)).collect()
    }

    /// Predictions made up for a test: right label, answer, probabilities.
    #[cfg(test)]
    pub(crate) fn of(labels: &[&str], background: Option<usize>, rows: &[(usize, usize, &[f64])]) -> Self {
        let predictions =
            rows.iter().enumerate().map(|(article, &(right, answer, probabilities))| Prediction {
                article,
                right,
                answer,
                assigned: Some(answer) != background,
                probabilities: probabilities.to_vec(),
            });
        Self {
            labels: labels.iter().map(|&l| l.to_owned()).collect(),
            topics: rows[0].2.len(),
            background,
            predictions: predictions.collect(),
        }
    }
}

/// Those of the greatest loss; equal ones stay in their order.
fn worst<'a>(predictions: impl Iterator<Item = &'a Prediction>, most: usize) -> Vec<&'a Prediction> {
    let mut ranked: Vec<(f64, &Prediction)> = predictions.map(|p| (p.log_loss(), p)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().take(most).map(|(_, p)| p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_by_hand() {
        let of = |right, probabilities: &[f64]| Prediction {
            article: 0,
            right,
            answer: 0,
            assigned: true,
            probabilities: probabilities.to_vec(),
        };
        // Right 0.7: -ln 0.7 = 0.356675; 0.3^2 + 0.2^2 + 0.1^2 = 0.14.
        let right = of(0, &[0.7, 0.2, 0.1]);
        assert!((right.log_loss() - 0.356_675).abs() < 1e-6 && (right.brier() - 0.14).abs() < 1e-12);
        // Right 0.1: -ln 0.1 = ln 10; 0.7^2 + 0.2^2 + 0.9^2 = 1.34.
        let wrong = of(2, &[0.7, 0.2, 0.1]);
        assert!(
            (wrong.log_loss() - std::f64::consts::LN_10).abs() < 1e-6 && (wrong.brier() - 1.34).abs() < 1e-12
        );
        // A label that the model does not know: -ln 1e-15 = 34.538776; 0.7^2 + 0.2^2 + 0.1^2 + 1 = 1.54.
        let unknown = of(3, &[0.7, 0.2, 0.1]);
        assert!((unknown.log_loss() - 34.538_776).abs() < 1e-6 && (unknown.brier() - 1.54).abs() < 1e-12);
        assert_eq!((wrong.best_except(0), wrong.best_except(2)), (Some(1), Some(0)));
    }
}
