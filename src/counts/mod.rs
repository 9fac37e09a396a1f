//! The group: integer sums over articles, added and taken away exactly.

mod columns;
mod combine;
mod file;
mod lexicon;
mod shard;
mod tally;

pub use columns::Counts;
#[cfg(test)]
pub(crate) use columns::Entry;
pub(crate) use columns::{ArticleDigest, TermId, WordTable, article_digest};
pub use combine::CombineError;
pub use file::COUNTS_FORMAT;
pub(crate) use file::{check_terms, topics as file_topics, words as file_words};
pub(crate) use tally::{Counter, Tally};
