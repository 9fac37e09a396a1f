//! Looking for new models: every second in a directory, and when told to.
//!
//! By looking, not by inotify: that says nothing on network file systems and about files that are swapped by links, and a
//! look at a directory costs microseconds.

use std::{path::Path, sync::Arc, time::Instant};

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
        let now = Instant::now();
        if let Some(directory) = &self.directory {
            return match directory.candidates(self.poll.mul_f64(0.75), told) {
                Ok(candidates) => {
                    if told && candidates.is_empty() {
                        info!(directory = %directory.path().display(), "no new model");
                    }
                    self.consider_all(directory, &candidates, told.then_some(now));
                    None
                }
                Err(error) => Some(format!("{}: {error}", directory.path().display())),
            };
        }
        match &self.file {
            Some(path) => self.read_again(path, now),
            None => info!("there is one model, and nothing to read again"),
        }
        None
    }

    /// Newest first: when one has been activated, the older ones stay where they are. `told` is when somebody asked for it.
    fn consider_all(&self, directory: &Directory, candidates: &[String], told: Option<Instant>) {
        let mut settled = false;
        for name in candidates {
            if settled {
                directory.leave(name);
                continue;
            }
            let before = directory.verdict(name);
            let since = told.unwrap_or_else(|| match before {
                Some(Verdict::Arrived(at)) => at,
                _ => Instant::now(),
            });
            match directory.consider(name) {
                Ok((model, true)) => {
                    settled = self.take_over(Arc::new(model), &format!("the file {name}"), since).is_ok();
                }
                Ok((model, false)) => debug!(file = name, revision = %model.revision(), "not another model"),
                Err(error) => {
                    // What could not be read a second ago has been logged then.
                    let again = matches!(before, Some(Verdict::Unreadable(why)) if why == error.to_string());
                    if told.is_some() || !again {
                        self.reject(&directory.path().join(name), &error);
                    }
                }
            }
        }
    }

    fn read_again(&self, path: &Path, told: Instant) {
        match load(path).1 {
            // An error means that the first model is not loaded yet: it will be this one.
            Ok(model) => match self.take_over(Arc::new(model), "a reload", told) {
                Ok(Some(change)) if change.previous == change.model.revision() => info!("not another model"),
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

#[cfg(test)]
mod tests {
    use std::{fs, num::NonZeroUsize, time::Duration};

    use super::*;
    use crate::{
        article::{Article, LabeledArticle, Topic},
        counts::Counts,
        model::{Model, TrainingParams, train},
        server::registry::ModelSource,
        text::TextProfile,
    };

    fn file(word: &str) -> Vec<u8> {
        let article = |topic, text: String| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { text, ..Article::default() },
        };
        let articles =
            [article("rain", format!("Rain falls, says {word}.")), article("goal", "A goal.".to_owned())];
        let counts = Counts::of(TextProfile::default(), &articles).unwrap();
        let params = TrainingParams { alpha: Some(0.1), ..TrainingParams::default() };
        train(&counts, None, &params.check().unwrap()).unwrap().bytes
    }

    #[test]
    fn a_file_that_was_there_before_an_operator_chose_does_not_take_over() {
        let folder = tempfile::tempdir().unwrap();
        let source = ModelSource::Directory(folder.path().to_owned());
        let registry =
            Registry::new(source, NonZeroUsize::MIN.saturating_add(3)).polled_every(Duration::ZERO);
        let [a, b, c, d] = ["a", "b", "c", "d"].map(file);
        let first = registry.begin(Model::from_bytes(&a).unwrap()).revision();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        put("b.model", &b);
        registry.look_for_models(false);
        assert_ne!(registry.active_revision(), Some(first));

        // It has been seen and is about to be loaded when the operator goes back.
        put("c.model", &c);
        let directory = registry.directory.as_ref().unwrap();
        let seen = directory.candidates(Duration::ZERO, false).unwrap();
        assert_eq!(seen, ["c.model"]);
        registry.roll_back().unwrap();
        registry.consider_all(directory, &seen, None);
        registry.look_for_models(false);
        assert_eq!(registry.active_revision(), Some(first));

        // What comes later does, and so does what an operator asks for.
        put("d.model", &d);
        registry.look_for_models(false);
        assert_eq!(registry.active_revision(), Some(crate::model::Revision::of(&d)));
        let chosen = registry.activate(crate::model::Revision::of(&c), false).unwrap();
        assert_eq!(registry.active_revision(), Some(chosen.model.revision()));
    }
}
