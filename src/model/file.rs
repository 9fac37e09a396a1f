//! A model as a file.

use serde_json::{Map, Value};

use super::{Model, ModelFacts, Revision, term_index::TermIndex};
use crate::{
    counts::{Counts, TermId, WordTable, check_terms, file_topics, file_words},
    file::{InvalidFile, TensorFile, TensorWriter},
};

/// What the metadata of a model file call it.
pub const MODEL_FORMAT: &str = "bayeswire.model/1";

/// How many tensors a model file has.
const TENSORS: usize = 5;

/// The parts of a model that its file holds.
pub(super) struct Parts {
    pub(super) facts: ModelFacts,
    words: WordTable,
    terms: Vec<TermId>,
    articles: Vec<u32>,
    rows: Vec<f32>,
}

fn metadata(facts: &ModelFacts) -> Result<Map<String, Value>, InvalidFile> {
    let facts = serde_json::to_value(facts).map_err(|e| InvalidFile::content(e.to_string()))?;
    let mut metadata = match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    };
    metadata.insert("format".to_owned(), MODEL_FORMAT.into());
    Ok(metadata)
}

impl Parts {
    /// A model with the terms `kept` of `counts`, and their weights.
    pub(super) fn new(facts: ModelFacts, counts: &Counts, kept: &[u32], rows: Vec<f32>) -> Self {
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
        Self { facts, words, terms, articles, rows }
    }

    /// The model and the bytes of its file. `index` is that of the terms, where there is one already.
    pub(super) fn finish(self, index: Option<TermIndex>) -> Result<(Model, Vec<u8>), InvalidFile> {
        let file = || {
            let bytes = to_bytes(&self.facts, &self.words, &self.terms, &self.articles, &self.rows)?;
            Ok((Revision::of(&bytes), bytes))
        };
        let index =
            || checked(index.unwrap_or_else(|| TermIndex::new(&self.words, &self.terms)), &self.words);
        let (file, index) = rayon::join(file, index);
        let ((revision, bytes), index) = (file?, index?);
        let Self { facts, words, terms, articles, rows } = self;
        Ok((Model { revision, facts, words, terms, articles, index, rows }, bytes))
    }
}

fn to_bytes(
    facts: &ModelFacts,
    words: &WordTable,
    terms: &[TermId],
    articles: &[u32],
    rows: &[f32],
) -> Result<Vec<u8>, InvalidFile> {
    let word_lengths = words.lengths();
    let term_words: Vec<u64> = terms.iter().map(|t| t.0).collect();
    let mut writer = TensorWriter::new();
    writer.put("word_bytes", words.text().as_bytes());
    writer.put("word_lengths", &word_lengths);
    writer.put("term_words", &term_words);
    writer.put("term_articles", articles);
    writer.put("term_weights", rows);
    writer.finish(metadata(facts)?)
}

/// Refuses an index in which two words share a key.
fn checked(index: TermIndex, words: &WordTable) -> Result<TermIndex, InvalidFile> {
    match index.words_with_one_key() {
        None => Ok(index),
        Some((a, b)) => {
            let (a, b) = (words.get(a), words.get(b));
            Err(InvalidFile::content(format!("the words {a:?} and {b:?} share a key")))
        }
    }
}

impl Model {
    /// The bytes of the `.model` file.
    ///
    /// # Errors
    /// Never for a model that was read or trained; the format's library may still object.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InvalidFile> {
        to_bytes(&self.facts, &self.words, &self.terms, &self.articles, &self.rows)
    }

    /// Reads the bytes of a `.model` file and checks all that a model promises.
    ///
    /// # Errors
    /// When they are anything but the canonical file of a model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidFile> {
        // Two thirds of the time go into hashing the bytes twice, once for the digest and once for the revision.
        let (revision, parts) = rayon::join(|| Revision::of(bytes), || read(bytes));
        let (Parts { facts, words, terms, articles, rows }, index) = parts?;
        Ok(Self { revision, facts, words, terms, articles, index, rows })
    }
}

/// No number of a calibration is as large, so that every score is finite whatever the weights and the article are.
const MAX_CALIBRATION: f64 = 1e9;

fn read(bytes: &[u8]) -> Result<(Parts, TermIndex), InvalidFile> {
    let mut file = TensorFile::open(bytes, MODEL_FORMAT)?;
    file.facts.remove("format");
    let facts: ModelFacts = serde_json::from_value(Value::Object(std::mem::take(&mut file.facts)))
        .map_err(|e| InvalidFile::content(format!("the facts: {e}")))?;
    check_facts(&facts)?;
    let words = file_words(&file.get("word_bytes")?, &file.get("word_lengths")?)?;
    let terms: Vec<TermId> = file.get::<u64>("term_words")?.into_iter().map(TermId).collect();
    check_terms(&terms, words.len())?;
    let articles: Vec<u32> = file.get("term_articles")?;
    let rows: Vec<f32> = file.get("term_weights")?;
    if terms.is_empty()
        || terms.len() >= u32::MAX as usize
        || articles.len() != terms.len()
        || rows.len() != terms.len() * facts.topics.len()
    {
        return Err(InvalidFile::content("the weights do not fit the terms and topics"));
    }
    if !rows.iter().all(|w| w.is_finite()) {
        return Err(InvalidFile::content("a weight is not a finite number"));
    }
    if file.tensor_count() != TENSORS {
        return Err(InvalidFile::content("it has a tensor of unknown name"));
    }
    file.check_canonical(metadata(&facts)?)?;
    let index = checked(TermIndex::new(&words, &terms), &words)?;
    Ok((Parts { facts, words, terms, articles, rows }, index))
}

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
