//! The text of the one article in a part of a page.

use std::{collections::HashSet, ops::Range};

use super::{
    block::{Block, Document, Kind},
    content::{Quality, Worth, without_source},
    html::{Hints, Tag},
    phrases::ends_sentence,
    stated::is_date_line,
};

/// So much of a table is looked at.
const MAX_CELLS: usize = 64;

/// The blocks of `range` that belong to the article's text, in order.
pub(super) fn body(document: &Document, worth: &Worth, range: Range<usize>) -> Vec<usize> {
    let prose: Vec<usize> = range.clone().filter(|&at| worth.is_prose(at)).collect();
    let (Some(&first), Some(&last)) = (prose.first(), prose.last()) else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for at in opening(document, worth, range.start, first)..range.end {
        let Some(block) = document.blocks.get(at) else { break };
        if worth.left_out.get(at) != Some(&false) {
            continue;
        }
        let text = without_source(document, block);
        let keep = match worth.quality.get(at) {
            Some(Quality::Prose) => true,
            Some(Quality::Scrap) if at < first => true,
            Some(Quality::Scrap) if at < last => belongs_between(document, worth, at, text),
            // The end of a list may be scraps, and so may the last words; anything else behind the last sentence is not
            // the article.
            Some(Quality::Scrap) => {
                let ends = match block.kind {
                    Kind::Item => true,
                    Kind::Paragraph => ends_sentence(text) && same_parent(document, block, at.checked_sub(1)),
                    _ => false,
                };
                ends && block.link_words == 0 && block.words >= 2 && kept.last().copied() == at.checked_sub(1)
            }
            _ => false,
        };
        // What is said twice is a caption or a quotation set large.
        if keep && (block.words < 4 || seen.insert(text)) {
            kept.push(at);
        }
    }
    kept
}

/// So far before the body its lead may stand, in blocks.
const NEAR: usize = 16;

/// The paragraphs between the headline of the page and `body`, in which the rest of the article stands: a lead that the page
/// shows above a picture or the name of the author.
pub(super) fn lead(document: &Document, worth: &Worth, body: &Range<usize>) -> Vec<usize> {
    let near = body.start.saturating_sub(NEAR)..body.start;
    let is_headline = |at: &usize| {
        let block = document.blocks.get(*at);
        block.is_some_and(|block| block.kind == Kind::Heading(1)) && worth.left_out.get(*at) == Some(&false)
    };
    let Some(headline) = near.rev().find(is_headline) else { return Vec::new() };
    let is_lead = |at: &usize| {
        let Some(block) = document.blocks.get(*at) else { return false };
        let text = document.text_of(block);
        worth.is_prose(*at) && block.link_words == 0 && ends_sentence(text)
    };
    (headline + 1..body.start).filter(is_lead).collect()
}

/// Where the article begins: short sentences, or a long one set as a heading, right before its first paragraph, `first`, and
/// beside it.
fn opening(document: &Document, worth: &Worth, start: usize, first: usize) -> usize {
    let Some(paragraph) = document.blocks.get(first) else { return first };
    let opens = |at: &usize| {
        let Some(block) = document.blocks.get(*at) else { return false };
        let text = document.text_of(block);
        let is_sentence = match block.kind {
            Kind::Paragraph => block.words >= 2,
            Kind::Heading(level) => level > 1 && block.words >= 12,
            _ => false,
        };
        is_sentence
            && block.link_words == 0
            && ends_sentence(text)
            && worth.quality.get(*at) == Some(&Quality::Scrap)
            && worth.left_out.get(*at) == Some(&false)
            && same_parent(document, paragraph, Some(*at))
            && !is_date_line(text)
            && !is_byline(text, block.words)
    };
    (start..first).rev().take_while(opens).last().unwrap_or(first)
}

/// Whether `block` stands beside the block at `other` in the same element, or in its element.
fn same_parent(document: &Document, block: &Block, other: Option<usize>) -> bool {
    let parent = |node: usize| document.node(node).map(|node| node.parent);
    other.and_then(|at| document.blocks.get(at)).is_some_and(|other| {
        parent(other.node) == parent(block.node) || parent(other.node) == Some(block.node)
    })
}

/// Whether something between sentences that is no sentence belongs to them.
fn belongs_between(document: &Document, worth: &Worth, at: usize, text: &str) -> bool {
    let Some(block) = document.blocks.get(at) else { return false };
    if block.words == 0 || is_date_line(text) || is_byline(text, block.words) {
        return false;
    }
    let is = |place: Option<usize>| place.is_some_and(|place| worth.is_prose(place));
    match block.kind {
        Kind::Heading(_) => block.link_words * 2 <= block.words && (1..=3).any(|n| is(Some(at + n))),
        Kind::Paragraph | Kind::Item => block.link_words * 3 <= block.words,
        Kind::Cell => block.link_words == 0 && (near_prose(worth, at) || is_in_data(document, block)),
        Kind::Line => {
            block.link_words == 0 && is(at.checked_sub(1)) && is(Some(at + 1)) && is_alone(document, block)
        }
        Kind::Caption => false,
    }
}

/// Whether a cell stands in a table of figures and names, not of links and not of the page's layout.
fn is_in_data(document: &Document, block: &Block) -> bool {
    let Some((at, table)) = document.around(block.node).take(6).find(|(_, node)| node.tag == Tag::Table)
    else {
        return false;
    };
    let blocks = document.blocks.get(table.blocks.clone()).unwrap_or_default();
    let (mut words, mut in_links) = (0_u32, 0_u32);
    for cell in blocks.iter().take(MAX_CELLS) {
        words += cell.words;
        in_links += cell.link_words;
    }
    let rows = document.nodes.get(at..table.end).unwrap_or_default().iter();
    let rows = rows.take(MAX_CELLS).filter(|node| node.tag == Tag::Row).count();
    rows >= 2 && blocks.len() >= 2 * rows && in_links * 5 <= words && words as usize <= 8 * blocks.len()
}

fn near_prose(worth: &Worth, at: usize) -> bool {
    (at.saturating_sub(3)..at + 4).any(|place| worth.is_prose(place))
}

/// Whether a line is a paragraph by another name: not set apart inside its line.
fn is_alone(document: &Document, block: &Block) -> bool {
    document
        .node(block.node)
        .is_some_and(|node| !matches!(node.tag, Tag::Inline | Tag::Time) && !node.hints.any(Hints::against()))
}

/// Whether a line says who wrote.
fn is_byline(text: &str, words: u32) -> bool {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    words <= 10
        && ["by ", "von ", "por ", "par ", "written by ", "reporting by ", "editing by "]
            .iter()
            .any(|w| begins(w))
}
