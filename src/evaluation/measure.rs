//! Everything that is measured on predictions.

use serde::Serialize;

use super::{
    Confusion, CoveragePoint, Figures, Interval, Predictions, ReliabilityBin, TopicMetrics, bootstrap,
    coverage, reliability,
};

/// How good a model's answers are.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// How many articles were answered.
    pub articles: usize,
    /// How many of them were given a topic.
    pub assigned: usize,
    /// The headline figures.
    pub figures: Figures<f64>,
    /// Their 95% intervals, by bootstrap.
    pub intervals: Figures<Interval>,
    /// Every label that an article or an answer has.
    pub topics: Vec<TopicMetrics>,
    /// Right labels against answers; numbers are those of [`Predictions::labels`].
    pub confusion: Confusion,
    /// Probabilities against how often they were right.
    pub reliability: Vec<ReliabilityBin>,
    /// What answering less would gain.
    pub coverage: Vec<CoveragePoint>,
}

impl Evaluation {
    /// Measures `predictions`. A pure function of them: intervals come from a generator with a fixed seed.
    #[must_use]
    pub fn of(predictions: &Predictions) -> Self {
        let (figures, intervals) = bootstrap::figures(predictions);
        let confusion = Confusion::of(predictions);
        Self {
            articles: predictions.all().len(),
            assigned: predictions.all().iter().filter(|p| p.assigned).count(),
            figures,
            intervals,
            topics: confusion.topics(predictions.labels()),
            confusion,
            reliability: reliability::bins(predictions),
            coverage: coverage::curve(predictions),
        }
    }

    /// As one JSON object, without the line end.
    #[must_use]
    pub fn to_json(&self, predictions: &Predictions, revision: &str, leave_one_out: bool) -> String {
        let labels = predictions.labels();
        let seen: Vec<usize> =
            (0..labels.len()).filter(|&l| self.topics.iter().any(|t| t.topic == labels[l])).collect();
        let page = Page {
            revision,
            leave_one_out,
            articles: self.articles,
            assigned: self.assigned,
            figures: self.figures,
            intervals: self.intervals,
            topics: &self.topics,
            confusion: ConfusionRows {
                labels: seen.iter().map(|&l| labels[l].as_str()).collect(),
                counts: seen
                    .iter()
                    .map(|&right| seen.iter().map(|&answer| self.confusion.count(right, answer)).collect())
                    .collect(),
            },
            reliability: &self.reliability,
            coverage: &self.coverage,
        };
        // Numbers and strings always have a form in JSON.
        serde_json::to_string(&page).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Page<'a> {
    revision: &'a str,
    leave_one_out: bool,
    articles: usize,
    assigned: usize,
    #[serde(flatten)]
    figures: Figures<f64>,
    intervals: Figures<Interval>,
    topics: &'a [TopicMetrics],
    confusion: ConfusionRows<'a>,
    reliability: &'a [ReliabilityBin],
    coverage: &'a [CoveragePoint],
}

#[derive(Serialize)]
struct ConfusionRows<'a> {
    labels: Vec<&'a str>,
    /// One row for each right label, one column for each answer.
    counts: Vec<Vec<u64>>,
}
