//! A channel that says UNAVAILABLE, not INTERNAL, CANCELLED or UNKNOWN, when a server goes away before it took a call or the
//! connection breaks off, and DEADLINE_EXCEEDED, not CANCELLED, when an answer does not come in time.

use std::{
    error::Error,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tonic::{ConnectError, Status, TimeoutExpired, body::Body, transport::Channel};
use tower_service::Service;

/// A channel whose calls that were never taken can be told from those that failed.
///
/// A server that stops, or ends an old connection, says so by GOAWAY; calls that the client has queued by then fail with that
/// GOAWAY, or are cancelled with the connection. tonic makes INTERNAL and CANCELLED of it, which no retry policy repeats,
/// although the protocol promises that the server did nothing (RFC 9113, 6.8).
#[derive(Clone, Debug)]
pub struct Transport(pub(super) Channel);

impl Service<http::Request<Body>> for Transport {
    type Response = http::Response<Body>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context).map_err(with_its_code)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move { answer.await.map_err(with_its_code) })
    }
}

/// The error as the status that it should be, or as it is.
fn with_its_code(error: tonic::transport::Error) -> Box<dyn Error + Send + Sync> {
    if not_taken(&error) {
        return Status::unavailable("the server went away before it took the call").into();
    }
    if broken_off(&error) {
        return Status::unavailable("the connection to the server broke off").into();
    }
    if timed_out(&error) {
        return Status::deadline_exceeded("no answer within the time that the call had").into();
    }
    error.into()
}

/// Whether an error says that the server never began with the call.
fn not_taken(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        if let Some(error) = cause.downcast_ref::<h2::Error>() {
            return error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR)
                || error.reason() == Some(h2::Reason::REFUSED_STREAM);
        }
        cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
    })
}

/// Whether an error says that the connection is gone, such as one that was still waiting to be accepted when the server
/// stopped. The call may have been answered for nobody; gRPC's libraries call this UNAVAILABLE too.
fn broken_off(error: &(dyn Error + 'static)) -> bool {
    // Where there was none, tonic says UNAVAILABLE itself, and why.
    let was_connected = !causes(error).any(|cause| cause.is::<ConnectError>());
    was_connected
        && causes(error).any(|cause| {
            let by_h2 = cause.downcast_ref::<h2::Error>().is_some_and(h2::Error::is_io);
            let by_hyper = cause
                .downcast_ref::<hyper::Error>()
                .is_some_and(|error| error.is_closed() || error.is_incomplete_message());
            by_h2 || by_hyper || cause.is::<io::Error>()
        })
}

fn timed_out(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<TimeoutExpired>())
}

/// The error, what caused it, what caused that, and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| Error::source(error))
}
