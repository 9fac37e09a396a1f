//! Pages that hold many articles, each in an element of its own: lists of news, fronts, blogs.

use std::ops::Range;

use super::{
    block::{Document, Kind},
    content::{Quality, Worth, without_source},
    html::{Hints, Tag},
    phrases::ends_sentence,
};

/// One article in an element of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) blocks: Range<usize>,
    /// The line that says what it is about, if it is not inside.
    pub(super) label: Option<usize>,
}

/// Fewer words are no article in an element of its own, and no item of a list.
const ARTICLE_WORDS: f64 = 25.0;
const LIST_WORDS: u32 = 4;

/// The articles of a page in elements of their own, if that is how the page is made.
pub(super) fn find(document: &Document, worth: &Worth, main: Range<usize>) -> Option<Vec<Item>> {
    let named = named(document, worth);
    if named.len() >= 2 { Some(named) } else { list(document, worth, main) }
}

/// Elements that say that they are articles: `<article>`, or one named as a body below a heading of its own.
fn named(document: &Document, worth: &Worth) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for is_article in
        [|n: &super::block::Node| n.tag == Tag::Article, |n: &super::block::Node| n.hints.any(Hints::BODY)]
    {
        items.clear();
        let mut until = 0;
        for (at, node) in document.nodes.iter().enumerate() {
            if at < until || !is_article(node) || worth.left_out.get(node.blocks.start) != Some(&false) {
                continue;
            }
            until = node.end;
            if worth.prose_words(&node.blocks) < ARTICLE_WORDS {
                continue;
            }
            let last = items.last().map_or(0, |item| item.blocks.end);
            let mut start = node.blocks.start;
            if node.tag != Tag::Article {
                let near = last.max(start.saturating_sub(8))..start;
                let heading = near.rev().find(|&at| {
                    document.blocks.get(at).is_some_and(|block| matches!(block.kind, Kind::Heading(1..=3)))
                });
                match heading {
                    Some(heading) => start = heading,
                    None => continue,
                }
            }
            items.push(Item { blocks: start..node.blocks.end, label: None });
        }
        let sizes = items.iter().map(|item| worth.prose_words(&item.blocks));
        let (largest, total) =
            sizes.fold((0.0_f64, 0.0), |(largest, total), size| (largest.max(size), total + size));
        if items.len() >= 2 && largest < 0.6 * total {
            return items;
        }
    }
    Vec::new()
}

/// The items of lists, where lists are what the page is made of.
fn list(document: &Document, worth: &Worth, main: Range<usize>) -> Option<Vec<Item>> {
    let (mut inside, mut all) = (0_u32, 0_u32);
    let mut items: Vec<(usize, Item)> = Vec::new();
    for at in main {
        let Some(block) = document.blocks.get(at).filter(|_| worth.left_out.get(at) == Some(&false)) else {
            continue;
        };
        let is_prose = worth.quality.get(at) == Some(&Quality::Prose);
        if is_prose {
            all += block.words;
        }
        let around = document.around(block.node).take(4).find(|(_, node)| node.tag == Tag::Item);
        let Some((item, node)) = around else { continue };
        // A scrap at the end of a nested list is an item too; one that a list follows is its label.
        let is_leaf = node.blocks.end <= at + 1 || is_prose;
        let text = without_source(document, block);
        let says_something = is_prose || (is_leaf && ends_sentence(text));
        if !says_something || block.words < LIST_WORDS {
            continue;
        }
        inside += if is_prose { block.words } else { 0 };
        match items.last_mut() {
            Some((last, entry)) if *last == item && entry.blocks.end == at => entry.blocks.end = at + 1,
            _ => items.push((item, Item { blocks: at..at + 1, label: label(document, worth, item, at) })),
        }
    }
    let enough = items.len() >= 3 && f64::from(inside) >= 0.6 * f64::from(all);
    enough.then(|| items.into_iter().map(|(_, item)| item).collect())
}

/// What stands above an item: the line of the item around its list, else the last line above the list that is no item.
fn label(document: &Document, worth: &Worth, item: usize, at: usize) -> Option<usize> {
    let outer = document.around(item).skip(1).take(3).find(|(_, node)| node.tag == Tag::Item);
    let first = outer.map(|(_, node)| node.blocks.start).filter(|&first| first < at);
    let usable = |first: &usize| {
        let short = document.blocks.get(*first).is_some_and(|block| block.words <= 20);
        short && worth.quality.get(*first) != Some(&Quality::Prose)
    };
    first.filter(usable)
}
