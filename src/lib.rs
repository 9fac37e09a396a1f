//! Tells what news articles are about: a naive-Bayes topic classifier behind gRPC.
//!
//! Counts form a group, and a model is a pure function of counts. Everything else follows: the same corpus gives the same
//! bytes anywhere, shards merge exactly, one article can be learned or unlearned, evidence adds up to the decision.
//!
//! | module | what it is about | knows |
//! |---|---|---|
//! | [`article`] | articles and topics | |
//! | [`text`] | from an article to terms and integer weights | article |
//! | [`counts`] | their sums: add, remove, merge, subtract | text |
//! | [`model`] | from counts to a model, and from a model to an answer | counts |
//! | [`corpus`] | readers of articles | article |
//! | [`training`] | counting and training as articles are read | corpus, model |
//! | [`page`] | from a scraped page to the articles on it | article |
//! | [`evaluation`] | how good answers are | model |
//! | [`mod@file`] | whole or not there: canonical files | |
//! | [`api`] | the messages of proto/ | model, page |
//! | [`server`], [`client`] | gRPC | api, model |
//! | [`cli`] | one file a subcommand | everything |
//!
//! ```
//! use bayeswire::{
//!     article::{Article, LabeledArticle, Topic},
//!     counts::Counts,
//!     model::{Classifier, Decision, Options, TrainingParams, train},
//!     text::TextProfile,
//! };
//!
//! let article = |topic, text: &str| LabeledArticle {
//!     topic: Topic::new(topic).unwrap(),
//!     article: Article { text: text.to_owned(), ..Article::default() },
//! };
//! let corpus = [
//!     article("sport", "The striker scored twice in the cup final."),
//!     article("sport", "The keeper saved a penalty in the final minute."),
//!     article("weather", "Heavy rain and strong winds are forecast for the coast."),
//!     article("weather", "A storm brings rain and snow to the north."),
//! ];
//! let counts = Counts::of(TextProfile::default(), &corpus).unwrap();
//! let articles: Vec<_> = corpus.iter().collect();
//! let trained = train(&counts, Some(&articles), &TrainingParams::default().check().unwrap()).unwrap();
//!
//! let mut classifier = Classifier::new(TextProfile::default());
//! let answer = classifier.classify(&trained.model, "", "Rain and strong winds in the north.", &Options::default());
//! assert_eq!(answer.decision, Decision::Assigned(1)); // topics are sorted: sport, weather
//! ```

pub mod api;
pub mod article;
pub mod cli;
pub mod client;
pub mod corpus;
pub mod counts;
pub mod evaluation;
pub mod file;
mod huge_pages;
pub mod model;
pub mod page;
mod prefetch;
mod random;
pub mod server;
pub mod text;
pub mod training;
