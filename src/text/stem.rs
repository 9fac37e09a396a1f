//! From a surface form to its stem, each form stemmed once.

use rapidhash::v3::{RapidSecrets, rapidhash_v3_seeded};
use rust_stemmers::Stemmer;

use super::{
    profile::StemmerKind,
    terms::{TermKey, word_key},
};

/// Forms of at most this many bytes are remembered; longer ones are rare and stemmed anew each time.
const REMEMBERED_BYTES: usize = 23;
const SLOTS: usize = 1 << 14;
/// What every number becomes: how many dead or how many dollars says nothing about the topic.
pub(crate) const NUMBER: &str = "#";

/// One remembered form: its bytes (padded with zeros), its length and its term's key.
#[derive(Clone, Copy)]
struct Slot {
    form: [u8; REMEMBERED_BYTES],
    len: u8,
    key: TermKey,
}

/// Maps words to the keys of their terms. Bounded: a form takes the place of an older one that hashes alike;
/// exact: a remembered form is compared by its bytes.
pub(crate) struct StemCache {
    stemmer: Option<Stemmer>,
    slots: Box<[Slot]>,
}

const SECRETS: RapidSecrets = RapidSecrets::seed(0x6261_7965_7377_6972);

impl StemCache {
    pub(crate) fn new(kind: StemmerKind) -> Self {
        let empty = Slot { form: [0; REMEMBERED_BYTES], len: 0, key: TermKey::default() };
        Self { stemmer: kind.algorithm().map(Stemmer::create), slots: vec![empty; SLOTS].into_boxed_slice() }
    }

    /// The key of the term that `word` (in lower case) belongs to.
    /// `on_new` is told the stem and its key whenever it had to be computed.
    #[inline]
    pub(crate) fn key(&mut self, word: &str, on_new: &mut impl FnMut(TermKey, &str)) -> TermKey {
        let bytes = word.as_bytes();
        let Some(form) = padded(bytes) else {
            return self.compute(word, on_new);
        };
        let slot = (rapidhash_v3_seeded(bytes, &SECRETS) as usize) % SLOTS;
        let found = &self.slots[slot];
        if usize::from(found.len) == bytes.len() && found.form == form {
            return found.key;
        }
        let key = self.compute(word, on_new);
        self.slots[slot] = Slot { form, len: bytes.len() as u8, key };
        key
    }

    #[cold]
    fn compute(&self, word: &str, on_new: &mut impl FnMut(TermKey, &str)) -> TermKey {
        let mut see = |stem: &str| {
            let key = word_key(stem);
            on_new(key, stem);
            key
        };
        if word.starts_with(char::is_numeric) {
            return see(NUMBER);
        }
        match &self.stemmer {
            // Rules may leave nothing of a short word; then the word itself is the term.
            Some(stemmer) => match stemmer.stem(word).as_ref() {
                "" => see(word),
                stem => see(stem),
            },
            None => see(word),
        }
    }
}

fn padded(bytes: &[u8]) -> Option<[u8; REMEMBERED_BYTES]> {
    let mut form = [0; REMEMBERED_BYTES];
    form.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stem(kind: StemmerKind, word: &str) -> String {
        let mut out = String::new();
        StemCache::new(kind).key(word, &mut |_, stem| stem.clone_into(&mut out));
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
        let first: Vec<_> = words.iter().map(|w| cache.key(w, &mut |_, _| computed += 1)).collect();
        let again: Vec<_> = words.iter().map(|w| cache.key(w, &mut |_, _| computed += 1)).collect();
        assert_eq!(first, again);
        assert_eq!(first[0], first[1]);
        assert_eq!(computed, 4, "short forms are computed once, long ones each time");
    }
}
