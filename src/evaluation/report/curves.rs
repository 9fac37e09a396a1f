//! The reliability diagram, and coverage against accuracy.

use super::{
    Report,
    chart::{Chart, percent_ticks},
    page::{section, thousands},
};
use crate::evaluation::ReliabilityBin;

const SIZE: (f64, f64) = (460.0, 360.0);
/// The 97.5% point of the normal distribution.
const Z: f64 = 1.959_964;

pub(super) fn both(report: &Report<'_>) -> String {
    let figures = format!(
        "<div class=\"charts\">\n<figure><figcaption>Reliability</figcaption>{}\
         <p class=\"note\">On the dashed line, probabilities mean what they say. The area of a dot goes with its number of \
         answers; bars are 95% intervals.</p></figure>\n\
         <figure><figcaption>Coverage against accuracy</figcaption>{}\
         <p class=\"note\">The last point is all that the model gives a topic. To its left, what a higher threshold on the \
         probability would leave.</p></figure>\n</div>",
        reliability(&report.evaluation.reliability),
        coverage(report)
    );
    let reading = "Whether topics that are given with a probability of 80% are right in 80% of the cases, and how much more \
                   is right when less is answered.";
    section("curves", "Reliability and coverage", reading, &figures)
}

fn reliability(bins: &[ReliabilityBin]) -> String {
    let mut chart = Chart::new(SIZE, (0.0, 1.0), (0.0, 1.0));
    let ticks = percent_ticks(0.0, 1.0, 0.2);
    chart.axes(("probability given", &ticks), ("share that is right", &ticks));
    chart.line("ideal", &[(0.0, 0.0), (1.0, 1.0)]);
    let most = bins.iter().map(|b| b.answers).max().unwrap_or(0).max(1) as f64;
    for bin in bins {
        if let (Some(confidence), Some(accuracy)) = (bin.confidence(), bin.accuracy()) {
            let (low, high) = wilson(bin.right, bin.answers);
            chart.line("whisker", &[(confidence, low), (confidence, high)]);
            let tip = format!(
                "{} answers of mean probability {:.1}%: {:.1}% right",
                thousands(bin.answers),
                100.0 * confidence,
                100.0 * accuracy
            );
            chart.dot((confidence, accuracy), 2.5 + 9.0 * (bin.answers as f64 / most).sqrt(), &tip);
        }
    }
    chart.finish("Reliability diagram: the share of right answers against their probability")
}

fn coverage(report: &Report<'_>) -> String {
    let points = &report.evaluation.coverage;
    let lowest = points.iter().map(|p| p.accuracy).fold(1.0, f64::min);
    // From the tenth below the lowest point, so that the curve fills the field.
    let from = ((lowest * 10.0 - 0.2).floor() / 10.0).clamp(0.0, 0.9);
    let mut chart = Chart::new(SIZE, (0.0, 1.0), (from, 1.0));
    let step = match from {
        from if from < 0.45 => 0.2,
        from if from < 0.75 => 0.1,
        _ => 0.05,
    };
    chart.axes(
        ("share of all articles that is given a topic", &percent_ticks(0.0, 1.0, 0.2)),
        ("share that is right", &percent_ticks(from, 1.0, step)),
    );
    let places: Vec<(f64, f64)> = points.iter().map(|p| (p.coverage, p.accuracy)).collect();
    if !places.is_empty() {
        chart.line("line", &places);
    }
    for point in points {
        let tip = format!(
            "probability {:.3} or more: {:.1}% given a topic, {:.1}% of these right",
            point.min_probability,
            100.0 * point.coverage,
            100.0 * point.accuracy
        );
        chart.dot((point.coverage, point.accuracy), 2.5, &tip);
    }
    chart.finish("The share of right topics against the share of articles that is given a topic")
}

/// The 95% score interval of a share (Wilson 1927).
fn wilson(hits: u64, of: u64) -> (f64, f64) {
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let middle = p + Z * Z / (2.0 * n);
    let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((middle - reach) / scale).max(0.0), ((middle + reach) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_interval_by_hand() {
        // 8 of 10: (0.8 + 0.192073 -+ 1.959964 sqrt(0.016 + 0.0096036)) / 1.384146 = (0.992073 -+ 0.313615) / 1.384146.
        let (low, high) = wilson(8, 10);
        assert!((low - 0.490_162).abs() < 1e-5 && (high - 0.943_318).abs() < 1e-5, "{low} {high}");
        assert_eq!((wilson(0, 5).0, wilson(5, 5).1), (0.0, 1.0));
    }
}
