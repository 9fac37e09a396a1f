//! The strongest terms of each topic.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::{
    Report,
    page::{Escaped, section},
};

const TERMS: usize = 25;

pub(super) fn strongest(report: &Report<'_>) -> String {
    let topics = &report.model.facts().topics;
    let terms: Vec<Vec<String>> =
        (0..topics.len()).into_par_iter().map(|topic| report.model.strongest_terms(topic, TERMS)).collect();
    let mut content = String::new();
    for (topic, terms) in topics.iter().zip(terms) {
        // Writing to a string cannot fail.
        let _ = write!(content, "<h3>{}</h3>\n<ul class=\"terms\">", Escaped(topic));
        for term in terms {
            let _ = write!(content, "<li>{}</li>", Escaped(&term));
        }
        content.push_str("</ul>\n");
    }
    let reading = "What speaks most for each topic across the training articles: words, as the stems that the model knows, \
                   and pairs of them.";
    section("terms", "Strongest terms", reading, &content)
}
