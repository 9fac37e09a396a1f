//! From the bytes of a page to text, the way browsers find the encoding.
//!
//! In this order: a byte order mark, what the first bytes of the page declare (`<meta charset>`, `http-equiv`, an XML
//! declaration), UTF-8 if the page is valid UTF-8, windows-1252. Bytes that the encoding does not have become U+FFFD.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252, X_USER_DEFINED};

/// How far into the page a declaration of its encoding is looked for, in bytes. Browsers stop at 1,024; pages exist that
/// put a long comment first.
const DECLARATION_BYTES: usize = 4096;

/// The text of `page`.
///
/// ```
/// use bayeswire::page::decode;
///
/// assert_eq!(decode(b"caf\xE9"), "caf\u{E9}"); // windows-1252
/// assert_eq!(decode("caf\u{E9}".as_bytes()), "caf\u{E9}");
/// assert_eq!(decode(b"<meta charset=iso-8859-2>\xB1"), "<meta charset=iso-8859-2>\u{105}");
/// ```
#[must_use]
pub fn decode(page: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = Encoding::for_bom(page) {
        let text = encoding.decode_without_bom_handling(page.get(length..).unwrap_or_default()).0;
        return text;
    }
    if let Ok(text) = std::str::from_utf8(page) {
        // A page that is UTF-8 throughout is UTF-8 whatever it declares, except for the few encodings whose bytes are all
        // ASCII (such as ISO-2022-JP).
        match declared(page) {
            Some(encoding) if !encoding.is_ascii_compatible() => {}
            _ => return Cow::Borrowed(text),
        }
    }
    let encoding = declared(page).unwrap_or(WINDOWS_1252);
    encoding.decode_without_bom_handling(page).0
}

/// The encoding that the page declares for itself.
fn declared(page: &[u8]) -> Option<&'static Encoding> {
    let head = page.get(..DECLARATION_BYTES.min(page.len()))?;
    let lower = head.to_ascii_lowercase();
    let mut from = 0;
    for _ in 0..8 {
        let (at, length) = [&b"charset"[..], b"encoding"]
            .into_iter()
            .filter_map(|word| find(&lower, word, from).map(|at| (at, word.len())))
            .min()?;
        from = at + length;
        let label = label(lower.get(from..)?);
        if let Some(encoding) = Encoding::for_label(label) {
            // The declaration could be read as ASCII, so the page is not UTF-16, whatever it says.
            return Some(match encoding.output_encoding() {
                _ if encoding == X_USER_DEFINED => WINDOWS_1252,
                output if output == UTF_8 => UTF_8,
                _ => encoding,
            });
        }
    }
    None
}

/// The value in `= "value"`.
fn label(rest: &[u8]) -> &[u8] {
    let skip = |bytes: &mut &[u8], wanted: fn(u8) -> bool| {
        while let Some((&first, after)) = bytes.split_first() {
            if !wanted(first) {
                break;
            }
            *bytes = after;
        }
    };
    let mut rest = rest;
    skip(&mut rest, |b| b.is_ascii_whitespace());
    if rest.first() != Some(&b'=') {
        return b"";
    }
    skip(&mut rest, |b| b.is_ascii_whitespace() || matches!(b, b'=' | b'"' | b'\''));
    let end =
        rest.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.')));
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

fn find(text: &[u8], word: &[u8], from: usize) -> Option<usize> {
    text.get(from..)?.windows(word.len()).position(|w| w == word).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_byte_order_mark_wins() {
        assert_eq!(decode(b"\xEF\xBB\xBFcaf\xC3\xA9"), "café");
        assert_eq!(decode(b"\xFE\xFF\0h\0i"), "hi");
        assert_eq!(decode(b"\xFF\xFEh\0i\0"), "hi");
    }

    #[test]
    fn a_declaration_is_believed_where_the_bytes_allow_it() {
        let page =
            b"<META HTTP-EQUIV=\"Content-Type\" content='text/html; charset=windows-1251'>\xCC\xE8\xF0";
        assert!(decode(page).ends_with("Мир"));
        let page = b"<?xml version='1.0' encoding='Shift_JIS'?>\x93\xFA";
        assert!(decode(page).ends_with('日'));
        // Declares Latin 1, is UTF-8.
        assert!(decode("<meta charset=latin1>é".as_bytes()).ends_with('é'));
        // Declares UTF-16 in ASCII letters.
        assert!(decode(b"<meta charset=utf-16>\xE9").ends_with('\u{FFFD}'));
        assert!(decode(b"<meta charset=nonsense>\xE9").ends_with('é'));
    }

    #[test]
    fn broken_bytes_become_replacement_characters() {
        assert_eq!(decode(b"<meta charset=utf-8>a\xFFb"), "<meta charset=utf-8>a\u{FFFD}b");
    }
}
