//! Times as pages write them. A time without a zone is taken as UTC.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use super::calendar::{Piece, date, offset, pieces, time};
use crate::page::block::count_words;

/// The times in a line such as `2025-07-14 00:07 Last Updated At:15:47`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::page) struct DateLine {
    pub(in crate::page) published: Option<Timestamp>,
    pub(in crate::page) updated: Option<Timestamp>,
}

/// A line with more words than this is a sentence with a date in it.
const MAX_WORDS: u32 = 16;
/// Longer lines are not looked at.
const MAX_BYTES: usize = 400;

/// A time as machines write it (RFC 3339, ISO 8601, RFC 2822), else as people do.
pub(in crate::page) fn time_stamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(time) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Some(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return in_zone(time, Offset::UTC);
    }
    let line = scan(text);
    line.published.or(line.updated)
}

/// Whether a line says when, and nothing else.
pub(in crate::page) fn is_date_line(line: &str) -> bool {
    date_line(line) != DateLine::default()
}

/// The times in a line that says when, and nothing else.
pub(in crate::page) fn date_line(line: &str) -> DateLine {
    if line.len() > MAX_BYTES || !line.contains(|c: char| c.is_ascii_digit()) || count_words(line) > MAX_WORDS
    {
        return DateLine::default();
    }
    scan(line)
}

fn in_zone(time: DateTime, offset: Offset) -> Option<Timestamp> {
    offset.to_timestamp(time).ok()
}

/// What has been read of one point in time.
#[derive(Clone, Copy, Default)]
struct Moment {
    date: Option<Date>,
    time: Option<Time>,
    offset: Option<Offset>,
}

impl Moment {
    fn stamp(self, day: Option<Date>) -> Option<Timestamp> {
        let date = self.date.or(day)?;
        in_zone(date.to_datetime(self.time.unwrap_or(Time::midnight())), self.offset.unwrap_or(Offset::UTC))
    }
}

fn scan(line: &str) -> DateLine {
    let pieces = pieces(line);
    let mut first = Moment::default();
    let mut update: Option<Moment> = None;
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let rest = pieces.get(at..).unwrap_or_default();
        let moment = update.as_mut().unwrap_or(&mut first);
        if let Some((date, length)) = date(rest) {
            if moment.date.is_none() {
                moment.date = Some(date);
            }
            at += length;
        } else if let Some((time, length)) = time(rest) {
            if moment.time.is_none() {
                moment.time = Some(time);
            }
            at += length;
            if let Some(offset) = offset(pieces.get(at..).unwrap_or_default()) {
                moment.offset.get_or_insert(offset);
            }
        } else {
            if let Piece::Word(word) = piece
                && is_update(word)
            {
                update.get_or_insert_default();
            }
            at += 1;
        }
    }
    let published = first.stamp(None);
    let updated = update.and_then(|update| {
        let stamp = update.stamp(first.date)?;
        // "23:50, updated 00:10" is on the next day.
        let same_day = update.date.is_none() && published.is_some_and(|published| stamp < published);
        if same_day { stamp.checked_add(jiff::SignedDuration::from_hours(24)).ok() } else { Some(stamp) }
    });
    DateLine { published, updated }
}

fn is_update(word: &str) -> bool {
    let word = word.to_lowercase();
    [
        "updat",
        "modif",
        "edited",
        "aktualis",
        "actualiz",
        "actualis",
        "atualiz",
        "aggiorn",
        "bijgewerkt",
        "обновл",
        "revised",
    ]
    .iter()
    .any(|stem| word.starts_with(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn machine_times_are_read_and_without_zone_they_are_utc() {
        for (text, expected) in [
            ("2025-07-14T00:07:00+08:00", "2025-07-13T16:07:00Z"),
            ("2025-07-14T00:07:00+0800", "2025-07-13T16:07:00Z"),
            ("2025-07-14T00:07:00.123Z", "2025-07-14T00:07:00.123Z"),
            ("2025-07-14 00:07", "2025-07-14T00:07:00Z"),
            ("2025-07-14T00:07", "2025-07-14T00:07:00Z"),
            ("2025-07-14", "2025-07-14T00:00:00Z"),
            ("Mon, 14 Jul 2025 00:07:00 GMT", "2025-07-14T00:07:00Z"),
            ("July 14, 2025 7:05 p.m. EDT", "2025-07-14T23:05:00Z"),
        ] {
            assert_eq!(time_stamp(text), utc(expected), "{text}");
        }
        for text in ["", "yesterday", "2025-13-40", "99999-01-01", "12345678901234567890", "14/07"] {
            assert_eq!(time_stamp(text), None, "{text}");
        }
    }

    #[test]
    fn date_lines_tell_when_published_and_when_updated() {
        let line = date_line("2025-07-14 00:07 Last Updated At:15:47");
        assert_eq!(line.published, utc("2025-07-14T00:07:00Z"));
        assert_eq!(line.updated, utc("2025-07-14T15:47:00Z"));
        let line = date_line("Published: 3rd March 2024, 23:50 | Updated 00:10");
        assert_eq!(line.published, utc("2024-03-03T23:50:00Z"));
        assert_eq!(line.updated, utc("2024-03-04T00:10:00Z"));
        let line = date_line("Updated 9:41 AM ET, Tue May 5, 2020");
        assert_eq!((line.published, line.updated), (None, utc("2020-05-05T09:41:00Z")));
    }

    #[test]
    fn days_and_months_are_read_in_several_languages() {
        for (text, expected) in [
            ("By A. Writer, Dec. 1st, 2021", "2021-12-01T00:00:00Z"),
            ("1. März 2021, 08:15 Uhr", "2021-03-01T08:15:00Z"),
            ("5 de septiembre de 2021", "2021-09-05T00:00:00Z"),
            ("le 14 juillet 2021 à 18h30", "2021-07-14T18:30:00Z"),
            ("2021年9月5日 10:20", "2021-09-05T10:20:00Z"),
            ("25/12/2021", "2021-12-25T00:00:00Z"),
            ("05.06.2021", "2021-06-05T00:00:00Z"),
        ] {
            assert_eq!(date_line(text).published, utc(expected), "{text}");
        }
    }

    #[test]
    fn sentences_and_unclear_dates_are_no_date_lines() {
        for text in [
            "05/06/2021",
            "Market 12, 2021",
            "The treaty was signed on 14 July 2025 after nine months of talks that neither side had expected to succeed at all.",
            "Chapter 12",
            "0-0-0",
        ] {
            assert!(!is_date_line(text), "{text}");
        }
    }
}
