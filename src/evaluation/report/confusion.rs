//! The confusion matrix.

use std::fmt::Write as _;

use super::{
    Report,
    page::{Escaped, section, thousands},
};

/// Above this many labels cells are small and names stand upright.
const WIDE: usize = 10;
/// The strongest colour still lets the number be read.
const MOST_COLOUR: f64 = 0.6;

pub(super) fn matrix(report: &Report<'_>) -> String {
    let confusion = &report.evaluation.confusion;
    let labels = report.predictions.labels();
    let of_articles: Vec<u64> =
        (0..labels.len()).map(|l| (0..labels.len()).map(|a| confusion.count(l, a)).sum()).collect();
    let answered: Vec<usize> = (0..labels.len())
        .filter(|&l| of_articles[l] > 0 || (0..labels.len()).any(|right| confusion.count(right, l) > 0))
        .collect();
    let mut head = "<th scope=\"col\">label \\ answer</th>".to_owned();
    let mut rows = String::new();
    // Writing to a string cannot fail.
    for &answer in &answered {
        let _ = write!(head, "<th scope=\"col\">{}</th>", Escaped(&labels[answer]));
    }
    for &right in answered.iter().filter(|&&l| of_articles[l] > 0) {
        let _ = write!(rows, "<tr><th scope=\"row\">{}</th>", Escaped(&labels[right]));
        for &answer in &answered {
            let count = confusion.count(right, answer);
            if count == 0 {
                rows.push_str("<td class=\"none\">·</td>");
                continue;
            }
            let share = count as f64 / of_articles[right] as f64;
            let _ = write!(
                rows,
                "<td class=\"{}\" style=\"--share:{:.3}\" title=\"{} of {}: {:.1}%\">{}</td>",
                if right == answer { "hit" } else { "miss" },
                // The root tells 1% from nothing.
                MOST_COLOUR * share.sqrt(),
                thousands(count),
                thousands(of_articles[right]),
                100.0 * share,
                thousands(count)
            );
        }
        rows.push_str("</tr>\n");
    }
    let wide = if answered.len() > WIDE { " wide" } else { "" };
    let table = format!(
        "<div class=\"scroll\"><table class=\"confusion{wide}\">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>"
    );
    let reading = "One row for each label, one column for each answer. Right answers stand on the diagonal. The stronger \
                   the colour, the larger the share of the row.";
    section("confusion", "Confusion matrix", reading, &table)
}
