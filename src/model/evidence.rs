//! Why: what each term adds to the margin between two topics.

use std::{cmp::Ordering, collections::HashMap};

use super::{
    Model,
    answer::{Evidence, Field, Span},
};
use crate::counts::TermId;
use crate::text::{Occurrence, TermRef, TextReader};

/// Decibans per nat: 10 / ln 10 (Good 1950: 10 log10 of the odds).
pub(crate) const DECIBANS: f64 = 10.0 * std::f64::consts::LOG10_E;

/// What evidence is asked about.
pub(crate) struct Question<'a> {
    /// Title and text, as the reader read them last.
    pub(crate) article: [&'a str; 2],
    /// Every known term.
    pub(crate) known: &'a [Known<'a>],
    /// Evidence is for this topic ...
    pub(crate) topic: usize,
    /// ... against this one.
    pub(crate) against: usize,
    /// What scores are multiplied by.
    pub(crate) factor: f64,
    /// How many terms to return.
    pub(crate) most: usize,
}

/// A term of the article that the model knows.
pub(crate) struct Known<'m> {
    pub(crate) term: TermId,
    /// Its weights in the model, one per topic.
    pub(crate) weights: &'m [f32],
    /// What it is in the article.
    pub(crate) at: TermRef,
    /// Its weight in the article.
    pub(crate) weight: f64,
}

/// The terms that weigh most, strongest first whichever way they point; of equally strong ones, the first in the article.
pub(crate) fn collect(reader: &mut TextReader, model: &Model, question: Question<'_>) -> Vec<Evidence> {
    let mut shares: Vec<(usize, f64)> = question
        .known
        .iter()
        .map(|known| {
            let weight_for = |topic: usize| f64::from(known.weights[topic]);
            let difference = weight_for(question.topic) - weight_for(question.against);
            DECIBANS * question.factor * known.weight * difference
        })
        .enumerate()
        .collect();
    let stronger = |a: &(usize, f64), b: &(usize, f64)| -> Ordering {
        b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0))
    };
    if shares.len() > question.most {
        shares.select_nth_unstable_by(question.most, stronger);
        shares.truncate(question.most);
    }
    shares.sort_unstable_by(stronger);

    let wanted: HashMap<TermRef, usize> =
        shares.iter().enumerate().map(|(place, &(known, _))| (question.known[known].at, place)).collect();
    let mut evidence: Vec<Evidence> = shares
        .iter()
        .map(|&(known, decibans)| {
            let term = model.words.term(question.known[known].term);
            Evidence { term, count: 0, decibans, spans: Vec::new() }
        })
        .collect();
    let [title, text] = question.article;
    let mut note = |term: TermRef, span: Span| {
        if let Some(&place) = wanted.get(&term) {
            let evidence = &mut evidence[place];
            evidence.count += 1;
            if evidence.spans.len() < Evidence::MAX_SPANS {
                evidence.spans.push(span);
            }
        }
    };
    let mut before: Option<Occurrence> = None;
    for occurrence in reader.occurrences(title, text) {
        let field = if occurrence.field == 0 { Field::Title } else { Field::Text };
        let span = |start| Span { field, bytes: start..occurrence.span.end };
        if let Some(before) = before.filter(|_| occurrence.joined) {
            note(TermRef::Pair(before.word, occurrence.word), span(before.span.start));
        }
        note(TermRef::Word(occurrence.word), span(occurrence.span.start));
        before = Some(occurrence);
    }
    evidence
}
