//! When to say nothing: thresholds from leave-one-out, and the decision.

use super::{
    Model,
    answer::{AbstainReason, Coverage, Decision, TopicScore},
    calibrate::Fit,
    facts::Thresholds,
    leave_one_out::Sample,
};

/// All but this share of the training articles know more words than where the language is looked at; LOW_COVERAGE begins
/// at half of that.
const COVERAGE_QUANTILE: f64 = 0.005;
/// OFF_TOPIC begins beyond the most surprising training article, by this share of its distance from the median.
const SURPRISE_MARGIN: f64 = 0.1;
/// An answer is worth giving when it is wrong less than so many times as often as it is right.
const WRONG_PER_RIGHT: f64 = 4.0;

/// How surprising a word is that occurs in `articles` of `all` articles: -ln((articles + 1/2) / (all + 1)), in nats.
#[inline]
pub(crate) fn word_surprise(articles: u64, all: u64) -> f64 {
    libm::log((all as f64 + 1.0) / (articles as f64 + 0.5))
}

/// Thresholds by which hardly any training article, scored without itself, is turned away for its words alone.
pub(crate) fn thresholds(
    sample: &Sample<'_>,
    min_articles: u64,
    background: Option<usize>,
    fit: &Fit,
) -> Thresholds {
    let (mut known, mut surprise): (Vec<f64>, Vec<f64>) = sample.coverages(min_articles).into_iter().unzip();
    let mut lengths: Vec<f64> = sample.articles().iter().map(|a| f64::from(a.running_words)).collect();
    for numbers in [&mut known, &mut surprise, &mut lengths] {
        numbers.sort_unstable_by(f64::total_cmp);
    }
    let coverage = quantile(&known, COVERAGE_QUANTILE).min(0.75);
    let (middle, most) = (quantile(&surprise, 0.5), quantile(&surprise, 1.0));
    Thresholds {
        // A text a quarter as long as the shortest that were learned from; five words can always say something.
        min_words: (quantile(&lengths, 0.01) / 4.0).clamp(1.0, 5.0) as u32,
        language_coverage: coverage,
        min_coverage: coverage / 2.0,
        max_surprise: background.is_none().then_some(most + SURPRISE_MARGIN * (most - middle)),
        min_probability: min_probability(&fit.answers, background),
    }
}

/// The element below which the share `q` of the sorted `numbers` lies.
fn quantile(numbers: &[f64], q: f64) -> f64 {
    let place = ((numbers.len().saturating_sub(1)) as f64 * q) as usize;
    numbers.get(place).copied().unwrap_or(0.0)
}

/// The probability below which answers cost more than they are worth: over the training articles answered below it, wrong
/// ones outweigh right ones by most.
fn min_probability(answers: &[(usize, f64, bool)], background: Option<usize>) -> f64 {
    let mut given: Vec<(f64, bool)> =
        answers.iter().filter(|a| Some(a.0) != background).map(|&(_, p, right)| (p, right)).collect();
    given.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut gain, mut best, mut threshold) = (0.0, 0.0, 0.0);
    for (i, &(_, right)) in given.iter().enumerate() {
        gain += if right { -WRONG_PER_RIGHT } else { 1.0 };
        if gain > best {
            let next = given.get(i + 1).map_or(1.0, |next| next.0);
            (best, threshold) = (gain, next);
        }
    }
    threshold
}

/// What is known about an article when it comes to deciding.
pub(crate) struct Findings<'a> {
    pub(crate) coverage: Coverage,
    /// Whether the article is in a language that the model was not trained on.
    pub(crate) foreign: bool,
    /// The mean surprise of its words.
    pub(crate) surprise: f64,
    /// Most probable first.
    pub(crate) topics: &'a [TopicScore],
}

/// A topic, or the first reason for giving none.
pub(crate) fn decide(model: &Model, findings: &Findings<'_>, min_probability: Option<f64>) -> Decision {
    let facts = model.facts();
    let thresholds = &facts.thresholds;
    let min_probability = min_probability.unwrap_or(thresholds.min_probability);
    let Some(best) = findings.topics.first() else {
        return Decision::Abstained(AbstainReason::LowProbability);
    };
    let off_topic = facts.background == Some(best.topic)
        || thresholds.max_surprise.is_some_and(|most| findings.surprise > most);
    let reason = if findings.coverage.words < thresholds.min_words {
        AbstainReason::TooShort
    } else if findings.foreign {
        AbstainReason::UnsupportedLanguage
    } else if findings.coverage.known_share() < thresholds.min_coverage {
        AbstainReason::LowCoverage
    } else if off_topic {
        AbstainReason::OffTopic
    } else if best.probability < min_probability {
        AbstainReason::LowProbability
    } else {
        return Decision::Assigned(best.topic);
    };
    Decision::Abstained(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_given_where_they_are_worth_it() {
        // Below 0.4: one right, six wrong. Above: all right. At four wrong for a right one, 0.4 is where it pays.
        let answers: Vec<_> = [true, false, false, false, false, false, false]
            .into_iter()
            .map(|right| (0.3, right))
            .chain((0..20).map(|i| (0.4 + f64::from(i) / 100.0, true)))
            .map(|(p, right)| (0, p, right))
            .collect();
        assert!((min_probability(&answers, None) - 0.4).abs() < 1e-12);
        assert_eq!(min_probability(&answers, Some(0)), 0.0, "the background is no answer");
        assert_eq!(min_probability(&answers[7..], None), 0.0);
    }

    #[test]
    fn quantiles_of_few() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0], 0.5), 2.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn a_rare_word_surprises_more() {
        // By hand: (9 + 1) / (4.5 + 0.5) = 2 for 4 of 9 would be ln(10 / 4.5).
        assert!((word_surprise(4, 9) - libm::log(10.0 / 4.5)).abs() < 1e-12);
        assert!(word_surprise(0, 9) > word_surprise(4, 9));
    }
}
