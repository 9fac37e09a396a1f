//! A stream of answers under way.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use futures_util::future::OptionFuture;
use http::HeaderMap;
use http_body::Frame;
use tonic::{Code, Status, body::Body};
use tracing::error;

use super::{
    call::within,
    idle::IdleWatch,
    rpcs::Group,
    service::Stopping,
    transport_status::refused_by_transport,
    watch::{Watch, code_in},
};
use crate::server::RequestError;

type Signal = Pin<Box<dyn Future<Output = RequestError> + Send>>;

/// Passes the handler's answers on; ends the stream at the caller's deadline, when nothing has happened on it for long, and
/// when the server stops: the stream of a health watch at once, others when their grace is over.
pub(super) struct StreamBody {
    body: Body,
    watch: Watch,
    /// What can end the stream from outside.
    cut: Option<Signal>,
    /// Has the stream's place, where it needs one.
    idle: Option<IdleWatch>,
}

impl StreamBody {
    pub(super) fn new(body: Body, mut watch: Watch, deadline: Option<Instant>) -> Self {
        let calls = &watch.calls;
        let idle = std::mem::take(&mut watch.placed)
            .then(|| IdleWatch::new(Arc::clone(calls), calls.stream_idle_timeout));
        let serves_health = calls.rpcs.get(watch.rpc).group != Group::Work;
        let (drained, over) = (calls.until(Stopping::Draining), calls.until(Stopping::Over));
        let is_idle = idle.as_ref().map(IdleWatch::idle);
        let cut: Signal = Box::pin(async move {
            tokio::select! {
                () = sleep_until(deadline) => RequestError::DeadlineExceeded,
                () = drained, if serves_health => RequestError::Draining,
                () = over => RequestError::Draining,
                Some(()) = OptionFuture::from(is_idle) => RequestError::StreamIdle,
            }
        });
        Self { body, watch, cut: Some(cut), idle }
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
        self.idle = None;
        let after = self.watch.start.elapsed();
        self.watch.end(code, after);
    }
}

/// Resolves then, or never.
async fn sleep_until(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when.into()).await,
        None => std::future::pending().await,
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
                } else if let Some(idle) = &this.idle {
                    idle.active();
                }
            }
            Poll::Ready(Some(Err(status))) => this.end(status.code()),
            Poll::Ready(None) => this.end(Code::Unknown),
            Poll::Pending => {}
        }
        polled
    }
}
