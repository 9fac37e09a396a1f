//! Charts as SVG: axes, and places on them.

use std::fmt::Write as _;

use super::page::Escaped;

/// A field between two axes. Values are given as they are, and placed by the chart.
pub(super) struct Chart {
    width: f64,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
    body: String,
}

const LEFT: f64 = 58.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 42.0;

impl Chart {
    /// A chart of `size` for values from `x.0` to `x.1` and `y.0` to `y.1`.
    pub(super) fn new(size: (f64, f64), x: (f64, f64), y: (f64, f64)) -> Self {
        Self { width: size.0, height: size.1, x, y, body: String::new() }
    }

    fn place_x(&self, x: f64) -> f64 {
        LEFT + (x - self.x.0) / (self.x.1 - self.x.0) * (self.width - LEFT - RIGHT)
    }

    fn place_y(&self, y: f64) -> f64 {
        self.height - BOTTOM - (y - self.y.0) / (self.y.1 - self.y.0) * (self.height - TOP - BOTTOM)
    }

    /// Marks `ticks` on both axes and says what the axes are. A tick is a value and its label.
    pub(super) fn axes(&mut self, x: (&str, &[(f64, String)]), y: (&str, &[(f64, String)])) {
        let (left, right) = (self.place_x(self.x.0), self.place_x(self.x.1));
        let (bottom, top) = (self.place_y(self.y.0), self.place_y(self.y.1));
        // Writing to a string cannot fail, here and below.
        for (value, label) in x.1 {
            let at = self.place_x(*value);
            let _ = write!(
                self.body,
                "<path class=\"axis\" d=\"M{at:.1} {top:.1}V{bottom:.1}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 15.0
            );
        }
        for (value, label) in y.1 {
            let at = self.place_y(*value);
            let _ = write!(
                self.body,
                "<path class=\"axis\" d=\"M{left:.1} {at:.1}H{right:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                left - 6.0,
                at + 4.0
            );
        }
        let _ = write!(
            self.body,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text transform=\"translate(12 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            (left + right) / 2.0,
            self.height - 8.0,
            Escaped(x.0),
            (top + bottom) / 2.0,
            Escaped(y.0)
        );
    }

    /// A line through `points`.
    pub(super) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let places: Vec<String> =
            points.iter().map(|&(x, y)| format!("{:.1} {:.1}", self.place_x(x), self.place_y(y))).collect();
        let _ = write!(self.body, "<path class=\"{class}\" d=\"M{}\"/>", places.join("L"));
    }

    /// A dot of `radius` units of the picture; `tip` shows under the pointer.
    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, tip: &str) {
        let (x, y) = (self.place_x(x), self.place_y(y));
        let _ = write!(
            self.body,
            "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"><title>{}</title></circle>",
            Escaped(tip)
        );
    }

    /// A bar between two values of x, from `y.0` to `y.1`.
    pub(super) fn bar(&mut self, class: &str, x: (f64, f64), y: (f64, f64), tip: &str) {
        let (left, right) = (self.place_x(x.0), self.place_x(x.1));
        let (a, b) = (self.place_y(y.0), self.place_y(y.1));
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            left + 0.5,
            a.min(b),
            (right - left - 1.0).max(0.5),
            (a - b).abs(),
            Escaped(tip)
        );
    }

    /// The picture; `description` is for those who do not see it.
    pub(super) fn finish(self, description: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            self.width,
            self.height,
            Escaped(description),
            self.body
        )
    }
}

/// Ticks from `from` to `to`, `step` apart, as percentages.
pub(super) fn percent_ticks(from: f64, to: f64, step: f64) -> Vec<(f64, String)> {
    let count = ((to - from) / step + 1e-9) as u32;
    (0..=count)
        .map(|i| {
            let value = from + f64::from(i) * step;
            (value, format!("{:.0}%", 100.0 * value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_find_their_places() {
        let mut chart = Chart::new((180.0, 152.0), (0.0, 1.0), (0.5, 1.0));
        // The field is 100 by 100, its lower left corner at (58, 110).
        chart.line("line", &[(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)]);
        chart.dot((0.0, 1.0), 3.0, "a < b");
        let svg = chart.finish("two \"things\"");
        assert!(svg.contains("d=\"M58.0 110.0L108.0 60.0L158.0 10.0\""), "{svg}");
        assert!(svg.contains("cx=\"58.0\" cy=\"10.0\"") && svg.contains("<title>a &lt; b</title>"));
        assert!(svg.contains("aria-label=\"two &quot;things&quot;\""));
    }

    #[test]
    fn ticks_reach_the_end() {
        let labels: Vec<String> = percent_ticks(0.7, 1.0, 0.1).into_iter().map(|t| t.1).collect();
        assert_eq!(labels, ["70%", "80%", "90%", "100%"]);
    }
}
