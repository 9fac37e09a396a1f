//! Splits text into lower-case words.
//!
//! A word is a run of alphanumeric characters (Unicode), joined by apostrophes inside it; apostrophes are dropped and so
//! is a final `'s` (`don't` is `dont`, `Peru's` is `peru`). A letter alone is no word. Each Chinese or Japanese character is a word of its own: those
//! scripts put no space between words. A sentence ends at `.`, `!` or `?` before white space, a closing quote or bracket
//! or the end of the text, at their full-width forms, and at an empty line: no pair of words crosses it.

use std::ops::Range;

/// The longest word, in bytes; a longer run of letters (a key, a checksum) is passed over and ends the sentence.
pub(crate) const MAX_WORD_BYTES: usize = 64;

/// What the text is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A word in lower case, and the bytes of the text it stands at.
    Word(&'a str, Range<usize>),
    /// The end of a sentence.
    Break,
}

/// What an ASCII byte can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Skip,
    Space,
    Alnum,
    Stop,
    Line,
    NonAscii,
}

const CLASS: [Class; 256] = {
    let mut table = [Class::Skip; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => Class::Alnum,
            b'.' | b'!' | b'?' => Class::Stop,
            b'\n' => Class::Line,
            b' ' | b'\t' | b'\r' => Class::Space,
            0x80.. => Class::NonAscii,
            _ => Class::Skip,
        };
        i += 1;
    }
    table
};

/// Calls `visit` with every token of `text`, in order. `buffer` is scratch space.
pub(crate) fn for_each_token(text: &str, buffer: &mut String, mut visit: impl FnMut(Token<'_>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut after_line = false;
    while let Some(&byte) = bytes.get(at) {
        match CLASS[usize::from(byte)] {
            Class::Alnum => {
                after_line = false;
                at = word(text, at, buffer, &mut visit);
            }
            Class::Space => at += 1,
            Class::Line => {
                if after_line {
                    visit(Token::Break);
                }
                after_line = true;
                at += 1;
            }
            Class::Stop => {
                after_line = false;
                at += 1;
                if ends_sentence(bytes, at) {
                    visit(Token::Break);
                }
            }
            Class::Skip => {
                after_line = false;
                at += 1;
            }
            Class::NonAscii => {
                after_line = false;
                let Some(c) = text[at..].chars().next() else { break };
                if is_unspaced(c) {
                    buffer.clear();
                    buffer.push(c);
                    visit(Token::Word(buffer, at..at + c.len_utf8()));
                    at += c.len_utf8();
                } else if c.is_alphanumeric() {
                    at = word(text, at, buffer, &mut visit);
                } else {
                    if matches!(c, '。' | '！' | '？' | '…' | '।') {
                        visit(Token::Break);
                    }
                    at += c.len_utf8();
                }
            }
        }
    }
}

/// Reads the word that begins at `start`, visits it and returns where it ends.
#[inline]
fn word(text: &str, start: usize, buffer: &mut String, visit: &mut impl FnMut(Token<'_>)) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    buffer.clear();
    loop {
        let run = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        buffer.push_str(&text[at..at + run]);
        at += run;
        match bytes.get(at) {
            Some(b'\'') => match apostrophe(text, at, 1) {
                Apostrophe::Joins => at += 1,
                Apostrophe::Possessive => {
                    at += 2;
                    break;
                }
                Apostrophe::Ends => break,
            },
            Some(0x80..) => {
                let Some(c) = text[at..].chars().next() else { break };
                if c == '\u{2019}' {
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
            }
            _ => break,
        }
        if buffer.len() > MAX_WORD_BYTES + 16 {
            at += skip_word(&text[at..]);
            break;
        }
    }
    if buffer.len() > MAX_WORD_BYTES {
        visit(Token::Break);
    } else {
        buffer.make_ascii_lowercase();
        if !is_one_letter(buffer) {
            visit(Token::Word(buffer, start..at));
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
        let mut out = Vec::new();
        for_each_token(text, &mut String::new(), |token| {
            out.push(match token {
                Token::Word(word, span) => {
                    assert!(text.get(span).is_some_and(|s| !s.is_empty()));
                    word.to_owned()
                }
                Token::Break => "|".to_owned(),
            });
        });
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
