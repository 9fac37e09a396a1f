//! An evaluation on one page: HTML that needs nothing else, neither scripts nor a network.

mod chart;
mod confusion;
mod curves;
mod figures;
mod highlight;
mod histograms;
mod mistakes;
mod page;
mod shown;
mod terms;

pub use shown::Shown;

use super::{Evaluation, Prediction, Predictions};
use crate::model::Model;

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The model that answered.
    pub model: &'a Model,
    /// The articles, as far as they are shown.
    pub articles: &'a Shown,
    /// The answers to all of them.
    pub predictions: &'a Predictions,
    /// What was measured on the answers.
    pub evaluation: &'a Evaluation,
    /// Whether these are the training articles, each answered by the model of all the others.
    pub leave_one_out: bool,
}

impl Report<'_> {
    /// The page.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut sections = vec![
            figures::headline(self),
            figures::topics(self),
            confusion::matrix(self),
            curves::both(self),
            histograms::all(self),
            terms::strongest(self),
            mistakes::worst(self),
        ];
        if self.leave_one_out {
            sections.push(mistakes::label_errors(self));
        }
        let revision = self.model.revision().to_string();
        let how = if self.leave_one_out {
            "the training articles, each answered by the model of all the others (leave-one-out)"
        } else {
            "labelled articles"
        };
        page::page(&format!("Evaluation of model {}", &revision[..12.min(revision.len())]), how, &sections)
    }

    fn label(&self, label: usize) -> &str {
        self.predictions.labels().get(label).map_or("?", String::as_str)
    }

    fn name(&self, prediction: &Prediction) -> &str {
        self.articles.name(prediction.article)
    }
}
