//! `bayeswire count`

use std::path::PathBuf;

use clap::Args;

use super::{
    Failure,
    arguments::{Inputs, TextArguments},
    output,
    progress::Progress,
};
use crate::training;

/// Count labelled articles: one shard of a corpus, to be merged with others
#[derive(Debug, Args)]
pub(super) struct Count {
    #[command(flatten)]
    inputs: Inputs,

    /// The counts file to write
    #[arg(long, short, env = "BAYESWIRE_OUTPUT", value_name = "FILE.counts")]
    output: PathBuf,

    #[command(flatten)]
    text: TextArguments,
}

impl Count {
    pub(super) fn run(self) -> Result<(), Failure> {
        let options = self.inputs.options()?;
        let progress = Progress::start("counting");
        let counts = training::count(&self.inputs.get(), &options, self.text.profile(), |n| progress.set(n))?;
        output::write_counts(&self.output, &counts)
    }
}
