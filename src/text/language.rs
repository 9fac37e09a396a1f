//! Which language a text is in.

use whichlang::Lang;

/// Fewer words than this are too few to tell a language by.
pub(crate) const MIN_WORDS: u32 = 10;
/// So much of a text is looked at.
const MAX_BYTES: usize = 2048;

/// The language of a text as a BCP 47 tag: the likeliest of the sixteen that `whichlang` knows. It always answers, so the
/// caller has to have a reason to ask.
pub(crate) fn detect(title: &str, text: &str) -> &'static str {
    let mut sample = String::with_capacity(MAX_BYTES + 1);
    sample.push_str(prefix(title, MAX_BYTES / 4));
    sample.push(' ');
    sample.push_str(prefix(text, MAX_BYTES - sample.len()));
    tag(whichlang::detect_language(&sample))
}

/// The first `bytes` bytes of `text`, or fewer, at a character's end.
fn prefix(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

fn tag(language: Lang) -> &'static str {
    match language {
        Lang::Ara => "ar",
        Lang::Cmn => "zh",
        Lang::Deu => "de",
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Hin => "hi",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Rus => "ru",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        assert_eq!(detect("", "The foreign minister met his German counterpart on Tuesday."), "en");
        assert_eq!(detect("", "Le ministre des Affaires étrangères a reçu mardi son homologue."), "fr");
        assert_eq!(detect("", "Министр иностранных дел встретился во вторник."), "ru");
        assert_eq!(detect("外交部长", &"会见了德国外长。".repeat(2000)), "zh");
    }
}
