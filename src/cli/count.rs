//! `bayeswire count`

use std::path::PathBuf;

use clap::Args;

use super::{
    Failure,
    arguments::{Inputs, TextArguments},
    output,
    progress::Progress,
};
use crate::{corpus, counts::Counts};

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
        let progress = Progress::start("reading");
        let articles = corpus::load(&self.inputs.get(), |n| progress.set(n))?;
        progress.next("counting");
        let counts = Counts::of(self.text.profile(), &articles)?;
        output::write_counts(&self.output, &counts)
    }
}
