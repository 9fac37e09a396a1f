//! The distinct words and pairs of one article.

use std::hash::{BuildHasher, RandomState};

/// An open-addressing table from hashes to indexes into a list of the caller's. The place of an entry depends on a
/// number drawn at random when the process starts, so nobody can write a text whose words all fall into one place;
/// what is found does not depend on it.
pub(super) struct IndexTable {
    /// Generation in the upper half, index in the lower: a slot of an older generation is empty.
    slots: Vec<u64>,
    generation: u32,
    shift: u32,
    multiplier: u64,
}

impl Default for IndexTable {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            generation: 0,
            shift: 64,
            multiplier: RandomState::new().hash_one(0u64) | 1,
        }
    }
}

impl IndexTable {
    /// Empties the table and makes room for `len` entries; the fewer there are, the faster it is.
    pub(super) fn clear(&mut self, len: usize) {
        // One slot at least is always empty.
        let wanted = (len + 1).next_power_of_two().max(64);
        // Short articles after a long one use the front of the table, which stays in the cache.
        if wanted > self.slots.len() || self.generation == u32::MAX {
            self.slots = vec![0; wanted.max(self.slots.len())];
            self.generation = 0;
        }
        self.generation += 1;
        self.shift = 64 - wanted.trailing_zeros();
    }

    /// The index of the entry for which `is_it` holds. The caller has put the entry that is looked for at `last`, the end of
    /// its list; that is the answer where there was none before. So the way through the table is the same for new entries
    /// and old ones, between which the processor would guess wrong all the time.
    #[inline]
    pub(super) fn find_or_add(&mut self, hash: u64, last: usize, is_it: impl Fn(usize) -> bool) -> usize {
        let mask = (1usize << (64 - self.shift)) - 1;
        let mut place = (hash.wrapping_mul(self.multiplier) >> self.shift) as usize;
        loop {
            let slot = self.slots[place];
            let is_empty = (slot >> 32) as u32 != self.generation;
            let index = if is_empty { last } else { (slot & 0xFFFF_FFFF) as usize };
            if is_it(index) {
                self.slots[place] = u64::from(self.generation) << 32 | index as u64;
                return index;
            }
            place = (place + 1) & mask;
        }
    }
}
