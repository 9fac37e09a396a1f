//! `bayeswire publish`

use std::{fs, num::NonZeroUsize, path::PathBuf};

use clap::Args;

use super::{ExitStatus, Failure, output};
use crate::server::{self, PublishError};

/// Put a model into a directory that servers watch: checked, under the name of its revision, whole or not at all
///
/// For pipelines that train aside, evaluate with --require, and only then let servers take the model up.
#[derive(Debug, Args)]
pub(super) struct Publish {
    /// The model file
    #[arg(value_name = "FILE.model")]
    model: PathBuf,

    /// The directory, which the servers were given with --model
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    /// Then remove the oldest revisions that were published there beyond so many; never this one, nor the one that is
    /// recorded as active [default: remove none]
    #[arg(long, env = "BAYESWIRE_KEEP", value_name = "COUNT")]
    keep: Option<NonZeroUsize>,
}

impl Publish {
    pub(super) fn run(self) -> Result<(), Failure> {
        let bytes = fs::read(&self.model).map_err(|e| Failure::reading(&self.model, &e))?;
        let published = server::publish(&bytes, &self.directory, self.keep).map_err(|error| match error {
            PublishError::Invalid(error) => Failure::invalid(&self.model, &error),
            PublishError::SelfTest(_) => {
                Failure::new(ExitStatus::Data, format!("{}: {error}", self.model.display()))
            }
            PublishError::Io(..) => Failure::new(ExitStatus::Io, error),
            PublishError::Record(_) => Failure::new(ExitStatus::Data, error),
        })?;
        let mut text = format!("published {}\n", published.path.display());
        for path in published.removed {
            text += &format!("removed   {}\n", path.display());
        }
        output::print(text.as_bytes())
    }
}
