//! How much memory the last stage of training takes, before it is taken.

use super::{condense::Condensed, error::TooLittleMemory, memory::Shares};
use crate::model::{ArticleSample, CHOICE_LIMIT, Cut, ESTIMATE_BLOCK, MAX_CANDIDATES};

/// The program itself, stacks, buffers.
const REST: u64 = 24 << 20;
/// So many times the bytes of its text a sampled article takes as terms, at most: a word of six letters is two terms of
/// eight bytes and eight bytes for how often it occurs.
const TERMS_PER_TEXT: u64 = 4;

/// Checks that the terms that `cut` keeps and the sample fit into the limit.
pub(super) fn check(
    condensed: &Condensed,
    cut: &Cut,
    sample: &ArticleSample,
    shares: &Shares,
) -> Result<(), TooLittleMemory> {
    let topics = condensed.counts.topics.len() as u64;
    let needed =
        kept_terms(cut, condensed.word_bytes(cut)) + leave_one_out(sample, topics) + weights(topics) + REST;
    if needed <= shares.total {
        return Ok(());
    }
    Err(TooLittleMemory {
        what: format!("{} terms of {topics} topics", cut.terms),
        needed,
        limit: shares.total,
        way_out: "keep fewer terms with --max-terms or --min-articles",
    })
}

/// Their counts, their index, and which are kept.
fn kept_terms(cut: &Cut, word_bytes: u64) -> u64 {
    let table = |len: u64| 4 * (len + len * 2 / 3 + 1);
    let counts = word_bytes + 4 * cut.words + 16 * cut.terms + 16 * cut.entries;
    let index = 16 * cut.words + table(cut.words) + table(cut.terms - cut.words);
    counts + index + 5 * cut.terms
}

/// The sampled articles as terms, and their scores by all candidates.
fn leave_one_out(sample: &ArticleSample, topics: u64) -> u64 {
    let articles = sample.len() as u64;
    let scores = (articles.min(CHOICE_LIMIT as u64) * MAX_CANDIDATES as u64).max(articles) * topics * 8;
    TERMS_PER_TEXT * sample.bytes() as u64 + 2 * scores
}

/// The weights that are estimated at a time.
fn weights(topics: u64) -> u64 {
    rayon::current_num_threads() as u64 * ESTIMATE_BLOCK as u64 * (topics + 4) * 8
}
