//! From plain text to a row of blocks.

use super::block::{Block, Document, Kind, MAX_BLOCKS, Node, count_words};
use super::html::{Hints, Tag};

/// A line at least this long may have been wrapped, in characters.
const WRAPPED: usize = 45;

/// Reads a page of plain text. A line is a block; where lines were wrapped to a width, a group of lines between empty ones
/// is.
pub(super) fn parse(page: &str) -> Document {
    let root = Node { tag: Tag::Html, hints: Hints::default(), parent: 0, end: 1, blocks: 0..0 };
    let mut document = Document { nodes: vec![root], ..Document::default() };
    let lines = lines(page);
    let wrapped = is_wrapped(&lines);
    let mut at = 0;
    while let Some(&(start, line)) = lines.get(at).filter(|_| document.blocks.len() < MAX_BLOCKS) {
        at += 1;
        if line.is_empty() {
            continue;
        }
        let text_start = document.text.len();
        push_folded(&mut document.text, line);
        let mut end = start + line.len();
        while wrapped && lines.get(at - 1).is_some_and(|(_, last)| last.chars().count() >= WRAPPED) {
            let Some(&(next_start, next)) = lines.get(at).filter(|(_, next)| !next.is_empty()) else { break };
            document.text.push(' ');
            push_folded(&mut document.text, next);
            end = next_start + next.len();
            at += 1;
        }
        let text = text_start..document.text.len();
        let words = count_words(document.text.get(text.clone()).unwrap_or_default());
        document.text.push('\n');
        document.blocks.push(Block {
            text,
            source: start..end,
            node: 0,
            kind: Kind::Line,
            words,
            link_words: 0,
            links: 0..0,
        });
    }
    let blocks = document.blocks.len();
    if let Some(root) = document.nodes.first_mut() {
        root.blocks = 0..blocks;
    }
    document
}

/// Every line without the white space around it, and where it begins.
fn lines(page: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    page.split_inclusive('\n')
        .take(2 * MAX_BLOCKS)
        .map(|line| {
            let start = at + (line.len() - line.trim_start().len());
            at += line.len();
            (start, line.trim())
        })
        .collect()
}

/// Whether most long lines go on in the next: the width of a screen, not the end of a paragraph, ended them.
fn is_wrapped(lines: &[(usize, &str)]) -> bool {
    let (mut long, mut goes_on) = (0_usize, 0_usize);
    let longest = lines.iter().map(|(_, line)| line.chars().count()).max().unwrap_or(0);
    for pair in lines.windows(2) {
        if let [(_, line), (_, next)] = pair
            && line.chars().count() >= WRAPPED
        {
            long += 1;
            goes_on += usize::from(!next.is_empty() && !super::phrases::ends_sentence(line));
        }
    }
    longest <= 200 && long >= 3 && goes_on * 2 > long
}

fn push_folded(text: &mut String, line: &str) {
    for (n, word) in line.split_whitespace().enumerate() {
        if n > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(page: &str) -> Vec<(String, &str)> {
        let document = parse(page);
        let text = |b: &Block| document.text_of(b).to_owned();
        document.blocks.iter().map(|b| (text(b), &page[b.source.clone()])).collect()
    }

    #[test]
    fn a_line_is_a_block_and_knows_its_place() {
        let page = "\u{FEFF} Title \r\n\r\n  First\tline. \nSecond line.";
        assert_eq!(
            blocks(page),
            [
                ("\u{FEFF} Title".to_owned(), "\u{FEFF} Title"),
                ("First line.".to_owned(), "First\tline."),
                ("Second line.".to_owned(), "Second line."),
            ]
        );
    }

    #[test]
    fn lines_wrapped_to_a_width_are_one_paragraph() {
        let paragraph = "The delegations met for the third time this week and\nagreed on the order in which the remaining questions\n\
                         shall be taken up when the talks go on in the autumn,\na spokesman said.\n\n";
        let page = format!("HEADLINE\n\n{}", paragraph.repeat(3));
        let blocks = blocks(&page);
        assert_eq!(blocks.len(), 4);
        assert!(blocks[1].0.ends_with("week and agreed on the order in which the remaining questions shall be taken up when the talks go on in the autumn, a spokesman said."));
    }
}
