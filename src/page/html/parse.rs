//! Builds a [`Document`] from the tokens of a page.

use std::{convert::Infallible, ops::Range};

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{Callback, CallbackEmitter, CallbackEvent},
};

use super::{
    hints::{self, Hints},
    tags::Tag,
};
use crate::page::block::{Block, Document, Kind, Node, TimeMark, TimeRole, count_words};

/// Elements nested deeper than this count as part of the one at that depth. Browsers stop at 512.
const MAX_DEPTH: usize = 512;
/// So many `<meta>`, `<time>` and JSON-LD scripts are kept; the rest of a page with more is no better known.
const MAX_FACTS: usize = 256;
/// Longer values of attributes are not kept.
const MAX_VALUE_BYTES: usize = 4096;

/// Reads a page.
pub(in crate::page) fn parse(page: &str) -> Document {
    let mut builder = Builder::new(page);
    let mut emitter = CallbackEmitter::new(Feed(&mut builder));
    emitter.naively_switch_states(true);
    // Neither reading a string nor the callback can fail, and the callback yields nothing.
    for Ok(never) in Tokenizer::new_with_emitter(page, emitter) {
        match never {}
    }
    builder.finish()
}

/// An element that has begun and not ended.
struct Open {
    tag: Tag,
    name: u64,
    /// Where it is in the document, if it holds blocks.
    node: Option<usize>,
}

/// The start tag that is being read.
#[derive(Default)]
struct Start {
    name: Vec<u8>,
    attribute: Vec<u8>,
    hints: Hints,
    /// Of `<meta>`: its name or property.
    key: String,
    content: String,
    datetime: String,
    property: Vec<u8>,
    is_json_ld: bool,
    is_hidden: bool,
    has_target: bool,
}

struct Builder<'a> {
    page: &'a str,
    document: Document,
    open: Vec<Open>,
    /// For every name how many elements of it are open; names share a place, which only costs a search in vain.
    open_names: [u16; 256],
    start: Start,
    /// How many open elements are not text of the page, are links, are preformatted.
    dropped: usize,
    links: usize,
    preformatted: usize,
    /// Where the block that is being read begins in the text and in the page, and where it ends in the page.
    block_start: usize,
    source: Option<Range<usize>>,
    pending: Pending,
    first_link: usize,
    link_start: Option<usize>,
    script: Option<Range<usize>>,
    in_title: bool,
}

/// White space that stands before the next character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    Space,
    Line,
}

/// The tokenizer takes its listener and does not give it back: so it gets a borrowed one.
struct Feed<'b, 'a>(&'b mut Builder<'a>);

impl Callback<Infallible, usize> for Feed<'_, '_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, span: Span<usize>) -> Option<Infallible> {
        self.0.event(event, span);
        None
    }
}

impl Builder<'_> {
    fn event(&mut self, event: CallbackEvent<'_>, span: Span<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                let mut old = std::mem::take(&mut self.start);
                old.name.clear();
                old.name.extend(name.iter().take(MAX_VALUE_BYTES));
                self.start = Start { name: old.name, ..Start::default() };
            }
            CallbackEvent::AttributeName { name } => self.attribute_name(name),
            CallbackEvent::AttributeValue { value } => self.attribute_value(value),
            CallbackEvent::CloseStartTag { self_closing } => self.start_tag(self_closing, span.end),
            CallbackEvent::EndTag { name } => self.end_tag(name),
            CallbackEvent::String { value } => self.text(&String::from_utf8_lossy(value), span.start..span.end),
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
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

    fn attribute_name(&mut self, name: &[u8]) {
        self.start.attribute.clear();
        self.start.attribute.extend(name.iter().take(32));
        match name {
            b"hidden" => self.start.is_hidden = true,
            b"href" => self.start.has_target = true,
            _ => {}
        }
    }

    fn attribute_value(&mut self, value: &[u8]) {
        let text = || {
            let value = value.get(..MAX_VALUE_BYTES.min(value.len())).unwrap_or_default();
            String::from_utf8_lossy(value).into_owned()
        };
        match self.start.attribute.as_slice() {
            b"class" | b"id" | b"data-testid" | b"data-component" => self.start.hints |= hints::of_name(value),
            b"role" => self.start.hints |= hints::of_role(value),
            b"itemprop" => {
                self.start.hints |= hints::of_property(value);
                self.start.property = value.iter().take(64).map(u8::to_ascii_lowercase).collect();
                self.start.key = text().to_lowercase();
            }
            b"property" | b"name" => self.start.key = text().to_lowercase(),
            b"content" => self.start.content = text(),
            b"datetime" => self.start.datetime = text(),
            b"type" => self.start.is_json_ld = value.eq_ignore_ascii_case(b"application/ld+json"),
            b"aria-hidden" => self.start.is_hidden |= value.eq_ignore_ascii_case(b"true"),
            b"style" => self.start.is_hidden |= hides(value),
            _ => {}
        }
    }

    fn start_tag(&mut self, self_closing: bool, end: usize) {
        let tag = Tag::new(&self.start.name);
        self.note_facts(tag);
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
            Tag::Title => self.in_title = self.document.facts.title.is_empty() && self.document.blocks.is_empty(),
            _ => {}
        }
        // Only elements of SVG and MathML can close themselves.
        let closed = self_closing && matches!(tag, Tag::Inline | Tag::Dropped);
        if !tag.is_void() && !closed && self.open.len() < MAX_DEPTH {
            self.push(tag);
        }
    }

    fn note_facts(&mut self, tag: Tag) {
        let (start, facts) = (&mut self.start, &mut self.document.facts);
        if tag == Tag::Meta && !start.key.is_empty() && !start.content.is_empty() && facts.metas.len() < MAX_FACTS {
            facts.metas.push((std::mem::take(&mut start.key), start.content.clone()));
        }
        let role = match start.property.as_slice() {
            b"datepublished" | b"datecreated" => TimeRole::Published,
            b"datemodified" | b"dateupdated" => TimeRole::Updated,
            _ => TimeRole::Unknown,
        };
        let value = if start.datetime.is_empty() { &start.content } else { &start.datetime };
        let states_time = tag == Tag::Time || role != TimeRole::Unknown;
        if states_time && !value.is_empty() && facts.times.len() < MAX_FACTS {
            facts.times.push(TimeMark { value: value.clone(), role, block: self.document.blocks.len() });
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
                None if tag == Tag::A || matches!(tag, Tag::Item | Tag::Term | Tag::Cell | Tag::Row | Tag::Rows) => {}
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
        // A piece of a line that is not part of its sentence stands for itself.
        let is_inline = matches!(tag, Tag::Inline | Tag::Time);
        if is_inline && !self.start.is_hidden {
            // Names such as "noprint" stand in the middle of sentences that are shown whole.
            hints = hints.without(Hints::HIDDEN);
        }
        let set_apart = is_inline && hints.any(Hints::against());
        let node = if tag.breaks_line() || set_apart {
            self.flush();
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

    fn end_tag(&mut self, name: &[u8]) {
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
        {
            facts.json_ld.push((script, text.to_owned()));
        }
    }

    fn end_link(&mut self) {
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

    fn innermost(&self) -> usize {
        self.open.iter().rev().find_map(|open| open.node).unwrap_or(0)
    }

    fn line_break(&mut self) {
        if self.dropped > 0 || self.document.text.len() == self.block_start {
            return;
        }
        if self.pending == Pending::Line {
            self.flush();
        } else {
            self.pending = Pending::Line;
        }
    }

    fn text(&mut self, text: &str, source: Range<usize>) {
        if self.dropped > 0 {
            if let Some(script) = &mut self.script {
                script.end = source.end;
            } else if self.in_title {
                self.document.facts.title.push_str(text);
            }
            return;
        }
        let mut line_at = source.start;
        let mut from = source.start;
        for c in text.chars() {
            if c == '\n' && self.preformatted > 0 {
                // The n-th line break of the text is the n-th of the page: only character references differ in length.
                let rest = self.page.get(line_at..source.end).unwrap_or_default();
                line_at = rest.find('\n').map_or(source.end, |at| line_at + at + 1);
                if let Some(block) = &mut self.source {
                    block.end = block.end.max(line_at);
                }
                let had_text = self.document.text.len() > self.block_start;
                self.line_break();
                if had_text && self.document.text.len() == self.block_start {
                    from = line_at;
                }
            } else if c.is_whitespace() {
                if self.pending == Pending::Nothing {
                    self.pending = Pending::Space;
                }
            } else if !matches!(c, '\u{AD}' | '\u{200B}' | '\u{FEFF}' | '\0') {
                self.character(c, from..source.end);
            }
        }
    }

    fn character(&mut self, c: char, source: Range<usize>) {
        if self.document.text.len() > self.block_start {
            match self.pending {
                Pending::Nothing => {}
                Pending::Space => self.document.text.push(' '),
                Pending::Line => self.document.text.push('\n'),
            }
        }
        self.pending = Pending::Nothing;
        self.document.text.push(c);
        match &mut self.source {
            None => self.source = Some(source),
            Some(whole) => whole.end = source.end,
        }
    }

    /// Ends the block that is being read.
    fn flush(&mut self) {
        self.pending = Pending::Nothing;
        let source = self.source.take();
        let text = self.block_start..self.document.text.len();
        if text.is_empty() {
            return;
        }
        let goes_on = self.links > 0;
        self.end_link();
        let links = self.first_link..self.document.links.len();
        let node = self.innermost();
        let content = self.document.text.get(text.clone()).unwrap_or_default();
        let words = count_words(content);
        let in_links = self.document.links.get(links.clone()).unwrap_or_default().iter();
        let link_words = in_links.map(|l| count_words(self.document.text.get(l.clone()).unwrap_or_default())).sum();
        self.document.text.push('\n');
        let block = Block {
            text,
            source: trimmed(self.page, source.unwrap_or_default()),
            node,
            kind: self.kind(),
            words,
            link_words,
            links,
        };
        self.document.blocks.push(block);
        self.block_start = self.document.text.len();
        self.first_link = self.document.links.len();
        if goes_on {
            self.link_start = Some(self.block_start);
        }
    }

    fn kind(&self) -> Kind {
        for open in self.open.iter().rev() {
            return match open.tag {
                Tag::P | Tag::Pre | Tag::Blockquote => Kind::Paragraph,
                Tag::Heading(level) => Kind::Heading(level),
                Tag::Item | Tag::Term => Kind::Item,
                Tag::Cell => Kind::Cell,
                Tag::Figcaption | Tag::Caption => Kind::Caption,
                _ if open.tag.breaks_line() => Kind::Line,
                _ => continue,
            };
        }
        Kind::Line
    }
}

/// A name as a number: its first eight bytes.
fn packed(name: &[u8]) -> u64 {
    name.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte.to_ascii_lowercase()))
}

/// Whether a style hides the element.
fn hides(style: &[u8]) -> bool {
    let style: Vec<u8> =
        style.iter().take(512).filter(|b| !b.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
    [&b"display:none"[..], b"visibility:hidden"].iter().any(|rule| style.windows(rule.len()).any(|w| w == *rule))
}

/// `range` without white space at its ends and at the bounds of characters.
fn trimmed(page: &str, range: Range<usize>) -> Range<usize> {
    let mut end = range.end.min(page.len());
    while !page.is_char_boundary(end) {
        end += 1;
    }
    let mut start = range.start.min(end);
    while !page.is_char_boundary(start) {
        start -= 1;
    }
    let text = page.get(start..end).unwrap_or_default();
    let start = start + (text.len() - text.trim_start().len());
    start..start.max(end - (text.len() - text.trim_end().len()))
}
