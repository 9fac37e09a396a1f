//! From term keys to row numbers: one flat open-addressing table.

use crate::text::TermKey;

#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u64,
    /// Row number plus 1; 0 where the slot is empty.
    row: u32,
}

/// Looks up the rows of terms by their keys.
#[derive(Debug)]
pub(crate) struct TermTable {
    slots: Vec<Slot>,
    shift: u32,
}

impl TermTable {
    /// A table in which `keys[i]` leads to row i. The error is the rows of two terms that share a key.
    pub(crate) fn new(keys: impl ExactSizeIterator<Item = TermKey>) -> Result<Self, (usize, usize)> {
        let (table, shared) = Self::build(keys);
        shared.map_or(Ok(table), Err)
    }

    /// The same, where of several terms with one key the first is found.
    pub(crate) fn first_of_each(keys: impl ExactSizeIterator<Item = TermKey>) -> Self {
        Self::build(keys).0
    }

    fn build(keys: impl ExactSizeIterator<Item = TermKey>) -> (Self, Option<(usize, usize)>) {
        let capacity = (keys.len() * 2).next_power_of_two().max(16);
        let shift = 64 - capacity.trailing_zeros();
        let mut slots = vec![Slot { key: 0, row: 0 }; capacity];
        let mut shared = None;
        'keys: for (row, TermKey(key)) in keys.enumerate() {
            let mut place = (key >> shift) as usize;
            while slots[place].row != 0 {
                if slots[place].key == key {
                    shared = shared.or(Some((slots[place].row as usize - 1, row)));
                    continue 'keys;
                }
                place = (place + 1) & (capacity - 1);
            }
            slots[place] = Slot { key, row: row as u32 + 1 };
        }
        (Self { slots, shift }, shared)
    }

    /// The row of a term.
    #[inline]
    pub(crate) fn get(&self, TermKey(key): TermKey) -> Option<u32> {
        let mut place = (key >> self.shift) as usize;
        loop {
            let slot = self.slots[place];
            if slot.row == 0 {
                return None;
            }
            if slot.key == key {
                return Some(slot.row - 1);
            }
            place = (place + 1) & (self.slots.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::word_key;

    #[test]
    fn every_key_finds_its_row_and_no_other_key_does() {
        let keys: Vec<_> = (0..5000).map(|i| word_key(&i.to_string())).collect();
        let table = TermTable::new(keys.iter().copied()).unwrap();
        assert!(keys.iter().enumerate().all(|(i, &key)| table.get(key) == Some(i as u32)));
        assert!((5000..9000).all(|i| table.get(word_key(&i.to_string())).is_none()));
        assert_eq!(TermTable::new([].into_iter()).unwrap().get(word_key("x")), None);
    }

    #[test]
    fn two_terms_with_one_key_are_noticed() {
        assert_eq!(TermTable::new([7, 9, 7].map(TermKey).into_iter()).err(), Some((0, 2)));
    }
}
