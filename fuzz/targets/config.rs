//! The configuration file of `serve`.

use std::{cell::LazyCell, fs};

use bayeswire::cli::effective_config;
use tempfile::TempDir;

thread_local! {
    static FOLDER: LazyCell<TempDir> = LazyCell::new(|| tempfile::tempdir().unwrap());
}

/// A file is refused with what is wrong, or gives settings which, written down, give themselves.
pub fn config(data: &[u8]) {
    let path = FOLDER.with(|folder| folder.path().join("c.toml"));
    fs::write(&path, data).unwrap();
    let shown = match effective_config(&path) {
        Ok(shown) => shown,
        Err(failure) => {
            assert!(!failure.message.is_empty());
            return;
        }
    };
    fs::write(&path, &shown).unwrap();
    // Secrets are not shown, and what is shown without them is something else.
    if !shown.contains("is set and not shown") {
        assert_eq!(values(&effective_config(&path).expect("not what was shown")), values(&shown));
    }
}

/// The lines without what follows the values: where they come from.
fn values(shown: &str) -> Vec<&str> {
    let lines = shown.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(" # ").map_or(line, |(value, _)| value)).collect()
}
