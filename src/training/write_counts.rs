//! Counts files of what was gathered.

use std::path::Path;

use super::{
    articles::Articles,
    condense::Condensed,
    error::{TooLittleMemory, TrainingError},
    gather::{Gathered, WholeSums},
    memory::Shares,
    train::Corpus,
};
use crate::{
    article::LabeledArticle,
    counts::{self, Counts, StreamedCounts, WriteError},
    file::replace,
};

/// Counts those of the articles of `corpus` that the caller `holds` and writes the counts' file, calling `progress` with
/// the number of articles now and then. The bytes are those of [`Counts::to_bytes`], whatever the limit for memory is.
///
/// Memory grows with the terms and topics unless there is a limit; with the articles by some 70 bytes each.
///
/// # Errors
/// When articles are wrong, the file cannot be written, or its words do not fit into the memory.
pub fn count(
    corpus: &Corpus<'_>,
    holds: impl Fn(&LabeledArticle) -> bool + Sync,
    path: &Path,
    progress: impl FnMut(usize),
) -> Result<(), TrainingError> {
    let Gathered { topics, sums, articles, .. } = corpus.reading(true, false).gather(holds, progress)?;
    match sums {
        WholeSums::Memory(mut whole) => {
            whole.articles = articles.column()?;
            write_whole(&whole, path)
        }
        WholeSums::Files(runs, places) => {
            let condensed = Condensed::new(runs, topics, &places, corpus.profile, None)?;
            write_streamed(&condensed.counts, path, corpus.memory.as_ref(), &articles)
        }
    }
}

pub(super) fn write_whole(counts: &Counts, path: &Path) -> Result<(), TrainingError> {
    let bytes = counts.to_bytes()?;
    replace(path, &bytes).map_err(|error| TrainingError::Write(path.display().to_string(), error))
}

pub(super) fn write_streamed(
    counts: &StreamedCounts,
    path: &Path,
    memory: Option<&Shares>,
    articles: &Articles,
) -> Result<(), TrainingError> {
    let needed = counts.bytes_to_write();
    if let Some(limit) = memory.map(|shares| shares.total)
        && needed > limit
    {
        let what = format!("the {} words of a counts file", counts.size.words);
        return Err(TooLittleMemory { what, needed, limit, way_out: "write no counts" }.into());
    }
    counts::write_counts(path, counts, articles.count()?, |visit| articles.visit(visit)).map_err(|error| {
        match error {
            WriteError::Io(error) => TrainingError::Write(path.display().to_string(), error),
            WriteError::Invalid(error) => error.into(),
        }
    })
}
