//! A start tag: what its attributes say.

use super::{
    hints::{self, Hints},
    parse::{MAX_NAME_BYTES, lower_case},
    tags::Tag,
};
use crate::page::block::{Document, TimeMark, TimeRole};

/// So many `<meta>`, `<time>` and JSON-LD scripts are kept; the rest of a page with more is no better known.
pub(super) const MAX_FACTS: usize = 256;
/// Longer values of attributes are not kept.
const MAX_VALUE_BYTES: usize = 4096;

/// The start tag that is being read.
#[derive(Default)]
pub(super) struct Start {
    pub(super) name: Vec<u8>,
    pub(super) hints: Hints,
    /// Of `<meta>`: its name or property.
    key: String,
    content: String,
    datetime: String,
    property: Vec<u8>,
    pub(super) is_json_ld: bool,
    pub(super) is_hidden: bool,
    pub(super) has_target: bool,
}

impl Start {
    /// Names the element.
    pub(super) fn named(&mut self, name: &str) {
        let mut lower = [0; MAX_NAME_BYTES];
        self.name = lower_case(name, &mut lower).to_vec();
    }

    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        let mut lower = [0; MAX_NAME_BYTES];
        let name = lower_case(name, &mut lower);
        let bytes = value.as_bytes();
        match name {
            b"hidden" => self.is_hidden = true,
            b"href" => self.has_target = true,
            b"class" | b"id" | b"data-testid" | b"data-component" => self.hints |= hints::of_name(bytes),
            b"role" => self.hints |= hints::of_role(bytes),
            b"itemprop" => {
                self.hints |= hints::of_property(bytes);
                self.property = bytes.iter().take(64).map(u8::to_ascii_lowercase).collect();
                self.key = kept(value).to_lowercase();
            }
            b"property" | b"name" => self.key = kept(value).to_lowercase(),
            b"content" => self.content = kept(value),
            b"datetime" => self.datetime = kept(value),
            b"type" => self.is_json_ld = value.trim().eq_ignore_ascii_case("application/ld+json"),
            b"aria-hidden" => self.is_hidden |= value.eq_ignore_ascii_case("true"),
            b"style" => self.is_hidden |= hides(bytes),
            _ => {}
        }
    }

    /// Remembers what the element says about the page.
    pub(super) fn note_facts(&mut self, tag: Tag, document: &mut Document) {
        let (next, facts) = (document.blocks.len(), &mut document.facts);
        if tag == Tag::Meta
            && !self.key.is_empty()
            && !self.content.is_empty()
            && facts.metas.len() < MAX_FACTS
        {
            facts.metas.push((std::mem::take(&mut self.key), self.content.clone()));
        }
        let role = match self.property.as_slice() {
            b"datepublished" | b"datecreated" => TimeRole::Published,
            b"datemodified" | b"dateupdated" => TimeRole::Updated,
            _ => TimeRole::Unknown,
        };
        let value = if self.datetime.is_empty() { &self.content } else { &self.datetime };
        let states_time = tag == Tag::Time || role != TimeRole::Unknown;
        if states_time && !value.is_empty() && facts.times.len() < MAX_FACTS {
            facts.times.push(TimeMark { value: value.clone(), role, block: next });
        }
    }
}

/// The beginning of a value, decoded.
fn kept(value: &str) -> String {
    let end = (0..=MAX_VALUE_BYTES.min(value.len())).rev().find(|&end| value.is_char_boundary(end));
    htmlize::unescape_attribute(value.get(..end.unwrap_or(0)).unwrap_or_default()).into_owned()
}

/// Whether a style hides the element.
fn hides(style: &[u8]) -> bool {
    let style: Vec<u8> =
        style.iter().take(512).filter(|b| !b.is_ascii_whitespace()).map(u8::to_ascii_lowercase).collect();
    [&b"display:none"[..], b"visibility:hidden"]
        .iter()
        .any(|rule| style.windows(rule.len()).any(|w| w == *rule))
}
