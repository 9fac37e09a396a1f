//! The bytes of requests that are on their way in: counted while a message is incomplete, and refused when they are too many
//! on all connections together. So memory is bounded by bytes and not only by calls.

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

/// What each request may have on its way without being counted: ordinary articles touch no counter that threads share.
const FREE_BYTES: usize = 64 << 10;
/// A byte that says whether a message is compressed, and four with its length.
const HEAD_BYTES: usize = 5;

/// How many bytes are on their way in; one for all connections.
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

/// The body of a request, whose bytes are counted until the message that they belong to is complete.
#[derive(Debug)]
pub(super) struct PendingBody<B = Incoming> {
    body: B,
    pending: Arc<Pending>,
    messages: Messages,
    /// How many bytes are counted for this request.
    counted: usize,
}

impl<B> PendingBody<B> {
    pub(super) fn new(body: B, headers: &HeaderMap, pending: Arc<Pending>) -> Self {
        let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes()).unwrap_or_default();
        // The text form of gRPC-Web has no messages that could be told here: all of it counts until the end.
        let messages =
            Messages { framed: !kind.starts_with(b"application/grpc-web-text"), ..Messages::default() };
        Self { body, pending, messages, counted: 0 }
    }

    /// Counts as many bytes as are held beyond those that are free.
    fn count(&mut self, held: usize) -> Result<(), RequestError> {
        let wanted = held.saturating_sub(FREE_BYTES);
        if wanted > self.counted {
            if !self.pending.take(wanted - self.counted) {
                return Err(RequestError::PendingBytes { limit: self.pending.limit });
            }
        } else if wanted < self.counted {
            self.pending.give_back(self.counted - wanted);
        }
        self.counted = wanted;
        Ok(())
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
        // Whoever asks for more has taken all messages that were complete.
        let tail = self.messages.tail;
        if tail.saturating_sub(FREE_BYTES) < self.counted {
            self.count(tail)?;
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.count(tail + bytes.len())?;
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

impl<B> Drop for PendingBody<B> {
    fn drop(&mut self) {
        if self.counted > 0 {
            self.pending.give_back(self.counted);
        }
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
        let body = || PendingBody::new((), &HeaderMap::new(), Arc::clone(&pending));
        let (mut one, mut other) = (body(), body());
        one.count(FREE_BYTES + 60).unwrap();
        other.count(FREE_BYTES).unwrap();
        assert_eq!(other.count(FREE_BYTES + 41), Err(RequestError::PendingBytes { limit: 100 }));
        other.count(FREE_BYTES + 40).unwrap();
        one.count(10).unwrap();
        other.count(FREE_BYTES + 100).unwrap();
        drop((one, other));
        assert_eq!(pending.bytes.load(Relaxed), 0);
    }
}
