//! How good answers are.

mod metrics;

pub use metrics::{Confusion, TopicMetrics};
