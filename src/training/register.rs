//! Sees to it that ids are distinct, in bounded memory.

use std::io;

use sha2::{Digest as _, Sha256};

use super::sorter::Sorter;
use crate::corpus::{Cause, CorpusError, Input, MAX_VIOLATIONS, Place, PlaceLog, ReadError, Violation};

/// The first half of an id's SHA-256, and the article's number: so equal ids stand together, the first of them in front.
type IdRecord = [u8; 24];

/// Notes every article that was read, and what is wrong; which ids are there twice turns out in the end.
///
/// It tells the violations that [`Audit`](crate::corpus::Audit) tells, which keeps all ids in memory.
pub(super) struct Register {
    ids: Sorter<24>,
    log: PlaceLog,
    /// What was wrong, and how many right articles had come before.
    violations: Vec<(u64, Violation)>,
}

impl Register {
    /// A register that takes about so many bytes of memory.
    pub(super) fn new(bytes: usize) -> Self {
        // Where there is a limit, the log needs no more than a buffer.
        let log = if bytes == usize::MAX { bytes } else { bytes.min(1 << 18) };
        Self { ids: Sorter::new(bytes), log: PlaceLog::new(log), violations: Vec::new() }
    }

    /// Notes an article that is right but perhaps for its id; gives its number.
    pub(super) fn admit(&mut self, id: &str, place: &Place) -> io::Result<u64> {
        let number = self.log.push(place, id)?;
        if !id.is_empty() {
            let mut record: IdRecord = [0; 24];
            record[..16].copy_from_slice(&Sha256::digest(id)[..16]);
            record[16..].copy_from_slice(&number.to_be_bytes());
            self.ids.push(record)?;
        }
        Ok(number)
    }

    /// Notes what is wrong; true when there is enough of it.
    pub(super) fn refuse(&mut self, violation: Violation) -> bool {
        self.violations.push((self.log.len(), violation));
        self.violations.len() == MAX_VIOLATIONS
    }

    /// How many articles were admitted.
    pub(super) fn articles(&self) -> u64 {
        self.log.len()
    }

    /// Checks that nothing was wrong, and that there was an article in `inputs`. `ended_by` is what reading failed with.
    ///
    /// # Errors
    /// All that is wrong, or the first [`MAX_VIOLATIONS`] of it; a failure of a temporary file.
    pub(super) fn finish<E: From<io::Error> + From<CorpusError>>(
        self,
        inputs: &[Input],
        ended_by: Option<CorpusError>,
    ) -> Result<PlaceLog, E> {
        let Self { ids, mut log, violations } = self;
        let articles = log.len();
        // A copy of an article stands behind what was wrong before it.
        let mut all: Vec<((u64, bool), Violation)> =
            violations.into_iter().map(|(number, violation)| ((number, false), violation)).collect();
        let copies = repeated(ids)?;
        let mut wanted: Vec<u64> = copies.iter().flat_map(|&(first, copy)| [first, copy]).collect();
        wanted.sort_unstable();
        let found = log.find(&wanted)?;
        for (first, copy) in copies {
            if let (Some((first, _)), Some((place, id))) = (found.get(&first), found.get(&copy)) {
                let cause = Cause::DuplicateId { id: id.clone(), first: first.to_string() };
                all.push(((copy, true), Violation { place: place.to_string(), cause }));
            }
        }
        all.sort_by_key(|violation| violation.0);
        let more = all.len() >= MAX_VIOLATIONS;
        all.truncate(MAX_VIOLATIONS);
        match ended_by {
            Some(error) if !more => Err(error.into()),
            _ if !all.is_empty() => {
                Err(CorpusError::Invalid(all.into_iter().map(|(_, violation)| violation).collect(), more)
                    .into())
            }
            _ if articles == 0 => {
                let names: Vec<_> = inputs.iter().map(ToString::to_string).collect();
                Err(CorpusError::Empty(names.join(", ")).into())
            }
            _ => Ok(log),
        }
    }
}

/// The first article of each id that there is twice, and a copy: the first copies in the order in which they were read.
fn repeated(ids: Sorter<24>) -> io::Result<Vec<(u64, u64)>> {
    let mut copies: Vec<(u64, u64)> = Vec::new();
    let mut first: Option<IdRecord> = None;
    let number = |record: &IdRecord| u64::from_be_bytes(std::array::from_fn(|i| record[16 + i]));
    ids.finish().visit(|record| {
        match &first {
            Some(first) if first[..16] == record[..16] => copies.push((number(first), number(record))),
            _ => first = Some(*record),
        }
        if copies.len() > 8 * MAX_VIOLATIONS {
            keep_first(&mut copies);
        }
        Ok::<(), io::Error>(())
    })?;
    keep_first(&mut copies);
    Ok(copies)
}

fn keep_first(copies: &mut Vec<(u64, u64)>) {
    copies.sort_unstable_by_key(|&(_, copy)| copy);
    copies.truncate(MAX_VIOLATIONS);
}

/// What is wrong with one article, or the end of reading.
pub(super) fn violation(error: ReadError) -> Result<Violation, CorpusError> {
    match error {
        ReadError::Violation(violation) => Ok(violation),
        ReadError::Fatal(error) => Err(error),
    }
}
