//! What is known of the call that this thread is working on.
//!
//! A thread-local and not a tracing span: a span costs every call several hundred nanoseconds even when nothing is logged,
//! and a call of this server has few microseconds to spend.

use std::{cell::RefCell, time::Instant};

use http::HeaderValue;

thread_local! {
    /// Set by [`within`] only.
    static CURRENT: RefCell<Option<Call>> = const { RefCell::new(None) };
}

/// A call that is being answered.
#[derive(Debug)]
pub(in crate::server) struct Call {
    /// The caller's name for it, or ours.
    pub(in crate::server) request_id: HeaderValue,
    /// 32 hexadecimal digits, when the call is traced.
    pub(in crate::server) trace_id: Option<Box<str>>,
    /// Whether the caller may be given something else than plain messages.
    pub(super) accepts_encoding: bool,
    /// When an answer is of no use any more.
    pub(super) deadline: Option<Instant>,
}

/// When the answer of the call that this thread is working on must be out: for handlers that do many things one after the
/// other. None outside of a call.
///
/// It holds while the handler or the stream of its answers is polled; a task that the handler spawns must be told it.
#[must_use]
pub fn current_deadline() -> Option<Instant> {
    CURRENT.with_borrow(|call| call.as_ref().and_then(|c| c.deadline))
}

/// Shows `read` the call that this thread is working on, if any.
pub(in crate::server) fn with_current<T>(read: impl FnOnce(Option<&Call>) -> T) -> T {
    CURRENT.with_borrow(|call| read(call.as_ref()))
}

/// Does `work` as part of `call`. `work` must not unwind: the next call on this thread would be taken for this one.
pub(super) fn within<T>(call: &mut Option<Call>, work: impl FnOnce() -> T) -> T {
    let outer = CURRENT.replace(call.take());
    let done = work();
    *call = CURRENT.replace(outer);
    done
}
