//! Days, times and zones as people write them.

use jiff::{
    civil::{Date, Time},
    tz::Offset,
};

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'a> {
    /// Its value and number of digits.
    Number(i64, usize),
    Word(&'a str),
    Mark(char),
}

/// The pieces of a line.
pub(super) fn pieces(line: &str) -> Vec<Piece<'_>> {
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

/// The day that `pieces` begin with, and how many of them name it.
pub(super) fn date(pieces: &[Piece<'_>]) -> Option<(Date, usize)> {
    use Piece::{Mark, Number, Word};
    let of = |year: i64, month: i64, day: i64, length: usize| {
        let date =
            Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        (1990..2200).contains(&year).then_some((date, length))
    };
    match *pieces {
        [Number(y, 4), Mark(a @ ('-' | '/' | '.')), Number(m, 1..=2), Mark(b), Number(d, 1..=2), ..]
            if a == b =>
        {
            of(y, m, d, 5)
        }
        [
            Number(y, 4),
            Mark('年' | '년'),
            Number(m, 1..=2),
            Mark('月' | '월'),
            Number(d, 1..=2),
            Mark('日' | '일'),
            ..,
        ] => of(y, m, d, 6),
        [Number(a, 1..=2), Mark(s @ ('-' | '/' | '.')), Number(b, 1..=2), Mark(t), Number(y, 4), ..]
            if s == t =>
        {
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
                Some([Word(w), ..])
                    if matches!(w.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th" | "de" | "of") =>
                {
                    2
                }
                Some([Mark('.' | '-' | '/'), ..]) => 2,
                _ => 1,
            };
            let Some(Word(name)) = pieces.get(skip) else { return None };
            let month = month(name)?;
            let after = pieces.get(skip + 1..)?;
            let gap = after
                .iter()
                .take(2)
                .take_while(|p| matches!(p, Mark(',' | '.' | '-' | '/') | Word("de" | "of" | "del")))
                .count();
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
        &[
            "january",
            "jan",
            "januar",
            "jänner",
            "janvier",
            "janv",
            "enero",
            "ene",
            "gennaio",
            "gen",
            "janeiro",
            "januari",
            "января",
        ],
        &[
            "february",
            "feb",
            "februar",
            "février",
            "févr",
            "fév",
            "febrero",
            "febbraio",
            "fevereiro",
            "fev",
            "februari",
            "февраля",
        ],
        &["march", "mar", "märz", "mars", "marzo", "março", "maart", "mrt", "марта"],
        &["april", "apr", "avril", "avr", "abril", "abr", "aprile", "апреля"],
        &["may", "mai", "mayo", "maggio", "mag", "maio", "mei", "мая"],
        &["june", "jun", "juni", "juin", "junio", "giugno", "giu", "junho", "июня"],
        &["july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho", "июля"],
        &["august", "aug", "août", "aout", "agosto", "ago", "augustus", "августа"],
        &["september", "sep", "sept", "septembre", "septiembre", "settembre", "set", "setembro", "сентября"],
        &[
            "october",
            "oct",
            "oktober",
            "okt",
            "octobre",
            "octubre",
            "ottobre",
            "ott",
            "outubro",
            "out",
            "октября",
        ],
        &["november", "nov", "novembre", "noviembre", "novembro", "ноября"],
        &[
            "december",
            "dec",
            "dezember",
            "dez",
            "décembre",
            "déc",
            "diciembre",
            "dic",
            "dicembre",
            "dezembro",
            "декабря",
        ],
    ];
    let lower = name.to_lowercase();
    let found = MONTHS.iter().position(|names| names.contains(&lower.as_str()))?;
    i64::try_from(found + 1).ok()
}

/// The time of day that `pieces` begin with, and how many of them name it.
pub(super) fn time(pieces: &[Piece<'_>]) -> Option<(Time, usize)> {
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
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0)
        .ok()?;
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
pub(super) fn offset(pieces: &[Piece<'_>]) -> Option<Offset> {
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
