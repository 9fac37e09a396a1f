//! A call under way: its deadline, its panics, its answer.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use http::{Request, Response};
use tokio::time::Sleep;
use tonic::{Code, Status, body::Body, service::Routes};
use tower_service::Service;
use tracing::error;

use super::{
    body::StreamBody,
    call::within,
    request_id::REQUEST_ID,
    service::Deadlines,
    transport_status::refused_by_transport,
    watch::{Watch, code_in},
};
use crate::server::RequestError;

/// A handler at work.
type Routed = <Routes as Service<Request<Body>>>::Future;

/// Answers a call. Not boxed, and without a timer until the handler has to wait for something.
#[derive(Debug)]
pub(in crate::server) struct CallFuture {
    /// None when the answer has been given.
    watch: Option<Watch>,
    deadlines: Deadlines,
    handler: Handler,
    sleep: Option<Pin<Box<Sleep>>>,
}

#[allow(clippy::large_enum_variant)] // the large one is the one that there is
#[derive(Debug)]
enum Handler {
    Running(Routed),
    Refused(RequestError),
    Gone,
}

impl CallFuture {
    pub(super) const fn running(watch: Watch, deadlines: Deadlines, handler: Routed) -> Self {
        Self { watch: Some(watch), deadlines, handler: Handler::Running(handler), sleep: None }
    }

    pub(super) const fn refused(watch: Watch, deadlines: Deadlines, refusal: RequestError) -> Self {
        Self { watch: Some(watch), deadlines, handler: Handler::Refused(refusal), sleep: None }
    }

    /// What the handler gave, or why it gives nothing.
    fn outcome(
        &mut self,
        watch: &mut Watch,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Body>, RequestError>> {
        let handler = match &mut self.handler {
            Handler::Running(handler) => handler,
            Handler::Refused(refusal) => return Poll::Ready(Err(refusal.clone())),
            Handler::Gone => return Poll::Pending,
        };
        let polled = within(&mut watch.call, || {
            catch_unwind(AssertUnwindSafe(|| Pin::new(handler).poll(cx))).inspect_err(|_| {
                // Where it happened is logged by the panic hook; what it said may hold the article.
                error!(rpc = &*watch.calls.rpcs.get(watch.rpc).path, "a handler panicked");
            })
        });
        match polled {
            Err(_) => {
                watch.calls.metrics.panicked();
                Poll::Ready(Err(RequestError::Internal))
            }
            Ok(Poll::Ready(Ok(response))) => Poll::Ready(Ok(response)),
            Ok(Poll::Pending) => {
                // tonic has a timer of its own for the caller's timeout, which would answer CANCELLED. It was set after
                // our deadline was taken and is looked at after us: when it has run out, so has the deadline.
                let until = self.deadlines.head;
                let sleep =
                    self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until.into())));
                if Instant::now() >= until || sleep.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(RequestError::DeadlineExceeded));
                }
                Poll::Pending
            }
        }
    }
}

impl Future for CallFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut watch) = self.watch.take() else {
            return Poll::Pending;
        };
        let Poll::Ready(outcome) = self.outcome(&mut watch, cx) else {
            self.watch = Some(watch);
            return Poll::Pending;
        };
        self.handler = Handler::Gone;
        let now = Instant::now();
        let outcome = match outcome {
            Ok(_) if now >= self.deadlines.head => Err(RequestError::DeadlineExceeded),
            outcome => outcome,
        };
        Poll::Ready(Ok(answer(watch, outcome, now, self.deadlines.stream)))
    }
}

/// The response as it is sent; ends the call unless a stream follows.
fn answer(
    mut watch: Watch,
    outcome: Result<Response<Body>, RequestError>,
    now: Instant,
    stream_deadline: Option<Instant>,
) -> Response<Body> {
    let mut response = outcome.unwrap_or_else(refuse);
    if let Some(refusal) = refused_by_transport(response.headers(), watch.calls.max_message_bytes(watch.rpc))
    {
        response = refuse(refusal);
    }
    if let Some(call) = &watch.call {
        let mut id = call.request_id.clone();
        // It differs from call to call: kept out of HPACK's table, where it would drive out what does not.
        id.set_sensitive(true);
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let code = code_in(response.headers());
    if code.is_none() && watch.calls.rpcs.get(watch.rpc).streams {
        return response.map(|body| Body::new(StreamBody::new(body, watch, stream_deadline)));
    }
    // One message that is ready to be sent, or nothing but the status.
    watch.end(code.unwrap_or(Code::Ok), now.duration_since(watch.start));
    response
}

fn refuse(error: RequestError) -> Response<Body> {
    Status::from(error).into_http()
}
