//! Replies, compressed only where that is worth its time.

use prost::Message;
use tonic::Response;

use super::call::with_current;

/// Shorter messages are sent as they are: they fit into a packet anyway.
const MIN_COMPRESSED_BYTES: usize = 1024;

/// The reply of a unary call. tonic compresses every message for a caller that accepts it; this tells it not to where the
/// message is short. Callers that accept no encoding, and those are in a hurry, cost nothing.
pub(in crate::server) fn reply<M: Message>(message: M) -> Response<M> {
    let asked = with_current(|call| call.is_some_and(|call| call.accepts_encoding));
    let short = asked && message.encoded_len() < MIN_COMPRESSED_BYTES;
    let mut response = Response::new(message);
    if short {
        response.disable_compression();
    }
    response
}
