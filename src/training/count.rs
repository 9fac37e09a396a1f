//! Counts articles as they are read: no text is kept.

use crate::{
    article::LabeledArticle,
    corpus::{Audit, CorpusError, Input, RawRecord, ReadError, ReadOptions, in_order, labeled_records},
    counts::{CombineError, Counter, Counts, Tally},
    text::TextProfile,
};

/// Why inputs cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// They cannot be read, or something in them is wrong.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Their words cannot be counted.
    #[error(transparent)]
    Combine(#[from] CombineError),
}

/// What a thread met with.
enum Met {
    Wrong(ReadError),
    NotCounted(CombineError),
}

/// Counts those of the labelled articles of `inputs` that the caller `holds`, on all threads of the current rayon pool, calling `progress` with their number
/// now and then. Memory grows with the terms and topics; with the articles by 18 bytes each, which are part of the counts,
/// and about a hundred for an id.
///
/// # Errors
/// As for [`load`](crate::corpus::load) and [`Counts::of`].
pub fn count(
    inputs: &[Input],
    options: &ReadOptions,
    profile: TextProfile,
    holds: impl Fn(&LabeledArticle) -> bool + Sync,
    mut progress: impl FnMut(usize),
) -> Result<Counts, CountError> {
    let mut audit = Audit::new();
    // How much there will be is not known; the tables grow.
    let tally = Tally::new(profile, 0);
    let counters = in_order(
        labeled_records(inputs, options),
        RawRecord::size,
        rayon::current_num_threads(),
        || tally.counter(),
        |counter, raw| {
            let (place, labeled) = raw.read_labeled(options).map_err(Met::Wrong)?;
            // An article whose id turns out to be taken is counted too: then there will be no counts at all.
            if holds(&labeled) {
                counter.add(&labeled).map_err(Met::NotCounted)?;
            }
            Ok((place, labeled.article.id))
        },
        |counted| {
            for counted in counted {
                match counted {
                    Ok((place, id)) => {
                        audit.admit(&id, &place)?;
                    }
                    Err(Met::Wrong(error)) => audit.refuse(error)?,
                    Err(Met::NotCounted(error)) => return Err(error.into()),
                }
            }
            progress(audit.articles());
            Ok::<(), CountError>(())
        },
    )?;
    audit.finish(inputs)?;
    counters.into_iter().for_each(Counter::finish);
    Ok(tally.into_counts())
}
