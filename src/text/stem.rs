//! From a surface form to its stem, each form stemmed once.

use rust_stemmers::Stemmer;

use super::{
    porter,
    profile::StemmerKind,
    short_word::ShortWord,
    terms::{TermKey, word_key},
};
use crate::prefetch::prefetch;

/// There are 2^14 pairs of slots.
const SET_BITS: u32 = 14;
/// What every number becomes: how many dead or how many dollars says nothing about the topic. No word of a text is this.
pub(crate) const NUMBER: &str = "#";

/// One remembered form and its term's key.
#[derive(Clone, Copy, Default)]
struct Slot {
    form: ShortWord,
    key: TermKey,
}

/// Two forms that hash alike, in one line of the processor's cache. A new form is the second; it becomes the first when it
/// is met again, so the many forms that are met once do not drive out those that are met all the time.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Set {
    first: Slot,
    second: Slot,
}

/// Maps words to the keys of their terms. Bounded: a form takes the place of an older one that hashes alike;
/// exact: a remembered form is compared by its bytes. Long words are rare and stemmed anew each time.
pub(super) struct StemCache {
    stemmer: Rules,
    sets: Box<[Set]>,
}

enum Rules {
    None,
    English(Stemmer),
    Other(Stemmer),
}

/// Where a form is remembered.
#[inline]
fn place(form: ShortWord) -> usize {
    (form.hash() >> (64 - SET_BITS)) as usize
}

impl StemCache {
    pub(super) fn new(kind: StemmerKind) -> Self {
        let stemmer = match (kind, kind.algorithm().map(Stemmer::create)) {
            (_, None) => Rules::None,
            (StemmerKind::English, Some(stemmer)) => Rules::English(stemmer),
            (_, Some(stemmer)) => Rules::Other(stemmer),
        };
        Self { stemmer, sets: vec![Set::default(); 1 << SET_BITS].into_boxed_slice() }
    }

    /// Says that this form's key will be asked for soon.
    #[inline]
    pub(super) fn fetch(&self, form: ShortWord) {
        prefetch(&self.sets[place(form.or_number())]);
    }

    /// The key of the term that `form` belongs to. `on_new` is told the stem and its key whenever it had to be computed.
    #[inline]
    pub(super) fn key(&mut self, form: ShortWord, on_new: &mut impl FnMut(TermKey, &str)) -> TermKey {
        let form = form.or_number();
        let place = place(form);
        let first = &self.sets[place].first;
        if first.form == form { first.key } else { self.second_key(form, place, on_new) }
    }

    /// The same for a form that is not the first at its place.
    fn second_key(
        &mut self,
        form: ShortWord,
        place: usize,
        on_new: &mut impl FnMut(TermKey, &str),
    ) -> TermKey {
        let Set { first, second } = &mut self.sets[place];
        if second.form == form {
            std::mem::swap(first, second);
            return first.key;
        }
        let key = form.with_str(|word| self.compute(word, on_new));
        self.sets[place].second = Slot { form, key };
        key
    }

    /// The same for a word of any length, which is not remembered.
    #[cold]
    pub(super) fn compute(&self, word: &str, on_new: &mut impl FnMut(TermKey, &str)) -> TermKey {
        let mut see = |stem: &str| {
            let key = word_key(stem);
            on_new(key, stem);
            key
        };
        if word == NUMBER || word.starts_with(char::is_numeric) {
            return see(NUMBER);
        }
        match &self.stemmer {
            Rules::None => see(word),
            Rules::English(_) if word.is_ascii() => porter::stem(word, see),
            // Rules may leave nothing of a short word; then the word itself is the term.
            Rules::English(stemmer) | Rules::Other(stemmer) => match stemmer.stem(word).as_ref() {
                "" => see(word),
                stem => see(stem),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(cache: &mut StemCache, word: &str, mut on_new: impl FnMut(TermKey, &str)) -> TermKey {
        match ShortWord::new(word) {
            Some(form) => cache.key(form, &mut on_new),
            None => cache.compute(word, &mut on_new),
        }
    }

    fn stem(kind: StemmerKind, word: &str) -> String {
        let mut out = String::new();
        key(&mut StemCache::new(kind), word, |_, stem| stem.clone_into(&mut out));
        out
    }

    #[test]
    fn inflected_forms_share_a_stem() {
        // Snowball's published English vocabulary.
        assert_eq!(stem(StemmerKind::English, "protesters"), "protest");
        assert_eq!(stem(StemmerKind::English, "negotiations"), "negoti");
        assert_eq!(stem(StemmerKind::None, "protesters"), "protesters");
    }

    #[test]
    fn numbers_are_one_term() {
        assert_eq!(stem(StemmerKind::English, "2,320".split(',').next().unwrap()), NUMBER);
        assert_eq!(stem(StemmerKind::English, "5th"), NUMBER);
    }

    #[test]
    fn a_remembered_form_gives_the_key_that_was_computed() {
        let mut cache = StemCache::new(StemmerKind::English);
        let mut computed = 0;
        let words = ["rallies", "rally", "a-word-that-is-much-too-long-to-be-remembered"];
        let first: Vec<_> = words.iter().map(|w| key(&mut cache, w, |_, _| computed += 1)).collect();
        let again: Vec<_> = words.iter().map(|w| key(&mut cache, w, |_, _| computed += 1)).collect();
        assert_eq!(first, again);
        assert_eq!(first[0], first[1]);
        assert_eq!(computed, 4, "short forms are computed once, long ones each time");
    }
}
