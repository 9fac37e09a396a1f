//! What can go wrong in a call, and the one place where that becomes a gRPC status.

use std::{fmt::Write as _, time::Duration};

use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

use super::{security::Role, violation::RequestViolation};
use crate::model::Revision;

/// The domain of every `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "bayeswire";

/// Says to the retry policies of gRPC's libraries, which do not read details, what RetryInfo says (gRFC A6).
const RETRY_PUSHBACK: &str = "grpc-retry-pushback-ms";
/// How long a caller should wait before trying again while the model is being loaded.
const RETRY_LOADING: Duration = Duration::from_millis(200);

/// How long a caller should wait when there are too many calls: a few times what they take.
const RETRY_OVERLOAD: Duration = Duration::from_millis(100);
/// How long a caller should wait when this server stops: another one may be there at once.
const RETRY_DRAINING: Duration = Duration::from_secs(1);

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// Fields are outside their limits: all of them.
    #[error("{}", list(.0))]
    Invalid(Vec<RequestViolation>),
    /// The revision that was asked for is not held here.
    #[error("model revision {asked} is not held here, the active one is {active}")]
    RevisionNotFound {
        /// As in the request.
        asked: Revision,
        /// What the caller could have instead.
        active: Revision,
    },
    /// The model is still being loaded.
    #[error("the model is not loaded yet")]
    ModelNotLoaded,
    /// A model that was to be activated is damaged or unfit.
    #[error("model revision {revision} cannot be served: {why}")]
    ModelRejected {
        /// Which one.
        revision: Revision,
        /// What is wrong with it.
        why: String,
    },
    /// There is nothing to go back to.
    #[error("no revision that was active before is still in memory")]
    NoEarlierRevision,
    /// The model has no weights for a term.
    #[error("model revision {revision} has no weights for {term:?}")]
    TermNotFound {
        /// As in the request.
        term: String,
        /// The model that was asked.
        revision: Revision,
    },
    /// The Open Inference Protocol has a name for the model, and this is another.
    #[error("there is no model {asked:?} here, the only one is {held:?}")]
    ModelNotFound {
        /// As in the request.
        asked: String,
        /// What the caller could have instead.
        held: &'static str,
    },
    /// The answer would have come too late.
    #[error("the deadline has passed")]
    DeadlineExceeded,
    /// No answer has gone out on a stream for too long.
    #[error("nothing has happened on the stream for too long")]
    StreamIdle,
    /// As many calls as allowed are being answered.
    #[error("{limit} calls are being answered, which is the limit")]
    ConcurrencyLimit {
        /// How many calls may be under way at once, on all connections together.
        limit: usize,
    },
    /// As many bytes of requests as allowed are in memory.
    #[error("requests of {limit} bytes are being read and answered, which is the limit")]
    PendingBytes {
        /// How many bytes there may be, on all connections together.
        limit: usize,
    },
    /// The server is stopping.
    #[error("the server is stopping")]
    Draining,
    /// The caller is not known.
    #[error("the bearer token is missing or not valid")]
    TokenInvalid,
    /// The caller is known, but may not do this.
    #[error("this needs the role {role}")]
    RoleMissing {
        /// What the caller would have to be.
        role: Role,
    },
    /// What was sent is no message of this rpc.
    #[error("the request is no message of this rpc: damaged, missing, or not UTF-8")]
    MessageMalformed,
    /// The message is longer than what is read at all.
    #[error("the message is longer than {limit} bytes, the limit")]
    MessageTooLarge {
        /// In bytes.
        limit: usize,
    },
    /// The message has so many parts that they are not even looked at.
    #[error("the message has more than {limit} fields, parts of lists counted one by one")]
    TooManyFields {
        /// How many there may be.
        limit: usize,
    },
    /// A bug of ours; the log tells more.
    #[error("internal error")]
    Internal,
}

/// The violations, as many as a message has room for.
fn list(violations: &[RequestViolation]) -> String {
    let mut out = String::new();
    for violation in violations {
        if out.len() > MAX_MESSAGE_BYTES {
            break;
        }
        let between = if out.is_empty() { "" } else { "; " };
        // Writing to a string cannot fail.
        let _ = write!(out, "{between}{}: {violation}", violation.field());
    }
    out
}

/// The longest message, in bytes; it goes into a header line, where a byte may take three.
const MAX_MESSAGE_BYTES: usize = 512;
/// How long one violation's or resource's description may be, in bytes: callers' own texts are quoted there.
const MAX_DESCRIPTION_BYTES: usize = 200;
/// How long all violations may be together, in bytes. A status travels in header lines, of which most clients take 8 KiB;
/// what is listed and the message stay below that, encoded.
const MAX_VIOLATION_BYTES: usize = 3500;

/// The beginning of a text.
fn cut(mut text: String, most: usize) -> String {
    const MARK: &str = " ...";
    if text.len() > most {
        let end = (0..=most.saturating_sub(MARK.len())).rev().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
        text.push_str(MARK);
    }
    text
}

/// The violations, as far as a status can carry them.
fn field_violations(violations: &[RequestViolation]) -> Vec<FieldViolation> {
    let mut bytes = 0;
    let all = violations.iter().map(|violation| FieldViolation {
        field: violation.field().to_owned(),
        description: cut(violation.to_string(), MAX_DESCRIPTION_BYTES),
        reason: violation.reason().to_owned(),
        localized_message: None,
    });
    all.take_while(|v| {
        bytes += v.field.len() + v.description.len() + v.reason.len() + 16;
        bytes <= MAX_VIOLATION_BYTES
    })
    .collect()
}

impl From<RequestError> for Status {
    fn from(error: RequestError) -> Self {
        let mut details = ErrorDetails::new();
        let (code, reason) = match &error {
            RequestError::Invalid(violations) => {
                details.set_bad_request(field_violations(violations));
                // The first violation names the error; all of them are in BadRequest, as far as it can carry them.
                (Code::InvalidArgument, violations.first().map_or("INVALID", RequestViolation::reason))
            }
            RequestError::RevisionNotFound { asked, .. } => {
                details.set_resource_info("model revision", asked.to_string(), "", "not held by this server");
                (Code::NotFound, "REVISION_NOT_FOUND")
            }
            RequestError::ModelNotLoaded => {
                details.set_retry_info(Some(RETRY_LOADING));
                (Code::Unavailable, "MODEL_NOT_LOADED")
            }
            RequestError::ModelRejected { revision, why } => {
                details.set_precondition_failure(vec![PreconditionViolation {
                    r#type: "MODEL".to_owned(),
                    subject: revision.to_string(),
                    description: cut(why.clone(), MAX_DESCRIPTION_BYTES),
                }]);
                (Code::FailedPrecondition, "MODEL_REJECTED")
            }
            RequestError::NoEarlierRevision => {
                details.set_precondition_failure(vec![PreconditionViolation {
                    r#type: "MODEL".to_owned(),
                    subject: "the revision that was active before".to_owned(),
                    description: error.to_string(),
                }]);
                (Code::FailedPrecondition, "NO_EARLIER_REVISION")
            }
            RequestError::TermNotFound { term, .. } => {
                details.set_resource_info("term", term.clone(), "", "the model has no weights for it");
                (Code::NotFound, "TERM_NOT_FOUND")
            }
            RequestError::ModelNotFound { asked, .. } => {
                let asked = cut(asked.clone(), MAX_DESCRIPTION_BYTES);
                details.set_resource_info("model", asked, "", "not served here");
                (Code::NotFound, "MODEL_NOT_FOUND")
            }
            RequestError::DeadlineExceeded => (Code::DeadlineExceeded, "DEADLINE"),
            RequestError::StreamIdle => (Code::DeadlineExceeded, "STREAM_IDLE"),
            RequestError::ConcurrencyLimit { .. } => {
                details.set_retry_info(Some(RETRY_OVERLOAD));
                (Code::ResourceExhausted, "CONCURRENCY_LIMIT")
            }
            RequestError::PendingBytes { .. } => {
                details.set_retry_info(Some(RETRY_OVERLOAD));
                (Code::ResourceExhausted, "PENDING_BYTES")
            }
            RequestError::Draining => {
                details.set_retry_info(Some(RETRY_DRAINING));
                (Code::Unavailable, "DRAINING")
            }
            RequestError::TokenInvalid => (Code::Unauthenticated, "TOKEN_INVALID"),
            RequestError::RoleMissing { .. } => (Code::PermissionDenied, "ROLE_MISSING"),
            RequestError::MessageMalformed => (Code::InvalidArgument, "MESSAGE_MALFORMED"),
            RequestError::MessageTooLarge { .. } => (Code::InvalidArgument, "MESSAGE_TOO_LARGE"),
            RequestError::TooManyFields { .. } => (Code::InvalidArgument, "TOO_MANY_FIELDS"),
            RequestError::Internal => (Code::Internal, "INTERNAL"),
        };
        let limit = match &error {
            RequestError::Invalid(violations) => violations.iter().find_map(RequestViolation::limit),
            RequestError::ConcurrencyLimit { limit }
            | RequestError::PendingBytes { limit }
            | RequestError::MessageTooLarge { limit }
            | RequestError::TooManyFields { limit } => Some(*limit),
            _ => None,
        };
        let metadata = limit.map(|limit| ("limit".to_owned(), limit.to_string())).into_iter();
        details.set_error_info(reason, ERROR_DOMAIN, metadata.collect::<std::collections::HashMap<_, _>>());
        let retry_delay = details.retry_info().and_then(|info| info.retry_delay);
        let mut status = Self::with_error_details(code, cut(error.to_string(), MAX_MESSAGE_BYTES), details);
        if let Some(delay) = retry_delay {
            let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            status.metadata_mut().insert(RETRY_PUSHBACK, milliseconds.into());
        }
        status
    }
}

/// The same status as a value, for one of many results.
pub(super) fn as_value(error: RequestError) -> tonic_types::Status {
    let status = Status::from(error);
    // With details, a status carries itself as a google.rpc.Status; without, there is nothing but code and message.
    tonic_types::Status::decode(status.details()).unwrap_or_else(|_| tonic_types::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InvalidOptions;

    #[test]
    fn a_status_fits_into_header_lines_whatever_was_sent() {
        let name = "\u{1F4F0}".repeat(10_000);
        let one = || RequestViolation::Option(InvalidOptions::UnknownTopic(name.clone()));
        let status = Status::from(RequestError::Invalid((0..1000).map(|_| one()).collect()));
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert!(violations.len() > 10, "{}", violations.len());
        assert!(violations.iter().all(|v| v.description.len() <= 200 && v.description.ends_with(" ...")));
        // Base64 and percent-encoding.
        assert!(status.details().len() * 4 / 3 + status.message().len() * 3 < 8000);

        let status = Status::from(RequestError::ModelNotFound { asked: name, held: "news-topic" });
        assert!(status.details().len() < 1000 && status.message().len() <= 512);
    }

    #[test]
    fn when_to_try_again_is_told_to_programs_and_to_their_libraries() {
        for (error, expected) in [
            (RequestError::ModelNotLoaded, Some(200)),
            (RequestError::ConcurrencyLimit { limit: 8 }, Some(100)),
            (RequestError::PendingBytes { limit: 8 }, Some(100)),
            (RequestError::Draining, Some(1000)),
            (RequestError::DeadlineExceeded, None),
            (RequestError::Internal, None),
        ] {
            let status = Status::from(error);
            let told = status.get_details_retry_info().and_then(|info| info.retry_delay);
            assert_eq!(told, expected.map(Duration::from_millis), "{status:?}");
            let pushback = status.metadata().get("grpc-retry-pushback-ms").map(|ms| ms.to_str().unwrap());
            assert_eq!(pushback.map(str::to_owned), expected.map(|ms| ms.to_string()));
        }
    }

    #[test]
    fn a_status_is_the_same_as_a_value() {
        let error = || RequestError::Invalid(vec![RequestViolation::TextEmpty.in_batch(3)]);
        let (status, value) = (Status::from(error()), as_value(error()));
        assert_eq!((value.code, value.message.as_str()), (3, status.message()));
        assert_eq!(value.encode_to_vec(), status.details());
        assert_eq!(status.message(), "articles[3].text: is empty");
    }
}
