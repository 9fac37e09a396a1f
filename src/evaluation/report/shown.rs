//! The articles that a report shows.

use std::{cmp::Reverse, collections::BTreeMap};

use super::mistakes::MISTAKES;
use crate::{article::LabeledArticle, evaluation::Prediction};

/// Articles that a report may show, with what they are called, by their places among all.
///
/// Of any number of articles that are [offered](Self::offer) only those of the worst mistakes are kept.
#[derive(Debug, Default)]
pub struct Shown {
    articles: BTreeMap<usize, (LabeledArticle, String)>,
    /// The losses of the mistakes, worst first: bits of numbers that are not negative are in the order of the numbers.
    mistakes: BTreeMap<(Reverse<u64>, [u8; 32]), usize>,
}

impl Shown {
    /// All of `articles` and their `names`.
    #[must_use]
    pub fn all(articles: Vec<LabeledArticle>, names: Vec<String>) -> Self {
        let articles = articles.into_iter().zip(names).enumerate().collect();
        Self { articles, mistakes: BTreeMap::new() }
    }

    /// Keeps an article if it is one of the worst mistakes so far; `digest` is that of the article.
    pub fn offer(
        &mut self,
        prediction: &Prediction,
        digest: [u8; 32],
        article: impl FnOnce() -> (LabeledArticle, String),
    ) {
        if prediction.is_right() {
            return;
        }
        let key = (Reverse(prediction.log_loss().to_bits()), digest);
        let full = self.mistakes.len() >= MISTAKES;
        if full && self.mistakes.last_key_value().is_some_and(|(last, _)| *last <= key) {
            return;
        }
        if let Some(before) = self.mistakes.insert(key, prediction.article) {
            self.articles.remove(&before);
        }
        self.articles.insert(prediction.article, article());
        if self.mistakes.len() > MISTAKES
            && let Some((_, least)) = self.mistakes.pop_last()
        {
            self.articles.remove(&least);
        }
    }

    pub(super) fn get(&self, article: usize) -> Option<&LabeledArticle> {
        self.articles.get(&article).map(|(labeled, _)| labeled)
    }

    pub(super) fn name(&self, article: usize) -> &str {
        self.articles.get(&article).map_or("", |(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Article, Topic};

    #[test]
    fn only_the_worst_mistakes_are_kept() {
        let mut shown = Shown::default();
        let labeled = |i: usize| LabeledArticle {
            topic: Topic::new("a").unwrap(),
            article: Article { text: i.to_string(), ..Article::default() },
        };
        // Mistakes of rising and falling loss, among right answers: the probability of the right label falls to 1/1000.
        for i in 0..1000 {
            let right = 1.0 / (1.0 + (i * 7919 % 1000) as f64);
            let answer = usize::from(i % 3 > 0);
            let prediction = Prediction {
                article: i,
                right: 0,
                answer,
                assigned: true,
                probabilities: vec![right, 1.0 - right],
            };
            shown.offer(&prediction, labeled(i).article.digest(), || (labeled(i), i.to_string()));
        }
        let mut expected: Vec<usize> = (0..1000).filter(|i| i % 3 > 0).collect();
        expected.sort_by_key(|i| Reverse(i * 7919 % 1000));
        expected.truncate(MISTAKES);
        expected.sort_unstable();
        assert!(shown.articles.keys().copied().eq(expected));
        assert!(shown.articles.iter().all(|(i, (labeled, _))| labeled.article.text == i.to_string()));
    }
}
