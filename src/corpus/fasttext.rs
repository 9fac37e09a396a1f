//! An article as fastText has it: a line in which words that begin with `__label__` are labels.

use super::error::Cause;
use crate::article::Article;

const PREFIX: &str = "__label__";

/// Reads a line: the article, and its topic where it has a label.
pub(super) fn parse(line: &str) -> Result<(Article, Option<String>), Cause> {
    let mut labels = Vec::new();
    let mut text = String::with_capacity(line.len());
    let mut rest = line.trim_start();
    while let Some(at) = rest.find(PREFIX) {
        let (before, label) = rest.split_at(at);
        text.push_str(before);
        if before.chars().next_back().or(text.chars().next_back()).is_none_or(char::is_whitespace) {
            let end = label.find(char::is_whitespace).unwrap_or(label.len());
            labels.push(label[PREFIX.len()..end].to_owned());
            rest = label[end..].trim_start();
        } else {
            text.push_str(PREFIX);
            rest = &label[PREFIX.len()..];
        }
    }
    text.push_str(rest);
    if labels.len() > 1 {
        return Err(Cause::SeveralLabels(labels.len()));
    }
    let length = text.trim_end().len();
    text.truncate(length);
    Ok((Article { text, ..Article::default() }, labels.pop()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<(String, Option<String>), Cause> {
        parse(line).map(|(article, label)| (article.text, label))
    }

    #[test]
    fn labels_are_words_of_their_own() {
        let own = |text: &str, label: &str| Ok((text.to_owned(), Some(label.to_owned())));
        assert_eq!(read("__label__rain Heavy  rain falls \r"), own("Heavy  rain falls", "rain"));
        assert_eq!(read("Heavy rain __label__rain"), own("Heavy rain", "rain"));
        assert_eq!(read("__label__rain"), own("", "rain"));
        assert_eq!(read("a__label__b c"), Ok(("a__label__b c".to_owned(), None)));
        assert_eq!(read("__label__a __label__b c"), Err(Cause::SeveralLabels(2)));
    }
}
