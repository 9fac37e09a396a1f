//! The training articles that leave-one-out scores.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{
    abstain::word_surprise,
    answer::Coverage,
    leave_one_out::Whole,
    look_up::{LookUp, UNKNOWN},
    term_table::TermTable,
};
use crate::{
    article::LabeledArticle,
    counts::{ArticleDigest, Counts, article_digest},
    text::{TextReader, Weight, detect_language},
};

/// Leave-one-out calibrates and sets thresholds on at most so many articles, those with the smallest digests.
pub const SAMPLE_LIMIT: usize = 8192;
/// And on so many that their titles and texts have at most so many bytes together; on one article at least.
pub const SAMPLE_BYTES: usize = 32 << 20;
/// So many articles are looked at for their language.
const LANGUAGE_SAMPLE: usize = 400;

/// Training articles, in the order of their digests.
pub(crate) struct Sample<'a> {
    counts: &'a Counts,
    articles: Vec<SampledArticle>,
    languages: Vec<String>,
}

/// One article: its terms as indexes into those of the counts, with their weights.
pub(crate) struct SampledArticle {
    /// Its place among the articles that were given.
    pub(crate) index: usize,
    pub(crate) topic: usize,
    pub(crate) running_words: u32,
    /// Heaviest first.
    pub(super) terms: Vec<(u32, Weight)>,
    /// The words, as terms or [`UNKNOWN`], and how often each occurs.
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

/// Of the articles with the smallest digests, which come in their order, as many as are sampled: at most [`SAMPLE_LIMIT`],
/// and with their texts and titles at most [`SAMPLE_BYTES`], but one at least.
pub(crate) fn sampled(articles: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fits = |text: &usize| {
        bytes += text;
        bytes <= SAMPLE_BYTES
    };
    articles.take(SAMPLE_LIMIT).take_while(fits).count().max(1)
}

/// The places of `articles` in the order of their digests and topics, equal ones by their place, so that the order says
/// nothing about threads.
///
/// # Errors
/// When one of them was not counted.
pub(crate) fn in_order_of_digests(
    counts: &Counts,
    articles: &[&LabeledArticle],
) -> Result<Vec<usize>, NotCounted> {
    let not_counted = |a: &LabeledArticle| NotCounted(a.article.id.clone(), a.topic.to_string());
    let mut order: Vec<((ArticleDigest, u16), usize)> = articles
        .par_iter()
        .enumerate()
        .map(|(index, a)| {
            let topic = counts.topics.binary_search(&a.topic).map_err(|_| not_counted(a))?;
            Ok(((article_digest(&a.article), topic as u16), index))
        })
        .collect::<Result<_, _>>()?;
    order.par_sort_unstable();
    let mut counted = counts.articles.iter();
    if let Some((_, stranger)) = order.iter().find(|(key, _)| !counted.any(|other| other == key)) {
        return Err(not_counted(articles[*stranger]));
    }
    Ok(order.into_iter().map(|(_, index)| index).collect())
}

impl<'a> Sample<'a> {
    /// Takes articles in the order of their digests, each with what [`SampledArticle::index`] is to be. `counts` must hold
    /// them all, or what is left of such counts when terms are dropped; `index` is that of their terms.
    pub(crate) fn new(
        counts: &'a Counts,
        index: &TermTable,
        articles: &[(usize, &LabeledArticle)],
    ) -> Result<Self, NotCounted> {
        let not_counted = |a: &LabeledArticle| NotCounted(a.article.id.clone(), a.topic.to_string());
        // A new reader knows no stems: few of them.
        let read = articles
            .par_iter()
            .with_min_len(articles.len().div_ceil(4 * rayon::current_num_threads()))
            .map_init(
                || (TextReader::new(counts.profile), LookUp::default()),
                |(reader, look_up), &(place, labeled)| {
                    let topic =
                        counts.topics.binary_search(&labeled.topic).map_err(|_| not_counted(labeled))?;
                    reader.read(&labeled.article.title, &labeled.article.text);
                    look_up.find(reader, index, |_| ());
                    Ok(SampledArticle::new(place, topic, reader, look_up, index))
                },
            )
            .collect::<Result<_, _>>()?;
        let languages = languages(articles);
        Ok(Self { counts, articles: read, languages })
    }

    /// The languages in which at least one in twenty articles is written, judged by up to [`LANGUAGE_SAMPLE`] of them.
    pub(crate) fn languages(&self) -> &[String] {
        &self.languages
    }

    /// In the order of their digests.
    pub(crate) fn articles(&self) -> &[SampledArticle] {
        &self.articles
    }

    pub(crate) fn topics(&self) -> usize {
        self.counts.topics.len()
    }

    /// How much of each article the model of the others knows, and the mean surprise of its words: a word counts as known
    /// where `whole` keeps it without the article. `article_count` is that of the whole corpus.
    pub(crate) fn coverages(&self, whole: &Whole<'_>, article_count: u64) -> Vec<(Coverage, f64)> {
        let others = article_count - 1;
        let coverage = |article: &SampledArticle| {
            let (mut known_words, mut surprise) = (0, 0.0);
            for &(term, tf) in &article.words {
                let articles = if term == UNKNOWN { 0 } else { whole.other_articles(term) };
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
    /// The article that was read and looked up last. A term that is missing in the counts is one that leave-one-out does not
    /// keep either.
    fn new(place: usize, topic: usize, reader: &TextReader, look_up: &LookUp, index: &TermTable) -> Self {
        let numbers = look_up.word_numbers().iter();
        let places = numbers.map(|&n| if n == UNKNOWN { n } else { index.of_word(n) });
        let words: Vec<_> = places.zip(reader.words()).map(|(term, (_, tf, _))| (term, tf)).collect();
        let mut terms = look_up.terms().to_vec();
        // Heaviest first, then by their places, as one number: that is compared without a branch.
        terms.sort_unstable_by_key(|&(term, weight)| u64::from(!weight) << 32 | u64::from(term));
        Self { index: place, topic, running_words: reader.running_words(), terms, words }
    }
}

fn languages(articles: &[(usize, &LabeledArticle)]) -> Vec<String> {
    let some: Vec<&'static str> = articles
        .par_iter()
        .take(LANGUAGE_SAMPLE)
        .map(|(_, a)| detect_language(&a.article.title, &a.article.text))
        .collect();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for tag in &some {
        *counts.entry(tag).or_default() += 1;
    }
    counts.into_iter().filter(|(_, n)| n * 20 >= some.len()).map(|(tag, _)| tag.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_few_articles_of_few_bytes() {
        assert_eq!(sampled(std::iter::repeat_n(1, 10_000)), SAMPLE_LIMIT);
        assert_eq!(sampled(std::iter::repeat_n(SAMPLE_BYTES / 3, 10_000)), 3);
        // What comes after one that does not fit is not looked at: another order would give another sample.
        assert_eq!(sampled([SAMPLE_BYTES - 1, 2, 1].into_iter()), 1);
        assert_eq!(sampled([SAMPLE_BYTES + 1, 2].into_iter()), 1);
        assert_eq!(sampled([7].into_iter()), 1);
    }
}
