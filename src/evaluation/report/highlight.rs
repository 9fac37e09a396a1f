//! A text with its evidence marked.

use std::fmt::Write as _;

use super::page::Escaped;
use crate::model::{Evidence, Field};

/// The strongest colour still lets the text be read.
const MOST_COLOUR: f64 = 0.45;
/// What weighs less than this share of the strongest place is not marked.
const LEAST_SHARE: f64 = 0.08;

/// `text` as HTML, in which every place is marked by what the terms over it weigh together: a pair and the words in it
/// overlap, and each occurrence of a term has an equal part of its decibans.
pub(super) fn highlight(text: &str, field: Field, evidence: &[Evidence]) -> String {
    let mut spans: Vec<(usize, usize, f64)> = Vec::new();
    for term in evidence {
        let each = term.decibans / f64::from(term.count.max(1));
        let places = term.spans.iter().filter(|s| s.field == field && s.bytes.start < text.len());
        spans.extend(places.map(|s| (s.bytes.start, s.bytes.end.min(text.len()), each)));
    }
    let mut edges: Vec<usize> = spans.iter().flat_map(|s| [s.0, s.1]).chain([0, text.len()]).collect();
    edges.sort_unstable();
    edges.dedup();
    let pieces: Vec<(&str, f64)> = edges
        .windows(2)
        .map(|w| {
            let over = spans.iter().filter(|s| s.0 <= w[0] && w[1] <= s.1);
            (text.get(w[0]..w[1]).unwrap_or_default(), over.map(|s| s.2).sum())
        })
        .collect();
    let strongest = pieces.iter().map(|p| p.1.abs()).fold(0.0, f64::max);
    let mut out = String::new();
    for (piece, decibans) in pieces {
        let share = decibans.abs() / strongest;
        // Not a number where nothing is marked.
        if share >= LEAST_SHARE {
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "<mark class=\"{}\" style=\"--share:{:.2}\" title=\"{decibans:+.2} decibans\">{}</mark>",
                if decibans > 0.0 { "for" } else { "against" },
                MOST_COLOUR * share,
                Escaped(piece)
            );
        } else {
            let _ = write!(out, "{}", Escaped(piece));
        }
    }
    out
}

/// The first `most` bytes of `text` or a little less, to the end of a word where there is one.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let head = &text[..end];
    head.rfind(char::is_whitespace).map_or(head, |at| &head[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    fn evidence(term: &str, decibans: f64, count: u32, spans: &[(usize, usize)]) -> Evidence {
        let spans =
            spans.iter().map(|&(start, end)| Span { field: Field::Text, bytes: start..end }).collect();
        Evidence { term: term.to_owned(), count, decibans, spans }
    }

    #[test]
    fn overlapping_evidence_adds_up() {
        // "Émile" has six bytes. The pair covers both words: 2 + 4, 4 alone on the space, 4 - 1.2.
        let all = [
            evidence("émile talk", 4.0, 1, &[(0, 12)]),
            evidence("émile", 2.0, 1, &[(0, 6)]),
            evidence("talk", -2.4, 2, &[(7, 12), (15, 20)]),
        ];
        let html = highlight("Émile talks; <talks>", Field::Text, &all);
        assert_eq!(
            html,
            "<mark class=\"for\" style=\"--share:0.45\" title=\"+6.00 decibans\">Émile</mark>\
             <mark class=\"for\" style=\"--share:0.30\" title=\"+4.00 decibans\"> </mark>\
             <mark class=\"for\" style=\"--share:0.21\" title=\"+2.80 decibans\">talks</mark>; &lt;\
             <mark class=\"against\" style=\"--share:0.09\" title=\"-1.20 decibans\">talks</mark>&gt;"
        );
        assert_eq!(highlight("a & b", Field::Title, &all), "a &amp; b");
    }

    #[test]
    fn a_long_text_is_cut_between_words() {
        assert_eq!(beginning("one two three", 9), "one two");
        assert_eq!(beginning("one", 9), "one");
        assert_eq!(beginning("ééééé", 5), "éé");
    }
}
