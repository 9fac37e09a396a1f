//! Adding and subtracting sums: one walk along the sorted columns of both.

use std::{cmp::Ordering, collections::BTreeSet};

use super::{
    Counts,
    columns::{Entry, TermId, WordTable},
};
use crate::{article::Topic, text::TextProfile};

/// Why counts cannot be made or combined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// The two sides made words of text in different ways.
    #[error("the text profiles differ: {0} and {1}")]
    ProfilesDiffer(TextProfile, TextProfile),
    /// What is to be removed was never added.
    #[error("an article of topic {0:?} that is to be removed was never counted")]
    NeverCounted(String),
    /// Both have the article, but their sums contradict each other.
    #[error("the counts to be removed hold more of the term {0:?} than there is")]
    MoreThanThereIs(String),
    /// Topics are numbered with 16 bits.
    #[error("more than 65,535 topics")]
    TooManyTopics,
    /// A sum has come to the end of its 64 bits.
    #[error("the sum of the term {0:?} is too large")]
    TooLarge(String),
    /// Two words share a 64-bit key (expected once in 10^6 corpora of 5 million terms).
    #[error("the words {0:?} and {1:?} share a key; replace one of them in the articles")]
    KeyCollision(String, String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

impl Counts {
    /// The sum of both. Commutative and associative.
    ///
    /// # Errors
    /// When the text profiles differ, or a number would not fit.
    pub fn merge(&self, other: &Self) -> Result<Self, CombineError> {
        self.combine(other, Sign::Plus)
    }

    /// What is left of these counts without `other`.
    ///
    /// # Errors
    /// When the text profiles differ, or `other` holds what these counts do not.
    pub fn subtract(&self, other: &Self) -> Result<Self, CombineError> {
        self.combine(other, Sign::Minus)
    }

    fn combine(&self, other: &Self, sign: Sign) -> Result<Self, CombineError> {
        if self.profile != other.profile {
            return Err(CombineError::ProfilesDiffer(self.profile, other.profile));
        }
        // An operand of no articles changes nothing; the walk below would copy every column to say so.
        if other.articles.is_empty() {
            return Ok(self.clone());
        }
        if self.articles.is_empty() && sign == Sign::Plus {
            return Ok(other.clone());
        }
        let topics: Vec<Topic> =
            self.topics.iter().chain(&other.topics).cloned().collect::<BTreeSet<_>>().into_iter().collect();
        if topics.len() > usize::from(u16::MAX) {
            return Err(CombineError::TooManyTopics);
        }
        let left_topics = positions(&self.topics, &topics);
        let right_topics = positions(&other.topics, &topics);
        let (words, left_words, right_words) = merge_words(&self.words, &other.words);

        let mut out = Self { topics, words, ..Self::empty(self.profile) };
        out.articles = combine_articles(
            self.articles.iter().map(|&(d, t)| (d, left_topics[usize::from(t)])),
            other.articles.iter().map(|&(d, t)| (d, right_topics[usize::from(t)])),
            sign,
        )
        .map_err(|topic| CombineError::NeverCounted(out.topics[usize::from(topic)].to_string()))?;
        let mut left = Entries::new(self, &left_topics, &left_words);
        let mut right = Entries::new(other, &right_topics, &right_words);
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => a.cmp(&b),
            };
            match order {
                Ordering::Less => {
                    if let Some((term, entry)) = left.next() {
                        out.push_entry(term, entry);
                    }
                }
                Ordering::Greater => {
                    if let Some((term, entry)) = right.next() {
                        if sign == Sign::Minus {
                            return Err(CombineError::MoreThanThereIs(out.words.term(term)));
                        }
                        out.push_entry(term, entry);
                    }
                }
                Ordering::Equal => {
                    if let (Some((term, a)), Some((_, b))) = (left.next(), right.next())
                        && let Some(entry) = combine_entries(a, b, sign, || out.words.term(term))?
                    {
                        out.push_entry(term, entry);
                    }
                }
            }
        }
        if sign == Sign::Minus {
            out.drop_unused();
        }
        Ok(out)
    }

    /// Appends an entry; terms and, within a term, topics must come in order.
    pub(crate) fn push_entry(&mut self, term: TermId, entry: Entry) {
        self.entries.push(entry);
        let end = self.entries.len() as u64;
        if self.terms.last() == Some(&term) {
            if let Some(last) = self.ends.last_mut() {
                *last = end;
            }
        } else {
            self.terms.push(term);
            self.ends.push(end);
        }
    }

    /// Drops topics without articles and words that are no term any more, and numbers the others anew.
    fn drop_unused(&mut self) {
        let per_topic = self.articles_per_topic();
        let topic_numbers = renumber(per_topic.iter().map(|&n| n > 0));
        let mut used = vec![false; self.words.len()];
        for term in &self.terms {
            used[term.first() as usize] = true;
        }
        let word_numbers = renumber(used.iter().copied());
        let mut words = WordTable::default();
        for (word, _) in self.words.iter().zip(&used).filter(|(_, used)| **used) {
            words.push(word);
        }
        self.words = words;
        let mut kept = per_topic.iter().map(|&n| n > 0);
        self.topics.retain(|_| kept.next().unwrap_or(false));
        for (_, topic) in &mut self.articles {
            *topic = topic_numbers[usize::from(*topic)] as u16;
        }
        for entry in &mut self.entries {
            entry.topic = topic_numbers[usize::from(entry.topic)] as u16;
        }
        for term in &mut self.terms {
            let first = word_numbers[term.first() as usize];
            *term = match term.second() {
                None => TermId::word(first),
                Some(second) => TermId::pair(first, word_numbers[second as usize]),
            };
        }
    }
}

/// The entries of counts in order, with topics and words numbered as in the result.
struct Entries<'a> {
    counts: &'a Counts,
    topics: &'a [u16],
    words: &'a [u32],
    term: usize,
    entry: usize,
}

impl<'a> Entries<'a> {
    fn new(counts: &'a Counts, topics: &'a [u16], words: &'a [u32]) -> Self {
        Self { counts, topics, words, term: 0, entry: 0 }
    }

    fn peek(&self) -> Option<(TermId, u16)> {
        let entry = self.counts.entries.get(self.entry)?;
        let term = self.counts.terms.get(self.term)?;
        let first = self.words[term.first() as usize];
        let term = match term.second() {
            None => TermId::word(first),
            Some(second) => TermId::pair(first, self.words[second as usize]),
        };
        Some((term, self.topics[usize::from(entry.topic)]))
    }
}

impl Iterator for Entries<'_> {
    type Item = (TermId, Entry);

    fn next(&mut self) -> Option<Self::Item> {
        let (term, topic) = self.peek()?;
        let entry = Entry { topic, ..*self.counts.entries.get(self.entry)? };
        self.entry += 1;
        if self.counts.ends.get(self.term) == Some(&(self.entry as u64)) {
            self.term += 1;
        }
        Some((term, entry))
    }
}

fn combine_entries(
    a: Entry,
    b: Entry,
    sign: Sign,
    term: impl Fn() -> String,
) -> Result<Option<Entry>, CombineError> {
    let sums = match sign {
        Sign::Plus => a.articles.checked_add(b.articles).zip(a.weight.checked_add(b.weight)),
        Sign::Minus => a.articles.checked_sub(b.articles).zip(a.weight.checked_sub(b.weight)),
    };
    match (sums, sign) {
        (Some((0, 0)), _) => Ok(None),
        // Weights are at least 1: articles without weight, or weight without articles, cannot be.
        (Some((0, _) | (_, 0)) | None, Sign::Minus) => Err(CombineError::MoreThanThereIs(term())),
        (Some((articles, weight)), _) => Ok(Some(Entry { topic: a.topic, articles, weight })),
        (None, Sign::Plus) => Err(CombineError::TooLarge(term())),
    }
}

/// Adds or removes sorted articles; the error is the topic of an article that is not there.
fn combine_articles<T: Ord + Copy>(
    left: impl Iterator<Item = (T, u16)>,
    right: impl Iterator<Item = (T, u16)>,
    sign: Sign,
) -> Result<Vec<(T, u16)>, u16> {
    let mut out = Vec::with_capacity(left.size_hint().0);
    let mut right = right.peekable();
    for article in left {
        match sign {
            Sign::Plus => {
                while let Some(before) = right.next_if(|r| *r < article) {
                    out.push(before);
                }
                out.push(article);
            }
            Sign::Minus => {
                if right.next_if_eq(&article).is_none() {
                    out.push(article);
                }
            }
        }
    }
    match (right.next(), sign) {
        (Some((_, topic)), Sign::Minus) => Err(topic),
        (rest, _) => {
            out.extend(rest);
            out.extend(right);
            Ok(out)
        }
    }
}

/// Merges two sorted word tables; for each side, the new number of each of its words.
fn merge_words(left: &WordTable, right: &WordTable) -> (WordTable, Vec<u32>, Vec<u32>) {
    let mut out = WordTable::default();
    let (mut left_numbers, mut right_numbers) = (Vec::new(), Vec::new());
    let (mut a, mut b) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        let number = out.len() as u32;
        let word = if order.is_le() { a.peek() } else { b.peek() };
        if let Some(word) = word {
            out.push(word);
        }
        if order.is_le() {
            a.next();
            left_numbers.push(number);
        }
        if order.is_ge() {
            b.next();
            right_numbers.push(number);
        }
    }
    (out, left_numbers, right_numbers)
}

/// Where each of `some` stands in `all`; both sorted, `all` holding every one of `some`.
fn positions(some: &[Topic], all: &[Topic]) -> Vec<u16> {
    some.iter().map(|topic| all.partition_point(|other| other < topic) as u16).collect()
}

/// For each element how many kept ones stand before it.
fn renumber(kept: impl Iterator<Item = bool>) -> Vec<u32> {
    kept.scan(0, |next, kept| {
        let number = *next;
        *next += u32::from(kept);
        Some(number)
    })
    .collect()
}
