//! A model as a file.
//!
//! The metadata are the facts. The tensors, each of one dimension:
//!
//! | tensor | type | what |
//! |---|---|---|
//! | `word_bytes`, `word_lengths` | u8 | the words that are terms, in the order of their bytes |
//! | `term_words` | u64 | each term: in the upper half the number of its word, below 0 or that of a second word plus 1; sorted |
//! | `term_articles` | u32 | in how many training articles each occurs |
//! | `term_rows` | u32 | the row of its weights; rows are numbered in the order in which terms need them |
//! | `row_weights` | f32 | the rows, one behind the other: a weight for each topic |

use std::ops::Range;

use serde_json::{Map, Value};

use super::{
    Model, ModelFacts, Revision,
    revision::RevisionHash,
    term_table::{Followers, MAX_TERMS, TermTable},
    weights::Weights,
};
use crate::{
    counts::{Counts, TermCheck, TermId, WordTable, file_topics, file_words},
    file::{InvalidFile, Source, TensorFile, TensorWriter},
};

/// What the metadata of a model file call it.
pub const MODEL_FORMAT: &str = "bayeswire.model/2";

/// How many tensors a model file has.
const TENSORS: usize = 6;

/// The parts of a model that its file holds.
pub(super) struct Parts {
    pub(super) facts: ModelFacts,
    words: WordTable,
    terms: Vec<TermId>,
    articles: Vec<u32>,
    /// The row of weights of each term.
    rows: Vec<u32>,
    /// The rows, one behind the other, in the order in which terms need them.
    weights: Vec<f32>,
}

/// What a model file says beside its tensors.
pub(super) fn metadata(facts: &ModelFacts) -> Result<Map<String, Value>, InvalidFile> {
    let facts = serde_json::to_value(facts).map_err(|e| InvalidFile::content(e.to_string()))?;
    let mut metadata = match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    };
    metadata.insert("format".to_owned(), MODEL_FORMAT.into());
    Ok(metadata)
}

impl Parts {
    /// A model with the terms `kept` of `counts`, which have these `rows` of `weights`.
    pub(super) fn new(
        facts: ModelFacts,
        counts: &Counts,
        kept: &[u32],
        rows: Vec<u32>,
        weights: Vec<f32>,
    ) -> Self {
        let mut numbers = vec![0u32; counts.words.len()];
        let mut words = WordTable::default();
        let mut terms = Vec::with_capacity(kept.len());
        let kept_terms = || kept.iter().map(|&i| counts.terms[i as usize]);
        for term in kept_terms().filter(|t| t.second().is_none()) {
            numbers[term.first() as usize] = words.len() as u32;
            words.push(counts.words.get(term.first()));
        }
        for term in kept_terms() {
            let first = numbers[term.first() as usize];
            terms.push(match term.second() {
                None => TermId::word(first),
                Some(second) => TermId::pair(first, numbers[second as usize]),
            });
        }
        let articles: Vec<u32> = kept.iter().map(|&i| counts.articles_with(i as usize) as u32).collect();
        Self { facts, words, terms, articles, rows, weights }
    }

    /// The model and the bytes of its file.
    pub(super) fn finish(self) -> Result<(Model, Vec<u8>), InvalidFile> {
        let Self { facts, words, terms, articles, rows, weights } = self;
        let file = || {
            let term_words: Vec<u64> = terms.iter().map(|t| t.0).collect();
            let columns =
                Columns { term_words: &term_words, articles: &articles, rows: &rows, weights: &weights };
            let bytes = to_bytes(&facts, &words, columns)?;
            Ok((Revision::of(&bytes), bytes))
        };
        let table = || checked(TermTable::new(&words, &terms, |place| rows[place]), &words);
        let (file, table) = rayon::join(file, table);
        let ((revision, bytes), terms) = (file?, table?);
        let weights = Weights::new(facts.topics.len(), weights);
        Ok((Model { revision, facts, words, terms, weights, articles }, bytes))
    }
}

/// What a file says of each term, and the rows of weights.
struct Columns<'a> {
    term_words: &'a [u64],
    articles: &'a [u32],
    rows: &'a [u32],
    weights: &'a [f32],
}

fn to_bytes(facts: &ModelFacts, words: &WordTable, columns: Columns<'_>) -> Result<Vec<u8>, InvalidFile> {
    let word_lengths = words.lengths();
    let mut writer = TensorWriter::new();
    writer.put("word_bytes", words.text().as_bytes());
    writer.put("word_lengths", &word_lengths);
    writer.put("term_words", columns.term_words);
    writer.put("term_articles", columns.articles);
    writer.put("term_rows", columns.rows);
    writer.put("row_weights", columns.weights);
    writer.finish(metadata(facts)?)
}

/// Refuses terms of which two words share a key.
fn checked(terms: TermTable, words: &WordTable) -> Result<TermTable, InvalidFile> {
    match terms.words_with_one_key() {
        None => Ok(terms),
        Some((a, b)) => Err(one_key(words.get(a), words.get(b))),
    }
}

/// Two words that cannot be told apart.
pub(super) fn one_key(a: &str, b: &str) -> InvalidFile {
    InvalidFile::content(format!("the words {a:?} and {b:?} share a key"))
}

impl Model {
    /// The bytes of the `.model` file.
    ///
    /// # Errors
    /// Never for a model that was read or trained; the format's library may still object.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InvalidFile> {
        let (term_words, rows): (Vec<u64>, Vec<u32>) = self.terms.iter().map(|(id, row)| (id.0, row)).unzip();
        let (articles, weights) = (&self.articles, self.weights.rows());
        let columns = Columns { term_words: &term_words, articles, rows: &rows, weights };
        to_bytes(&self.facts, &self.words, columns)
    }

    /// Reads the bytes of a `.model` file and checks all that a model promises.
    ///
    /// # Errors
    /// When they are anything but the canonical file of a model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidFile> {
        Self::from_source(&bytes)
    }

    /// The same for a file that need not be held in memory.
    pub(crate) fn from_source(source: &dyn Source) -> Result<Self, InvalidFile> {
        let file = TensorFile::open(source, MODEL_FORMAT)?;
        // Half of the work is to hash the bytes.
        let revision = || {
            let mut hash = RevisionHash::default();
            file.check(|bytes| hash.update(bytes))?;
            Ok(hash.finish())
        };
        let (revision, read) = rayon::join(revision, || Self::read(&file));
        // Of a damaged file the checksum says so; what else is wrong follows from that.
        let revision = revision?;
        Ok(read?(revision))
    }

    /// Reads all but the revision: what makes a model with that.
    fn read(file: &TensorFile<'_>) -> Result<impl FnOnce(Revision) -> Self + use<>, InvalidFile> {
        let mut facts = file.facts.clone();
        facts.remove("format");
        let facts: ModelFacts = serde_json::from_value(Value::Object(facts))
            .map_err(|e| InvalidFile::content(format!("the facts: {e}")))?;
        check_facts(&facts)?;
        let topics = facts.topics.len();
        let len = file.len::<u32>("term_articles")?;
        if len == 0
            || len > MAX_TERMS
            || file.len::<u64>("term_words")? != len
            || file.len::<u32>("term_rows")? != len
        {
            return Err(InvalidFile::content("the terms do not fit each other"));
        }
        if file.tensor_count() != TENSORS {
            return Err(InvalidFile::content("it has a tensor of unknown name"));
        }
        file.check_canonical(metadata(&facts)?)?;
        let words = file_words(file.get("word_bytes")?, &file.get::<u8>("word_lengths")?)?;
        let articles: Vec<u32> = file.get("term_articles")?;
        let mut check = TermCheck::new(words.len());
        let mut followers = Followers::new(words.len());
        file.each("term_words", 0..len, |term| {
            check.see(TermId(term));
            followers.see(TermId(term));
        })?;
        check.finish()?;
        let weights = read_weights(file, topics)?;
        let read = |some: Range<usize>, out: &mut Vec<(TermId, u32)>| {
            file.each("term_words", some.clone(), |term| out.push((TermId(term), 0)))?;
            let mut rows = out.iter_mut().map(|(_, row)| row);
            file.each("term_rows", some, |number| {
                if let Some(row) = rows.next() {
                    *row = number;
                }
            })
        };
        let terms = checked(TermTable::read(&words, followers, read)?, &words)?;
        Ok(|revision| Self { revision, facts, words, terms, weights, articles })
    }
}

/// Reads the rows of weights: so many as the terms need, numbered in the order in which they need them.
fn read_weights(file: &TensorFile<'_>, topics: usize) -> Result<Weights, InvalidFile> {
    let (mut rows, mut in_order) = (0, true);
    file.each("term_rows", 0..file.len::<u32>("term_rows")?, |row: u32| {
        in_order &= row <= rows;
        rows += u32::from(row == rows);
    })?;
    if !in_order || file.len::<f32>("row_weights")? != rows as usize * topics {
        return Err(InvalidFile::content("the weights do not fit the terms and topics"));
    }
    let weights: Vec<f32> = file.get("row_weights")?;
    if weights.iter().all(|weight| weight.is_finite()) {
        Ok(Weights::new(topics, weights))
    } else {
        Err(InvalidFile::content("a weight is not a finite number"))
    }
}

/// No number of a calibration is as large, so that every score is finite whatever the weights and the article are.
const MAX_CALIBRATION: f64 = 1e9;

fn check_facts(facts: &ModelFacts) -> Result<(), InvalidFile> {
    let topics = file_topics(facts.topics.clone())?.len();
    let finite = |numbers: &[f64]| numbers.iter().all(|n| n.is_finite());
    let estimator = &facts.estimator;
    let calibration = &facts.calibration;
    let thresholds = &facts.thresholds;
    let share = 0.0..=1.0;
    let moderate = -MAX_CALIBRATION..=MAX_CALIBRATION;
    let right = topics >= 2
        && facts.background.is_none_or(|b| b < topics)
        && facts.training.articles.len() == topics
        && facts.training.articles.iter().all(|&n| (1..1 << 48).contains(&n))
        && finite(&[estimator.alpha, estimator.row_scaling, estimator.common_sum])
        && calibration.biases.len() == topics
        && calibration.biases.iter().all(|bias| moderate.contains(bias))
        && moderate.contains(&calibration.scale)
        && moderate.contains(&calibration.length_slope)
        && calibration.scale > 0.0
        && facts.languages.is_sorted_by(|a, b| a < b)
        && share.contains(&thresholds.language_coverage)
        && share.contains(&thresholds.min_coverage)
        && thresholds.max_strangeness.is_none_or(f64::is_finite)
        && share.contains(&thresholds.min_probability);
    if right { Ok(()) } else { Err(InvalidFile::content("the facts are out of range")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        article::{Article, LabeledArticle, Topic},
        model::{TrainingParams, train},
        text::TextProfile,
    };

    fn model() -> Model {
        let article = |(topic, text): (&str, &str)| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { text: text.to_owned(), ..Article::default() },
        };
        let corpus = [("a", "rain and wind"), ("b", "goals and fans")].map(article);
        let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
        train(&counts, None, &TrainingParams::default().check().unwrap()).unwrap().model
    }

    /// What becomes of the file of a model with these rows in place of its own.
    fn read_with(model: &Model, rows: &[u32], weights: &[f32]) -> Result<Model, InvalidFile> {
        let term_words: Vec<u64> = model.terms.iter().map(|(id, _)| id.0).collect();
        let columns = Columns { term_words: &term_words, articles: &model.articles, rows, weights };
        Model::from_bytes(&to_bytes(&model.facts, &model.words, columns)?)
    }

    #[test]
    fn rows_are_those_that_the_terms_need() {
        let model = model();
        let rows: Vec<u32> = model.terms.iter().map(|(_, row)| row).collect();
        let weights = model.weights.rows();
        // "and" stands in both topics; two words and two pairs in one, two and two in the other.
        assert_eq!((rows.len(), weights.len()), (9, 5 * 2));
        assert_eq!(read_with(&model, &rows, weights).unwrap().revision(), model.revision());
        let refused = |rows: &[u32], weights: &[f32], why: &str| {
            let error = read_with(&model, rows, weights).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        let order = "the weights do not fit";
        refused(&rows.iter().map(|row| 4 - row).collect::<Vec<_>>(), weights, order);
        refused(&[&rows[..8], &[5]].concat(), weights, order);
        refused(&[0; 9], weights, order);
        refused(&rows, &weights[..9], order);
        refused(&rows[..8], weights, "the terms do not fit");
        refused(&rows, &[&weights[..9], &[f32::NAN]].concat(), "not a finite number");
    }
}
