//! Starting, serving and stopping.

use std::{future::Future, io, sync::Arc};

use tokio::net::TcpListener;
use tokio_stream::{StreamExt as _, wrappers::TcpListenerStream};
use tonic::transport::Server;
use tonic_health::{
    ServingStatus,
    server::{HealthReporter, health_reporter},
};
use tonic_web::GrpcWebLayer;
use tracing::{info, warn};

use super::{
    answering::Answering,
    classification::Classifications,
    config::ServerConfig,
    inference::Inference,
    models::Models,
    registry::{Registry, Watch},
    self_test::{SelfTestError, self_test},
    web::cors,
};
use crate::{
    api::{
        DESCRIPTORS,
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

/// Why a server ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError<E> {
    /// The model could not be loaded.
    #[error(transparent)]
    Load(E),
    /// The model was loaded but cannot answer.
    #[error(transparent)]
    SelfTest(#[from] SelfTestError),
    /// Reflection cannot be built from our own descriptors: a bug.
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("transport: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The listener failed.
    #[error("listener: {0}")]
    Io(#[from] io::Error),
}

/// Serves on `listener` until `shutdown` resolves, then lets the calls in flight finish, for at most `config.grace`.
///
/// Connections are accepted at once; the health service says NOT_SERVING until `load` has given a model and that model
/// has answered a self-test. From then on `registry`, which must be of this server alone, has it and looks for others.
///
/// # Errors
/// When the model cannot be loaded or the transport fails.
pub async fn run<E: Send + 'static>(
    listener: TcpListener,
    config: ServerConfig,
    registry: Arc<Registry>,
    load: impl FnOnce() -> Result<Model, E> + Send + 'static,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError<E>> {
    let address = listener.local_addr()?;
    let (health, health_service) = health_reporter();
    report(&health, ServingStatus::NotServing).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let grace = config.grace;
    let max_message_bytes = config.max_message_bytes();
    let cors = cors(&config.web_origins);
    let answering = Arc::new(Answering::new(Arc::clone(&registry), config));
    let classifications = ClassificationServiceServer::new(Classifications::new(Arc::clone(&answering)))
        .max_decoding_message_size(max_message_bytes);
    let models = ModelServiceServer::new(Models::new(Arc::clone(&answering)));
    let inference = GrpcInferenceServiceServer::new(Inference::new(answering))
        .max_decoding_message_size(max_message_bytes);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let incoming = TcpListenerStream::new(listener)
        .map(|connection| connection.and_then(|stream| stream.set_nodelay(true).map(|()| stream)));
    let server = Server::builder()
        // Browsers may come by HTTP/1.1; the layer lets nothing else in that way.
        .accept_http1(true)
        .layer(cors)
        .layer(GrpcWebLayer::new())
        .add_service(health_service)
        // Older clients ask only v1alpha.
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .add_service(classifications)
        .add_service(models)
        .add_service(inference)
        .serve_with_incoming_shutdown(incoming, async {
            // An error means that the sender is gone, and with it this function: stop as well.
            let _ = stopped.await;
        });
    tokio::pin!(server, shutdown);

    let loading = tokio::task::spawn_blocking(move || {
        let model = load().map_err(ServeError::Load)?;
        self_test(&model)?;
        Ok::<_, ServeError<E>>(model)
    });
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = &mut shutdown => return Ok(()),
        loaded = loading => {
            let loaded = registry.begin(loaded.map_err(io::Error::other)??);
            info!(
                %address,
                revision = %loaded.revision(),
                topics = loaded.facts().topics.join(","),
                terms = loaded.term_count(),
                "serving",
            );
            report(&health, ServingStatus::Serving).await;
        }
    }
    let _watch = Watch::start(registry);
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = &mut shutdown => {}
    }
    info!("stopping: calls in flight may finish");
    report(&health, ServingStatus::NotServing).await;
    // The receiver is gone only when the server has ended already.
    let _ = stop.send(());
    match tokio::time::timeout(grace, server).await {
        Ok(ended) => ended?,
        Err(_) => warn!(seconds = grace.as_secs_f64(), "calls were still in flight after the grace period"),
    }
    info!("stopped");
    Ok(())
}

async fn report(health: &HealthReporter, status: ServingStatus) {
    for name in HEALTH_NAMES {
        health.set_service_status(name, status).await;
    }
}
