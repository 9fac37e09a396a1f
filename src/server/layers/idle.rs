//! Streams of answers on which nothing happens.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinHandle};

use super::service::Calls;

/// Follows a stream, and gives its place under the concurrency limit back when no answer has gone out for too long: whether
/// its caller sends nothing or takes nothing. Else a thousand forgotten streams would keep everybody else out.
///
/// By a task of its own, because a stream whose caller takes nothing is not polled any more.
#[derive(Debug)]
pub(super) struct IdleWatch {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    calls: Arc<Calls>,
    /// Whether the stream still has its place.
    placed: AtomicBool,
    start: Instant,
    /// When the last answer went out, in milliseconds after the start.
    active: AtomicU64,
    /// Told when the time is up.
    idle: Notify,
}

impl IdleWatch {
    /// Takes the place of a stream over.
    pub(super) fn new(calls: Arc<Calls>, most: Duration) -> Self {
        let shared = Arc::new(Shared {
            calls,
            placed: AtomicBool::new(true),
            start: Instant::now(),
            active: AtomicU64::new(0),
            idle: Notify::new(),
        });
        let task = tokio::spawn(Arc::clone(&shared).watch(most));
        Self { shared, task }
    }

    /// Notes that an answer goes out.
    pub(super) fn active(&self) {
        self.shared.active.store(self.shared.start.elapsed().as_millis() as u64, Relaxed);
    }

    /// Resolves when no answer has gone out for too long.
    pub(super) fn idle(&self) -> impl Future<Output = ()> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move { shared.idle.notified().await }
    }
}

impl Drop for IdleWatch {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.leave();
    }
}

impl Shared {
    async fn watch(self: Arc<Self>, most: Duration) {
        loop {
            let active = self.start + Duration::from_millis(self.active.load(Relaxed));
            let Some(until) = active.checked_add(most) else { return };
            if until <= Instant::now() {
                self.leave();
                self.idle.notify_one();
                return;
            }
            tokio::time::sleep_until(until.into()).await;
        }
    }

    fn leave(&self) {
        if self.placed.swap(false, Relaxed) {
            self.calls.in_flight.leave();
        }
    }
}
