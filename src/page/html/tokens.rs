//! From HTML to tags and runs of text, as the WHATWG standard tokenizes it, with the place of each.
//!
//! One loop without recursion, which only ever goes forward: its time and its stack do not depend on what stands in a page.
//! (html5gum, which was here first, calls itself for every quoted attribute of a tag; a tag with a hundred thousand
//! overflowed the stack. html5ever does not say where its tokens stand.) Left out is what no reader of text needs: the
//! names in a DOCTYPE, errors, duplicate attributes.

use std::ops::Range;

/// Takes what is found, in the order of the page.
pub(super) trait Sink {
    /// An attribute of the start tag that ends next; `name` as written, `value` undecoded.
    fn attribute(&mut self, name: &str, value: &str);
    /// The end of the start tag named `name`, as written; `end` is where it ends.
    fn start_tag(&mut self, name: &str, self_closing: bool, end: usize);
    /// An end tag named `name`, as written.
    fn end_tag(&mut self, name: &str);
    /// A run of text, character references undecoded where `decode` is set; it stands at `place`.
    fn text(&mut self, place: Range<usize>, decode: bool);
}

/// What follows a start tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Markup,
    /// Text up to the end tag, with character references or without.
    Text(bool),
    Script,
    /// Text up to the end of the page.
    Plain,
}

impl Content {
    fn of(name: &str) -> Self {
        let is = |names: &[&str]| names.iter().any(|n| name.eq_ignore_ascii_case(n));
        match name.len() {
            5..=9 if is(&["title", "textarea"]) => Self::Text(true),
            3..=8 if is(&["style", "xmp", "iframe", "noembed", "noframes"]) => Self::Text(false),
            6 if is(&["script"]) => Self::Script,
            9 if is(&["plaintext"]) => Self::Plain,
            _ => Self::Markup,
        }
    }
}

/// Reads a page.
pub(super) fn tokenize(page: &str, sink: &mut impl Sink) {
    let tokens = Tokens { page, bytes: page.as_bytes() };
    let mut at = 0;
    while at < page.len() {
        let next = tokens.find(b'<', at);
        if next > at {
            sink.text(at..next, true);
        }
        at = if next < page.len() { tokens.markup(next, sink) } else { next };
    }
}

struct Tokens<'a> {
    page: &'a str,
    bytes: &'a [u8],
}

impl<'a> Tokens<'a> {
    /// Reads what begins with the `<` at `at`; says where it ends.
    fn markup(&self, at: usize, sink: &mut impl Sink) -> usize {
        match (self.byte(at + 1), self.byte(at + 2)) {
            (Some(b'!'), _) => self.declaration(at + 2),
            (Some(b'?'), _) => self.behind(b'>', at + 1),
            (Some(b'/'), Some(b'>')) => at + 3,
            (Some(b'/'), Some(byte)) if byte.is_ascii_alphabetic() => {
                let (name, Some((end, _))) = self.tag(at + 2, &mut |_, _| ()) else { return self.page.len() };
                sink.end_tag(name);
                end
            }
            (Some(b'/'), Some(_)) => self.behind(b'>', at + 2),
            (Some(byte), _) if byte.is_ascii_alphabetic() => {
                let tag = self.tag(at + 1, &mut |name, value| sink.attribute(name, value));
                let (name, Some((end, self_closing))) = tag else { return self.page.len() };
                sink.start_tag(name, self_closing, end);
                self.content(name, end, sink)
            }
            _ => {
                sink.text(at..at + 1, false);
                at + 1
            }
        }
    }

    /// Reads what follows the start tag of an element in which there are no tags; says where it ends.
    fn content(&self, name: &str, at: usize, sink: &mut impl Sink) -> usize {
        let (end, decode) = match Content::of(name) {
            Content::Markup => return at,
            Content::Text(decode) => (self.end_of(name, at), decode),
            Content::Script => (self.end_of_script(at), false),
            Content::Plain => (self.page.len(), false),
        };
        if end > at {
            sink.text(at..end, decode);
        }
        end
    }

    /// Reads a tag from its name on: the name, where the tag ends, and whether it closes itself. None where the page ends
    /// before the tag does.
    fn tag(
        &self,
        at: usize,
        attribute: &mut impl FnMut(&'a str, &'a str),
    ) -> (&'a str, Option<(usize, bool)>) {
        let is_end_of_name = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        let mut place = self.find_by(at, is_end_of_name);
        let name = self.text(at..place);
        let mut slash = false;
        loop {
            match self.byte(place) {
                None => return (name, None),
                Some(b'>') => return (name, Some((place + 1, slash))),
                Some(byte) if byte.is_ascii_whitespace() || byte == b'/' => {
                    slash = byte == b'/';
                    place += 1;
                }
                Some(_) => {
                    slash = false;
                    // A name may begin with "=".
                    let end = self.find_by(place + 1, |byte| is_end_of_name(byte) || byte == b'=');
                    let (value, next) = self.value(end);
                    attribute(self.text(place..end), self.text(value));
                    place = next;
                }
            }
        }
    }

    /// The value of an attribute whose name ends at `at`, empty where it has none, and what comes next.
    fn value(&self, at: usize) -> (Range<usize>, usize) {
        let equals = self.find_by(at, |byte| !byte.is_ascii_whitespace());
        if self.byte(equals) != Some(b'=') {
            return (at..at, at);
        }
        let start = self.find_by(equals + 1, |byte| !byte.is_ascii_whitespace());
        match self.byte(start) {
            Some(quote @ (b'"' | b'\'')) => {
                let end = self.find(quote, start + 1);
                (start + 1..end, (end + 1).min(self.page.len()))
            }
            Some(b'>') | None => (start..start, start),
            Some(_) => {
                let end = self.find_by(start, |byte| byte.is_ascii_whitespace() || byte == b'>');
                (start..end, end)
            }
        }
    }

    /// Where a declaration or comment ends whose `<!` ends at `at`.
    fn declaration(&self, at: usize) -> usize {
        if !self.rest(at).starts_with(b"--") {
            return self.behind(b'>', at);
        }
        // "<!-->" and "<!--->" are whole comments.
        let mut place = at + 2;
        for whole in [&b">"[..], b"->"] {
            if self.rest(place).starts_with(whole) {
                return place + whole.len();
            }
        }
        loop {
            place = self.find(b'-', place);
            let rest = self.rest(place);
            if rest.is_empty() {
                return self.page.len();
            }
            for end in [&b"-->"[..], b"--!>"] {
                if rest.starts_with(end) {
                    return place + end.len();
                }
            }
            place += 1;
        }
    }

    /// Where the end tag named `name` begins; the end of the page where there is none.
    fn end_of(&self, name: &str, at: usize) -> usize {
        let mut place = at;
        loop {
            place = self.find(b'<', place);
            if place >= self.page.len() || self.is_tag(place, "</", name) {
                return place;
            }
            place += 1;
        }
    }

    /// Where the end tag of a script begins: inside a comment, a script in the script ends first.
    fn end_of_script(&self, at: usize) -> usize {
        let (mut place, mut in_comment, mut in_script) = (at, false, false);
        loop {
            place = self.find_by(place, |byte| matches!(byte, b'<' | b'-'));
            let rest = self.rest(place);
            if rest.is_empty() {
                return self.page.len();
            }
            if self.is_tag(place, "</", "script") {
                if !in_script {
                    return place;
                }
                in_script = false;
            } else if rest.starts_with(b"<!--") {
                // Its own dashes may end it: "<!-->".
                in_comment = true;
                place += 1;
            } else if rest.starts_with(b"-->") {
                (in_comment, in_script) = (false, false);
            } else if in_comment && self.is_tag(place, "<", "script") {
                in_script = true;
            }
            place += 1;
        }
    }

    /// Whether a tag named `name` begins at `at` with `mark`.
    fn is_tag(&self, at: usize, mark: &str, name: &str) -> bool {
        let rest = self.rest(at);
        let Some(rest) = rest.strip_prefix(mark.as_bytes()) else { return false };
        let is_name = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        is_name && rest.get(name.len()).is_some_and(ends)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn rest(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// All that is asked for begins and ends at ASCII characters, so at bounds of characters.
    fn text(&self, range: Range<usize>) -> &'a str {
        self.page.get(range).unwrap_or_default()
    }

    /// The first `byte` from `at` on; the end of the page where there is none.
    fn find(&self, byte: u8, at: usize) -> usize {
        memchr::memchr(byte, self.rest(at)).map_or(self.page.len(), |offset| at + offset)
    }

    /// The same for the first of several bytes.
    fn find_by(&self, at: usize, wanted: impl Fn(u8) -> bool) -> usize {
        self.rest(at).iter().position(|&byte| wanted(byte)).map_or(self.page.len(), |offset| at + offset)
    }

    /// Behind the first `byte` from `at` on.
    fn behind(&self, byte: u8, at: usize) -> usize {
        (self.find(byte, at) + 1).min(self.page.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen<'a>(&'a str, Vec<String>);

    impl Sink for Seen<'_> {
        fn attribute(&mut self, name: &str, value: &str) {
            self.1.push(format!("{name}={value}"));
        }

        fn start_tag(&mut self, name: &str, self_closing: bool, _: usize) {
            self.1.push(format!("<{name}{}>", if self_closing { "/" } else { "" }));
        }

        fn end_tag(&mut self, name: &str) {
            self.1.push(format!("</{name}>"));
        }

        fn text(&mut self, place: Range<usize>, decode: bool) {
            self.1.push(format!("{}{}", if decode { "" } else { "!" }, &self.0[place]));
        }
    }

    fn seen(page: &str) -> String {
        let mut seen = Seen(page, Vec::new());
        tokenize(page, &mut seen);
        seen.1.join(" ")
    }

    #[test]
    fn tags_and_attributes_are_read_as_browsers_read_them() {
        for (page, expected) in [
            (
                "a<p class=x id='y z' data-k=\"1>2\" hidden>b</P >",
                "a class=x id=y z data-k=1>2 hidden= <p> b </P>",
            ),
            ("<br/><img src=a/b/ ><i / >", "<br/> src=a/b/ <img> <i>"),
            ("<p a = b =c \t d\n=\n'e'>", "a=b =c= d=e <p>"),
            ("<p a=>x</p b=c>", "a= <p> x </p>"),
            ("1 < 2 <3 <é", "1  !<  2  !< 3  !< é"),
            ("</>x</ y>z<?php a > b", "x z  b"),
            ("<p", ""),
            ("<p a='", "a="),
            ("x</p", "x"),
            ("<", "!<"),
            ("</", "!< /"),
        ] {
            assert_eq!(seen(page), expected, "{page}");
        }
    }

    #[test]
    fn comments_and_declarations_are_passed_over() {
        for page in
            ["<!doctype html>", "<!-- a > b -->", "<!-->", "<!--->", "<!--a--!>", "<![CDATA[ a ]]>", "<!a>"]
        {
            assert_eq!(seen(&format!("x{page}y")), "x y", "{page}");
        }
        assert_eq!(seen("x<!-- - -- -> y"), "x");
    }

    #[test]
    fn some_elements_hold_text_only() {
        for (page, expected) in [
            ("<title>a<b>&amp;</TITLE>c", "<title> a<b>&amp; </TITLE> c"),
            ("<style><p></styles></style/>c", "<style> !<p></styles> </style> c"),
            ("<script>if (a<b) '</p>'</script\n>c", "<script> !if (a<b) '</p>' </script> c"),
            (
                "<script><!-- <script></script> --></script>c",
                "<script> !<!-- <script></script> --> </script> c",
            ),
            ("<script><!--></script>c", "<script> !<!--> </script> c"),
            ("<script></script>c", "<script> </script> c"),
            ("<iframe src=x /><p>", "src=x <iframe/> !<p>"),
            ("<plaintext></plaintext>", "<plaintext> !</plaintext>"),
        ] {
            assert_eq!(seen(page), expected, "{page}");
        }
    }
}
