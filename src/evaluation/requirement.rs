//! How good answers must be.

use std::{fmt, str::FromStr};

use super::{Evaluation, Figure};

/// A figure and its limit: `macro_f1=0.85`. At least that for accuracy and macro F1, at most for log-loss, Brier and ECE.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirement {
    figure: Figure,
    limit: f64,
}

/// Why a text is no requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequirement {
    /// No equals sign.
    #[error("it must be FIGURE=NUMBER, for example macro_f1=0.85")]
    Form,
    /// Not the name of a figure.
    #[error("{0:?} is no figure; there are {names}", names = names())]
    Figure(String),
    /// Not a number that the figure can have.
    #[error("the limit of {0} is {1:?}, it must be a number from 0 to {2}")]
    Limit(&'static str, String, u8),
}

fn names() -> String {
    Figure::ALL.map(Figure::name).join(", ")
}

impl FromStr for Requirement {
    type Err = InvalidRequirement;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, limit) = text.split_once('=').ok_or(InvalidRequirement::Form)?;
        let (name, limit) = (name.trim(), limit.trim());
        let figure = Figure::ALL.into_iter().find(|f| f.name() == name);
        let figure = figure.ok_or_else(|| InvalidRequirement::Figure(name.to_owned()))?;
        let most = match figure {
            Figure::Accuracy | Figure::MacroF1 | Figure::Ece => 1,
            Figure::Brier => 2,
            Figure::LogLoss => 100,
        };
        match limit.parse::<f64>() {
            Ok(number) if (0.0..=f64::from(most)).contains(&number) => Ok(Self { figure, limit: number }),
            _ => Err(InvalidRequirement::Limit(figure.name(), limit.to_owned(), most)),
        }
    }
}

impl Requirement {
    /// What is short, where something is.
    #[must_use]
    pub fn shortfall(&self, evaluation: &Evaluation) -> Option<String> {
        let found = evaluation.figures.get(self.figure);
        let (met, bound) = if self.figure.is_gain() {
            (found >= self.limit, "at least")
        } else {
            (found <= self.limit, "at most")
        };
        (!met).then(|| format!("{} is {found:.6}, {bound} {} is required", self.figure.name(), self.limit))
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.figure.name(), self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Predictions;

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text: &str| text.parse::<Requirement>().unwrap_err().to_string();
        assert_eq!(
            error("f1=0.5"),
            "\"f1\" is no figure; there are accuracy, macro_f1, log_loss, brier, ece"
        );
        assert_eq!(error("accuracy"), "it must be FIGURE=NUMBER, for example macro_f1=0.85");
        assert_eq!(error("accuracy=85"), "the limit of accuracy is \"85\", it must be a number from 0 to 1");
        assert_eq!(error("ece=NaN"), "the limit of ece is \"NaN\", it must be a number from 0 to 1");
    }

    #[test]
    fn gains_must_reach_and_losses_must_not_pass() {
        let rows: [(usize, usize, &[f64]); 2] = [(0, 0, &[0.9, 0.1]), (1, 0, &[0.9, 0.1])];
        let evaluation = Evaluation::of(&Predictions::of(&["a", "b"], None, &rows));
        let shortfall = |text: &str| text.parse::<Requirement>().unwrap().shortfall(&evaluation);
        assert_eq!(shortfall("accuracy=0.5"), None);
        assert_eq!(shortfall("accuracy=0.6").unwrap(), "accuracy is 0.500000, at least 0.6 is required");
        // ECE: |1.8 - 1| / 2 = 0.4.
        assert_eq!(shortfall("ece=0.41"), None);
        assert_eq!(shortfall("ece=0.3").unwrap(), "ece is 0.400000, at most 0.3 is required");
    }
}
