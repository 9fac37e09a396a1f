//! A part of the sums while a corpus is counted: those of the terms that begin with some of the words.

use super::columns::{Entry, TermId};
use crate::text::Weight;

/// One article's weight of one term.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addend {
    pub(super) term: TermId,
    pub(super) weight: Weight,
    pub(super) topic: u16,
}

/// So many places are looked up before the first of them is written to: the processor waits for all of them at once.
const AT_ONCE: usize = 16;

/// The sum of one term in one topic; of no article where the slot is empty.
#[derive(Clone, Copy, Debug)]
struct Slot {
    term: TermId,
    weight: u64,
    articles: u32,
    topic: u16,
}

const EMPTY: Slot = Slot { term: TermId(0), weight: 0, articles: 0, topic: 0 };

/// Sums by term and topic, in a flat table with open addressing.
pub(super) struct Shard {
    slots: Vec<Slot>,
    used: usize,
}

impl Shard {
    /// A shard of so many slots at first: what a table leaves behind when it grows is seldom of use for anything else.
    pub(super) fn with_slots(slots: usize) -> Self {
        Self { slots: vec![EMPTY; slots.max(16)], used: 0 }
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }

    /// Adds all `addends`.
    pub(super) fn add(&mut self, addends: &[Addend]) {
        // They may all be new; and a quarter of the slots stays free.
        while (self.used + addends.len()) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        for some in addends.chunks(AT_ONCE) {
            let mut hits = [false; AT_ONCE];
            let mut places = [0; AT_ONCE];
            for ((place, hit), addend) in places.iter_mut().zip(&mut hits).zip(some) {
                *place = home(addend.term, addend.topic, self.slots.len());
                let slot = &self.slots[*place];
                // Without a branch, which would have to wait for the slot, and the next slot for it.
                *hit = (slot.term == addend.term) & (slot.topic == addend.topic) & (slot.articles > 0);
            }
            for ((&place, &hit), addend) in places.iter().zip(&hits).zip(some) {
                let place = if hit { place } else { self.find(place, addend) };
                let slot = &mut self.slots[place];
                slot.weight += u64::from(addend.weight);
                slot.articles += 1;
            }
        }
    }

    /// The slot of the addend's term and topic, from `place` on; an empty one is given to them.
    fn find(&mut self, mut place: usize, addend: &Addend) -> usize {
        loop {
            let slot = &mut self.slots[place];
            if slot.articles == 0 {
                *slot = Slot { term: addend.term, topic: addend.topic, ..EMPTY };
                self.used += 1;
                return place;
            }
            if slot.term == addend.term && slot.topic == addend.topic {
                return place;
            }
            place = self.after(place);
        }
    }

    fn after(&self, place: usize) -> usize {
        if place + 1 == self.slots.len() { 0 } else { place + 1 }
    }

    fn grow(&mut self) {
        let larger = vec![EMPTY; self.slots.len() + self.slots.len() / 2];
        for slot in std::mem::replace(&mut self.slots, larger).into_iter().filter(|s| s.articles > 0) {
            let mut place = home(slot.term, slot.topic, self.slots.len());
            while self.slots[place].articles > 0 {
                place = self.after(place);
            }
            self.slots[place] = slot;
        }
    }

    /// The sums by term and topic, with words and topics by their places in sorted order.
    pub(super) fn into_sums(mut self, word_places: &[u32], topic_places: &[u16]) -> Vec<(TermId, Entry)> {
        self.slots.retain(|slot| slot.articles > 0);
        let sum = |slot: Slot| {
            let first = word_places[slot.term.first() as usize];
            let term = match slot.term.second() {
                None => TermId::word(first),
                Some(second) => TermId::pair(first, word_places[second as usize]),
            };
            let topic = topic_places[usize::from(slot.topic)];
            (term, Entry { topic, articles: slot.articles, weight: slot.weight })
        };
        // Of the same size, so the standard library makes one vector of the other in its place.
        let mut sums: Vec<(TermId, Entry)> = self.slots.into_iter().map(sum).collect();
        // As one number: that is compared without a branch.
        sums.sort_unstable_by_key(|(term, entry)| u128::from(term.0) << 16 | u128::from(entry.topic));
        sums
    }
}

/// Where the search for a sum begins in a table of so many slots.
#[inline]
fn home(term: TermId, topic: u16, slots: usize) -> usize {
    let product = u128::from(term.0 ^ u64::from(topic) << 47 ^ 0x2D35_8DCC_AA6C_78A5) * 0x9E37_79B9_7F4A_7C15;
    let hash = (product >> 64) as u64 ^ product as u64;
    // The share of the slots that the hash is of 2^64: any number of them will do.
    ((u128::from(hash) * slots as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_a_sorted_map() {
        let mut shard = Shard::with_slots(0);
        let mut expected = std::collections::BTreeMap::new();
        let addends: Vec<Addend> = (0..30_000u32)
            .map(|i| {
                let (first, second) = (i % 7, i.wrapping_mul(i) % 1000);
                let term = if i % 5 == 0 { TermId::word(first) } else { TermId::pair(first, second) };
                Addend { term, weight: i + 1, topic: (i % 3) as u16 }
            })
            .collect();
        for addend in &addends {
            let sum: &mut (u32, u64) = expected.entry((addend.term, addend.topic)).or_default();
            sum.0 += 1;
            sum.1 += u64::from(addend.weight);
        }
        addends.chunks(700).for_each(|some| shard.add(some));
        let places: Vec<u32> = (0..1000).collect();
        let sums = shard.into_sums(&places, &[0, 1, 2]);
        let expected: Vec<_> = expected
            .into_iter()
            .map(|((term, topic), (articles, weight))| (term, Entry { topic, articles, weight }))
            .collect();
        assert_eq!(sums, expected);
    }
}
