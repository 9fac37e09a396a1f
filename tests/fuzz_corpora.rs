//! Every file that fuzzing has left behind, against what must hold: what once was found is never lost again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy.toml allows it in tests, but not in their helpers

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Shows every file of a corpus to its target.
fn replay(corpus: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let shown = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        assert!(shown.is_ok(), "{}", path.display());
        files += 1;
    }
    assert!(files > 10, "{files} files");
}

#[test]
fn articles() {
    replay("article", targets::article);
}

#[test]
fn models() {
    replay("model", targets::model);
}

#[test]
fn counts() {
    replay("counts", targets::counts);
}

#[test]
fn pages() {
    replay("page", targets::page);
}

#[test]
fn tensors() {
    replay("tensors", targets::tensors);
}

#[test]
fn frames() {
    replay("frames", targets::frames);
}

#[test]
fn configuration_files() {
    replay("config", targets::config);
}

#[test]
fn files_of_articles() {
    replay("corpus", targets::corpus);
}
