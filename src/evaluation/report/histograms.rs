//! How probable each topic was, for its own articles and for the others.

use std::fmt::Write as _;

use super::{
    Report,
    chart::Chart,
    page::{Escaped, section, thousands},
};

const SIZE: (f64, f64) = (300.0, 230.0);
const BINS: usize = 20;

pub(super) fn all(report: &Report<'_>) -> String {
    let mut figures = String::new();
    for topic in 0..report.predictions.topics() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            figures,
            "<figure><figcaption>{}</figcaption>{}</figure>",
            Escaped(report.label(topic)),
            histogram(report, topic)
        );
    }
    let reading = "The probability of each topic: upwards for its <span class=\"key\"></span> own articles, downwards for \
                   all <span class=\"key against\"></span> others, as shares of either. The better a topic is told, the \
                   more stands at the upper right and the lower left. Heights go with the square root of the share, so \
                   that small ones can be seen.";
    section(
        "histograms",
        "Score histograms",
        reading,
        &format!("<div class=\"charts small\">\n{figures}</div>"),
    )
}

fn histogram(report: &Report<'_>, topic: usize) -> String {
    let (mut own, mut others) = ([0u64; BINS], [0u64; BINS]);
    for prediction in report.predictions.all() {
        let bin = ((prediction.probability(topic) * BINS as f64) as usize).min(BINS - 1);
        if prediction.right == topic {
            own[bin] += 1;
        } else {
            others[bin] += 1;
        }
    }
    let mut chart = Chart::new(SIZE, (0.0, 1.0), (-1.0, 1.0));
    let x: Vec<(f64, String)> = [0.0, 0.5, 1.0].map(|v| (v, format!("{:.0}%", 100.0 * v))).to_vec();
    let share = |share: f64, sign: f64| (sign * share.sqrt(), format!("{:.0}%", 100.0 * share));
    let y = [share(1.0, 1.0), share(0.25, 1.0), share(0.0, 1.0), share(0.25, -1.0), share(1.0, -1.0)];
    chart.axes(("probability of the topic", &x), ("share of articles", &y));
    for (class, counts, sign, whose) in [("own", own, 1.0, "its"), ("others", others, -1.0, "other")] {
        let all: u64 = counts.iter().sum();
        for (bin, &count) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            let share = count as f64 / all as f64;
            let edges = (bin as f64 / BINS as f64, (bin + 1) as f64 / BINS as f64);
            let tip = format!(
                "{:.0}% to {:.0}%: {} of {} {whose} articles",
                100.0 * edges.0,
                100.0 * edges.1,
                thousands(count),
                thousands(all)
            );
            chart.bar(class, edges, (0.0, sign * share.sqrt()), &tip);
        }
    }
    chart.finish(&format!("Histogram of the probability of {}", report.label(topic)))
}
