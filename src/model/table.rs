//! From hashes to numbers: one flat open-addressing table of eight bytes a slot.

/// Finds numbers by hashes of what they stand for. It remembers half of each hash only: whether a number is the right one
/// is for the caller to say, who knows what it stands for.
#[derive(Debug)]
pub(crate) struct HashTable {
    /// The lower half of the hash above, the number plus 1 below; 0 where the slot is empty.
    slots: Vec<u64>,
    shift: u32,
}

/// Where the search for a number begins: the place of a hash, and what stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    place: usize,
    slot: u64,
}

const NUMBER: u64 = 0xFFFF_FFFF;

impl HashTable {
    /// A table with room for `len` numbers below 2^32 - 1.
    pub(crate) fn with_room(len: usize) -> Self {
        // At least a quarter stays empty.
        let capacity = (len + len / 3 + 1).next_power_of_two().max(16);
        Self { slots: vec![0; capacity], shift: 64 - capacity.trailing_zeros() }
    }

    /// Adds a number, of which there must be room for one more.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u64, number: u32) {
        let mut place = (hash >> self.shift) as usize;
        while self.slots[place] != 0 {
            place = (place + 1) & (self.slots.len() - 1);
        }
        self.slots[place] = hash << 32 | (u64::from(number) + 1);
    }

    /// Looks at the place of a hash. Starting many searches before going on with the first makes the processor wait for all
    /// of their memory at once.
    #[inline]
    pub(crate) fn start(&self, hash: u64) -> Start {
        let place = (hash >> self.shift) as usize;
        Start { place, slot: self.slots[place] }
    }

    /// The first number that was added with this hash and for which `is_it` holds.
    #[inline]
    pub(crate) fn get(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.go_on(self.start(hash), hash, is_it)
    }

    /// The same, for a search that was started.
    #[inline]
    pub(crate) fn go_on(
        &self,
        Start { mut place, mut slot }: Start,
        hash: u64,
        is_it: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        while slot != 0 {
            let number = ((slot & NUMBER) - 1) as u32;
            if slot >> 32 == hash & NUMBER && is_it(number) {
                return Some(number);
            }
            place = (place + 1) & (self.slots.len() - 1);
            slot = self.slots[place];
        }
        None
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
