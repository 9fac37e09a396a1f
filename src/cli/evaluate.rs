//! `bayeswire evaluate`

use std::{fmt::Write as _, path::PathBuf};

use super::{
    ExitStatus, Failure,
    arguments::{Inputs, ModelArgument},
    output,
    progress::Progress,
};
use crate::{
    article::LabeledArticle,
    corpus::{self, Audit, CorpusError, RawRecord, ReadOptions, in_order, labeled_records},
    counts::Counts,
    evaluation::{Collector, Evaluation, Figure, Predictions, Report, Requirement, Shown},
    file,
    model::{Classifier, Model, Options, leave_one_out},
};
use clap::{Args, ValueEnum};

/// A confusion matrix of more labels is for the report and for JSON.
const MOST_COLUMNS: usize = 10;

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

    /// INPUT is what the model was trained on: answer each article by the model of all the others
    #[arg(long, env = "BAYESWIRE_LEAVE_ONE_OUT")]
    leave_one_out: bool,

    /// Exit with status 1 unless accuracy and macro_f1 are at least, and log_loss, brier and ece at most this, for example
    /// macro_f1=0.85,ece=0.05
    #[arg(long, env = "BAYESWIRE_REQUIRE", value_name = "FIGURE=NUMBER,...", value_delimiter = ',')]
    require: Vec<Requirement>,

    /// Also write all figures, charts, the worst mistakes, and with --leave-one-out probable label errors, as one HTML page
    #[arg(long, env = "BAYESWIRE_REPORT", value_name = "FILE.html")]
    report: Option<PathBuf>,
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
        let options = self.inputs.options()?;
        let progress = Progress::start("evaluating");
        let (predictions, shown) = if self.leave_one_out {
            let (articles, names) =
                corpus::load_with_names(&self.inputs.get(), &options, |n| progress.set(n))?;
            (leave_one_out_answers(&model, &articles)?, Shown::all(articles, names))
        } else {
            self.answers(&model, &options, &progress)?
        };
        let evaluation = Evaluation::of(&predictions);
        if let Some(path) = &self.report {
            let report = Report {
                model: &model,
                articles: &shown,
                predictions: &predictions,
                evaluation: &evaluation,
                leave_one_out: self.leave_one_out,
            };
            file::replace(path, report.to_html().as_bytes()).map_err(|e| Failure::writing(path, &e))?;
        }
        drop(progress);
        let unknown: Vec<String> =
            predictions.unknown().iter().map(|(topic, n)| format!("{topic} ({n} articles)")).collect();
        if !unknown.is_empty() {
            eprintln!(
                "warning: labels that are no topics of the model, counted as wrong: {}",
                unknown.join(", ")
            );
        }
        let text = match self.format {
            Format::Text => table(&evaluation, &predictions),
            Format::Json => {
                evaluation.to_json(&predictions, &model.revision().to_string(), self.leave_one_out) + "\n"
            }
        };
        output::print(text.as_bytes())?;
        let short: Vec<String> = self.require.iter().filter_map(|r| r.shortfall(&evaluation)).collect();
        if short.is_empty() { Ok(()) } else { Err(Failure::new(ExitStatus::Short, short.join("\n"))) }
    }

    /// Answers the articles one after the other; of their texts only those that a report shows are kept.
    fn answers(
        &self,
        model: &Model,
        options: &ReadOptions,
        progress: &Progress,
    ) -> Result<(Predictions, Shown), Failure> {
        let inputs = self.inputs.get();
        let (mut collector, mut shown, mut audit) =
            (Collector::new(model.facts()), Shown::default(), Audit::new());
        in_order(
            labeled_records(&inputs, options),
            RawRecord::size,
            rayon::current_num_threads(),
            || Classifier::new(model.facts().text_profile),
            |classifier, raw| {
                let (place, labeled) = raw.read_labeled(options)?;
                let LabeledArticle { article, .. } = &labeled;
                let answer = classifier.classify(model, &article.title, &article.text, &Options::default());
                Ok((article.digest(), place, labeled, answer))
            },
            |answers| {
                for answer in answers {
                    let (digest, place, labeled, answer) = match answer {
                        Ok(answer) => answer,
                        Err(error) => {
                            audit.refuse(error)?;
                            continue;
                        }
                    };
                    let index = audit.articles();
                    if audit.admit(&labeled.article.id, &place)? {
                        let prediction = collector.add(index, digest, &labeled.topic, &answer);
                        shown.offer(prediction, digest, || {
                            let name = corpus::name(&labeled, &place);
                            (labeled, name)
                        });
                    }
                }
                progress.set(audit.articles());
                Ok::<(), CorpusError>(())
            },
        )?;
        audit.finish(&inputs)?;
        Ok((collector.finish(), shown))
    }
}

fn leave_one_out_answers(model: &Model, articles: &[LabeledArticle]) -> Result<Predictions, Failure> {
    let counts = Counts::of(model.facts().text_profile, articles)?;
    let references: Vec<_> = articles.iter().collect();
    let answers = leave_one_out(model, &counts, &references)?;
    Ok(Predictions::held_out(model, articles, &answers))
}

fn table(evaluation: &Evaluation, predictions: &Predictions) -> String {
    let mut out = format!("{:12} {}\n", "articles", evaluation.articles);
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(out, "{:12} {}", "given topics", evaluation.assigned);
    for figure in Figure::ALL {
        let interval = evaluation.intervals.get(figure);
        let _ = writeln!(
            out,
            "{:12} {:.4}  ({:.4} to {:.4})",
            figure.title(),
            evaluation.figures.get(figure),
            interval.low,
            interval.high
        );
    }
    let _ = writeln!(
        out,
        "\n{:24} {:>8} {:>8} {:>9} {:>7} {:>7}",
        "topic", "articles", "answers", "precision", "recall", "F1"
    );
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |s| format!("{s:.4}"));
    for topic in &evaluation.topics {
        let _ = writeln!(
            out,
            "{:24} {:>8} {:>8} {:>9} {:>7} {:>7.4}",
            topic.topic,
            topic.articles,
            topic.answers,
            share(topic.precision),
            share(topic.recall),
            topic.f1
        );
    }
    if evaluation.topics.len() <= MOST_COLUMNS {
        confusion(&mut out, evaluation, predictions);
    }
    out
}

fn confusion(out: &mut String, evaluation: &Evaluation, predictions: &Predictions) {
    let labels = predictions.labels();
    let seen: Vec<usize> =
        (0..labels.len()).filter(|&l| evaluation.topics.iter().any(|t| t.topic == labels[l])).collect();
    let _ = write!(out, "\n{:24}", "label \\ answer");
    for &answer in &seen {
        let _ = write!(out, " {:>11}", labels[answer]);
    }
    out.push('\n');
    let has_articles =
        |&&right: &&usize| seen.iter().any(|&answer| evaluation.confusion.count(right, answer) > 0);
    for &right in seen.iter().filter(has_articles) {
        let _ = write!(out, "{:24}", labels[right]);
        for &answer in &seen {
            let width = labels[answer].chars().count().max(11);
            let _ = write!(out, " {:>width$}", evaluation.confusion.count(right, answer));
        }
        out.push('\n');
    }
}
