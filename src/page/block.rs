//! A page as a row of blocks: what one line or paragraph of it says, and where that stands.

use std::ops::Range;

use super::html::{Hints, Tag};

/// So many blocks of a page are read, and so many elements: no page that people read has as many, and memory stays bounded.
/// What follows is not looked at.
pub(super) const MAX_BLOCKS: usize = 1 << 18;

/// A page, read: its text in blocks, and the elements that hold them.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The text of all blocks, white space folded, a line break behind each.
    pub(super) text: String,
    /// In the order of the page.
    pub(super) blocks: Vec<Block>,
    /// The elements that hold blocks, each before those inside it. The first is the whole page.
    pub(super) nodes: Vec<Node>,
    /// The texts of links, as ranges of `text`, in order.
    pub(super) links: Vec<Range<usize>>,
    /// What the page says about itself.
    pub(super) facts: PageFacts,
}

/// One line or paragraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Its text, as a range of [`Document::text`].
    pub(super) text: Range<usize>,
    /// Where it stands, in bytes of the page as sent.
    pub(super) source: Range<usize>,
    /// The innermost element that holds it.
    pub(super) node: usize,
    pub(super) kind: Kind,
    /// How many words it has; of a script without spaces, half its characters.
    pub(super) words: u32,
    /// How many of them stand in links.
    pub(super) link_words: u32,
    /// Its links, as a range of [`Document::links`].
    pub(super) links: Range<usize>,
}

/// What a block is by its mark-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Paragraph,
    /// `h1` to `h6`.
    Heading(u8),
    Item,
    Cell,
    Caption,
    /// Text in an element that only breaks the line; lines of plain text.
    Line,
}

/// An element that holds blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) tag: Tag,
    pub(super) hints: Hints,
    /// The element around it; the first node is its own.
    pub(super) parent: usize,
    /// The first node behind it that is not inside it.
    pub(super) end: usize,
    /// The blocks inside it.
    pub(super) blocks: Range<usize>,
}

/// What a page says about itself, besides its text.
#[derive(Debug, Default)]
pub(super) struct PageFacts {
    /// `<title>`.
    pub(super) title: String,
    /// `<meta>`: name or property in lower case, and content.
    pub(super) metas: Vec<(String, String)>,
    /// `<script type="application/ld+json">`, and where each stands.
    pub(super) json_ld: Vec<(Range<usize>, String)>,
    /// `<time datetime>` and dates in microdata.
    pub(super) times: Vec<TimeMark>,
}

/// A time that the mark-up states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TimeMark {
    /// As written.
    pub(super) value: String,
    pub(super) role: TimeRole,
    /// The block that comes next.
    pub(super) block: usize,
}

/// What a stated time is the time of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeRole {
    Published,
    Updated,
    Unknown,
}

impl Document {
    /// The text of a block.
    pub(super) fn text_of(&self, block: &Block) -> &str {
        self.text.get(block.text.clone()).unwrap_or_default()
    }

    /// The element at `node`.
    pub(super) fn node(&self, node: usize) -> Option<&Node> {
        self.nodes.get(node)
    }

    /// The elements around `node`, itself first.
    pub(super) fn around(&self, node: usize) -> impl Iterator<Item = (usize, &Node)> {
        let mut next = Some(node);
        std::iter::from_fn(move || {
            let at = next?;
            let node = self.nodes.get(at)?;
            next = (node.parent < at).then_some(node.parent);
            Some((at, node))
        })
    }
}

/// How many words `text` has. Scripts without spaces count half of their characters.
pub(super) fn count_words(text: &str) -> u32 {
    let mut words = 0_u32;
    let mut inside = false;
    if text.is_ascii() {
        for byte in text.bytes() {
            let is_word = byte.is_ascii_alphanumeric();
            words += u32::from(is_word && !inside);
            inside = is_word || (inside && !byte.is_ascii_whitespace());
        }
        return words;
    }
    let mut unspaced = 0_u32;
    for c in text.chars() {
        if is_unspaced(c) {
            unspaced = unspaced.saturating_add(1);
            inside = false;
        } else if c.is_alphanumeric() {
            words = words.saturating_add(u32::from(!inside));
            inside = true;
        } else if c.is_whitespace() {
            inside = false;
        }
    }
    words.saturating_add(unspaced / 2)
}

/// Whether the script of `c` puts no space between words: Chinese, Japanese, Thai, Lao, Khmer, Burmese.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{2FA1F}')
}
