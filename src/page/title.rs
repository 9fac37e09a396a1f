//! Which line is an article's headline.

use std::collections::HashSet;

use super::{
    block::{Document, Kind, is_unspaced},
    content::Worth,
};

/// A headline has so many words.
const WORDS: std::ops::RangeInclusive<u32> = 2..=32;

/// A headline's words stand early in its article: so much is looked at, in bytes.
const LOOKED_AT: usize = 16 << 10;

/// The words by which a headline and its article are compared: hashes of their beginnings, so that inflected forms agree.
pub(super) fn stems(text: &str) -> HashSet<u64> {
    let mut end = LOOKED_AT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let words = text.get(..end).unwrap_or_default().split(|c: char| !c.is_alphanumeric());
    let says_something =
        |word: &&str| word.chars().nth(3).is_some() || word.chars().any(|c| c.is_numeric() || is_unspaced(c));
    let beginning = |word: &str| {
        // FNV-1a.
        let letters = word.chars().flat_map(char::to_lowercase).take(5);
        letters.fold(0xCBF2_9CE4_8422_2325, |hash, c| (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01B3))
    };
    words.filter(says_something).map(beginning).collect()
}

/// The share of a headline's words that stand in a text with `stems`.
pub(super) fn overlap(title: &str, stems: &HashSet<u64>) -> f64 {
    let words = self::stems(title);
    let known = words.iter().filter(|word| stems.contains(*word)).count();
    if words.is_empty() { 0.0 } else { known as f64 / words.len() as f64 }
}

/// Whether a block can be a headline.
pub(super) fn can_be_title(document: &Document, worth: &Worth, at: usize) -> bool {
    use super::content::Quality as Q;
    let Some(block) = document.blocks.get(at) else { return false };
    let text = document.text_of(block);
    let fits = match worth.quality.get(at) {
        Some(Q::Scrap | Q::Repeated | Q::Links) => true,
        // A headline may be a sentence where the mark-up says that it is one.
        Some(Q::Prose) => matches!(block.kind, Kind::Heading(_)),
        _ => false,
    };
    fits && WORDS.contains(&block.words) && text.len() <= 400 && !super::stated::is_date_line(text)
}

/// The headline of a page's only article: what the page states, best where its text has it too.
pub(super) fn of_page(document: &Document, headlines: &[String], text: &str) -> String {
    let facts = &document.facts;
    let meta = |key: &str| facts.metas.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    let site = meta("og:site_name").unwrap_or_default();
    let mut stated: Vec<String> = headlines.to_vec();
    for title in [meta("og:title"), meta("twitter:title"), Some(facts.title.as_str())].into_iter().flatten() {
        stated.push(without_site(&folded(title), site));
    }
    stated.retain(|title| !title.is_empty());
    let known: HashSet<u64> = stated.iter().flat_map(|title| stems(title)).collect();
    let article = stems(text);
    // The heading that says what the page states; of several, the first that says the most of it.
    let mut best: Option<(f64, &str)> = None;
    for block in &document.blocks {
        let level = match block.kind {
            Kind::Heading(level @ 1..=2) => level,
            _ => continue,
        };
        let heading = document.text_of(block);
        let agrees = if known.is_empty() { overlap(heading, &article) } else { overlap(heading, &known) };
        let points = agrees + if level == 1 { 0.3 } else { 0.0 };
        if agrees >= 0.5 && WORDS.contains(&block.words) && best.is_none_or(|(most, _)| points > most) {
            best = Some((points, heading));
        }
    }
    match best {
        Some((_, heading)) => folded(heading),
        None => stated.into_iter().next().unwrap_or_default(),
    }
}

/// A title without the name of the site behind or before it.
fn without_site(title: &str, site: &str) -> String {
    const MARKS: [&str; 9] = [" | ", " – ", " — ", " - ", " :: ", " » ", " • ", " · ", " / "];
    if !site.is_empty() {
        for mark in MARKS {
            for cut in [
                title.strip_suffix(site).and_then(|t| t.strip_suffix(mark)),
                title.strip_prefix(site).and_then(|t| t.strip_prefix(mark)),
            ] {
                if let Some(cut) = cut.filter(|cut| !cut.is_empty()) {
                    return cut.to_owned();
                }
            }
        }
    }
    let mut title = title;
    // The section of the site may stand before its name.
    for mark in MARKS.iter().flat_map(|mark| [mark, mark]) {
        let words = |part: &str| part.split_whitespace().count();
        if let Some((before, after)) = title.rsplit_once(mark)
            && words(after) <= 4
            && words(before) >= 3
        {
            title = before;
        }
    }
    title.trim().to_owned()
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_site_is_cut_off() {
        for (title, site, expected) in [
            ("Talks go on in Geneva | Daily Example", "", "Talks go on in Geneva"),
            ("Talks go on in Geneva - World - Daily Example", "", "Talks go on in Geneva"),
            ("Daily Example | Talks", "Daily Example", "Talks"),
            ("Talks - Daily Example", "Daily Example", "Talks"),
            ("Talks", "Talks", "Talks"),
        ] {
            assert_eq!(without_site(title, site), expected);
        }
    }

    #[test]
    fn overlap_counts_the_words_that_the_text_has() {
        let text = stems("Protesters filled the city on Saturday over the operation.");
        assert_eq!(overlap("Protest erupts in city over operation", &text), 0.8); // all but "erupts"
        assert_eq!(overlap("", &text), 0.0);
    }
}
