//! Counting articles as they are read, whatever their number.

mod count;

pub use count::{CountError, count};
