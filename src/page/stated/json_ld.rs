//! Articles in JSON-LD (schema.org: Article and its kinds).

use serde_json::{Map, Value};

/// What JSON-LD says about one article.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::page) struct StatedArticle {
    pub(in crate::page) headline: String,
    pub(in crate::page) body: String,
    pub(in crate::page) published: String,
    pub(in crate::page) updated: String,
}

/// Objects looked at in one page; a page with more than this many is not about one article.
const MAX_OBJECTS: usize = 2000;

/// The articles that a script describes. A script that is no JSON describes none. (serde_json refuses nesting beyond 128.)
pub(in crate::page) fn articles(script: &str) -> Vec<StatedArticle> {
    let script = script.trim().trim_start_matches("<!--").trim_end_matches("-->").trim();
    let script =
        script.trim_start_matches("//<![CDATA[").trim_end_matches("//]]>").trim().trim_end_matches(';');
    let value: Value = match serde_json::from_str(script) {
        Ok(value) => value,
        // Line breaks inside strings are not JSON, and common.
        Err(_) => match serde_json::from_str(&script.replace(['\n', '\r', '\t'], " ")) {
            Ok(value) => value,
            Err(_) => return Vec::new(),
        },
    };
    let mut found = Vec::new();
    let mut open = vec![&value];
    let mut seen = 0;
    while let Some(value) = open.pop() {
        seen += 1;
        if seen > MAX_OBJECTS {
            break;
        }
        match value {
            Value::Array(values) => open.extend(values.iter().rev()),
            Value::Object(object) => {
                if is_article(object) {
                    found.push(stated(object));
                } else {
                    let inner = ["@graph", "mainEntity", "mainEntityOfPage", "hasPart"];
                    open.extend(inner.iter().rev().filter_map(|key| object.get(*key)));
                }
            }
            _ => {}
        }
    }
    found
}

fn is_article(object: &Map<String, Value>) -> bool {
    let is = |kind: &Value| {
        kind.as_str().is_some_and(|kind| {
            let kind = kind.rsplit('/').next().unwrap_or_default();
            kind.ends_with("Article") || matches!(kind, "BlogPosting" | "Report" | "LiveBlogPosting")
        })
    };
    match object.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => false,
    }
}

fn stated(object: &Map<String, Value>) -> StatedArticle {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let either = |a: &str, b: &str| Some(text(a)).filter(|t| !t.is_empty()).unwrap_or_else(|| text(b));
    StatedArticle {
        headline: either("headline", "name"),
        body: text("articleBody"),
        published: either("datePublished", "dateCreated"),
        updated: text("dateModified"),
    }
}

#[cfg(test)]
mod tests {
    use super::articles;

    #[test]
    fn articles_are_found_in_graphs_and_lists() {
        let script = r#"{"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "x"},
            {"@type": ["NewsArticle", "Thing"], "headline": "Talks", "datePublished": "2025-01-02T03:04:05Z", "articleBody": "Two
            lines."}]}"#;
        let found = articles(script);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].headline.as_str(), found[0].published.as_str()),
            ("Talks", "2025-01-02T03:04:05Z")
        );
        assert_eq!(articles(r#"[{"@type":"Report","name":"N"}]"#)[0].headline, "N");
    }

    #[test]
    fn what_is_no_article_or_no_json_is_passed_over() {
        for script in ["", "null", "{", r#"{"@type":"Person"}"#, r#"{"@type":7}"#, &"[".repeat(100_000)] {
            assert!(articles(script).is_empty(), "{script:.20}");
        }
    }
}
