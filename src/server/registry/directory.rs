//! A directory of model files.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use super::load::{LoadError, load};
use crate::{
    file,
    model::{Model, Revision},
};

/// The file that says which revision is served.
const ACTIVE: &str = "active";

/// What tells a file from the one that had its name before. Not the time of its last change of status: a link to the file
/// would look like a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) modified: SystemTime,
    pub(super) bytes: u64,
    inode: u64,
}

/// A file of the directory.
#[derive(Clone, Debug)]
pub(super) struct KnownFile {
    pub(super) fingerprint: Fingerprint,
    /// What it holds, once it was read.
    pub(super) revision: Option<Revision>,
    /// Which of its contents was looked at last with a view to serving it.
    considered: Option<Revision>,
    pub(super) verdict: Verdict,
}

/// What is thought of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has come or changed; not loaded yet.
    Arrived(Instant),
    /// It was loaded, or was there before anyone asked for it.
    Considered,
    /// It could not be read. That can change without the file being another.
    Unreadable(String),
    /// It is no model, or one that cannot answer.
    Rejected(String),
}

/// A directory of `*.model` files, and a file `active` with the revision that is to be served.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    files: Mutex<BTreeMap<String, KnownFile>>,
    /// Held while files are read for the list, so that many who ask for it at once read each once.
    listing: Mutex<()>,
}

impl Directory {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, files: Mutex::default(), listing: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<String, KnownFile>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names and fingerprints of the model files, newest first; of equally new ones, the last by name.
    fn scan(&self) -> io::Result<Vec<(String, Fingerprint)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || !name.ends_with(".model") {
                continue;
            }
            // Links are followed: that is how Kubernetes shows files of a volume. Gone already is as good as not there.
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            let Ok(modified) = metadata.modified() else { continue };
            if metadata.is_file() {
                let fingerprint = Fingerprint { modified, bytes: metadata.len(), inode: metadata.ino() };
                found.push((name, fingerprint));
            }
        }
        found.sort_by(|a, b| (b.1.modified, &b.0).cmp(&(a.1.modified, &a.0)));
        Ok(found)
    }

    /// Notes which files are there. Returns them newest first.
    fn look(&self) -> io::Result<Vec<(String, KnownFile)>> {
        let found = self.scan()?;
        let mut files = self.files();
        let names: HashSet<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        files.retain(|name, _| names.contains(name.as_str()));
        let mut all = Vec::with_capacity(found.len());
        for (name, fingerprint) in found {
            let known = files.entry(name.clone()).or_insert_with(|| KnownFile {
                fingerprint,
                revision: None,
                considered: None,
                verdict: Verdict::Arrived(Instant::now()),
            });
            if known.fingerprint != fingerprint {
                known.fingerprint = fingerprint;
                known.revision = None;
                known.verdict = Verdict::Arrived(Instant::now());
            }
            all.push((name, known.clone()));
        }
        Ok(all)
    }

    /// The names of the files that should be loaded now, newest first: those that have come or changed and have then been
    /// the same for `settled`, and those that could not be read. With `again` all that have come or changed, and those
    /// that were rejected.
    pub(super) fn candidates(&self, settled: Duration, again: bool) -> io::Result<Vec<String>> {
        let mut files = self.look()?;
        files.retain(|(_, file)| match &file.verdict {
            Verdict::Arrived(at) => again || at.elapsed() >= settled,
            Verdict::Unreadable(_) => true,
            Verdict::Rejected(_) => again,
            Verdict::Considered => false,
        });
        Ok(files.into_iter().map(|(name, _)| name).collect())
    }

    /// Loads a file, and changes nothing about what is thought of it.
    pub(super) fn load(&self, name: &str) -> Result<Model, LoadError> {
        load(&self.path.join(name)).1
    }

    /// Loads a file with a view to serving it, and tells whether its content is another than when that was done last.
    pub(super) fn consider(&self, name: &str) -> Result<(Model, bool), LoadError> {
        let (revision, loaded) = load(&self.path.join(name));
        let mut files = self.files();
        let known = files.get_mut(name);
        let changed = known.as_ref().is_none_or(|known| known.considered != revision);
        if let Some(known) = known {
            known.revision = revision.or(known.revision);
            known.considered = revision.or(known.considered);
            known.verdict = match &loaded {
                Ok(_) => Verdict::Considered,
                Err(error @ LoadError::Io(_)) => Verdict::Unreadable(error.to_string()),
                Err(error) => Verdict::Rejected(error.to_string()),
            };
        }
        loaded.map(|model| (model, changed))
    }

    /// What was thought of a file last.
    pub(super) fn verdict(&self, name: &str) -> Option<Verdict> {
        self.files().get(name).map(|known| known.verdict.clone())
    }

    /// Notes that a file need not be loaded by itself: whoever wants it asks for it.
    pub(super) fn leave(&self, name: &str) {
        let hashed = self.hash(name);
        if let Some(known) = self.files().get_mut(name) {
            known.revision = hashed.as_ref().ok().copied();
            known.considered = known.revision;
            known.verdict = match hashed {
                Ok(_) => Verdict::Considered,
                Err(error) => Verdict::Unreadable(LoadError::Io(error).to_string()),
            };
        }
    }

    fn hash(&self, name: &str) -> io::Result<Revision> {
        Ok(Revision::of(&fs::read(self.path.join(name))?))
    }

    /// All files that are there now with what they hold, newest first.
    pub(super) fn list(&self) -> io::Result<Vec<(String, KnownFile)>> {
        let all = self.look()?;
        if all.iter().all(|(_, file)| file.revision.is_some()) {
            return Ok(all);
        }
        let _listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.look()?;
        for (name, file) in &mut all {
            if file.revision.is_none() {
                file.revision = self.hash(name).ok();
                if let Some(known) = self.files().get_mut(name)
                    && known.fingerprint == file.fingerprint
                {
                    known.revision = file.revision;
                }
            }
        }
        Ok(all)
    }

    /// The name of the first file, by name, that holds a revision.
    pub(super) fn find(&self, revision: Revision) -> io::Result<Option<String>> {
        let holding = self.list()?.into_iter().filter(|(_, file)| file.revision == Some(revision));
        Ok(holding.map(|(name, _)| name).min())
    }

    /// The revision that was recorded last. The error says why it cannot be told.
    pub(super) fn recorded(&self) -> Result<Option<Revision>, String> {
        recorded(&self.path)
    }

    /// Records the revision that is to be served after the next start.
    pub(super) fn record(&self, revision: Revision) -> io::Result<()> {
        file::replace(&self.path.join(ACTIVE), format!("{revision}\n").as_bytes())
    }
}

/// The revision that a directory records as the one to serve. The error says why it cannot be told.
pub(super) fn recorded(directory: &Path) -> Result<Option<Revision>, String> {
    let path = directory.join(ACTIVE);
    // Anything else, such as a pipe, could be read for ever.
    if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(format!("{}: is not a file", path.display()));
    }
    match fs::read_to_string(&path) {
        Ok(text) => match text.trim().parse() {
            Ok(revision) => Ok(Some(revision)),
            Err(error) => Err(format!("{}: {error}", path.display())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}
