//! The services and the connections that carry them.

use std::sync::Arc;

use tonic::{
    codec::CompressionEncoding::{Gzip, Zstd},
    service::Routes,
    transport::Server,
};
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt as _;
use tower_layer::{Identity, Stack};

use super::{
    ServerConfig,
    layers::{CallLayer, Calls},
    web::{Cors, cors},
};

/// From the inside out: what every call passes, gRPC-Web made gRPC, and browsers that ask who may call.
type Layers = Stack<CallLayer, Stack<GrpcWebLayer, Stack<Cors, Identity>>>;

/// How connections are kept, and the layers that every call passes.
pub(super) fn builder(config: &ServerConfig, calls: &Arc<Calls>) -> Server<Layers> {
    let http2 = &config.http2;
    let mut server = Server::builder()
        .max_concurrent_streams(http2.max_streams)
        .http2_keepalive_interval(http2.keep_alive_interval)
        .http2_keepalive_timeout(Some(http2.keep_alive_timeout))
        .initial_stream_window_size(http2.stream_window_bytes)
        .initial_connection_window_size(http2.connection_window_bytes);
    if let Some(age) = http2.max_connection_age {
        server = server.max_connection_age(age);
    }
    server
        // Browsers may come by HTTP/1.1; the layer for gRPC-Web lets nothing else in that way.
        .accept_http1(true)
        .layer(cors(&config.web_origins))
        .layer(GrpcWebLayer::new())
        .layer(CallLayer(Arc::clone(calls)))
}

/// Health and reflection, to which the others are added. Their replies are not compressed: they are short, or asked for once.
pub(super) fn standard_routes<H: Health>(
    health: HealthServer<H>,
    compression: bool,
) -> Result<Routes, tonic_reflection::server::Error> {
    /// Clients that compress whatever they send compress this too.
    macro_rules! unpacking {
        ($service:expr) => {
            if compression { $service.accept_compressed(Gzip).accept_compressed(Zstd) } else { $service }
        };
    }
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(crate::api::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // What is in the details of a google.rpc.Status: clients that know it by reflection only cannot show it else.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let (v1, v1alpha) = (reflection().build_v1()?, reflection().build_v1alpha()?);
    Ok(Routes::new(unpacking!(health))
        .add_service(unpacking!(v1))
        // Older clients ask only v1alpha.
        .add_service(unpacking!(v1alpha)))
}

/// Puts one rpc of a service in place of the same rpc of the service that `routes` has.
pub(super) fn with_rpc<S>(mut routes: Routes, path: &str, service: S) -> Routes
where
    S: tonic::codegen::Service<
            http::Request<tonic::body::Body>,
            Response = http::Response<tonic::body::Body>,
            Error = std::convert::Infallible,
        > + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let service =
        service.map_request(|request: http::Request<axum::body::Body>| request.map(tonic::body::Body::new));
    let router = routes.axum_router_mut();
    *router = std::mem::take(router).route_service(path, service);
    routes
}
