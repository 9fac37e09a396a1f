//! Counting many articles: hash tables that become sorted columns in the end.

use std::{
    collections::{HashMap, hash_map},
    hash::{BuildHasherDefault, Hasher},
};

use super::{
    CombineError, Counts,
    columns::{ArticleDigest, Entry, TermId, WordTable, article_digest},
};
use crate::{
    article::{LabeledArticle, Topic},
    text::{TermKey, TextProfile, TextReader, Weight},
};

/// Hashes numbers by one multiplication; the keys come from text that its owner trains on, not from strangers.
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0.rotate_left(32) ^ number) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Sums under construction: words get numbers in the order in which they are met.
pub(crate) struct Tally {
    profile: TextProfile,
    topics: Vec<Topic>,
    articles: Vec<(ArticleDigest, u16)>,
    word_numbers: NumberMap<u64, u32>,
    words: Vec<Box<str>>,
    /// Term (by the words' numbers) and topic to sum of weights and number of articles.
    sums: NumberMap<(u64, u64), (u64, u32)>,
    /// The numbers of the current article's words.
    numbers: Vec<u32>,
}

impl Tally {
    pub(crate) fn new(profile: TextProfile) -> Self {
        Self {
            profile,
            topics: Vec::new(),
            articles: Vec::new(),
            word_numbers: NumberMap::default(),
            words: Vec::new(),
            sums: NumberMap::default(),
            numbers: Vec::new(),
        }
    }

    /// Adds an article, read with `reader`, which must be this tally's own.
    pub(crate) fn add(
        &mut self,
        reader: &mut TextReader,
        labeled: &LabeledArticle,
    ) -> Result<(), CombineError> {
        let topic = self.topic_number(&labeled.topic)?;
        let article = &labeled.article;
        let (numbers, words) = (&mut self.word_numbers, &mut self.words);
        let mut collision = None;
        reader.read_with(&article.title, &article.text, &mut |TermKey(key), stem| match numbers.entry(key) {
            hash_map::Entry::Vacant(place) => {
                place.insert(words.len() as u32);
                words.push(stem.into());
            }
            hash_map::Entry::Occupied(place) => {
                let known = &words[*place.get() as usize];
                if **known != *stem {
                    collision = Some(CombineError::KeyCollision(known.to_string(), stem.to_owned()));
                }
            }
        });
        if let Some(collision) = collision {
            return Err(collision);
        }
        self.numbers.clear();
        for (key, _, weight) in reader.words() {
            let number = self.word_numbers[&key.0];
            self.numbers.push(number);
            add_weight(&mut self.sums, TermId::word(number), topic, weight);
        }
        for (first, second, _, weight) in reader.pairs() {
            let term = TermId::pair(self.numbers[first as usize], self.numbers[second as usize]);
            add_weight(&mut self.sums, term, topic, weight);
        }
        self.articles.push((article_digest(article), topic));
        Ok(())
    }

    fn topic_number(&mut self, topic: &Topic) -> Result<u16, CombineError> {
        let known = self.topics.iter().position(|t| t == topic);
        let number = known.unwrap_or(self.topics.len());
        if known.is_none() {
            self.topics.push(topic.clone());
        }
        u16::try_from(number).map_err(|_| CombineError::TooManyTopics)
    }

    /// The same sums in canonical order.
    pub(crate) fn into_counts(self) -> Counts {
        let topic_ranks = ranks(&self.topics);
        let word_ranks = ranks(&self.words);
        let mut topics = self.topics;
        topics.sort_unstable();
        let mut words = WordTable::default();
        let mut sorted = self.words;
        sorted.sort_unstable();
        for word in &sorted {
            words.push(word);
        }

        let topic_rank = |topic: u16| topic_ranks[usize::from(topic)] as u16;
        let mut articles: Vec<_> =
            self.articles.into_iter().map(|(digest, topic)| (digest, topic_rank(topic))).collect();
        articles.sort_unstable();
        let mut sums: Vec<(TermId, Entry)> = self
            .sums
            .into_iter()
            .map(|((term, topic), (weight, articles))| {
                let term = TermId(term);
                let first = word_ranks[term.first() as usize];
                let term = match term.second() {
                    None => TermId::word(first),
                    Some(second) => TermId::pair(first, word_ranks[second as usize]),
                };
                (term, Entry { topic: topic_rank(topic as u16), articles, weight })
            })
            .collect();
        sums.sort_unstable_by_key(|(term, entry)| (*term, entry.topic));

        let mut counts = Counts { topics, articles, words, ..Counts::empty(self.profile) };
        for (term, entry) in sums {
            counts.push_entry(term, entry);
        }
        counts
    }
}

fn add_weight(sums: &mut NumberMap<(u64, u64), (u64, u32)>, term: TermId, topic: u16, weight: Weight) {
    let sum = sums.entry((term.0, u64::from(topic))).or_default();
    sum.0 += u64::from(weight);
    sum.1 += 1;
}

/// For each element its place in sorted order.
fn ranks<T: Ord>(elements: &[T]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..elements.len() as u32).collect();
    order.sort_unstable_by_key(|&i| &elements[i as usize]);
    let mut ranks = vec![0; elements.len()];
    for (rank, &i) in order.iter().enumerate() {
        ranks[i as usize] = rank as u32;
    }
    ranks
}
