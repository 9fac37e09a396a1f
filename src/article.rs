//! Articles and the topics they are labelled with.

use std::{borrow::Borrow, fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

/// The longest topic name, in bytes.
pub const MAX_TOPIC_BYTES: usize = 128;

/// One news article.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// The caller's name for it; may be empty.
    pub id: String,
    /// The headline; may be empty.
    pub title: String,
    /// The body.
    pub text: String,
}

impl Article {
    /// SHA-256 over title and text, each preceded by its length: what places an article in the canonical order.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for field in [&self.title, &self.text] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        hash.finalize().into()
    }
}

/// An article whose topic is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabeledArticle {
    /// What the article is about.
    pub topic: Topic,
    /// The article.
    pub article: Article,
}

/// The name of a topic: 1 to [`MAX_TOPIC_BYTES`] bytes, no control characters, no white space at either end.
///
/// Topics are ordered by their bytes. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

/// Why a text cannot be a topic's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTopic {
    /// Nothing but white space.
    #[error("topic is empty")]
    Empty,
    /// Over [`MAX_TOPIC_BYTES`].
    #[error("topic has {0} bytes, the limit is {MAX_TOPIC_BYTES}")]
    TooLong(usize),
    /// A line break or another control character.
    #[error("topic {0:?} has a control character")]
    ControlCharacter(String),
}

impl Topic {
    /// Makes a topic of `name` without the white space around it.
    ///
    /// # Errors
    /// When the name is empty, too long or has a control character.
    pub fn new(name: &str) -> Result<Self, InvalidTopic> {
        let name = name.trim();
        if name.is_empty() {
            Err(InvalidTopic::Empty)
        } else if name.len() > MAX_TOPIC_BYTES {
            Err(InvalidTopic::TooLong(name.len()))
        } else if name.chars().any(char::is_control) {
            Err(InvalidTopic::ControlCharacter(name.to_owned()))
        } else {
            Ok(Self(name.into()))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Topic {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_trimmed_and_checked() {
        assert_eq!(Topic::new(" conflict\t").unwrap().as_str(), "conflict");
        assert_eq!(Topic::new(" \n"), Err(InvalidTopic::Empty));
        assert_eq!(Topic::new(&"x".repeat(129)), Err(InvalidTopic::TooLong(129)));
        assert!(matches!(Topic::new("a\nb"), Err(InvalidTopic::ControlCharacter(_))));
    }

    #[test]
    fn the_digest_tells_title_from_text() {
        let one = Article { title: "a".into(), text: "b".into(), ..Article::default() };
        let two = Article { title: String::new(), text: "ab".into(), ..Article::default() };
        assert_ne!(one.digest(), two.digest());
    }
}
