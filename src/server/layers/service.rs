//! The layer: what is decided when a call arrives.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use tokio::sync::watch;
use tonic::{body::Body, service::Routes};
use tower_layer::Layer;
use tower_service::Service;

use super::{
    call::Call, deadline::caller_timeout, future::CallFuture, in_flight::InFlight, request_id, rpcs::Group,
    rpcs::RpcTable, watch::Watch,
};
use crate::server::{
    RequestError, ServerConfig, metrics::Metrics, pending::Held, security::Access, traces::CallTracer,
};

/// No call may take longer, whatever the setting: a time that every clock can tell.
const MAX_DEADLINE: Duration = Duration::from_secs(30 * 86_400);

/// What all calls share; one for all connections.
#[derive(Debug)]
pub(in crate::server) struct Calls {
    pub(super) rpcs: RpcTable,
    pub(in crate::server) metrics: Arc<Metrics>,
    pub(in crate::server) in_flight: InFlight,
    max_message_bytes: usize,
    max_page_message_bytes: usize,
    /// The longest that a call may take when its caller names no shorter time.
    deadline: Duration,
    access: Arc<Access>,
    tracer: Option<CallTracer>,
    /// How long a stream may go without an answer.
    pub(super) stream_idle_timeout: Duration,
    /// Set once, when the server has begun to stop. The flag is for calls that arrive, the channel for streams that wait.
    draining: AtomicBool,
    stopping: watch::Sender<Stopping>,
}

/// How far the server has come in stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stopping {
    /// Not at all.
    Not,
    /// What is under way may end.
    Draining,
    /// Nothing may go on.
    Over,
}

impl Calls {
    pub(in crate::server) fn new(
        rpcs: RpcTable,
        config: &ServerConfig,
        metrics: Arc<Metrics>,
        access: Arc<Access>,
        tracer: Option<CallTracer>,
    ) -> Arc<Self> {
        Arc::new(Self {
            rpcs,
            metrics,
            in_flight: InFlight::new(config.concurrency_limit),
            max_message_bytes: config.max_message_bytes(),
            max_page_message_bytes: config.max_page_message_bytes(),
            deadline: config.deadline.min(MAX_DEADLINE),
            access,
            tracer,
            draining: AtomicBool::new(false),
            stopping: watch::Sender::new(Stopping::Not),
            stream_idle_timeout: config.stream_idle_timeout,
        })
    }

    /// From now on new calls are refused with DRAINING, and streams of the health service end.
    pub(in crate::server) fn drain(&self) {
        self.draining.store(true, Relaxed);
        self.stopping.send_replace(Stopping::Draining);
    }

    /// From now on streams of answers end, with DRAINING where they have not come to their end.
    pub(in crate::server) fn end_streams(&self) {
        self.stopping.send_replace(Stopping::Over);
    }

    /// Resolves when the server has come so far.
    pub(super) fn until(&self, stage: Stopping) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // An error means that the server is gone.
            let _ = stopping.wait_for(|now| *now >= stage).await;
        }
    }

    /// The longest message that is decoded for the rpc at `index`.
    pub(super) fn max_message_bytes(&self, index: usize) -> usize {
        if self.rpcs.get(index).takes_page() { self.max_page_message_bytes } else { self.max_message_bytes }
    }

    fn begin(self: &Arc<Self>, request: &Request<Body>) -> (Watch, Result<(), RequestError>, Deadlines) {
        let start = Instant::now();
        let index = self.rpcs.index(request.uri().path());
        let rpc = self.rpcs.get(index);
        let asked = caller_timeout(request.headers());
        let deadlines = Deadlines {
            head: start + asked.map_or(self.deadline, |asked| asked.min(self.deadline)),
            stream: asked.filter(|_| rpc.streams).and_then(|asked| start.checked_add(asked)),
        };
        let span = self.tracer.as_ref().map(|tracer| Box::new(tracer.begin(&rpc.path, request.headers())));
        let call = Call {
            request_id: request_id::take_or_make(request.headers()),
            trace_id: span.as_ref().map(|span| span.trace_id()),
            accepts_encoding: request.headers().contains_key("grpc-accept-encoding"),
            deadline: if rpc.streams { deadlines.stream } else { Some(deadlines.head) },
        };
        let mut watch = Watch {
            calls: Arc::clone(self),
            rpc: index,
            start,
            call: Some(call),
            placed: false,
            held: None,
            span,
            ended: false,
        };
        let admitted = self.admit(&mut watch, request);
        (watch, admitted, deadlines)
    }

    fn admit(&self, watch: &mut Watch, request: &Request<Body>) -> Result<(), RequestError> {
        let rpc = self.rpcs.get(watch.rpc);
        self.access.check(rpc, request)?;
        if rpc.group != Group::Work {
            return Ok(());
        }
        if self.draining.load(Relaxed) {
            return Err(RequestError::Draining);
        }
        watch.placed = self.in_flight.enter();
        if !watch.placed {
            self.metrics.shed();
            return Err(RequestError::ConcurrencyLimit { limit: self.in_flight.limit() });
        }
        Ok(())
    }
}

/// By when what must have happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// The answer, or the beginning of a stream of answers.
    pub(super) head: Instant,
    /// The end of a stream: only when the caller named a time.
    pub(super) stream: Option<Instant>,
}

/// Puts [`CallService`] around the services.
#[derive(Clone, Debug)]
pub(in crate::server) struct CallLayer(pub(in crate::server) Arc<Calls>);

impl Layer<Routes> for CallLayer {
    type Service = CallService;

    fn layer(&self, routes: Routes) -> CallService {
        CallService { routes, calls: Arc::clone(&self.0) }
    }
}

/// All services behind the layer.
#[derive(Clone, Debug)]
pub(in crate::server) struct CallService {
    routes: Routes,
    calls: Arc<Calls>,
}

impl Service<Request<Body>> for CallService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = CallFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.routes, cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> CallFuture {
        let (mut watch, admitted, deadlines) = self.calls.begin(&request);
        let held = request.extensions_mut().remove::<Arc<Held>>();
        if !self.calls.rpcs.get(watch.rpc).streams {
            watch.held = held;
        }
        match admitted {
            Ok(()) => CallFuture::running(watch, deadlines, self.routes.call(request)),
            Err(refusal) => CallFuture::refused(watch, deadlines, refusal),
        }
    }
}
