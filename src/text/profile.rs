//! How words are made of text: part of every counts and model file, so that only like is added to like.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How text becomes terms. Counts whose profiles differ cannot be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextProfile {
    /// How an inflected word finds its term.
    pub stemmer: StemmerKind,
    /// Whether two adjacent words are a term too.
    pub pairs: bool,
}

impl Default for TextProfile {
    fn default() -> Self {
        Self { stemmer: StemmerKind::English, pairs: true }
    }
}

/// Which rules reduce a word to its stem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum StemmerKind {
    /// The word itself is the term.
    None,
    /// Snowball rules for Arabic.
    Arabic,
    /// Snowball rules for Danish.
    Danish,
    /// Snowball rules for Dutch.
    Dutch,
    /// Snowball rules for English (Porter 2).
    English,
    /// Snowball rules for Finnish.
    Finnish,
    /// Snowball rules for French.
    French,
    /// Snowball rules for German.
    German,
    /// Snowball rules for Greek.
    Greek,
    /// Snowball rules for Hungarian.
    Hungarian,
    /// Snowball rules for Italian.
    Italian,
    /// Snowball rules for Norwegian.
    Norwegian,
    /// Snowball rules for Portuguese.
    Portuguese,
    /// Snowball rules for Romanian.
    Romanian,
    /// Snowball rules for Russian.
    Russian,
    /// Snowball rules for Spanish.
    Spanish,
    /// Snowball rules for Swedish.
    Swedish,
    /// Snowball rules for Tamil.
    Tamil,
    /// Snowball rules for Turkish.
    Turkish,
}

impl StemmerKind {
    /// The rules, or `None` where the word itself is the term.
    pub(crate) fn algorithm(self) -> Option<rust_stemmers::Algorithm> {
        use rust_stemmers::Algorithm as A;
        Some(match self {
            Self::None => return None,
            Self::Arabic => A::Arabic,
            Self::Danish => A::Danish,
            Self::Dutch => A::Dutch,
            Self::English => A::English,
            Self::Finnish => A::Finnish,
            Self::French => A::French,
            Self::German => A::German,
            Self::Greek => A::Greek,
            Self::Hungarian => A::Hungarian,
            Self::Italian => A::Italian,
            Self::Norwegian => A::Norwegian,
            Self::Portuguese => A::Portuguese,
            Self::Romanian => A::Romanian,
            Self::Russian => A::Russian,
            Self::Spanish => A::Spanish,
            Self::Swedish => A::Swedish,
            Self::Tamil => A::Tamil,
            Self::Turkish => A::Turkish,
        })
    }
}

impl fmt::Display for StemmerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match clap::ValueEnum::to_possible_value(self) {
            Some(value) => f.write_str(value.get_name()),
            None => Ok(()),
        }
    }
}

impl FromStr for StemmerKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        clap::ValueEnum::from_str(name, false)
    }
}

impl fmt::Display for TextProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = if self.pairs { "words and pairs" } else { "words" };
        write!(f, "{pairs}, stemmer {}", self.stemmer)
    }
}
