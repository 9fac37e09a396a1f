//! Activating a model and going back. Everything here can take as long as a disk does: not to be called on a thread that
//! answers calls.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Instant,
};

use tracing::{info, warn};

use super::{Held, ModelOutcome, Registry};
use crate::{
    model::{Model, Revision},
    server::status::RequestError,
};

/// What was changed.
#[derive(Debug)]
pub(crate) struct Change {
    /// The model that was asked for.
    pub(crate) model: Arc<Model>,
    /// The one that was active before.
    pub(crate) previous: Revision,
    /// Whether the choice outlives the server.
    pub(crate) recorded: bool,
}

impl Registry {
    /// Begins with `model`, which has passed its self-test. Nothing is recorded: a start changes no file.
    pub(crate) fn begin(&self, model: Model) -> Arc<Model> {
        let model = Arc::new(model);
        let _changing = self.changing();
        self.held.store(Some(Arc::new(Held::one(Arc::clone(&model)))));
        self.tell(|observer| observer.activated(&model));
        model
    }

    /// Makes a revision the active one, from memory or from the directory; with `validate_only`, only makes sure that this
    /// would work.
    ///
    /// # Errors
    /// ModelNotLoaded, RevisionNotFound, ModelRejected.
    pub(crate) fn activate(&self, asked: Revision, validate_only: bool) -> Result<Change, RequestError> {
        let (held, active) = self.snapshot()?;
        let model = match held.find(asked) {
            Some(model) => Arc::clone(model),
            None => self.load_from_directory(asked, active, validate_only)?,
        };
        if validate_only {
            return Ok(Change { model, previous: active, recorded: false });
        }
        let mut changing = self.changing();
        *changing = Some(Instant::now());
        self.switch_to(model, "an operator's call", &changing)
    }

    /// Makes the model active that was active before.
    ///
    /// # Errors
    /// ModelNotLoaded, NoEarlierRevision.
    pub(crate) fn roll_back(&self) -> Result<Change, RequestError> {
        let mut changing = self.changing();
        let (held, previous) = self.snapshot()?;
        let next = held.roll_back(self.max_held.get()).ok_or(RequestError::NoEarlierRevision)?;
        *changing = Some(Instant::now());
        Ok(self.put(next, previous, "a rollback", ModelOutcome::RolledBack, &changing))
    }

    /// Makes a model active that has passed its self-test and came at `since`, unless an operator has chosen a revision
    /// since then: a file that took long to load must not undo a rollback. None then.
    ///
    /// # Errors
    /// ModelNotLoaded.
    pub(super) fn take_over(
        &self,
        model: Arc<Model>,
        why: &str,
        since: Instant,
    ) -> Result<Option<Change>, RequestError> {
        let changing = self.changing();
        if changing.is_some_and(|chosen| chosen >= since) {
            info!(revision = %model.revision(), why, "not activated: an operator has chosen another meanwhile");
            return Ok(None);
        }
        self.switch_to(model, why, &changing).map(Some)
    }

    fn switch_to(
        &self,
        model: Arc<Model>,
        why: &str,
        changing: &MutexGuard<'_, Option<Instant>>,
    ) -> Result<Change, RequestError> {
        let (held, previous) = self.snapshot()?;
        let outcome = match model.revision() == previous {
            true => ModelOutcome::Unchanged,
            false => ModelOutcome::Activated,
        };
        let next = held.activate(model, self.max_held.get());
        Ok(self.put(next, previous, why, outcome, changing))
    }

    fn put(
        &self,
        next: Held,
        previous: Revision,
        why: &str,
        outcome: ModelOutcome,
        _changing: &MutexGuard<'_, Option<Instant>>,
    ) -> Change {
        let model = Arc::clone(next.active());
        let revision = model.revision();
        if outcome != ModelOutcome::Unchanged {
            self.held.store(Some(Arc::new(next)));
            info!(%revision, %previous, why, outcome = outcome.as_str(), "another model answers");
            self.tell(|observer| observer.activated(&model));
        }
        self.tell(|observer| observer.reloaded(outcome));
        Change { recorded: self.record(revision), model, previous }
    }

    /// Whether the directory, where there is one, says so now.
    fn record(&self, revision: Revision) -> bool {
        let Some(directory) = &self.directory else { return false };
        match directory.record(revision) {
            Ok(()) => true,
            Err(error) => {
                let directory = directory.path().display();
                warn!(%revision, %directory, %error, "the active revision cannot be recorded: a restart forgets it");
                false
            }
        }
    }

    fn load_from_directory(
        &self,
        asked: Revision,
        active: Revision,
        validate_only: bool,
    ) -> Result<Arc<Model>, RequestError> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        // Loaded for another call while this one waited.
        if let Some(model) = self.snapshot()?.0.find(asked) {
            return Ok(Arc::clone(model));
        }
        let not_found = RequestError::RevisionNotFound { asked, active };
        let Some(directory) = &self.directory else { return Err(not_found) };
        let found = directory.find(asked).unwrap_or_else(|error| {
            warn!(directory = %directory.path().display(), %error, "the model directory cannot be read");
            None
        });
        let Some(name) = found else { return Err(not_found) };
        // A file that is only validated may still be new to the watch.
        let loaded = match validate_only {
            true => directory.load(&name),
            false => directory.consider(&name).map(|(model, _)| model),
        };
        match loaded {
            // Changed between the two looks.
            Ok(model) if model.revision() != asked => Err(not_found),
            Ok(model) => Ok(Arc::new(model)),
            Err(error) => {
                warn!(file = %directory.path().join(&name).display(), %error, "a model was rejected");
                self.tell(|observer| observer.reloaded(ModelOutcome::Rejected));
                Err(RequestError::ModelRejected { revision: asked, why: error.to_string() })
            }
        }
    }

    fn changing(&self) -> MutexGuard<'_, Option<Instant>> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Result<(Arc<Held>, Revision), RequestError> {
        let held = self.held.load_full().ok_or(RequestError::ModelNotLoaded)?;
        let active = held.active().revision();
        Ok((held, active))
    }
}
