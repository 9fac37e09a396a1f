//! Pages made to do harm: nothing panics, nothing recurses, and time grows as the page does.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

use std::time::{Duration, Instant};

use bayeswire::page::{Content, FoundArticles, MAX_ARTICLES, decode, find_articles};

const SENTENCE: &str =
    "The envoys of both sides met again on Monday to talk about the border, a spokesman said. ";

/// Pages of about `bytes` bytes, each of a kind that a careless reader fails on.
fn pages(bytes: usize) -> Vec<(&'static str, String)> {
    let repeat = |part: &str| part.repeat(bytes / part.len());
    let nested = |tag: &str| {
        let open = format!("<{tag}>").repeat(bytes / 2 / (tag.len() + 2));
        format!("{open}{SENTENCE}{SENTENCE}")
    };
    let attributes: String = (0..bytes / 16).map(|n| format!(" data-{n:x}=\"{n:x}\"")).collect();
    vec![
        ("div in div", nested("div")),
        ("span in span", nested("span")),
        ("table in cell", repeat("<table><tr><td>")),
        ("list in item", repeat("<ul><li>x")),
        ("article in article", repeat("<article class=body><h2>News today</h2>")),
        ("bold and never plain", repeat("<b>x ")),
        ("paragraphs that do not end", repeat(&format!("<p>{SENTENCE}"))),
        ("ends without beginnings", repeat("</div></p></b></table>")),
        ("misnested", repeat("<b><i><a href=x>y</b></i></a>")),
        ("many links", repeat("<a href=/x>A link of four words</a> ")),
        ("links in inline elements", format!("{}{}", "<b>".repeat(510), repeat("<a href=/x>y</a>"))),
        ("breaks in inline elements", format!("<p>{}{}", "<b>".repeat(510), repeat("word word<br><br>"))),
        ("items in inline elements", format!("{}{}", "<b>".repeat(510), repeat("<li>word word"))),
        ("one attribute", format!("<p class=\"{}\">{SENTENCE}", "x ".repeat(bytes / 2))),
        ("many attributes", format!("<p{attributes}>{SENTENCE}")),
        ("a tag without end", format!("<p {}", "a".repeat(bytes))),
        ("a comment without end", format!("<p>{SENTENCE}</p><!--{}", "- ".repeat(bytes / 2))),
        ("a script without end", format!("<p>{SENTENCE}</p><script>{}", "x=1;".repeat(bytes / 4))),
        ("a title without end", format!("<title>{}", "title ".repeat(bytes / 6))),
        ("nothing but <", "<".repeat(bytes)),
        ("nothing but &", "&".repeat(bytes)),
        ("references", repeat("&amp;&#x41;&notin;&#99999999;&")),
        ("JSON-LD in depth", format!("<script type=application/ld+json>{}</script>", "[".repeat(bytes))),
        (
            "JSON-LD in breadth",
            format!("<script type=application/ld+json>[{}0]</script>", "[],".repeat(bytes / 3)),
        ),
        ("scripts of JSON-LD", repeat("<script type=application/ld+json>{\"@type\":\"Article\"}</script>")),
        ("times", repeat("<time datetime=2024-01-01>1 January 2024</time><p>Envoys met in the town.")),
        ("dates", repeat("<p>2024-01-01 12:00 Updated: 13:00</p>")),
        ("the same line", repeat("<p>Photo by somebody</p>")),
        ("headings", repeat("<h2>Envoys meet again</h2>")),
        ("stories", repeat(&format!("<h2>Envoys meet again</h2><p>{SENTENCE}{SENTENCE}</p>"))),
        ("items of news", repeat(&format!("<li>{SENTENCE}(Agency)</li>"))),
        ("breaks", repeat("<br>")),
        ("one word", "x".repeat(bytes)),
        ("one long line", SENTENCE.repeat(bytes / SENTENCE.len())),
        ("brackets", repeat("<p>The envoys met. (a) (b) (c) (d) (e) (f)")),
        ("open brackets", format!("<p>The envoys met. {}", "(a) ".repeat(bytes / 4))),
        ("line breaks", "\n".repeat(bytes)),
        ("short lines", "a\n".repeat(bytes / 2)),
        ("lines of text", format!("{SENTENCE}\n").repeat(bytes / (SENTENCE.len() + 1))),
        ("preformatted", format!("<pre>{}", "line of text\n".repeat(bytes / 13))),
        ("no characters at all", "\0\u{FEFF}\u{200B}\u{AD}".repeat(bytes / 9)),
        ("ideographs", "会談は続いた。".repeat(bytes / 21)),
        ("a letter under marks", format!("<p>a{}", "\u{301}".repeat(bytes / 2))),
    ]
}

/// Reads a page in both ways.
fn read(page: &str) -> [FoundArticles; 2] {
    [Content::Html(page), Content::Text(page)].map(|content| {
        let found = find_articles(content, &mut ());
        assert!((0.0..=1.0).contains(&found.left_out_share), "{}", found.left_out_share);
        assert!(found.articles.len() <= MAX_ARTICLES);
        for article in &found.articles {
            assert!(page.get(article.span.clone()).is_some(), "{:?}", article.span);
        }
        found
    })
}

#[test]
fn no_page_is_too_much() {
    // A fraction of the usual stack: whatever recursed would overflow it.
    let small = std::thread::Builder::new().stack_size(256 << 10);
    let reader = small.spawn(|| {
        for (name, page) in pages(1 << 20) {
            let start = Instant::now();
            read(&page);
            let took = start.elapsed();
            println!("{took:>10.1?}  {name}");
            // Without optimisation, and beside other tests: far more than it takes.
            assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        }
    });
    reader.unwrap().join().unwrap();
}

#[test]
fn time_doubles_when_size_doubles() {
    let time = |page: &str| {
        let start = Instant::now();
        read(page);
        start.elapsed().as_secs_f64()
    };
    for ((name, quarter), (_, whole)) in pages(1 << 19).into_iter().zip(pages(1 << 21)) {
        // The fastest of up to eight runs: what else the machine does only ever adds.
        let (mut short, mut long) = (f64::INFINITY, f64::INFINITY);
        let is_linear = (0..8).any(|_| {
            (short, long) = (short.min(time(&quarter)), long.min(time(&whole)));
            // Four times the size: four times the time, or sixteen times if it grew with the square.
            long < 8.0 * short + 0.005
        });
        assert!(is_linear, "{name}: {short} s and {long} s");
    }
}

#[test]
fn bytes_of_any_kind_are_read() {
    let mut bytes: Vec<u8> = (0..=255).collect();
    for seed in 0..64_u32 {
        // A linear congruential generator: the same bytes everywhere.
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        for byte in &mut bytes {
            *byte = next();
        }
        for declaration in [
            "",
            "<meta charset=utf-16>",
            "<meta charset=shift_jis>",
            "\u{FEFF}",
            "<?xml encoding='gb18030'?>",
        ] {
            let page = [declaration.as_bytes(), b"<p>", &bytes].concat();
            read(&decode(&page));
        }
    }
    for mark in [&b"\xFE\xFF"[..], b"\xFF\xFE", b"\xEF\xBB\xBF", b"\x2B\x2F\x76"] {
        read(&decode(&[mark, &bytes].concat()));
        read(&decode(mark));
    }
}

#[test]
fn pieces_of_markup_in_any_order_are_read() {
    const PIECES: [&str; 24] = [
        "<p>",
        "</p>",
        "<div class=article-body>",
        "</div>",
        "<article>",
        "</article>",
        "<h1>",
        "</h1>",
        "<table>",
        "<td>",
        "</table>",
        "<li>",
        "<a href=x>",
        "</a>",
        "<b>",
        "<pre>",
        "</pre>",
        "<script>",
        "</script>",
        "<title>",
        "</title>",
        "\n",
        SENTENCE,
        "2024-01-01",
    ];
    for seed in 0..2000_u32 {
        let mut state = seed.wrapping_mul(2_654_435_761);
        let mut page = String::new();
        for _ in 0..30 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            page.push_str(PIECES[(state >> 16) as usize % PIECES.len()]);
        }
        read(&page);
    }
}
