//! What is done with bytes from strangers, and what must hold then. A function each: `cargo fuzz` calls it with bytes of its
//! own making, `tests/fuzz_corpora.rs` with the files of `corpus/`.
#![allow(dead_code, unused_imports, unreachable_pub)] // every fuzz target uses its part

mod article;
mod config;
mod corpus;
mod counts;
mod file;
mod model;
mod page;
mod rpc;

pub use article::article;
pub use config::config;
pub use corpus::corpus;
pub use counts::counts;
pub use model::model;
pub use page::page;
pub use rpc::{frames, tensors};
