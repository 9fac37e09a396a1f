//! What a file says of its own content, so that damage is noticed: rapidhash v3 with seed 0 over the metadata, then name,
//! length in bytes as 64 bits and bytes of every tensor, in the order of the file.
//!
//! Who wants to can make a file with any checksum. That a file is the one that somebody meant, its SHA-256 says.

use rapidhash::v3::{RapidSecrets, RapidStreamHasherV3};
use serde_json::{Map, Value};

static SECRETS: RapidSecrets = RapidSecrets::seed(0);

/// A checksum under construction.
pub(super) struct Checksum(RapidStreamHasherV3<'static>);

impl Checksum {
    /// Begins with the metadata, which do not have the checksum.
    pub(super) fn new(facts: &Map<String, Value>) -> Self {
        let mut hash = RapidStreamHasherV3::new(&SECRETS);
        hash.write(Value::Object(facts.clone()).to_string().as_bytes());
        Self(hash)
    }

    /// Begins a tensor of so many bytes, which come next.
    pub(super) fn tensor(&mut self, name: &str, bytes: usize) {
        self.0.write(name.as_bytes());
        self.0.write(&(bytes as u64).to_le_bytes());
    }

    /// Goes on with the bytes of a tensor.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// 16 lower-case hexadecimal digits.
    pub(super) fn finish(&self) -> String {
        format!("{:016x}", self.0.finish())
    }
}
