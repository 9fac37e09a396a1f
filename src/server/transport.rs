//! The services and what stands around them.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use tonic::{
    body::Body,
    codec::CompressionEncoding::{Gzip, Zstd},
    codegen::Service,
    service::Routes,
};
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt as _;
use tower_layer::Layer as _;

use super::{
    ServerConfig,
    layers::{CallLayer, Calls},
    web::cors,
};

/// The layers that every call passes around the services: from the inside out, what is ours, gRPC-Web made gRPC, and browsers
/// that ask who may call.
pub(super) fn layered(
    routes: Routes,
    config: &ServerConfig,
    calls: &Arc<Calls>,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let service = CallLayer(Arc::clone(calls)).layer(routes.prepare());
    cors(&config.web_origins).layer(GrpcWebLayer::new().layer(service))
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
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let service = service.map_request(|request: Request<axum::body::Body>| request.map(Body::new));
    let router = routes.axum_router_mut();
    *router = std::mem::take(router).route_service(path, service);
    routes
}
