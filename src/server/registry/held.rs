//! The models in memory.

use std::sync::Arc;

use crate::model::{Model, Revision};

/// The models in memory at one moment; never changed, only replaced.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    active: Arc<Model>,
    /// All of them, the one that was activated or loaded last at the end.
    models: Vec<Arc<Model>>,
    /// Which were active before, the last one at the end. All of them are in `models`.
    before: Vec<Revision>,
}

impl Held {
    /// One model, which is the active one.
    pub(super) fn one(model: Arc<Model>) -> Self {
        Self { active: Arc::clone(&model), models: vec![model], before: Vec::new() }
    }

    /// Answers calls that name no revision.
    pub(crate) fn active(&self) -> &Arc<Model> {
        &self.active
    }

    /// The model of a revision.
    pub(crate) fn find(&self, revision: Revision) -> Option<&Arc<Model>> {
        self.models.iter().find(|model| model.revision() == revision)
    }

    /// All models, the active one first, then those that were activated last.
    pub(crate) fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        let others = self.models.iter().rev().filter(|model| model.revision() != self.active.revision());
        std::iter::once(&self.active).chain(others)
    }

    /// What a rollback would make active.
    pub(crate) fn rollback_target(&self) -> Option<&Arc<Model>> {
        self.find(*self.before.last()?)
    }

    /// The same with `model` active; at most so many models.
    pub(super) fn activate(&self, model: Arc<Model>, most: usize) -> Self {
        let (old, new) = (self.active.revision(), model.revision());
        if old == new {
            return self.clone();
        }
        let mut next = self.clone();
        next.before.retain(|&revision| revision != new);
        next.before.push(old);
        next.put(model, most);
        next
    }

    /// The same with the model active that was active before; None where it is not in memory any more.
    pub(super) fn roll_back(&self, most: usize) -> Option<Self> {
        let model = Arc::clone(self.rollback_target()?);
        let mut next = self.clone();
        next.before.pop();
        next.put(model, most);
        Some(next)
    }

    fn put(&mut self, model: Arc<Model>, most: usize) {
        self.models.retain(|held| held.revision() != model.revision());
        self.models.push(Arc::clone(&model));
        self.active = model;
        // The active model is at the end, so it is never among those that go.
        let surplus = self.models.len().saturating_sub(most.max(1));
        self.models.drain(..surplus);
        let models = &self.models;
        self.before.retain(|&revision| models.iter().any(|model| model.revision() == revision));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        article::{Article, LabeledArticle, Topic},
        counts::Counts,
        model::{TrainingParams, train},
        text::TextProfile,
    };

    fn models() -> [Arc<Model>; 4] {
        let article = |topic, text: String| LabeledArticle {
            topic: Topic::new(topic).unwrap(),
            article: Article { text, ..Article::default() },
        };
        ["a", "b", "c", "d"].map(|name| {
            let articles = [
                article("rain", format!("Rain falls, says {name}.")),
                article("goal", "A goal is scored.".to_owned()),
            ];
            let counts = Counts::of(TextProfile::default(), &articles).unwrap();
            let params = TrainingParams { alpha: Some(0.1), ..TrainingParams::default() };
            Arc::new(train(&counts, None, &params.check().unwrap()).unwrap().model)
        })
    }

    fn active(held: &Held, models: &[Arc<Model>]) -> usize {
        models.iter().position(|m| m.revision() == held.active().revision()).unwrap()
    }

    #[test]
    fn rolling_back_goes_through_what_was_active_before() {
        let models = models();
        let mut held = Held::one(models[0].clone());
        assert!(held.roll_back(4).is_none());
        for model in &models[1..] {
            held = held.activate(model.clone(), 4);
        }
        for expected in [2, 1, 0] {
            held = held.roll_back(4).unwrap();
            assert_eq!(active(&held, &models), expected);
        }
        assert!(held.roll_back(4).is_none());
        assert_eq!(held.models().count(), 4, "those rolled back from stay");
    }

    #[test]
    fn going_to_and_fro_between_two_can_be_rolled_back() {
        let models = models();
        let mut held = Held::one(models[0].clone());
        for index in [1, 0, 1, 0] {
            held = held.activate(models[index].clone(), 2);
        }
        held = held.roll_back(2).unwrap();
        assert_eq!(active(&held, &models), 1);
        held = held.activate(models[1].clone(), 2);
        assert_eq!(active(&held, &models), 1);
    }

    #[test]
    fn the_oldest_goes_and_never_the_active_one() {
        let models = models();
        let mut held = Held::one(models[0].clone());
        for model in &models[1..] {
            held = held.activate(model.clone(), 2);
        }
        assert_eq!(
            held.models().map(|m| m.revision()).collect::<Vec<_>>(),
            [models[3].revision(), models[2].revision()]
        );
        assert!(held.find(models[0].revision()).is_none());
        assert_eq!(held.rollback_target().map(|m| m.revision()), Some(models[2].revision()));
        held = held.activate(models[0].clone(), 1);
        assert_eq!((active(&held, &models), held.models().count()), (0, 1));
        assert!(held.roll_back(1).is_none());
    }
}
