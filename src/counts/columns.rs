//! The sums of a corpus as sorted columns: equal corpora have equal columns.

use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{CombineError, tally::Tally};
use crate::{
    article::{Article, LabeledArticle, Topic},
    text::{TermKey, TextProfile, word_key},
};

/// The first 16 bytes of [`Article::digest`]: which articles were counted.
pub(crate) type ArticleDigest = [u8; 16];

/// A thread takes so many articles at a time to count.
const SHARE: usize = 32;

/// A term by its words: the index of the first word in the upper half, and below it 0 for a word alone or the index of
/// the second word plus 1. The order of these numbers is that of the terms' bytes, a space between the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TermId(pub(crate) u64);

impl TermId {
    pub(crate) fn word(index: u32) -> Self {
        Self(u64::from(index) << 32)
    }

    pub(crate) fn pair(first: u32, second: u32) -> Self {
        Self(u64::from(first) << 32 | (u64::from(second) + 1))
    }

    pub(crate) fn first(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(crate) fn second(self) -> Option<u32> {
        (self.0 as u32).checked_sub(1)
    }
}

/// Words in the order of their bytes, all in one string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WordTable {
    bytes: String,
    ends: Vec<u32>,
}

impl WordTable {
    /// No words, and room for so many of so many bytes.
    pub(crate) fn with_capacity(words: usize, bytes: usize) -> Self {
        Self { bytes: String::with_capacity(bytes), ends: Vec::with_capacity(words) }
    }

    /// The words that stand one behind the other in `bytes`, and where each of them ends.
    pub(super) fn from_parts(bytes: String, ends: Vec<u32>) -> Self {
        Self { bytes, ends }
    }

    pub(crate) fn push(&mut self, word: &str) {
        self.bytes.push_str(word);
        self.ends.push(self.bytes.len() as u32);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: u32) -> &str {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|i| self.get(i))
    }

    /// All words, one behind the other.
    pub(crate) fn text(&self) -> &str {
        &self.bytes
    }

    /// How many bytes each word has: no word has more than 255.
    pub(crate) fn lengths(&self) -> Vec<u8> {
        self.iter().map(|word| word.len() as u8).collect()
    }

    /// The text of a term.
    pub(crate) fn term(&self, term: TermId) -> String {
        match term.second() {
            None => self.get(term.first()).to_owned(),
            Some(second) => format!("{} {}", self.get(term.first()), self.get(second)),
        }
    }

    /// The keys of all words.
    pub(crate) fn keys(&self) -> Vec<TermKey> {
        self.iter().map(word_key).collect()
    }
}

/// One topic's share of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Index of the topic.
    pub(crate) topic: u16,
    /// In how many of the topic's articles the term occurs.
    pub(crate) articles: u32,
    /// The sum of its weights in them, in units of 2^-24.
    pub(crate) weight: u64,
}

/// The sum of the articles' vectors, topic by topic.
///
/// The order in which articles are added does not matter, nor how they were split: the columns are sorted by bytes, so
/// equal corpora have equal counts, and equal files.
///
/// ```
/// use bayeswire::{article::{Article, LabeledArticle, Topic}, counts::Counts, text::TextProfile};
///
/// let article = |topic, text: &str| LabeledArticle {
///     topic: Topic::new(topic).unwrap(),
///     article: Article { text: text.to_owned(), ..Article::default() },
/// };
/// let (one, two) = (article("peace", "Envoys meet."), article("war", "Guns fire."));
/// let mut counts = Counts::of(TextProfile::default(), [&one, &two]).unwrap();
/// let alone = Counts::of(TextProfile::default(), [&one]).unwrap();
/// counts.remove(&two).unwrap();
/// assert_eq!(counts, alone);
/// assert!(counts.remove(&two).is_err(), "it is not there any more");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    pub(crate) profile: TextProfile,
    /// Sorted; every one has an article.
    pub(crate) topics: Vec<Topic>,
    /// Digest and topic of every article, sorted.
    pub(crate) articles: Vec<(ArticleDigest, u16)>,
    /// Every word is a term.
    pub(crate) words: WordTable,
    pub(crate) terms: Vec<TermId>,
    /// Where each term's entries end; they begin where those of the term before end.
    pub(crate) ends: Vec<u64>,
    /// By topic within a term.
    pub(crate) entries: Vec<Entry>,
}

impl Counts {
    /// The counts of no article: the neutral element.
    #[must_use]
    pub fn empty(profile: TextProfile) -> Self {
        Self {
            profile,
            topics: Vec::new(),
            articles: Vec::new(),
            words: WordTable::default(),
            terms: Vec::new(),
            ends: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Counts `articles`, on all threads of the current rayon pool.
    ///
    /// # Errors
    /// When there are more than 65,535 topics, or two words share a key.
    pub fn of<'a>(
        profile: TextProfile,
        articles: impl IntoIterator<Item = &'a LabeledArticle>,
    ) -> Result<Self, CombineError> {
        let articles: Vec<_> = articles.into_iter().collect();
        let bytes = articles.iter().map(|a| a.article.title.len() + a.article.text.len()).sum();
        let tally = Tally::new(profile, bytes);
        let threads = rayon::current_num_threads().min(articles.len().div_ceil(SHARE));
        let next = AtomicUsize::new(0);
        // Whichever thread is free takes the next articles: they differ in length.
        (0..threads).into_par_iter().with_max_len(1).try_for_each(|_| {
            let mut counter = tally.counter();
            while let Some(rest) = articles.get(next.fetch_add(SHARE, Ordering::Relaxed)..)
                && !rest.is_empty()
            {
                for article in rest.iter().take(SHARE) {
                    counter.add(article)?;
                }
            }
            counter.finish();
            Ok(())
        })?;
        Ok(tally.into_counts())
    }

    /// How words were made of text.
    #[must_use]
    pub fn profile(&self) -> TextProfile {
        self.profile
    }

    /// The topics, sorted.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// How many articles were counted.
    #[must_use]
    pub fn article_count(&self) -> usize {
        self.articles.len()
    }

    /// How many articles each topic has, in the order of [`Self::topics`].
    #[must_use]
    pub fn articles_per_topic(&self) -> Vec<u64> {
        let mut out = vec![0; self.topics.len()];
        for &(_, topic) in &self.articles {
            out[usize::from(topic)] += 1;
        }
        out
    }

    /// How many distinct terms occur.
    #[must_use]
    pub fn term_count(&self) -> usize {
        self.terms.len()
    }

    /// SHA-256 over the topics and digests of all articles in order: the name of the corpus.
    #[must_use]
    pub fn corpus_digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (digest, topic) in &self.articles {
            corpus_hash(&mut hash, digest, &self.topics[usize::from(*topic)]);
        }
        hash.finalize().into()
    }

    /// What a model says about the corpus.
    pub(crate) fn summary(&self) -> CorpusSummary {
        CorpusSummary {
            digest: self.corpus_digest(),
            articles: self.articles_per_topic(),
            terms: self.terms.len() as u64,
        }
    }

    /// Adds one article.
    ///
    /// # Errors
    /// As for [`Self::of`].
    pub fn add(&mut self, article: &LabeledArticle) -> Result<(), CombineError> {
        *self = self.merge(&Self::of(self.profile, [article])?)?;
        Ok(())
    }

    /// Takes one article away.
    ///
    /// # Errors
    /// When it was not counted under its topic.
    pub fn remove(&mut self, article: &LabeledArticle) -> Result<(), CombineError> {
        *self = self.subtract(&Self::of(self.profile, [article])?)?;
        Ok(())
    }

    /// The entries of the term at `index`.
    #[inline]
    pub(crate) fn entries_of(&self, index: usize) -> &[Entry] {
        &self.entries[self.place_of(index)]
    }

    /// Where the entries of the term at `index` stand.
    #[inline]
    pub(crate) fn place_of(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start as usize..self.ends[index] as usize
    }

    /// In how many articles the term at `index` occurs.
    pub(crate) fn articles_with(&self, index: usize) -> u64 {
        self.entries_of(index).iter().map(|e| u64::from(e.articles)).sum()
    }
}

/// What a model says about the corpus that was counted, whether all of its counts are at hand or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CorpusSummary {
    pub(crate) digest: [u8; 32],
    /// How many each topic has.
    pub(crate) articles: Vec<u64>,
    /// How many distinct terms there are.
    pub(crate) terms: u64,
}

impl CorpusSummary {
    /// How many articles there are.
    pub(crate) fn article_count(&self) -> u64 {
        self.articles.iter().sum()
    }
}

/// Adds an article to the name of a corpus.
pub(crate) fn corpus_hash(hash: &mut Sha256, digest: &ArticleDigest, topic: &Topic) {
    hash.update(digest);
    let name = topic.as_str();
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name.as_bytes());
}

/// The digest that names `article` in counts.
pub(crate) fn article_digest(article: &Article) -> ArticleDigest {
    let full = article.digest();
    std::array::from_fn(|i| full[i])
}
