//! The models that a server has: which one answers, which are in memory, which are files, and how they change.
//!
//! Calls read [`Held`], an immutable picture of the models in memory, through one atomic pointer, and keep the model that
//! they began with for as long as they last. Whoever changes something makes a new picture and puts it in the old one's
//! place: the directory's `watch`, an operator's call, a signal.

mod change;
mod directory;
mod held;
mod list;
mod load;
mod publish;
mod start;
mod watch;

use std::{
    fmt,
    num::NonZeroUsize,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use arc_swap::{ArcSwapOption, Guard};
use tokio::sync::Notify;

use crate::model::{Model, Revision};
use directory::Directory;

pub(super) use change::Change;
pub(super) use held::Held;
pub(super) use list::{Listed, State};
pub use publish::{PublishError, Published, publish, published_name};
pub use start::DirectoryError;
pub(super) use watch::Watch;

/// How many revisions are kept in memory when nothing else was said.
pub const DEFAULT_HELD_REVISIONS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);
/// How often a model directory is looked at.
const POLL: Duration = Duration::from_secs(1);

/// Where a server's models come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ModelSource {
    /// The one model that the server is started with.
    #[default]
    Fixed,
    /// One file, which is read again on [`Registry::reload`].
    File(PathBuf),
    /// All `*.model` files of a directory; new and changed ones are activated.
    Directory(PathBuf),
}

/// Is told about changes of models, for metrics. Called by whoever makes the change, so it must not take long.
pub trait ModelObserver: Send + Sync {
    /// `model` answers from now on.
    fn activated(&self, model: &Model);
    /// A model was to be activated, by a new file, a signal or an operator: what became of it.
    fn reloaded(&self, outcome: ModelOutcome);
}

/// What became of a model that was to be activated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelOutcome {
    /// It is active.
    Activated,
    /// It was active already.
    Unchanged,
    /// It is damaged or unfit; the old one goes on.
    Rejected,
    /// It was active before the last one and is active again.
    RolledBack,
}

impl ModelOutcome {
    /// For logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Unchanged => "unchanged",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// The models of one server.
pub struct Registry {
    /// Read by every call; written only by whoever holds `changing`.
    held: ArcSwapOption<Held>,
    /// Held during a change, so that what the directory records is what was activated last. Not held while loading. When an
    /// operator last chose a revision: what had come before that does not take over.
    changing: Mutex<Option<Instant>>,
    /// Held while a model is loaded for an operator, so that many who ask at once do not fill the memory.
    loading: Mutex<()>,
    /// Where new models appear.
    directory: Option<Directory>,
    /// What is read again when there is no directory.
    file: Option<PathBuf>,
    max_held: NonZeroUsize,
    poll: Duration,
    /// Wakes the watch.
    reload: Notify,
    /// Told about every change; added to at the start, hardly ever read.
    observers: RwLock<Vec<Arc<dyn ModelObserver>>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("active", &self.active_revision())
            .field("directory", &self.directory)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(ModelSource::Fixed, DEFAULT_HELD_REVISIONS)
    }
}

impl Registry {
    /// No models yet; at most `max_held` later. A revision that went out of memory is still in the directory.
    #[must_use]
    pub fn new(source: ModelSource, max_held: NonZeroUsize) -> Self {
        let (directory, file) = match source {
            ModelSource::Fixed => (None, None),
            ModelSource::File(path) => (None, Some(path)),
            ModelSource::Directory(path) => (Some(Directory::new(path)), None),
        };
        Self {
            held: ArcSwapOption::empty(),
            changing: Mutex::default(),
            loading: Mutex::default(),
            directory,
            file,
            max_held,
            poll: POLL,
            reload: Notify::new(),
            observers: RwLock::default(),
        }
    }

    /// Tells `observer` about every change from now on.
    pub fn observe(&self, observer: Arc<dyn ModelObserver>) {
        self.observers.write().unwrap_or_else(PoisonError::into_inner).push(observer);
    }

    /// Looks at the directory this often; a file must have been the same for as long before it is loaded. A second, if
    /// nothing is said.
    #[must_use]
    pub fn polled_every(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Looks for new models now, those that were rejected included; returns at once. What SIGHUP does.
    pub fn reload(&self) {
        self.reload.notify_one();
    }

    /// The revision that answers calls that name none; None while the first model is being loaded.
    #[must_use]
    pub fn active_revision(&self) -> Option<Revision> {
        self.held().as_deref().map(|held| held.active().revision())
    }

    /// The models in memory; None while the first one is being loaded.
    pub(super) fn held(&self) -> Guard<Option<Arc<Held>>> {
        self.held.load()
    }

    /// How many models are kept in memory.
    pub(super) fn max_held(&self) -> usize {
        self.max_held.get()
    }

    /// Whether new files are activated.
    pub(super) fn has_directory(&self) -> bool {
        self.directory.is_some()
    }

    fn tell(&self, say: impl Fn(&dyn ModelObserver)) {
        for observer in self.observers.read().unwrap_or_else(PoisonError::into_inner).iter() {
            say(observer.as_ref());
        }
    }
}
