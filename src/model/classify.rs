//! From a model to an answer.

use super::{
    Model,
    abstain::{Findings, decide, strangeness, word_surprise},
    answer::{Classification, Coverage, Evidence, TopicScore},
    calibrate::log_sum_exp,
    evidence,
    look_up::{LookUp, UNKNOWN},
    options::Options,
    score::add_up,
};
use crate::counts::TermId;
use crate::text::{
    MIN_LANGUAGE_WORDS, TermRef, TextProfile, TextReader, WEIGHT_ONE, Weight, detect_language,
};

/// A text with so many words that are common in the training articles is in their language.
const COMMON_SHARE: f64 = 0.2;

/// Classifies articles. Keep one per thread: after a few articles it allocates for the answer only.
pub struct Classifier {
    reader: TextReader,
    look_up: LookUp,
    /// Of every topic.
    scores: Vec<f64>,
}

impl Classifier {
    /// A classifier for models of `profile`.
    #[must_use]
    pub fn new(profile: TextProfile) -> Self {
        Self { reader: TextReader::new(profile), look_up: LookUp::default(), scores: Vec::new() }
    }

    /// Classifies one article. A model of another profile than this classifier's makes it one of that profile.
    pub fn classify(&mut self, model: &Model, title: &str, text: &str, options: &Options) -> Classification {
        let coverage = self.read(model, title, text);
        self.score_known(model, coverage, options);
        let topics = rank(&self.scores);
        let (language, foreign) = self.language(model, coverage, [title, text], options);
        let best = topics.first().map_or(0.0, |best| best.probability);
        let strangeness = strangeness(self.surprise(model, coverage), best);
        let findings = Findings { coverage, foreign, strangeness, topics: &topics };
        let decision = decide(&model.facts, &findings, options);
        let evidence = match topics.as_slice() {
            [best, runner_up, ..] if options.max_evidence_terms > 0 => {
                let most = options.max_evidence_terms;
                self.evidence(model, [title, text], [best.topic, runner_up.topic], most)
            }
            _ => Vec::new(),
        };
        Classification { decision, topics, language, coverage, evidence }
    }

    /// The log of prior times likelihood of every topic, in the calibrated scale and not normalised: what [`Self::classify`]
    /// ranks. Allocates nothing for a text no longer than those before it.
    pub fn score(&mut self, model: &Model, title: &str, text: &str, options: &Options) -> &[f64] {
        let coverage = self.read(model, title, text);
        self.score_known(model, coverage, options);
        &self.scores
    }

    /// Scores the article that was read last.
    fn score_known(&mut self, model: &Model, coverage: Coverage, options: &Options) {
        let calibration = &model.facts.calibration;
        self.scores.clear();
        self.scores.resize(model.facts.topics.len(), 0.0);
        let terms = self.look_up.terms().iter().map(|&(row, weight)| (row, in_units(weight)));
        add_up(&model.weights, terms, &mut self.scores);
        let factor = calibration.factor(coverage.words);
        for (topic, (score, bias)) in self.scores.iter_mut().zip(&calibration.biases).enumerate() {
            *score = factor * *score + bias + options.prior_shift(topic);
        }
    }

    /// The article's language, and whether the model was not trained on it.
    ///
    /// A text in a language of the model hardly ever has as few known words as one in another, and is full of the words
    /// that are common in the training articles; so only texts of which neither is true are looked at more closely.
    fn language(
        &self,
        model: &Model,
        coverage: Coverage,
        [title, text]: [&str; 2],
        options: &Options,
    ) -> (String, bool) {
        let languages = &model.facts.languages;
        let stated = options.language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        if !stated.is_empty() {
            return (options.language.clone(), !languages.is_empty() && !languages.contains(&stated));
        }
        if coverage.words < MIN_LANGUAGE_WORDS {
            return (String::new(), false);
        }
        let usual = || {
            coverage.known_share() >= model.facts.thresholds.language_coverage
                || self.common_share(model, coverage) >= COMMON_SHARE
        };
        match languages.as_slice() {
            [] => (String::new(), false),
            [only] if usual() => (only.clone(), false),
            _ => {
                let tag = detect_language(title, text);
                (tag.to_owned(), !languages.iter().any(|known| known == tag))
            }
        }
    }

    /// The share of the running words that stand in at least one in twenty of the training articles.
    fn common_share(&self, model: &Model, coverage: Coverage) -> f64 {
        let all: u64 = model.facts.training.articles.iter().sum();
        let common = self.words_with_articles(model).filter(|(_, articles)| u64::from(*articles) * 20 >= all);
        f64::from(common.map(|(tf, _)| tf).sum::<u32>()) / f64::from(coverage.words.max(1))
    }

    /// The mean surprise of the words, where the model goes by it.
    fn surprise(&self, model: &Model, coverage: Coverage) -> f64 {
        if model.facts.thresholds.max_strangeness.is_none() {
            return 0.0;
        }
        let all = model.facts.training.articles.iter().sum();
        let words = self.words_with_articles(model);
        let surprises = words.map(|(tf, articles)| f64::from(tf) * word_surprise(u64::from(articles), all));
        surprises.sum::<f64>() / f64::from(coverage.words.max(1))
    }

    /// How often each distinct word of the article occurs in it, and in how many training articles.
    fn words_with_articles<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = (u32, u32)> + 'a {
        let words = self.look_up.word_numbers().iter().zip(self.reader.words());
        words.map(|(&number, (_, tf, _))| match number {
            UNKNOWN => (tf, 0),
            number => (tf, model.articles_with_word(number)),
        })
    }

    /// What the article's terms say for the topic at `topic` against the one at `against`, whichever was decided: at most
    /// `most` of them, strongest first.
    pub fn compare(
        &mut self,
        model: &Model,
        title: &str,
        text: &str,
        [topic, against]: [usize; 2],
        most: usize,
    ) -> Vec<Evidence> {
        self.read(model, title, text);
        let topics = model.facts.topics.len();
        if most == 0 || topic >= topics || against >= topics {
            return Vec::new();
        }
        self.evidence(model, [title, text], [topic, against], most)
    }

    /// Reads an article and finds the rows of its terms.
    fn read(&mut self, model: &Model, title: &str, text: &str) -> Coverage {
        if model.facts.text_profile != self.reader.profile() {
            *self = Self::new(model.facts.text_profile);
        }
        self.reader.read(title, text);
        self.look_up(model)
    }

    /// The evidence for the first of `topics` against the second, in the article that was read last: at most so many terms.
    pub(super) fn evidence(
        &mut self,
        model: &Model,
        article: [&str; 2],
        [topic, against]: [usize; 2],
        most: usize,
    ) -> Vec<Evidence> {
        let factor = model.facts.calibration.factor(self.reader.running_words());
        let known = self.known(model);
        let question = evidence::Question { article, known: &known, topic, against, factor, most };
        evidence::collect(&mut self.reader, model, question)
    }

    /// The known terms of the article.
    fn known<'a>(&self, model: &'a Model) -> Vec<evidence::Known<'a>> {
        let mut places: Vec<(u32, u32)> =
            (0..).zip(self.look_up.word_numbers()).map(|(place, &number)| (number, place)).collect();
        places.sort_unstable();
        // A term that is known has words that are.
        let word = |number| places.binary_search_by_key(&number, |p| p.0).map_or(0, |i| places[i].1);
        let of_term = |term: TermId| match term.second() {
            None => TermRef::Word(word(term.first())),
            Some(second) => TermRef::Pair(word(term.first()), word(second)),
        };
        let known = self.look_up.named_terms(&model.terms).map(|(term, row, weight)| evidence::Known {
            term,
            weights: model.weights.row(row),
            at: of_term(term),
            weight: in_units(weight),
        });
        known.collect()
    }

    /// The distinct words of the article that was classified last: key, weight, and in how many training articles of
    /// `model` each occurs.
    pub(crate) fn words<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = (u64, f64, u32)> + 'a {
        self.reader.words().map(|(key, _, weight)| {
            let word = model.terms.word(key);
            (key.0, in_units(weight), word.map_or(0, |word| model.articles_with_word(word)))
        })
    }

    /// Finds the rows of the article's terms.
    fn look_up(&mut self, model: &Model) -> Coverage {
        self.look_up.find(&self.reader, &model.terms, |row| model.weights.fetch(row));
        let words = self.look_up.word_numbers().iter().zip(self.reader.words());
        let known_words = words.map(|(&number, (_, tf, _))| if number == UNKNOWN { 0 } else { tf }).sum();
        Coverage { words: self.reader.running_words(), known_words }
    }
}

/// A fixed-point weight as a number; exact.
pub(crate) fn in_units(weight: Weight) -> f64 {
    f64::from(weight) / f64::from(WEIGHT_ONE)
}

/// Probabilities, most probable first; topics are sorted by name, and so are equally probable ones.
pub(super) fn rank(scores: &[f64]) -> Vec<TopicScore> {
    let total = log_sum_exp(scores);
    let mut topics: Vec<TopicScore> = scores
        .iter()
        .enumerate()
        .map(|(topic, &log_score)| TopicScore { topic, probability: libm::exp(log_score - total), log_score })
        .collect();
    topics.sort_by(|a, b| b.log_score.total_cmp(&a.log_score));
    topics
}
