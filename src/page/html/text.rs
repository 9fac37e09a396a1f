//! From runs of characters to blocks.

use std::{borrow::Cow, ops::Range};

use super::{
    parse::{Builder, Pending},
    tags::Tag,
};
use crate::page::block::{Block, Kind, MAX_BLOCKS, count_words};

/// No name of a character is longer.
const MAX_REFERENCE_BYTES: usize = 40;
/// Longer titles are cut.
const MAX_TITLE_CHARS: usize = 2000;

impl Builder<'_> {
    pub(super) fn line_break(&mut self) {
        if self.dropped > 0 || self.document.text.len() == self.block_start {
            return;
        }
        if self.pending == Pending::Line {
            self.flush();
        } else {
            self.pending = Pending::Line;
        }
    }

    pub(super) fn characters(&mut self, text: &str, source: Range<usize>) {
        if self.dropped > 0 {
            if let Some(script) = &mut self.script {
                script.end = source.end;
            } else if self.in_title {
                let title = &mut self.document.facts.title;
                title.extend(text.chars().take(MAX_TITLE_CHARS.saturating_sub(title.len())));
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
    pub(super) fn flush(&mut self) {
        self.pending = Pending::Nothing;
        let source = self.source.take();
        let text = self.block_start..self.document.text.len();
        if text.is_empty() {
            return;
        }
        if self.document.blocks.len() >= MAX_BLOCKS {
            self.document.text.truncate(self.block_start);
            self.link_start = None;
            return;
        }
        let goes_on = self.links > 0;
        self.end_link();
        let links = self.first_link..self.document.links.len();
        let node = self.innermost();
        let content = self.document.text.get(text.clone()).unwrap_or_default();
        let words = count_words(content);
        let in_links = self.document.links.get(links.clone()).unwrap_or_default().iter();
        let link_words =
            in_links.map(|l| count_words(self.document.text.get(l.clone()).unwrap_or_default())).sum();
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

/// Pieces of a text that stands at `start`, each with its place: character references decoded, and what is between them.
pub(super) fn decoded(text: &str, start: usize) -> impl Iterator<Item = (Cow<'_, str>, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = if let Some(reference) = rest.strip_prefix('&') {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '#';
            let name =
                reference.bytes().take(MAX_REFERENCE_BYTES).take_while(|&b| is_name(char::from(b))).count();
            1 + name + usize::from(reference.as_bytes().get(name) == Some(&b';'))
        } else {
            rest.find('&').unwrap_or(rest.len())
        };
        let piece = rest.get(..length)?;
        let place = start + at..start + at + length;
        at += length;
        Some((if piece.starts_with('&') { htmlize::unescape(piece) } else { Cow::Borrowed(piece) }, place))
    })
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
