//! Answers to training articles, each by the model of all the others.

use rayon::prelude::*;

use super::{
    Model, ModelFacts,
    abstain::{Findings, decide, strangeness},
    answer::{Classification, Coverage, TopicScore},
    classify::rank,
    leave_one_out::Whole,
    options::Options,
    sample::{NotCounted, Sample, SampledArticle, in_order_of_digests},
    term_table::TermTable,
    vocabulary,
};
use crate::{article::LabeledArticle, counts::Counts, file::hex};

/// The answer to a training article by the model of all the others, with this model's own parameters and calibration.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// The article's place among those that were given.
    pub article: usize,
    /// What was answered; without evidence.
    pub classification: Classification,
}

/// Why a model cannot be evaluated by leave-one-out.
#[derive(Debug, thiserror::Error)]
pub enum LeaveOneOutError {
    /// The articles are not those that the model was trained on.
    #[error(
        "leave-one-out needs the articles that the model was trained on, corpus {expected}; these {articles} are corpus {found}"
    )]
    OtherCorpus {
        /// The corpus of the model.
        expected: String,
        /// The corpus of the articles.
        found: String,
        /// How many they are.
        articles: usize,
    },
    /// The articles are not those of the counts.
    #[error(transparent)]
    NotCounted(#[from] NotCounted),
}

/// Answers every one of `articles`, the corpus of `model`, by the model of all the others; in the order of their digests.
///
/// `counts` are those of `articles` by the text profile of the model. Scores are exact: those of a model that is
/// estimated anew with the same parameters. Calibration and thresholds stay as they are; one article moves them by
/// little, and they have few numbers.
///
/// # Errors
/// When the articles are others than the model was trained on.
pub fn leave_one_out(
    model: &Model,
    counts: &Counts,
    articles: &[&LabeledArticle],
) -> Result<Vec<HeldOut>, LeaveOneOutError> {
    let training = &model.facts.training;
    let found = hex(&counts.corpus_digest());
    if found != training.corpus_digest || counts.profile != model.facts.text_profile {
        return Err(LeaveOneOutError::OtherCorpus {
            expected: training.corpus_digest.clone(),
            found,
            articles: counts.article_count(),
        });
    }
    let index = TermTable::of_counts(counts);
    let order = in_order_of_digests(counts, articles)?;
    let sample = Sample::new(counts, &index, &order.iter().map(|&i| (i, articles[i])).collect::<Vec<_>>())?;
    let max_terms = usize::try_from(training.max_terms).unwrap_or(usize::MAX);
    let kept = vocabulary::select(counts, training.min_articles, max_terms);
    let whole = Whole::new(counts, training.min_articles, &kept);
    let scores = whole.scores(sample.articles(), &[model.facts.estimator]);
    let coverages = sample.coverages(&whole, counts.article_count() as u64);
    Ok(scores
        .first()
        .map_or_else(Vec::new, |scores| answers(&model.facts, sample.articles(), &coverages, scores)))
}

/// What a model with these facts makes of `scores[article * topics + topic]`, given the articles' coverages and mean surprises.
pub(super) fn answers(
    facts: &ModelFacts,
    articles: &[SampledArticle],
    coverages: &[(Coverage, f64)],
    scores: &[f64],
) -> Vec<HeldOut> {
    let calibration = &facts.calibration;
    articles
        .par_iter()
        .zip(coverages)
        .zip(scores.par_chunks_exact(facts.topics.len()))
        .map(|((article, &(coverage, surprise)), scores)| {
            let factor = calibration.factor(coverage.words);
            let logits: Vec<f64> =
                scores.iter().zip(&calibration.biases).map(|(score, bias)| factor * score + bias).collect();
            let topics: Vec<TopicScore> = rank(&logits);
            let best = topics.first().map_or(0.0, |best| best.probability);
            let strangeness = strangeness(surprise, best);
            // A training article is in a language of the model.
            let findings = Findings { coverage, foreign: false, strangeness, topics: &topics };
            let classification = Classification {
                decision: decide(facts, &findings, &Options::default()),
                topics,
                language: String::new(),
                coverage,
                evidence: Vec::new(),
            };
            HeldOut { article: article.index, classification }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        article::{Article, Topic},
        model::{TrainingParams, train},
        text::TextProfile,
    };

    fn corpus() -> Vec<LabeledArticle> {
        let subjects = ["envoys", "ministers", "soldiers", "gunmen", "workers", "students"];
        let article = |i: usize| {
            let topic = ["diplomacy", "conflict", "protest"][i / 2 % 3];
            let own = [b'q', b'a' + (i / 26) as u8, b'a' + (i % 26) as u8].map(char::from);
            let own = String::from_iter(own);
            let text = format!("The {} {topic} story {own} with word{} again", subjects[i / 2 % 6], i % 5);
            LabeledArticle {
                topic: Topic::new(topic).unwrap(),
                article: Article { text, ..Article::default() },
            }
        };
        (0..48).map(article).collect()
    }

    #[test]
    fn training_and_evaluation_answer_alike() {
        let corpus = corpus();
        let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
        let articles: Vec<_> = corpus.iter().collect();
        let trained = train(&counts, Some(&articles), &TrainingParams::default().check().unwrap()).unwrap();
        let evaluated = leave_one_out(&trained.model, &counts, &articles).unwrap();
        assert_eq!(trained.held_out.len(), 48);
        for (a, b) in trained.held_out.iter().zip(&evaluated) {
            assert_eq!((a.article, a.classification.decision), (b.article, b.classification.decision));
            assert_eq!(a.classification.coverage, b.classification.coverage);
            assert!(
                (a.classification.topics[0].probability - b.classification.topics[0].probability).abs()
                    < 1e-12
            );
        }
        // Of eight words one is its own, which the model of the others does not know.
        let coverage = trained.held_out[0].classification.coverage;
        assert_eq!((coverage.words, coverage.known_words), (8, 7));
    }

    #[test]
    fn another_corpus_is_refused() {
        let corpus = corpus();
        let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
        let trained = train(&counts, None, &TrainingParams::default().check().unwrap()).unwrap();
        assert!(trained.held_out.is_empty());
        let articles: Vec<_> = corpus[1..].iter().collect();
        let counts = Counts::of(TextProfile::default(), articles.iter().copied()).unwrap();
        let error = leave_one_out(&trained.model, &counts, &articles).unwrap_err();
        assert!(matches!(error, LeaveOneOutError::OtherCorpus { articles: 47, .. }));
    }
}
