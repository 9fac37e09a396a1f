//! A stream of answers under way.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tonic::{Code, Status, body::Body};
use tracing::error;

use super::{
    call::within,
    rpcs::Group,
    transport_status::refused_by_transport,
    watch::{Watch, code_in},
};
use crate::server::RequestError;

type Signal = Pin<Box<dyn Future<Output = RequestError> + Send>>;

/// Passes the handler's answers on; ends the stream at the caller's deadline, and the stream of a health watch when the
/// server stops.
pub(super) struct StreamBody {
    body: Body,
    watch: Watch,
    /// What can end the stream from outside.
    cut: Option<Signal>,
}

impl StreamBody {
    pub(super) fn new(body: Body, watch: Watch, deadline: Option<Instant>) -> Self {
        let serves_health = watch.calls.rpcs.get(watch.rpc).group != Group::Work;
        let cut: Option<Signal> = match (deadline, serves_health) {
            (Some(deadline), _) => Some(Box::pin(async move {
                tokio::time::sleep_until(deadline.into()).await;
                RequestError::DeadlineExceeded
            })),
            (None, true) => {
                let drained = watch.calls.until_drained();
                Some(Box::pin(async move {
                    drained.await;
                    RequestError::Draining
                }))
            }
            (None, false) => None,
        };
        Self { body, watch, cut }
    }

    /// The last frame: a status in place of the handler's.
    fn cut_off(&mut self, error: RequestError) -> Frame<Bytes> {
        self.body = Body::empty();
        self.cut = None;
        let status = Status::from(error);
        self.end(status.code());
        let mut trailers = HeaderMap::new();
        if status.add_header(&mut trailers).is_err() {
            trailers.insert("grpc-status", (Code::Internal as i32).into());
        }
        Frame::trailers(trailers)
    }

    fn end(&mut self, code: Code) {
        let after = self.watch.start.elapsed();
        self.watch.end(code, after);
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.watch.ended {
            return Poll::Ready(None);
        }
        if let Some(cut) = &mut this.cut
            && let Poll::Ready(error) = cut.as_mut().poll(cx)
        {
            return Poll::Ready(Some(Ok(this.cut_off(error))));
        }
        let (body, rpc) = (&mut this.body, this.watch.calls.rpcs.get(this.watch.rpc));
        let polled = within(&mut this.watch.call, || {
            catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx)))
                .inspect_err(|_| error!(rpc = &*rpc.path, "a handler panicked"))
        });
        let Ok(polled) = polled else {
            this.watch.calls.metrics.panicked();
            return Poll::Ready(Some(Ok(this.cut_off(RequestError::Internal))));
        };
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    if let Some(error) =
                        refused_by_transport(trailers, this.watch.calls.max_message_bytes(this.watch.rpc))
                    {
                        return Poll::Ready(Some(Ok(this.cut_off(error))));
                    }
                    this.end(code_in(trailers).unwrap_or(Code::Unknown));
                }
            }
            Poll::Ready(Some(Err(status))) => this.end(status.code()),
            Poll::Ready(None) => this.end(Code::Unknown),
            Poll::Pending => {}
        }
        polled
    }
}
