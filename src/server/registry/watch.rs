//! Looking for new models: every second in a directory, and when told to.
//!
//! By looking, not by inotify: that says nothing on network file systems and about files that are swapped by links, and a
//! look at a directory costs microseconds.

use std::{path::Path, sync::Arc};

use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};
use tracing::{debug, info, warn};

use super::{
    ModelOutcome, Registry,
    directory::{Directory, Verdict},
    load::{LoadError, load},
};

/// Looks for new models until it is dropped.
pub(crate) struct Watch(JoinHandle<()>);

impl Watch {
    pub(crate) fn start(registry: Arc<Registry>) -> Self {
        Self(tokio::spawn(watch(registry)))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn watch(registry: Arc<Registry>) {
    let mut looks = interval(registry.poll);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut trouble = None;
    loop {
        let told = tokio::select! {
            () = registry.reload.notified() => true,
            _ = looks.tick(), if registry.has_directory() => false,
        };
        let looking = Arc::clone(&registry);
        let looked = tokio::task::spawn_blocking(move || looking.look_for_models(told)).await;
        // A look that panicked is a bug that the next look may not meet; the runtime has said so on standard error.
        let now = looked.unwrap_or_else(|error| Some(error.to_string()));
        if now != trouble || told {
            if let Some(error) = &now {
                warn!(%error, "models cannot be looked for");
            } else if trouble.is_some() {
                info!("models can be looked for again");
            }
        }
        trouble = now;
    }
}

impl Registry {
    /// Activates the newest model that has come or changed. Returns what stands in the way of looking.
    fn look_for_models(&self, told: bool) -> Option<String> {
        if let Some(directory) = &self.directory {
            return match directory.candidates(self.poll.mul_f64(0.75), told) {
                Ok(candidates) => {
                    if told && candidates.is_empty() {
                        info!(directory = %directory.path().display(), "no new model");
                    }
                    self.consider_all(directory, &candidates, told);
                    None
                }
                Err(error) => Some(format!("{}: {error}", directory.path().display())),
            };
        }
        match &self.file {
            Some(path) => self.read_again(path),
            None => info!("there is one model, and nothing to read again"),
        }
        None
    }

    /// Newest first: when one has been activated, the older ones stay where they are.
    fn consider_all(&self, directory: &Directory, candidates: &[String], told: bool) {
        let mut activated = false;
        for name in candidates {
            if activated {
                directory.leave(name);
                continue;
            }
            let before = directory.verdict(name);
            match directory.consider(name) {
                Ok((model, true)) => {
                    activated = self.switch_to(Arc::new(model), &format!("the file {name}")).is_ok();
                }
                Ok((model, false)) => debug!(file = name, revision = %model.revision(), "not another model"),
                Err(error) => {
                    // What could not be read a second ago has been logged then.
                    let again = matches!(before, Some(Verdict::Unreadable(why)) if why == error.to_string());
                    if told || !again {
                        self.reject(&directory.path().join(name), &error);
                    }
                }
            }
        }
    }

    fn read_again(&self, path: &Path) {
        match load(path).1 {
            // An error means that the first model is not loaded yet: it will be this one.
            Ok(model) => match self.switch_to(Arc::new(model), "a reload") {
                Ok(change) if change.previous == change.model.revision() => info!("not another model"),
                _ => {}
            },
            Err(error) => self.reject(path, &error),
        }
    }

    fn reject(&self, path: &Path, error: &LoadError) {
        warn!(file = %path.display(), %error, "a model was rejected; the old one goes on");
        self.tell(|observer| observer.reloaded(ModelOutcome::Rejected));
    }
}
