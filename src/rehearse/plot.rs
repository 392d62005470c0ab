//! Plots of one or more lines over time, as inline SVG. Colours come from the page's style sheet.

use std::fmt::Write;

const WIDE: f64 = 720.0;
const HIGH: f64 = 220.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// More points than this are not told apart on a screen.
const MOST_POINTS: usize = 600;

/// One line of a plot: its name and its points.
pub(super) struct Series<'a> {
    pub name: &'a str,
    pub points: Vec<(f64, f64)>,
}

/// A plot with its caption; nothing if there are no points.
pub(super) fn lines(caption: &str, unit: &str, series: &[Series<'_>]) -> String {
    let all = || series.iter().flat_map(|line| &line.points);
    let (from, to) =
        all().fold((f64::MAX, f64::MIN), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    let most = nice(all().map(|(_, y)| *y).fold(0.0, f64::max));
    let mut out = String::new();
    if to <= from {
        return out;
    }
    let x = |at: f64| LEFT + (at - from) / (to - from) * (WIDE - LEFT - RIGHT);
    let y = |value: f64| HIGH - BOTTOM - value / most * (HIGH - TOP - BOTTOM);
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        "<figure><figcaption>{caption}</figcaption><svg viewBox=\"0 0 {WIDE} {HIGH}\" role=\"img\" \
         aria-label=\"{caption}\">"
    );
    for part in 0..=4 {
        let value = most * f64::from(part) / 4.0;
        let at = y(value);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDE - RIGHT,
            LEFT - 6.0,
            at + 4.0,
            short(value),
        );
        let seconds = from + (to - from) * f64::from(part) / 4.0;
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{:.1} s</text>",
            x(seconds).min(WIDE - 20.0),
            HIGH - 8.0,
            seconds - from,
        );
    }
    for (place, line) in series.iter().enumerate() {
        let step = line.points.len().div_ceil(MOST_POINTS).max(1);
        let last = line.points.last();
        let kept = line.points.iter().step_by(step).chain(last);
        let _ = write!(out, "<polyline class=\"line l{place}\" points=\"");
        for (at, value) in kept {
            let _ = write!(out, "{:.1},{:.1} ", x(*at), y(*value));
        }
        let _ = write!(out, "\"/>");
    }
    out.push_str("</svg><p class=\"legend\">");
    for (place, line) in series.iter().enumerate() {
        let _ = write!(out, "<span class=\"key k{place}\">{}</span> ", line.name);
    }
    let _ = write!(out, "<span>{unit}</span></p></figure>");
    out
}

/// The next round number above.
fn nice(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 2.5, 4.0, 5.0, 8.0, 10.0];
    let step = steps.into_iter().find(|step| step * power >= most);
    step.unwrap_or(10.0) * power
}

fn short(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.1}bn", v / 1e9),
        v if v >= 1e6 => format!("{:.1}M", v / 1e6),
        v if v >= 1e3 => format!("{:.0}k", v / 1e3),
        v if v >= 10.0 || v == 0.0 => format!("{v:.0}"),
        v => format!("{v:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        for (most, want) in [(0.0, 1.0), (1.0, 1.0), (64_650.0, 80_000.0), (124_000.0, 200_000.0)] {
            assert_eq!(nice(most), want, "{most}");
        }
        for (value, want) in [(25e9, "25.0bn"), (1500.0, "2k"), (0.0, "0"), (2.5, "2.5")] {
            assert_eq!(short(value), want);
        }
    }

    #[test]
    fn a_plot_needs_at_least_two_moments() {
        let series = |points| [Series { name: "a", points }];
        assert!(lines("c", "u", &series(vec![])).is_empty());
        assert!(lines("c", "u", &series(vec![(0.0, 1.0), (1.0, 2.0)])).contains("polyline"));
    }
}
