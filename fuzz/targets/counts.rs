//! The bytes of a `.counts` file.

use bayeswire::{
    counts::Counts,
    model::{Model, TrainingParams, train},
};

use super::file::repaired;

/// More would only take longer.
const MAX_FITTED: usize = 100_000;

/// Bytes are refused or are counts; those add up, and make a model or an error.
pub fn counts(data: &[u8]) {
    read(data);
    if let Some(repaired) = repaired(data) {
        read(&repaired);
    }
}

fn read(bytes: &[u8]) {
    let Ok(counts) = Counts::from_bytes(bytes) else { return };
    assert_eq!(counts.to_bytes().unwrap(), bytes);
    if let Ok(twice) = counts.merge(&counts) {
        assert_eq!(twice.article_count(), 2 * counts.article_count());
        assert_eq!(twice.subtract(&counts).unwrap(), counts);
        assert_eq!(Counts::from_bytes(&twice.to_bytes().unwrap()).unwrap(), twice);
    }
    if let Ok(none) = counts.subtract(&counts) {
        assert_eq!(none, Counts::empty(counts.profile()));
    }
    if counts.term_count() * counts.topics().len() > MAX_FITTED {
        return;
    }
    for alpha in [1e-6, 0.1] {
        let params = TrainingParams { alpha: Some(alpha), ..TrainingParams::default() };
        if let Ok(trained) = train(&counts, None, &params.check().unwrap()) {
            assert_eq!(Model::from_bytes(&trained.bytes).unwrap().revision(), trained.model.revision());
        }
    }
}
