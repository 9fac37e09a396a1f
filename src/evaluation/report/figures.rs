//! The figures at the top, and those of each topic.

use std::fmt::Write as _;

use super::{
    Report,
    page::{Escaped, section, thousands},
};
use crate::evaluation::{Figure, RESAMPLES};

fn meaning(figure: Figure) -> &'static str {
    match figure {
        Figure::Accuracy => "share of right answers",
        Figure::MacroF1 => "mean F1 of the labels",
        Figure::LogLoss => "nats; 0 is best",
        Figure::Brier => "from 0, the best, to 2",
        Figure::Ece => "how far probabilities are off",
    }
}

pub(super) fn headline(report: &Report<'_>) -> String {
    let evaluation = report.evaluation;
    let all = evaluation.articles.max(1) as f64;
    let mut cards = String::new();
    for figure in Figure::ALL {
        let interval = evaluation.intervals.get(figure);
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            cards,
            "<div class=\"card\">{}<b>{:.3}</b><span>{:.3} to {:.3}</span><span>{}</span></div>",
            figure.title(),
            evaluation.figures.get(figure),
            interval.low,
            interval.high,
            meaning(figure)
        );
    }
    let _ = write!(
        cards,
        "<div class=\"card\">articles<b>{}</b><span>{} given a topic ({:.1}%)</span></div>",
        thousands(evaluation.articles as u64),
        thousands(evaluation.assigned as u64),
        100.0 * evaluation.assigned as f64 / all
    );
    let training = &report.model.facts().training;
    let mut content = format!(
        "<div class=\"cards\">\n{cards}\n</div>\n<p class=\"note\">Model {}, trained on {} articles of corpus {}; {} terms.</p>",
        report.model.revision(),
        thousands(training.articles.iter().sum()),
        Escaped(&training.corpus_digest),
        thousands(report.model.term_count() as u64)
    );
    let unknown = report.predictions.unknown();
    if !unknown.is_empty() {
        let names: Vec<String> =
            unknown.iter().map(|(label, n)| format!("{} ({n})", Escaped(label))).collect();
        let _ = write!(
            content,
            "\n<p>Labels that are no topics of the model, counted as wrong: {}.</p>",
            names.join(", ")
        );
    }
    let reading = format!(
        "Below each figure, the interval that holds 95% of {} bootstrap resamples.",
        thousands(RESAMPLES as u64)
    );
    section("headline", "Headline figures", &reading, &content)
}

pub(super) fn topics(report: &Report<'_>) -> String {
    let mut rows = String::new();
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |s| format!("{s:.3}"));
    for topic in &report.evaluation.topics {
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{:.3}</td></tr>",
            Escaped(&topic.topic),
            thousands(topic.articles),
            thousands(topic.answers),
            share(topic.precision),
            share(topic.recall),
            topic.f1
        );
    }
    let head = ["topic", "articles", "answers", "precision", "recall", "F1"]
        .map(|h| format!("<th scope=\"col\">{h}</th>"))
        .concat();
    let table = format!(
        "<div class=\"scroll\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>"
    );
    let abstained = match report.predictions.background() {
        Some(background) => format!(
            "An abstention is an answer with {}, the topic that stands for none of the others.",
            Escaped(report.label(background))
        ),
        None => "The model has no background topic: an abstention is a wrong answer.".to_owned(),
    };
    let reading = format!(
        "Precision: the share of a topic's answers that are right. Recall: the share of its articles that are found. {abstained}"
    );
    section("topics", "Topics", &reading, &table)
}
