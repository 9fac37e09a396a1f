//! From a scraped page to the articles on it.
//!
//! Users have pages, not clean articles. A page, HTML or plain text, becomes a row of blocks (`html`, `lines`); every
//! block is weighed (`content`, `phrases`); articles are found by structure first (`items`: elements of their own),
//! else in the part that holds the main content, cut where the lines between paragraphs and a change of subject say so
//! (`flow`, `subject`). Titles and times come from what the page states (`stated`, `title`). There is no rule for
//! any one site. All of it takes time linear in the size of the page, and no page can make it fail.

mod block;
mod charset;
mod content;
mod flow;
mod html;
mod items;
mod lines;
mod page_articles;
mod phrases;
mod single;
mod stated;
mod subject;
mod title;

pub use charset::decode;
pub use page_articles::{Content, FoundArticle, FoundArticles, MAX_ARTICLES, MAX_PAGE_BYTES, find_articles};
pub use subject::{Subject, SubjectReader};
