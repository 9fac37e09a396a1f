//! When to say nothing: thresholds from leave-one-out, and the decision.

use super::{
    ModelFacts,
    answer::{AbstainReason, Coverage, Decision, TopicScore},
    calibrate::Fit,
    facts::Thresholds,
    options::Options,
};

/// All but this share of the training articles know more words than where the language is looked at; LOW_COVERAGE begins
/// at half of that.
const COVERAGE_QUANTILE: f64 = 0.005;
/// OFF_TOPIC, where there is no background, begins where all but this share of the training articles are less strange.
const STRANGENESS_QUANTILE: f64 = 0.999;
/// An answer is worth giving when it is wrong less than so many times as often as it is right.
const WRONG_PER_RIGHT: f64 = 4.0;

/// How surprising a word is that occurs in `articles` of `all` articles: -ln((articles + 1/2) / (all + 1)), in nats.
#[inline]
pub(crate) fn word_surprise(articles: u64, all: u64) -> f64 {
    libm::log((all as f64 + 1.0) / (articles as f64 + 0.5))
}

/// How little an article is like the training articles, in nats: the mean surprise of its words plus ln(1.01 - p), p being
/// the probability of its best topic. A stranger's words are rarer, and its best topic is a guess; both together tell
/// more than either (docs/ACCURACY.md).
pub(crate) fn strangeness(surprise: f64, best_probability: f64) -> f64 {
    surprise + libm::log(1.01 - best_probability)
}

/// Thresholds by which hardly any training article, scored without itself, is turned away for its words alone.
///
/// `coverages` are those of the articles without themselves, with the mean surprise of their words.
pub(crate) fn thresholds(coverages: &[(Coverage, f64)], background: Option<usize>, fit: &Fit) -> Thresholds {
    let sorted = |numbers: &mut dyn Iterator<Item = f64>| {
        let mut numbers: Vec<f64> = numbers.collect();
        numbers.sort_unstable_by(f64::total_cmp);
        numbers
    };
    let known = sorted(&mut coverages.iter().map(|(coverage, _)| coverage.known_share()));
    let lengths = sorted(&mut coverages.iter().map(|(coverage, _)| f64::from(coverage.words)));
    let strange = coverages.iter().zip(&fit.answers);
    let strange = sorted(&mut strange.map(|((_, surprise), answer)| strangeness(*surprise, answer.1)));
    let coverage = quantile(&known, COVERAGE_QUANTILE).min(0.75);
    Thresholds {
        // A text a quarter as long as the shortest that were learned from; five words can always say something.
        min_words: (quantile(&lengths, 0.01) / 4.0).clamp(1.0, 5.0) as u32,
        language_coverage: coverage,
        min_coverage: coverage / 2.0,
        max_strangeness: background.is_none().then(|| quantile(&strange, STRANGENESS_QUANTILE)),
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
    /// How little it is like the training articles; looked at only where the model has a threshold for it.
    pub(crate) strangeness: f64,
    /// Most probable first.
    pub(crate) topics: &'a [TopicScore],
}

/// A topic, or the first reason for giving none.
pub(crate) fn decide(facts: &ModelFacts, findings: &Findings<'_>, options: &Options) -> Decision {
    let thresholds = &facts.thresholds;
    let min_probability = options.min_probability.unwrap_or(thresholds.min_probability);
    let max_strangeness = thresholds.max_strangeness.map(|stored| options.max_strangeness.unwrap_or(stored));
    let Some(best) = findings.topics.first() else {
        return Decision::Abstained(AbstainReason::LowProbability);
    };
    let off_topic = facts.background == Some(best.topic)
        || max_strangeness.is_some_and(|most| findings.strangeness > most);
    let reason = if findings.coverage.words < options.min_words.unwrap_or(thresholds.min_words) {
        AbstainReason::TooShort
    } else if findings.foreign {
        AbstainReason::UnsupportedLanguage
    } else if findings.coverage.known_share() < options.min_coverage.unwrap_or(thresholds.min_coverage) {
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
