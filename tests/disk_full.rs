//! A disk without room: every command says which file and why, and what was there stays; a server goes on.
//!
//! The disk is a small one in memory, which takes the right to mount; without it the tests say that they were skipped.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    ffi::OsString,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use bayeswire::client::Client;
use harness::{ServerProcess, bayeswire, model_file, run_to_end, stderr, stdout, until};
use tempfile::TempDir;

/// A disk of 256 KiB.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "none"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: no right to mount a small disk");
        None
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut file = fs::File::options().create(true).append(true).open(self.path("filler")).unwrap();
        for size in [4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn clear(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }

    /// The names of all files, hidden ones included.
    fn names(&self) -> Vec<OsString> {
        let mut names: Vec<_> =
            fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// Labelled articles, some of them enough for a model.
fn corpus(folder: &Path) -> PathBuf {
    let path = folder.join("corpus.jsonl");
    let mut lines = String::new();
    for n in 0..20 {
        lines +=
            &format!("{{\"topic\": \"rain\", \"text\": \"Heavy rain number {n} reaches the coast.\"}}\n");
        lines += &format!("{{\"topic\": \"goal\", \"text\": \"The striker scored goal {n} of the cup.\"}}\n");
    }
    fs::write(&path, lines).unwrap();
    path
}

fn succeeds(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
}

fn fails_for_want_of_room(output: &Output, named: &Path) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(74), "{text}");
    assert!(text.contains(named.to_str().unwrap()), "{} is not in {text}", named.display());
    assert!(text.contains("No space left on device"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn commands_that_write_to_a_full_disk_say_so_and_leave_what_was_there() {
    let Some(disk) = SmallDisk::mount() else { return };
    let aside = tempfile::tempdir().unwrap();
    let corpus = corpus(aside.path());
    let at = |name: &str| aside.path().join(name);
    let run = |command: &str, inputs: &[&Path], flag: &str, output: &Path| {
        let inputs = inputs.iter().map(|path| path.as_os_str());
        run_to_end([command.as_ref()].into_iter().chain(inputs).chain([flag.as_ref(), output.as_os_str()]))
    };
    succeeds(&run("count", &[&corpus], "-o", &at("x.counts")));
    succeeds(&run("train", &[&corpus], "-o", &at("x.model")));
    let (counts, model) = (at("x.counts"), at("x.model"));
    let named = disk.path(&format!("{}.model", bayeswire::model::Revision::of(&fs::read(&model).unwrap())));

    // Without a file there, and over one.
    for before in [None, Some("what was there")] {
        for (command, inputs, flag, name) in [
            ("count", vec![corpus.as_path()], "-o", "y.counts"),
            ("merge", vec![&counts, &counts], "-o", "y.counts"),
            ("fit", vec![&counts], "-o", "y.model"),
            ("train", vec![&corpus], "-o", "y.model"),
            ("evaluate", vec![&corpus, Path::new("--model"), &model], "--report", "y.html"),
        ] {
            let path = disk.path(name);
            if let Some(before) = before {
                fs::write(&path, before).unwrap();
            }
            disk.fill();
            let names = disk.names();
            fails_for_want_of_room(&run(command, &inputs, flag, &path), &path);
            assert_eq!(disk.names(), names, "{command}");
            assert_eq!(fs::read(&path).ok().as_deref(), before.map(str::as_bytes), "{command}");
            disk.clear();
        }
    }
    disk.fill();
    let names = disk.names();
    let published = run_to_end([Path::new("publish"), &model, disk.0.path()]);
    fails_for_want_of_room(&published, &named);
    assert_eq!(disk.names(), names);
    // With room again, the same commands work.
    disk.clear();
    succeeds(&run_to_end([Path::new("publish"), &model, disk.0.path()]));
    assert_eq!(fs::read(named).unwrap(), fs::read(model).unwrap());
}

#[test]
fn a_full_folder_of_temporary_files_is_not_taken_for_a_bad_input() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("articles.parquet.gz");
    let mut gzip =
        flate2::write::GzEncoder::new(fs::File::create(&input).unwrap(), flate2::Compression::fast());
    gzip.write_all(&vec![b'x'; 1 << 20]).unwrap();
    gzip.finish().unwrap();
    let output = bayeswire()
        .arg("count")
        .arg(&input)
        .arg("-o")
        .arg(folder.path().join("x.counts"))
        .env("TMPDIR", disk.0.path())
        .output()
        .unwrap();
    fails_for_want_of_room(&output, disk.0.path());
    assert!(!folder.path().join("x.counts").exists());
}

#[test]
fn answers_that_cannot_be_written_are_an_error() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        eprintln!("skipped: the system has no /dev/full");
        return;
    };
    let mut child = bayeswire()
        .args(["classify", "-"])
        .stdin(Stdio::piped())
        .stdout(full.try_clone().unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{\"text\": \"Heavy rain.\"}\n").unwrap();
    fails_for_want_of_room(&child.wait_with_output().unwrap(), Path::new("standard output"));
    let printed = bayeswire().args(["serve", "--print-config"]).stdout(full).output().unwrap();
    fails_for_want_of_room(&printed, Path::new("standard output"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_model_directory_is_full_goes_on_and_says_so() {
    let Some(disk) = SmallDisk::mount() else { return };
    let [(a, a_bytes), (b, b_bytes), (c, c_bytes)] = ["a", "b", "c"].map(model_file);
    fs::write(disk.path("a.model"), a_bytes).unwrap();
    fs::write(disk.path("active"), format!("{a}\n")).unwrap();
    fs::write(disk.path("b.model"), b_bytes).unwrap();
    let server = ServerProcess::start(&["--model", disk.0.path().to_str().unwrap()]);
    let client = Client::connect(&server.url()).await.unwrap();
    let activate = async |revision: String| client.activate_model(&revision, false).await;
    let answering = async || client.server_info().await.unwrap().active_revision;
    assert_eq!(answering().await, a.to_string());

    // What was chosen answers; that a restart will forget it is told, here and in the log and on the command line.
    disk.fill();
    assert!(!activate(b.to_string()).await.unwrap().recorded);
    assert_eq!(answering().await, b.to_string());
    server.logged("the active revision cannot be recorded").await;
    server.logged("No space left on device").await;
    assert!(!client.roll_back_model().await.unwrap().recorded);
    assert_eq!(answering().await, a.to_string());
    let told = run_to_end(["models", "activate", &b.to_string(), "--server", &server.url()]);
    succeeds(&told);
    assert!(stdout(&told).contains("not recorded"), "{}", stdout(&told));
    assert_eq!(fs::read_to_string(disk.path("active")).unwrap(), format!("{a}\n"));
    assert_eq!(disk.names(), ["a.model", "active", "b.model", "filler"]);

    // Half a file, as a copy to a full disk leaves it, is refused with the reason; the old model goes on.
    disk.clear();
    fs::write(disk.path("c.model"), &c_bytes[..c_bytes.len() / 2]).unwrap();
    disk.fill();
    let half = bayeswire::model::Revision::of(&c_bytes[..c_bytes.len() / 2]);
    server.logged("a model was rejected; the old one goes on").await;
    let refused = activate(half.to_string()).await.unwrap_err();
    assert_eq!(harness::reason(&refused), "MODEL_REJECTED", "{refused:?}");
    assert_eq!(answering().await, b.to_string());

    // With room again everything works as before.
    disk.clear();
    fs::write(disk.path("c.model"), c_bytes).unwrap();
    until("the whole file is taken up", async || answering().await == c.to_string()).await;
    assert!(activate(a.to_string()).await.unwrap().recorded);
    assert_eq!(fs::read_to_string(disk.path("active")).unwrap(), format!("{a}\n"));
    server.stop();
}
