//! What a model has of a term.

use super::Model;
use crate::counts::TermId;

/// The weights of a term, one per topic, of their bits.
#[inline]
pub(super) fn weights(bits: &[u32]) -> impl ExactSizeIterator<Item = f32> + '_ {
    bits.iter().map(|&bits| f32::from_bits(bits))
}

/// The weight for one topic, which there must be.
#[inline]
pub(super) fn weight(bits: &[u32], topic: usize) -> f64 {
    f64::from(f32::from_bits(bits[topic]))
}

/// A term of a model.
#[derive(Clone, Copy, Debug)]
pub struct Term<'m> {
    pub(super) model: &'m Model,
    pub(super) id: TermId,
    /// Where it stands in the order of terms.
    pub(super) place: usize,
    pub(super) weights: &'m [u32],
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
        weights(self.weights)
    }
}
