//! Where one article ends and the next begins in a row of paragraphs and other lines.
//!
//! Paragraphs that follow each other belong together. Between two such runs stand other lines, and those tell, together
//! with a change of subject, whether a new article begins.

use std::{collections::HashMap, ops::Range};

use super::{
    block::{Document, Kind},
    content::{Quality, Worth, without_source},
    stated::is_date_line,
    subject::{Subject, SubjectReader},
    title::{can_be_title, overlap, stems},
};

/// Paragraphs of one article, and the lines around them that may say what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// From its first paragraph to its last.
    pub(super) blocks: Range<usize>,
    /// The other lines before it.
    pub(super) before: Range<usize>,
    /// The other lines behind it.
    pub(super) after: Range<usize>,
}

/// So much evidence makes a new article.
pub(super) const ENOUGH: f64 = 3.2;
/// Inside an element that says it is one article, more is needed.
pub(super) const ENOUGH_IN_BODY: f64 = 5.2;
/// Stretches of fewer words than this are no article where a longer one is.
const SMALL: u32 = 25;
/// So many lines around the content may still be an article's headline or date.
const NEAR: usize = 12;
/// Fewer words than this have no subject that could be compared.
const COMPARABLE: u32 = 60;

/// Cuts `range` into articles.
pub(super) fn stretches(
    document: &Document,
    worth: &Worth,
    range: Range<usize>,
    needed: f64,
    subjects: &mut dyn SubjectReader,
) -> Vec<Stretch> {
    if are_items(document, worth, &range) {
        return items(worth, &range);
    }
    let runs = runs(worth, &range);
    let repeated = repeated(document, &range);
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut subject: Option<(Subject, u32)> = None;
    for (n, run) in runs.iter().enumerate() {
        let words: u32 = words(document, worth, run);
        let read =
            if runs.len() > 1 { subjects.read(&text(document, worth, run)) } else { Subject::default() };
        let next = runs.get(n + 1).map_or((range.end + NEAR).min(document.blocks.len()), |next| next.start);
        let before = stretches.last().map_or(range.start.saturating_sub(NEAR), |s| s.blocks.end)..run.start;
        let goes_on = match (stretches.last(), &subject) {
            (Some(_), Some((last, last_words))) => {
                let structure = structure(document, worth, &before, &repeated);
                let change = change(last, *last_words, &read, words);
                structure + change < needed
            }
            _ => false,
        };
        match stretches.last_mut() {
            Some(last) if goes_on => {
                last.blocks.end = run.end;
                last.after = run.end..next;
            }
            _ => stretches.push(Stretch { blocks: run.clone(), before, after: run.end..next }),
        }
        // Short runs have too little to compare the next one with.
        if !goes_on || words >= COMPARABLE {
            subject = Some((read, words));
        }
    }
    without_small(document, worth, stretches)
}

/// Whether the paragraphs of `range` are items of news: most name their source behind them.
fn are_items(document: &Document, worth: &Worth, range: &Range<usize>) -> bool {
    let prose = range.clone().filter(|&at| worth.is_prose(at)).filter_map(|at| document.blocks.get(at));
    let (all, sourced) = prose.fold((0_usize, 0_usize), |(all, sourced), block| {
        let has_source = without_source(document, block).len() < document.text_of(block).len();
        (all + 1, sourced + usize::from(has_source))
    });
    all >= 3 && sourced * 10 >= all * 7
}

/// Every paragraph for itself, with the lines before it.
fn items(worth: &Worth, range: &Range<usize>) -> Vec<Stretch> {
    let mut last = range.start;
    let prose = range.clone().filter(|&at| worth.is_prose(at));
    prose
        .map(|at| {
            let before = std::mem::replace(&mut last, at + 1)..at;
            Stretch { blocks: at..at + 1, before, after: at + 1..at + 1 }
        })
        .collect()
}

/// Runs of paragraphs.
fn runs(worth: &Worth, range: &Range<usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in range.clone().filter(|&at| worth.is_prose(at)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

fn words(document: &Document, worth: &Worth, run: &Range<usize>) -> u32 {
    let blocks = run.clone().filter(|&at| worth.is_prose(at));
    blocks.filter_map(|at| document.blocks.get(at)).map(|block| block.words).sum()
}

fn text(document: &Document, worth: &Worth, run: &Range<usize>) -> String {
    let mut text = String::new();
    for block in run.clone().filter(|&at| worth.is_prose(at)).filter_map(|at| document.blocks.get(at)) {
        text.push_str(without_source(document, block));
        text.push_str("\n\n");
    }
    text
}

/// How often every short line of `range` occurs in it.
fn repeated<'a>(document: &'a Document, range: &Range<usize>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    let blocks = document.blocks.get(range.clone()).unwrap_or_default();
    for block in blocks.iter().filter(|block| block.words <= 40) {
        *counts.entry(document.text_of(block)).or_default() += 1;
    }
    counts
}

/// How far the lines between two runs speak for a new article.
fn structure(document: &Document, worth: &Worth, gap: &Range<usize>, repeated: &HashMap<&str, usize>) -> f64 {
    let mut points: f64 = 0.0;
    let (mut lines, mut again, mut titles, mut headings) = (0_u32, 0_u32, 0_u32, 0.0_f64);
    for at in gap.clone() {
        let Some(block) = document.blocks.get(at) else { continue };
        let line = document.text_of(block);
        lines += 1;
        if is_date_line(line) {
            // Under a headline it opens an article; alone it may be a caption's.
            points += if titles > 0 { 2.5 } else { 0.5 };
        } else if repeated.get(line).is_some_and(|&count| count > 1) {
            again += 1;
        }
        if can_be_title(document, worth, at) {
            titles += 1;
        }
        if let Kind::Heading(level) = block.kind {
            let linked = block.link_words * 5 > block.words * 4;
            headings = headings.max(if linked {
                2.5
            } else if level <= 2 {
                1.0
            } else {
                0.5
            });
        }
        if worth.quality.get(at) == Some(&Quality::Boilerplate) {
            points += 0.5;
        }
    }
    points.min(3.0)
        + headings
        + f64::from(again.min(4)) * 0.5
        + if titles > 0 { 0.6 } else { 0.0 }
        + if lines >= 4 { 0.5 } else { 0.0 }
}

/// How far a change of subject speaks for a new article. The bounds are those between parts of one article and parts of
/// different ones: of pairs of 150 words with terms weighted by rarity, 5% of the former are below 0.10 and 5% of the
/// latter above 0.05.
fn change(before: &Subject, words_before: u32, after: &Subject, words_after: u32) -> f64 {
    let Some(similarity) = before.similarity(after) else { return 0.0 };
    let terms = if similarity < 0.03 {
        2.0
    } else if similarity < 0.06 {
        1.5
    } else if similarity < 0.1 {
        0.0
    } else {
        -2.0
    };
    let topics = match before.shared_topics(after) {
        Some(shared) if shared < 0.35 => 1.0,
        Some(shared) if shared > 0.8 => -0.5,
        _ => 0.0,
    };
    let certain = words_before.min(words_after) >= COMPARABLE;
    if certain { terms + topics } else { (terms + topics) * 0.5 }
}

/// Takes out what is too small to be an article beside others.
fn without_small(document: &Document, worth: &Worth, stretches: Vec<Stretch>) -> Vec<Stretch> {
    let size = |s: &Stretch| words(document, worth, &s.blocks);
    let longest = stretches.iter().map(size).max().unwrap_or(0);
    let enough = if longest >= 4 * SMALL { SMALL } else { 12 };
    stretches.into_iter().filter(|s| size(s) >= enough.min(longest)).filter(|_| longest >= 12).collect()
}

/// The headline of a stretch: the line around it whose words its text has, of equals the nearest before it.
pub(super) fn title(document: &Document, worth: &Worth, stretch: &Stretch, text: &str) -> Option<usize> {
    let article = stems(text);
    let before = stretch.before.clone().rev().take(NEAR).map(|at| (at, true));
    let after = stretch.after.clone().take(NEAR / 2).map(|at| (at, false));
    let mut best: Option<(f64, usize)> = None;
    for (distance, (at, is_before)) in before.chain(after).enumerate() {
        if !can_be_title(document, worth, at) {
            continue;
        }
        let Some(block) = document.blocks.get(at) else { continue };
        let share = overlap(document.text_of(block), &article);
        let is_heading = matches!(block.kind, Kind::Heading(_));
        // Right above the text a line needs to share less to be its headline.
        let needed = match (is_before, is_heading, distance) {
            (true, true, _) => 0.0,
            (true, false, 0..=3) => 0.2,
            (true, false, _) => 0.4,
            (false, _, _) => 0.5,
        };
        let points =
            share + if is_heading && is_before { 0.3 } else { 0.0 } + if is_before { 0.05 } else { 0.0 };
        if share >= needed && block.words >= 3 && best.is_none_or(|(most, _)| points > most + 1e-9) {
            best = Some((points, at));
        }
    }
    best.map(|(_, at)| at)
}
