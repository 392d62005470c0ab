//! The ten-line client: what anybody can work out from the watermark document alone.
//!
//! Place, estimate, outlook and the next look, as `docs/client.md` says them and as the server
//! answers where-am-I; nothing else of the server is known here.

use serde::Deserialize;

/// The part of the document that a client needs.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Document {
    pub state: String,
    pub at: Option<jiff::Timestamp>,
    pub lines: Vec<Line>,
    pub poll: Poll,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Line {
    pub class: String,
    pub watermark: u64,
    pub speed_per_s: Option<Quantiles>,
    pub vacant: Vec<[u64; 2]>,
    pub present_percent: f64,
    pub likely_to: u64,
    pub possible_to: u64,
    pub stock_ends_in_s: Option<Quantiles>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Quantiles {
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Poll {
    pub least_ms: f64,
    pub most_ms: f64,
    pub lobby_ms: f64,
    pub still_ms: f64,
    pub share_of_wait_percent: f64,
    pub jitter_percent: f64,
}

/// How the chances are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    Likely,
    Possible,
    Unlikely,
    No,
}

impl Document {
    /// Seconds until the turn of a number: the middle and the shortest. Nothing when it has its
    /// turn, when nothing moves, or when the stock will most probably end before.
    pub fn wait_s(&self, line: &Line, number: u64) -> Option<(f64, f64)> {
        if self.state != "open" || number <= line.watermark || number > line.possible_to {
            return None;
        }
        let speed = line.speed_per_s.filter(|speed| speed.p50 > 0.0 && speed.p90 >= speed.p10)?;
        let ahead = number - 1 - line.watermark;
        let nobody = line.vacant.iter().map(|[from, to]| {
            (to + 1).min(number).saturating_sub(*from.max(&(line.watermark + 1)))
        });
        let given = ahead.saturating_sub(nobody.sum());
        let people = given as f64 * line.present_percent / 100.0 + 1.0;
        Some((people / speed.p50, people / speed.p90))
    }

    pub fn outlook(&self, line: &Line, number: u64) -> Outlook {
        match number {
            _ if line.possible_to == 0 || self.is_over() => Outlook::No,
            _ if number <= line.likely_to => Outlook::Likely,
            _ if number <= line.possible_to => Outlook::Possible,
            _ => Outlook::Unlikely,
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "sold_out" | "closed")
    }

    /// Milliseconds until the next look of somebody who waits, before jitter.
    pub fn poll_ms(&self, line: &Line, number: u64) -> f64 {
        let rule = &self.poll;
        if self.state == "lobby" {
            return rule.lobby_ms;
        }
        let wait = self.wait_s(line, number).map(|(_, shortest)| shortest);
        let ends = line.stock_ends_in_s.filter(|ends| ends.p50 >= ends.p10).map(|ends| ends.p10);
        let soonest = [wait, ends].into_iter().flatten().reduce(f64::min);
        let poll = soonest.map(|seconds| seconds * 10.0 * rule.share_of_wait_percent);
        poll.unwrap_or(rule.still_ms).clamp(rule.least_ms, rule.most_ms.max(rule.least_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(state: &str) -> Document {
        let text = format!(
            r#"{{"state": "{state}", "lines": [{{"class": "everyone", "watermark": 100,
            "speed_per_s": {{"p10": 5, "p50": 10, "p90": 20}}, "vacant": [[151, 200]],
            "present_percent": 90, "likely_to": 1000, "possible_to": 1200,
            "stock_ends_in_s": {{"p10": 40, "p50": 80, "p90": 200}}}}],
            "poll": {{"least_ms": 1000, "most_ms": 30000, "lobby_ms": 5000, "still_ms": 10000,
            "share_of_wait_percent": 25, "jitter_percent": 20}}, "more": 1}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_place_an_estimate_and_an_outlook_follow_from_the_document() {
        let open = document("open");
        let line = &open.lines[0];
        for (number, wait, outlook, poll_ms) in [
            (100, None, Outlook::Likely, 10_000.0),
            (101, Some(0.1), Outlook::Likely, 1_000.0),
            (151, Some(4.6), Outlook::Likely, 1_000.0),
            (301, Some(13.6), Outlook::Likely, 1_700.0),
            (1_101, Some(85.6), Outlook::Possible, 10_000.0),
            (1_201, None, Outlook::Unlikely, 10_000.0),
        ] {
            let said = open.wait_s(line, number).map(|(middle, _)| middle);
            assert!(
                (said.unwrap_or(-1.0) - wait.unwrap_or(-1.0)).abs() < 0.01,
                "{number}: {said:?}"
            );
            assert_eq!(open.outlook(line, number), outlook, "{number}");
            assert!((open.poll_ms(line, number) - poll_ms).abs() < 1.0, "{number}");
        }
        let over = document("sold_out");
        assert_eq!(over.outlook(&over.lines[0], 1), Outlook::No);
        assert_eq!(over.wait_s(&over.lines[0], 300), None);
    }
}
