//! How good answers are.
//!
//! [`Predictions`] sets answers beside the right labels, [`Evaluation`] measures them, a [`Requirement`] says how good they
//! must be, and a [`Report`] shows everything on one page.

mod bootstrap;
mod collect;
mod confusion;
mod coverage;
mod figures;
mod measure;
mod prediction;
mod reliability;
mod report;
mod requirement;

pub use bootstrap::{Interval, RESAMPLES};
pub use collect::Collector;
pub use confusion::{Confusion, TopicMetrics};
pub use coverage::CoveragePoint;
pub use figures::{Figure, Figures};
pub use measure::Evaluation;
pub use prediction::{MIN_PROBABILITY, Prediction, Predictions};
pub use reliability::{RELIABILITY_BINS, ReliabilityBin};
pub use report::{Report, Shown};
pub use requirement::{InvalidRequirement, Requirement};
