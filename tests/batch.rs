//! Many articles in one call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

mod harness;

use bayeswire::api::v1::{
    Article, ArticleResult, BatchClassifyArticlesRequest, ClassificationOptions, ClassifyArticleRequest,
    article_result::Outcome, classification_service_client::ClassificationServiceClient,
};
use harness::{TestServer, reason, violations};
use prost::Message as _;
use tonic::{Code, Status};

const TEXTS: [&str; 4] = [
    "Foreign ministers met in Geneva to sign a treaty on their border and resume talks on trade.",
    "Thousands marched through the capital to protest against the new law, and police fired tear gas.",
    "Artillery shelled the town overnight and troops advanced on the front line, the army said.",
    "The orchestra's new conductor opened the season with a symphony.",
];

fn article(id: usize) -> Article {
    let text = TEXTS[id % 4].to_owned();
    Article { article_id: id.to_string(), title: format!("Article {id}"), text, ..Article::default() }
}

fn batch(articles: Vec<Article>, options: Option<ClassificationOptions>) -> BatchClassifyArticlesRequest {
    BatchClassifyArticlesRequest { articles, options }
}

fn error(result: &ArticleResult) -> Option<Status> {
    match result.outcome.as_ref()? {
        Outcome::Error(status) => Some(Status::with_details(
            Code::from_i32(status.code),
            status.message.clone(),
            status.encode_to_vec().into(),
        )),
        Outcome::Classification(_) => None,
    }
}

#[tokio::test]
async fn order_is_kept_and_bad_articles_spoil_no_other() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let mut articles: Vec<Article> = (0..1000).map(article).collect();
    articles[3].text = " \n".into();
    articles[500].article_id = "x".repeat(129);
    articles[500].language_code = "not a tag".into();
    articles[999].text = "x".repeat((1 << 20) + 1);
    let options = ClassificationOptions { max_evidence_terms: 2, ..ClassificationOptions::default() };
    let request = batch(articles.clone(), Some(options.clone()));
    let results = client.batch_classify_articles(request).await.unwrap().into_inner().results;
    assert_eq!(results.len(), 1000);
    for (result, article) in results.iter().zip(&articles) {
        assert_eq!(result.article_id, article.article_id);
    }
    // The same answers and errors as from the other rpc.
    for index in [0, 1, 2, 3, 4, 499, 500, 501, 998, 999] {
        let request =
            ClassifyArticleRequest { article: Some(articles[index].clone()), options: Some(options.clone()) };
        match (client.classify_article(request).await, error(&results[index])) {
            (Ok(single), None) => {
                let expected = single.into_inner().classification.map(Outcome::Classification);
                assert_eq!(results[index].outcome, expected, "article {index}");
            }
            (Err(single), Some(status)) => {
                assert_eq!((status.code(), reason(&status)), (single.code(), reason(&single)));
                let moved = |(field, reason): (String, String)| {
                    (field.replace("article.", &format!("articles[{index}].")), reason)
                };
                let expected: Vec<_> = violations(&single).into_iter().map(moved).collect();
                assert_eq!(violations(&status), expected);
                assert!(!expected.is_empty());
            }
            (single, status) => panic!("article {index}: {single:?} and {status:?}"),
        }
    }
    let wrong = results.iter().filter(|result| error(result).is_some()).count();
    assert_eq!(wrong, 3);
}

#[tokio::test]
async fn what_is_wrong_with_the_call_fails_the_call() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let status = client.batch_classify_articles(batch(Vec::new(), None)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "BATCH_EMPTY"));

    let options = ClassificationOptions { max_evidence_terms: 1001, ..ClassificationOptions::default() };
    let many = batch((0..1001).map(article).collect(), Some(options));
    let status = client.batch_classify_articles(many).await.unwrap_err();
    let expected =
        [("articles", "BATCH_TOO_LARGE"), ("options.max_evidence_terms", "MAX_EVIDENCE_TERMS_INVALID")];
    assert_eq!(violations(&status), expected.map(|(f, r)| (f.to_owned(), r.to_owned())));
    let details = tonic_types::StatusExt::get_error_details(&status);
    assert_eq!(details.error_info().unwrap().metadata["limit"], "1000");

    let options =
        ClassificationOptions { model_revision: "0".repeat(64), ..ClassificationOptions::default() };
    let status = client.batch_classify_articles(batch(vec![article(0)], Some(options))).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "REVISION_NOT_FOUND"));
}

#[tokio::test]
async fn errors_of_many_articles_arrive_whatever_the_callers_texts_are() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    // 10,000 topics that nobody knows: all of them in header lines would be more than a client takes.
    let topic_priors = (0..10_000).map(|n| (format!("\u{1F4F0} topic number {n}"), 1.0)).collect();
    let options = ClassificationOptions { topic_priors, ..ClassificationOptions::default() };
    let status = client.batch_classify_articles(batch(vec![article(0)], Some(options))).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "TOPIC_PRIORS_INVALID"));
    assert!(violations(&status).len() > 10);
}

/// Server and callers share one thread here: a batch that does not let others go first is alone until it is done.
#[tokio::test]
async fn a_long_batch_does_not_stall_other_calls() {
    let server = TestServer::start().await;
    let mut client = ClassificationServiceClient::new(server.channel().await);
    let long = Article { text: format!("{} ", TEXTS[0]).repeat(400), ..Article::default() };
    let mut batch_client = ClassificationServiceClient::new(server.channel().await);
    let batch =
        tokio::spawn(async move { batch_client.batch_classify_articles(batch(vec![long; 100], None)).await });
    let mut answered = 0;
    while !batch.is_finished() {
        let request = ClassifyArticleRequest { article: Some(article(0)), options: None };
        client.classify_article(request).await.unwrap();
        answered += 1;
    }
    assert!(batch.await.unwrap().is_ok());
    assert!(answered >= 5, "{answered} calls were answered meanwhile");
}
