//! A model as a file.

use std::ops::Range;

use serde_json::{Map, Value};

use super::{
    Model, ModelFacts, Revision,
    term_table::{Followers, MAX_TERMS, Numbers, TermTable},
};
use crate::{
    counts::{Counts, TermCheck, TermId, WordTable, file_topics, file_words},
    file::{InvalidFile, Source, TensorFile, TensorWriter},
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

    /// The model and the bytes of its file.
    pub(super) fn finish(self) -> Result<(Model, Vec<u8>), InvalidFile> {
        let Self { facts, words, terms, articles, rows } = self;
        let file = || {
            let term_words: Vec<u64> = terms.iter().map(|t| t.0).collect();
            let bytes = to_bytes(&facts, &words, &term_words, &articles, &rows)?;
            Ok((Revision::of(&bytes), bytes))
        };
        let topics = facts.topics.len();
        let table = || {
            let table = TermTable::new(&words, &terms, topics, |some, numbers| {
                let mut bits = Vec::with_capacity(topics);
                for (term, place) in some.enumerate() {
                    let weights = rows[place * topics..(place + 1) * topics].iter();
                    bits.clear();
                    bits.extend(weights.map(|weight| weight.to_bits()));
                    numbers.set(term, &bits);
                }
            });
            checked(table, &words)
        };
        let (file, table) = rayon::join(file, table);
        let ((revision, bytes), terms) = (file?, table?);
        Ok((Model { revision, facts, words, terms, articles }, bytes))
    }
}

fn to_bytes(
    facts: &ModelFacts,
    words: &WordTable,
    term_words: &[u64],
    articles: &[u32],
    rows: &[f32],
) -> Result<Vec<u8>, InvalidFile> {
    let word_lengths = words.lengths();
    let mut writer = TensorWriter::new();
    writer.put("word_bytes", words.text().as_bytes());
    writer.put("word_lengths", &word_lengths);
    writer.put("term_words", term_words);
    writer.put("term_articles", articles);
    writer.put("term_weights", rows);
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
        let term_words: Vec<u64> = self.terms().map(|term| term.id.0).collect();
        let rows: Vec<f32> = self.terms().flat_map(|term| term.weights()).collect();
        to_bytes(&self.facts, &self.words, &term_words, &self.articles, &rows)
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
        // Half of the work is hashing the bytes twice, once for the digest and once for the revision.
        let hash = || rayon::join(|| file.check_digest(), || Revision::of_source(source));
        let ((digest, revision), read) = rayon::join(hash, || Self::read(&file));
        // Of a damaged file the digest says so; what else is wrong follows from that.
        digest?;
        Ok(read?(revision?))
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
            || file.len::<f32>("term_weights")? != len * topics
        {
            return Err(InvalidFile::content("the weights do not fit the terms and topics"));
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
        let read = |some, out: &mut Vec<TermId>| file.each("term_words", some, |term| out.push(TermId(term)));
        let write = |some, numbers: &mut Numbers<'_>| read_weights(file, some, numbers);
        let terms = TermTable::read(&words, followers, topics, read, write)?;
        let terms = checked(terms, &words)?;
        Ok(|revision| Self { revision, facts, words, terms, articles })
    }
}

/// Reads the weights of some terms.
fn read_weights(
    file: &TensorFile<'_>,
    some: Range<usize>,
    numbers: &mut Numbers<'_>,
) -> Result<(), InvalidFile> {
    let topics = numbers.len();
    let (mut term, mut finite) = (0, true);
    let mut of_term = Vec::with_capacity(topics);
    file.each("term_weights", some.start * topics..some.end * topics, |weight: f32| {
        finite &= weight.is_finite();
        of_term.push(weight.to_bits());
        if of_term.len() == topics {
            numbers.set(term, &of_term);
            of_term.clear();
            term += 1;
        }
    })?;
    if finite { Ok(()) } else { Err(InvalidFile::content("a weight is not a finite number")) }
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
