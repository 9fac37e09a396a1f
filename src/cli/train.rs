//! `bayeswire train`

use std::{path::PathBuf, time::Instant};

use clap::Args;

use super::{
    Failure,
    arguments::{Inputs, MemoryArgument, TextArguments, TrainingArguments},
    output,
    progress::Progress,
    summary,
};
use crate::training::{self, Corpus};

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
    memory: MemoryArgument,

    #[command(flatten)]
    training: TrainingArguments,
}

impl Train {
    pub(super) fn run(self) -> Result<(), Failure> {
        let started = Instant::now();
        let params = self.training.params().check()?;
        let options = self.inputs.options()?;
        let progress = Progress::start("counting");
        let inputs = self.inputs.get();
        let corpus = Corpus {
            inputs: &inputs,
            options: &options,
            profile: self.text.profile(),
            memory: self.memory.shares(),
        };
        let report = output::with_destination(&self.output, |destination| {
            let counts = self.counts.as_deref();
            training::train(&corpus, &params, counts, destination, |stage| progress.show(stage))
        })?;
        drop(progress);
        eprint!("{}", summary::describe(&report, started.elapsed()));
        Ok(())
    }
}
