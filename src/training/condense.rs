//! From sums in files to counts of those terms that a model keeps.

use super::error::TrainingError;
use crate::{
    article::Topic,
    counts::{Counts, Run, RunSize, RunWriter, Runs, StreamedCounts},
    model::{Cut, Frequencies, ValidTrainingParams},
    text::TextProfile,
};

/// After so many terms it is looked at which ones cannot be kept any more.
const BETWEEN_LOOKS: u64 = 1 << 12;

/// All terms, or all that may be kept, in one sorted file.
pub(super) struct Condensed {
    pub(super) counts: StreamedCounts,
    frequencies: Frequencies,
}

impl Condensed {
    /// Merges `runs`. Where only `kept` terms are wanted, what cannot be among them is left out of the file.
    pub(super) fn new(
        runs: Runs,
        topics: Vec<Topic>,
        topic_places: &[u16],
        profile: TextProfile,
        kept: Option<&ValidTrainingParams>,
    ) -> Result<Self, TrainingError> {
        let mut frequencies = Frequencies::default();
        let mut size = RunSize::default();
        let mut writer = RunWriter::new()?;
        let mut least = 0;
        runs.merge(topic_places, |word, second, entries| {
            let articles: u64 = entries.iter().map(|entry| u64::from(entry.articles)).sum();
            frequencies.add(articles, !second.is_empty(), entries.len());
            size.add(word, second, entries.len());
            if let Some(params) = kept
                && size.terms % BETWEEN_LOOKS == 0
            {
                // With every term that comes, those that are kept can only be in more articles.
                least = frequencies.cut(params.min_articles(), params.max_terms()).least_articles();
            }
            // No pair is in more articles than its words: where a word is left out, so are its pairs.
            if articles >= least {
                Ok(writer.push(word, second, entries)?)
            } else {
                Ok::<(), TrainingError>(())
            }
        })?;
        let run: Run = writer.finish()?;
        Ok(Self { counts: StreamedCounts { profile, topics, run, size }, frequencies })
    }

    /// What the model keeps.
    pub(super) fn cut(&self, params: &ValidTrainingParams) -> Cut {
        self.frequencies.cut(params.min_articles(), params.max_terms())
    }

    /// The counts of the terms that the model keeps, without the articles.
    pub(super) fn kept(&self, cut: Cut) -> Result<Counts, TrainingError> {
        let word_bytes = self.word_bytes(&cut);
        let size = RunSize { words: cut.words, word_bytes, terms: cut.terms, entries: cut.entries };
        Ok(self.counts.kept(size, || {
            let mut cut = cut;
            move |articles, pair| cut.keeps(articles, pair)
        })?)
    }

    /// About how many bytes the kept words have: as many as others.
    pub(super) fn word_bytes(&self, cut: &Cut) -> u64 {
        let RunSize { words, word_bytes, .. } = self.counts.size;
        cut.words * word_bytes.div_ceil(words.max(1))
    }
}
