//! How lines begin and read that stand on many pages and belong to none of their articles.

/// Beginnings of short lines, in lower case.
const BEGINNINGS: &[&str] = &[
    "advertisement", "advert ", "advertising", "ad feedback", "sponsored", "promoted", "paid content", "anzeige", "publicidad", "publicité",
    "skip to", "jump to", "back to top", "go to top", "menu", "close menu", "toggle",
    "share this", "share on", "share via", "share the", "share story", "share article", "share your", "share:", "share", "tweet", "pin it", "email this", "e-mail this",
    "print this", "print article", "send to", "copy link", "follow us", "follow @", "follow the", "like us", "find us on", "join us on", "join our",
    "join the conversation", "join the discussion", "join more than", "sign up", "sign in", "log in", "login", "register", "subscribe",
    "subscription", "already a subscriber", "already have an account", "create an account", "get the newsletter", "get our newsletter", "get our free",
    "get the latest", "get breaking news", "get unlimited", "newsletter", "receive our", "enter your email", "your email", "by signing up", "by subscribing", "by clicking",
    "by submitting", "by registering", "by continuing", "this site is protected by recaptcha",
    "read more", "read also", "read next", "read the full", "read full", "read in app", "also read", "read:", "more:", "see more", "see also", "see all", "view all", "view more", "view comments", "learn more",
    "show more", "load more", "continue reading", "click here", "tap here", "more from", "more on", "more about", "more stories", "more news", "more in", "keep reading", "next article", "next story", "previous article", "next post", "previous post",
    "older posts", "newer posts", "related:", "related stories", "related articles", "related posts", "related news", "related topics", "related content", "related", "you may also", "you might also",
    "you may like", "recommended", "recommended articles", "recommended for you", "most read", "most popular", "most viewed", "trending", "popular",
    "latest news", "top stories", "editor's picks", "editors' picks", "editor’s picks", "don't miss", "don’t miss", "what to read next", "read more:", "watch:", "listen:", "watch now", "watch live", "photos:", "in pictures", "gallery:",
    "leave a reply", "leave a comment", "post a comment", "add a comment", "comments", "no comments", "write a comment", "view the discussion", "show comments", "hide comments", "load comments", "comment on this", "report abuse", "log in to comment",
    "copyright", "©", "(c) 20", "all rights reserved", "terms of use", "terms of service", "terms and conditions", "privacy policy", "privacy notice", "cookie policy",
    "cookie settings", "cookie preferences", "manage cookies", "accept all", "accept cookies", "reject all", "we use cookies", "this website uses cookies", "this site uses cookies", "our website uses cookies",
    "we and our partners", "we value your privacy", "your privacy", "wir verwenden cookies", "ce site utilise des cookies", "utilizamos cookies", "this page uses cookies",
    "contact us", "about us", "powered by", "photo by", "photo credit", "photo:", "photograph:", "photograph by", "image credit", "image source", "image caption", "image:", "picture:", "pic:", "credit:", "video:",
    "file photo", "getty images", "shutterstock", "tags:", "tags", "tagged:", "tagged with", "filed under", "filed in", "posted in", "posted by", "posted on", "published on", "published:", "published by", "last updated",
    "last modified", "updated on", "updated:", "topics:", "categories:", "category:", "written by", "by the same author", "have a tip", "got a tip", "have a story", "got a story", "send us",
    "download our app", "download the app", "get the app", "support our journalism", "support us", "support independent", "donate", "become a member", "become a subscriber", "to read the full", "to continue reading", "this article is for subscribers", "you have reached your limit", "please enable javascript", "javascript is", "enable javascript", "your browser", "loading", "please wait", "facebook", "twitter", "whatsapp", "linkedin", "instagram",
    "inscrivez-vous", "abonnez-vous", "lire aussi", "à lire aussi", "partager", "lesen sie auch", "mehr zum thema", "teilen", "lea también", "lee también", "te puede interesar", "compartir", "suscríbete", "comparte", "leia também", "leggi anche",
    "lees ook", "читайте также", "читать", "поделиться", "اقرأ أيضا", "اقرأ أيضاً", "مشاركة", "相关新闻", "相关阅读", "分享",
];

/// What short lines have somewhere in them, in lower case.
const PARTS: &[&str] = &[
    "all rights reserved", "privacy policy", "cookie policy", "terms of service", "terms of use", "uses cookies", "use cookies", "our newsletter",
    "sign up for", "subscribe to our", "subscribe to the", "click here to", "follow us on", "like us on facebook", "on facebook and", "may not be reproduced", "may not be published, broadcast", "material may not be", "this article originally appeared",
    "this story originally appeared", "this article was originally published", "reprinted with permission", "view discussion", "inbox", "manage your preferences", "free trial", "affiliate commission", "affiliate links", "recaptcha", "ad blocker", "adblock", "your browser does not", "download our app", "javascript enabled",
];

/// A line with more words than this is not told by its beginning.
const MAX_WORDS: u32 = 30;

/// Whether a line of `words` words reads like one of those that stand on every page.
pub(super) fn is_boilerplate(line: &str, words: u32) -> bool {
    if words > MAX_WORDS {
        return false;
    }
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '©' && c != '(');
    let lower: String = line.chars().take(240).flat_map(char::to_lowercase).collect();
    let begins = |beginning: &&str| {
        lower.strip_prefix(*beginning).is_some_and(|rest| {
            let goes_on = rest.starts_with(|c: char| c.is_alphanumeric());
            // A single word only stands for the whole of a short line: "Share", not "Share prices fell."
            let is_word = !beginning.contains([' ', ':']);
            let whole = rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
            !goes_on && (!is_word || whole || (words <= 6 && !ends_sentence(line))) && (words <= 15 || !ends_sentence(line) || is_plea(beginning))
        })
    };
    BEGINNINGS.iter().any(|b| begins(b)) || PARTS.iter().any(|part| lower.contains(part))
}

/// Beginnings that tell even a whole sentence.
fn is_plea(beginning: &str) -> bool {
    matches!(
        beginning.split(' ').next(),
        Some("sign" | "subscribe" | "get" | "by" | "we" | "this" | "click" | "enter" | "support" | "download" | "become" | "follow" | "join" | "read" | "please" | "also")
    )
}

/// Whether `text` ends like a sentence, closing quotes and brackets aside.
pub(super) fn ends_sentence(text: &str) -> bool {
    let end = text.trim_end().trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', '“', '」', '』', '*']);
    end.ends_with(['.', '!', '?', '…', '。', '！', '？', '।', '؟', '۔', '။', '។'])
}
