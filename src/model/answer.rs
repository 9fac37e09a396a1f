//! What the classifier answers.

use std::ops::Range;

/// What was decided about an article, and on what grounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// A topic, or the reason for giving none.
    pub decision: Decision,
    /// Every topic of the model, most probable first, equally probable ones by name.
    pub topics: Vec<TopicScore>,
    /// The language that was assumed, as a BCP 47 tag; empty when it cannot be told.
    pub language: String,
    /// How much of the article the model knows.
    pub coverage: Coverage,
    /// The weightiest terms, as many as were asked for.
    pub evidence: Vec<Evidence>,
}

/// A topic, or the reason for giving none. Topics are indexes into those of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The article is about this topic.
    Assigned(usize),
    /// The classifier does not say.
    Abstained(AbstainReason),
}

/// Why no topic was assigned. Where several hold, the first is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AbstainReason {
    /// Too few words to tell anything.
    TooShort,
    /// A language that the model was not trained on.
    UnsupportedLanguage,
    /// Too few of the words are known.
    LowCoverage,
    /// The background is the most probable topic.
    OffTopic,
    /// No topic is probable enough.
    LowProbability,
}

/// One topic's standing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopicScore {
    /// Index of the topic.
    pub topic: usize,
    /// Calibrated probability; over all topics they sum to 1.
    pub probability: f64,
    /// Log of prior times likelihood in the calibrated scale, not normalised.
    pub log_score: f64,
}

/// How much of an article the model knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Running words.
    pub words: u32,
    /// Those that the model has weights for.
    pub known_words: u32,
}

/// What one term adds to the margin between the most probable topic and the runner-up.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The term.
    pub term: String,
    /// How often it occurs.
    pub count: u32,
    /// Its share of the margin, 10 log10 of the odds.
    pub decibans: f64,
    /// Where it occurs, the first [`Evidence::MAX_SPANS`] places.
    pub spans: Vec<Span>,
}

impl Coverage {
    /// Share of the running words that are known; 0 of none.
    #[must_use]
    pub fn known_share(self) -> f64 {
        f64::from(self.known_words) / f64::from(self.words.max(1))
    }
}

impl Evidence {
    /// No more places are given for one term.
    pub const MAX_SPANS: usize = 100;
}

/// A place in an article: bytes, half open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which field.
    pub field: Field,
    /// The bytes of the field.
    pub bytes: Range<usize>,
}

/// A text field of an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The headline.
    Title,
    /// The body.
    Text,
}
