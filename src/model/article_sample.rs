//! The articles that leave-one-out will score, collected while a corpus is read.

use std::collections::BTreeMap;

use super::sample::{SAMPLE_BYTES, SAMPLE_LIMIT};
use crate::{
    article::{Article, LabeledArticle, Topic},
    counts::ArticleDigest,
};

/// The articles of least digest among all that were offered, in whatever order: those that [`sampled`](super::sample::sampled)
/// takes of all of them.
#[derive(Debug, Default)]
pub(crate) struct ArticleSample {
    articles: BTreeMap<Key, ([u8; 32], Article)>,
    /// What titles and texts have together.
    bytes: usize,
    /// The first that there was no room for: nor is there any for those behind it.
    end: Option<Key>,
}

/// What orders a sample: digest, topic, place among all articles.
type Key = (ArticleDigest, Topic, u64);

/// An article of a sample.
#[derive(Debug)]
pub(crate) struct TakenArticle {
    pub(crate) digest: [u8; 32],
    /// Its place among all articles.
    pub(crate) place: u64,
    pub(crate) labeled: LabeledArticle,
}

impl ArticleSample {
    /// Takes the article with this digest and place among all articles, unless there is no room for it.
    pub(crate) fn offer(&mut self, digest: [u8; 32], place: u64, labeled: LabeledArticle) {
        let key = (std::array::from_fn(|i| digest[i]), labeled.topic, place);
        if self.end.as_ref().is_some_and(|end| key >= *end) {
            return;
        }
        self.bytes += bytes(&labeled.article);
        self.articles.insert(key, (digest, labeled.article));
        while self.articles.len() > SAMPLE_LIMIT || self.bytes > SAMPLE_BYTES && self.articles.len() > 1 {
            let Some((key, (_, article))) = self.articles.pop_last() else { break };
            self.bytes -= bytes(&article);
            self.end = Some(key);
        }
    }

    /// No article is taken whose digest begins with a larger number.
    pub(crate) fn last_prefix(&self) -> u64 {
        self.end.as_ref().map_or(u64::MAX, |end| digest_prefix(&end.0))
    }

    /// How many articles it has.
    pub(crate) fn len(&self) -> usize {
        self.articles.len()
    }

    /// What titles and texts have together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn memory(&self) -> usize {
        self.bytes + self.articles.len() * 300
    }

    /// In the order of the digests.
    pub(crate) fn into_articles(self) -> Vec<TakenArticle> {
        let taken = |((_, topic, place), (digest, article))| TakenArticle {
            digest,
            place,
            labeled: LabeledArticle { topic, article },
        };
        self.articles.into_iter().map(taken).collect()
    }
}

fn bytes(article: &Article) -> usize {
    article.title.len() + article.text.len()
}

/// The number that a digest begins with.
pub(crate) fn digest_prefix(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::sampled;

    /// The places that are taken of articles with texts of these lengths, offered in an order.
    fn taken(lengths: &[usize], order: impl Iterator<Item = usize>) -> Vec<u64> {
        let mut sample = ArticleSample::default();
        for place in order {
            let article = Article { text: "x".repeat(lengths[place]), ..Article::default() };
            let labeled = LabeledArticle { topic: Topic::new("t").unwrap(), article };
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&(place as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
            let fits = digest_prefix(&digest) <= sample.last_prefix();
            let before = sample.articles.len();
            sample.offer(digest, place as u64, labeled);
            assert!(fits || sample.articles.len() == before);
        }
        sample.into_articles().iter().map(|article| article.place).collect()
    }

    #[test]
    fn a_sample_does_not_depend_on_the_order_in_which_articles_come() {
        let large = |n: usize| if n.is_multiple_of(3) { SAMPLE_BYTES / 9 } else { SAMPLE_BYTES / 40 };
        for lengths in [vec![1; 9000], (0..60).map(large).collect(), vec![SAMPLE_BYTES + 1; 3]] {
            let mut order: Vec<usize> = (0..lengths.len()).collect();
            order.sort_by_key(|&n| (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let count = sampled(order.iter().map(|&n| lengths[n]));
            let expected: Vec<u64> = order.iter().take(count).map(|&n| n as u64).collect();
            assert_eq!(taken(&lengths, 0..lengths.len()), expected);
            assert_eq!(taken(&lengths, (0..lengths.len()).rev()), expected);
            assert_eq!(taken(&lengths, order.into_iter()), expected);
        }
    }
}
