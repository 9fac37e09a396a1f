//! How lines begin and read that stand on many pages and belong to none of their articles.

use std::{collections::HashMap, sync::LazyLock};

/// Beginnings, in lower case, of lines that do not end like a sentence. One word alone stands for a whole short line.
#[rustfmt::skip] // one a line says no more
const LINES: &[&str] = &[
    "advertisement", "advert", "advertising", "ad feedback", "sponsored", "promoted", "paid content", "anzeige",
    "publicidad", "publicité", "skip to", "jump to", "back to top", "go to top", "menu", "close menu", "toggle",
    "share this", "share on", "share via", "share the", "share story", "share article", "share your", "share:", "share",
    "tweet", "pin it", "email this", "e-mail this", "print this", "print article", "print", "email", "send to",
    "copy link", "follow", "like us", "find us on", "newsletter", "newsletters", "sign in", "sign up", "log in", "login",
    "register", "subscribe", "subscription", "read more", "read next", "read the full", "read full", "read in app",
    "read:", "more:", "see more", "see all", "view all", "view more", "view comments", "learn more", "show more",
    "load more", "continue reading", "tap here", "more from", "more on", "more about", "more stories", "more news",
    "more in", "keep reading", "next article", "next story", "previous article", "next post", "previous post",
    "older posts", "newer posts", "related:", "related stories", "related articles", "related posts", "related news",
    "related topics", "related content", "related coverage", "related", "you may like", "recommended", "recommended articles",
    "recommended for you", "recommended stories", "most read", "most popular", "most viewed", "trending", "popular",
    "latest news", "top stories", "editor's picks", "editors' picks", "editor’s picks", "editors’ picks", "don't miss",
    "don’t miss", "what to read next", "watch:", "watch |", "listen:", "watch now", "watch live", "photos:", "in pictures",
    "gallery:", "video:", "comments", "no comments", "show comments", "hide comments", "load comments", "comment on this",
    "report abuse", "copyright", "contact us", "about us", "powered by", "photo by", "photo credit", "photo:",
    "photograph:", "photograph by", "image credit", "image source", "image caption", "image:", "picture:", "pic:",
    "credit:", "file photo", "getty images", "shutterstock", "tags:", "tags", "tagged:", "tagged with", "filed under",
    "filed in", "posted in", "posted by", "posted on", "published on", "published:", "published by", "last updated",
    "last modified", "updated on", "updated:", "topics:", "topics", "categories:", "category:", "written by",
    "terms of use", "terms of service", "terms and conditions", "privacy policy", "privacy notice", "cookie policy",
    "cookie settings", "cookie preferences", "manage cookies", "accept all", "accept cookies", "reject all",
    "your privacy", "loading", "please wait", "facebook", "twitter", "whatsapp", "linkedin", "instagram", "donate",
    "lire aussi", "à lire aussi", "à lire également", "lire la suite", "voir aussi", "sur le même sujet", "partager",
    "s'abonner", "crédit photo", "lesen sie auch", "lesen sie mehr", "mehr zum thema", "zum thema", "teilen", "bild:",
    "foto:", "fotos:", "quelle:", "lea también", "lee también", "lea más", "ver también", "te puede interesar",
    "más información", "compartir", "suscríbete", "comparte", "síguenos", "leia também", "leia mais", "veja também",
    "saiba mais", "assista:", "publicidade", "continua após a publicidade", "compartilhe", "leggi anche", "leggi tutto",
    "guarda anche", "condividi", "pubblicità", "lees ook", "lees verder", "bekijk ook", "deel dit", "advertentie",
    "czytaj także", "czytaj też", "zobacz także", "zobacz też", "reklama", "reklam", "ilgili haberler", "les også",
    "läs också", "læs også", "lue myös", "annonse", "annons", "annonce", "читайте также", "читать", "поделиться",
    "реклама", "اقرأ أيضا", "اقرأ أيضاً", "مشاركة", "إعلان", "相关新闻", "相关阅读", "分享", "関連記事", "広告",
    "관련기사", "광고", "공유",
];

/// Beginnings, in lower case, that tell even a whole short sentence.
#[rustfmt::skip] // one a line says no more
const SENTENCES: &[&str] = &[
    "share this", "share on", "email this", "follow us", "follow @", "find us on", "join us on", "join our",
    "join the conversation", "join the discussion", "sign up", "sign in to", "log in to", "subscribe", "already a subscriber",
    "already have an account", "create an account", "create a free account", "get the newsletter", "get our",
    "get the latest news", "get breaking news", "get unlimited", "receive our", "enter your email", "your email address",
    "by signing up", "by subscribing", "by clicking", "by submitting", "by registering", "by continuing to",
    "this site is protected by recaptcha", "read more", "read also", "also read", "read next", "see also", "click here",
    "you may also", "you might also", "leave a reply", "leave a comment", "post a comment", "add a comment", "write a comment",
    "view the discussion", "be the first to comment", "comments are closed", "©", "copyright ©", "copyright (c)", "copyright 20",
    "copyright 19", "(c) 20", "all rights reserved", "we use cookies", "we and our partners", "we value your privacy",
    "this website uses cookies", "this site uses cookies", "our website uses cookies", "this page uses cookies",
    "wir verwenden cookies", "diese website verwendet cookies", "ce site utilise des cookies", "utilizamos cookies",
    "questo sito utilizza cookie", "image source", "image caption", "photo credit", "have a tip", "got a tip", "have a story",
    "got a story", "download our app", "download the app", "get the app", "support our", "support independent",
    "become a member", "become a subscriber", "to read the full", "to continue reading", "this article is for subscribers",
    "you have reached your", "please enable javascript", "please enable cookies", "enable javascript", "your browser",
    "javascript is", "thank you for reading", "thanks for reading", "inscrivez-vous", "abonnez-vous", "melden sie sich",
    "suscríbete", "suscríbase",
];

/// What short lines have somewhere in them, in lower case.
#[rustfmt::skip] // one a line says no more
const PARTS: &[&str] = &[
    "all rights reserved", "privacy policy", "cookie policy", "terms of service", "uses cookies", "use cookies",
    "our newsletter", "in your inbox", "to your inbox", "subscribe to our", "click here to", "follow us on", "like us on facebook",
    "may not be reproduced", "may not be published, broadcast", "this article originally appeared",
    "this story originally appeared", "this article was originally published", "reprinted with permission",
    "view discussion", "affiliate commission", "affiliate links", "recaptcha", "adblock", "your browser does not",
    "download our app", "javascript enabled",
];

/// A line with more words than this is not told by what it begins with.
const MAX_WORDS: u32 = 30;

/// The beginnings that a first character leaves over.
#[derive(Default)]
struct Beginnings {
    lines: Vec<&'static str>,
    sentences: Vec<&'static str>,
}

static BY_FIRST: LazyLock<HashMap<char, Beginnings>> = LazyLock::new(|| {
    let mut by_first: HashMap<char, Beginnings> = HashMap::new();
    let first = |beginning: &str| beginning.chars().next().unwrap_or(' ');
    for beginning in LINES {
        by_first.entry(first(beginning)).or_default().lines.push(beginning);
    }
    for beginning in SENTENCES {
        by_first.entry(first(beginning)).or_default().sentences.push(beginning);
    }
    by_first
});

/// Whether a line of `words` words reads like one of those that stand on every page.
pub(super) fn is_boilerplate(line: &str, words: u32) -> bool {
    if words > MAX_WORDS {
        return false;
    }
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '©' && c != '(');
    let lower: String = line.chars().take(240).flat_map(char::to_lowercase).collect();
    let Some(first) = lower.chars().next() else { return false };
    let rest_of = |beginning: &str| {
        lower.strip_prefix(beginning).filter(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let line_begins = |beginning: &&str| {
        rest_of(beginning).is_some_and(|rest| {
            let is_word = !beginning.contains([' ', ':']);
            !is_word || words <= 6 || rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty()
        })
    };
    let known = BY_FIRST.get(&first);
    known.is_some_and(|known| {
        (!ends_sentence(&lower) && known.lines.iter().any(line_begins))
            || known.sentences.iter().any(|b| rest_of(b).is_some())
    }) || PARTS.iter().any(|part| lower.contains(part))
}

/// Whether `text` ends like a sentence, closing quotes and brackets aside.
pub(super) fn ends_sentence(text: &str) -> bool {
    let end = text.trim_end().trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', '“', '」', '』', '*']);
    end.ends_with(['.', '!', '?', '…', '。', '！', '？', '।', '؟', '۔', '။', '។'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_page_are_known() {
        for line in [
            "Skip to Content Facebook Feature Image",
            "Recommended Articles",
            "Share",
            "» Read more: Envoys return to the table",
            "We use cookies to improve your experience.",
            "Sign up for our morning briefing and never miss a story.",
            "© 2024 Example Media. All rights reserved.",
            "Lire aussi : la visite du ministre",
        ] {
            assert!(is_boilerplate(line, super::super::block::count_words(line)), "{line}");
        }
    }

    #[test]
    fn sentences_of_articles_are_not() {
        for line in [
            "Share prices fell by a tenth.",
            "Related charges were dropped in May.",
            "Published on Monday, the report blames both sides.",
            "Popular anger grew.",
            "Print runs have halved since 2010.",
            "Follow the money, the investigator said.",
            "Registered voters queued from dawn.",
        ] {
            assert!(!is_boilerplate(line, super::super::block::count_words(line)), "{line}");
        }
    }

    #[test]
    fn sentences_end_in_many_scripts() {
        assert!(ends_sentence("He said: \"No.\" "));
        assert!(ends_sentence("会談した。"));
        assert!(!ends_sentence("Talks resume") && !ends_sentence(""));
    }
}
