//! What a training run tells.

use std::{path::Path, time::Duration};

use crate::{
    article::{Article, LabeledArticle},
    corpus::duplicates,
    evaluation::Predictions,
    model::Trained,
};

/// A topic with fewer articles is warned of.
const FEW_ARTICLES: u64 = 20;
/// So many times the articles of the smallest topic are warned of.
const IMBALANCE: u64 = 10;
/// So many label errors are named.
const LABEL_ERRORS: usize = 5;
/// So many topics or duplicates are named in one warning.
const NAMED: usize = 5;
/// So many words stand for an article without a title.
const FIRST_WORDS: usize = 12;

/// The articles of a training run, and what to call them.
#[derive(Clone, Copy)]
pub(super) struct Corpus<'a> {
    pub(super) articles: &'a [LabeledArticle],
    pub(super) names: &'a [String],
}

/// What a training run tells about its model; with the articles also which labels may be wrong.
pub(super) fn describe(path: &Path, trained: &Trained, corpus: Option<Corpus<'_>>, took: Duration) -> String {
    let facts = trained.model.facts();
    let training = &facts.training;
    let topics: Vec<(&str, u64)> =
        facts.topics.iter().map(String::as_str).zip(training.articles.iter().copied()).collect();
    let estimator = &facts.estimator;
    let mut lines = vec![
        format!("articles   {} ({})", training.articles.iter().sum::<u64>(), list(&topics, 20)),
        format!("terms      {} of {}", trained.model.term_count(), training.terms),
        format!(
            "estimator  {:?}, alpha {}, row scaling {}",
            estimator.variant, estimator.alpha, estimator.row_scaling
        ),
    ];
    match &training.leave_one_out {
        Some(loo) => lines.push(format!(
            "leave-one-out accuracy {:.4}, log-loss {:.4} ({} articles, chosen on {})",
            loo.accuracy, loo.log_loss, loo.articles, loo.choice_articles
        )),
        None => lines.push("not calibrated: give the articles with --corpus for that".to_owned()),
    }
    if let Some(corpus) = corpus {
        lines.extend(label_errors(trained, corpus));
        lines.extend(copies(corpus));
    }
    lines.extend(few_and_uneven(&topics));
    lines.push(format!("revision   {}", trained.model.revision()));
    lines.push(format!("written to {}", path.display()));
    lines.push(format!("seconds    {:.1}\n", took.as_secs_f64()));
    lines.join("\n")
}

/// The first `most` topics with their articles, and how many more there are.
fn list(topics: &[(&str, u64)], most: usize) -> String {
    let mut names: Vec<String> = topics.iter().take(most).map(|(topic, n)| format!("{topic} {n}")).collect();
    if topics.len() > most {
        names.push(format!("and {} topics more", topics.len() - most));
    }
    names.join(", ")
}

fn label_errors(trained: &Trained, corpus: Corpus<'_>) -> Vec<String> {
    let predictions = Predictions::held_out(&trained.model, corpus.articles, &trained.held_out);
    let topics = &trained.model.facts().topics;
    let mut lines = Vec::new();
    for suspect in predictions.suspects(LABEL_ERRORS) {
        if let (Some(labeled), Some(name), Some(other)) = (
            corpus.articles.get(suspect.article),
            corpus.names.get(suspect.article),
            suspect.best_except(suspect.right),
        ) {
            lines.push(format!(
                "  {name}: {} ({:.1}%), the others say {} ({:.1}%): {}",
                labeled.topic,
                100.0 * suspect.probability(suspect.right),
                topics[other],
                100.0 * suspect.probability(other),
                heading(&labeled.article)
            ));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, "labels that the other articles contradict most:".to_owned());
    }
    lines
}

/// The title, or the first words.
fn heading(article: &Article) -> String {
    let text = if article.title.trim().is_empty() { &article.text } else { &article.title };
    let mut words = text.split_whitespace();
    let mut heading = words.by_ref().take(FIRST_WORDS).collect::<Vec<_>>().join(" ");
    if words.next().is_some() {
        heading.push_str(" ...");
    }
    // A terminal must not read what an article says.
    heading.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn copies(corpus: Corpus<'_>) -> Vec<String> {
    let found = duplicates(corpus.articles);
    let name = |i: usize| corpus.names.get(i).map_or("?", String::as_str);
    let show = |groups: &[Vec<usize>], with_topic: bool| -> String {
        let one = |&i: &usize| {
            if with_topic {
                format!("{} ({})", name(i), corpus.articles[i].topic)
            } else {
                name(i).to_owned()
            }
        };
        let mut shown: Vec<String> = groups
            .iter()
            .take(NAMED)
            .map(|group| {
                let mut members: Vec<String> = group.iter().take(NAMED).map(one).collect();
                if group.len() > NAMED {
                    members.push(format!("{} more", group.len() - NAMED));
                }
                members.join(" = ")
            })
            .collect();
        if groups.len() > NAMED {
            shown.push(format!("and {} more", groups.len() - NAMED));
        }
        shown.join("; ")
    };
    let mut warnings = Vec::new();
    if !found.across_topics.is_empty() {
        warnings.push(format!(
            "warning: {} under more than one topic: {}",
            articles(found.across_topics.len()),
            show(&found.across_topics, true)
        ));
    }
    if !found.same_topic.is_empty() {
        warnings.push(format!(
            "warning: {} more than once under one topic, and counted each time: {}",
            articles(found.same_topic.len()),
            show(&found.same_topic, false)
        ));
    }
    warnings
}

fn articles(count: usize) -> String {
    if count == 1 { "1 article stands".to_owned() } else { format!("{count} articles stand") }
}

fn few_and_uneven(topics: &[(&str, u64)]) -> Vec<String> {
    let mut warnings = Vec::new();
    let few: Vec<(&str, u64)> = topics.iter().copied().filter(|t| t.1 < FEW_ARTICLES).collect();
    if !few.is_empty() {
        warnings
            .push(format!("warning: topics with fewer than {FEW_ARTICLES} articles: {}", list(&few, NAMED)));
    }
    let largest = topics.iter().rev().max_by_key(|t| t.1);
    let smallest = topics.iter().min_by_key(|t| t.1);
    if let (Some(largest), Some(smallest)) = (largest, smallest)
        && largest.1 > IMBALANCE * smallest.1
    {
        warnings.push(format!(
            "warning: {} has {} articles, over {IMBALANCE} times the {} of {}",
            largest.0, largest.1, smallest.1, smallest.0
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Topic;

    #[test]
    fn few_articles_and_imbalance_are_warned_of() {
        let warnings = few_and_uneven(&[("a", 201), ("b", 20), ("c", 201)]);
        assert_eq!(warnings, ["warning: a has 201 articles, over 10 times the 20 of b"]);
        let warnings = few_and_uneven(&[("a", 190), ("b", 19)]);
        assert_eq!(warnings, ["warning: topics with fewer than 20 articles: b 19"]);
    }

    #[test]
    fn copies_are_named() {
        let article = |topic: &str, text: &str| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { text: text.to_owned(), ..Article::default() },
        };
        let articles = [article("a", "x"), article("b", "y"), article("a", "x"), article("a", "y")];
        let names = ["1", "2", "3", "4"].map(str::to_owned);
        let warnings = copies(Corpus { articles: &articles, names: &names });
        assert_eq!(
            warnings,
            [
                "warning: 1 article stands under more than one topic: 2 (b) = 4 (a)",
                "warning: 1 article stands more than once under one topic, and counted each time: 1 = 3"
            ]
        );
    }

    #[test]
    fn an_article_without_a_title_is_known_by_its_first_words() {
        let text = "one two three four five six seven eight nine ten eleven twelve thirteen".to_owned();
        let article = Article { text, ..Article::default() };
        assert_eq!(heading(&article), "one two three four five six seven eight nine ten eleven twelve ...");
        let article = Article { title: "A\u{1b}[31mtitle".into(), ..article };
        assert_eq!(heading(&article), "A\u{fffd}[31mtitle");
    }
}
