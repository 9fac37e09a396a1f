//! Progress on a terminal, and only there.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::training::Stage;

/// Shows that something goes on; gone when dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Starts showing `what`. indicatif draws on standard error, and nothing where that is no terminal.
    pub(super) fn start(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos} articles, {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// So many articles are done.
    pub(super) fn set(&self, articles: usize) {
        self.0.set_position(articles as u64);
    }

    /// Shows how far training is.
    pub(super) fn show(&self, stage: Stage) {
        match stage {
            Stage::Reading(articles) => self.set(articles),
            Stage::Training => self.0.set_message("training"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
