//! `bayeswire fit`

use std::{ffi::OsString, path::PathBuf, time::Instant};

use clap::Args;

use super::{
    Failure,
    arguments::{ReadArguments, TrainingArguments, load_counts},
    output,
    progress::Progress,
    summary::{self, Corpus},
};
use crate::{
    corpus::{self, Input},
    model,
};

/// Make a model of counts. With --corpus the very bytes that train gives on the same articles
#[derive(Debug, Args)]
pub(super) struct Fit {
    /// The counts of the whole corpus
    #[arg(value_name = "FILE.counts")]
    counts: PathBuf,

    /// The model file to write; in a directory it gets the name of its revision
    #[arg(long, short, env = "BAYESWIRE_OUTPUT", value_name = "FILE.model|DIR")]
    output: PathBuf,

    /// The articles that were counted, for choosing parameters and calibrating by leave-one-out
    #[arg(long, env = "BAYESWIRE_CORPUS", value_name = "INPUT", num_args = 1..)]
    corpus: Vec<OsString>,

    #[command(flatten)]
    reading: ReadArguments,

    #[command(flatten)]
    training: TrainingArguments,
}

impl Fit {
    pub(super) fn run(self) -> Result<(), Failure> {
        let started = Instant::now();
        let params = self.training.params().check()?;
        let options = self.reading.options()?;
        let counts = load_counts(&self.counts)?;
        let progress = Progress::start("reading");
        let corpus = if self.corpus.is_empty() {
            None
        } else {
            let inputs: Vec<_> = self.corpus.iter().map(|i| Input::from(i.as_os_str())).collect();
            Some(corpus::load_with_names(&inputs, &options, |n| progress.set(n))?)
        };
        progress.next("training");
        let articles: Option<Vec<_>> = corpus.as_ref().map(|(articles, _)| articles.iter().collect());
        let trained = model::train(&counts, articles.as_deref(), &params)?;
        let written = output::write_model(&self.output, &trained)?;
        drop(progress);
        let corpus = corpus.as_ref().map(|(articles, names)| Corpus { articles, names });
        eprint!("{}", summary::describe(&written, &trained, corpus, started.elapsed()));
        Ok(())
    }
}
