//! What a model has of a term.

use super::Model;
use crate::counts::TermId;

/// A term of a model.
#[derive(Clone, Copy, Debug)]
pub struct Term<'m> {
    pub(super) model: &'m Model,
    pub(super) id: TermId,
    /// Where it stands in the order of terms.
    pub(super) place: usize,
    /// One per topic.
    pub(super) weights: &'m [f32],
}

impl<'m> Term<'m> {
    /// Its text: one stem, or two with a space between them.
    #[must_use]
    pub fn text(&self) -> String {
        self.model.words.term(self.id)
    }

    /// In how many training articles it occurs.
    #[must_use]
    pub fn articles(&self) -> u32 {
        self.model.articles[self.place]
    }

    /// Its weights, one per topic: what its article weight is multiplied by, before calibration.
    pub fn weights(&self) -> impl ExactSizeIterator<Item = f32> + use<'m> {
        self.weights.iter().copied()
    }
}
