//! What tonic answers by itself when it cannot give a request to a handler.

use http::HeaderMap;
use tonic::Code;

use super::watch::code_in;
use crate::server::RequestError;

/// What tonic's own refusal of a message means; None when the status is a handler's.
///
/// tonic answers INTERNAL when bytes are no message (bad protobuf or UTF-8, a bad frame, a damaged encoding, no message at
/// all) and OUT_OF_RANGE when a message is too long. All of it is the caller's doing. Our own statuses are told apart by
/// their details, which tonic's never have.
pub(super) fn refused_by_transport(headers: &HeaderMap, max_message_bytes: usize) -> Option<RequestError> {
    let code = code_in(headers)?;
    if headers.contains_key("grpc-status-details-bin") {
        return None;
    }
    match code {
        Code::Internal => Some(RequestError::MessageMalformed),
        Code::OutOfRange => Some(RequestError::MessageTooLarge { limit: max_message_bytes }),
        _ => None,
    }
}
