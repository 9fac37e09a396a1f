//! The model that is built in: `models/default/default.model`.

use std::path::Path;

use super::{ExitStatus, Failure};
use crate::model::Model;

/// Compressed by build.rs to less than a third; bringing it back takes about ten milliseconds.
static COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/default.model.zst"));

/// How many bytes the file has.
const LEN: usize = include_bytes!("../../models/default/default.model").len();

/// The bytes of its file.
pub(super) fn bytes() -> Result<Vec<u8>, Failure> {
    zstd::bulk::decompress(COMPRESSED, LEN).map_err(|e| Failure::new(ExitStatus::Software, e))
}

/// The model.
pub(super) fn load() -> Result<Model, Failure> {
    Model::from_bytes(&bytes()?).map_err(|e| Failure::invalid(Path::new("the built-in model"), &e))
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_file_in_the_repository() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/default/default.model");
        assert!(super::bytes().unwrap() == std::fs::read(file).unwrap());
    }
}
