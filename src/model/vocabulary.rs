//! Which terms a model keeps.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::estimate::{BLOCK, unit};
use crate::counts::Counts;

/// Of so many articles and fewer there is a slot each.
const FEW: usize = 1024;

/// How many terms, with how many entries, occur in how many articles.
#[derive(Clone, Debug)]
pub(crate) struct Frequencies {
    /// Words and pairs of each number of articles below [`FEW`].
    few: Vec<[Class; 2]>,
    many: BTreeMap<u64, [Class; 2]>,
}

/// Terms of one kind that occur in as many articles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Class {
    terms: u64,
    entries: u64,
}

impl Default for Frequencies {
    fn default() -> Self {
        Self { few: vec![<[Class; 2]>::default(); FEW], many: BTreeMap::new() }
    }
}

impl Frequencies {
    /// Adds a term.
    #[inline]
    pub(crate) fn add(&mut self, articles: u64, pair: bool, entries: usize) {
        let classes = match self.few.get_mut(articles as usize) {
            Some(classes) => classes,
            None => self.many.entry(articles).or_default(),
        };
        let class = &mut classes[usize::from(pair)];
        class.terms += 1;
        class.entries += entries as u64;
    }

    /// Which terms are kept, see [`select`].
    pub(crate) fn cut(&self, min_articles: u64, max_terms: usize) -> Cut {
        let few = self.few.iter().enumerate().map(|(articles, classes)| (articles as u64, classes));
        let many = self.many.iter().map(|(articles, classes)| (*articles, classes));
        let mut cut =
            Cut { articles: min_articles, pairs: true, left: u64::MAX, words: 0, terms: 0, entries: 0 };
        let mut room = max_terms as u64;
        let falling = many.rev().chain(few.rev());
        for (articles, classes) in falling.take_while(|(articles, _)| *articles >= min_articles) {
            // Words before pairs of the same frequency: then a pair's words are kept wherever the pair is.
            for (pairs, class) in [(false, classes[0]), (true, classes[1])] {
                let taken = class.terms.min(room);
                room -= taken;
                cut.terms += taken;
                cut.words += if pairs { 0 } else { taken };
                // Of a class that is kept in part nobody knows before they are looked at.
                cut.entries += class.entries.min(taken.saturating_mul(articles));
                if taken < class.terms {
                    return Cut { articles, pairs, left: taken, ..cut };
                }
            }
        }
        cut
    }
}

/// Which terms are kept: all that are in more than so many articles, and of those in as many some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    articles: u64,
    /// Of the terms in as many articles all words and some pairs, or else some words.
    pairs: bool,
    /// How many of the last class are still kept, the first in their order.
    left: u64,
    /// How many words, and how many terms altogether, are kept.
    pub(crate) words: u64,
    pub(crate) terms: u64,
    /// At most so many entries the kept terms have.
    pub(crate) entries: u64,
}

impl Cut {
    /// Every term that is kept occurs in at least so many articles.
    pub(crate) fn least_articles(&self) -> u64 {
        self.articles
    }

    /// Whether the next term is kept, all being asked for in their order.
    #[inline]
    pub(crate) fn keeps(&mut self, articles: u64, pair: bool) -> bool {
        if articles != self.articles || pair != self.pairs {
            return articles > self.articles || articles == self.articles && !pair && self.pairs;
        }
        let kept = self.left > 0;
        self.left = self.left.saturating_sub(1);
        kept
    }
}

/// The terms that occur in at least `min_articles` articles, as indexes into the terms of `counts`, in order.
/// When they are more than `max_terms`, those in the most articles stay, ties going to the first by bytes;
/// a pair stays only where both of its words do.
pub(crate) fn select(counts: &Counts, min_articles: u64, max_terms: usize) -> Vec<u32> {
    let all = 0..counts.terms.len() as u32;
    let mut kept: Vec<u32> = match min_articles {
        // Every term is in an article.
        0 | 1 => all.collect(),
        _ => all.filter(|&i| counts.articles_with(i as usize) >= min_articles).collect(),
    };
    if kept.len() <= max_terms {
        // A pair is in no more articles than each of its words, so its words are kept too.
        return kept;
    }
    let mut frequencies = Frequencies::default();
    let class = |i: u32| (counts.articles_with(i as usize), counts.terms[i as usize].second().is_some());
    for &i in &kept {
        let (articles, pair) = class(i);
        frequencies.add(articles, pair, 0);
    }
    let mut cut = frequencies.cut(min_articles, max_terms);
    kept.retain(|&i| {
        let (articles, pair) = class(i);
        cut.keeps(articles, pair)
    });
    kept
}

/// Each topic's sum over the kept terms, in units of 2^-24.
pub(crate) fn totals(counts: &Counts, kept: &[u32]) -> Vec<u64> {
    let of_some = |terms: &[u32]| {
        let mut totals = vec![0; counts.topics.len()];
        for entry in terms.iter().flat_map(|&term| counts.entries_of(term as usize)) {
            totals[usize::from(entry.topic)] += entry.weight;
        }
        totals
    };
    let sum = |mut totals: Vec<u64>, others: Vec<u64>| {
        totals.iter_mut().zip(others).for_each(|(total, other)| *total += other);
        totals
    };
    kept.par_chunks(BLOCK).map(of_some).reduce(|| vec![0; counts.topics.len()], sum)
}

/// The mean of the topics' totals, in article weights.
pub(crate) fn mean_total(totals: &[u64]) -> f64 {
    unit(totals.iter().sum()) / totals.len() as f64
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
        let mean = |min_articles| mean_total(&totals(&counts, &select(&counts, min_articles, 100)));
        assert!(mean(1) > mean(2));
    }
}
