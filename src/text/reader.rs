//! Reads an article into its terms and their weights.

use std::ops::Range;

use super::{
    index::IndexTable,
    profile::TextProfile,
    short_word::ShortWord,
    stem::StemCache,
    terms::{TermKey, pair_key},
    weight::{TermWeights, WHOLE, Weight, scale},
    words::{Token, Tokens, Word},
};

/// A pair's share of a word's weight: 0.7, in 1/65,536. Measured: docs/ACCURACY.md.
const PAIR_SHARE: u64 = 45_875;

/// What stands in the sequence of words where a sentence ends.
const BREAK: u32 = u32::MAX;

/// So many words are read, then looked for among the remembered ones, then added: so the processor waits for the memory of
/// several at once.
const AHEAD: usize = 16;

/// A term of the article that was read last: a word, or a pair of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TermRef {
    /// The n-th distinct word.
    Word(u32),
    /// Two adjacent ones.
    Pair(u32, u32),
}

/// One running word, for evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occurrence {
    /// The n-th distinct word of the article.
    pub(crate) word: u32,
    /// Whether the word before it stands in the same sentence.
    pub(crate) joined: bool,
    /// 0 for the title, 1 for the text.
    pub(crate) field: u8,
    /// Its bytes in that field.
    pub(crate) span: Range<usize>,
}

/// Reads articles into terms and weights. Keep one per thread: after a few articles it allocates nothing.
///
/// ```
/// use bayeswire::text::{TextProfile, TextReader, WEIGHT_ONE, word_key};
///
/// let mut reader = TextReader::new(TextProfile::default());
/// reader.read("", "Peace talks.");
/// let length: f64 = reader.terms().map(|(_, w)| (f64::from(w) / f64::from(WEIGHT_ONE)).powi(2)).sum();
/// assert_eq!(reader.terms().count(), 3); // peac, talk, peac talk
/// assert_eq!(reader.terms().next().map(|(key, _)| key), Some(word_key("peac")));
/// assert!((length - 1.0).abs() < 1e-6);
/// ```
pub struct TextReader {
    profile: TextProfile,
    stems: StemCache,
    buffer: String,
    /// The article as indexes into `words`, with [`BREAK`] between sentences.
    sequence: Vec<u32>,
    /// The distinct words in order of first occurrence, with their counts.
    words: Vec<(TermKey, u32)>,
    word_slots: IndexTable,
    /// The distinct pairs in order of first occurrence, with their counts.
    pairs: Vec<(u32, u32, u32)>,
    /// The sum of the squares of their logarithmic frequencies.
    pair_squares: u64,
    pair_slots: IndexTable,
    running: u32,
    word_weights: TermWeights,
    pair_weights: TermWeights,
}

impl TextReader {
    /// A reader for texts of `profile`.
    #[must_use]
    pub fn new(profile: TextProfile) -> Self {
        Self {
            profile,
            stems: StemCache::new(profile.stemmer),
            buffer: String::new(),
            sequence: Vec::new(),
            words: Vec::new(),
            word_slots: IndexTable::default(),
            pairs: Vec::new(),
            pair_squares: 0,
            pair_slots: IndexTable::default(),
            running: 0,
            word_weights: TermWeights::new(WHOLE),
            pair_weights: TermWeights::new(PAIR_SHARE),
        }
    }

    /// How this reader makes words of text.
    #[must_use]
    pub fn profile(&self) -> TextProfile {
        self.profile
    }

    /// Reads an article; what the reader tells from now on is about it.
    pub fn read(&mut self, title: &str, text: &str) {
        self.read_with(title, text, &mut |_, _| ());
    }

    /// The same, telling `on_stem` the key and text of stems: of every stem the first time it is met, and again whenever
    /// it had been forgotten.
    pub(crate) fn read_with(&mut self, title: &str, text: &str, on_stem: &mut impl FnMut(TermKey, &str)) {
        self.sequence.clear();
        self.words.clear();
        self.running = 0;
        // A word takes two bytes with the space behind it, so there are at most so many.
        self.word_slots.clear((title.len() + text.len()) / 2 + 2);
        let mut buffer = std::mem::take(&mut self.buffer);
        for field in [title, text] {
            let mut tokens = Tokens::new(field, &mut buffer);
            let mut forms = [ShortWord::NONE; AHEAD];
            let mut more = true;
            while more {
                let mut len = 0;
                let mut long = None;
                while len < AHEAD {
                    let form = match tokens.read() {
                        Some(Token::Word(Word::Short(form))) => form,
                        Some(Token::Break) => ShortWord::NONE,
                        Some(Token::Word(Word::Long(word))) => {
                            long = Some(self.stems.compute(word, on_stem));
                            break;
                        }
                        None => {
                            more = false;
                            break;
                        }
                    };
                    self.stems.fetch(form);
                    forms[len] = form;
                    len += 1;
                }
                for &form in &forms[..len] {
                    if form == ShortWord::NONE {
                        self.sequence.push(BREAK);
                    } else {
                        let key = self.stems.key(form, on_stem);
                        self.add(key);
                    }
                }
                if let Some(key) = long {
                    self.add(key);
                }
            }
            self.sequence.push(BREAK);
        }
        self.buffer = buffer;
        self.pairs.clear();
        self.pair_squares = 0;
        if self.profile.pairs {
            self.collect_pairs();
        }
        self.scale_weights();
    }

    /// Adds a running word.
    #[inline]
    fn add(&mut self, key: TermKey) {
        let words = &mut self.words;
        let last = words.len();
        words.push((key, 0));
        let index = self.word_slots.find_or_add(key.0, last, |i| words[i].0 == key);
        words[index].1 += 1;
        words.truncate(last + usize::from(index == last));
        self.sequence.push(index as u32);
        self.running += 1;
    }

    fn collect_pairs(&mut self) {
        self.pair_slots.clear(self.sequence.len());
        // Nearly all pairs occur once; what the others add to the squares.
        let mut repeats = 0;
        let mut before = BREAK;
        for &word in &self.sequence {
            if before != BREAK && word != BREAK {
                // A pair can occur twice only where both of its words do.
                let once = self.words[before as usize].1 == 1 || self.words[word as usize].1 == 1;
                let last = self.pairs.len();
                self.pairs.push((before, word, 1));
                if !once {
                    let hash = u64::from(before) << 32 | u64::from(word);
                    let is_it = |i: usize| self.pairs[i].0 == before && self.pairs[i].1 == word;
                    let index = self.pair_slots.find_or_add(hash, last, is_it);
                    if index != last {
                        self.pairs.truncate(last);
                        let tf = &mut self.pairs[index].2;
                        *tf += 1;
                        repeats += self.pair_weights.square(*tf) - self.pair_weights.square(*tf - 1);
                    }
                }
            }
            before = word;
        }
        self.pair_squares = self.pairs.len() as u64 * self.pair_weights.square(1) + repeats;
    }

    fn scale_weights(&mut self) {
        let words: u64 = self.words.iter().map(|&(_, tf)| self.word_weights.square(tf)).sum();
        let scale = scale(words + self.pair_squares);
        self.word_weights.set_scale(scale);
        self.pair_weights.set_scale(scale);
    }

    /// How many running words the article has.
    #[must_use]
    pub fn running_words(&self) -> u32 {
        self.running
    }

    /// The distinct words in order of first occurrence: key, number of occurrences, weight.
    #[inline]
    pub(crate) fn words(&self) -> impl ExactSizeIterator<Item = (TermKey, u32, Weight)> + '_ {
        self.words.iter().map(|&(key, tf)| (key, tf, self.word_weights.get(tf)))
    }

    /// The key of the n-th distinct word.
    #[inline]
    pub(crate) fn word(&self, index: u32) -> TermKey {
        self.words[index as usize].0
    }

    /// The distinct pairs in order of first occurrence: indexes into [`Self::words`], number of occurrences, weight.
    #[inline]
    pub(crate) fn pairs(&self) -> impl ExactSizeIterator<Item = (u32, u32, u32, Weight)> + '_ {
        self.pairs.iter().map(|&(a, b, tf)| (a, b, tf, self.pair_weights.get(tf)))
    }

    /// Every term of the article with its weight: the words, then the pairs, each in order of first occurrence.
    pub fn terms(&self) -> impl Iterator<Item = (TermKey, Weight)> + '_ {
        let words = self.words().map(|(key, _, weight)| (key, weight));
        let pairs = self
            .pairs()
            .map(|(a, b, _, weight)| (pair_key(self.words[a as usize].0, self.words[b as usize].0), weight));
        words.chain(pairs)
    }

    /// Where every running word of the article that was read last stands in `title` and `text`, the same as were read.
    pub(crate) fn occurrences(&mut self, title: &str, text: &str) -> Vec<Occurrence> {
        let mut out = Vec::with_capacity(self.running as usize);
        let mut sequence = self.sequence.iter();
        let mut joined = false;
        for (field, content) in [(0, title), (1, text)] {
            let mut tokens = Tokens::new(content, &mut self.buffer);
            while let Some(token) = tokens.read() {
                let is_word = matches!(token, Token::Word(_));
                match sequence.next() {
                    Some(&word) if is_word => {
                        out.push(Occurrence { word, joined, field, span: tokens.span() })
                    }
                    _ => {}
                }
                joined = is_word;
            }
            // The break behind every field.
            sequence.next();
            joined = false;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{WEIGHT_ONE, word_key};

    fn reader() -> TextReader {
        TextReader::new(TextProfile::default())
    }

    #[test]
    fn terms_are_stems_and_pairs_within_a_sentence_and_a_field() {
        let mut r = reader();
        r.read("Talks", "Peace talks fail. Fighting resumes");
        let keys: Vec<_> = r.terms().map(|(key, _)| key).collect();
        let w = |s| word_key(s);
        assert_eq!(
            keys,
            [
                w("talk"),
                w("peac"),
                w("fail"),
                w("fight"),
                w("resum"),
                pair_key(w("peac"), w("talk")),
                pair_key(w("talk"), w("fail")),
                pair_key(w("fight"), w("resum")),
            ]
        );
        assert_eq!(r.running_words(), 6);
    }

    #[test]
    fn repeated_pairs_are_counted() {
        let mut r = reader();
        r.read("", "air strike, air strike, air raid");
        let pairs: Vec<_> = r.pairs().map(|(a, b, tf, _)| (a, b, tf)).collect();
        assert_eq!(pairs, [(0, 1, 2), (1, 0, 2), (0, 2, 1)]);
    }

    #[test]
    fn an_article_has_the_same_weights_whatever_was_read_before() {
        let (mut fresh, mut used) = (reader(), reader());
        used.read("A long headline", &"Many other words stood here before. ".repeat(500));
        for r in [&mut fresh, &mut used] {
            r.read("Envoys meet", "The envoys meet in Geneva on 3 May.");
        }
        assert!(fresh.terms().eq(used.terms()));
        assert!(fresh.terms().all(|(_, w)| (1..=WEIGHT_ONE).contains(&w)));
    }

    #[test]
    fn an_empty_article_has_no_terms() {
        let mut r = reader();
        r.read("", " ... ");
        assert_eq!((r.terms().count(), r.running_words()), (0, 0));
    }

    #[test]
    fn occurrences_are_where_the_words_stand() {
        let mut r = reader();
        let (title, text) = ("Talks fail", "Özgür's talks, a talk. Fail");
        r.read(title, text);
        let seen: Vec<_> = r
            .occurrences(title, text)
            .into_iter()
            .map(|o| ([title, text][usize::from(o.field)][o.span].to_owned(), o.word, o.joined))
            .collect();
        let expected = [
            ("Talks", 0, false),
            ("fail", 1, true),
            ("Özgür's", 2, false),
            ("talks", 0, true),
            ("talk", 0, true),
            ("Fail", 1, false),
        ];
        assert_eq!(seen, expected.map(|(s, w, j)| (s.to_owned(), w, j)));
    }
}
