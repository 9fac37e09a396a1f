//! The name of a model: the SHA-256 of its file.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

use crate::file::{InvalidFile, Source, hex};

/// The SHA-256 of a model file, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision([u8; 32]);

/// Not 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a revision has 64 digits of 0-9 and a-f")]
pub struct InvalidRevision;

impl Revision {
    /// The revision of a model file with these bytes.
    #[must_use]
    pub fn of(file: &[u8]) -> Self {
        Self(Sha256::digest(file).into())
    }

    /// The revision of a model file that is read from `source`.
    pub(crate) fn of_source(source: &dyn Source) -> Result<Self, InvalidFile> {
        let mut hash = RevisionHash::default();
        source.read(0..source.len(), &mut |bytes| hash.update(bytes))?;
        Ok(hash.finish())
    }

    /// The revision of a model file with this SHA-256.
    pub(crate) fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The first twelve digits, for eyes.
    #[must_use]
    pub fn short(&self) -> String {
        hex(&self.0[..6])
    }
}

/// The revision of a model file whose bytes come one part after the other.
#[derive(Default)]
pub(super) struct RevisionHash(Sha256);

impl RevisionHash {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> Revision {
        Revision(self.0.finalize().into())
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Revision {
    type Err = InvalidRevision;

    fn from_str(text: &str) -> Result<Self, InvalidRevision> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 || !bytes.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidRevision);
        }
        let digit = |b: u8| if b.is_ascii_digit() { b - b'0' } else { b - b'a' + 10 };
        Ok(Self(std::array::from_fn(|i| digit(bytes[2 * i]) << 4 | digit(bytes[2 * i + 1]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_survives_being_written() {
        let revision = Revision::of(b"");
        // SHA-256 of nothing, FIPS 180-4.
        assert_eq!(revision.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(revision.to_string().parse(), Ok(revision));
        assert_eq!("E3".parse::<Revision>(), Err(InvalidRevision));
        assert_eq!("é".repeat(32).parse::<Revision>(), Err(InvalidRevision));
    }
}
