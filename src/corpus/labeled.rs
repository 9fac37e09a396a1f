//! A training corpus: articles that all have a topic.

use std::collections::HashMap;

use super::{
    error::{Cause, CorpusError, MAX_VIOLATIONS, Violation},
    records::{Input, ReadError, Record, Records},
};
use crate::article::{LabeledArticle, Topic};

/// Reads the labelled articles of all `inputs`, calling `progress` with their number now and then.
///
/// # Errors
/// When an input is not there, cannot be read, or holds anything but labelled articles with text and distinct ids:
/// up to [`MAX_VIOLATIONS`] violations at once.
pub fn load(inputs: &[Input], progress: impl FnMut(usize)) -> Result<Vec<LabeledArticle>, CorpusError> {
    read(inputs, progress, |_| ())
}

/// The same, and for each article what to call it: its id, or the place where it stands.
///
/// # Errors
/// As for [`load`].
pub fn load_with_names(
    inputs: &[Input],
    progress: impl FnMut(usize),
) -> Result<(Vec<LabeledArticle>, Vec<String>), CorpusError> {
    let mut names = Vec::new();
    let articles = read(inputs, progress, |record| {
        let id = &record.article.id;
        names.push(if id.is_empty() { record.place.clone() } else { id.clone() });
    })?;
    Ok((articles, names))
}

/// Reads articles, telling `on_record` each record before it is checked.
fn read(
    inputs: &[Input],
    mut progress: impl FnMut(usize),
    mut on_record: impl FnMut(&Record),
) -> Result<Vec<LabeledArticle>, CorpusError> {
    let mut articles = Vec::new();
    let mut violations = Vec::new();
    let mut ids: HashMap<String, String> = HashMap::new();
    for record in Records::new(inputs) {
        match record {
            Ok(record) => {
                on_record(&record);
                let place = record.place.clone();
                match label(record, &mut ids) {
                    Ok(article) => articles.push(article),
                    Err(cause) => violations.push(Violation { place, cause }),
                }
            }
            Err(ReadError::Violation(violation)) => violations.push(violation),
            Err(ReadError::Fatal(error)) => return Err(error),
        }
        if violations.len() == MAX_VIOLATIONS {
            return Err(CorpusError::Invalid(violations, true));
        }
        if articles.len() % 1024 == 0 {
            progress(articles.len());
        }
    }
    if !violations.is_empty() {
        return Err(CorpusError::Invalid(violations, false));
    }
    if articles.is_empty() {
        let names: Vec<_> = inputs.iter().map(ToString::to_string).collect();
        return Err(CorpusError::Empty(names.join(", ")));
    }
    Ok(articles)
}

fn label(record: Record, ids: &mut HashMap<String, String>) -> Result<LabeledArticle, Cause> {
    let Record { place, article, label } = record;
    let topic = Topic::new(&label.ok_or(Cause::NoTopic)?)?;
    if article.text.trim().is_empty() {
        return Err(Cause::EmptyText);
    }
    if !article.id.is_empty() {
        if let Some(first) = ids.get(&article.id) {
            return Err(Cause::DuplicateId { id: article.id, first: first.clone() });
        }
        ids.insert(article.id.clone(), place);
    }
    Ok(LabeledArticle { topic, article })
}
