//! The figures that say in one number how good answers are.

use serde::Serialize;

/// One of the headline figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Share of right answers.
    Accuracy,
    /// The mean F1 of the labels that some article has.
    MacroF1,
    /// Mean negative log-probability of the right label, in nats.
    LogLoss,
    /// Mean squared distance of the probabilities from the truth, 0 to 2.
    Brier,
    /// Expected calibration error of the assigned answers.
    Ece,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Accuracy, Self::MacroF1, Self::LogLoss, Self::Brier, Self::Ece];

    /// The name on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro_f1",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::Ece => "ece",
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro F1",
            Self::LogLoss => "log-loss",
            Self::Brier => "Brier score",
            Self::Ece => "ECE",
        }
    }

    /// Whether more is better.
    #[must_use]
    pub fn is_gain(self) -> bool {
        matches!(self, Self::Accuracy | Self::MacroF1)
    }
}

/// A number for each [`Figure`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures<T> {
    /// [`Figure::Accuracy`].
    pub accuracy: T,
    /// [`Figure::MacroF1`].
    pub macro_f1: T,
    /// [`Figure::LogLoss`].
    pub log_loss: T,
    /// [`Figure::Brier`].
    pub brier: T,
    /// [`Figure::Ece`].
    pub ece: T,
}

impl<T: Copy> Figures<T> {
    /// That of `figure`.
    #[must_use]
    pub fn get(&self, figure: Figure) -> T {
        match figure {
            Figure::Accuracy => self.accuracy,
            Figure::MacroF1 => self.macro_f1,
            Figure::LogLoss => self.log_loss,
            Figure::Brier => self.brier,
            Figure::Ece => self.ece,
        }
    }

    /// One value for each figure.
    pub(crate) fn each(mut value: impl FnMut(Figure) -> T) -> Self {
        Self {
            accuracy: value(Figure::Accuracy),
            macro_f1: value(Figure::MacroF1),
            log_loss: value(Figure::LogLoss),
            brier: value(Figure::Brier),
            ece: value(Figure::Ece),
        }
    }
}
