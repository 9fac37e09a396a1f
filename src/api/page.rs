//! From a page to the answer about it.

use super::v1;
use crate::{
    model::{Classification, Classifier, Model, Options},
    page::{Content, FoundArticle, Subject, SubjectReader, find_articles},
};

/// Tells subjects apart by the words of a model, the rarer in its training articles the weightier, and by its topics.
pub(crate) struct ModelSubjects<'a> {
    model: &'a Model,
    classifier: &'a mut Classifier,
    options: Options,
}

impl<'a> ModelSubjects<'a> {
    pub(crate) fn new(model: &'a Model, classifier: &'a mut Classifier) -> Self {
        Self { model, classifier, options: Options::default() }
    }
}

impl SubjectReader for ModelSubjects<'_> {
    fn read(&mut self, text: &str) -> Subject {
        let answer = self.classifier.classify(self.model, "", text, &self.options);
        let mut topics = vec![0.0; self.model.facts().topics.len()];
        for score in &answer.topics {
            if let Some(topic) = topics.get_mut(score.topic) {
                *topic = score.probability;
            }
        }
        let all: u64 = self.model.facts().training.articles.iter().sum();
        let rarity = |articles: u32| libm::log((all as f64 + 1.0) / (f64::from(articles) + 1.0)).max(0.0);
        let words = self.classifier.words(self.model);
        let mut terms: Vec<(u64, f64)> = words.map(|(key, weight, n)| (key, weight * rarity(n))).collect();
        terms.retain(|&(_, weight)| weight > 0.0);
        terms.sort_unstable_by_key(|&(key, _)| key);
        Subject { terms, topics }
    }
}

impl v1::ClassifyPageResponse {
    /// Finds the articles on a page and classifies each.
    #[must_use]
    pub fn new(
        model: &Model,
        classifier: &mut Classifier,
        content: Content<'_>,
        source_uri: String,
        options: &Options,
    ) -> Self {
        let found = find_articles(content, &mut ModelSubjects::new(model, classifier));
        let articles = found.articles.into_iter().map(|found| {
            let answer = classifier.classify(model, &found.article.title, &found.article.text, options);
            v1::PageArticle::new(model, found, answer)
        });
        Self { source_uri, articles: articles.collect(), left_out_share: found.left_out_share }
    }
}

impl v1::PageArticle {
    /// The message about one article of a page; `answer` is what `model` said about it.
    pub(crate) fn new(model: &Model, found: FoundArticle, answer: Classification) -> Self {
        let offset = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            span: Some(v1::TextSpan {
                field: v1::Field::Unspecified.into(),
                start_byte: offset(found.span.start),
                end_byte: offset(found.span.end),
            }),
            publish_time: found.published.map(Into::into),
            update_time: found.updated.map(Into::into),
            classification: Some(v1::Classification::new(model, answer)),
            title: found.article.title,
            text: found.article.text,
        }
    }
}
