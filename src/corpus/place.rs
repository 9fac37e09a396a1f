//! Where an article stands.

use std::{fmt, path::Path, sync::Arc};

/// A file, and the line or row in it. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) file: Arc<str>,
    pub(super) at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Whole,
    Line(u64),
    Row(u64),
}

impl Place {
    /// The whole of a file.
    pub(super) fn file(path: &Path) -> Self {
        Self { file: path.display().to_string().into(), at: At::Whole }
    }

    /// A line of the same file, the first being 1.
    pub(super) fn line(&self, line: u64) -> Self {
        Self { file: Arc::clone(&self.file), at: At::Line(line) }
    }

    /// A row of the same table, the first being 1.
    pub(super) fn row(&self, row: u64) -> Self {
        Self { file: Arc::clone(&self.file), at: At::Row(row) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            At::Whole => f.write_str(&self.file),
            At::Line(line) => write!(f, "{}:{line}", self.file),
            At::Row(row) => write!(f, "{}: row {row}", self.file),
        }
    }
}
