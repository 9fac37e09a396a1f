//! From an article to a small vector of integers that depends on that article alone.
//!
//! `words` splits text, `stem` maps a surface form to its term, `reader` counts words and adjacent pairs, `weight` turns
//! the counts into fixed-point weights. [`TextReader`] does all of it without allocating once warm.

mod block;
mod index;
mod language;
mod porter;
mod profile;
mod reader;
mod short_word;
mod stem;
mod terms;
mod weight;
mod words;

pub(crate) use language::{MIN_WORDS as MIN_LANGUAGE_WORDS, detect as detect_language};
pub use profile::{StemmerKind, TextProfile};
pub use reader::TextReader;
pub(crate) use reader::{Occurrence, TermRef};
pub use terms::{TermKey, pair_key, word_key};
pub use weight::{WEIGHT_ONE, Weight};
