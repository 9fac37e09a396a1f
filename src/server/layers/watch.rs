//! Follows a call from its beginning to its end, whichever way it ends.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::HeaderMap;
use tonic::Code;
use tracing::debug;

use super::{
    call::{Call, within},
    service::Calls,
};
use crate::server::{pending::Held, traces::CallSpan};

/// A call that was begun. Counted when it ends, as CANCELLED if it is dropped before: then its caller has gone.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) calls: Arc<Calls>,
    pub(super) rpc: usize,
    pub(super) start: Instant,
    pub(super) call: Option<Call>,
    /// Whether the call has a place under the concurrency limit.
    pub(super) placed: bool,
    /// The bytes of its one message, which count until it ends.
    pub(super) held: Option<Arc<Held>>,
    pub(super) span: Option<Box<CallSpan>>,
    pub(super) ended: bool,
}

impl Watch {
    /// Ends the call; only the first end counts.
    pub(super) fn end(&mut self, code: Code, after: Duration) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if self.placed {
            self.calls.in_flight.leave();
        }
        self.calls.metrics.ended(self.rpc, code, after);
        if let Some(mut span) = self.span.take() {
            span.end(code);
        }
        let rpc = self.calls.rpcs.get(self.rpc);
        within(&mut self.call, || {
            debug!(rpc = &*rpc.path, ?code, micros = after.as_micros() as u64, "call ended")
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let after = self.start.elapsed();
        self.end(Code::Cancelled, after);
    }
}

/// The status in trailers, or in headers that are trailers too.
pub(super) fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|value| Code::from_bytes(value.as_bytes()))
}
