//! The services and the connections that carry them.

use std::sync::Arc;

use tonic::{service::Routes, transport::Server};
use tower_layer::{Identity, Stack};

use super::{
    ServerConfig,
    layers::{CallLayer, Calls},
};

/// How connections are kept, and the layer that every call passes.
pub(super) fn builder(config: &ServerConfig, calls: &Arc<Calls>) -> Server<Stack<CallLayer, Identity>> {
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
    server.layer(CallLayer(Arc::clone(calls)))
}

/// Health and reflection, to which the others are added.
pub(super) fn standard_routes<H>(health: H) -> Result<Routes, tonic_reflection::server::Error>
where
    H: tonic::codegen::Service<
            http::Request<tonic::body::Body>,
            Response = http::Response<tonic::body::Body>,
            Error = std::convert::Infallible,
        > + tonic::server::NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    H::Future: Send + 'static,
{
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(crate::api::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    Ok(Routes::new(health)
        .add_service(reflection().build_v1()?)
        // Older clients ask only v1alpha.
        .add_service(reflection().build_v1alpha()?))
}
