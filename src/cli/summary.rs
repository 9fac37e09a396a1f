//! What a training run tells.

use std::time::Duration;

use crate::{
    article::{Article, Topic},
    evaluation::Collector,
    training::{Copies, CopyGroups, Report},
};

/// A topic with fewer articles is warned of.
const FEW_ARTICLES: u64 = 20;
/// So many times the articles of the smallest topic are warned of.
const IMBALANCE: u64 = 10;
/// So many label errors are named.
const LABEL_ERRORS: usize = 5;
/// So many topics are named in one warning.
const NAMED: usize = 5;
/// So many words stand for an article without a title.
const FIRST_WORDS: usize = 12;

/// What a training run tells about its model; with the articles also which labels may be wrong.
pub(super) fn describe(report: &Report, took: Duration) -> String {
    let facts = &report.facts;
    let training = &facts.training;
    let topics: Vec<(&str, u64)> =
        facts.topics.iter().map(String::as_str).zip(training.articles.iter().copied()).collect();
    let estimator = &facts.estimator;
    let mut lines = vec![
        format!("articles   {} ({})", training.articles.iter().sum::<u64>(), list(&topics, 20)),
        format!("terms      {} of {}", report.terms, training.terms),
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
    lines.extend(label_errors(report));
    lines.extend(copies(&report.copies));
    lines.extend(few_and_uneven(&topics));
    lines.push(format!("revision   {}", report.revision));
    lines.push(format!("written to {}", report.path.display()));
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

fn label_errors(report: &Report) -> Vec<String> {
    let mut collector = Collector::new(&report.facts);
    for answer in &report.held_out {
        if let Some(sampled) = report.sampled.get(answer.article) {
            collector.add(answer.article, sampled.digest, &sampled.topic, &answer.classification);
        }
    }
    let mut lines = Vec::new();
    for suspect in collector.finish().suspects(LABEL_ERRORS) {
        if let (Some(sampled), Some(other)) =
            (report.sampled.get(suspect.article), suspect.best_except(suspect.right))
        {
            lines.push(format!(
                "  {}: {} ({:.1}%), the others say {} ({:.1}%): {}",
                sampled.name,
                sampled.topic,
                100.0 * suspect.probability(suspect.right),
                report.facts.topics[other],
                100.0 * suspect.probability(other),
                heading(&sampled.excerpt)
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

fn copies(copies: &Copies) -> Vec<String> {
    let show = |groups: &CopyGroups, with_topic: bool| -> String {
        let one = |(name, topic): &(String, Topic)| {
            if with_topic { format!("{name} ({topic})") } else { name.clone() }
        };
        let mut shown: Vec<String> = Vec::new();
        for group in &groups.named {
            let mut members: Vec<String> = group.named.iter().map(one).collect();
            let more = group.articles - group.named.len() as u64;
            if more > 0 {
                members.push(format!("{more} more"));
            }
            shown.push(members.join(" = "));
        }
        let more = groups.count - groups.named.len() as u64;
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        shown.join("; ")
    };
    let mut warnings = Vec::new();
    if copies.across_topics.count > 0 {
        warnings.push(format!(
            "warning: {} under more than one topic: {}",
            articles(copies.across_topics.count),
            show(&copies.across_topics, true)
        ));
    }
    if copies.same_topic.count > 0 {
        warnings.push(format!(
            "warning: {} more than once under one topic, and counted each time: {}",
            articles(copies.same_topic.count),
            show(&copies.same_topic, false)
        ));
    }
    warnings
}

fn articles(count: u64) -> String {
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
    use crate::training::CopyGroup;

    #[test]
    fn few_articles_and_imbalance_are_warned_of() {
        let warnings = few_and_uneven(&[("a", 201), ("b", 20), ("c", 201)]);
        assert_eq!(warnings, ["warning: a has 201 articles, over 10 times the 20 of b"]);
        let warnings = few_and_uneven(&[("a", 190), ("b", 19)]);
        assert_eq!(warnings, ["warning: topics with fewer than 20 articles: b 19"]);
    }

    #[test]
    fn copies_are_named() {
        let member = |name: &str, topic: &str| (name.to_owned(), Topic::new(topic).unwrap());
        let group = |named: &[(String, Topic)], articles| CopyGroup { named: named.to_vec(), articles };
        let found = Copies {
            across_topics: CopyGroups {
                count: 1,
                named: vec![group(&[member("2", "b"), member("4", "a")], 2)],
            },
            same_topic: CopyGroups {
                count: 9,
                named: vec![
                    group(&[member("1", "a"), member("3", "a")], 2),
                    group(&[member("5", "a"), member("6", "a")], 7),
                ],
            },
        };
        assert_eq!(
            copies(&found),
            [
                "warning: 1 article stands under more than one topic: 2 (b) = 4 (a)",
                "warning: 9 articles stand more than once under one topic, and counted each time: 1 = 3; 5 = 6 = 5 more; \
                 and 7 more"
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
