//! The text of the one article in a part of a page.

use std::{collections::HashSet, ops::Range};

use super::{
    block::{Block, Document, Kind},
    content::{Quality, Worth, without_source},
    html::{Hints, Tag},
    stated::is_date_line,
};

/// The blocks of `range` that belong to the article's text, in order.
pub(super) fn body(document: &Document, worth: &Worth, range: Range<usize>, title: &str) -> Vec<usize> {
    let prose: Vec<usize> = range.clone().filter(|&at| worth.is_prose(at)).collect();
    let (Some(&first), Some(&last)) = (prose.first(), prose.last()) else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for at in first..range.end {
        let Some(block) = document.blocks.get(at) else { break };
        if worth.left_out.get(at) != Some(&false) {
            continue;
        }
        let text = without_source(document, block);
        let keep = match worth.quality.get(at) {
            Some(Quality::Prose) => true,
            Some(Quality::Scrap) if at < last => belongs_between(document, worth, at, title, text),
            // The end of a list may be scraps; anything else behind the last sentence is not the article.
            Some(Quality::Scrap) => {
                block.kind == Kind::Item && block.link_words == 0 && kept.last() == Some(&(at - 1)) && block.words >= 2
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

/// Whether something between sentences that is no sentence belongs to them.
fn belongs_between(document: &Document, worth: &Worth, at: usize, title: &str, text: &str) -> bool {
    let Some(block) = document.blocks.get(at) else { return false };
    if block.words == 0 || is_date_line(text) || is_byline(text, block.words) || text == title {
        return false;
    }
    let is = |place: Option<usize>| place.is_some_and(|place| worth.is_prose(place));
    match block.kind {
        Kind::Heading(_) => block.link_words * 2 <= block.words && (1..=3).any(|n| is(Some(at + n))),
        Kind::Paragraph | Kind::Item => block.link_words * 3 <= block.words,
        Kind::Cell => block.link_words == 0 && near_prose(worth, at),
        Kind::Line => block.link_words == 0 && is(at.checked_sub(1)) && is(Some(at + 1)) && is_alone(document, block),
        Kind::Caption => false,
    }
}

fn near_prose(worth: &Worth, at: usize) -> bool {
    (at.saturating_sub(3)..at + 4).any(|place| worth.is_prose(place))
}

/// Whether a line is a paragraph by another name: not set apart inside its line.
fn is_alone(document: &Document, block: &Block) -> bool {
    document.node(block.node).is_some_and(|node| !matches!(node.tag, Tag::Inline | Tag::Time) && !node.hints.any(Hints::against()))
}

/// Whether a line says who wrote.
fn is_byline(text: &str, words: u32) -> bool {
    let begins = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    words <= 10 && ["by ", "von ", "por ", "par ", "written by ", "reporting by ", "editing by "].iter().any(|w| begins(w))
}
