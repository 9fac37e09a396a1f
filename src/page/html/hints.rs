//! What the attributes of an element say about its content: the words that page builders everywhere use in `class`, `id`,
//! `role` and `itemprop`. No word here belongs to one site.

use std::ops::{BitOr, BitOrAssign};

/// A set of hints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::page) struct Hints(u16);

impl Hints {
    /// The body of an article, and nothing else.
    pub(in crate::page) const BODY: Self = Self(1);
    /// An article, or the part of the page where it stands.
    pub(in crate::page) const ARTICLE: Self = Self(1 << 1);
    /// What readers wrote.
    pub(in crate::page) const COMMENTS: Self = Self(1 << 2);
    /// Ways to other pages: menus, trails, footers.
    pub(in crate::page) const NAVIGATION: Self = Self(1 << 3);
    /// Not shown, or shown over the page: consent, pop-ups, text for screen readers.
    pub(in crate::page) const HIDDEN: Self = Self(1 << 4);
    /// Beside the article: related stories, sharing, advertisements, newsletters, widgets.
    pub(in crate::page) const ASIDE: Self = Self(1 << 5);
    /// Under a picture.
    pub(in crate::page) const CAPTION: Self = Self(1 << 6);
    /// About the article: who, when, filed under what.
    pub(in crate::page) const BYLINE: Self = Self(1 << 7);
    /// A headline.
    pub(in crate::page) const HEADLINE: Self = Self(1 << 8);
    /// The article's body in microdata: `itemprop="articleBody"`.
    pub(in crate::page) const ARTICLE_BODY: Self = Self(1 << 9);

    /// Whether any of `other` is among these.
    pub(in crate::page) fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These without `other`.
    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Everything that speaks against an element.
    pub(in crate::page) fn against() -> Self {
        Self::COMMENTS | Self::NAVIGATION | Self::HIDDEN | Self::ASIDE | Self::CAPTION | Self::BYLINE
    }
}

impl BitOr for Hints {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Hints {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Names longer than this are cut: a name that says something says it at once.
const NAME_BYTES: usize = 600;
/// The longest word that means something here.
const WORD_BYTES: usize = 32;

/// What a `class`, an `id` or a name for tests says.
pub(super) fn of_name(name: &[u8]) -> Hints {
    let mut hints = Hints::default();
    let mut before: ([u8; WORD_BYTES], usize) = ([0; WORD_BYTES], 0);
    for_each_word(name.get(..NAME_BYTES.min(name.len())).unwrap_or_default(), |word, joined| {
        let previous = if joined { before.0.get(..before.1).unwrap_or_default() } else { b"" };
        hints |= of_pair(previous, word);
        if let Some(place) = before.0.get_mut(..word.len()) {
            place.copy_from_slice(word);
            before.1 = word.len();
        }
    });
    if hints.any(Hints::against()) { hints.without(Hints::BODY | Hints::ARTICLE) } else { hints }
}

/// Calls `visit` with every word of a name in lower case, and whether it is joined to the one before by less than white
/// space: `article-body`, `article_body`, `articleBody`.
fn for_each_word(name: &[u8], mut visit: impl FnMut(&[u8], bool)) {
    let mut word = [0; WORD_BYTES];
    let mut length = 0;
    let mut joined = false;
    let mut was_lower = false;
    for &byte in name.iter().chain([&b' ']) {
        let ends = !byte.is_ascii_alphabetic() || (byte.is_ascii_uppercase() && was_lower);
        if ends && length > 0 {
            visit(word.get(..length).unwrap_or_default(), joined);
            length = 0;
            joined = true;
        }
        if byte.is_ascii_whitespace() {
            joined = false;
        }
        was_lower = byte.is_ascii_lowercase();
        if byte.is_ascii_alphabetic()
            && let Some(place) = word.get_mut(length)
        {
            *place = byte.to_ascii_lowercase();
            length += 1;
        }
    }
}

fn of_pair(before: &[u8], word: &[u8]) -> Hints {
    // "no-sidebar", "has-comments", "with-ads" tell about the lay-out.
    if matches!(
        before,
        b"no" | b"has" | b"with" | b"without" | b"hide" | b"show" | b"is" | b"non" | b"not" | b"enable"
    ) {
        return Hints::default();
    }
    let of_article = matches!(
        before,
        b"article"
            | b"story"
            | b"post"
            | b"entry"
            | b"news"
            | b"page"
            | b"single"
            | b"blog"
            | b"main"
            | b"body"
            | b"content"
            | b"text"
            | b"rich"
            | b"field"
            | b"press"
            | b"release"
            | b"paragraph"
            | b"prose"
            | b"item"
    );
    match word {
        b"body" | b"content" | b"contents" | b"text" | b"copy" | b"fulltext" | b"maincontent"
            if of_article
                && !(before == b"main" || before == b"page" || before == b"item" || before == b"field") =>
        {
            Hints::BODY
        }
        b"articlebody" | b"storybody" | b"postbody" | b"entrycontent" | b"postcontent"
        | b"articlecontent" | b"articletext" | b"storytext" | b"storycontent" | b"newstext" | b"bodytext"
        | b"bodycopy" | b"fulltext" | b"newscontent" | b"artikeltext" | b"richtext" | b"prose"
        | b"blogpost" | b"mainbody" | b"posttext" => Hints::BODY,
        b"body" | b"text" if before == b"main" || before == b"field" => Hints::BODY,
        b"article" | b"story" | b"post" | b"entry" | b"main" | b"content" | b"artikel" | b"articulo"
        | b"contenido" | b"maincontent" | b"hentry" | b"body" => Hints::ARTICLE,
        b"headline" | b"headlines" if before == b"main" || before == b"article" || before.is_empty() => {
            Hints::HEADLINE
        }
        _ => against(before, word),
    }
}

fn against(before: &[u8], word: &[u8]) -> Hints {
    match word {
        b"comment" | b"comments" | b"commentlist" | b"disqus" | b"respond" | b"livefyre" | b"comentarios"
        | b"kommentare" | b"commentaires" | b"commentarea" | b"commenting" => Hints::COMMENTS,
        b"nav" | b"navbar" | b"navigation" | b"menu" | b"submenu" | b"breadcrumb" | b"breadcrumbs"
        | b"pagination" | b"pager" | b"footer" | b"masthead" | b"topbar" | b"sitemap" | b"skip"
        | b"skiplink" | b"navi" | b"megamenu" => Hints::NAVIGATION,
        b"hidden"
            if !matches!(
                before,
                b"overflow" | b"xs" | b"sm" | b"md" | b"lg" | b"print" | b"mobile" | b"x" | b"y"
            ) =>
        {
            Hints::HIDDEN
        }
        b"cookie" | b"cookies" | b"consent" | b"gdpr" | b"modal" | b"popup" | b"lightbox" | b"offscreen"
        | b"screenreader" | b"noprint" | b"cookiebar" | b"ccpa" | b"onetrust" => Hints::HIDDEN,
        b"reader" if before == b"screen" => Hints::HIDDEN,
        b"only" if before == b"sr" => Hints::HIDDEN,
        b"share" | b"sharing" | b"shares" | b"sharebar" | b"social" | b"socials" | b"addthis"
        | b"sharedaddy" | b"sharetools" | b"sharethis" | b"facebook" | b"twitter" | b"whatsapp"
        | b"related" | b"relateds" | b"recommended" | b"recommendation" | b"recommendations" | b"recirc"
        | b"recirculation" | b"outbrain" | b"taboola" | b"promo" | b"promos" | b"promoted" | b"promotion"
        | b"sponsor" | b"sponsored" | b"sponsors" | b"advert" | b"advertisement" | b"advertising"
        | b"adverts" | b"ad" | b"ads" | b"adsense" | b"adslot" | b"dfp" | b"newsletter" | b"newsletters"
        | b"subscribe" | b"subscription" | b"signup" | b"optin" | b"sidebar" | b"siderail" | b"rightrail"
        | b"widget" | b"widgets" | b"trending" | b"popular" | b"tags" | b"taglist" | b"tagcloud"
        | b"toolbar" | b"tools" | b"print" | b"poll" | b"quiz" | b"survey" | b"rating" | b"ratings"
        | b"carousel" | b"slideshow" | b"teaser" | b"teasers" | b"upsell" | b"register" | b"registration"
        | b"login" | b"signin" | b"donate" | b"donation" | b"crosslinks" | b"crosslink" | b"readmore"
        | b"seealso" | b"infobox" | b"infokasten" | b"kasten" | b"factbox" | b"disclaimer" | b"copyright"
        | b"yarpp" | b"jetpack" | b"zergnet" | b"mostread" | b"bio" | b"biography" | b"aboutauthor"
        | b"authorbox" | b"toc" | b"playlist" | b"cta" | b"relacionadas" | b"relacionados" | b"feedback"
        | b"noticias" | b"ticker" | b"syndication" | b"search" => Hints::ASIDE,
        b"read" if matches!(before, b"most" | b"also") => Hints::ASIDE,
        b"stories" | b"news" | b"posts" | b"articles" | b"content" | b"headlines" | b"story"
            if matches!(
                before,
                b"more"
                    | b"latest"
                    | b"top"
                    | b"other"
                    | b"recent"
                    | b"next"
                    | b"similar"
                    | b"further"
                    | b"previous"
            ) =>
        {
            Hints::ASIDE
        }
        b"more" if matches!(before, b"read" | b"see") => Hints::ASIDE,
        b"box" | b"card" | b"info" | b"profile" | b"details" | b"block" | b"description" | b"about"
            if before == b"author" =>
        {
            Hints::ASIDE
        }
        b"author" if before == b"about" => Hints::ASIDE,
        b"caption" | b"captions" | b"figcaption" | b"legend" | b"photocredit" | b"wp-caption"
        | b"imagecaption" => Hints::CAPTION,
        b"credit" | b"credits" => Hints::CAPTION,
        b"text" | b"description" if matches!(before, b"image" | b"photo" | b"caption" | b"picture") => {
            Hints::CAPTION
        }
        b"byline" | b"author" | b"authors" | b"timestamp" | b"pubdate" | b"published" | b"dateline"
        | b"meta" | b"metadata" | b"postmeta" | b"datetime" | b"category" | b"categories" | b"kicker"
        | b"eyebrow" | b"readtime" => Hints::BYLINE,
        b"date" | b"time" if word.len() == 4 && before != b"up" => Hints::BYLINE,
        _ if word.len() > 8 => compound(word),
        _ => Hints::default(),
    }
}

/// Words written together: `relatedposts`, `commentsblock`.
fn compound(word: &[u8]) -> Hints {
    const PARTS: [(&[u8], Hints); 16] = [
        (b"comment", Hints::COMMENTS),
        (b"breadcrumb", Hints::NAVIGATION),
        (b"footer", Hints::NAVIGATION),
        (b"navigation", Hints::NAVIGATION),
        (b"cookie", Hints::HIDDEN),
        (b"related", Hints::ASIDE),
        (b"sharing", Hints::ASIDE),
        (b"share", Hints::ASIDE),
        (b"social", Hints::ASIDE),
        (b"sidebar", Hints::ASIDE),
        (b"newsletter", Hints::ASIDE),
        (b"advert", Hints::ASIDE),
        (b"sponsor", Hints::ASIDE),
        (b"recommend", Hints::ASIDE),
        (b"subscri", Hints::ASIDE),
        (b"caption", Hints::CAPTION),
    ];
    let has = |part: &[u8]| word.windows(part.len()).any(|w| w == part);
    PARTS.into_iter().find(|(part, _)| has(part)).map_or_else(Hints::default, |(_, hints)| hints)
}

/// What a `role` says.
pub(super) fn of_role(role: &[u8]) -> Hints {
    match role.to_ascii_lowercase().as_slice() {
        b"main" | b"article" => Hints::ARTICLE,
        b"navigation" | b"contentinfo" | b"menu" | b"menubar" | b"tablist" => Hints::NAVIGATION,
        b"banner" => Hints::BYLINE,
        b"complementary" | b"search" | b"form" | b"toolbar" | b"note" => Hints::ASIDE,
        b"dialog" | b"alertdialog" | b"alert" | b"tooltip" => Hints::HIDDEN,
        _ => Hints::default(),
    }
}

/// What an `itemprop` says.
pub(super) fn of_property(property: &[u8]) -> Hints {
    match property.to_ascii_lowercase().as_slice() {
        b"articlebody" => Hints::BODY | Hints::ARTICLE_BODY,
        b"headline" => Hints::HEADLINE,
        b"author" | b"datepublished" | b"datemodified" | b"publisher" | b"datecreated" => Hints::BYLINE,
        b"caption" => Hints::CAPTION,
        b"comment" => Hints::COMMENTS,
        b"breadcrumb" => Hints::NAVIGATION,
        _ => Hints::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word_however_they_are_joined() {
        for name in [
            "article-body",
            "story_body",
            "c-articleBody",
            "x entry-content y",
            "js-post__content",
            "articlebody",
        ] {
            assert!(of_name(name.as_bytes()).any(Hints::BODY), "{name}");
        }
        for name in [
            "related-posts",
            "RelatedPosts",
            "share",
            "social-links",
            "post-sidebar",
            "td_ad",
            "relatedposts",
        ] {
            assert!(of_name(name.as_bytes()).any(Hints::ASIDE), "{name}");
        }
        assert!(of_name(b"comments-area").any(Hints::COMMENTS));
        assert!(of_name(b"sr-only").any(Hints::HIDDEN));
        assert!(!of_name(b"article-related-content").any(Hints::BODY));
    }

    #[test]
    fn words_about_the_layout_say_nothing() {
        for name in [
            "no-sidebar",
            "has-comments",
            "overflow-hidden",
            "header",
            "loader",
            "shadow",
            "badge",
            "",
            "-_ -",
        ] {
            assert!(!of_name(name.as_bytes()).any(Hints::against()), "{name}");
        }
    }

    #[test]
    fn long_names_are_cut() {
        let name = "x".repeat(100_000) + " sidebar";
        assert_eq!(of_name(name.as_bytes()), Hints::default());
    }
}
