//! Counts as a file.

use serde_json::{Map, Value, json};

use super::{
    Counts,
    columns::{Entry, TermId, WordTable},
};
use crate::{
    article::Topic,
    file::{InvalidFile, TensorFile, TensorWriter},
    text::{TextProfile, WEIGHT_ONE},
};

/// What the metadata of a counts file call it.
pub const COUNTS_FORMAT: &str = "bayeswire.counts/2";

/// How many tensors a counts file has.
const TENSORS: usize = 9;

impl Counts {
    /// The bytes of a `.counts` file: equal counts give equal bytes.
    ///
    /// # Errors
    /// When the counts outgrow the format (2^32 words or bytes of words).
    pub fn to_bytes(&self) -> Result<Vec<u8>, InvalidFile> {
        let digests: Vec<u8> = self.articles.iter().flat_map(|(digest, _)| *digest).collect();
        let article_topics: Vec<u16> = self.articles.iter().map(|a| a.1).collect();
        let word_lengths = self.words.lengths();
        let terms: Vec<u64> = self.terms.iter().map(|t| t.0).collect();
        let entry_topics: Vec<u16> = self.entries.iter().map(|e| e.topic).collect();
        let entry_articles: Vec<u32> = self.entries.iter().map(|e| e.articles).collect();
        let entry_weights: Vec<u64> = self.entries.iter().map(|e| e.weight).collect();
        let mut writer = TensorWriter::new();
        writer.put("article_digests", &digests);
        writer.put("article_topics", &article_topics);
        writer.put("word_bytes", self.words.text().as_bytes());
        writer.put("word_lengths", &word_lengths);
        writer.put("term_words", &terms);
        writer.put("term_ends", &self.ends);
        writer.put("entry_topics", &entry_topics);
        writer.put("entry_articles", &entry_articles);
        writer.put("entry_weights", &entry_weights);
        writer.finish(metadata(self.profile, &self.topics))
    }

    /// Reads the bytes of a `.counts` file.
    ///
    /// # Errors
    /// When they are anything but what [`Self::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidFile> {
        let file = TensorFile::open(&bytes, COUNTS_FORMAT)?;
        file.check(|_| ())?;
        let topics = topics(file.fact("topics")?)?;
        let words = words(file.get("word_bytes")?, &file.get::<u8>("word_lengths")?)?;
        let digests: Vec<u8> = file.get("article_digests")?;
        let article_topics: Vec<u16> = file.get("article_topics")?;
        let (digests, rest) = digests.as_chunks::<16>();
        if digests.len() != article_topics.len() || !rest.is_empty() {
            return Err(InvalidFile::content("the articles' digests and topics differ in number"));
        }
        let entry_topics: Vec<u16> = file.get("entry_topics")?;
        let entry_articles: Vec<u32> = file.get("entry_articles")?;
        let entry_weights: Vec<u64> = file.get("entry_weights")?;
        if entry_topics.len() != entry_articles.len() || entry_topics.len() != entry_weights.len() {
            return Err(InvalidFile::content("the entries' columns differ in length"));
        }
        let counts = Self {
            profile: file.fact("text_profile")?,
            topics,
            articles: digests.iter().copied().zip(article_topics).collect(),
            words,
            terms: file.get::<u64>("term_words")?.into_iter().map(TermId).collect(),
            ends: file.get("term_ends")?,
            entries: entry_topics
                .into_iter()
                .zip(entry_articles)
                .zip(entry_weights)
                .map(|((topic, articles), weight)| Entry { topic, articles, weight })
                .collect(),
        };
        counts.check()?;
        if file.tensor_count() != TENSORS {
            return Err(InvalidFile::content("it has a tensor of unknown name"));
        }
        file.check_canonical(metadata(counts.profile, &counts.topics))?;
        Ok(counts)
    }

    /// Checks all that the columns promise.
    fn check(&self) -> Result<(), InvalidFile> {
        let fail = |what: &str| Err(InvalidFile::content(what));
        let topics = self.topics.len();
        if !self.articles.is_sorted() || self.articles.iter().any(|a| usize::from(a.1) >= topics) {
            return fail("the articles are not in order or name unknown topics");
        }
        if self.articles_per_topic().contains(&0) {
            return fail("a topic has no article");
        }
        let mut check = TermCheck::new(self.words.len());
        self.terms.iter().for_each(|&term| check.see(term));
        check.finish()?;
        let starts = std::iter::once(&0).chain(&self.ends);
        if self.ends.len() != self.terms.len()
            || !starts.zip(&self.ends).all(|(start, end)| start < end)
            || self.ends.last().copied().unwrap_or(0) != self.entries.len() as u64
        {
            return fail("the terms' entries do not fit");
        }
        let per_topic = self.articles_per_topic();
        for index in 0..self.terms.len() {
            let entries = self.entries_of(index);
            if !entries.is_sorted_by(|a, b| a.topic < b.topic) {
                return fail("a term's topics are not in order");
            }
            for entry in entries {
                let most = per_topic.get(usize::from(entry.topic)).copied().unwrap_or(0);
                let articles = u64::from(entry.articles);
                let weight_fits = (articles..=articles * u64::from(WEIGHT_ONE)).contains(&entry.weight);
                if articles == 0 || articles > most || !weight_fits {
                    return fail("a term's sums are out of range");
                }
            }
        }
        Ok(())
    }
}

/// What a counts file says beside its columns.
pub(super) fn metadata(profile: TextProfile, topics: &[Topic]) -> Map<String, Value> {
    let facts = json!({
        "format": COUNTS_FORMAT,
        "text_profile": profile,
        "topics": topics.iter().map(Topic::as_str).collect::<Vec<_>>(),
    });
    match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// Checks that topics are well formed, sorted and distinct.
pub(crate) fn topics(names: Vec<String>) -> Result<Vec<Topic>, InvalidFile> {
    let topics = names
        .iter()
        .map(|name| Topic::new(name).map_err(|e| InvalidFile::content(e.to_string())))
        .collect::<Result<Vec<_>, _>>()?;
    if !topics.is_sorted_by(|a, b| a < b) || topics.len() > usize::from(u16::MAX) {
        return Err(InvalidFile::content("the topics are not in order"));
    }
    Ok(topics)
}

/// Checks that words are UTF-8, sorted, distinct and not empty.
pub(crate) fn words(bytes: Vec<u8>, lengths: &[u8]) -> Result<WordTable, InvalidFile> {
    let fail = || InvalidFile::content("the words are not in order");
    let text = String::from_utf8(bytes).map_err(|_| InvalidFile::content("the words are not UTF-8"))?;
    if u32::try_from(text.len()).is_err() {
        return Err(InvalidFile::content("the words are too long"));
    }
    let mut ends = Vec::with_capacity(lengths.len());
    let (mut before, mut rest) = ("", text.as_str());
    for &length in lengths {
        let (word, tail) = rest.split_at_checked(usize::from(length)).ok_or_else(fail)?;
        if word <= before {
            return Err(fail());
        }
        (before, rest) = (word, tail);
        ends.push((text.len() - rest.len()) as u32);
    }
    if rest.is_empty() { Ok(WordTable::from_parts(text, ends)) } else { Err(fail()) }
}

/// Checks that terms are sorted, that their words exist and are terms themselves.
pub(crate) struct TermCheck {
    words: usize,
    before: Option<TermId>,
    alone: usize,
    wrong: Option<&'static str>,
}

impl TermCheck {
    /// For terms of so many words.
    pub(crate) fn new(words: usize) -> Self {
        Self { words, before: None, alone: 0, wrong: None }
    }

    /// Looks at the next term.
    #[inline]
    pub(crate) fn see(&mut self, term: TermId) {
        if self.before.is_some_and(|before| before >= term) {
            self.wrong.get_or_insert("the terms are not in order");
        }
        let is_word = |word: u32| (word as usize) < self.words;
        if !is_word(term.first()) || !term.second().is_none_or(is_word) {
            self.wrong.get_or_insert("a term names a word that is not there");
        }
        self.alone += usize::from(term.second().is_none());
        self.before = Some(term);
    }

    /// The first thing that is wrong.
    pub(crate) fn finish(self) -> Result<(), InvalidFile> {
        // Sorted and without repetition: the words alone are all there exactly if they are as many.
        let incomplete = (self.alone != self.words).then_some("a word is not a term");
        match self.wrong.or(incomplete) {
            None => Ok(()),
            Some(what) => Err(InvalidFile::content(what)),
        }
    }
}
