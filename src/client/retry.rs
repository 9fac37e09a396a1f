//! When to call again.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::random::random;

/// How often to call, how long to wait in between, and how long for all of it.
///
/// Calling again is safe: answers are pure functions of what is asked, and activating a revision twice is activating it.
/// Only RollbackModel is not to be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How long the answer may take, all attempts together.
    pub deadline: Duration,
    /// How many calls are made at most.
    pub attempts: u32,
    /// The wait after the first attempt; then twice as long each time. A server that says when to come back
    /// (google.rpc.RetryInfo) is obeyed instead.
    pub first_wait: Duration,
    /// No wait of our own is longer.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            attempts: 5,
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(2),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after `attempt` (from 0) has failed. None: calling again will not help.
    pub(super) fn wait(&self, attempt: u32, status: &Status) -> Option<Duration> {
        if !matches!(status.code(), Code::Unavailable | Code::ResourceExhausted)
            || attempt + 1 >= self.attempts.max(1)
        {
            return None;
        }
        let told = status.get_details_retry_info().and_then(|info| info.retry_delay);
        let grown = self.first_wait.saturating_mul(1 << attempt.min(16)).min(self.longest_wait);
        // Callers that were refused together should not come back together: from 1 to 1.5 times what a server said, so
        // never too early, and from 0.5 to 1 times our own wait.
        Some(match told {
            Some(told) => told.mul_f64(1.0 + random() / 2.0),
            None => grown.mul_f64(0.5 + random() / 2.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        deadline: Duration::from_secs(5),
        attempts: 4,
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_millis(300),
    };

    #[test]
    fn waits_grow_up_to_the_longest_and_end_with_the_attempts() {
        let gone = Status::unavailable("gone");
        for (attempt, most) in [(0, 100), (1, 200), (2, 300)] {
            for _ in 0..100 {
                let wait = POLICY.wait(attempt, &gone).unwrap().as_millis();
                assert!((most / 2..=most).contains(&wait), "{attempt}: {wait}");
            }
        }
        assert_eq!(POLICY.wait(3, &gone), None);
        assert_eq!(RetryPolicy { attempts: 0, ..POLICY }.wait(0, &gone), None);
    }

    #[test]
    fn a_server_that_says_when_is_obeyed() {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
        let full = Status::with_error_details(Code::ResourceExhausted, "full", details);
        for _ in 0..100 {
            let wait = POLICY.wait(0, &full).unwrap();
            assert!((Duration::from_secs(1)..=Duration::from_millis(1500)).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn what_will_not_change_is_not_repeated() {
        for code in [Code::InvalidArgument, Code::NotFound, Code::DeadlineExceeded, Code::Internal] {
            assert_eq!(POLICY.wait(0, &Status::new(code, "")), None);
        }
    }
}
