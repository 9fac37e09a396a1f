//! Which part of a page is content: what every block is worth, and the element that holds the most of it.
//!
//! The worth of a block is what readers come for, in words: sentences count, links and scraps count against. The element
//! is found from the bottom up: the one whose own paragraphs are worth most, then the one around it whose whole content is
//! worth most, because what else it holds (the rest of the article, or a column of teasers) adds or takes away. The ideas
//! are those of Arc90's Readability (paragraphs vote for their parents), boilerpipe (Kohlschütter et al. 2010: words and
//! link density tell most) and maximum subsequence segmentation (Pasternack and Roth 2009).

use std::{collections::HashMap, ops::Range};

use super::{
    block::{Block, Document, Kind, Node},
    html::{Hints, Tag},
    phrases::{ends_sentence, is_boilerplate},
};

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quality {
    /// A sentence or more.
    Prose,
    /// Too short or too unlike a sentence to tell.
    Scrap,
    /// Mostly links.
    Links,
    /// A line that stands on many pages and belongs to no article.
    Boilerplate,
    /// A line that this page says again and again: a caption, a headline.
    Repeated,
}

/// A paragraph of so many words is one, whatever it ends with.
const PROSE_WORDS: u32 = 18;
/// A paragraph of so many words that ends like a sentence is one.
const SENTENCE_WORDS: u32 = 6;
/// A longer bracket is no source.
const MAX_SOURCE_BYTES: usize = 80;
/// No more brackets at the end of a paragraph are sources.
const MAX_SOURCES: usize = 16;
/// Longer paragraphs are no captions, however often they are repeated.
const MAX_REPEATED_WORDS: u32 = 40;
/// A body that holds so much of the page's prose is that of the article.
const MAIN_BODY: f64 = 0.25;
/// Words of prose in an element beside an article that could be the article itself.
const MIN_ASIDE: f64 = 120.0;
/// More of a block's words than this in links: it is a list of links, unless it reads like a sentence.
const MAX_LINK_SHARE: f64 = 0.5;

/// The text of a block without the sources behind it: names in brackets after the last sentence, "(Reuters) (AP)".
pub(super) fn without_source<'a>(document: &'a Document, block: &Block) -> &'a str {
    let whole = document.text_of(block);
    let mut text = whole;
    for _ in 0..MAX_SOURCES {
        let Some(before) = without_last_bracket(text) else { break };
        text = before;
    }
    if ends_sentence(text) { text } else { whole }
}

/// What stands before a bracket at the end of `text` that holds a few words and no sentence.
fn without_last_bracket(text: &str) -> Option<&str> {
    let inner = text.trim_end().strip_suffix(')')?;
    let open = inner.rfind('(')?;
    let (before, inside) = (inner.get(..open)?.trim_end(), inner.get(open + 1..)?);
    let is_name = inside.len() <= MAX_SOURCE_BYTES && !inside.trim_end().ends_with(['.', '!', '?']);
    (is_name && (ends_sentence(before) || before.ends_with(')'))).then_some(before)
}

pub(super) fn quality(document: &Document, block: &Block) -> Quality {
    let text = without_source(document, block);
    if block.words == 0 {
        return Quality::Scrap;
    }
    if is_boilerplate(text, block.words) {
        return Quality::Boilerplate;
    }
    let link_share = f64::from(block.link_words) / f64::from(block.words.max(1));
    let ends = ends_sentence(text);
    let free_words = block.words.saturating_sub(block.link_words);
    if link_share > MAX_LINK_SHARE && !(ends && free_words >= SENTENCE_WORDS && link_share < 0.8) {
        return Quality::Links;
    }
    if matches!(block.kind, Kind::Heading(_)) {
        return Quality::Scrap;
    }
    if (ends && block.words >= SENTENCE_WORDS) || (block.words >= PROSE_WORDS && looks_like_sentences(text)) {
        Quality::Prose
    } else {
        Quality::Scrap
    }
}

/// Marks short paragraphs that the page repeats. A whole article that is there twice (once for telephones, say) is not
/// meant: of that, the first is kept later on.
fn mark_repeated(document: &Document, quality: &mut [Quality]) {
    let mut places: HashMap<&str, (usize, usize, bool)> = HashMap::new();
    let short = |block: &Block| (1..=MAX_REPEATED_WORDS).contains(&block.words);
    for (at, block) in document.blocks.iter().enumerate().filter(|(_, block)| short(block)) {
        let (count, last, near) = places.entry(document.text_of(block)).or_insert((0, at, false));
        *near |= *count > 0 && at - *last <= 2;
        *count += 1;
        *last = at;
    }
    for (block, quality) in document.blocks.iter().zip(quality) {
        if matches!(quality, Quality::Prose | Quality::Scrap)
            && short(block)
            && let Some(&(count, _, near)) = places.get(document.text_of(block))
            && (count >= 3 || (count == 2 && near))
        {
            *quality = Quality::Repeated;
        }
    }
}

/// Long text may lack a full stop at its end, but not small words: a list of names or places has none.
fn looks_like_sentences(text: &str) -> bool {
    let (mut lower, mut all) = (0_u32, 0_u32);
    for word in text.split_whitespace() {
        all += 1;
        lower += u32::from(
            word.chars().next().is_some_and(|c| c.is_lowercase() || !c.is_uppercase() && c.is_alphabetic()),
        );
    }
    lower * 5 >= all * 2
}

/// What blocks and elements of a page are worth.
pub(super) struct Worth {
    pub(super) quality: Vec<Quality>,
    /// For every block whether an element around it speaks against it.
    pub(super) left_out: Vec<bool>,
    /// Sums up to every block: worth, words of prose.
    worth: Vec<f64>,
    prose: Vec<f64>,
}

impl Worth {
    /// Weighs a page.
    pub(super) fn of(document: &Document) -> Self {
        let mut quality: Vec<Quality> = document.blocks.iter().map(|b| quality(document, b)).collect();
        mark_repeated(document, &mut quality);
        let prose = sums(document.blocks.iter().zip(&quality).map(|(block, quality)| match quality {
            Quality::Prose => f64::from(block.words),
            _ => 0.0,
        }));
        let total = prose.last().copied().unwrap_or(0.0);
        let mut left_out = left_out(document, &prose, true);
        let remains = |left_out: &[bool]| -> f64 {
            let blocks = document.blocks.iter().zip(&quality).zip(left_out);
            let kept = blocks.filter(|((_, quality), out)| **quality == Quality::Prose && !**out);
            kept.map(|((block, _), _)| f64::from(block.words)).sum()
        };
        // Names that leave next to nothing mean something else on this page.
        if remains(&left_out) < 80.0_f64.min(0.5 * total).max(0.15 * total) {
            left_out = self::left_out(document, &prose, false);
        }
        let mut worth = Self { quality, left_out, worth: Vec::new(), prose: Vec::new() };
        worth.prose = sums(
            document
                .blocks
                .iter()
                .enumerate()
                .map(|(at, block)| if worth.is_prose(at) { f64::from(block.words) } else { 0.0 }),
        );
        worth
    }

    /// Whether the block at `at` is prose that nothing speaks against.
    pub(super) fn is_prose(&self, at: usize) -> bool {
        self.quality.get(at) == Some(&Quality::Prose) && self.left_out.get(at) == Some(&false)
    }

    /// Words of prose in `blocks`.
    pub(super) fn prose_words(&self, blocks: &Range<usize>) -> f64 {
        between(&self.prose, blocks)
    }

    /// The element that holds the main content of `scope`, if there is any.
    pub(super) fn main(&mut self, document: &Document, scope: usize) -> Option<usize> {
        let within = document.node(scope)?.blocks.clone();
        let mut own = vec![0.0; document.nodes.len()];
        let mut holders = vec![usize::MAX; document.blocks.len()];
        for (at, block) in document.blocks.iter().enumerate() {
            if self.is_prose(at) && within.contains(&at) {
                let holder = holder(document, block.node);
                let points = paragraph_points(block);
                if let (Some(sum), Some(place)) = (own.get_mut(holder), holders.get_mut(at)) {
                    *sum += points;
                    *place = holder;
                }
            }
        }
        for (at, sum) in own.iter_mut().enumerate() {
            if *sum > 0.0 {
                *sum *= trust(document, at);
            }
        }
        // The best; of equals the first.
        let best = own.iter().enumerate().filter(|(_, sum)| **sum > 0.0);
        let best = best.fold(None, |best: Option<(usize, f64)>, (at, &sum)| match best {
            Some((_, most)) if most >= sum => best,
            _ => Some((at, sum)),
        });
        let (best, most) = best?;
        self.worth = sums(document.blocks.iter().enumerate().map(|(at, block)| {
            if self.left_out.get(at) != Some(&false) {
                return 0.0;
            }
            match self.quality.get(at) {
                Some(Quality::Prose) => {
                    let holder = holders.get(at).copied().unwrap_or(usize::MAX);
                    let cluster = own.get(holder).copied().unwrap_or(0.0);
                    // Paragraphs far from any others are teasers more often than not.
                    let weight = match cluster {
                        _ if cluster >= 0.35 * most || cluster >= 120.0 => 1.0,
                        _ if cluster >= 0.15 * most && cluster >= 40.0 => 0.6,
                        _ => 0.15,
                    };
                    f64::from(block.words) * weight
                }
                Some(Quality::Links) => -6.0,
                Some(Quality::Boilerplate) => -2.0,
                _ => -1.0,
            }
        }));
        let mut main = best;
        let mut highest = f64::MIN;
        for (at, node) in document.around(best) {
            let worth = between(&self.worth, &node.blocks);
            if worth > highest + 0.05 * highest.abs() + 10.0 || highest == f64::MIN {
                (main, highest) = (at, worth);
            }
            if at == scope {
                break;
            }
        }
        Some(main)
    }
}

/// What a paragraph says for the element that holds it: its words outside links, long ones more surely.
fn paragraph_points(block: &Block) -> f64 {
    let words = f64::from(block.words.saturating_sub(block.link_words));
    if block.words >= 20 { words } else { words * 0.5 }
}

/// How far the names around an element speak for its paragraphs.
fn trust(document: &Document, node: usize) -> f64 {
    let mut hints = Hints::default();
    for (_, around) in document.around(node).take(8) {
        if !matches!(around.tag, Tag::Body | Tag::Html) {
            hints |= around.hints;
        }
    }
    let mut trust = 1.0;
    if hints.any(Hints::ARTICLE_BODY) {
        trust *= 2.0;
    }
    if hints.any(Hints::BODY) {
        trust *= 1.5;
    }
    if hints.any(Hints::ARTICLE) {
        trust *= 1.2;
    }
    trust
}

/// The element that a paragraph speaks for: the first around it that can hold several.
fn holder(document: &Document, node: usize) -> usize {
    let mut last = node;
    for (at, around) in document.around(node) {
        last = at;
        let holds_lines = matches!(
            around.tag,
            Tag::P
                | Tag::Pre
                | Tag::Blockquote
                | Tag::List
                | Tag::Item
                | Tag::Term
                | Tag::Heading(_)
                | Tag::Inline
                | Tag::Time
        );
        if !holds_lines && around.blocks.len() > 1 {
            break;
        }
    }
    last
}

/// Which blocks stand in elements that are not content.
fn left_out(document: &Document, prose: &[f64], believe_asides: bool) -> Vec<bool> {
    let total = document.nodes.first().map_or(0.0, |root| between(prose, &root.blocks));
    let is_body = |node: &Node| node.hints.any(Hints::BODY) && !node.hints.any(Hints::against());
    // The largest body and how much is in it; of equals the first.
    let (mut largest, mut body) = (0, 0.0_f64);
    for (at, node) in document.nodes.iter().enumerate().filter(|(_, node)| is_body(node)) {
        let inside = between(prose, &node.blocks);
        if inside > body {
            (largest, body) = (at, inside);
        }
    }
    let bodies = sums(document.nodes.iter().map(|n| if n.hints.any(Hints::BODY) { 1.0 } else { 0.0 }));
    let mut around = Around::default();
    let hard = Hints::COMMENTS | Hints::NAVIGATION | Hints::HIDDEN;
    let mut out = vec![false; document.blocks.len()];
    let mut out_until = 0;
    for (at, node) in document.nodes.iter().enumerate().skip(1) {
        let is_page = matches!(node.tag, Tag::Html | Tag::Body | Tag::Main);
        let body_around = around.enter(at, node, is_body(node));
        if at < out_until || is_page || !node.hints.any(Hints::against()) {
            continue;
        }
        // What holds the body of the article is not beside it, whatever else its name says.
        if (at..node.end).contains(&largest) && body >= MAIN_BODY * total && !node.hints.any(Hints::HIDDEN) {
            continue;
        }
        if (node.hints.any(Hints::BODY) || node.tag == Tag::Article) && !node.hints.any(hard) {
            continue;
        }
        let inside = between(prose, &node.blocks);
        let outside = total - inside;
        let holds_body = between(&bodies, &(at..node.end)) > 0.0;
        // A name that speaks against most of the page means something else there.
        let is_out = if node.hints.any(Hints::COMMENTS) {
            outside >= 60.0 || inside < 0.3 * total
        } else if node.hints.any(hard) {
            inside <= 0.6 * total || body > inside
        } else if node.hints.any(Hints::CAPTION | Hints::BYLINE) {
            inside <= 0.3 * total
        } else {
            // A long paragraph is a paragraph, whatever it is called.
            let is_paragraph = node.tag == Tag::P && inside >= 40.0;
            // Neither is most of an article beside it.
            let is_most = body_around
                .and_then(|body| document.node(body))
                .is_some_and(|body| inside > 0.5 * between(prose, &body.blocks) && inside > MIN_ASIDE);
            let is_small = inside <= 0.35 * total || (body > inside && !holds_body);
            believe_asides && !is_paragraph && !is_most && is_small
        };
        if is_out && let Some(blocks) = out.get_mut(node.blocks.clone()) {
            blocks.fill(true);
            out_until = node.end;
        }
    }
    out
}

/// The bodies around the element that is being looked at.
#[derive(Default)]
struct Around {
    /// Bodies that have begun and not ended.
    open: Vec<(usize, usize)>,
}

impl Around {
    /// The innermost body around the element at `at`; elements come in the order of the page.
    fn enter(&mut self, at: usize, node: &Node, is_body: bool) -> Option<usize> {
        while self.open.last().is_some_and(|&(_, end)| end <= at) {
            self.open.pop();
        }
        let body = self.open.last().map(|&(body, _)| body);
        if is_body {
            self.open.push((at, node.end));
        }
        body
    }
}

fn sums(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut total = 0.0;
    let mut sums = vec![0.0];
    sums.extend(values.map(|value| {
        total += value;
        total
    }));
    sums
}

fn between(sums: &[f64], range: &Range<usize>) -> f64 {
    let at = |i: usize| sums.get(i).copied().unwrap_or(0.0);
    at(range.end) - at(range.start)
}
