//! `bayeswire count`

use std::path::PathBuf;

use clap::Args;

use super::{
    Failure,
    arguments::{Inputs, TextArguments},
    output,
    progress::Progress,
};
use crate::{
    corpus::{self, Shard},
    counts::Counts,
};

/// Count labelled articles: one shard of a corpus, to be merged with others
#[derive(Debug, Args)]
pub(super) struct Count {
    #[command(flatten)]
    inputs: Inputs,

    /// The counts file to write
    #[arg(long, short, env = "BAYESWIRE_OUTPUT", value_name = "FILE.counts")]
    output: PathBuf,

    /// Count one part only of the articles: part INDEX of OF, from 0, such as 2/3 for the last of three. Each article belongs
    /// to one part, told by its title and text, so that processes on several machines can read the same input; merge makes
    /// the whole of the parts
    #[arg(long, env = "BAYESWIRE_SHARD", value_name = "INDEX/OF")]
    shard: Option<Shard>,

    #[command(flatten)]
    text: TextArguments,
}

impl Count {
    pub(super) fn run(self) -> Result<(), Failure> {
        let progress = Progress::start("reading");
        let mut articles = corpus::load(&self.inputs.get(), |n| progress.set(n))?;
        if let Some(shard) = self.shard {
            articles.retain(|labeled| shard.holds(&labeled.article));
        }
        progress.next("counting");
        let counts = Counts::of(self.text.profile(), &articles)?;
        output::write_counts(&self.output, &counts)
    }
}
