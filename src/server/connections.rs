//! Serving connections: each by a task of its own, until it ends, has grown old, or the server stops.

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{sync::watch, task::JoinSet};
use tonic::{body::Body, codegen::Service};
use tower::ServiceExt as _;
use tracing::debug;

use super::{
    config::{Http2Config, ServerConfig},
    incoming::{Accepted, Connection, Peer},
    pending::{Held, Pending, PendingBody},
};
use crate::random::random;

/// By how much of it an age may be more or less than it was set.
const AGE_JITTER: f64 = 0.1;

/// Serves what was accepted until `stop` resolves; then takes no more, tells open connections to take no new call,
/// and returns when all have ended. Dropping the future closes them at once.
pub(super) async fn serve_connections<S>(
    accepted: Accepted,
    service: S,
    config: &ServerConfig,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let Accepted { mut connections, accepting } = accepted;
    let builder = builder(&config.http2);
    let pending = Pending::new(config.max_pending_bytes);
    let (stopping, stopped) = watch::channel(());
    let mut open = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            // One that panicked has said so; the others go on.
            Some(_) = open.join_next() => {}
            connection = connections.recv() => {
                let Some(connection) = connection else { break };
                let age = config.http2.max_connection_age.map(|most| spread(most, random()));
                let service = of_connection(service.clone(), connection.peer(), Arc::clone(&pending));
                open.spawn(serve(connection, service, builder.clone(), age, stopped.clone()));
            }
        }
    }
    // First the listener is closed: clients that are told to go elsewhere would come back at once, and would be reset without
    // a word. Whoever was let in by then hears what the others hear. An error means that the accepting panicked.
    connections.close();
    let _ = accepting.await;
    while let Ok(connection) = connections.try_recv() {
        let service = of_connection(service.clone(), connection.peer(), Arc::clone(&pending));
        open.spawn(serve(connection, service, builder.clone(), None, stopped.clone()));
    }
    // Nobody listens when there are no connections.
    let _ = stopping.send(());
    while open.join_next().await.is_some() {}
}

fn builder(config: &Http2Config) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_connection_window_size(config.connection_window_bytes)
        .initial_stream_window_size(config.stream_window_bytes)
        .max_concurrent_streams(config.max_streams)
        .keep_alive_interval(config.keep_alive_interval)
        .keep_alive_timeout(config.keep_alive_timeout);
    // Browsers may come by HTTP/1.1; the layer for gRPC-Web lets nothing else in that way. With a timer, half a head is waited
    // for no longer than hyper's 30 seconds.
    builder.http1().timer(TokioTimer::new());
    builder
}

/// The service as the calls of one connection come to it: told who calls, their bytes counted.
fn of_connection<S>(
    service: S,
    peer: Peer,
    pending: Arc<Pending>,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    service.map_request(move |request: Request<Incoming>| {
        let (mut head, body) = request.into_parts();
        head.extensions.insert(peer.clone());
        let held = Held::new(&pending);
        head.extensions.insert(Arc::clone(&held));
        let body = PendingBody::new(body, &head.headers, held);
        Request::from_parts(head, Body::new(body))
    })
}

async fn serve<S>(
    connection: Connection,
    service: S,
    builder: Builder<TokioExecutor>,
    age: Option<Duration>,
    mut stopped: watch::Receiver<()>,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut serving =
        pin!(builder.serve_connection(TokioIo::new(connection), TowerToHyperService::new(service)));
    let end = async {
        tokio::select! {
            // An error means that the server is gone, and with it this task.
            _ = stopped.changed() => {}
            () = grow_old(age) => {}
        }
    };
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = end => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection failed");
    }
}

async fn grow_old(age: Option<Duration>) {
    match age {
        Some(age) => tokio::time::sleep(age).await,
        None => std::future::pending().await,
    }
}

/// The age at which one connection ends: connections that were made together should not be made again together. `random`,
/// from 0 to 1, says where between a tenth less and a tenth more than `age` it is.
fn spread(age: Duration, random: f64) -> Duration {
    age.mul_f64(1.0 - AGE_JITTER + 2.0 * AGE_JITTER * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_spread_evenly_around_what_was_set() {
        let age = Duration::from_secs(100);
        assert_eq!(spread(age, 0.0), Duration::from_secs(90));
        assert_eq!(spread(age, 0.5), age);
        assert_eq!(spread(age, 1.0), Duration::from_secs(110));
        let drawn: Vec<_> = (0..1000).map(|_| spread(age, random()).as_secs_f64()).collect();
        for tenth in 0..10 {
            let range = 90.0 + 2.0 * f64::from(tenth)..92.0 + 2.0 * f64::from(tenth);
            let share = drawn.iter().filter(|age| range.contains(age)).count();
            // 100 are expected; 50 are more than five standard deviations away.
            assert!((50..150).contains(&share), "{share} of 1,000 in {range:?}");
        }
    }
}
