//! What tonic answers by itself when it cannot give a request to a handler.

use http::HeaderMap;
use tonic::Code;

use super::watch::code_in;
use crate::{
    api::{MAX_FIELDS, TOO_MANY_FIELDS},
    server::RequestError,
};

/// What tonic's own refusal of a message means; None when the status is a handler's.
///
/// tonic answers INTERNAL when bytes are no message (bad protobuf or UTF-8, a bad frame, a damaged encoding, no message at
/// all), OUT_OF_RANGE when a message is too long, and RESOURCE_EXHAUSTED when it would be, unpacked. All of it is the
/// caller's doing, and so is what our codec refuses. Our own statuses are told apart by their details, which tonic's never
/// have.
pub(super) fn refused_by_transport(headers: &HeaderMap, max_message_bytes: usize) -> Option<RequestError> {
    let code = code_in(headers)?;
    if headers.contains_key("grpc-status-details-bin") {
        return None;
    }
    match code {
        Code::Internal => Some(RequestError::MessageMalformed),
        Code::OutOfRange | Code::ResourceExhausted => {
            Some(RequestError::MessageTooLarge { limit: max_message_bytes })
        }
        TOO_MANY_FIELDS => Some(RequestError::TooManyFields { limit: MAX_FIELDS }),
        _ => None,
    }
}
