//! `bayeswire evaluate`

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::json;

use super::{
    Failure,
    arguments::{Inputs, ModelArgument},
    output,
    progress::Progress,
};
use crate::{
    corpus,
    evaluation::Confusion,
    model::{Classifier, Decision, Options},
};

/// Measure a model on labelled articles
#[derive(Debug, Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    inputs: Inputs,

    #[command(flatten)]
    model: ModelArgument,

    /// How to print the figures
    #[arg(long, env = "BAYESWIRE_FORMAT", value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A table for eyes.
    Text,
    /// One JSON object.
    Json,
}

impl Evaluate {
    pub(super) fn run(self) -> Result<(), Failure> {
        let model = self.model.load()?;
        let progress = Progress::start("evaluating");
        let articles = corpus::load(&self.inputs.get(), |n| progress.set(n))?;
        let topics = &model.facts().topics;
        // An abstention is the background, or the most probable topic where the model has none.
        let answers: Vec<&str> = articles
            .par_iter()
            .map_init(
                || Classifier::new(model.facts().text_profile),
                |classifier, labeled| {
                    let article = &labeled.article;
                    let answer =
                        classifier.classify(&model, &article.title, &article.text, &Options::default());
                    let topic = match (answer.decision, model.facts().background) {
                        (Decision::Assigned(topic), _) | (Decision::Abstained(_), Some(topic)) => Some(topic),
                        (Decision::Abstained(_), None) => answer.topics.first().map(|t| t.topic),
                    };
                    topic.map_or("", |t| topics[t].as_str())
                },
            )
            .collect();
        drop(progress);
        let mut confusion = Confusion::default();
        for (labeled, answer) in articles.iter().zip(answers) {
            confusion.add(labeled.topic.as_str(), answer);
        }
        let text = match self.format {
            Format::Text => table(&confusion),
            Format::Json => {
                let figures = json!({
                    "revision": model.revision().to_string(),
                    "articles": confusion.articles(),
                    "accuracy": confusion.accuracy(),
                    "macro_f1": confusion.macro_f1(),
                    "topics": confusion.topics(),
                });
                format!("{figures}\n")
            }
        };
        output::print(text.as_bytes())
    }
}

fn table(confusion: &Confusion) -> String {
    let mut out = format!(
        "articles  {}\naccuracy  {:.4}\nmacro F1  {:.4}\n\n{:24} {:>8} {:>9} {:>7} {:>7}\n",
        confusion.articles(),
        confusion.accuracy(),
        confusion.macro_f1(),
        "topic",
        "articles",
        "precision",
        "recall",
        "F1"
    );
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |s| format!("{s:.4}"));
    for topic in confusion.topics() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{:24} {:>8} {:>9} {:>7} {:>7.4}",
            topic.topic,
            topic.articles,
            share(topic.precision),
            share(topic.recall),
            topic.f1
        );
    }
    out
}
