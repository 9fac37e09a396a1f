//! What is gained by answering less.

use serde::Serialize;

use super::{Prediction, Predictions};

/// The curve has at most so many points.
const POINTS: usize = 100;

/// What a threshold on the probability does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CoveragePoint {
    /// Answers below this probability are not given.
    pub min_probability: f64,
    /// The share of all articles that is still given a topic.
    pub coverage: f64,
    /// The share of the topics given that is right.
    pub accuracy: f64,
}

/// Coverage against accuracy, from the few surest answers to all that the model gives (El-Yaniv and Wiener 2010).
///
/// Equally probable answers stay together, since no threshold parts them.
pub(crate) fn curve(predictions: &Predictions) -> Vec<CoveragePoint> {
    let probability = |p: &Prediction| p.probability(p.answer);
    let mut answers: Vec<(f64, bool)> =
        predictions.all().iter().filter(|p| p.assigned).map(|p| (probability(p), p.is_right())).collect();
    answers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = predictions.all().len().max(1);
    let step = answers.len().div_ceil(POINTS).max(1);
    let mut points = Vec::new();
    let (mut right, mut next) = (0usize, step.min(answers.len()));
    for (i, &(p, is_right)) in answers.iter().enumerate() {
        let given = i + 1;
        right += usize::from(is_right);
        let parted = answers.get(given).is_none_or(|&(below, _)| below < p);
        if given >= next && parted {
            points.push(CoveragePoint {
                min_probability: p,
                coverage: given as f64 / all as f64,
                accuracy: right as f64 / given as f64,
            });
            next = (given + step).min(answers.len());
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_by_hand() {
        let rows: [(usize, usize, &[f64]); 5] = [
            (0, 0, &[0.9, 0.1]),
            (0, 0, &[0.8, 0.2]),
            (1, 0, &[0.8, 0.2]),
            (0, 0, &[0.6, 0.4]),
            (1, 1, &[0.3, 0.7]),
        ];
        // b is the background: the last article is given no topic.
        let points = curve(&Predictions::of(&["a", "b"], Some(1), &rows));
        // 1 of 5 given, all right; then 3 of 5 (two share 0.8), 2 right; then 4 of 5, 3 right.
        let point =
            |min_probability, coverage, accuracy| CoveragePoint { min_probability, coverage, accuracy };
        assert_eq!(points, [point(0.9, 0.2, 1.0), point(0.8, 0.6, 2.0 / 3.0), point(0.6, 0.8, 0.75)]);
    }

    #[test]
    fn no_answer_gives_no_point() {
        let rows: [(usize, usize, &[f64]); 1] = [(0, 1, &[0.4, 0.6])];
        assert!(curve(&Predictions::of(&["a", "b"], Some(1), &rows)).is_empty());
    }
}
