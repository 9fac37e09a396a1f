//! Reads articles from files, folders and standard input.
//!
//! * JSON lines (`*.jsonl`, `*.ndjson`, `*.json`, `-`): objects with `text`, and perhaps `title`, `id`, and `topic` or `label`.
//! * A folder: `TOPIC/*.txt`, one article a file; or files of the kind above.

mod duplicates;
mod error;
mod folder;
mod jsonl;
mod labeled;
mod records;
mod shard;

pub use duplicates::{Duplicates, duplicates};
pub use error::{Cause, CorpusError, MAX_VIOLATIONS, Violation};
pub use jsonl::MAX_LINE_BYTES;
pub use labeled::{load, load_with_names};
pub use records::{Input, ReadError, Record, Records};
pub use shard::{InvalidShard, Shard};
