//! `bayeswire train`

use std::{path::PathBuf, time::Instant};

use clap::Args;

use super::{
    Failure,
    arguments::{Inputs, TextArguments, TrainingArguments},
    output,
    progress::Progress,
    summary::{self, Corpus},
};
use crate::{corpus, counts::Counts, model};

/// Train a model on labelled articles: count, choose parameters by leave-one-out, calibrate, write
#[derive(Debug, Args)]
pub(super) struct Train {
    #[command(flatten)]
    inputs: Inputs,

    /// The model file to write; in a directory it gets the name of its revision
    #[arg(long, short, env = "BAYESWIRE_OUTPUT", value_name = "FILE.model|DIR")]
    output: PathBuf,

    /// Also write the counts, for merging and for learning more later
    #[arg(long, env = "BAYESWIRE_COUNTS", value_name = "FILE.counts")]
    counts: Option<PathBuf>,

    #[command(flatten)]
    text: TextArguments,

    #[command(flatten)]
    training: TrainingArguments,
}

impl Train {
    pub(super) fn run(self) -> Result<(), Failure> {
        let started = Instant::now();
        let params = self.training.params().check()?;
        let options = self.inputs.options()?;
        let progress = Progress::start("reading");
        let (articles, names) = corpus::load_with_names(&self.inputs.get(), &options, |n| progress.set(n))?;
        progress.next("counting");
        let counts = Counts::of(self.text.profile(), &articles)?;
        progress.next("training");
        let references: Vec<_> = articles.iter().collect();
        let trained = model::train(&counts, Some(&references), &params)?;
        if let Some(path) = &self.counts {
            output::write_counts(path, &counts)?;
        }
        let written = output::write_model(&self.output, &trained)?;
        drop(progress);
        let corpus = Corpus { articles: &articles, names: &names };
        eprint!("{}", summary::describe(&written, &trained, Some(corpus), started.elapsed()));
        Ok(())
    }
}
