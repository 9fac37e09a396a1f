//! Reads articles from files, folders and standard input.
//!
//! * JSON lines (`*.jsonl`, `*.ndjson`, `*.json`, `-`): objects with `text`, and perhaps `title`, `id`, and `topic` or `label`.
//! * Tables with the same columns: CSV (`*.csv`), TSV (`*.tsv`), Parquet (`*.parquet`).
//! * fastText's lines (`*.txt`, `*.ft`): `__label__TOPIC text`.
//! * A folder: `TOPIC/*.txt`, one article a file; or files of the kinds above. A pattern names several.
//!
//! Every file may be compressed with gzip (`.gz`) or zstd (`.zst`). docs/FORMATS.md has the details.

mod columns;
mod delimited;
mod error;
mod fasttext;
mod folder;
mod format;
mod in_order;
mod inputs;
mod jsonl;
mod labeled;
mod lines;
mod open;
mod parquet;
mod place;
mod place_log;
mod quotes;
mod raw;
mod records;
mod shard;
mod spool;

pub use columns::{Columns, ReadOptions};
pub use error::{Cause, CorpusError, MAX_VIOLATIONS, Violation};
pub use format::Format;
pub(crate) use in_order::WINDOW;
pub use in_order::in_order;
pub use inputs::Input;
pub use labeled::{Audit, labeled_records, load, load_with_names, name, name_of};
pub use lines::MAX_RECORD_BYTES;
pub use place::Place;
pub use place_log::PlaceLog;
pub use raw::RawRecord;
pub use records::{RawRecords, ReadError, Record, Records};
pub use shard::{InvalidShard, Shard};
