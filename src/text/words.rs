//! Splits text into lower-case words.
//!
//! A word is a run of alphanumeric characters (Unicode), joined by apostrophes inside it; apostrophes are dropped and so
//! is a final `'s` (`don't` is `dont`, `Peru's` is `peru`). A letter alone is no word. Each Chinese or Japanese character is a word of its own: those
//! scripts put no space between words. A sentence ends at `.`, `!` or `?` before white space, a closing quote or bracket
//! or the end of the text, at their full-width forms, and at an empty line: no pair of words crosses it.

use std::ops::Range;

use super::{block::Block, short_word::ShortWord};

/// The longest word, in bytes; a longer run of letters (a key, a checksum) is passed over and ends the sentence.
pub(crate) const MAX_WORD_BYTES: usize = 64;

/// What the text is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word in lower case.
    Word(Word<'a>),
    /// The end of a sentence.
    Break,
}

/// A word in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// At most [`ShortWord::BYTES`] bytes.
    Short(ShortWord),
    /// More.
    Long(&'a str),
}

/// What stands at a place that takes a closer look.
enum Found {
    Word,
    Break,
    Nothing,
}

/// Reads a text token by token.
pub(super) struct Tokens<'a> {
    text: &'a str,
    /// Where the next token is looked for.
    at: usize,
    /// What stands from `start` on; that is not behind `at`.
    block: Block,
    start: usize,
    /// The word that was read last.
    span: Range<usize>,
    /// A word that is not plain ASCII.
    buffer: &'a mut String,
}

impl<'a> Tokens<'a> {
    /// Reads `text`; `buffer` is scratch space.
    pub(super) fn new(text: &'a str, buffer: &'a mut String) -> Self {
        Self { text, at: 0, block: Block::at(text.as_bytes(), 0), start: 0, span: 0..0, buffer }
    }

    /// The bytes of the text that the word that was read last stands at.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Goes on at `at`, with the block that begins there.
    #[inline]
    fn load(&mut self, at: usize) {
        (self.at, self.start) = (at, at);
        self.block = Block::at(self.text.as_bytes(), at);
    }

    /// The next token. No iterator, because a long word lasts until the next call only.
    ///
    /// Always inlined, so that a short word stays in registers until it is looked up: a quarter of the time of reading.
    #[inline(always)]
    pub(super) fn read(&mut self) -> Option<Token<'_>> {
        let bytes = self.text.as_bytes();
        loop {
            let offset = self.at - self.start;
            let notable = if offset < Block::BYTES { self.block.notable >> offset } else { 0 };
            if notable == 0 {
                let next = self.at.max(self.start + Block::BYTES);
                if next >= bytes.len() {
                    return None;
                }
                self.load(next);
                continue;
            }
            let first = offset + notable.trailing_zeros() as usize;
            let len = (self.block.alphanumeric >> first).trailing_ones() as usize;
            let end = first + len;
            self.at = self.start + first;
            let found = if len == 0 {
                self.punctuation(bytes[self.at])
            } else if end == Block::BYTES && first > 0 {
                // It may go on in the next block.
                self.load(self.at);
                continue;
            } else if end < Block::BYTES
                && self.block.joining >> end & 1 == 0
                && let Some(word) = ShortWord::of_ascii(bytes, self.at, len)
            {
                self.span = self.at..self.start + end;
                self.at = self.span.end;
                if word.is_one_letter() {
                    continue;
                }
                return Some(Token::Word(Word::Short(word)));
            } else {
                self.word()
            };
            match found {
                Found::Word => {
                    let word = ShortWord::new(self.buffer).map_or(Word::Long(self.buffer), Word::Short);
                    return Some(Token::Word(word));
                }
                Found::Break => return Some(Token::Break),
                Found::Nothing => {}
            }
        }
    }

    /// Passes over a stop, the end of a line or what is beyond ASCII, or reads the word that begins with it.
    fn punctuation(&mut self, byte: u8) -> Found {
        if !byte.is_ascii() {
            return self.non_ascii();
        }
        let before = &self.text.as_bytes()[..self.at];
        self.at += 1;
        let ends = match byte {
            b'\n' => ends_line(before),
            _ => ends_sentence(self.text.as_bytes(), self.at),
        };
        if ends { Found::Break } else { Found::Nothing }
    }

    fn non_ascii(&mut self) -> Found {
        let Some(c) = self.text[self.at..].chars().next() else {
            return Found::Nothing;
        };
        if c.is_alphanumeric() && !is_unspaced(c) {
            return self.word();
        }
        self.span = self.at..self.at + c.len_utf8();
        self.at = self.span.end;
        if is_unspaced(c) {
            self.buffer.clear();
            self.buffer.push(c);
            Found::Word
        } else if matches!(c, '。' | '！' | '？' | '…' | '।') {
            Found::Break
        } else {
            Found::Nothing
        }
    }

    /// Reads any word into the buffer.
    fn word(&mut self) -> Found {
        self.buffer.clear();
        self.span = self.at..read_word(self.text, self.at, self.buffer);
        self.at = self.span.end;
        if self.buffer.len() > MAX_WORD_BYTES {
            return Found::Break;
        }
        self.buffer.make_ascii_lowercase();
        if is_one_letter(self.buffer) { Found::Nothing } else { Found::Word }
    }
}

/// Reads the word that begins at `start` and returns where it ends. Its ASCII letters stay as they are.
fn read_word(text: &str, start: usize, buffer: &mut String) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    loop {
        let run = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        buffer.push_str(&text[at..at + run]);
        at += run;
        let Some(c) = text[at..].chars().next() else { break };
        if c == '\'' || c == '\u{2019}' {
            match apostrophe(text, at, c.len_utf8()) {
                Apostrophe::Joins => at += c.len_utf8(),
                Apostrophe::Possessive => {
                    at += c.len_utf8() + 1;
                    break;
                }
                Apostrophe::Ends => break,
            }
        } else if c.is_alphanumeric() && !is_unspaced(c) {
            buffer.extend(c.to_lowercase());
            at += c.len_utf8();
        } else {
            break;
        }
        if buffer.len() > MAX_WORD_BYTES + 16 {
            at += skip_word(&text[at..]);
            break;
        }
    }
    at
}

fn is_one_letter(word: &str) -> bool {
    let mut chars = word.chars();
    matches!((chars.next(), chars.next()), (Some(c), None) if !c.is_numeric())
}

/// How many bytes of `text` go on with the word, for words that are too long to keep.
fn skip_word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() || is_unspaced(c)).unwrap_or(text.len())
}

enum Apostrophe {
    Joins,
    Possessive,
    Ends,
}

/// What the apostrophe of `len` bytes at `at` does to the word before it.
fn apostrophe(text: &str, at: usize, len: usize) -> Apostrophe {
    let mut after = text[at + len..].chars();
    match after.next() {
        Some('s' | 'S') => match after.next() {
            Some('\'' | '\u{2019}') => Apostrophe::Joins,
            Some(c) if c.is_alphanumeric() => Apostrophe::Joins,
            _ => Apostrophe::Possessive,
        },
        Some(c) if c.is_alphanumeric() => Apostrophe::Joins,
        _ => Apostrophe::Ends,
    }
}

/// Whether the last line of what stands before the end of a line ended before: whether this line is empty.
fn ends_line(before: &[u8]) -> bool {
    let last = before.iter().rev().find(|b| !matches!(b, b' ' | b'\t' | b'\r'));
    last == Some(&b'\n')
}

/// Whether the full stop before `at` ends a sentence.
fn ends_sentence(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None => true,
        Some(b) if b.is_ascii_whitespace() => true,
        Some(b'"' | b'\'' | b')' | b']') => true,
        // The closing quotes ” and ’ are E2 80 9D and E2 80 99.
        Some(0xE2) => matches!(bytes.get(at + 1..at + 3), Some([0x80, 0x99 | 0x9D])),
        Some(_) => false,
    }
}

/// Whether `c` belongs to a script that puts no space between words: Han, Hiragana, Katakana.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let (mut out, mut buffer) = (Vec::new(), String::new());
        let mut tokens = Tokens::new(text, &mut buffer);
        while let Some(token) = tokens.read() {
            let is_word = token != Token::Break;
            out.push(match token {
                Token::Word(Word::Short(word)) => word.with_str(str::to_owned),
                Token::Word(Word::Long(word)) => word.to_owned(),
                Token::Break => "|".to_owned(),
            });
            assert!(!is_word || text.get(tokens.span()).is_some_and(|s| !s.is_empty()));
        }
        out
    }

    #[test]
    fn words_are_lower_case_runs_of_letters_and_digits() {
        assert_eq!(
            split("U.S. troops, 3,000 of them; Özgür-Özel"),
            ["|", "troops", "3", "000", "of", "them", "özgür", "özel"]
        );
        assert_eq!(split("ÉTÉ İstanbul"), ["été", "i\u{307}stanbul"]);
    }

    #[test]
    fn an_apostrophe_joins_and_a_possessive_falls_away() {
        assert_eq!(
            split("Peru's don't Côte d'Ivoire’s rock 'n' roll"),
            ["peru", "dont", "côte", "divoire", "rock", "roll"]
        );
        assert_eq!(split("workers' rights"), ["workers", "rights"]);
    }

    #[test]
    fn a_sentence_ends_where_it_is_seen_to() {
        assert_eq!(
            split("He left. \"Why?\" v1.2\n\nNew\nline"),
            ["he", "left", "|", "why", "|", "v1", "2", "|", "new", "line"]
        );
        assert_eq!(split("done.” Next"), ["done", "|", "next"]);
    }

    #[test]
    fn chinese_characters_are_words() {
        assert_eq!(split("外交部长。北京"), ["外", "交", "部", "长", "|", "北", "京"]);
    }

    #[test]
    fn a_checksum_is_not_a_word() {
        assert_eq!(split(&format!("to {} be", "x".repeat(1000))), ["to", "|", "be"]);
        assert_eq!(split(&format!("to {} be", "é".repeat(1000))), ["to", "|", "be"]);
        assert_eq!(split(&"x".repeat(64)), ["x".repeat(64)]);
        assert_eq!(split(&"x".repeat(65)), ["|"]);
    }
}
