//! A training corpus: articles that all have a topic.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{
    columns::ReadOptions,
    error::{Cause, CorpusError, MAX_VIOLATIONS, Violation},
    in_order::in_order,
    inputs::Input,
    place::Place,
    raw::RawRecord,
    records::{RawRecords, ReadError, Record},
};
use crate::article::{LabeledArticle, Topic};

/// Reads the labelled articles of all `inputs`, calling `progress` with their number now and then.
///
/// # Errors
/// When an input is not there, cannot be read, or holds anything but labelled articles with text and distinct ids:
/// up to [`MAX_VIOLATIONS`] violations at once.
pub fn load(inputs: &[Input], progress: impl FnMut(usize)) -> Result<Vec<LabeledArticle>, CorpusError> {
    Ok(load_with_names(inputs, &ReadOptions::default(), progress)?.0)
}

/// The same, read as `options` say, and for each article what to call it: its id, or the place where it stands.
///
/// # Errors
/// As for [`load`].
pub fn load_with_names(
    inputs: &[Input],
    options: &ReadOptions,
    mut progress: impl FnMut(usize),
) -> Result<(Vec<LabeledArticle>, Vec<String>), CorpusError> {
    let (mut articles, mut names) = (Vec::new(), Vec::new());
    let mut audit = Audit::new();
    let read = |(): &mut (), raw: RawRecord| raw.read_labeled(options);
    in_order(
        labeled_records(inputs, options),
        RawRecord::size,
        rayon::current_num_threads(),
        || (),
        read,
        |records| {
            for record in records {
                if let Some((place, article)) = audit.check(record)? {
                    names.push(name(&article, &place));
                    articles.push(article);
                }
            }
            progress(articles.len());
            Ok::<(), CorpusError>(())
        },
    )?;
    audit.finish(inputs)?;
    Ok((articles, names))
}

/// The records of `inputs` for those who need topics.
#[must_use]
pub fn labeled_records(inputs: &[Input], options: &ReadOptions) -> RawRecords {
    RawRecords::new(inputs, &ReadOptions { labeled: true, ..options.clone() })
}

/// What to call an article: its id, or the place where it stands.
#[must_use]
pub fn name(labeled: &LabeledArticle, place: &Place) -> String {
    name_of(&labeled.article.id, place)
}

/// What to call an article with this id, which may be empty.
#[must_use]
pub fn name_of(id: &str, place: &Place) -> String {
    if id.is_empty() { place.to_string() } else { id.to_owned() }
}

impl RawRecord {
    /// Reads it as an article with a topic and a text.
    ///
    /// # Errors
    /// As for [`Self::read`], and when topic or text are missing.
    pub fn read_labeled(self, options: &ReadOptions) -> Result<(Place, LabeledArticle), ReadError> {
        let Record { place, article, label } = self.read()?;
        let labeled = match label.as_deref().map(Topic::new) {
            None => Err(Cause::NoTopic(options.columns.topic_names())),
            Some(Err(invalid)) => Err(invalid.into()),
            Some(Ok(_)) if article.text.trim_start().is_empty() => Err(Cause::EmptyText),
            Some(Ok(topic)) => Ok(LabeledArticle { topic, article }),
        };
        match labeled {
            Ok(labeled) => Ok((place, labeled)),
            Err(cause) => Err(ReadError::Violation(Violation { place: place.to_string(), cause })),
        }
    }
}

/// Sees to it that ids are distinct, and collects what is wrong. Keeps about a hundred bytes for each article with an id.
#[derive(Debug, Default)]
pub struct Audit {
    /// By the first half of the id's SHA-256.
    ids: HashMap<u128, Place>,
    violations: Vec<Violation>,
    articles: usize,
}

impl Audit {
    /// Nothing has been seen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the next record; `None` where it is wrong.
    ///
    /// # Errors
    /// When reading has failed, or [`MAX_VIOLATIONS`] have come together.
    pub fn check(
        &mut self,
        record: Result<(Place, LabeledArticle), ReadError>,
    ) -> Result<Option<(Place, LabeledArticle)>, CorpusError> {
        match record {
            Ok((place, labeled)) => Ok(self.admit(&labeled.article.id, &place)?.then_some((place, labeled))),
            Err(error) => self.refuse(error).map(|()| None),
        }
    }

    /// Checks the id of an article that is otherwise right.
    ///
    /// # Errors
    /// When [`MAX_VIOLATIONS`] have come together.
    pub fn admit(&mut self, id: &str, place: &Place) -> Result<bool, CorpusError> {
        if !id.is_empty() {
            let digest: [u8; 32] = Sha256::digest(id).into();
            let key = u128::from_le_bytes(std::array::from_fn(|i| digest[i]));
            if let Some(first) = self.ids.get(&key) {
                let cause = Cause::DuplicateId { id: id.to_owned(), first: first.to_string() };
                self.refuse(ReadError::Violation(Violation { place: place.to_string(), cause }))?;
                return Ok(false);
            }
            self.ids.insert(key, place.clone());
        }
        self.articles += 1;
        Ok(true)
    }

    /// Notes what is wrong.
    ///
    /// # Errors
    /// When reading has failed, or [`MAX_VIOLATIONS`] have come together.
    pub fn refuse(&mut self, error: ReadError) -> Result<(), CorpusError> {
        match error {
            ReadError::Violation(violation) => self.violations.push(violation),
            ReadError::Fatal(error) => return Err(error),
        }
        if self.violations.len() < MAX_VIOLATIONS {
            return Ok(());
        }
        Err(CorpusError::Invalid(std::mem::take(&mut self.violations), true))
    }

    /// How many articles are right so far.
    #[must_use]
    pub fn articles(&self) -> usize {
        self.articles
    }

    /// Checks that nothing was wrong, and that there was an article in `inputs`.
    ///
    /// # Errors
    /// When that is not so.
    pub fn finish(self, inputs: &[Input]) -> Result<(), CorpusError> {
        if !self.violations.is_empty() {
            return Err(CorpusError::Invalid(self.violations, false));
        }
        if self.articles == 0 {
            let names: Vec<_> = inputs.iter().map(ToString::to_string).collect();
            return Err(CorpusError::Empty(names.join(", ")));
        }
        Ok(())
    }
}
