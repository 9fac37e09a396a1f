//! The group: integer sums over articles, added and taken away exactly.

mod columns;
mod combine;
mod file;
mod lexicon;
mod run;
mod runs;
mod shard;
mod streamed;
mod tally;

pub use columns::Counts;
pub(crate) use columns::{
    ArticleDigest, CorpusSummary, Entry, TermId, WordTable, article_digest, corpus_hash,
};
pub use combine::CombineError;
pub use file::COUNTS_FORMAT;
pub(crate) use file::{TermCheck, topics as file_topics, words as file_words};
pub(crate) use run::{Run, RunWriter};
pub(crate) use runs::{RunError, Runs};
pub(crate) use streamed::{RunSize, StreamedCounts, WriteError, write_counts};
pub(crate) use tally::{Counter, Tally, TopicNumbers, sorted_topics};
