//! `bayeswire fit`

use std::{ffi::OsString, path::PathBuf, time::Instant};

use clap::Args;

use super::{
    Failure,
    arguments::{ReadArguments, TrainingArguments, load_counts},
    output,
    progress::Progress,
    summary,
};
use crate::{
    corpus::Input,
    training::{self, Corpus},
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
        let inputs: Vec<_> = self.corpus.iter().map(|i| Input::from(i.as_os_str())).collect();
        let corpus = Corpus { inputs: &inputs, options: &options, profile: counts.profile(), memory: None };
        let report = output::with_destination(&self.output, |destination| {
            let corpus = (!inputs.is_empty()).then_some(&corpus);
            training::fit_counts(&counts, corpus, &params, destination, |stage| progress.show(stage))
        })?;
        drop(progress);
        eprint!("{}", summary::describe(&report, started.elapsed()));
        Ok(())
    }
}
