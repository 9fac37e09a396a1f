//! Reads labelled articles, on all cores, and keeps of them what is needed: sums, digests, and a sample.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::{
    articles::{ArticleSorter, Articles},
    error::TrainingError,
    memory::Shares,
    register::{Register, violation},
};
use crate::{
    article::{LabeledArticle, Topic},
    corpus::{
        CorpusError, Input, Place, PlaceLog, RawRecord, RawRecords, ReadError, ReadOptions, in_order,
        labeled_records,
    },
    counts::{CombineError, Counter, Counts, Run, Runs, Tally, TopicNumbers, sorted_topics},
    model::{ArticleSample, digest_prefix},
    text::TextProfile,
};

/// What is to be read, and how.
pub(super) struct Reading<'a> {
    pub(super) inputs: &'a [Input],
    pub(super) options: &'a ReadOptions,
    pub(super) profile: TextProfile,
    pub(super) shares: Shares,
    /// Whether terms are counted.
    pub(super) count: bool,
    /// Whether a sample is taken.
    pub(super) sample: bool,
}

/// What was kept of the articles.
pub(super) struct Gathered {
    /// Sorted.
    pub(super) topics: Vec<Topic>,
    pub(super) sums: WholeSums,
    pub(super) articles: Articles,
    pub(super) log: PlaceLog,
    pub(super) sample: ArticleSample,
}

/// The sums of all articles.
pub(super) enum WholeSums {
    /// Without the articles' digests.
    Memory(Counts),
    /// Their topics by number, with each number's place.
    Files(Runs, Vec<u16>),
}

/// What a thread met with.
enum Met {
    Wrong(ReadError),
    NotCounted(CombineError),
}

/// An article that was read; without its title and text where it is in no sample.
struct Seen {
    place: Place,
    labeled: LabeledArticle,
    digest: [u8; 32],
    /// The number of its topic; nothing where it does not belong to the part that is counted.
    topic: Option<u16>,
    sampled: bool,
}

/// Records up to where it is told to stop, after which another may go on.
struct Portion {
    records: Arc<Mutex<RawRecords>>,
    full: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

impl Iterator for Portion {
    type Item = RawRecord;

    fn next(&mut self) -> Option<RawRecord> {
        if self.full.load(Ordering::Relaxed) {
            return None;
        }
        let next = self.records.lock().unwrap_or_else(PoisonError::into_inner).next();
        if next.is_none() {
            self.ended.store(true, Ordering::Relaxed);
        }
        next
    }
}

impl Reading<'_> {
    /// Reads those articles that the caller `holds`, and all others for their ids, calling `progress` with their number now
    /// and then.
    pub(super) fn gather(
        &self,
        holds: impl Fn(&LabeledArticle) -> bool + Sync,
        mut progress: impl FnMut(usize),
    ) -> Result<Gathered, TrainingError> {
        let Shares { sums, window, sorters, .. } = self.shares;
        let threads = rayon::current_num_threads();
        let mut register = Register::new(sorters);
        let mut articles = ArticleSorter::new(sorters);
        let mut sample = ArticleSample::default();
        let (mut topics, mut runs) = (TopicNumbers::new(), Runs::default());
        let records = Arc::new(Mutex::new(labeled_records(self.inputs, self.options)));
        let ended = Arc::new(AtomicBool::new(false));
        let last_prefix = AtomicU64::new(if self.sample { u64::MAX } else { 0 });
        loop {
            let full = Arc::new(AtomicBool::new(false));
            let portion =
                Portion { records: Arc::clone(&records), full: Arc::clone(&full), ended: Arc::clone(&ended) };
            let tally = Tally::with_topics(self.profile, topics, 0);
            let read = in_order(
                portion,
                // What is under way is counted in units of the window that all readers have.
                move |raw: &RawRecord| raw.size() * (Shares::ALL.window / window.max(1)).max(1),
                threads,
                || tally.counter(),
                |counter, raw| self.see(counter, raw, &holds, &last_prefix),
                |seen| {
                    for seen in seen {
                        match seen {
                            Ok(seen) => {
                                let number = register.admit(&seen.labeled.article.id, &seen.place)?;
                                let Some(topic) = seen.topic else { continue };
                                articles.push(&seen.digest, number, topic)?;
                                if seen.sampled {
                                    sample.offer(seen.digest, number, seen.labeled);
                                    last_prefix.store(sample.last_prefix(), Ordering::Relaxed);
                                }
                            }
                            Err(Met::Wrong(error)) => {
                                if register.refuse(violation(error)?) {
                                    return Err(Ended::Enough);
                                }
                            }
                            Err(Met::NotCounted(error)) => return Err(Ended::Other(error.into())),
                        }
                    }
                    progress(usize::try_from(register.articles()).unwrap_or(usize::MAX));
                    if tally.bytes(threads).saturating_add(sample.memory()) >= sums {
                        full.store(true, Ordering::Relaxed);
                    }
                    Ok(())
                },
            );
            match read {
                Ok(counters) => counters.into_iter().for_each(Counter::finish),
                Err(Ended::Other(error)) => return Err(error),
                Err(Ended::Enough) => return Err(self.wrong(register, None)),
                Err(Ended::Corpus(error)) => return Err(self.wrong(register, Some(error))),
            }
            let last = ended.load(Ordering::Relaxed);
            if last && runs.is_empty() && tally.bytes(threads) <= sums / 3 {
                let log = register.finish::<TrainingError>(self.inputs, None)?;
                let (topics, places, counts) = tally.into_columns();
                let counts = Counts { topics: topics.clone(), ..counts };
                let articles = articles.finish(places);
                return Ok(Gathered { topics, sums: WholeSums::Memory(counts), articles, log, sample });
            }
            let (numbers, portion) = tally.into_numbered_sums();
            topics = numbers;
            runs.push(Run::of(portion)?)?;
            if last {
                let log = register.finish::<TrainingError>(self.inputs, None)?;
                let (topics, places) = sorted_topics(topics);
                let articles = articles.finish(places.clone());
                return Ok(Gathered { topics, sums: WholeSums::Files(runs, places), articles, log, sample });
            }
        }
    }

    fn see(
        &self,
        counter: &mut Counter<'_>,
        raw: RawRecord,
        holds: &(impl Fn(&LabeledArticle) -> bool + Sync),
        last_prefix: &AtomicU64,
    ) -> Result<Seen, Met> {
        let (place, mut labeled) = raw.read_labeled(self.options).map_err(Met::Wrong)?;
        // An article whose id turns out to be taken is counted too: then there will be no counts at all.
        let held = holds(&labeled);
        let topic = match held {
            false => None,
            true if self.count => Some(counter.add_terms(&labeled).map_err(Met::NotCounted)?),
            true => Some(counter.topic_number(&labeled.topic).map_err(Met::NotCounted)?),
        };
        let digest = if held { labeled.article.digest() } else { [0; 32] };
        let sampled = self.sample && held && digest_prefix(&digest) <= last_prefix.load(Ordering::Relaxed);
        if !sampled {
            (labeled.article.title, labeled.article.text) = (String::new(), String::new());
        }
        Ok(Seen { place, labeled, digest, topic, sampled })
    }

    /// What is wrong with the articles.
    fn wrong(&self, register: Register, ended_by: Option<CorpusError>) -> TrainingError {
        match register.finish::<TrainingError>(self.inputs, ended_by) {
            Err(error) => error,
            // There was something wrong, or else nobody would have asked.
            Ok(_) => CorpusError::Invalid(Vec::new(), true).into(),
        }
    }
}

/// Why reading ended early.
enum Ended {
    /// So much is wrong that the rest does not matter.
    Enough,
    Corpus(CorpusError),
    Other(TrainingError),
}

impl From<CorpusError> for Ended {
    fn from(error: CorpusError) -> Self {
        Self::Corpus(error)
    }
}

impl From<std::io::Error> for Ended {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}
