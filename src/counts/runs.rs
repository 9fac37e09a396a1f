//! Sums in sorted files, merged as they are read.

use std::io;

use super::{
    CombineError,
    columns::Entry,
    run::{Run, RunReader, RunWriter},
};

/// So many runs become one: fewer files are open at a time, and every sum is written a few times only.
const FAN_IN: usize = 16;

/// Why sums cannot be merged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// A temporary file cannot be made, written or read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The sums do not fit together.
    #[error(transparent)]
    Combine(#[from] CombineError),
}

/// Runs by how many others each was made of: those of one level are about equally large.
#[derive(Debug, Default)]
pub(crate) struct Runs(Vec<Vec<Run>>);

impl Runs {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a run, whose topics have the same numbers as in all others.
    pub(crate) fn push(&mut self, mut run: Run) -> Result<(), RunError> {
        for level in 0.. {
            if level == self.0.len() {
                self.0.push(Vec::new());
            }
            self.0[level].push(run);
            if self.0[level].len() < FAN_IN {
                break;
            }
            let mut writer = RunWriter::new()?;
            merge(&std::mem::take(&mut self.0[level]), None, |word, second, entries| {
                Ok::<(), RunError>(writer.push(word, second, entries)?)
            })?;
            run = writer.finish()?;
        }
        Ok(())
    }

    /// Calls `visit` with first word, second word (empty for a word alone) and entries of every term in order. Topics are
    /// given by their place, where `topic_places` has it for each number.
    pub(crate) fn merge<E: From<io::Error> + From<CombineError>>(
        self,
        topic_places: &[u16],
        visit: impl FnMut(&[u8], &[u8], &[Entry]) -> Result<(), E>,
    ) -> Result<(), E> {
        merge(&self.0.into_iter().flatten().collect::<Vec<_>>(), Some(topic_places), visit)
    }
}

fn merge<E: From<io::Error> + From<CombineError>>(
    runs: &[Run],
    topic_places: Option<&[u16]>,
    mut visit: impl FnMut(&[u8], &[u8], &[Entry]) -> Result<(), E>,
) -> Result<(), E> {
    let mut readers = Vec::new();
    for run in runs {
        let mut reader = run.reader()?;
        if reader.next_word()? {
            readers.push(reader);
        }
    }
    let mut sum = Sum { topic_places, entries: Vec::new() };
    let mut word = Vec::new();
    while let Some(first) = readers.iter().map(RunReader::word).min() {
        word.clear();
        word.extend_from_slice(first);
        // Those that have the word come first, in whatever order.
        let mut with_word = 0;
        for place in 0..readers.len() {
            if readers[place].word() == word {
                readers.swap(place, with_word);
                with_word += 1;
            }
        }
        merge_pairs(&mut readers[..with_word], &mut sum, &mut visit)?;
        for place in (0..with_word).rev() {
            if !readers[place].next_word()? {
                readers.swap_remove(place);
            }
        }
    }
    Ok(())
}

/// Merges what the readers have of one word, at which they stand.
fn merge_pairs<E: From<io::Error> + From<CombineError>>(
    readers: &mut [RunReader],
    sum: &mut Sum<'_>,
    visit: &mut impl FnMut(&[u8], &[u8], &[Entry]) -> Result<(), E>,
) -> Result<(), E> {
    let mut live = readers.len();
    let mut equal = Vec::with_capacity(live);
    while live > 0 {
        equal.clear();
        for (place, reader) in readers[..live].iter().enumerate() {
            let order = match equal.first() {
                None => std::cmp::Ordering::Equal,
                Some(&least) => {
                    let least: &RunReader = &readers[least];
                    reader.prefix().cmp(&least.prefix()).then_with(|| reader.second().cmp(least.second()))
                }
            };
            if order.is_lt() {
                equal.clear();
            }
            if order.is_le() {
                equal.push(place);
            }
        }
        sum.start();
        equal.iter().for_each(|&place| sum.add(readers[place].entries()));
        let least = &readers[equal[0]];
        let entries = sum.finish(|| name(least.word(), least.second()))?;
        visit(least.word(), least.second(), entries)?;
        for &place in equal.iter().rev() {
            if !readers[place].next_pair()? {
                live -= 1;
                readers.swap(place, live);
            }
        }
    }
    Ok(())
}

/// Entries of one term from several runs.
struct Sum<'a> {
    topic_places: Option<&'a [u16]>,
    entries: Vec<Entry>,
}

impl Sum<'_> {
    fn start(&mut self) {
        self.entries.clear();
    }

    fn add(&mut self, entries: &[Entry]) {
        self.entries.extend(entries.iter().map(|&entry| match self.topic_places {
            None => entry,
            Some(places) => Entry { topic: places[usize::from(entry.topic)], ..entry },
        }));
    }

    /// One entry for each topic, by topic.
    fn finish(&mut self, term: impl Fn() -> String) -> Result<&[Entry], CombineError> {
        if self.entries.len() > 1 {
            self.entries.sort_unstable_by_key(|entry| entry.topic);
            let mut fits = true;
            self.entries.dedup_by(|next, entry| {
                if next.topic != entry.topic {
                    return false;
                }
                let articles = entry.articles.checked_add(next.articles);
                match articles.zip(entry.weight.checked_add(next.weight)) {
                    Some(sums) => (entry.articles, entry.weight) = sums,
                    None => fits = false,
                }
                true
            });
            if !fits {
                return Err(CombineError::TooLarge(term()));
            }
        }
        Ok(&self.entries)
    }
}

/// A term's text.
fn name(word: &[u8], second: &[u8]) -> String {
    let (word, second) = (String::from_utf8_lossy(word), String::from_utf8_lossy(second));
    if second.is_empty() { word.into_owned() } else { format!("{word} {second}") }
}
