//! Works on all cores on what one thread reads, and gives the results in the order of the input.
//!
//! Nothing waits for a batch to fill: a worker takes whatever is there, one line or many, so an answer to the first line
//! does not wait for the second. Nor does anything pile up: no more than [`WINDOW`] bytes are under way.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::resume_unwind,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// So many bytes are read and not yet given on, or one element that is larger.
pub(crate) const WINDOW: usize = 4 << 20;
/// A worker takes no more elements at once.
const MOST: usize = 64;

/// Reads `source` on a thread of its own, gives each element to `work` on one of `threads` threads, and the results to
/// `sink` in order, one or more at a time. `size` is about how many bytes an element takes. Each thread has what `start`
/// gives it; these are given back in the end.
///
/// # Errors
/// What `sink` fails with; nothing more is read then. A source that is waiting for input is left waiting.
pub fn in_order<T, R, S, E>(
    source: impl Iterator<Item = T> + Send + 'static,
    size: impl Fn(&T) -> usize + Send + 'static,
    threads: usize,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
    mut sink: impl FnMut(Vec<R>) -> Result<(), E>,
) -> Result<Vec<S>, E>
where
    T: Send + 'static,
    R: Send,
    S: Send,
{
    let threads = threads.max(1);
    let queue = Arc::new(Queue::default());
    let results = Results::new(threads);
    let feed = Arc::clone(&queue);
    let reader = thread::spawn(move || {
        let end = EndOfInput(feed);
        for element in source {
            let bytes = size(&element);
            if !end.0.push(element, bytes) {
                break;
            }
        }
    });
    let done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let _end = EndOfWorker(&results);
                    let mut state = start();
                    while let Some(taken) = queue.take(threads) {
                        let done = taken.elements.into_iter().map(|element| work(&mut state, element));
                        results.put(taken.number, done.collect(), taken.bytes);
                    }
                    state
                })
            })
            .collect();
        while let Some((done, bytes)) = results.next() {
            if let Err(error) = sink(done) {
                queue.stop();
                return Err(error);
            }
            queue.release(bytes);
        }
        let states =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        Ok(states.collect())
    })?;
    reader.join().unwrap_or_else(|panic| resume_unwind(panic));
    Ok(done)
}

/// What was read, before it is worked on.
struct Queue<T> {
    state: Mutex<QueueState<T>>,
    /// There is work, or there will be none.
    work: Condvar,
    /// There is room.
    room: Condvar,
}

struct QueueState<T> {
    elements: VecDeque<(T, usize)>,
    /// How many bytes were read and not yet given on.
    bytes: usize,
    /// How many times elements were taken.
    taken: u64,
    idle: usize,
    ended: bool,
    stopped: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let elements = VecDeque::new();
        let state = QueueState { elements, bytes: 0, taken: 0, idle: 0, ended: false, stopped: false };
        Self { state: Mutex::new(state), work: Condvar::new(), room: Condvar::new() }
    }
}

struct Taken<T> {
    number: u64,
    elements: Vec<T>,
    bytes: usize,
}

/// A thread that panicked in a critical section left nothing half done in it.
fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<'a, S>(condition: &Condvar, guard: MutexGuard<'a, S>) -> MutexGuard<'a, S> {
    condition.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

impl<T> Queue<T> {
    /// Waits for room and adds an element; false when no more are wanted.
    fn push(&self, element: T, bytes: usize) -> bool {
        let mut state = lock(&self.state);
        if state.bytes > 0 && state.bytes + bytes > WINDOW {
            // Until half of it is free: the thread is woken less often than for every bit of room.
            while !state.stopped
                && state.bytes > 0
                && (state.bytes > WINDOW / 2 || state.bytes + bytes > WINDOW)
            {
                state = wait(&self.room, state);
            }
        }
        state.bytes += bytes;
        state.elements.push_back((element, bytes));
        if state.idle > 0 {
            self.work.notify_one();
        }
        !state.stopped
    }

    /// Waits for elements and takes some; `None` when there will be no more.
    fn take(&self, threads: usize) -> Option<Taken<T>> {
        let mut state = lock(&self.state);
        while state.elements.is_empty() && !state.ended && !state.stopped {
            state.idle += 1;
            state = wait(&self.work, state);
            state.idle -= 1;
        }
        if state.stopped || state.elements.is_empty() {
            return None;
        }
        // A share only, so that the others have work too.
        let count = (state.elements.len() / threads).clamp(1, MOST);
        let mut bytes = 0;
        let elements = state.elements.drain(..count).map(|(element, size)| {
            bytes += size;
            element
        });
        let elements = elements.collect();
        let number = state.taken;
        state.taken += 1;
        Some(Taken { number, elements, bytes })
    }

    fn release(&self, bytes: usize) {
        let mut state = lock(&self.state);
        state.bytes -= bytes;
        if state.bytes <= WINDOW / 2 {
            self.room.notify_one();
        }
    }

    fn stop(&self) {
        lock(&self.state).stopped = true;
        self.work.notify_all();
        self.room.notify_all();
    }
}

/// Says that the input has ended, also when its thread panics.
struct EndOfInput<T>(Arc<Queue<T>>);

impl<T> Drop for EndOfInput<T> {
    fn drop(&mut self) {
        lock(&self.0.state).ended = true;
        self.0.work.notify_all();
    }
}

/// What was worked on, before its turn comes.
struct Results<R> {
    state: Mutex<ResultsState<R>>,
    changed: Condvar,
}

struct ResultsState<R> {
    ready: BTreeMap<u64, (Vec<R>, usize)>,
    next: u64,
    workers: usize,
}

impl<R> Results<R> {
    fn new(workers: usize) -> Self {
        let state = ResultsState { ready: BTreeMap::new(), next: 0, workers };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn put(&self, number: u64, results: Vec<R>, bytes: usize) {
        let mut state = lock(&self.state);
        state.ready.insert(number, (results, bytes));
        if number == state.next {
            self.changed.notify_one();
        }
    }

    /// Waits for the next results, with the bytes of their elements; `None` when all workers have ended.
    fn next(&self) -> Option<(Vec<R>, usize)> {
        let mut state = lock(&self.state);
        loop {
            let next = state.next;
            if let Some(ready) = state.ready.remove(&next) {
                state.next += 1;
                return Some(ready);
            }
            if state.workers == 0 {
                return None;
            }
            state = wait(&self.changed, state);
        }
    }
}

/// Says that a worker has ended, also when it panics.
struct EndOfWorker<'a, R>(&'a Results<R>);

impl<R> Drop for EndOfWorker<'_, R> {
    fn drop(&mut self) {
        lock(&self.0.state).workers -= 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, sync::mpsc, time::Duration};

    use super::*;

    #[test]
    fn results_come_in_order_and_states_come_back() {
        for threads in [1, 2, 7] {
            let mut seen = Vec::new();
            let work = |state: &mut u64, n: u64| {
                // Some take longer, so that threads overtake each other.
                if n.is_multiple_of(97) {
                    thread::sleep(Duration::from_millis(1));
                }
                *state += 1;
                n * 2
            };
            let states = in_order(
                0..5000,
                |_| 1,
                threads,
                || 0,
                work,
                |done| {
                    seen.extend(done);
                    Ok::<(), Infallible>(())
                },
            );
            assert!(seen.into_iter().eq((0..5000).map(|n| n * 2)));
            assert_eq!(states.unwrap().iter().sum::<u64>(), 5000);
        }
    }

    #[test]
    fn an_element_does_not_wait_for_the_next() {
        let (send, receive) = mpsc::channel::<u32>();
        send.send(0).unwrap();
        let mut seen = 0;
        // The next element is sent only when the one before has come out.
        let done = in_order(
            receive.into_iter(),
            |_| 1,
            4,
            || (),
            |(), n| n,
            |done| {
                for n in done {
                    assert_eq!(n, seen);
                    seen += 1;
                    if seen == 50 {
                        return Err("enough");
                    }
                    send.send(seen).unwrap();
                }
                Ok(())
            },
        );
        assert_eq!(done.err(), Some("enough"));
    }

    #[test]
    fn no_more_is_read_than_the_window_holds() {
        let read = Arc::new(Mutex::new(0usize));
        let count = Arc::clone(&read);
        let source = (0..1000usize).inspect(move |_| *count.lock().unwrap() += 1);
        let mut given = 0;
        let done = in_order(
            source,
            |_| WINDOW / 10,
            2,
            || (),
            |(), n| n,
            |done| {
                let ahead = *read.lock().unwrap() - given;
                // Ten fit, and one more waits for room.
                assert!(ahead <= 11, "{ahead}");
                given += done.len();
                Ok::<(), Infallible>(())
            },
        );
        assert!(done.is_ok() && given == 1000);
    }

    #[test]
    #[should_panic(expected = "in the worker")]
    fn a_panic_of_a_worker_is_not_lost() {
        let work = |(): &mut (), n: u32| assert!(n < 100, "in the worker");
        let _ = in_order(0..1000, |_| 1, 2, || (), work, |_| Ok::<(), Infallible>(()));
    }

    #[test]
    #[should_panic(expected = "in the source")]
    fn a_panic_of_the_source_is_not_lost() {
        let source = (0..1000).inspect(|&n| assert!(n < 100, "in the source"));
        let _ = in_order(source, |_| 1, 2, || (), |(), n| n, |_| Ok::<(), Infallible>(()));
    }
}
