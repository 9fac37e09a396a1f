//! The bytes of a page.

use std::cell::RefCell;

use bayeswire::{
    api::v1::ClassifyPageResponse,
    model::{Classifier, Options},
    page::{Content, MAX_ARTICLES, decode, find_articles},
};

use super::model::shipped;

thread_local! {
    static CLASSIFIER: RefCell<Classifier> = RefCell::new(Classifier::new(shipped().facts().text_profile));
}

/// Any bytes are a page, as HTML and as plain text; its articles stand in it, and are the same when asked again.
pub fn page(data: &[u8]) {
    let page = decode(data);
    for content in [Content::Html(&page), Content::Text(&page)] {
        let found = find_articles(content, &mut ());
        assert!(found.articles.len() <= MAX_ARTICLES);
        assert!((0.0..=1.0).contains(&found.left_out_share), "{}", found.left_out_share);
        for article in &found.articles {
            assert!(!article.article.text.is_empty());
            // Also that the span's ends are ends of characters.
            assert!(page.get(article.span.clone()).is_some_and(|part| !part.is_empty()));
        }
        assert_eq!(find_articles(content, &mut ()), found);
        let answer = CLASSIFIER.with_borrow_mut(|classifier| {
            ClassifyPageResponse::new(shipped(), classifier, content, String::new(), &Options::default())
        });
        for article in &answer.articles {
            let total: f64 =
                article.classification.iter().flat_map(|c| &c.topics).map(|t| t.probability).sum();
            assert!((total - 1.0).abs() < 1e-9, "the probabilities sum to {total}");
        }
    }
}
