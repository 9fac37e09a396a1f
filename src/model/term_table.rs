//! The terms of a model or of counts, and some numbers of each.
//!
//! A word is found by its 64-bit key, which is compared in full; a pair by the numbers of its words, so what is found is what was
//! looked for. To look up a pair is to wait for memory, so what is known of it stands where the search for it begins: every
//! word has a small hash table of the words that follow it, and these tables stand side by side. They are made of buckets as
//! large as a line of the processor's cache, each with room for as many pairs as it holds: nearly every pair is found in the
//! first bucket, and it is known without a branch which of the bucket's it is. Where the numbers of a pair are so many that a
//! bucket would not hold two, they stand in a list of their own, and the bucket says where.

use std::ops::Range;

use rayon::prelude::*;
use wide::u32x16;

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

/// So many numbers of 32 bits are a line of the cache.
const LINE: usize = 16;

/// Finds terms, and has so many numbers of each.
#[derive(Debug)]
pub(crate) struct TermTable {
    /// The key of each word.
    keys: Vec<TermKey>,
    words: HashTable,
    /// Two words with one key, where there are such.
    alike: Option<(u32, u32)>,
    shape: Shape,
    /// The numbers of each word.
    word_numbers: Vec<u32>,
    /// The first bucket of the pairs that begin with this word; and the end of the last word's.
    buckets: Vec<u32>,
    /// In every bucket pairs, from the front: the number of the second word plus 1, then the numbers of the pair or where they
    /// stand. Zeros where there is none.
    pairs: Vec<[u32; LINE]>,
    /// The numbers of the pairs, in order, where they stand apart.
    apart: Vec<u32>,
    /// Of each word its place in the order of terms; and how many terms there are.
    terms: Vec<u32>,
}

/// How terms lie in memory.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// How many numbers a term has.
    numbers: usize,
    /// Whether those of a pair stand apart from its bucket.
    is_apart: bool,
    /// What distance two pairs in a bucket have.
    stride: usize,
    /// How many pairs a bucket has room for.
    room: usize,
    /// Which of the numbers of a bucket are second words: a bit for each.
    second_words: u32,
}

impl Shape {
    fn new(numbers: usize) -> Self {
        let is_apart = 2 * (1 + numbers) > LINE;
        let stride = 1 + if is_apart { 1 } else { numbers };
        let room = LINE / stride;
        let second_words = (0..room).fold(0, |bits, pair| bits | 1 << (pair * stride));
        Self { numbers, is_apart, stride, room, second_words }
    }

    /// So many buckets a word has for the pairs that it begins: two thirds of the room are used, and some is always left.
    fn buckets(self, pairs: u32) -> u32 {
        (u64::from(pairs) * 3).div_ceil(2 * self.room as u64) as u32
    }
}

impl TermTable {
    /// The table of sorted `terms`, among which are all of `words`, with so many `numbers` each, which `write` is told to write,
    /// those of some terms at a time, on several threads. Of words that share a key the first is found.
    pub(crate) fn new(
        words: &WordTable,
        terms: &[TermId],
        numbers: usize,
        write: impl Fn(Range<usize>, &mut Numbers<'_>) + Sync,
    ) -> Self {
        let mut followers = Followers::new(words.len());
        terms.iter().for_each(|&term| followers.see(term));
        let read = |some: Range<usize>, out: &mut Vec<TermId>| {
            out.extend_from_slice(&terms[some]);
            Ok::<(), std::convert::Infallible>(())
        };
        let write = |some: Range<usize>, numbers: &mut Numbers<'_>| {
            write(some, numbers);
            Ok(())
        };
        let Ok(table) = Self::read(words, followers, numbers, read, write);
        table
    }

    /// The terms of counts; the number of each is its place among them.
    pub(crate) fn of_counts(counts: &Counts) -> Self {
        Self::new(&counts.words, &counts.terms, 1, |some, numbers| {
            some.enumerate().for_each(|(term, place)| numbers.set(term, &[place as u32]));
        })
    }

    /// The same as [`Self::new`] for terms that are not at hand: `read` adds some of them to a list. `followers` has seen them all.
    ///
    /// # Errors
    /// The first error of `read` or `write`.
    pub(crate) fn read<E: Send>(
        words: &WordTable,
        Followers(followers): Followers,
        numbers: usize,
        read: impl Fn(Range<usize>, &mut Vec<TermId>) -> Result<(), E> + Sync,
        write: impl Fn(Range<usize>, &mut Numbers<'_>) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let keys = words.keys();
        let shape = Shape::new(numbers);
        let (mut buckets, mut terms) =
            (Vec::with_capacity(keys.len() + 1), Vec::with_capacity(keys.len() + 1));
        let (mut bucket, mut term) = (0, 0);
        for &pairs in &followers {
            buckets.push(bucket);
            terms.push(term);
            bucket += shape.buckets(pairs);
            term += 1 + pairs;
        }
        buckets.push(bucket);
        terms.push(term);
        let mut word_numbers = vec![0; keys.len() * numbers];
        let mut pairs = vec![[0; LINE]; bucket as usize];
        let mut apart = vec![0; if shape.is_apart { (term as usize - keys.len()) * numbers } else { 0 }];
        let mut shares = Vec::new();
        let mut rest = (word_numbers.as_mut_slice(), pairs.as_mut_slice(), apart.as_mut_slice());
        let mut first = 0;
        for end in 1..=keys.len() {
            if (terms[end] - terms[first]) as usize >= SHARE || end == keys.len() {
                let words = end - first;
                let some = terms[first] as usize..terms[end] as usize;
                let (word_numbers, words_left) = rest.0.split_at_mut(words * numbers);
                let (pairs, pairs_left) = rest.1.split_at_mut((buckets[end] - buckets[first]) as usize);
                let apart_here = if shape.is_apart { (some.len() - words) * numbers } else { 0 };
                let (apart, apart_left) = rest.2.split_at_mut(apart_here);
                rest = (words_left, pairs_left, apart_left);
                let before = terms[first] as usize - first;
                let buckets = &buckets[first..=end];
                shares.push((some, Share { first, before, shape, buckets, word_numbers, pairs, apart }));
                first = end;
            }
        }
        let (words, filled) = rayon::join(
            || word_index(&keys),
            || {
                let scratch = || (Vec::with_capacity(SHARE), Vec::with_capacity(SHARE));
                shares.into_par_iter().try_for_each_init(scratch, |(terms, places), (some, mut share)| {
                    // Zeros already; but a page that is read before it is written costs the system two faults.
                    share.pairs.fill([0; LINE]);
                    terms.clear();
                    read(some.clone(), terms)?;
                    places.clear();
                    places.extend(terms.iter().enumerate().map(|(number, &term)| share.place(term, number)));
                    write(some, &mut Numbers { share, places })
                })
            },
        );
        filled?;
        let (words, alike) = words;
        Ok(Self { keys, words, alike, shape, word_numbers, buckets, pairs, apart, terms })
    }

    /// The numbers of two words that share a key.
    pub(crate) fn words_with_one_key(&self) -> Option<(u32, u32)> {
        self.alike
    }

    /// How many terms there are.
    pub(crate) fn len(&self) -> usize {
        self.terms[self.keys.len()] as usize
    }

    /// The number of a word.
    #[inline]
    pub(crate) fn word(&self, key: TermKey) -> Option<u32> {
        self.words.get(key.0, |number| self.has_key(number, key))
    }

    /// The index of words by their keys: what is found there may be another word, see [`Self::has_key`].
    #[inline]
    pub(crate) fn words(&self) -> &HashTable {
        &self.words
    }

    /// Whether the word of this number has this key.
    #[inline]
    pub(crate) fn has_key(&self, number: u32, key: TermKey) -> bool {
        self.keys.get(number as usize) == Some(&key)
    }

    /// Where a word stands in the order of terms.
    #[inline]
    pub(crate) fn place_of_word(&self, word: u32) -> usize {
        self.terms[word as usize] as usize
    }

    /// The numbers of a word.
    #[inline]
    pub(crate) fn of_word(&self, word: u32) -> &[u32] {
        let start = word as usize * self.shape.numbers;
        &self.word_numbers[start..start + self.shape.numbers]
    }

    /// The bucket where the search for a pair begins; none where no pair begins with the first word.
    #[inline]
    pub(crate) fn search(&self, first: u32, second: u32) -> Option<u32> {
        let (start, end) = (self.buckets[first as usize], self.buckets[first as usize + 1]);
        (start < end).then(|| start + home(second, end - start))
    }

    /// Says that a pair will be looked for in this bucket soon.
    #[inline]
    pub(crate) fn expect(&self, bucket: u32) {
        prefetch(&self.pairs[bucket as usize]);
    }

    /// Where a pair lies, given the bucket where the search for it begins.
    #[inline]
    pub(crate) fn find(&self, first: u32, second: u32, mut bucket: u32) -> Option<usize> {
        let Shape { stride, room, second_words, .. } = self.shape;
        loop {
            let line = self.pairs[bucket as usize];
            // What is equal by chance, a weight, does not count.
            let equal = u32x16::new(line).simd_eq(u32x16::splat(second + 1)).to_bitmask() & second_words;
            if equal != 0 {
                return Some(bucket as usize * LINE + equal.trailing_zeros() as usize);
            }
            if line[(room - 1) * stride] == 0 {
                return None;
            }
            // It was full.
            bucket += 1;
            if bucket == self.buckets[first as usize + 1] {
                bucket = self.buckets[first as usize];
            }
        }
    }

    /// Where a pair lies, given the numbers of its words.
    pub(crate) fn pair(&self, first: u32, second: u32) -> Option<usize> {
        self.find(first, second, self.search(first, second)?)
    }

    /// The numbers of the pair that lies there.
    #[inline]
    pub(crate) fn of_pair(&self, lies: usize) -> &[u32] {
        let (start, numbers) = (lies + 1, self.shape.numbers);
        let pairs = self.pairs.as_flattened();
        if self.shape.is_apart {
            let start = pairs[start] as usize * numbers;
            &self.apart[start..start + numbers]
        } else {
            &pairs[start..start + numbers]
        }
    }

    /// The pairs that begin with a word, in order, and where they lie.
    fn pairs_of(&self, word: u32) -> Vec<(TermId, usize)> {
        let Shape { stride, room, .. } = self.shape;
        let buckets = self.buckets[word as usize] as usize..self.buckets[word as usize + 1] as usize;
        let places = buckets.flat_map(|bucket| (0..room).map(move |pair| bucket * LINE + pair * stride));
        let seconds = self.pairs.as_flattened();
        let pairs = places.filter_map(|at| Some((TermId::pair(word, seconds[at].checked_sub(1)?), at)));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        pairs
    }

    /// Where a pair of this table stands in the order of terms.
    pub(crate) fn place_of_pair(&self, first: u32, second: u32) -> usize {
        let before = self.pairs_of(first).partition_point(|&(term, _)| term < TermId::pair(first, second));
        self.place_of_word(first) + 1 + before
    }

    /// All terms with their numbers, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TermId, &[u32])> + '_ {
        (0..self.keys.len() as u32).flat_map(|word| {
            let pairs = self.pairs_of(word).into_iter().map(|(term, at)| (term, self.of_pair(at)));
            std::iter::once((TermId::word(word), self.of_word(word))).chain(pairs)
        })
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
    /// How many pairs stand before the first of these.
    before: usize,
    shape: Shape,
    buckets: &'a [u32],
    word_numbers: &'a mut [u32],
    pairs: &'a mut [[u32; LINE]],
    apart: &'a mut [u32],
}

/// Where a term's numbers stand.
#[derive(Clone, Copy)]
enum At {
    /// Those of the n-th word.
    Word(u32),
    /// In a bucket, from there on.
    Bucket(u32, u8),
    /// Those of the n-th pair.
    Apart(u32),
}

impl Share<'_> {
    /// Gives the next term its place.
    #[inline]
    fn place(&mut self, term: TermId, number: usize) -> At {
        let Shape { is_apart, stride, room, .. } = self.shape;
        let word = term.first() as usize - self.first;
        let Some(second) = term.second() else {
            return At::Word(word as u32);
        };
        let (start, end) = (self.buckets[word] - self.buckets[0], self.buckets[word + 1] - self.buckets[0]);
        let mut bucket = start + home(second, end - start);
        loop {
            let line = &mut self.pairs[bucket as usize];
            if let Some(at) = (0..room).map(|pair| pair * stride).find(|&at| line[at] == 0) {
                line[at] = second + 1;
                if !is_apart {
                    return At::Bucket(bucket, at as u8 + 1);
                }
                // The words up to this one stand before it among the terms, but not among the pairs.
                let pair = number - word - 1;
                line[at + 1] = (self.before + pair) as u32;
                return At::Apart(pair as u32);
            }
            bucket = if bucket + 1 == end { start } else { bucket + 1 };
        }
    }
}

/// The numbers of some terms, while they are written.
pub(crate) struct Numbers<'a> {
    share: Share<'a>,
    places: &'a [At],
}

impl Numbers<'_> {
    /// How many numbers a term has.
    pub(crate) fn len(&self) -> usize {
        self.share.shape.numbers
    }

    /// Sets the numbers of a term, counted from the first.
    #[inline]
    pub(crate) fn set(&mut self, term: usize, numbers: &[u32]) {
        let share = &mut self.share;
        let len = share.shape.numbers;
        let there = match self.places[term] {
            At::Word(word) => &mut share.word_numbers[word as usize * len..],
            At::Bucket(bucket, start) => &mut share.pairs[bucket as usize][usize::from(start)..],
            At::Apart(pair) => &mut share.apart[pair as usize * len..],
        };
        there.iter_mut().zip(numbers).take(len).for_each(|(there, number)| *there = *number);
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
        let table = TermTable::new(&words, &terms, 2, |some, numbers| {
            some.enumerate().for_each(|(term, index)| numbers.set(term, &[index as u32, 100]));
        });
        assert_eq!((table.len(), table.words_with_one_key()), (5, None));
        assert_eq!(table.word(word_key("talk")), Some(1));
        assert_eq!(table.word(word_key("peac")), None);
        assert_eq!(table.of_word(2), [3, 100]);
        let pair = |a, b| table.pair(a, b).map(|at| table.of_pair(at));
        assert_eq!((pair(0, 1), pair(2, 1)), (Some(&[1, 100][..]), Some(&[4, 100][..])));
        assert_eq!((pair(0, 2), pair(1, 1)), (None, None));
        assert_eq!((table.place_of_word(2), table.place_of_pair(2, 1)), (3, 4));
        assert!(table.iter().map(|(term, numbers)| (term, numbers[0])).eq(terms.into_iter().zip(0..)));
    }

    #[test]
    fn many_terms_with_few_or_many_numbers_are_found() {
        let names: Vec<String> = (0..300).map(|i| format!("word{i:03}")).collect();
        let words = words(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut terms = Vec::new();
        for first in 0..300 {
            let seconds = (0..300).filter(|second| first % (second + 1) != 3);
            terms.push(TermId::word(first));
            terms.extend(seconds.map(|second| TermId::pair(first, second)));
        }
        assert!(terms.len() > SHARE);
        for numbers in [1, 4, 7, LINE, 2 * LINE] {
            let table = TermTable::new(&words, &terms, numbers, |some, out| {
                for (term, place) in some.enumerate() {
                    let of_term: Vec<u32> = (0..numbers).map(|number| (place + number) as u32).collect();
                    out.set(term, &of_term);
                }
            });
            for (first, second) in (0..300).flat_map(|first| (0..300).map(move |second| (first, second))) {
                let place = terms.binary_search(&TermId::pair(first, second)).ok();
                let found = table.pair(first, second).map(|at| table.of_pair(at));
                assert_eq!(found.map(|numbers| numbers[0] as usize), place, "{first} {second}");
                assert!(found.is_none_or(|of_pair| of_pair.iter().zip(of_pair[0]..).all(|(a, b)| *a == b)));
            }
            assert!(table.iter().map(|(term, _)| term).eq(terms.iter().copied()));
        }
    }

    #[test]
    fn there_may_be_no_terms() {
        let table = TermTable::new(&WordTable::default(), &[], 1, |_, _| ());
        assert_eq!((table.len(), table.iter().count(), table.word(word_key("peac"))), (0, 0, None));
    }
}
