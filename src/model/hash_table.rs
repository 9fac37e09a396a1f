//! From hashes to numbers: one flat open-addressing table of four bytes a slot.

/// Finds numbers by hashes of what they stand for. It remembers as much of each hash as its slots have room for beside the
/// number: whether a number is the right one is for the caller to say, who knows what it stands for.
///
/// Looking up is waiting for memory, so what counts is how much of the table a cache holds.
#[derive(Debug)]
pub(crate) struct HashTable {
    /// The number plus 1 in the bits of `number_bits`, in the others those of the hash; 0 where the slot is empty.
    slots: Vec<u32>,
    number_bits: u32,
}

/// Where the search for a number begins: the place of a hash, and what stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    place: usize,
    slot: u32,
}

impl HashTable {
    /// A table for the numbers below `len`, which is below 2^32.
    pub(crate) fn with_room(len: usize) -> Self {
        // Three of five are used: then most numbers stand where their search begins.
        let slots = vec![0; len + len * 2 / 3 + 1];
        let number_bits = u32::MAX >> len.checked_ilog2().map_or(31, |log| 31 - log);
        Self { slots, number_bits }
    }

    /// Adds a number, of which there must be room for one more.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u64, number: u32) {
        let mut place = self.home(hash);
        while self.slots[place] != 0 {
            place = self.after(place);
        }
        self.slots[place] = (hash as u32 & !self.number_bits) | (number + 1);
    }

    /// Looks at the place of a hash. Starting many searches before going on with the first makes the processor wait for all
    /// of their memory at once.
    #[inline]
    pub(crate) fn start(&self, hash: u64) -> Start {
        let place = self.home(hash);
        Start { place, slot: self.slots[place] }
    }

    /// The first number that was added with this hash and for which `is_it` holds.
    #[inline]
    pub(crate) fn get(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.go_on(self.start(hash), hash, is_it)
    }

    /// The first number that was added with a hash that agrees with this one as far as it is remembered; most of the time the
    /// right one, and always when there is no other such.
    #[inline]
    pub(crate) fn likely(&self, start: Start, hash: u64) -> Option<u32> {
        self.go_on(start, hash, |_| true)
    }

    #[inline]
    fn go_on(
        &self,
        Start { mut place, mut slot }: Start,
        hash: u64,
        is_it: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        while slot != 0 {
            let number = (slot & self.number_bits).wrapping_sub(1);
            if (slot ^ hash as u32) & !self.number_bits == 0 && is_it(number) {
                return Some(number);
            }
            place = self.after(place);
            slot = self.slots[place];
        }
        None
    }

    /// The share of the slots that the hash is of 2^64: there may be any number of them.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        if place + 1 == self.slots.len() { 0 } else { place + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_by_its_hash_and_no_other() {
        let hash = |i: u32| u64::from(i).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut table = HashTable::with_room(5000);
        (0..5000).for_each(|i| table.insert(hash(i), i));
        assert!((0..5000).all(|i| table.get(hash(i), |n| n == i) == Some(i)));
        assert!((5000..9000).all(|i| table.get(hash(i), |n| n == i).is_none()));
        assert_eq!(HashTable::with_room(0).get(hash(1), |_| true), None);
    }

    #[test]
    fn numbers_with_one_hash_are_told_apart_by_the_caller() {
        let mut table = HashTable::with_room(3);
        (0..3).for_each(|i| table.insert(u64::MAX, i));
        assert_eq!(table.get(u64::MAX, |n| n == 2), Some(2));
        assert_eq!(table.get(u64::MAX, |n| n > 0), Some(1));
    }
}
