//! What every call passes before and after its handler: one tower layer, [`CallLayer`], without a boxed future of its own.
//!
//! In this order: who calls (access), whether the server is stopping, whether there is room (concurrency limit), then the
//! handler under its deadline with panics caught. On the way back: the request id, the count and the latency.

mod body;
mod call;
mod deadline;
mod future;
mod idle;
mod in_flight;
mod reply;
mod request_id;
mod rpcs;
mod service;
#[cfg(test)]
mod tests;
mod transport_status;
mod watch;

pub use call::current_deadline;
pub(super) use call::{Call, with_current};
pub(super) use reply::reply;
pub(super) use rpcs::{Group, PAGE_PATH, Rpc, RpcTable};
pub(super) use service::{CallLayer, Calls};

/// Gives a generated tonic server its limit, the longest message that is decoded, and the encodings of `config`: gzip and
/// zstd for requests, and for replies where the caller accepts them. Unary handlers give their messages to [`reply()`], which
/// keeps short ones as they are.
macro_rules! dressed {
    ($service:expr, $config:expr) => {
        dressed!($service, $config, ServerConfig::max_message_bytes)
    };
    ($service:expr, $config:expr, $limit:expr) => {{
        use tonic::codec::CompressionEncoding::{Gzip, Zstd};
        let config: &$crate::server::ServerConfig = $config;
        let service = $service.max_decoding_message_size($limit(config));
        if config.compression {
            service
                .accept_compressed(Gzip)
                .accept_compressed(Zstd)
                .send_compressed(Gzip)
                .send_compressed(Zstd)
        } else {
            service
        }
    }};
}
pub(super) use dressed;
