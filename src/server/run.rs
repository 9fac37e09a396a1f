//! Starting, serving and stopping.

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinSet};
use tonic_health::{
    ServingStatus,
    server::{HealthReporter, health_reporter},
};
use tracing::{info, warn};

use super::{
    admin::{self, Admin},
    answering::Answering,
    classification::Classifications,
    config::ServerConfig,
    connections::serve_connections,
    incoming::connections,
    inference::Inference,
    layers::{Calls, PAGE_PATH, RpcTable, dressed},
    metrics::Metrics,
    models::Models,
    registry::{Registry, Watch},
    security::{Guard, SecurityError},
    self_test::{SelfTestError, self_test},
    traces::CallTracer,
    transport::{layered, standard_routes, with_rpc},
};
use crate::{
    api::{
        inference::grpc_inference_service_server::{
            GrpcInferenceServiceServer, SERVICE_NAME as INFERENCE_NAME,
        },
        v1::{
            classification_service_server::{
                ClassificationServiceServer, SERVICE_NAME as CLASSIFICATION_NAME,
            },
            model_service_server::{ModelServiceServer, SERVICE_NAME as MODEL_NAME},
        },
    },
    model::Model,
};

/// Every name that the health service knows; the empty one stands for the whole server.
const HEALTH_NAMES: [&str; 4] = ["", CLASSIFICATION_NAME, MODEL_NAME, INFERENCE_NAME];

/// How long streams that are cut off at the end of the grace period may take to say so.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Why a server ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError<E> {
    /// The model could not be loaded.
    #[error(transparent)]
    Load(E),
    /// The model was loaded but cannot answer.
    #[error(transparent)]
    SelfTest(#[from] SelfTestError),
    /// Certificates or tokens are not what they should be.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// Spans cannot be sent to where they should be.
    #[error("traces: {0}")]
    Traces(String),
    /// Reflection cannot be built from our own descriptors: a bug.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// Our own descriptors or metrics are wrong: a bug.
    #[error("set-up: {0}")]
    Setup(String),
    /// The listener failed.
    #[error("listener: {0}")]
    Io(#[from] io::Error),
}

/// Serves one model on `listener` until `shutdown` resolves; see [`run_with_admin`].
///
/// # Errors
/// When the model cannot be loaded, or certificates or tokens cannot be used.
pub async fn run<E: Send + 'static>(
    listener: TcpListener,
    config: ServerConfig,
    load: impl FnOnce() -> Result<Model, E> + Send + 'static,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError<E>> {
    run_with_admin(listener, None, config, Arc::default(), load, shutdown).await
}

/// Serves on `listener` until `shutdown` resolves; answers operators over HTTP on `admin` (metrics, liveness, readiness,
/// log level).
///
/// Connections are accepted at once; the health service says NOT_SERVING until `load` has given a model and that model
/// has answered a self-test. From then on `registry`, which must be of this server alone, has it and looks for others. Told
/// to stop, the server says NOT_SERVING and answers as before for `config.drain_delay`;
/// then it accepts no connection, refuses new calls on open ones with DRAINING, and lets the calls in flight finish, for
/// at most `config.grace`.
///
/// # Errors
/// When the model cannot be loaded, or certificates or tokens cannot be used.
pub async fn run_with_admin<E: Send + 'static>(
    listener: TcpListener,
    admin: Option<TcpListener>,
    config: ServerConfig,
    registry: Arc<Registry>,
    load: impl FnOnce() -> Result<Model, E> + Send + 'static,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError<E>> {
    let address = listener.local_addr()?;
    let rpcs = RpcTable::new().map_err(|e| ServeError::Setup(e.to_string()))?;
    let metrics = Metrics::new(&rpcs).map_err(|e| ServeError::Setup(e.to_string()))?;
    let guard = Guard::new(&config, &metrics)?;
    let tracer = config.otlp.as_ref().map(CallTracer::new).transpose();
    let tracer = tracer.map_err(|e| ServeError::Traces(e.to_string()))?;
    let calls = Calls::new(rpcs, &config, Arc::clone(&metrics), Arc::clone(&guard.access), tracer.clone());
    let ready = Arc::new(AtomicBool::new(false));
    let mut background = JoinSet::new();
    if let Some(listener) = admin {
        info!(address = %listener.local_addr()?, "admin: metrics, livez, readyz, loglevel");
        let admin = Admin { calls: Arc::clone(&calls), ready: Arc::clone(&ready) };
        background.spawn(async move { axum::serve(listener, admin::router(admin)).await });
    }

    registry.observe(Arc::clone(&metrics) as _);
    let (health, health_service) = health_reporter();
    report(&health, ServingStatus::NotServing).await;
    let (drain_delay, grace) = (config.drain_delay, config.grace);
    let answering = Arc::new(Answering::new(Arc::clone(&registry), config.clone(), Arc::clone(&metrics)));
    let classifications = Arc::new(Classifications::new(Arc::clone(&answering)));
    let pages = ClassificationServiceServer::from_arc(Arc::clone(&classifications));
    let pages = dressed!(pages, &config, ServerConfig::max_page_message_bytes);
    let models = Models::new(Arc::clone(&answering));
    let routes = standard_routes(health_service, config.compression)?
        .add_service(dressed!(ClassificationServiceServer::from_arc(classifications), &config))
        .add_service(dressed!(ModelServiceServer::new(models), &config))
        .add_service(dressed!(GrpcInferenceServiceServer::new(Inference::new(answering)), &config));
    let routes = with_rpc(routes, PAGE_PATH, pages);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (most, patience) = (config.max_connections, config.http2.handshake_timeout);
    let incoming = connections(listener, guard.tls.clone(), most, patience, Arc::clone(&metrics));
    let service = layered(routes, &config, &calls);
    let server = serve_connections(incoming, service, &config, async {
        // An error means that the sender is gone, and with it this function: stop as well.
        let _ = stopped.await;
    });
    tokio::pin!(server, shutdown);

    info!(%address, tls = guard.tls.is_some(), "listening; the model is being loaded");
    let loading = tokio::task::spawn_blocking(move || {
        let model = load().map_err(ServeError::Load)?;
        self_test(&model)?;
        Ok::<_, ServeError<E>>(model)
    });
    tokio::select! {
        () = &mut server => return Ok(()),
        () = &mut shutdown => return Ok(()),
        loaded = loading => {
            let loaded = registry.begin(loaded.map_err(io::Error::other)??);
            info!(
                %address,
                tls = guard.tls.is_some(),
                revision = %loaded.revision(),
                topics = loaded.facts().topics.join(","),
                terms = loaded.term_count(),
                "serving",
            );
            ready.store(true, Relaxed);
            report(&health, ServingStatus::Serving).await;
        }
    }
    let _watch = Watch::start(registry);
    tokio::select! {
        () = &mut server => return Ok(()),
        () = &mut shutdown => {}
    }
    info!(seconds = drain_delay.as_secs_f64(), "stopping: not serving, but still answering");
    ready.store(false, Relaxed);
    report(&health, ServingStatus::NotServing).await;
    tokio::select! {
        () = &mut server => return Ok(()),
        () = tokio::time::sleep(drain_delay) => {}
    }
    info!(calls = calls.in_flight.now(), "draining: calls in flight may finish");
    calls.drain();
    // The receiver is gone only when the server has ended already.
    let _ = stop.send(());
    if tokio::time::timeout(grace, &mut server).await.is_err() {
        let (seconds, open) = (grace.as_secs_f64(), calls.in_flight.now());
        warn!(seconds, calls = open, "connections were still open after the grace period");
        calls.end_streams();
        // Whoever has not ended by then is cut off with the end of the function.
        let _ = tokio::time::timeout(LAST_WORDS, &mut server).await;
    }
    if let Some(tracer) = tracer {
        // An error means that the runtime is shutting down.
        let _ = tokio::task::spawn_blocking(move || tracer.shut_down()).await;
    }
    info!("stopped");
    Ok(())
}

async fn report(health: &HealthReporter, status: ServingStatus) {
    for name in HEALTH_NAMES {
        health.set_service_status(name, status).await;
    }
}
