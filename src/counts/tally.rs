//! Counting many articles on all threads: hash tables that become sorted columns in the end.
//!
//! Terms are dealt out to shards by their first word, and every thread adds to all shards, a batch at a time. So each term
//! has one sum from the start, no tables need to be merged, and the terms that begin with one word stand together when
//! it comes to sorting.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};
use rayon::prelude::*;

use super::{
    CombineError, Counts,
    columns::{ArticleDigest, Entry, TermId, WordTable, article_digest},
    lexicon::{KeyMap, Lexicon},
    shard::{Addend, Shard},
};
use crate::{
    article::{LabeledArticle, Topic},
    text::{TextProfile, TextReader},
};

const SHARDS: usize = 64;
/// In 40 MB of news groups and news a new sum comes every 21 bytes, and a quarter of the slots is to stay free. Larger
/// corpora repeat themselves more.
const BYTES_PER_SLOT: usize = 14;
const MOST_SLOTS: usize = 1 << 22;
/// So many addends wait for a shard.
const BATCH: usize = 512;

/// Topics are numbered with 16 bits.
const MAX_TOPICS: usize = u16::MAX as usize;

/// About so many bytes a word takes in the lexicon, and so many more in what each thread remembers of it.
const WORD_BYTES: usize = 100;
const KNOWN_WORD_BYTES: usize = 30;

/// The topics met so far, numbered in the order in which they were met: that depends on chance.
pub(crate) type TopicNumbers = HashMap<Topic, u16>;

/// Sums under construction, shared by all threads.
pub(crate) struct Tally {
    profile: TextProfile,
    lexicon: Lexicon,
    topics: Mutex<TopicNumbers>,
    shards: Vec<Mutex<Shard>>,
    /// What all shards take.
    shard_bytes: AtomicUsize,
    articles: Mutex<Vec<(ArticleDigest, u16)>>,
}

/// The sums of some articles: sorted terms with their entries, one entry for each topic by its number.
pub(crate) struct Sums {
    profile: TextProfile,
    words: WordTable,
    shards: Vec<Vec<(TermId, Entry)>>,
}

impl Tally {
    /// A tally for articles of about so many bytes.
    pub(crate) fn new(profile: TextProfile, bytes: usize) -> Self {
        Self::with_topics(profile, TopicNumbers::new(), bytes)
    }

    /// The same, where topics have numbers already.
    pub(crate) fn with_topics(profile: TextProfile, topics: TopicNumbers, bytes: usize) -> Self {
        let slots = (bytes / BYTES_PER_SLOT).min(MOST_SLOTS) / SHARDS;
        let shards: Vec<Shard> = (0..SHARDS).map(|_| Shard::with_slots(slots)).collect();
        Self {
            profile,
            lexicon: Lexicon::new(),
            topics: Mutex::new(topics),
            shard_bytes: AtomicUsize::new(shards.iter().map(Shard::bytes).sum()),
            shards: shards.into_iter().map(Mutex::new).collect(),
            articles: Mutex::default(),
        }
    }

    /// About how many bytes the sums take, of articles that were counted by so many threads.
    pub(crate) fn bytes(&self, threads: usize) -> usize {
        let words = self.lexicon.len() * (WORD_BYTES + threads * KNOWN_WORD_BYTES);
        self.shard_bytes.load(Ordering::Relaxed) + words
    }

    /// What one thread adds articles with. What it was given is in the tally once it has finished.
    pub(crate) fn counter(&self) -> Counter<'_> {
        Counter {
            tally: self,
            reader: TextReader::new(self.profile),
            word_numbers: KeyMap::default(),
            topics: HashMap::new(),
            numbers: Vec::new(),
            waiting: (0..SHARDS).map(|_| Vec::with_capacity(BATCH)).collect(),
            articles: Vec::new(),
        }
    }

    /// The sums in canonical order, of articles that were added by [`Counter::add`].
    pub(crate) fn into_counts(mut self) -> Counts {
        let articles = std::mem::take(&mut self.articles);
        let (topics, topic_places) = sorted_topics(into_inner(std::mem::take(&mut self.topics)));
        let mut articles = into_inner(articles);
        for article in &mut articles {
            article.1 = topic_places[usize::from(article.1)];
        }
        articles.par_sort_unstable();
        Counts { topics, articles, ..self.into_sums(&topic_places).into_columns() }
    }

    /// The numbers of the topics, and the sums, their topics by these numbers.
    pub(crate) fn into_numbered_sums(mut self) -> (TopicNumbers, Sums) {
        let topics = into_inner(std::mem::take(&mut self.topics));
        let same: Vec<u16> = (0..=MAX_TOPICS as u16).take(topics.len()).collect();
        (topics, self.into_sums(&same))
    }

    /// The topics in order, the place of each for its number, and the sums of articles that were added by
    /// [`Counter::add_terms`]: counts that lack topics and articles.
    pub(crate) fn into_columns(mut self) -> (Vec<Topic>, Vec<u16>, Counts) {
        let (topics, topic_places) = sorted_topics(into_inner(std::mem::take(&mut self.topics)));
        let counts = self.into_sums(&topic_places).into_columns();
        (topics, topic_places, counts)
    }

    fn into_sums(self, topic_places: &[u16]) -> Sums {
        let (words, word_places) = self.lexicon.into_words();
        let shards = self
            .shards
            .into_par_iter()
            .map(|shard| into_inner(shard).into_sums(&word_places, topic_places))
            .collect();
        Sums { profile: self.profile, words, shards }
    }
}

impl Sums {
    /// All columns but those of topics and articles.
    fn into_columns(self) -> Counts {
        let runs = self.runs();
        // Each side touches memory of its own for the first time: that takes longer than what is written to it.
        let (entries, (terms, ends)) = rayon::join(|| entries(&runs), || terms(&runs));
        Counts { words: self.words, terms, ends, entries, ..Counts::empty(self.profile) }
    }

    /// The entries in the order of the terms, those of one first word at a time.
    pub(super) fn runs(&self) -> Vec<&[(TermId, Entry)]> {
        let mut runs: Vec<&[(TermId, Entry)]> = vec![&[]; self.words.len()];
        // Terms that begin with the same word are in the same shard.
        let of_shards = self
            .shards
            .par_iter()
            .map(|shard| -> Vec<_> { shard.chunk_by(|a, b| a.0.first() == b.0.first()).collect() });
        for run in of_shards.collect::<Vec<_>>().into_iter().flatten() {
            runs[run[0].0.first() as usize] = run;
        }
        runs
    }

    pub(super) fn words(&self) -> &WordTable {
        &self.words
    }
}

fn entries(runs: &[&[(TermId, Entry)]]) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(runs.iter().map(|run| run.len()).sum());
    runs.iter().for_each(|run| entries.extend(run.iter().map(|(_, entry)| *entry)));
    entries
}

/// The terms, and where the entries of each end.
fn terms(runs: &[&[(TermId, Entry)]]) -> (Vec<TermId>, Vec<u64>) {
    let count = runs.par_iter().map(|run| run.chunk_by(|a, b| a.0 == b.0).count()).sum();
    let (mut terms, mut ends) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut end = 0;
    for of_term in runs.iter().flat_map(|run| run.chunk_by(|a, b| a.0 == b.0)) {
        end += of_term.len() as u64;
        terms.push(of_term[0].0);
        ends.push(end);
    }
    (terms, ends)
}

/// Adds articles to a tally on one thread.
pub(crate) struct Counter<'a> {
    tally: &'a Tally,
    reader: TextReader,
    /// The numbers of the words that this thread has met, each with a fingerprint: it spares most looks into the lexicon,
    /// which compares bytes.
    word_numbers: KeyMap<(u32, u32)>,
    /// The numbers of the topics that this thread has met.
    topics: HashMap<Topic, u16>,
    /// The numbers of the current article's words.
    numbers: Vec<u32>,
    /// What is still to be added to each shard.
    waiting: Vec<Vec<Addend>>,
    articles: Vec<(ArticleDigest, u16)>,
}

impl Counter<'_> {
    /// Adds an article.
    pub(crate) fn add(&mut self, labeled: &LabeledArticle) -> Result<(), CombineError> {
        let topic = self.add_terms(labeled)?;
        self.articles.push((article_digest(&labeled.article), topic));
        Ok(())
    }

    /// Adds the terms of an article, which the caller remembers; gives the number of its topic.
    pub(crate) fn add_terms(&mut self, labeled: &LabeledArticle) -> Result<u16, CombineError> {
        let topic = self.topic_number(&labeled.topic)?;
        let article = &labeled.article;
        let (tally, word_numbers) = (self.tally, &mut self.word_numbers);
        let mut collision = None;
        self.reader.read_with(&article.title, &article.text, &mut |key, stem| {
            let fingerprint = fingerprint(stem);
            if word_numbers.get(&key.0).is_some_and(|known| known.1 == fingerprint) {
                return;
            }
            match tally.lexicon.number(key, stem) {
                Ok(number) => {
                    word_numbers.insert(key.0, (number, fingerprint));
                }
                Err(error) => collision = Some(error),
            }
        });
        if let Some(collision) = collision {
            return Err(collision);
        }
        self.numbers.clear();
        self.numbers.extend(self.reader.words().map(|(key, _, _)| self.word_numbers[&key.0].0));
        for (&number, (_, _, weight)) in self.numbers.iter().zip(self.reader.words()) {
            put(tally, &mut self.waiting, Addend { term: TermId::word(number), weight, topic });
        }
        for (first, second, _, weight) in self.reader.pairs() {
            let term = TermId::pair(self.numbers[first as usize], self.numbers[second as usize]);
            put(tally, &mut self.waiting, Addend { term, weight, topic });
        }
        Ok(topic)
    }

    /// Adds what has been waiting.
    pub(crate) fn finish(self) {
        for (shard, waiting) in self.tally.shards.iter().zip(&self.waiting) {
            add(self.tally, shard, waiting);
        }
        lock(&self.tally.articles).extend(self.articles);
    }

    /// The number of a topic, which gets one if it has none.
    pub(crate) fn topic_number(&mut self, topic: &Topic) -> Result<u16, CombineError> {
        if let Some(&number) = self.topics.get(topic) {
            return Ok(number);
        }
        let mut topics = lock(&self.tally.topics);
        let next = topics.len();
        if next == MAX_TOPICS && !topics.contains_key(topic) {
            return Err(CombineError::TooManyTopics);
        }
        let number = *topics.entry(topic.clone()).or_insert(next as u16);
        self.topics.insert(topic.clone(), number);
        Ok(number)
    }
}

/// A hash that has nothing to do with a word's key.
fn fingerprint(word: &str) -> u32 {
    const SECRETS: RapidSecrets = RapidSecrets::seed(0x636F_756E_7469_6E67);
    rapidhash_v3_seeded(word.as_bytes(), &SECRETS) as u32
}

#[inline]
fn put(tally: &Tally, waiting: &mut [Vec<Addend>], addend: Addend) {
    let shard = (addend.term.first().wrapping_mul(0x9E37_79B9) >> 26) as usize % SHARDS;
    let batch = &mut waiting[shard];
    batch.push(addend);
    if batch.len() == BATCH {
        add(tally, &tally.shards[shard], batch);
        batch.clear();
    }
}

fn add(tally: &Tally, shard: &Mutex<Shard>, addends: &[Addend]) {
    let mut shard = lock(shard);
    let before = shard.bytes();
    shard.add(addends);
    // It only ever grows.
    let grown = shard.bytes() - before;
    if grown > 0 {
        tally.shard_bytes.fetch_add(grown, Ordering::Relaxed);
    }
}

/// A thread that panicked takes the whole count down with it; until then nobody needs to know.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The topics in order, and for each number its topic's place among them.
pub(crate) fn sorted_topics(numbers: TopicNumbers) -> (Vec<Topic>, Vec<u16>) {
    let mut topics: Vec<(Topic, u16)> = numbers.into_iter().collect();
    topics.sort_unstable();
    let mut places = vec![0; topics.len()];
    for (place, (_, number)) in (0..).zip(&topics) {
        places[usize::from(*number)] = place;
    }
    (topics.into_iter().map(|(topic, _)| topic).collect(), places)
}
