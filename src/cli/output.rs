//! Writing results.

use std::{
    io::{self, Write as _},
    path::Path,
};

use super::{ExitStatus, Failure};
use crate::{counts::Counts, file, model::Trained};

/// Writes a counts file.
pub(super) fn write_counts(path: &Path, counts: &Counts) -> Result<(), Failure> {
    let bytes = counts.to_bytes().map_err(|e| Failure::new(ExitStatus::Software, e))?;
    file::replace(path, &bytes).map_err(|e| Failure::writing(path, &e))
}

/// Writes a model file.
pub(super) fn write_model(path: &Path, trained: &Trained) -> Result<(), Failure> {
    file::replace(path, &trained.bytes).map_err(|e| Failure::writing(path, &e))
}

/// Prints to standard output; a reader that has gone away is no failure.
pub(super) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => other.map_err(|e| Failure::writing(Path::new("standard output"), &e)),
    }
}

/// What a training run tells about its model.
pub(super) fn describe(path: &Path, trained: &Trained) -> String {
    let facts = trained.model.facts();
    let training = &facts.training;
    let topics: Vec<String> =
        facts.topics.iter().zip(&training.articles).map(|(topic, n)| format!("{topic} {n}")).collect();
    let estimator = &facts.estimator;
    let mut lines = vec![
        format!("articles   {} ({})", training.articles.iter().sum::<u64>(), topics.join(", ")),
        format!("terms      {} of {}", trained.model.term_count(), training.terms),
        format!(
            "estimator  {:?}, alpha {}, row scaling {}",
            estimator.variant, estimator.alpha, estimator.row_scaling
        ),
    ];
    match &training.leave_one_out {
        Some(loo) => lines.push(format!(
            "leave-one-out accuracy {:.4}, log-loss {:.4} ({} articles)",
            loo.accuracy, loo.log_loss, loo.articles
        )),
        None => lines.push("not calibrated: give the articles with --corpus for that".to_owned()),
    }
    lines.push(format!("revision   {}", trained.model.revision()));
    lines.push(format!("written to {}\n", path.display()));
    lines.join("\n")
}
