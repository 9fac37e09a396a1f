//! Articles to read: the worst mistakes, and labels that may be wrong.

use std::fmt::Write as _;

use super::{
    Report,
    highlight::{beginning, highlight},
    page::{Escaped, section, thousands},
};
use crate::{
    evaluation::Prediction,
    model::{Classifier, Evidence, Field},
};

/// So many mistakes are shown.
pub(super) const MISTAKES: usize = 25;
const LABEL_ERRORS: usize = 50;
const EVIDENCE_TERMS: usize = 60;
/// No more of a text is shown.
const MOST_BYTES: usize = 2400;
const MOST_BYTES_IN_LIST: usize = 400;

pub(super) fn worst(report: &Report<'_>) -> String {
    let mut classifier = Classifier::new(report.model.facts().text_profile);
    let mistakes = report.predictions.mistakes(MISTAKES);
    let mut content = String::new();
    for prediction in &mistakes {
        content.push_str(&mistake(report, &mut classifier, prediction));
    }
    if mistakes.is_empty() {
        content.push_str("<p>No answer is wrong.</p>");
    }
    let all = report.predictions.all().iter().filter(|p| !p.is_right()).count();
    let mut reading = format!(
        "The {} wrong answers of the greatest loss, of {}. Marked is what speaks <mark class=\"for\" style=\"--share:.3\">for the \
         answer</mark> and what speaks <mark class=\"against\" style=\"--share:.3\">for the label</mark>; decibans are 10 \
         log10 of the odds.",
        mistakes.len(),
        thousands(all as u64)
    );
    if report.leave_one_out {
        reading.push_str(
            " The marks are those of the model as it is, which has learned the article too; the answer is that of the \
             model without it.",
        );
    }
    section("mistakes", "Worst mistakes", &reading, &content)
}

fn mistake(report: &Report<'_>, classifier: &mut Classifier, prediction: &Prediction) -> String {
    let Some(labeled) = report.articles.get(prediction.article) else { return String::new() };
    let article = &labeled.article;
    let [topic, against] = sides(report, prediction);
    let evidence = match (topic, against) {
        (Some(topic), Some(against)) => {
            classifier.compare(report.model, &article.title, &article.text, [topic, against], EVIDENCE_TERMS)
        }
        _ => Vec::new(),
    };
    let mut out = "<article>\n".to_owned();
    // Writing to a string cannot fail, here and below.
    if !article.title.is_empty() {
        let _ = writeln!(out, "<h3 dir=\"auto\">{}</h3>", highlight(&article.title, Field::Title, &evidence));
    }
    let _ = writeln!(out, "<p class=\"facts\">{}</p>", verdict(report, prediction));
    let shown = beginning(&article.text, MOST_BYTES);
    let rest = if shown.len() < article.text.len() { " …" } else { "" };
    let _ = writeln!(
        out,
        "<p class=\"body\" dir=\"auto\">{}{rest}</p>",
        highlight(shown, Field::Text, &evidence)
    );
    if let (Some(topic), Some(against)) = (topic, against) {
        let _ = writeln!(
            out,
            "<p class=\"facts\">For {}: {}<br>For {}: {}</p>",
            Escaped(report.label(topic)),
            strongest(evidence.iter().filter(|e| e.decibans > 0.0)),
            Escaped(report.label(against)),
            strongest(evidence.iter().filter(|e| e.decibans < 0.0))
        );
    }
    out.push_str("</article>\n");
    out
}

/// The topic that was answered and the one that was right, or what stands nearest to them where these are none.
fn sides(report: &Report<'_>, prediction: &Prediction) -> [Option<usize>; 2] {
    let known = |label: usize| (label < report.predictions.topics()).then_some(label);
    let topic = known(prediction.answer).or_else(|| prediction.best_except(prediction.right));
    let against = known(prediction.right).or_else(|| prediction.best_except(topic?));
    [topic, against]
}

fn strongest<'a>(evidence: impl Iterator<Item = &'a Evidence>) -> String {
    let terms: Vec<String> =
        evidence.take(6).map(|e| format!("{} {:.1}", Escaped(&e.term), e.decibans.abs())).collect();
    if terms.is_empty() { "nothing".to_owned() } else { terms.join(", ") + " decibans" }
}

/// Label and answer, with their probabilities.
fn verdict(report: &Report<'_>, prediction: &Prediction) -> String {
    let probability = |label: usize| format!("{:.1}%", 100.0 * prediction.probability(label));
    let answer = if prediction.assigned || Some(prediction.answer) == report.predictions.background() {
        format!("<b>{}</b> ({})", Escaped(report.label(prediction.answer)), probability(prediction.answer))
    } else {
        "<b>no topic</b>".to_owned()
    };
    format!(
        "{} · label <b>{}</b> ({}) · answer {answer} · loss {:.2}",
        Escaped(report.name(prediction)),
        Escaped(report.label(prediction.right)),
        probability(prediction.right),
        prediction.log_loss()
    )
}

pub(super) fn label_errors(report: &Report<'_>) -> String {
    let suspects = report.predictions.suspects(LABEL_ERRORS);
    let mut rows = String::new();
    for prediction in &suspects {
        let (Some(labeled), Some(other)) =
            (report.articles.get(prediction.article), prediction.best_except(prediction.right))
        else {
            continue;
        };
        let article = &labeled.article;
        let text = beginning(&article.text, MOST_BYTES_IN_LIST);
        let rest = if text.len() < article.text.len() { " …" } else { "" };
        let title = if article.title.is_empty() {
            String::new()
        } else {
            format!("<b>{}</b> ", Escaped(&article.title))
        };
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{}</th><td class=\"text\">{}<br>{:.1}%</td><td class=\"text\">{}<br>{:.1}%</td>\
             <td>{:.2}</td><td class=\"text\" dir=\"auto\">{title}{}{rest}</td></tr>",
            Escaped(report.name(prediction)),
            Escaped(report.label(prediction.right)),
            100.0 * prediction.probability(prediction.right),
            Escaped(report.label(other)),
            100.0 * prediction.probability(other),
            prediction.log_loss(),
            Escaped(text)
        );
    }
    let content = if suspects.is_empty() {
        "<p>All others agree with every label.</p>".to_owned()
    } else {
        let head = ["article", "label", "others say", "loss", "text"]
            .map(|h| {
                let class = if h == "loss" { "" } else { " class=\"text\"" };
                format!("<th scope=\"col\"{class}>{h}</th>")
            })
            .concat();
        format!(
            "<div class=\"scroll\"><table class=\"suspects\">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>"
        )
    };
    let reading = "Training articles whose label the model of all the others contradicts most. Read them: either the label is \
                   wrong, or the article is a hard one that the corpus has too few of.";
    section("label-errors", "Probable label errors", reading, &content)
}
