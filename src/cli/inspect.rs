//! `bayeswire inspect`

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;

use super::{Failure, arguments::load_model, output};
use crate::model::Model;

/// Show what a model is made of
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The model file
    #[arg(value_name = "FILE.model")]
    model: PathBuf,

    /// Words, or pairs of words in quotes, whose weights to show
    #[arg(value_name = "TERM")]
    terms: Vec<String>,

    /// Print the model card, in Markdown
    #[arg(long, env = "BAYESWIRE_CARD", conflicts_with_all = ["terms", "top"])]
    card: bool,

    /// How many of each topic's strongest terms to show
    #[arg(long, env = "BAYESWIRE_TOP", value_name = "COUNT", default_value_t = 15)]
    top: usize,
}

impl Inspect {
    pub(super) fn run(self) -> Result<(), Failure> {
        let model = load_model(&self.model)?;
        let text = if self.card {
            model.card()
        } else if self.terms.is_empty() {
            facts(&model, self.top)
        } else {
            self.terms.iter().map(|term| weights(&model, term)).collect()
        };
        output::print(text.as_bytes())
    }
}

fn facts(model: &Model, top: usize) -> String {
    let facts = model.facts();
    let mut out = format!(
        "revision  {}\ncorpus    {}\nterms     {} of {}\ntext      {}\n",
        model.revision(),
        facts.training.corpus_digest,
        model.term_count(),
        facts.training.terms,
        facts.text_profile,
    );
    if let Some(loo) = &facts.training.leave_one_out {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            out,
            "leave-one-out on {} articles: accuracy {:.4}, log-loss {:.4}",
            loo.articles, loo.accuracy, loo.log_loss
        );
    }
    for (index, topic) in facts.topics.iter().enumerate() {
        let background = if facts.background == Some(index) { ", background" } else { "" };
        let terms = model.strongest_terms(index, top).join(", ");
        let _ =
            writeln!(out, "\n{topic} ({} articles{background})\n  {terms}", facts.training.articles[index]);
    }
    out
}

fn weights(model: &Model, text: &str) -> String {
    let Some(term) = model.find_term(text) else {
        return format!("{text}: not a term of the model\n");
    };
    let mut out = format!("{text}: term {:?}, in {} training articles\n", term.text(), term.articles());
    for (topic, weight) in model.facts().topics.iter().zip(term.weights()) {
        let _ = writeln!(out, "  {topic:16} {weight:9.4}");
    }
    out
}
