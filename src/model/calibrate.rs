//! From scores to probabilities: multinomial logistic regression on leave-one-out scores.
//!
//! The logit of a topic is (scale + length_slope ln(words / 100)) x score + bias. That is linear in the parameters, so the
//! penalised log-loss is convex and Newton's method finds its one minimum: temperature scaling (Guo et al. 2017) with
//! an offset per topic, and with a temperature that follows the length of the article, because naive Bayes counts every
//! repetition of an opinion as a new opinion. Articles are summed in the order of their digests.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::sample::SampledArticle;

/// The penalty on each bias: as if half a squared unit of it cost one article's log-loss of 0.5.
const BIAS_PENALTY: f64 = 1.0;
/// The penalty on the slope, in articles: a corpus of one length says little about others.
const SLOPE_PENALTY: f64 = 10.0;
const MAX_ITERATIONS: usize = 30;
/// So many articles are summed at a time.
const BLOCK: usize = 256;
/// Topics of a smaller probability are left out of the Hessian of an article, which would grow with the square of the number
/// of topics. The gradient has them, so the minimum stays where it is.
const NEGLIGIBLE: f64 = 1e-7;
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
    /// Where the loss is least: scale, slope, and the biases that are free, before the discount.
    point: Vec<f64>,
}

/// Fits a calibration to `scores[article * topics + topic]`.
///
/// Where there is a background topic only that one has a bias: offsets between the others would carry the corpus's own
/// mix of topics, which is its author's choice, to articles from elsewhere (docs/ACCURACY.md).
///
/// `start` is the point that a fit to similar scores ended at; it saves steps.
pub(crate) fn fit(
    scores: &[f64],
    articles: &[SampledArticle],
    topics: usize,
    background: Option<usize>,
    start: Option<&Fit>,
) -> Fit {
    let free: Vec<usize> = match background {
        Some(topic) => vec![topic],
        None => (0..topics).collect(),
    };
    let problem = Problem::new(scores, articles, topics, free);
    let mut point = start.map_or_else(
        || {
            let mut point = vec![0.0; 2 + problem.free.len()];
            point[0] = 1.0;
            point
        },
        |fit| fit.point.clone(),
    );
    let mut here = problem.surroundings(&point);
    for _ in 0..MAX_ITERATIONS {
        let Some(step) = solve(here.hessian, &here.gradient) else { break };
        let slope: f64 = step.iter().zip(&here.gradient).map(|(s, g)| s * g).sum();
        let mut length = 1.0;
        let next = loop {
            let candidate: Vec<f64> = point.iter().zip(&step).map(|(p, s)| p - length * s).collect();
            let next = problem.surroundings(&candidate);
            if next.loss <= here.loss - 1e-4 * length * slope {
                break Some((candidate, next));
            }
            length /= 2.0;
            if length < 1e-6 {
                break None;
            }
        };
        let Some((candidate, next)) = next else { break };
        let gain = here.loss - next.loss;
        (point, here) = (candidate, next);
        if gain < 1e-9 * articles.len() as f64 {
            break;
        }
    }
    let discounted: Vec<f64> = point.iter().map(|p| p * SHIFT_DISCOUNT).collect();
    let mut biases = vec![0.0; topics];
    for (&topic, &bias) in problem.free.iter().zip(&discounted[2..]) {
        biases[topic] = bias;
    }
    let calibration =
        Calibration { scale: discounted[0].max(1e-3), length_slope: discounted[1], biases, fitted: true };
    let (log_loss, answers) = problem.answers(&calibration);
    let right = answers.iter().filter(|a| a.2).count();
    let accuracy = right as f64 / answers.len().max(1) as f64;
    Fit { calibration, log_loss, accuracy, answers, point }
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

    fn penalty(&self, point: &[f64]) -> f64 {
        let biases: f64 = point[2..].iter().map(|b| b * b).sum();
        0.5 * (BIAS_PENALTY * biases + SLOPE_PENALTY * point[1] * point[1])
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

    /// Loss, gradient and Hessian at a point. Blocks of articles are summed on all cores, and then in their order, so that
    /// the sums have the same bits on any number of threads.
    fn surroundings(&self, point: &[f64]) -> Surroundings {
        let size = point.len();
        let blocks: Vec<Surroundings> = self
            .articles
            .par_chunks(BLOCK)
            .zip(self.scores.par_chunks(BLOCK * self.topics))
            .map(|(articles, scores)| self.block(point, articles, scores))
            .collect();
        let mut sum = Surroundings::nothing(size);
        for block in &blocks {
            sum.add(block);
        }
        sum.loss += self.penalty(point);
        sum.gradient[1] += SLOPE_PENALTY * point[1];
        sum.hessian[size + 1] += SLOPE_PENALTY;
        for (i, bias) in point.iter().enumerate().skip(2) {
            sum.gradient[i] += BIAS_PENALTY * bias;
            sum.hessian[i * size + i] += BIAS_PENALTY;
        }
        for i in 0..size {
            for j in 0..i {
                sum.hessian[i * size + j] = sum.hessian[j * size + i];
            }
        }
        sum
    }

    /// The share of some articles, the upper half of the Hessian only.
    fn block(&self, point: &[f64], articles: &[(usize, f64)], scores: &[f64]) -> Surroundings {
        let size = point.len();
        let mut sum = Surroundings::nothing(size);
        let Surroundings { loss, gradient, hessian } = &mut sum;
        let mut logits = vec![0.0; self.topics];
        let mut p = vec![0.0; self.topics];
        // The topics of some probability among those with a bias, and their places there.
        let mut likely: Vec<(usize, usize)> = Vec::with_capacity(self.free.len());
        for (&(topic, length), scores) in articles.iter().zip(scores.chunks_exact(self.topics)) {
            let factor = point[0] + point[1] * length;
            logits.iter_mut().zip(scores).for_each(|(logit, score)| *logit = factor * score);
            for (&free, &bias) in self.free.iter().zip(&point[2..]) {
                logits[free] += bias;
            }
            let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            p.iter_mut().zip(&logits).for_each(|(p, logit)| *p = libm::exp(logit - largest));
            let total: f64 = p.iter().sum();
            p.iter_mut().for_each(|p| *p /= total);
            *loss += largest + libm::log(total) - logits[topic];

            let mean: f64 = p.iter().zip(scores).map(|(p, s)| p * s).sum();
            let variance: f64 = p.iter().zip(scores).map(|(p, s)| p * (s - mean) * (s - mean)).sum();
            let slope = mean - scores[topic];
            gradient[0] += slope;
            gradient[1] += slope * length;
            hessian[0] += variance;
            hessian[1] += variance * length;
            hessian[size + 1] += variance * length * length;
            likely.clear();
            for (i, &a) in self.free.iter().enumerate() {
                gradient[2 + i] += p[a] - f64::from(u8::from(a == topic));
                if p[a] > NEGLIGIBLE {
                    likely.push((i, a));
                }
            }
            for (place, &(i, a)) in likely.iter().enumerate() {
                let mixed = p[a] * (scores[a] - mean);
                hessian[2 + i] += mixed;
                hessian[size + 2 + i] += mixed * length;
                let row = &mut hessian[(2 + i) * size..(3 + i) * size];
                row[2 + i] += p[a];
                for &(j, b) in &likely[place..] {
                    row[2 + j] -= p[a] * p[b];
                }
            }
        }
        sum
    }
}

/// The loss at a point, and how it changes around it.
struct Surroundings {
    loss: f64,
    gradient: Vec<f64>,
    /// Row by row.
    hessian: Vec<f64>,
}

impl Surroundings {
    fn nothing(size: usize) -> Self {
        Self { loss: 0.0, gradient: vec![0.0; size], hessian: vec![0.0; size * size] }
    }

    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(a, b)| *a += b);
        self.hessian.iter_mut().zip(&other.hessian).for_each(|(a, b)| *a += b);
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
        let fit = fit(&scores, &articles, 2, None, None);
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
        let biases = fit(&scores, &articles, 2, Some(1), None).calibration.biases;
        assert!(biases[0] == 0.0 && biases[1] != 0.0);
    }

    #[test]
    fn log_sum_exp_neither_overflows_nor_vanishes() {
        assert!((log_sum_exp(&[1000.0, 1000.0]) - (1000.0 + libm::log(2.0))).abs() < 1e-9);
        assert!((log_sum_exp(&[-1000.0, f64::NEG_INFINITY]) + 1000.0).abs() < 1e-9);
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY]), f64::NEG_INFINITY);
    }
}
