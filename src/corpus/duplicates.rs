//! Articles that are there more than once.

use rayon::prelude::*;

use crate::article::LabeledArticle;

/// Groups of articles with the same title and text, as places in the corpus, each group in the order of the corpus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// Those under one topic.
    pub same_topic: Vec<Vec<usize>>,
    /// Those under several topics: at least one label is wrong.
    pub across_topics: Vec<Vec<usize>>,
}

/// Finds articles with the same title and text, by their digests.
#[must_use]
pub fn duplicates(articles: &[LabeledArticle]) -> Duplicates {
    let mut digests: Vec<([u8; 32], usize)> =
        articles.par_iter().enumerate().map(|(i, a)| (a.article.digest(), i)).collect();
    digests.par_sort_unstable();
    let mut found = Duplicates::default();
    for group in digests.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        let group: Vec<usize> = group.iter().map(|&(_, i)| i).collect();
        let across = group.iter().any(|&i| articles[i].topic != articles[group[0]].topic);
        if across { &mut found.across_topics } else { &mut found.same_topic }.push(group);
    }
    found.same_topic.sort_unstable();
    found.across_topics.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Article, Topic};

    #[test]
    fn copies_are_found_within_and_across_topics() {
        let article = |topic: &str, text: &str| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { text: text.to_owned(), ..Article::default() },
        };
        let corpus =
            [article("a", "x"), article("b", "y"), article("a", "x"), article("a", "y"), article("a", "z")];
        let expected = Duplicates { same_topic: vec![vec![0, 2]], across_topics: vec![vec![1, 3]] };
        assert_eq!(duplicates(&corpus), expected);
    }
}
