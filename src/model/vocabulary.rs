//! Which terms a model keeps.

use std::cmp::Reverse;

use super::estimate::unit;
use crate::counts::Counts;

/// The terms that occur in at least `min_articles` articles, as indexes into the terms of `counts`, in order.
/// When they are more than `max_terms`, those in the most articles stay, ties going to the first by bytes;
/// a pair stays only where both of its words do.
pub(crate) fn select(counts: &Counts, min_articles: u64, max_terms: usize) -> Vec<u32> {
    let mut kept: Vec<u32> = (0..counts.terms.len() as u32)
        .filter(|&i| counts.articles_with(i as usize) >= min_articles)
        .collect();
    if kept.len() <= max_terms {
        // A pair is in no more articles than each of its words, so its words are kept too.
        return kept;
    }
    // Words before pairs of the same frequency: then a pair's words stand before the pair.
    let rank = |&i: &u32| {
        let pair = counts.terms[i as usize].second().is_some();
        (Reverse(counts.articles_with(i as usize)), pair, i)
    };
    kept.sort_unstable_by_key(rank);
    kept.truncate(max_terms);
    kept.sort_unstable();
    kept
}

/// The mean over the topics of their sums over the kept terms, in article weights.
pub(crate) fn mean_total(counts: &Counts, kept: &[u32]) -> f64 {
    let total = kept.iter().flat_map(|&i| counts.entries_of(i as usize)).map(|e| e.weight).sum();
    unit(total) / counts.topics.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        article::{Article, LabeledArticle, Topic},
        text::TextProfile,
    };

    fn counts() -> Counts {
        let article = |topic, text: &str| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { text: text.to_owned(), ..Article::default() },
        };
        let articles = [article("x", "red fox runs"), article("y", "red fox"), article("y", "red dog")];
        Counts::of(TextProfile::default(), &articles).unwrap()
    }

    fn names(counts: &Counts, kept: &[u32]) -> Vec<String> {
        kept.iter().map(|&i| counts.words.term(counts.terms[i as usize])).collect()
    }

    #[test]
    fn rare_terms_are_pruned() {
        let counts = counts();
        assert_eq!(names(&counts, &select(&counts, 2, 100)), ["fox", "red", "red fox"]);
        assert_eq!(names(&counts, &select(&counts, 3, 100)), ["red"]);
    }

    #[test]
    fn a_pair_never_stays_without_its_words() {
        let counts = counts();
        assert_eq!(names(&counts, &select(&counts, 1, 2)), ["fox", "red"]);
        assert_eq!(names(&counts, &select(&counts, 1, 3)), ["fox", "red", "red fox"]);
        assert_eq!(names(&counts, &select(&counts, 1, 4)), ["dog", "fox", "red", "red fox"]);
    }

    #[test]
    fn the_mean_total_is_that_of_the_kept_terms() {
        let counts = counts();
        let all = select(&counts, 1, 100);
        assert!(mean_total(&counts, &all) > mean_total(&counts, &select(&counts, 2, 100)));
    }
}
