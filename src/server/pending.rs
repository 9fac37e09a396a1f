//! The bytes of requests in memory: counted as they come in, and refused when they are too many on all connections together.
//! So memory is bounded by bytes and not only by calls.
//!
//! The one message of a call counts until the call ends ([`Held`] is kept with it), since it may wait for its turn. Of a
//! stream, what counts is the message that is not complete.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tonic::Status;

use super::RequestError;

/// What each request may have without being counted: ordinary articles touch no counter that threads share.
const FREE_BYTES: usize = 64 << 10;
/// A byte that says whether a message is compressed, and four with its length.
const HEAD_BYTES: usize = 5;

/// How many bytes are counted; one for all connections.
#[derive(Debug)]
pub(super) struct Pending {
    limit: usize,
    bytes: AtomicUsize,
}

impl Pending {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, bytes: AtomicUsize::new(0) })
    }

    fn take(&self, bytes: usize) -> bool {
        let within = |now: usize| now.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.bytes.fetch_update(Relaxed, Relaxed, within).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Relaxed);
    }
}

/// What is counted for one request, until the last that keeps it is gone.
#[derive(Debug)]
pub(super) struct Held {
    pending: Arc<Pending>,
    /// Changed by the request's body only.
    counted: AtomicUsize,
}

impl Held {
    pub(super) fn new(pending: &Arc<Pending>) -> Arc<Self> {
        Arc::new(Self { pending: Arc::clone(pending), counted: AtomicUsize::new(0) })
    }

    /// Counts as many bytes as are in memory beyond those that are free.
    fn count(&self, bytes: usize) -> Result<(), RequestError> {
        let (counted, wanted) = (self.counted.load(Relaxed), bytes.saturating_sub(FREE_BYTES));
        if wanted > counted {
            if !self.pending.take(wanted - counted) {
                return Err(RequestError::PendingBytes { limit: self.pending.limit });
            }
        } else if wanted < counted {
            self.pending.give_back(counted - wanted);
        }
        self.counted.store(wanted, Relaxed);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let counted = *self.counted.get_mut();
        if counted > 0 {
            self.pending.give_back(counted);
        }
    }
}

/// The body of a request, whose bytes are counted.
#[derive(Debug)]
pub(super) struct PendingBody<B = Incoming> {
    body: B,
    held: Arc<Held>,
    messages: Messages,
}

impl<B> PendingBody<B> {
    pub(super) fn new(body: B, headers: &HeaderMap, held: Arc<Held>) -> Self {
        let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes()).unwrap_or_default();
        // The text form of gRPC-Web has no messages that could be told here: all of it counts until the end.
        let messages =
            Messages { framed: !kind.starts_with(b"application/grpc-web-text"), ..Messages::default() };
        Self { body, held, messages }
    }
}

impl<B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin> Body
    for PendingBody<B>
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let tail = self.messages.tail;
        // Whoever asks a stream for more has done with the messages that were complete.
        if Arc::strong_count(&self.held) == 1 && self.held.counted.load(Relaxed) > 0 {
            self.held.count(tail)?;
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.held.count(tail + bytes.len())?;
            self.messages.advance(bytes);
        }
        polled.map_err(|error| Status::from_error(error.into()))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Where messages end.
#[derive(Debug, Default)]
struct Messages {
    framed: bool,
    head: [u8; HEAD_BYTES],
    /// How much of the head has come.
    head_bytes: usize,
    /// How much of the message is to come.
    left: usize,
    /// How much has come since the last message was complete.
    tail: usize,
}

impl Messages {
    fn advance(&mut self, mut bytes: &[u8]) {
        if !self.framed {
            self.tail = self.tail.saturating_add(bytes.len());
            return;
        }
        while !bytes.is_empty() {
            let wanted = if self.head_bytes < HEAD_BYTES { HEAD_BYTES - self.head_bytes } else { self.left };
            let (now, later) = bytes.split_at(wanted.min(bytes.len()));
            if self.head_bytes < HEAD_BYTES {
                self.head[self.head_bytes..self.head_bytes + now.len()].copy_from_slice(now);
                self.head_bytes += now.len();
                let [_, length @ ..] = self.head;
                self.left = u32::from_be_bytes(length) as usize;
            } else {
                self.left -= now.len();
            }
            self.tail += now.len();
            if self.head_bytes == HEAD_BYTES && self.left == 0 {
                (self.head_bytes, self.tail) = (0, 0);
            }
            bytes = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Vec<u8> {
        [&[0][..], &u32::try_from(bytes).unwrap().to_be_bytes(), &vec![0xff; bytes]].concat()
    }

    #[test]
    fn messages_end_where_they_end_however_they_are_cut() {
        let all = [message(0), message(1), message(300), message(7)].concat();
        let ends = [5, 11, 316, 328];
        for size in [1, 2, 3, 5, 6, 100, 1000] {
            let mut messages = Messages { framed: true, ..Messages::default() };
            let mut come = 0;
            for chunk in all.chunks(size) {
                messages.advance(chunk);
                come += chunk.len();
                let last = ends.into_iter().filter(|end| *end <= come).max().unwrap_or(0);
                assert_eq!(messages.tail, come - last, "{come} bytes in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_is_counted_is_given_back() {
        let pending = Pending::new(100);
        let (one, other) = (Held::new(&pending), Held::new(&pending));
        one.count(FREE_BYTES + 60).unwrap();
        other.count(FREE_BYTES).unwrap();
        assert_eq!(other.count(FREE_BYTES + 41), Err(RequestError::PendingBytes { limit: 100 }));
        other.count(FREE_BYTES + 40).unwrap();
        one.count(10).unwrap();
        other.count(FREE_BYTES + 100).unwrap();
        drop((one, other));
        assert_eq!(pending.bytes.load(Relaxed), 0);
    }
    #[test]
    fn a_message_counts_until_its_call_ends_and_in_a_stream_until_it_was_taken() {
        let pending = Pending::new(1 << 20);
        let counted = || pending.bytes.load(Relaxed);
        for call_keeps_it in [true, false] {
            let held = Held::new(&pending);
            let call = call_keeps_it.then(|| Arc::clone(&held));
            let body = axum::body::Body::from(message(FREE_BYTES + 1000));
            let mut body = PendingBody::new(body, &HeaderMap::new(), held);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let mut poll = || Pin::new(&mut body).poll_frame(&mut cx);
            assert!(matches!(poll(), Poll::Ready(Some(Ok(_)))));
            assert_eq!(counted(), 1000 + HEAD_BYTES);
            assert!(matches!(poll(), Poll::Ready(None)));
            assert_eq!(counted(), if call_keeps_it { 1000 + HEAD_BYTES } else { 0 });
            drop(body);
            assert_eq!(counted(), if call_keeps_it { 1000 + HEAD_BYTES } else { 0 });
            drop(call);
            assert_eq!(counted(), 0);
        }
    }
}
