//! Times as pages write them. A time without a zone is taken as UTC.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use super::super::block::count_words;

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
    if line.len() > MAX_BYTES || !line.contains(|c: char| c.is_ascii_digit()) || count_words(line) > MAX_WORDS {
        return DateLine::default();
    }
    scan(line)
}

fn in_zone(time: DateTime, offset: Offset) -> Option<Timestamp> {
    offset.to_timestamp(time).ok()
}

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece<'a> {
    /// Its value and number of digits.
    Number(i64, usize),
    Word(&'a str),
    Mark(char),
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
    ["updat", "modif", "edited", "aktualis", "actualiz", "actualis", "atualiz", "aggiorn", "bijgewerkt", "обновл", "revised"]
        .iter()
        .any(|stem| word.starts_with(stem))
}

fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = if c.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            // A longer number is no part of a date.
            let value = rest.get(..length).and_then(|digits| digits.parse().ok()).filter(|_| length <= 4);
            pieces.push(value.map_or(Piece::Mark('#'), |value| Piece::Number(value, length)));
            length
        } else if matches!(c, '年' | '月' | '日' | '년' | '월' | '일') {
            pieces.push(Piece::Mark(c));
            c.len_utf8()
        } else if c.is_alphabetic() {
            let length = rest
                .find(|c: char| !c.is_alphabetic() || matches!(c, '年' | '月' | '日' | '년' | '월' | '일'))
                .unwrap_or(rest.len());
            pieces.push(Piece::Word(rest.get(..length).unwrap_or_default()));
            length
        } else {
            if !c.is_whitespace() {
                pieces.push(Piece::Mark(c));
            }
            c.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    pieces
}

fn date(pieces: &[Piece<'_>]) -> Option<(Date, usize)> {
    use Piece::{Mark, Number, Word};
    let of = |year: i64, month: i64, day: i64, length: usize| {
        let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        (1990..2200).contains(&year).then_some((date, length))
    };
    match *pieces {
        [Number(y, 4), Mark(a @ ('-' | '/' | '.')), Number(m, 1..=2), Mark(b), Number(d, 1..=2), ..] if a == b => of(y, m, d, 5),
        [Number(y, 4), Mark('年' | '년'), Number(m, 1..=2), Mark('月' | '월'), Number(d, 1..=2), Mark('日' | '일'), ..] => of(y, m, d, 6),
        [Number(a, 1..=2), Mark(s @ ('-' | '/' | '.')), Number(b, 1..=2), Mark(t), Number(y, 4), ..] if s == t => {
            // 03/04/2025 is in March or in April: only where one of the two cannot be a month is the order known. With
            // points the day comes first everywhere.
            if a > 12 || s == '.' || a == b {
                of(y, b, a, 5)
            } else if b > 12 {
                of(y, a, b, 5)
            } else {
                None
            }
        }
        [Number(d, 1..=2), ..] => {
            let skip = match pieces.get(1..) {
                Some([Word(w), ..]) if matches!(w.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th" | "de" | "of") => 2,
                Some([Mark('.' | '-' | '/'), ..]) => 2,
                _ => 1,
            };
            let Some(Word(name)) = pieces.get(skip) else { return None };
            let month = month(name)?;
            let after = pieces.get(skip + 1..)?;
            let gap = after.iter().take(2).take_while(|p| matches!(p, Mark(',' | '.' | '-' | '/') | Word("de" | "of" | "del"))).count();
            match after.get(gap) {
                Some(Number(y, 4)) => of(*y, month, d, skip + 2 + gap),
                _ => None,
            }
        }
        [Word(name), ..] => {
            let month = month(name)?;
            let after = pieces.get(1..)?;
            let gap = usize::from(matches!(after.first(), Some(Mark('.'))));
            let Some(Number(d, 1..=2)) = after.get(gap) else { return None };
            let mut next = gap + 1;
            while matches!(after.get(next), Some(Mark(',') | Word("st" | "nd" | "rd" | "th"))) {
                next += 1;
            }
            match after.get(next) {
                Some(Number(y, 4)) => of(*y, month, *d, next + 2),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The month that a word names: in English, German, French, Spanish, Italian, Portuguese, Dutch and Russian.
fn month(name: &str) -> Option<i64> {
    const MONTHS: [&[&str]; 12] = [
        &["january", "jan", "januar", "jänner", "janvier", "janv", "enero", "ene", "gennaio", "gen", "janeiro", "januari", "января"],
        &["february", "feb", "februar", "février", "févr", "fév", "febrero", "febbraio", "fevereiro", "fev", "februari", "февраля"],
        &["march", "mar", "märz", "mars", "marzo", "março", "maart", "mrt", "марта"],
        &["april", "apr", "avril", "avr", "abril", "abr", "aprile", "апреля"],
        &["may", "mai", "mayo", "maggio", "mag", "maio", "mei", "мая"],
        &["june", "jun", "juni", "juin", "junio", "giugno", "giu", "junho", "июня"],
        &["july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho", "июля"],
        &["august", "aug", "août", "aout", "agosto", "ago", "augustus", "августа"],
        &["september", "sep", "sept", "septembre", "septiembre", "settembre", "set", "setembro", "сентября"],
        &["october", "oct", "oktober", "okt", "octobre", "octubre", "ottobre", "ott", "outubro", "out", "октября"],
        &["november", "nov", "novembre", "noviembre", "novembro", "ноября"],
        &["december", "dec", "dezember", "dez", "décembre", "déc", "diciembre", "dic", "dicembre", "dezembro", "декабря"],
    ];
    let lower = name.to_lowercase();
    let found = MONTHS.iter().position(|names| names.contains(&lower.as_str()))?;
    i64::try_from(found + 1).ok()
}

fn time(pieces: &[Piece<'_>]) -> Option<(Time, usize)> {
    use Piece::{Mark, Number, Word};
    let (hour, minute, mut length) = match *pieces {
        [Number(h, 1..=2), Mark(':'), Number(m, 2), ..] => (h, m, 3),
        [Number(h, 1..=2), Mark('.'), Number(m, 2), Word(w), ..] if half(w).is_some() => (h, m, 3),
        [Number(h, 1..=2), Word("h" | "H"), Number(m, 2), ..] => (h, m, 3),
        [Number(h, 1..=2), Word(w), ..] if half(w).is_some() => (h, 0, 1),
        _ => return None,
    };
    let mut second = 0;
    if let Some([Mark(':'), Number(s, 2), ..]) = pieces.get(length..) {
        second = *s;
        length += 2;
    }
    let mut hour = hour;
    if let Some(Word(w)) = pieces.get(length)
        && let Some(afternoon) = half(w)
    {
        length += 1;
        // "p.m." is two words and two marks.
        if w.len() == 1 {
            let rest = pieces.get(length..).unwrap_or_default();
            length += rest.iter().take(3).take_while(|p| matches!(p, Mark('.') | Word("m" | "M"))).count();
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
    }
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0).ok()?;
    Some((time, length))
}

/// Whether a word means the afternoon (`Some(true)`) or the morning.
fn half(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "pm" | "p" => Some(true),
        "am" | "a" => Some(false),
        _ => None,
    }
}

/// The zone behind a time: an offset, or one of the names that mean the same everywhere.
fn offset(pieces: &[Piece<'_>]) -> Option<Offset> {
    use Piece::{Mark, Number, Word};
    let of = |hours: i64, minutes: i64| {
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Offset::from_seconds(seconds).ok()
    };
    let signed = |pieces: &[Piece<'_>]| {
        let (sign, rest) = match pieces {
            [Mark('+'), rest @ ..] => (1, rest),
            [Mark('-' | '−'), rest @ ..] => (-1, rest),
            _ => return None,
        };
        match rest {
            [Number(h, 1..=2), Mark(':'), Number(m, 2), ..] => of(sign * h, sign * m),
            [Number(hm, 4), ..] => of(sign * (hm / 100), sign * (hm % 100)),
            [Number(h, 1..=2), ..] => of(sign * h, 0),
            _ => None,
        }
    };
    let pieces = if let [Mark('(' | ','), rest @ ..] = pieces { rest } else { pieces };
    match pieces {
        [Word("GMT" | "UTC"), rest @ ..] => Some(signed(rest).unwrap_or(Offset::UTC)),
        [Word("Z"), ..] => Some(Offset::UTC),
        [Word("BST" | "CET"), ..] => of(1, 0),
        [Word("CEST" | "EET"), ..] => of(2, 0),
        [Word("EEST"), ..] => of(3, 0),
        [Word("EST"), ..] => of(-5, 0),
        [Word("EDT"), ..] => of(-4, 0),
        [Word("PST"), ..] => of(-8, 0),
        [Word("PDT"), ..] => of(-7, 0),
        [Mark('+'), ..] => signed(pieces),
        _ => None,
    }
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
