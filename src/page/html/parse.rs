//! Builds a [`Document`] from the tokens of a page.

use std::ops::Range;

use super::{
    hints::Hints,
    start::{MAX_FACTS, Start},
    tags::Tag,
    text::decoded,
    tokens::{Sink, tokenize},
};
use crate::page::block::{Document, MAX_BLOCKS, Node};

/// Elements nested deeper than this count as part of the one at that depth. Browsers stop at 512.
const MAX_DEPTH: usize = 512;

/// So much JSON-LD is looked at.
const MAX_JSON_BYTES: usize = 2 << 20;

/// Reads a page.
pub(in crate::page) fn parse(page: &str) -> Document {
    let mut builder = Builder::new(page);
    tokenize(page, &mut builder);
    builder.finish()
}

/// An element that has begun and not ended.
pub(super) struct Open {
    pub(super) tag: Tag,
    pub(super) name: u64,
    /// Where it is in the document, if it holds blocks.
    pub(super) node: Option<usize>,
}

pub(super) struct Builder<'a> {
    pub(super) page: &'a str,
    pub(super) document: Document,
    pub(super) open: Vec<Open>,
    /// For every name how many elements of it are open; names share a place, which only costs a search in vain.
    open_names: [u16; 256],
    start: Start,
    /// How many open elements are not text of the page, are links, are preformatted.
    pub(super) dropped: usize,
    pub(super) links: usize,
    pub(super) preformatted: usize,
    /// Where the block that is being read begins in the text and in the page, and where it ends in the page.
    pub(super) block_start: usize,
    pub(super) source: Option<Range<usize>>,
    pub(super) pending: Pending,
    pub(super) first_link: usize,
    pub(super) link_start: Option<usize>,
    pub(super) script: Option<Range<usize>>,
    pub(super) in_title: bool,
}

/// White space that stands before the next character.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    Nothing,
    Space,
    Line,
}

impl Sink for Builder<'_> {
    fn attribute(&mut self, name: &str, value: &str) {
        self.start.attribute(name, value);
    }

    fn start_tag(&mut self, name: &str, self_closing: bool, end: usize) {
        self.start.named(name);
        self.begin(self_closing, end);
        self.start = Start::default();
    }

    fn end_tag(&mut self, name: &str) {
        let mut lower = [0; MAX_NAME_BYTES];
        self.end(lower_case(name, &mut lower));
    }

    fn text(&mut self, place: Range<usize>, decode: bool) {
        let text = self.page.get(place.clone()).unwrap_or_default();
        if !decode || (self.dropped > 0 && !self.in_title) {
            self.characters(text, place);
            return;
        }
        for (text, place) in decoded(text, place.start) {
            self.characters(&text, place);
        }
    }
}

impl<'a> Builder<'a> {
    fn new(page: &'a str) -> Self {
        let root = Node { tag: Tag::Html, hints: Hints::default(), parent: 0, end: 0, blocks: 0..0 };
        Self {
            page,
            document: Document { nodes: vec![root], ..Document::default() },
            open: Vec::new(),
            open_names: [0; 256],
            start: Start::default(),
            dropped: 0,
            links: 0,
            preformatted: 0,
            block_start: 0,
            source: None,
            pending: Pending::Nothing,
            first_link: 0,
            link_start: None,
            script: None,
            in_title: false,
        }
    }

    fn finish(mut self) -> Document {
        self.flush();
        while self.open.pop().is_some_and(|open| self.closed(&open)) {}
        let mut document = self.document;
        let (nodes, blocks) = (document.nodes.len(), document.blocks.len());
        if let Some(root) = document.nodes.first_mut() {
            root.end = nodes;
            root.blocks = 0..blocks;
        }
        document
    }

    fn begin(&mut self, self_closing: bool, end: usize) {
        let tag = Tag::new(&self.start.name);
        self.start.note_facts(tag, &mut self.document);
        if tag == Tag::Br {
            self.line_break();
            return;
        }
        if tag.breaks_line() && self.dropped == 0 {
            self.flush();
        }
        self.close_implied(tag);
        match tag {
            Tag::Void if self.start.name == b"hr" => self.flush(),
            Tag::Script if self.start.is_json_ld => self.script = Some(end..end),
            Tag::Title => {
                self.in_title = self.document.facts.title.is_empty() && self.document.blocks.is_empty()
            }
            _ => {}
        }
        // Only elements of SVG and MathML can close themselves; what the tokenizer reads as text has begun in any case.
        let is_text = matches!(
            self.start.name.as_slice(),
            b"iframe" | b"noembed" | b"noframes" | b"noscript" | b"style" | b"textarea" | b"xmp"
        );
        let closed = self_closing && !is_text && matches!(tag, Tag::Inline | Tag::Dropped);
        if !tag.is_void() && !closed && self.open.len() < MAX_DEPTH {
            self.push(tag);
        }
    }

    /// Ends the elements that cannot go on when `tag` starts.
    fn close_implied(&mut self, tag: Tag) {
        if tag.closes_paragraph() {
            let inner = self.open.iter().rposition(|open| open.tag.breaks_line());
            if let Some(at) = inner.filter(|&at| self.open.get(at).is_some_and(|open| open.tag == Tag::P)) {
                self.close_down_to(at);
            }
        }
        let ends_head = !matches!(tag, Tag::Title | Tag::Meta | Tag::Script | Tag::Dropped | Tag::Void);
        if ends_head && self.open.last().is_some_and(|open| open.tag == Tag::Head) {
            self.close_down_to(self.open.len() - 1);
        }
        let mut found = None;
        for (at, open) in self.open.iter().enumerate().rev() {
            match tag.closes(open.tag) {
                Some(true) => found = Some(at),
                Some(false) => break,
                None if found.is_some() => break,
                None if tag == Tag::A
                    || matches!(tag, Tag::Item | Tag::Term | Tag::Cell | Tag::Row | Tag::Rows) => {}
                None => break,
            }
        }
        match found {
            Some(at) if tag == Tag::A => self.remove(at),
            Some(at) => self.close_down_to(at),
            None => {}
        }
    }

    fn push(&mut self, tag: Tag) {
        let mut hints = self.start.hints;
        if self.start.is_hidden {
            hints |= Hints::HIDDEN;
        }
        hints |= match tag {
            Tag::Nav | Tag::Footer => Hints::NAVIGATION,
            Tag::Aside => Hints::ASIDE,
            Tag::Figcaption | Tag::Caption => Hints::CAPTION,
            Tag::Article | Tag::Main => Hints::ARTICLE,
            _ => Hints::default(),
        };
        if tag == Tag::Blockquote {
            // What was said elsewhere, on social networks too, is quoted here.
            hints = hints.without(Hints::ASIDE);
        }
        // A piece of a line that is not part of its sentence stands for itself.
        let is_inline = matches!(tag, Tag::Inline | Tag::Time);
        if is_inline && !self.start.is_hidden {
            // Names such as "noprint" stand in the middle of sentences that are shown whole.
            hints = hints.without(Hints::HIDDEN);
        }
        let set_apart = is_inline && hints.any(Hints::against());
        let begins_block = tag.breaks_line() || set_apart;
        if begins_block {
            self.flush();
        }
        let node = if begins_block && self.document.nodes.len() < MAX_BLOCKS {
            let parent = self.innermost();
            let at = self.document.nodes.len();
            let block = self.document.blocks.len();
            self.document.nodes.push(Node { tag, hints, parent, end: at, blocks: block..block });
            Some(at)
        } else {
            None
        };
        let name = packed(&self.start.name);
        *self.count(name) += 1;
        match tag {
            Tag::Dropped | Tag::Script | Tag::Head | Tag::Title => self.dropped += 1,
            Tag::Pre => self.preformatted += 1,
            Tag::A if self.start.has_target => {
                self.links += 1;
                self.link_start.get_or_insert(self.document.text.len());
            }
            _ => {}
        }
        // Remembered through the tag, so that its end counts down what its start counted up.
        let tag = if tag == Tag::A && !self.start.has_target { Tag::Inline } else { tag };
        self.open.push(Open { tag, name, node });
    }

    fn end(&mut self, name: &[u8]) {
        let tag = Tag::new(name);
        if tag == Tag::Br {
            self.line_break();
            return;
        }
        if tag.breaks_line() && self.dropped == 0 {
            self.flush();
        }
        let name = packed(name);
        if *self.count(name) == 0 {
            return;
        }
        for at in (0..self.open.len()).rev() {
            let Some(open) = self.open.get(at) else { return };
            if open.name == name {
                if tag.breaks_line() || open.node.is_some() || tag == Tag::Dropped {
                    self.close_down_to(at);
                } else {
                    self.remove(at);
                }
                return;
            }
            if open.tag.is_barrier() && !tag.is_of_table() {
                return;
            }
        }
    }

    fn close_down_to(&mut self, at: usize) {
        if self.open.get(at..).unwrap_or_default().iter().any(|open| open.node.is_some()) {
            self.flush();
        }
        while self.open.len() > at {
            if let Some(open) = self.open.pop() {
                self.closed(&open);
            }
        }
    }

    /// Ends an element inside a line, leaving those that began behind it open: `<b><i></b></i>`.
    fn remove(&mut self, at: usize) {
        if at < self.open.len() {
            let open = self.open.remove(at);
            self.closed(&open);
        }
    }

    fn closed(&mut self, open: &Open) -> bool {
        let count = self.count(open.name);
        *count = count.saturating_sub(1);
        match open.tag {
            Tag::Dropped | Tag::Script | Tag::Head | Tag::Title => {
                self.dropped = self.dropped.saturating_sub(1);
                self.in_title = false;
                if let Some(script) = self.script.take().filter(|_| open.tag == Tag::Script) {
                    self.keep_script(script);
                }
            }
            Tag::Pre => self.preformatted = self.preformatted.saturating_sub(1),
            Tag::A => {
                self.links = self.links.saturating_sub(1);
                if self.links == 0 {
                    self.end_link();
                }
            }
            _ => {}
        }
        let (nodes, blocks) = (self.document.nodes.len(), self.document.blocks.len());
        if let Some(node) = open.node.and_then(|node| self.document.nodes.get_mut(node)) {
            node.end = nodes;
            node.blocks.end = blocks;
        }
        true
    }

    fn keep_script(&mut self, script: Range<usize>) {
        let facts = &mut self.document.facts;
        if let Some(text) = self.page.get(script.clone())
            && facts.json_ld.len() < MAX_FACTS
            && facts.json_ld.iter().map(|(_, text)| text.len()).sum::<usize>() + text.len() <= MAX_JSON_BYTES
        {
            facts.json_ld.push((script, text.to_owned()));
        }
    }

    pub(super) fn end_link(&mut self) {
        if let Some(start) = self.link_start.take() {
            let end = self.document.text.len();
            if start.max(self.block_start) < end {
                self.document.links.push(start.max(self.block_start)..end);
            }
        }
    }

    fn count(&mut self, name: u64) -> &mut u16 {
        // A name of one byte has its place, longer ones are mixed.
        let place = (name.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as usize;
        &mut self.open_names[place]
    }

    pub(super) fn innermost(&self) -> usize {
        self.open.iter().rev().find_map(|open| open.node).unwrap_or(0)
    }
}

/// Longer names of elements have no meaning.
pub(super) const MAX_NAME_BYTES: usize = 32;

/// The beginning of a name in lower case.
pub(super) fn lower_case<'a>(name: &str, place: &'a mut [u8; MAX_NAME_BYTES]) -> &'a [u8] {
    let bytes = name.as_bytes();
    let length = bytes.len().min(MAX_NAME_BYTES);
    for (to, from) in place.iter_mut().zip(bytes) {
        *to = from.to_ascii_lowercase();
    }
    place.get(..length).unwrap_or_default()
}

/// A name as a number: its first eight bytes.
fn packed(name: &[u8]) -> u64 {
    name.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte.to_ascii_lowercase()))
}
