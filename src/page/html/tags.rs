//! What the names of HTML elements mean for text.

/// An element, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::page) enum Tag {
    A,
    Article,
    Aside,
    Blockquote,
    Body,
    Br,
    Caption,
    Cell,
    /// An element that breaks the line and means nothing else.
    Container,
    Details,
    Figcaption,
    Figure,
    Footer,
    Form,
    Head,
    Header,
    /// `h1` to `h6`.
    Heading(u8),
    Html,
    /// An element inside a line.
    Inline,
    Item,
    /// What stands in it is not text of the page.
    Dropped,
    List,
    Main,
    Meta,
    Nav,
    P,
    Pre,
    Row,
    Rows,
    Script,
    Section,
    Table,
    Term,
    Time,
    Title,
    /// An element without content.
    Void,
}

impl Tag {
    /// The element named `name`, in lower case.
    pub(super) fn new(name: &[u8]) -> Self {
        match name {
            b"a" => Self::A,
            b"article" => Self::Article,
            b"aside" => Self::Aside,
            b"blockquote" => Self::Blockquote,
            b"body" => Self::Body,
            b"br" => Self::Br,
            b"caption" => Self::Caption,
            b"td" | b"th" => Self::Cell,
            b"div" | b"center" | b"address" | b"fieldset" | b"hgroup" | b"frameset" | b"summary" => {
                Self::Container
            }
            b"details" => Self::Details,
            b"figcaption" => Self::Figcaption,
            b"figure" => Self::Figure,
            b"footer" => Self::Footer,
            b"form" => Self::Form,
            b"head" => Self::Head,
            b"header" => Self::Header,
            b"h1" => Self::Heading(1),
            b"h2" => Self::Heading(2),
            b"h3" => Self::Heading(3),
            b"h4" => Self::Heading(4),
            b"h5" => Self::Heading(5),
            b"h6" => Self::Heading(6),
            b"html" => Self::Html,
            b"li" => Self::Item,
            b"ul" | b"ol" | b"dl" | b"dir" => Self::List,
            b"main" => Self::Main,
            b"meta" => Self::Meta,
            b"nav" | b"menu" => Self::Nav,
            b"p" => Self::P,
            b"pre" | b"xmp" | b"listing" | b"plaintext" => Self::Pre,
            b"tr" => Self::Row,
            b"tbody" | b"thead" | b"tfoot" => Self::Rows,
            b"script" => Self::Script,
            b"section" => Self::Section,
            b"table" => Self::Table,
            b"dt" | b"dd" => Self::Term,
            b"time" => Self::Time,
            b"title" => Self::Title,
            b"area" | b"base" | b"basefont" | b"bgsound" | b"col" | b"embed" | b"frame" | b"hr" | b"img"
            | b"input" | b"link" | b"param" | b"source" | b"track" | b"wbr" => Self::Void,
            b"style" | b"noscript" | b"template" | b"svg" | b"math" | b"canvas" | b"iframe" | b"object"
            | b"audio" | b"video" | b"select" | b"textarea" | b"button" | b"dialog" | b"noembed"
            | b"noframes" | b"map" | b"progress" | b"meter" | b"datalist" | b"amp-ad" | b"amp-sidebar"
            | b"amp-consent" | b"amp-iframe" => Self::Dropped,
            _ => Self::Inline,
        }
    }

    /// Whether the line ends before and behind it.
    pub(in crate::page) fn breaks_line(self) -> bool {
        !matches!(
            self,
            Self::A
                | Self::Br
                | Self::Inline
                | Self::Dropped
                | Self::Meta
                | Self::Script
                | Self::Time
                | Self::Void
        )
    }

    /// Whether it has no content, and so no end.
    pub(super) fn is_void(self) -> bool {
        matches!(self, Self::Br | Self::Meta | Self::Void)
    }

    /// Whether its start ends a paragraph that is still open.
    pub(super) fn closes_paragraph(self) -> bool {
        self.breaks_line()
            && !matches!(self, Self::Html | Self::Head | Self::Body | Self::Title | Self::Caption)
    }

    /// The open element that its start ends, besides a paragraph, and the one that this never reaches beyond.
    pub(super) fn closes(self, open: Self) -> Option<bool> {
        use Tag as T;
        match (self, open) {
            (T::Item, T::Item) | (T::Term, T::Term) | (T::A, T::A) | (T::Heading(_), T::Heading(_)) => {
                Some(true)
            }
            (T::Cell, T::Cell) | (T::Row, T::Row | T::Cell) | (T::Rows, T::Rows | T::Row | T::Cell) => {
                Some(true)
            }
            (T::Body, T::Head) => Some(true),
            (T::Item | T::Term, T::List | T::Nav) | (T::Cell | T::Row | T::Rows, T::Table) => Some(false),
            (T::Item | T::Term | T::A | T::Heading(_), T::Cell | T::Table | T::Caption | T::Article) => {
                Some(false)
            }
            (T::Heading(_), other) if other.breaks_line() => Some(false),
            _ => None,
        }
    }

    /// Whether the end of an element inside it cannot end what is outside.
    pub(super) fn is_barrier(self) -> bool {
        matches!(self, Self::Cell | Self::Table | Self::Caption | Self::Body)
    }

    /// Whether it belongs to the skeleton of a table, whose ends reach beyond cells.
    pub(super) fn is_of_table(self) -> bool {
        matches!(self, Self::Table | Self::Rows | Self::Row | Self::Cell | Self::Body | Self::Html)
    }
}
