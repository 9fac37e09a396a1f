//! Chance where nothing depends on how good it is: waits and ages that should differ.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A number from 0 to 1, another each time.
pub(crate) fn random() -> f64 {
    // The keys of the hash are random; the upper 53 bits are all that a double holds.
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64
}
