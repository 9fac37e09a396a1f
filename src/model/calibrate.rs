//! From scores to probabilities: multinomial logistic regression on leave-one-out scores.
//!
//! The logit of a topic is (scale + length_slope ln(words / 100)) x score + bias. That is linear in the parameters, so the
//! penalised log-loss is convex and Newton's method finds its one minimum: temperature scaling (Guo et al. 2017) with
//! an offset per topic, and with a temperature that follows the length of the article, because naive Bayes counts every
//! repetition of an opinion as a new opinion. Articles are summed in the order of their digests.

use serde::{Deserialize, Serialize};

use super::leave_one_out::SampledArticle;

/// The penalty on each bias: as if half a squared unit of it cost one article's log-loss of 0.5.
const BIAS_PENALTY: f64 = 1.0;
/// The penalty on the slope, in articles: a corpus of one length says little about others.
const SLOPE_PENALTY: f64 = 10.0;
const MAX_ITERATIONS: usize = 30;
/// What the fitted logits are multiplied by. The articles of tomorrow are less like a corpus than its articles are like each
/// other: when whole files of the default corpus, each a kind of story, are left out in place of single articles, the best
/// scale falls by this factor (docs/ACCURACY.md).
const SHIFT_DISCOUNT: f64 = 0.87;

/// How scores become probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// What a score is multiplied by, for an article of 100 words.
    pub scale: f64,
    /// What is added to the scale for every factor of e in length.
    pub length_slope: f64,
    /// Added to each topic's scaled score.
    pub biases: Vec<f64>,
    /// Whether these numbers were fitted on leave-one-out scores.
    pub fitted: bool,
}

impl Calibration {
    /// A calibration without data: the priors as they are, scores by a usual scale.
    pub(crate) fn unfitted(priors: &[f64]) -> Self {
        Self {
            scale: 2.0,
            length_slope: 0.0,
            biases: priors.iter().map(|&p| libm::log(p)).collect(),
            fitted: false,
        }
    }

    /// What scores of an article of `words` running words are multiplied by.
    #[inline]
    pub(crate) fn factor(&self, words: u32) -> f64 {
        (self.scale + self.length_slope * log_length(words)).max(self.scale / 8.0)
    }
}

/// ln(words / 100), between 5 and 2,000 words: further out there is nothing to learn it from.
fn log_length(words: u32) -> f64 {
    libm::log(f64::from(words.clamp(5, 2000)) / 100.0)
}

/// The result of a fit.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub(crate) calibration: Calibration,
    /// Mean negative log-probability of the right topic, in nats.
    pub(crate) log_loss: f64,
    /// Share of articles whose most probable topic is the right one.
    pub(crate) accuracy: f64,
    /// Of every article the most probable topic, its probability, and whether it is the right one.
    pub(crate) answers: Vec<(usize, f64, bool)>,
}

/// Fits a calibration to `scores[article * topics + topic]`.
///
/// Where there is a background topic only that one has a bias: offsets between the others would carry the corpus's own
/// mix of topics, which is its author's choice, to articles from elsewhere (docs/ACCURACY.md).
pub(crate) fn fit(
    scores: &[f64],
    articles: &[SampledArticle],
    topics: usize,
    background: Option<usize>,
) -> Fit {
    let free: Vec<usize> = match background {
        Some(topic) => vec![topic],
        None => (0..topics).collect(),
    };
    let problem = Problem::new(scores, articles, topics, free);
    let mut point = vec![0.0; 2 + problem.free.len()];
    point[0] = 1.0;
    let mut loss = problem.loss(&point);
    for _ in 0..MAX_ITERATIONS {
        let (gradient, hessian) = problem.derivatives(&point);
        let Some(step) = solve(hessian, &gradient) else { break };
        let slope: f64 = step.iter().zip(&gradient).map(|(s, g)| s * g).sum();
        let mut length = 1.0;
        let next = loop {
            let candidate: Vec<f64> = point.iter().zip(&step).map(|(p, s)| p - length * s).collect();
            let next = problem.loss(&candidate);
            if next <= loss - 1e-4 * length * slope {
                break Some((candidate, next));
            }
            length /= 2.0;
            if length < 1e-6 {
                break None;
            }
        };
        let Some((candidate, next)) = next else { break };
        let gain = loss - next;
        (point, loss) = (candidate, next);
        if gain < 1e-9 * articles.len() as f64 {
            break;
        }
    }
    point.iter_mut().for_each(|p| *p *= SHIFT_DISCOUNT);
    let mut biases = vec![0.0; topics];
    for (&topic, &bias) in problem.free.iter().zip(&point[2..]) {
        biases[topic] = bias;
    }
    let calibration = Calibration { scale: point[0].max(1e-3), length_slope: point[1], biases, fitted: true };
    let (log_loss, answers) = problem.answers(&calibration);
    let right = answers.iter().filter(|a| a.2).count();
    let accuracy = right as f64 / answers.len().max(1) as f64;
    Fit { calibration, log_loss, accuracy, answers }
}

struct Problem {
    topics: usize,
    /// Which topics have a bias.
    free: Vec<usize>,
    /// Scores without the part that all topics of an article share.
    scores: Vec<f64>,
    /// Topic and log length of each article.
    articles: Vec<(usize, f64)>,
    /// Its running words.
    words: Vec<u32>,
}

impl Problem {
    fn new(scores: &[f64], articles: &[SampledArticle], topics: usize, free: Vec<usize>) -> Self {
        let scores = scores
            .chunks_exact(topics)
            .flat_map(|row| {
                let mean = row.iter().sum::<f64>() / topics as f64;
                row.iter().map(move |s| s - mean)
            })
            .collect();
        let words = articles.iter().map(|a| a.running_words).collect();
        let articles = articles.iter().map(|a| (a.topic, log_length(a.running_words))).collect();
        Self { topics, free, scores, articles, words }
    }

    /// Calls `visit` with each article's topic, log length, scores and logits.
    fn each(&self, point: &[f64], mut visit: impl FnMut(usize, f64, &[f64], &[f64])) {
        let mut logits = vec![0.0; self.topics];
        for (&(topic, length), scores) in self.articles.iter().zip(self.scores.chunks_exact(self.topics)) {
            let factor = point[0] + point[1] * length;
            logits.iter_mut().zip(scores).for_each(|(logit, score)| *logit = factor * score);
            for (&free, &bias) in self.free.iter().zip(&point[2..]) {
                logits[free] += bias;
            }
            visit(topic, length, scores, &logits);
        }
    }

    fn penalty(&self, point: &[f64]) -> f64 {
        let biases: f64 = point[2..].iter().map(|b| b * b).sum();
        0.5 * (BIAS_PENALTY * biases + SLOPE_PENALTY * point[1] * point[1])
    }

    fn loss(&self, point: &[f64]) -> f64 {
        let mut loss = self.penalty(point);
        self.each(point, |topic, _, _, logits| loss += log_sum_exp(logits) - logits[topic]);
        loss
    }

    /// The mean log-loss, and every article's most probable topic, its probability and whether it is right.
    fn answers(&self, calibration: &Calibration) -> (f64, Vec<(usize, f64, bool)>) {
        let mut loss = 0.0;
        let mut answers = Vec::with_capacity(self.articles.len());
        let articles = self.articles.iter().zip(&self.words).zip(self.scores.chunks_exact(self.topics));
        for ((&(topic, _), &words), scores) in articles {
            let factor = calibration.factor(words);
            let logits: Vec<f64> =
                scores.iter().zip(&calibration.biases).map(|(score, bias)| factor * score + bias).collect();
            let total = log_sum_exp(&logits);
            loss += total - logits[topic];
            let best = first_largest(&logits);
            answers.push((best, libm::exp(logits[best] - total), best == topic));
        }
        (loss / answers.len().max(1) as f64, answers)
    }

    /// Gradient and Hessian (row by row) of the loss.
    fn derivatives(&self, point: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let size = point.len();
        let mut gradient = vec![0.0; size];
        let mut hessian = vec![0.0; size * size];
        let mut p = vec![0.0; self.topics];
        self.each(point, |topic, length, scores, logits| {
            let log_total = log_sum_exp(logits);
            p.iter_mut().zip(logits).for_each(|(p, logit)| *p = libm::exp(logit - log_total));
            let mean: f64 = p.iter().zip(scores).map(|(p, s)| p * s).sum();
            let variance: f64 = p.iter().zip(scores).map(|(p, s)| p * (s - mean) * (s - mean)).sum();
            let slope = mean - scores[topic];
            gradient[0] += slope;
            gradient[1] += slope * length;
            hessian[0] += variance;
            hessian[1] += variance * length;
            hessian[size + 1] += variance * length * length;
            for (i, &a) in self.free.iter().enumerate() {
                gradient[2 + i] += p[a] - f64::from(u8::from(a == topic));
                let mixed = p[a] * (scores[a] - mean);
                hessian[2 + i] += mixed;
                hessian[size + 2 + i] += mixed * length;
                let row = &mut hessian[(2 + i) * size..(3 + i) * size];
                row[2 + i] += p[a];
                for (cell, &b) in row[2 + i..].iter_mut().zip(&self.free[i..]) {
                    *cell -= p[a] * p[b];
                }
            }
        });
        gradient[1] += SLOPE_PENALTY * point[1];
        hessian[size + 1] += SLOPE_PENALTY;
        for i in 2..size {
            gradient[i] += BIAS_PENALTY * point[i];
            hessian[i * size + i] += BIAS_PENALTY;
        }
        for i in 0..size {
            for j in 0..i {
                hessian[i * size + j] = hessian[j * size + i];
            }
        }
        (gradient, hessian)
    }
}

/// ln of the sum of exp, without overflow.
pub(crate) fn log_sum_exp(logits: &[f64]) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + libm::log(logits.iter().map(|l| libm::exp(l - largest)).sum())
}

/// The index of the largest number; of equal ones, the first.
pub(crate) fn first_largest(numbers: &[f64]) -> usize {
    let mut best = 0;
    for (i, n) in numbers.iter().enumerate() {
        if *n > numbers[best] {
            best = i;
        }
    }
    best
}

/// Solves `matrix x = right` for a symmetric positive definite matrix by Cholesky's decomposition.
fn solve(mut matrix: Vec<f64>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    for j in 0..n {
        for k in 0..j {
            let factor = matrix[j * n + k];
            for i in j..n {
                matrix[i * n + j] -= matrix[i * n + k] * factor;
            }
        }
        let pivot = matrix[j * n + j];
        if !(pivot.is_finite() && pivot > 1e-12) {
            return None;
        }
        let root = pivot.sqrt();
        for i in j..n {
            matrix[i * n + j] /= root;
        }
    }
    let mut x = right.to_vec();
    for i in 0..n {
        let known: f64 = (0..i).map(|k| matrix[i * n + k] * x[k]).sum();
        x[i] = (x[i] - known) / matrix[i * n + i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| matrix[k * n + i] * x[k]).sum();
        x[i] = (x[i] - known) / matrix[i * n + i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(topic: usize) -> SampledArticle {
        SampledArticle::for_calibration(topic, 100)
    }

    #[test]
    fn a_system_is_solved() {
        // By hand: [4 2; 2 3] x = [8, 7] has the solution (1.25, 1.5).
        let x = solve(vec![4.0, 2.0, 2.0, 3.0], &[8.0, 7.0]).unwrap();
        assert!((x[0] - 1.25).abs() < 1e-12 && (x[1] - 1.5).abs() < 1e-12);
        assert!(solve(vec![0.0], &[1.0]).is_none());
    }

    #[test]
    fn three_of_four_right_means_three_quarters() {
        // Two topics whose scores differ by 1; three articles in four are what the score says: the best scale is ln 3.
        let mut scores = Vec::new();
        let mut articles = Vec::new();
        for i in 0..4000 {
            let topic = i % 2;
            let right = i % 8 < 6;
            let says = if right { topic } else { 1 - topic };
            scores.extend([if says == 0 { 1.0 } else { 0.0 }, if says == 1 { 1.0 } else { 0.0 }]);
            articles.push(article(topic));
        }
        let fit = fit(&scores, &articles, 2, None);
        assert!(
            (fit.calibration.scale - SHIFT_DISCOUNT * libm::log(3.0)).abs() < 1e-3,
            "{:?}",
            fit.calibration
        );
        assert!(fit.calibration.biases.iter().all(|b| b.abs() < 1e-3));
        assert!((fit.accuracy - 0.75).abs() < 1e-12);
        // By hand: p = 1 / (1 + 3^-0.87) = 0.7223, and -(3/4) ln p - (1/4) ln (1 - p) = 0.5643 nats.
        assert!((fit.log_loss - 0.5643).abs() < 1e-3);
    }

    #[test]
    fn with_a_background_only_the_background_is_shifted() {
        let scores = [1.0, 0.2, 0.9, 0.1, 0.3, 0.2].repeat(50);
        let articles: Vec<_> = [0, 1, 0].iter().cycle().take(150).map(|&t| article(t)).collect();
        let biases = fit(&scores, &articles, 2, Some(1)).calibration.biases;
        assert!(biases[0] == 0.0 && biases[1] != 0.0);
    }

    #[test]
    fn log_sum_exp_neither_overflows_nor_vanishes() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + libm::log(2.0))).abs() < 1e-9);
        assert!((log_sum_exp(&[-1000.0, f64::NEG_INFINITY]) + 1000.0).abs() < 1e-9);
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY]), f64::NEG_INFINITY);
    }
}
