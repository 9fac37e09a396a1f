//! `bayeswire merge`

use std::path::PathBuf;

use clap::Args;

use super::{ExitStatus, Failure, arguments::load_counts, output};
use crate::counts::{CombineError, Counts};

/// Add counts files up, and take others away: exactly, in any order
#[derive(Debug, Args)]
pub(super) struct Merge {
    /// Counts to add
    #[arg(value_name = "FILE.counts", required = true)]
    inputs: Vec<PathBuf>,

    /// Counts to take away from the sum; may be given several times
    #[arg(long, env = "BAYESWIRE_SUBTRACT", value_name = "FILE.counts")]
    subtract: Vec<PathBuf>,

    /// The counts file to write
    #[arg(long, short, env = "BAYESWIRE_OUTPUT", value_name = "FILE.counts")]
    output: PathBuf,
}

impl Merge {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut sum: Option<Counts> = None;
        for path in &self.inputs {
            let next = load_counts(path)?;
            sum = Some(match sum {
                None => next,
                Some(sum) => at(path, sum.merge(&next))?,
            });
        }
        let Some(mut sum) = sum else {
            return Err(Failure::new(ExitStatus::Usage, "no counts to merge"));
        };
        for path in &self.subtract {
            sum = at(path, sum.subtract(&load_counts(path)?))?;
        }
        output::write_counts(&self.output, &sum)
    }
}

fn at(path: &std::path::Path, result: Result<Counts, CombineError>) -> Result<Counts, Failure> {
    result.map_err(|e| Failure::new(ExitStatus::Data, format!("{}: {e}", path.display())))
}
