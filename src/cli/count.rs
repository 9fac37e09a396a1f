//! `bayeswire count`

use std::path::PathBuf;

use clap::Args;

use super::{
    Failure,
    arguments::{Inputs, MemoryArgument, TextArguments},
    progress::Progress,
};
use crate::{
    article::LabeledArticle,
    corpus::Shard,
    training::{self, Corpus},
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

    #[command(flatten)]
    memory: MemoryArgument,
}

impl Count {
    pub(super) fn run(self) -> Result<(), Failure> {
        let options = self.inputs.options()?;
        let progress = Progress::start("counting");
        let holds = |labeled: &LabeledArticle| self.shard.is_none_or(|shard| shard.holds(&labeled.article));
        let inputs = self.inputs.get();
        let corpus = Corpus {
            inputs: &inputs,
            options: &options,
            profile: self.text.profile(),
            memory: self.memory.shares(),
        };
        Ok(training::count(&corpus, holds, &self.output, |n| progress.set(n))?)
    }
}
