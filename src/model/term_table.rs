//! The terms of a model or of counts, and a number of each.
//!
//! A word is found by its 64-bit key, which is compared in full; a pair by the numbers of its words, so what is found is what was
//! looked for. To look up a pair is to wait for memory, so what is known of it stands where the search for it begins: every
//! word has a small hash table of the words that follow it, and these tables stand side by side. They are made of buckets as
//! large as a line of the processor's cache, with room for eight pairs each: nearly every pair is found in the first bucket,
//! and it is known without a branch which of the bucket's it is.

use std::ops::Range;

use rayon::prelude::*;
use wide::u32x8;

use super::hash_table::HashTable;
use crate::{
    counts::{Counts, TermId, WordTable},
    prefetch::prefetch,
    text::TermKey,
};

/// About so many terms are written at a time by one thread.
const SHARE: usize = 1 << 15;

/// More terms than this no table can have: their buckets are numbered with 32 bits.
pub(crate) const MAX_TERMS: usize = u32::MAX as usize / 2;

/// So many pairs a bucket has room for.
const ROOM: usize = 8;

/// Pairs, from the front: their second words, each its number plus 1, then their numbers. Zeros where there is none.
type Bucket = [u32; 2 * ROOM];

/// What is known of a word, side by side: who needs one needs the others.
#[derive(Clone, Copy, Debug)]
struct Word {
    key: TermKey,
    /// Its number as a term.
    number: u32,
    /// The first bucket of the pairs that begin with it; they end where those of the next word begin.
    bucket: u32,
}

/// Finds terms, and has a number of each.
#[derive(Debug)]
pub(crate) struct TermTable {
    index: HashTable,
    /// Two words with one key, where there are such.
    alike: Option<(u32, u32)>,
    /// Each word; and one more, where the pairs of the last end.
    words: Vec<Word>,
    pairs: Vec<Bucket>,
    /// Of each word its place in the order of terms; and how many terms there are.
    terms: Vec<u32>,
}

/// So many buckets a word has for the pairs that it begins: two thirds of the room are used, and some is always left.
fn buckets_for(pairs: u32) -> u32 {
    (u64::from(pairs) * 3).div_ceil(2 * ROOM as u64) as u32
}

impl TermTable {
    /// The table of sorted `terms`, among which are all of `words`, each with the number that `number` gives for its place.
    /// Of words that share a key the first is found.
    pub(crate) fn new(words: &WordTable, terms: &[TermId], number: impl Fn(usize) -> u32 + Sync) -> Self {
        let mut followers = Followers::new(words.len());
        terms.iter().for_each(|&term| followers.see(term));
        let read = |some: Range<usize>, out: &mut Vec<(TermId, u32)>| {
            out.extend(some.map(|place| (terms[place], number(place))));
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok(table) = Self::read(words, followers, read);
        table
    }

    /// The terms of counts; the number of each is its place among them.
    pub(crate) fn of_counts(counts: &Counts) -> Self {
        Self::new(&counts.words, &counts.terms, |place| place as u32)
    }

    /// The same as [`Self::new`] for terms that are not at hand: `read` adds some of them to a list, with their numbers.
    /// `followers` has seen them all.
    ///
    /// # Errors
    /// The first error of `read`.
    pub(crate) fn read<E: Send>(
        words: &WordTable,
        Followers(followers): Followers,
        read: impl Fn(Range<usize>, &mut Vec<(TermId, u32)>) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let keys = words.keys();
        let (mut table, mut terms) = (Vec::with_capacity(keys.len() + 1), Vec::with_capacity(keys.len() + 1));
        let (mut bucket, mut term) = (0, 0);
        for (&key, &pairs) in keys.iter().zip(&followers) {
            table.push(Word { key, number: 0, bucket });
            terms.push(term);
            bucket += buckets_for(pairs);
            term += 1 + pairs;
        }
        table.push(Word { key: TermKey::default(), number: 0, bucket });
        terms.push(term);
        let mut pairs = vec![[0; 2 * ROOM]; bucket as usize];
        let mut shares = Vec::new();
        let mut rest = (table.as_mut_slice(), pairs.as_mut_slice());
        let mut first = 0;
        for end in 1..=keys.len() {
            if (terms[end] - terms[first]) as usize >= SHARE || end == keys.len() {
                let some = terms[first] as usize..terms[end] as usize;
                let end_bucket = rest.0[end - first].bucket;
                let (words, words_left) = rest.0.split_at_mut(end - first);
                let (pairs, pairs_left) = rest.1.split_at_mut((end_bucket - words[0].bucket) as usize);
                rest = (words_left, pairs_left);
                shares.push((some, Share { first, words, end_bucket, pairs }));
                first = end;
            }
        }
        let (index, filled) = rayon::join(
            || word_index(&keys),
            || {
                let scratch = || Vec::with_capacity(SHARE);
                shares.into_par_iter().try_for_each_init(scratch, |terms, (some, mut share)| {
                    // Zeros already; but a page that is read before it is written costs the system two faults.
                    share.pairs.fill([0; 2 * ROOM]);
                    terms.clear();
                    read(some, terms)?;
                    terms.iter().for_each(|&(term, number)| share.put(term, number));
                    Ok(())
                })
            },
        );
        filled?;
        let (index, alike) = index;
        Ok(Self { index, alike, words: table, pairs, terms })
    }

    /// The numbers of two words that share a key.
    pub(crate) fn words_with_one_key(&self) -> Option<(u32, u32)> {
        self.alike
    }

    /// How many terms there are.
    pub(crate) fn len(&self) -> usize {
        self.terms[self.word_count()] as usize
    }

    fn word_count(&self) -> usize {
        self.words.len() - 1
    }

    /// The number of a word.
    #[inline]
    pub(crate) fn word(&self, key: TermKey) -> Option<u32> {
        self.index.get(key.0, |number| self.has_key(number, key))
    }

    /// The index of words by their keys: what is found there may be another word, see [`Self::has_key`].
    #[inline]
    pub(crate) fn index(&self) -> &HashTable {
        &self.index
    }

    /// Says that a word, if it is one, will be asked for soon.
    #[inline]
    pub(crate) fn fetch_word(&self, number: u32) {
        self.words.get(number as usize).inspect(|word| prefetch(*word));
    }

    /// Whether the word of this number has this key.
    #[inline]
    pub(crate) fn has_key(&self, number: u32, key: TermKey) -> bool {
        self.words.get(number as usize).is_some_and(|word| word.key == key)
    }

    /// Where a word stands in the order of terms.
    #[inline]
    pub(crate) fn place_of_word(&self, word: u32) -> usize {
        self.terms[word as usize] as usize
    }

    /// The number that a word has as a term.
    #[inline]
    pub(crate) fn of_word(&self, word: u32) -> u32 {
        self.words[word as usize].number
    }

    /// The bucket where the search for a pair begins; none where no pair begins with the first word.
    #[inline]
    pub(crate) fn search(&self, first: u32, second: u32) -> Option<u32> {
        let (start, end) = self.buckets(first);
        (start < end).then(|| start + home(second, end - start))
    }

    /// The first bucket of the pairs that begin with a word, and the first behind them.
    #[inline]
    fn buckets(&self, word: u32) -> (u32, u32) {
        let word = word as usize;
        (self.words[word].bucket, self.words[word + 1].bucket)
    }

    /// Says that a pair will be looked for in this bucket soon.
    #[inline]
    pub(crate) fn fetch_pair(&self, bucket: u32) {
        prefetch(&self.pairs[bucket as usize]);
    }

    /// The number of a pair, given the bucket where the search for it begins.
    #[inline]
    pub(crate) fn find(&self, first: u32, second: u32, mut bucket: u32) -> Option<u32> {
        loop {
            let (seconds, numbers) = halves(&self.pairs[bucket as usize]);
            let equal = u32x8::new(*seconds).simd_eq(u32x8::splat(second + 1)).to_bitmask();
            if equal != 0 {
                return Some(numbers[equal.trailing_zeros() as usize % ROOM]);
            }
            if seconds[ROOM - 1] == 0 {
                return None;
            }
            // It was full.
            bucket += 1;
            let (start, end) = self.buckets(first);
            if bucket == end {
                bucket = start;
            }
        }
    }

    /// The number of a pair, given the numbers of its words.
    pub(crate) fn pair(&self, first: u32, second: u32) -> Option<u32> {
        self.find(first, second, self.search(first, second)?)
    }

    /// The pairs that begin with a word, in order, with their numbers.
    fn pairs_of(&self, word: u32) -> Vec<(TermId, u32)> {
        let (start, end) = self.buckets(word);
        let pairs = self.pairs[start as usize..end as usize].iter().flat_map(|bucket| {
            let (seconds, numbers) = halves(bucket);
            seconds.iter().zip(numbers)
        });
        let mut pairs: Vec<_> = pairs
            .filter_map(|(second, &number)| Some((TermId::pair(word, second.checked_sub(1)?), number)))
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// Where a pair of this table stands in the order of terms.
    pub(crate) fn place_of_pair(&self, first: u32, second: u32) -> usize {
        let before = self.pairs_of(first).partition_point(|&(term, _)| term < TermId::pair(first, second));
        self.place_of_word(first) + 1 + before
    }

    /// All terms with their numbers, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TermId, u32)> + '_ {
        (0..self.word_count() as u32).flat_map(|word| {
            std::iter::once((TermId::word(word), self.of_word(word))).chain(self.pairs_of(word))
        })
    }
}

/// The second words of a bucket and the numbers of its pairs.
#[inline]
fn halves(bucket: &Bucket) -> (&[u32; ROOM], &[u32; ROOM]) {
    const NONE: [u32; ROOM] = [0; ROOM];
    match bucket.as_chunks::<ROOM>().0 {
        [seconds, numbers] => (seconds, numbers),
        _ => (&NONE, &NONE),
    }
}

/// Numbers by keys, and two words that share one.
fn word_index(keys: &[TermKey]) -> (HashTable, Option<(u32, u32)>) {
    let mut words = HashTable::with_room(keys.len());
    let mut alike = None;
    for (number, &key) in (0..).zip(keys) {
        match words.get(key.0, |n| keys[n as usize] == key) {
            None => words.insert(key.0, number),
            Some(other) => alike = alike.or(Some((other, number))),
        }
    }
    (words, alike)
}

/// Which of so many buckets is a word's own.
#[inline]
fn home(second: u32, buckets: u32) -> u32 {
    let hash = second.wrapping_mul(0x9E37_79B1);
    ((u64::from(hash) * u64::from(buckets)) >> 32) as u32
}

/// How many pairs begin with each word.
pub(crate) struct Followers(Vec<u32>);

impl Followers {
    /// None yet, of so many words.
    pub(crate) fn new(words: usize) -> Self {
        Self(vec![0; words])
    }

    /// Counts a term.
    #[inline]
    pub(crate) fn see(&mut self, term: TermId) {
        if let Some(pairs) = self.0.get_mut(term.first() as usize) {
            *pairs += u32::from(term.second().is_some());
        }
    }
}

/// The terms that begin with some words, while they are written.
struct Share<'a> {
    /// The first of these words.
    first: usize,
    words: &'a mut [Word],
    /// Where the buckets of the last of them end.
    end_bucket: u32,
    pairs: &'a mut [Bucket],
}

impl Share<'_> {
    #[inline]
    fn put(&mut self, term: TermId, number: u32) {
        let word = term.first() as usize - self.first;
        let Some(second) = term.second() else {
            self.words[word].number = number;
            return;
        };
        let first = self.words[0].bucket;
        let end = self.words.get(word + 1).map_or(self.end_bucket, |next| next.bucket) - first;
        let start = self.words[word].bucket - first;
        let mut bucket = start + home(second, end - start);
        loop {
            let pairs = &mut self.pairs[bucket as usize];
            if let Some(at) = pairs[..ROOM].iter().position(|&second| second == 0) {
                (pairs[at], pairs[ROOM + at]) = (second + 1, number);
                return;
            }
            bucket = if bucket + 1 == end { start } else { bucket + 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::word_key;

    fn words(words: &[&str]) -> WordTable {
        let mut table = WordTable::default();
        words.iter().for_each(|word| table.push(word));
        table
    }

    #[test]
    fn words_and_pairs_are_found_with_their_numbers() {
        let words = words(&["envoy", "talk", "zone"]);
        let pairs = [(0, 1), (2, 1)].map(|(first, second)| TermId::pair(first, second));
        let mut terms: Vec<TermId> = (0..3).map(TermId::word).chain(pairs).collect();
        terms.sort_unstable();
        let table = TermTable::new(&words, &terms, |place| place as u32);
        assert_eq!((table.len(), table.words_with_one_key()), (5, None));
        assert_eq!(table.word(word_key("talk")), Some(1));
        assert_eq!(table.word(word_key("peac")), None);
        assert_eq!(table.of_word(2), 3);
        assert_eq!((table.pair(0, 1), table.pair(2, 1)), (Some(1), Some(4)));
        assert_eq!((table.pair(0, 2), table.pair(1, 1)), (None, None));
        assert_eq!((table.place_of_word(2), table.place_of_pair(2, 1)), (3, 4));
        assert!(table.iter().eq(terms.into_iter().zip(0..)));
    }

    #[test]
    fn many_terms_are_found() {
        let names: Vec<String> = (0..300).map(|i| format!("word{i:03}")).collect();
        let words = words(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut terms = Vec::new();
        for first in 0..300 {
            let seconds = (0..300).filter(|second| first % (second + 1) != 3);
            terms.push(TermId::word(first));
            terms.extend(seconds.map(|second| TermId::pair(first, second)));
        }
        assert!(terms.len() > SHARE);
        let number = |place: usize| 7 * place as u32;
        let table = TermTable::new(&words, &terms, number);
        for (first, second) in (0..300).flat_map(|first| (0..300).map(move |second| (first, second))) {
            let place = terms.binary_search(&TermId::pair(first, second)).ok();
            assert_eq!(table.pair(first, second), place.map(number), "{first} {second}");
        }
        let all = terms.iter().enumerate().map(|(place, &term)| (term, number(place)));
        assert!(table.iter().eq(all));
    }

    #[test]
    fn there_may_be_no_terms() {
        let table = TermTable::new(&WordTable::default(), &[], |_| 0);
        assert_eq!((table.len(), table.iter().count(), table.word(word_key("peac"))), (0, 0, None));
    }
}
