//! Counts that stay in a file: what is asked of them is read from it, front to back.

use std::{fs::File, io, path::Path};

use safetensors::Dtype;

use super::{
    Counts,
    columns::{ArticleDigest, TermId, WordTable},
    file::metadata,
    run::{Run, RunReader},
};
use crate::{
    article::Topic,
    file::{InvalidFile, StreamedFile, replace_with},
    text::{TextProfile, word_key},
};

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunSize {
    pub(crate) words: u64,
    /// All words together.
    pub(crate) word_bytes: u64,
    pub(crate) terms: u64,
    pub(crate) entries: u64,
}

impl RunSize {
    /// Adds a term, of which there are so many entries.
    pub(crate) fn add(&mut self, word: &[u8], second: &[u8], entries: usize) {
        if second.is_empty() {
            self.words += 1;
            self.word_bytes += word.len() as u64;
        }
        self.terms += 1;
        self.entries += entries as u64;
    }
}

/// The terms of counts in a sorted file; topics by their places.
pub(crate) struct StreamedCounts {
    pub(crate) profile: TextProfile,
    pub(crate) topics: Vec<Topic>,
    pub(crate) run: Run,
    pub(crate) size: RunSize,
}

impl StreamedCounts {
    /// The counts with those terms only for which a function that `keeps` gives says so, which it is asked in order: how many
    /// articles have the term, and whether it is a pair. A pair must not be kept without its words. The articles are left out.
    pub(crate) fn kept<K: FnMut(u64, bool) -> bool>(
        &self,
        size: RunSize,
        keeps: impl Fn() -> K,
    ) -> io::Result<Counts> {
        let mut keep = keeps();
        let mut words = WordTable::with_capacity(size.words as usize, size.word_bytes as usize);
        let mut reader = self.run.reader()?;
        while reader.next_word()? {
            if keep(articles(&reader), false) {
                words.push(text(reader.word())?);
            }
            while reader.next_pair()? {
                keep(articles(&reader), true);
            }
        }
        let words = WordNumbers::new(words);
        let mut counts = Counts { topics: self.topics.clone(), ..Counts::empty(self.profile) };
        counts.terms.reserve_exact(size.terms as usize);
        counts.ends.reserve_exact(size.terms as usize);
        counts.entries.reserve_exact(size.entries as usize);
        let mut keep = keeps();
        let mut reader = self.run.reader()?;
        while reader.next_word()? {
            let first =
                if keep(articles(&reader), false) { Some(words.number(reader.word())?) } else { None };
            let mut push = |term: TermId, reader: &RunReader| {
                reader.entries().iter().for_each(|&entry| counts.push_entry(term, entry));
            };
            if let Some(first) = first {
                push(TermId::word(first), &reader);
            }
            while reader.next_pair()? {
                if keep(articles(&reader), true)
                    && let Some(first) = first
                {
                    push(TermId::pair(first, words.number(reader.second())?), &reader);
                }
            }
        }
        counts.words = words.words;
        Ok(counts)
    }

    /// How many bytes [`write_counts`] needs for the words, which it holds.
    pub(crate) fn bytes_to_write(&self) -> u64 {
        self.size.word_bytes + 10 * self.size.words
    }

    fn words(&self) -> io::Result<WordNumbers> {
        let mut words = WordTable::with_capacity(self.size.words as usize, self.size.word_bytes as usize);
        let mut reader = self.run.reader()?;
        while reader.next_word()? {
            words.push(text(reader.word())?);
            while reader.next_pair()? {}
        }
        Ok(WordNumbers::new(words))
    }
}

/// In how many articles the reader's term is.
fn articles(reader: &RunReader) -> u64 {
    reader.entries().iter().map(|entry| u64::from(entry.articles)).sum()
}

fn text(word: &[u8]) -> io::Result<&str> {
    std::str::from_utf8(word).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Sorted words, and a table that finds them: four bytes a slot, of which a quarter is empty.
pub(crate) struct WordNumbers {
    words: WordTable,
    slots: Vec<u32>,
}

impl WordNumbers {
    pub(crate) fn new(words: WordTable) -> Self {
        let mut slots = vec![u32::MAX; words.len() + words.len() / 3 + 1];
        for (number, word) in (0..).zip(words.iter()) {
            let mut slot = home(word, slots.len());
            while slots[slot] != u32::MAX {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = number;
        }
        Self { words, slots }
    }

    fn number(&self, word: &[u8]) -> io::Result<u32> {
        let word = text(word)?;
        let mut slot = home(word, self.slots.len());
        loop {
            match self.slots[slot] {
                u32::MAX => return Err(io::ErrorKind::InvalidData.into()),
                number if self.words.get(number) == word => return Ok(number),
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
    }
}

fn home(word: &str, slots: usize) -> usize {
    ((u128::from(word_key(word).0) * slots as u128) >> 64) as usize
}

/// Why a counts file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The file, or a temporary one, cannot be written or read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The counts outgrow the format.
    #[error(transparent)]
    Invalid(#[from] InvalidFile),
}

/// Writes the bytes of [`Counts::to_bytes`] to `path`. `visit_articles` calls what it is given with digest and topic of
/// each of so many articles in order.
pub(crate) fn write_counts(
    path: &Path,
    counts: &StreamedCounts,
    article_count: u64,
    visit_articles: impl FnOnce(&mut dyn FnMut(&ArticleDigest, u16) -> io::Result<()>) -> io::Result<()>,
) -> Result<(), WriteError> {
    let size = counts.size;
    if u32::try_from(size.word_bytes).is_err() {
        return Err(InvalidFile::content("the words are too long").into());
    }
    replace_with(path, |file| write(file, counts, article_count, visit_articles), |()| path.to_owned())?;
    Ok(())
}

fn write(
    file: &mut File,
    counts: &StreamedCounts,
    article_count: u64,
    visit_articles: impl FnOnce(&mut dyn FnMut(&ArticleDigest, u16) -> io::Result<()>) -> io::Result<()>,
) -> Result<(), WriteError> {
    let size = counts.size;
    let (words, terms, entries) = (size.words as usize, size.terms as usize, size.entries as usize);
    let articles = article_count as usize;
    let tensors = vec![
        ("article_digests", Dtype::U8, articles * size_of::<ArticleDigest>()),
        ("article_topics", Dtype::U16, articles),
        ("word_bytes", Dtype::U8, size.word_bytes as usize),
        ("word_lengths", Dtype::U8, words),
        ("term_words", Dtype::U64, terms),
        ("term_ends", Dtype::U64, terms),
        ("entry_topics", Dtype::U16, entries),
        ("entry_articles", Dtype::U32, entries),
        ("entry_weights", Dtype::U64, entries),
    ];
    let mut out = StreamedFile::new(file, tensors, metadata(counts.profile, &counts.topics))?;
    let [mut digests, mut article_topics] =
        ["article_digests", "article_topics"].map(|name| out.column(name));
    visit_articles(&mut |digest, topic| {
        out.extend(&mut digests, digest)?;
        out.push(&mut article_topics, topic)
    })?;
    let numbers = counts.words()?;
    let [mut word_bytes, mut word_lengths] = ["word_bytes", "word_lengths"].map(|name| out.column(name));
    for word in numbers.words.iter() {
        out.extend(&mut word_bytes, word.as_bytes())?;
        out.push(&mut word_lengths, word.len() as u8)?;
    }
    let mut columns = ["term_words", "term_ends", "entry_topics", "entry_articles", "entry_weights"]
        .map(|name| out.column(name));
    let [term_words, term_ends, entry_topics, entry_articles, entry_weights] = &mut columns;
    let mut end = 0u64;
    let mut put = |out: &mut StreamedFile<'_>, term: TermId, reader: &RunReader| {
        for entry in reader.entries() {
            out.push(entry_topics, entry.topic)?;
            out.push(entry_articles, entry.articles)?;
            out.push(entry_weights, entry.weight)?;
        }
        end += reader.entries().len() as u64;
        out.push(term_words, term.0)?;
        out.push(term_ends, end)
    };
    let mut reader = counts.run.reader()?;
    let mut first = 0;
    while reader.next_word()? {
        put(&mut out, TermId::word(first), &reader)?;
        while reader.next_pair()? {
            put(&mut out, TermId::pair(first, numbers.number(reader.second())?), &reader)?;
        }
        first += 1;
    }
    for column in [digests, article_topics, word_bytes, word_lengths].into_iter().chain(columns) {
        out.end(column)?;
    }
    out.finish::<WriteError>()?;
    Ok(())
}
