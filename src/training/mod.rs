//! Counting and training as articles are read, whatever their number.
//!
//! `gather` reads on all cores and keeps sums, digests and a sample. Where there is a limit for memory, sums that do not fit
//! are sorted into temporary files: counts are a group, so what comes of merging them is what would have come of counting
//! everything at once. `condense` merges them to the terms that a model keeps, and `train` makes the model.

mod articles;
mod condense;
mod error;
mod gather;
mod memory;
mod need;
mod register;
mod sorter;
mod train;
mod write_counts;

pub use articles::{Copies, CopyGroup, CopyGroups};
pub use error::{TemporaryFile, TooLittleMemory, TrainingError};
pub use memory::{InvalidMemoryLimit, MIN_MEMORY, MemoryLimit, Shares};
pub use train::{Corpus, Destination, Report, SampledFacts, Stage, fit_counts, train};
pub use write_counts::count;
