//! How much memory a run may take.

use std::{fmt, str::FromStr};

use crate::corpus::WINDOW;

/// A limit for the memory of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimit(u64);

/// With less there is no room for what does not shrink: the program itself, the sampled articles, buffers.
pub const MIN_MEMORY: MemoryLimit = MemoryLimit(128 << 20);

const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];

/// Not a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMemoryLimit {
    /// Not a number with a unit.
    #[error("is no size such as 512MiB, 2GiB or 1073741824 (bytes)")]
    NoSize,
    /// Below [`MIN_MEMORY`].
    #[error("is less than {MIN_MEMORY}, the least that training can do with")]
    TooSmall,
}

impl MemoryLimit {
    /// In bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }

    /// What may be used for what.
    #[must_use]
    pub fn shares(self) -> Shares {
        let bytes = usize::try_from(self.0).unwrap_or(usize::MAX);
        // Beside these, the program itself, what threads keep to work with, and what allocating leaves unused.
        let rest = (48 << 20) + bytes / 8;
        Shares { total: self.0, sums: bytes - rest, window: (bytes / 64).min(WINDOW), sorters: bytes / 32 }
    }
}

impl FromStr for MemoryLimit {
    type Err = InvalidMemoryLimit;

    fn from_str(text: &str) -> Result<Self, InvalidMemoryLimit> {
        let with_unit = |(unit, shift): (&str, u32)| Some((text.strip_suffix(unit)?.trim_end(), shift));
        let (digits, shift) = UNITS.into_iter().find_map(with_unit).unwrap_or((text, 0));
        let number: u64 = digits.parse().map_err(|_| InvalidMemoryLimit::NoSize)?;
        let bytes = number.checked_mul(1 << shift).ok_or(InvalidMemoryLimit::NoSize)?;
        if bytes < MIN_MEMORY.0 { Err(InvalidMemoryLimit::TooSmall) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Size(self.0))
    }
}

/// A number of bytes in the largest unit that leaves two digits, rounded up.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().rev().find(|(_, shift)| self.0 >= 10 << shift) {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0.div_ceil(1 << shift)),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

/// How a limit is shared out, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// All of it: what the kept terms must fit into.
    pub total: u64,
    /// For the sums of the articles that were read last and for the sampled articles: then the sums go to a file.
    pub sums: usize,
    /// For articles that were read and not yet counted.
    pub window: usize,
    /// For ids and digests, each.
    pub sorters: usize,
}

impl Shares {
    /// Without a limit.
    pub(crate) const ALL: Self =
        Self { total: u64::MAX, sums: usize::MAX, window: WINDOW, sorters: usize::MAX };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        let bytes = |text: &str| text.parse().map(MemoryLimit::bytes);
        assert_eq!(bytes("512MiB"), Ok(512 << 20));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        assert_eq!(bytes("134217728"), Ok(128 << 20));
        assert_eq!(bytes("134217727"), Err(InvalidMemoryLimit::TooSmall));
        assert_eq!(bytes("0KiB"), Err(InvalidMemoryLimit::TooSmall));
        for text in ["", "MiB", "-1GiB", "1.5GiB", "1gb", "99999999999TiB", "1 2"] {
            assert_eq!(bytes(text), Err(InvalidMemoryLimit::NoSize), "{text:?}");
        }
        assert_eq!(MIN_MEMORY.to_string(), "128MiB");
        assert_eq!(Size((10 << 30) + 1).to_string(), "11GiB");
        assert_eq!(Size(100).to_string(), "100 bytes");
        assert_eq!(
            InvalidMemoryLimit::TooSmall.to_string(),
            "is less than 128MiB, the least that training can do with"
        );
    }
}
