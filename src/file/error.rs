//! What can be wrong with a file of ours.

/// Why bytes are not a file of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFile {
    /// Not in the safetensors format, or cut off.
    #[error("not a safetensors file: {0}")]
    Container(String),
    /// A safetensors file of another program or another kind.
    #[error("not a {expected} file: {found}")]
    Kind {
        /// The format that was expected.
        expected: &'static str,
        /// What the file is instead.
        found: String,
    },
    /// The checksum in the file does not match what the file holds.
    #[error("damaged: its content does not match its checksum")]
    Checksum,
    /// A tensor is missing or has another type.
    #[error("damaged: tensor {0:?} is missing or not of the expected type")]
    Tensor(&'static str),
    /// Reading failed, or the file changed meanwhile.
    #[error("{0}")]
    Unreadable(String),
    /// The parts do not fit together.
    #[error("damaged: {0}")]
    Content(String),
}

impl InvalidFile {
    pub(crate) fn content(what: impl Into<String>) -> Self {
        Self::Content(quotable(what.into()))
    }
}

/// What a file says, short enough and plain enough for a log line: a damaged file may say anything.
pub(super) fn quotable(mut text: String) -> String {
    const MOST: usize = 300;
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push_str(" ...");
    }
    text.replace(char::is_control, "\u{FFFD}")
}
