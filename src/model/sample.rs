//! The training articles that leave-one-out scores.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::{abstain::word_surprise, answer::Coverage, leave_one_out::Whole, term_index::TermIndex};
use crate::{
    article::LabeledArticle,
    counts::{ArticleDigest, Counts, article_digest},
    text::{TextReader, Weight},
};

/// Training articles, in the order of their digests.
pub(crate) struct Sample<'a> {
    counts: &'a Counts,
    articles: Vec<SampledArticle>,
}

/// One article: its terms as indexes into those of the counts, with their weights.
pub(crate) struct SampledArticle {
    /// Its place among the articles that were given.
    pub(crate) index: usize,
    pub(crate) topic: usize,
    pub(crate) running_words: u32,
    /// Heaviest first.
    pub(super) terms: Vec<(u32, Weight)>,
    /// The words, as terms, and how often each occurs.
    words: Vec<(u32, u32)>,
}

#[cfg(test)]
impl SampledArticle {
    /// An article of which only topic and length matter.
    pub(crate) fn for_calibration(topic: usize, running_words: u32) -> Self {
        Self { index: 0, topic, running_words, terms: Vec::new(), words: Vec::new() }
    }
}

/// An article that is not part of the counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the article {0:?} of topic {1:?} was not counted")]
pub struct NotCounted(pub String, pub String);

impl<'a> Sample<'a> {
    /// Takes the `limit` articles with the smallest digests, in the order of the digests. `index` is that of the terms of `counts`.
    pub(crate) fn new(
        counts: &'a Counts,
        index: &TermIndex,
        articles: &[&LabeledArticle],
        limit: usize,
    ) -> Result<Self, NotCounted> {
        let not_counted = |a: &LabeledArticle| NotCounted(a.article.id.clone(), a.topic.to_string());
        let mut order: Vec<((ArticleDigest, u16), usize)> = articles
            .par_iter()
            .enumerate()
            .map(|(index, a)| {
                let topic = counts.topics.binary_search(&a.topic).map_err(|_| not_counted(a))?;
                Ok(((article_digest(&a.article), topic as u16), index))
            })
            .collect::<Result<_, _>>()?;
        // Equal articles by their place, so that the order says nothing about threads.
        order.par_sort_unstable();
        let mut counted = counts.articles.iter();
        if let Some((_, stranger)) = order.iter().find(|(key, _)| !counted.any(|other| other == key)) {
            return Err(not_counted(articles[*stranger]));
        }
        order.truncate(limit);

        // A new reader knows no stems: few of them.
        let articles = order
            .par_iter()
            .with_min_len(order.len().div_ceil(4 * rayon::current_num_threads()))
            .map_init(
                || TextReader::new(counts.profile),
                |reader, &((_, topic), place)| {
                    let labeled = articles[place];
                    reader.read(&labeled.article.title, &labeled.article.text);
                    SampledArticle::new(place, usize::from(topic), reader, counts, index)
                        .ok_or_else(|| not_counted(labeled))
                },
            )
            .collect::<Result<_, _>>()?;
        Ok(Self { counts, articles })
    }

    /// In the order of their digests.
    pub(crate) fn articles(&self) -> &[SampledArticle] {
        &self.articles
    }

    pub(crate) fn topics(&self) -> usize {
        self.counts.topics.len()
    }

    /// How much of each article the model of the others knows, and the mean surprise of its words: a word counts as known
    /// where `whole` keeps it without the article.
    pub(crate) fn coverages(&self, whole: &Whole<'_>) -> Vec<(Coverage, f64)> {
        let others = self.counts.article_count() as u64 - 1;
        let coverage = |article: &SampledArticle| {
            let (mut known_words, mut surprise) = (0, 0.0);
            for &(term, tf) in &article.words {
                let articles = whole.other_articles(term);
                known_words += if articles > 0 { tf } else { 0 };
                surprise += f64::from(tf) * word_surprise(articles, others);
            }
            let words = article.running_words;
            (Coverage { words, known_words }, surprise / f64::from(words.max(1)))
        };
        self.articles.par_iter().map(coverage).collect()
    }
}

impl SampledArticle {
    /// The article that was read last. Nothing where one of its terms is missing in the counts.
    fn new(
        place: usize,
        topic: usize,
        reader: &TextReader,
        counts: &Counts,
        index: &TermIndex,
    ) -> Option<Self> {
        let numbers = reader.words().map(|(key, _, _)| index.word(key)).collect::<Option<Vec<u32>>>()?;
        let number = |word: u32| numbers[word as usize];
        let with_numbers = || numbers.iter().map(|&number| index.word_place(number)).zip(reader.words());
        let words: Vec<_> = with_numbers().map(|(term, (_, tf, _))| (term, tf)).collect();
        let mut terms: Vec<_> = with_numbers().map(|(term, (_, _, weight))| (term, weight)).collect();
        let searches: Vec<_> = reader
            .pairs()
            .map(|(a, b, _, weight)| (index.search_pair(number(a), number(b)), weight))
            .collect();
        terms.reserve_exact(searches.len());
        for (search, weight) in searches {
            terms.push((index.pair(search, |place| counts.terms[place as usize])?, weight));
        }
        terms.sort_unstable_by_key(|&(term, weight)| (Reverse(weight), term));
        Some(Self { index: place, topic, running_words: reader.running_words(), terms, words })
    }
}
