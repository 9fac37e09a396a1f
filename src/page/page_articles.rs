//! The whole way: from a page to its articles.

use std::{collections::HashSet, ops::Range};

use jiff::Timestamp;

use super::{
    block::{Document, TimeRole, count_words},
    content::{Worth, without_source},
    flow, html, items, lines, single,
    stated::{self, StatedArticle},
    subject::SubjectReader,
    title,
};
use crate::article::Article;

/// The longest page, in bytes. Callers refuse longer ones.
pub const MAX_PAGE_BYTES: usize = 16 << 20;

/// The most articles that are found on one page.
pub const MAX_ARTICLES: usize = 5000;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// HTML, whole or a fragment.
    Html(&'a str),
    /// Plain text as scraped: a paragraph a line, or wrapped lines with an empty one between paragraphs.
    Text(&'a str),
}

/// The articles of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundArticles {
    /// In the order of the page; the first [`MAX_ARTICLES`].
    pub articles: Vec<FoundArticle>,
    /// The share of the page's visible text, in characters, that is in no article's title or text: 0 to 1.
    pub left_out_share: f64,
}

/// One article of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundArticle {
    /// Title, empty where the page has none, and text: paragraphs separated by empty lines.
    pub article: Article,
    /// Where the text stands, from its first paragraph to its last: bytes of the page as sent.
    pub span: Range<usize>,
    /// When it was published, where the page says so.
    pub published: Option<Timestamp>,
    /// When it was updated, where the page says so.
    pub updated: Option<Timestamp>,
}

/// An article as blocks.
struct Draft {
    title: String,
    title_block: Option<usize>,
    blocks: Vec<usize>,
    /// Where lines that tell its time may stand.
    times: Range<usize>,
    /// Whether its title is only the line that fits best.
    is_of_flow: bool,
}

/// Finds the articles of a page. `subjects` tells what a stretch of text is about; `&mut ()` knows nothing of that, and
/// articles without any structure between them are then one.
///
/// ```
/// use bayeswire::page::{Content, find_articles};
///
/// let page = "<nav><a href=/>Home</a></nav><h1>Talks resume</h1>\
///     <p>The envoys of both sides met in Geneva on Monday, for the first time since the truce was broken in March.</p>\
///     <p>They agreed to exchange prisoners and to meet again in a week, a spokesman of the hosts said after the talks.</p>";
/// let found = find_articles(Content::Html(page), &mut ());
/// assert_eq!(found.articles[0].article.title, "Talks resume");
/// assert!(page[found.articles[0].span.clone()].starts_with("The envoys of both sides met"));
/// ```
#[must_use]
pub fn find_articles(content: Content<'_>, subjects: &mut dyn SubjectReader) -> FoundArticles {
    let (page, document) = match content {
        Content::Html(page) => (page, html::parse(page)),
        Content::Text(page) => (page, lines::parse(page)),
    };
    let is_html = matches!(content, Content::Html(_));
    let mut worth = Worth::of(&document);
    let stated = stated_articles(&document);
    let all = 0..document.blocks.len();
    let main = if is_html { worth.main(&document, 0) } else { Some(0) };
    let main = main.and_then(|main| document.node(main)).map_or(0..0, |node| node.blocks.clone());

    let is_one = is_html && says_one(&document, &stated);
    let drafts = if is_one {
        vec![whole(&document, &worth, main, &stated)]
    } else if let Some(items) = is_html.then(|| items::find(&document, &worth, main.clone())).flatten() {
        items.into_iter().map(|item| of_item(&document, &worth, &item)).collect()
    } else {
        let range = if is_html { main } else { all.clone() };
        let needed = if is_html && is_body(&document, &range) { flow::ENOUGH_IN_BODY } else { flow::ENOUGH };
        in_flow(&document, &worth, range, needed, subjects)
    };
    let alone = drafts.len() == 1;
    let mut found = FoundArticles { articles: Vec::new(), left_out_share: 0.0 };
    let mut used = HashSet::new();
    for draft in drafts.into_iter().take(MAX_ARTICLES) {
        let text = text(&document, &draft.blocks);
        if text.is_empty() {
            continue;
        }
        used.extend(draft.blocks.iter().copied());
        used.extend(draft.title_block);
        found.articles.push(finish(&document, draft, text, alone && is_html, &stated));
    }
    if let Some(article) = from_script(page, &document, &stated, &found) {
        found.articles = vec![article];
    }
    let length = |at: &usize| document.blocks.get(*at).map_or(0, |b| document.text_of(b).chars().count());
    let total: usize = all.map(|at| length(&at)).sum();
    let kept: usize = used.iter().map(length).sum();
    found.left_out_share = if total == 0 { 0.0 } else { 1.0 - kept as f64 / total as f64 };
    found
}

fn stated_articles(document: &Document) -> Vec<(Range<usize>, StatedArticle)> {
    let scripts = document.facts.json_ld.iter();
    scripts
        .flat_map(|(place, script)| stated::articles(script).into_iter().map(|a| (place.clone(), a)))
        .collect()
}

/// Whether a page says that it is about one article.
fn says_one(document: &Document, stated: &[(Range<usize>, StatedArticle)]) -> bool {
    let is_article = |(key, value): &(String, String)| {
        (key == "og:type" && value.trim().to_lowercase().starts_with("article"))
            || key == "article:published_time"
    };
    let bodies = document.nodes.iter().filter(|n| n.hints.any(html::Hints::ARTICLE_BODY)).count();
    let headlines: HashSet<&str> = stated.iter().map(|(_, article)| article.headline.as_str()).collect();
    document.facts.metas.iter().any(is_article) || headlines.len() == 1 || bodies == 1
}

/// Whether `blocks` stand in an element, or are one, that is named as the body of one article.
fn is_body(document: &Document, blocks: &Range<usize>) -> bool {
    let Some(block) = document.blocks.get(blocks.start) else { return false };
    let mut around = document
        .around(block.node)
        .filter(|(_, node)| node.blocks.start <= blocks.start && node.blocks.end >= blocks.end);
    around.any(|(_, node)| node.tag == html::Tag::Article || node.hints.any(html::Hints::BODY))
}

/// The one article of a page.
fn whole(
    document: &Document,
    worth: &Worth,
    main: Range<usize>,
    stated: &[(Range<usize>, StatedArticle)],
) -> Draft {
    let headlines: Vec<String> = stated.iter().take(1).map(|(_, a)| a.headline.clone()).collect();
    let main_start = main.start;
    let mut blocks = single::lead(document, worth, &main);
    blocks.extend(single::body(document, worth, main));
    let title = title::of_page(document, &headlines, &text(document, &blocks));
    remove(document, &mut blocks, &title);
    let title_block = document.blocks.iter().position(|block| document.text_of(block) == title);
    let times = title_block.unwrap_or(0)..blocks.last().copied().unwrap_or(0).min(main_start);
    Draft { title, title_block, blocks, times, is_of_flow: false }
}

fn of_item(document: &Document, worth: &Worth, item: &items::Item) -> Draft {
    let mut blocks = single::body(document, worth, item.blocks.clone());
    if blocks.is_empty() {
        blocks = item.blocks.clone().collect();
    }
    let first = blocks.first().copied().unwrap_or(item.blocks.start);
    let stretch =
        flow::Stretch { blocks: first..item.blocks.end, before: item.blocks.start..first, after: 0..0 };
    let title_block = flow::title(document, worth, &stretch, &text(document, &blocks)).or(item.label);
    let title =
        title_block.and_then(|at| document.blocks.get(at)).map_or("", |block| document.text_of(block));
    Draft { title: title.to_owned(), title_block, blocks, times: item.blocks.clone(), is_of_flow: false }
}

/// The articles of a row of paragraphs.
fn in_flow(
    document: &Document,
    worth: &Worth,
    range: Range<usize>,
    needed: f64,
    subjects: &mut dyn SubjectReader,
) -> Vec<Draft> {
    let mut titles = HashSet::new();
    let mut drafts = Vec::new();
    for stretch in flow::stretches(document, worth, range, needed, subjects) {
        let mut blocks = single::body(document, worth, stretch.blocks.clone());
        let text = text(document, &blocks);
        let title_block = flow::title(document, worth, &stretch, &text);
        let title =
            title_block.and_then(|at| document.blocks.get(at)).map_or("", |block| document.text_of(block));
        // The line above that named the article before is not this one's.
        let title = if titles.insert(title.to_owned()) { title } else { "" };
        remove(document, &mut blocks, title);
        drafts.push(Draft {
            title: title.to_owned(),
            title_block,
            blocks,
            times: stretch.before,
            is_of_flow: true,
        });
    }
    drafts
}

fn finish(
    document: &Document,
    draft: Draft,
    text: String,
    alone: bool,
    stated: &[(Range<usize>, StatedArticle)],
) -> FoundArticle {
    let start = draft.blocks.first().and_then(|at| document.blocks.get(*at)).map_or(0, |b| b.source.start);
    let end = draft.blocks.iter().filter_map(|at| document.blocks.get(*at)).map(|b| b.source.end).max();
    let mut title = draft.title;
    let (mut published, mut updated) = (None, None);
    if alone {
        (published, updated) = stated_times(document, stated);
        let of_page = title::of_page(document, &[], &text);
        if !of_page.is_empty() && draft.is_of_flow {
            title = of_page;
        }
    }
    let is_inside = |block: usize| draft.times.contains(&block) || draft.times.end == block;
    let marks = document.facts.times.iter().filter(|mark| is_inside(mark.block));
    for mark in marks {
        let Some(time) = stated::time_stamp(&mark.value) else { continue };
        if mark.role == TimeRole::Updated {
            updated.get_or_insert(time);
        } else {
            published.get_or_insert(time);
        }
    }
    for block in draft.times.clone().rev().filter_map(|at| document.blocks.get(at)) {
        let line = stated::date_line(document.text_of(block));
        published = published.or(line.published);
        updated = updated.or(line.updated);
    }
    let article = Article { id: String::new(), title, text };
    FoundArticle { article, span: start..end.unwrap_or(start).max(start), published, updated }
}

/// The times that a page states for its one article.
fn stated_times(
    document: &Document,
    stated: &[(Range<usize>, StatedArticle)],
) -> (Option<Timestamp>, Option<Timestamp>) {
    const PUBLISHED: [&str; 12] = [
        "article:published_time",
        "datepublished",
        "og:article:published_time",
        "parsely-pub-date",
        "pubdate",
        "publishdate",
        "publish_date",
        "publish-date",
        "date",
        "dc.date.issued",
        "dc.date",
        "sailthru.date",
    ];
    const UPDATED: [&str; 6] = [
        "article:modified_time",
        "og:updated_time",
        "datemodified",
        "lastmod",
        "last-modified",
        "dc.date.modified",
    ];
    let meta = |keys: &[&str]| {
        keys.iter().find_map(|key| {
            let metas = document.facts.metas.iter();
            metas.filter(|(k, _)| k == key).find_map(|(_, value)| stated::time_stamp(value))
        })
    };
    let script =
        |value: fn(&StatedArticle) -> &str| stated.iter().find_map(|(_, a)| stated::time_stamp(value(a)));
    let mark = |role: TimeRole| {
        let marks = document.facts.times.iter();
        marks.filter(|mark| mark.role == role).find_map(|mark| stated::time_stamp(&mark.value))
    };
    let published =
        script(|a| &a.published).or_else(|| meta(&PUBLISHED)).or_else(|| mark(TimeRole::Published));
    let updated = script(|a| &a.updated).or_else(|| meta(&UPDATED)).or_else(|| mark(TimeRole::Updated));
    (published, updated)
}

/// The article as a script states it, where the page shows next to nothing of it.
fn from_script(
    page: &str,
    document: &Document,
    stated: &[(Range<usize>, StatedArticle)],
    found: &FoundArticles,
) -> Option<FoundArticle> {
    let shown: u32 = found.articles.iter().map(|a| count_words(&a.article.text)).sum();
    let (place, article) = stated.iter().max_by_key(|(_, article)| article.body.len())?;
    let body = html::parse(&article.body);
    let text = text(&body, &(0..body.blocks.len()).collect::<Vec<_>>());
    let words = count_words(&text);
    if words < 40 || words < shown.saturating_mul(3) {
        return None;
    }
    let (published, updated) = stated_times(document, stated);
    let title = title::of_page(document, std::slice::from_ref(&article.headline), &text);
    let span = place.start.min(page.len())..place.end.min(page.len());
    Some(FoundArticle { article: Article { id: String::new(), title, text }, span, published, updated })
}

/// Takes a headline out of a body.
fn remove(document: &Document, blocks: &mut Vec<usize>, title: &str) {
    blocks.retain(|at| document.blocks.get(*at).is_some_and(|block| document.text_of(block) != title));
}

fn text(document: &Document, blocks: &[usize]) -> String {
    let mut text = String::new();
    for block in blocks.iter().filter_map(|at| document.blocks.get(*at)) {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(without_source(document, block));
    }
    text
}
