//! Models in a directory under the names of their revisions, and the shards that one is made of.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bayeswire::model::Revision;
use harness::{model_file, run_to_end, stderr, stdout};
use tempfile::TempDir;

/// Nine articles of two topics, one of them twice.
fn corpus(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("corpus.jsonl");
    let mut lines = String::new();
    for n in 0..4 {
        lines +=
            &format!("{{\"topic\": \"rain\", \"text\": \"Heavy rain number {n} reaches the coast.\"}}\n");
        lines += &format!("{{\"topic\": \"goal\", \"text\": \"The striker scored goal {n} of the cup.\"}}\n");
    }
    lines += "{\"topic\": \"goal\", \"text\": \"The striker scored goal 0 of the cup.\"}\n";
    fs::write(&path, lines).unwrap();
    path
}

fn succeed<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> String {
    let output = run_to_end(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn models(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".model"))
        .collect();
    names.sort();
    names
}

fn set_age(path: &Path, seconds: u64) {
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}

#[test]
fn a_model_trained_into_a_directory_has_the_name_of_its_revision() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(&folder);
    let directory = folder.path().join("models");
    fs::create_dir(&directory).unwrap();
    succeed([Path::new("train"), &corpus, Path::new("--output"), &directory]);
    let names = models(&directory);
    let revision = Revision::of(&fs::read(directory.join(&names[0])).unwrap());
    assert_eq!(names, [format!("{revision}.model")]);
}

#[test]
fn shards_counted_apart_make_the_model_that_one_machine_makes() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = corpus(&folder);
    let (whole, merged) = (folder.path().join("whole.model"), folder.path().join("merged.model"));
    succeed([Path::new("train"), &corpus, Path::new("-o"), &whole]);
    // Twelve shards of nine articles: some are empty, and must merge all the same.
    let mut merge = vec!["merge".into(), "-o".into(), folder.path().join("all.counts")];
    for index in 0..12 {
        let counts = folder.path().join(format!("{index}.counts"));
        let shard = PathBuf::from(format!("{index}/12"));
        succeed([Path::new("count"), &corpus, Path::new("-o"), &counts, Path::new("--shard"), &shard]);
        merge.push(counts);
    }
    succeed(&merge);
    let all = folder.path().join("all.counts");
    succeed([Path::new("fit"), &all, Path::new("-o"), &merged, Path::new("--corpus"), &corpus]);
    assert!(fs::read(&whole).unwrap() == fs::read(&merged).unwrap());

    // Shards that are missing are not overlooked.
    merge.truncate(merge.len() - 6);
    succeed(&merge);
    let output =
        run_to_end([Path::new("fit"), &all, Path::new("-o"), &merged, Path::new("--corpus"), &corpus]);
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
}

#[test]
fn a_part_that_is_none_is_refused() {
    let output = run_to_end(["count", "x.jsonl", "-o", "x.counts", "--shard", "3/3"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("is no INDEX/OF"), "{}", stderr(&output));
}

#[test]
fn publishing_keeps_the_newest_and_the_active_revision() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("models");
    fs::create_dir(&directory).unwrap();
    let candidate = folder.path().join("candidate.model");
    let mut revisions = Vec::new();
    for (age, word) in [(500, "first"), (400, "second"), (300, "third"), (200, "fourth")] {
        let (revision, bytes) = model_file(word);
        fs::write(&candidate, bytes).unwrap();
        let told = succeed([Path::new("publish"), &candidate, &directory]);
        let path = directory.join(format!("{revision}.model"));
        assert_eq!(told, format!("published {}\n", path.display()));
        set_age(&path, age);
        revisions.push(revision);
    }
    // Of another kind: not ours to remove. The oldest is the active one.
    fs::write(directory.join("by-hand.model"), "x").unwrap();
    set_age(&directory.join("by-hand.model"), 900);
    fs::write(directory.join("active"), format!("{}\n", revisions[0])).unwrap();

    let (newest, bytes) = model_file("fifth");
    fs::write(&candidate, bytes).unwrap();
    let told = succeed([Path::new("publish"), &candidate, &directory, Path::new("--keep"), Path::new("3")]);
    assert_eq!(told.matches("removed").count(), 1, "{told}");
    let mut expected: Vec<String> =
        [revisions[0], revisions[2], revisions[3], newest].iter().map(|r| format!("{r}.model")).collect();
    expected.push("by-hand.model".to_owned());
    expected.sort();
    assert_eq!(models(&directory), expected);
}

#[test]
fn a_damaged_model_is_not_published_and_removes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_, mut bytes) = model_file("first");
    bytes.truncate(bytes.len() / 2);
    let candidate = folder.path().join("candidate.model");
    fs::write(&candidate, bytes).unwrap();
    let directory = folder.path().join("models");
    fs::create_dir(&directory).unwrap();
    let (revision, old) = model_file("second");
    fs::write(directory.join(format!("{revision}.model")), old).unwrap();
    let output =
        run_to_end([Path::new("publish"), &candidate, &directory, Path::new("--keep"), Path::new("1")]);
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    assert!(stderr(&output).contains("candidate.model"), "{}", stderr(&output));
    assert_eq!(models(&directory), [format!("{revision}.model")]);
}
