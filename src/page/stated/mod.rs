//! What a page states about its article: title and times, from JSON-LD, OpenGraph, microdata, `<time>` and lines of text.

mod calendar;
mod dates;
mod json_ld;

pub(super) use dates::{date_line, is_date_line, time_stamp};
pub(super) use json_ld::{StatedArticle, articles};
