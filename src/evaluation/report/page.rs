//! The frame of the page.

use std::fmt;

/// Text as it may stand in HTML, in quoted attributes too.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

/// A section with a heading, a sentence that says how to read it, and its content in HTML.
pub(super) fn section(id: &str, heading: &str, reading: &str, content: &str) -> String {
    format!(
        "<section id=\"{id}\">\n<h2>{heading}</h2>\n<p class=\"reading\">{reading}</p>\n{content}\n</section>\n"
    )
}

/// The whole page. The policy in its head keeps it from loading anything, whatever the articles hold.
pub(super) fn page(title: &str, of: &str, sections: &[String]) -> String {
    let (title, body, style) = (Escaped(title), sections.concat(), include_str!("style.css"));
    let version = env!("BAYESWIRE_VERSION");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p>On {of}, by bayeswire {version}.</p>\n</header>\n\
         {body}</main>\n</body>\n</html>\n"
    )
}

/// A count with its thousands apart.
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_reads_is_escaped() {
        let escaped = Escaped("<a href='x' title=\"y\">é & b</a>").to_string();
        assert_eq!(escaped, "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;é &amp; b&lt;/a&gt;");
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
