//! The messages of `proto/`: what the server sends, and what `classify --format jsonl` prints.

mod codec;
mod convert;
mod page;
mod timestamp;

pub use codec::{LimitedCodec, LimitedDecoder};
pub(crate) use codec::{MAX_FIELDS, TOO_MANY_FIELDS};
pub use convert::to_json;
pub(crate) use page::ModelSubjects;
pub use timestamp::Timestamp;

/// Generated from `proto/bayeswire/v1`; the .proto files are the documentation.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)] // generated code
pub mod v1 {
    tonic::include_proto!("bayeswire.v1");
    include!(concat!(env!("OUT_DIR"), "/bayeswire.v1.serde.rs"));
}

/// Generated from `proto/inference`, the Open Inference Protocol; the .proto file is the documentation.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)] // generated code
pub mod inference {
    tonic::include_proto!("inference");
}

/// The encoded `FileDescriptorSet` of all messages and services, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bayeswire_descriptor.bin"));
