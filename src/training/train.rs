//! From articles to a model file, whatever their number.

use std::path::{Path, PathBuf};

use super::{
    articles::{Articles, Copies},
    condense::Condensed,
    error::TrainingError,
    gather::{Gathered, Reading, WholeSums},
    memory::Shares,
    need,
    write_counts::{write_streamed, write_whole},
};
use crate::{
    article::{Article, Topic},
    corpus::{Input, PlaceLog, ReadOptions, name_of},
    counts::{CorpusSummary, Counts},
    file::replace_with,
    model::{
        ArticleSample, HeldOut, ModelFacts, NotCounted, Revision, Sample, TermTable, TrainError,
        ValidTrainingParams, check_topics, fit,
    },
    text::TextProfile,
};

/// So many characters a report has of a text: enough for a few words.
const EXCERPT: usize = 1000;

/// Articles, and how they are to be read and counted.
#[derive(Clone, Copy, Debug)]
pub struct Corpus<'a> {
    /// Where they are.
    pub inputs: &'a [Input],
    /// How they are read.
    pub options: &'a ReadOptions,
    /// How words are made of text.
    pub profile: TextProfile,
    /// How much memory may be used, where there is a limit.
    pub memory: Option<Shares>,
}

/// Where a model file is to be.
pub struct Destination<'a> {
    /// After this the partial file is named.
    pub path: &'a Path,
    /// Where the file is in the end, in the same folder.
    pub place: &'a (dyn Fn(Revision) -> PathBuf + Sync),
}

/// What came of a training run.
#[derive(Debug)]
pub struct Report {
    /// The model's file.
    pub path: PathBuf,
    /// The model's revision.
    pub revision: Revision,
    /// What it says about itself.
    pub facts: ModelFacts,
    /// How many terms it has.
    pub terms: usize,
    /// How the model of all the others answers each of [`Self::sampled`], which [`HeldOut::article`] counts.
    pub held_out: Vec<HeldOut>,
    /// The articles that leave-one-out scored, in the order of their digests.
    pub sampled: Vec<SampledFacts>,
    /// Articles that there are several of; nothing where no articles were given.
    pub copies: Copies,
}

/// What is known about an article that leave-one-out scored.
#[derive(Debug)]
pub struct SampledFacts {
    /// Its id, or where it stands.
    pub name: String,
    /// Its label.
    pub topic: Topic,
    /// That of the whole article.
    pub digest: [u8; 32],
    /// The title, and how the text begins.
    pub excerpt: Article,
}

/// What goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// So many articles were read.
    Reading(usize),
    /// All were read.
    Training,
}

/// Trains a model on the articles of `corpus` and writes its file; also that of all counts to `counts`, where it is named.
///
/// The bytes are those of [`model::train`](crate::model::train) and [`Counts::to_bytes`] on the same articles, whatever
/// the limit for memory is: sums that do not fit are sorted into temporary files, and merged from there.
///
/// # Errors
/// When articles are wrong or no model can be made of them, a file cannot be written, or the terms that the model keeps do
/// not fit into the memory.
pub fn train(
    corpus: &Corpus<'_>,
    params: &ValidTrainingParams,
    counts: Option<&Path>,
    destination: &Destination<'_>,
    mut progress: impl FnMut(Stage),
) -> Result<Report, TrainingError> {
    let reading = corpus.reading(true, true);
    let Gathered { topics, sums, articles, mut log, sample } =
        reading.gather(|_| true, |read| progress(Stage::Reading(read)))?;
    progress(Stage::Training);
    check_topics(&topics, params)?;
    let told = articles.tell(&topics, &mut log)?;
    let (kept, terms) = match sums {
        WholeSums::Memory(mut whole) => {
            check_any_kept(&whole, params)?;
            if let Some(path) = counts {
                whole.articles = articles.column()?;
                write_whole(&whole, path)?;
                whole.articles = Vec::new();
            }
            let terms = whole.terms.len() as u64;
            (whole, terms)
        }
        WholeSums::Files(runs, places) => {
            let wanted = if counts.is_none() { Some(params) } else { None };
            let condensed = Condensed::new(runs, topics, &places, corpus.profile, wanted)?;
            let cut = condensed.cut(params);
            if cut.terms == 0 {
                return Err(TrainError::NoTerms(params.min_articles()).into());
            }
            if let Some(shares) = &corpus.memory {
                need::check(&condensed, &cut, &sample, shares)?;
            }
            if let Some(path) = counts {
                write_streamed(&condensed.counts, path, corpus.memory.as_ref(), &articles)?;
            }
            (condensed.kept(cut)?, condensed.counts.size.terms)
        }
    };
    let summary = CorpusSummary { digest: told.digest, articles: told.per_topic, terms };
    finish(&kept, &summary, Some((sample, &mut log)), told.copies, params, destination)
}

/// Makes a model of `counts` and writes its file. `corpus` are the articles that were counted, for choosing parameters and
/// calibrating; without it, these are rough.
///
/// # Errors
/// As for [`train`], and when the articles are others than were counted.
pub fn fit_counts(
    counts: &Counts,
    corpus: Option<&Corpus<'_>>,
    params: &ValidTrainingParams,
    destination: &Destination<'_>,
    mut progress: impl FnMut(Stage),
) -> Result<Report, TrainingError> {
    let Some(corpus) = corpus else {
        progress(Stage::Training);
        return finish(counts, &counts.summary(), None, Copies::default(), params, destination);
    };
    let reading = corpus.reading(false, true);
    let Gathered { topics, articles, mut log, sample, .. } =
        reading.gather(|_| true, |read| progress(Stage::Reading(read)))?;
    progress(Stage::Training);
    check_counted(counts, &topics, &articles, &mut log)?;
    let told = articles.tell(&topics, &mut log)?;
    finish(counts, &counts.summary(), Some((sample, &mut log)), told.copies, params, destination)
}

impl<'a> Corpus<'a> {
    pub(super) fn reading(&self, count: bool, sample: bool) -> Reading<'a> {
        let Self { inputs, options, profile, memory } = *self;
        Reading { inputs, options, profile, shares: memory.unwrap_or(Shares::ALL), count, sample }
    }
}

/// Fits a model and writes its file.
fn finish(
    counts: &Counts,
    corpus: &CorpusSummary,
    articles: Option<(ArticleSample, &mut PlaceLog)>,
    copies: Copies,
    params: &ValidTrainingParams,
    destination: &Destination<'_>,
) -> Result<Report, TrainingError> {
    let (sample, sampled) = match articles {
        Some((articles, log)) => {
            let (sample, facts) = read_sample(counts, articles, log)?;
            (Some(sample), facts)
        }
        None => (None, Vec::new()),
    };
    let fitted = fit(counts, corpus, sample, params)?;
    let write = replace_with(
        destination.path,
        |file| fitted.write(counts, file),
        |revision| (destination.place)(*revision),
    );
    let (revision, path) = write.map_err(|error| TrainingError::writing_model(destination.path, error))?;
    let (facts, terms, held_out) = (fitted.facts, fitted.kept.len(), fitted.held_out);
    Ok(Report { path, revision, facts, terms, held_out, sampled, copies })
}

/// Checks that a model of `counts` has terms, before anything is written.
fn check_any_kept(counts: &Counts, params: &ValidTrainingParams) -> Result<(), TrainError> {
    let least = params.min_articles();
    match (0..counts.terms.len()).any(|index| counts.articles_with(index) >= least) {
        true => Ok(()),
        false => Err(TrainError::NoTerms(least)),
    }
}

/// Reads the sampled articles; of their texts only the beginnings are left.
fn read_sample<'a>(
    counts: &'a Counts,
    articles: ArticleSample,
    log: &mut PlaceLog,
) -> Result<(Sample<'a>, Vec<SampledFacts>), TrainingError> {
    let taken = articles.into_articles();
    let index = TermTable::of_counts(counts);
    let labeled: Vec<_> = taken.iter().map(|taken| &taken.labeled).enumerate().collect();
    let sample = Sample::new(counts, &index, &labeled)?;
    let mut numbers: Vec<u64> = taken.iter().map(|taken| taken.place).collect();
    numbers.sort_unstable();
    let places = log.find(&numbers)?;
    let facts = taken.into_iter().map(|taken| {
        let Article { id, title, text } = taken.labeled.article;
        SampledFacts {
            name: places.get(&taken.place).map_or_else(String::new, |(place, id)| name_of(id, place)),
            topic: taken.labeled.topic,
            digest: taken.digest,
            excerpt: Article { id, title: excerpt(title), text: excerpt(text) },
        }
    });
    Ok((sample, facts.collect()))
}

fn excerpt(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(EXCERPT) {
        text.truncate(end);
        text.shrink_to_fit();
    }
    text
}

/// Checks that all articles are among those of `counts`.
fn check_counted(
    counts: &Counts,
    topics: &[Topic],
    articles: &Articles,
    log: &mut PlaceLog,
) -> Result<(), TrainingError> {
    let places: Vec<Option<u16>> = topics
        .iter()
        .map(|topic| counts.topics.binary_search(topic).ok().map(|place| place as u16))
        .collect();
    let Some((number, topic)) = articles.stranger(&counts.articles, &places)? else {
        return Ok(());
    };
    let id = log.find(&[number])?.remove(&number).map_or_else(String::new, |(_, id)| id);
    Err(NotCounted(id, topics[usize::from(topic)].to_string()).into())
}
