//! How many calls are being answered.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts calls against a limit; one for all connections.
#[derive(Debug)]
pub(in crate::server) struct InFlight {
    limit: usize,
    now: AtomicUsize,
}

impl InFlight {
    pub(super) const fn new(limit: usize) -> Self {
        Self { limit, now: AtomicUsize::new(0) }
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// How many there are.
    pub(in crate::server) fn now(&self) -> usize {
        self.now.load(Relaxed)
    }

    /// Counts one more, unless there is no room. What was counted must [`leave`](Self::leave).
    #[must_use]
    pub(super) fn enter(&self) -> bool {
        if self.now.fetch_add(1, Relaxed) < self.limit {
            return true;
        }
        self.now.fetch_sub(1, Relaxed);
        false
    }

    pub(super) fn leave(&self) {
        self.now.fetch_sub(1, Relaxed);
    }
}
