//! Moves the day of a sale to now: from the scenario's clock to the wall clock of this run.
//!
//! With `--pace N` the day runs N times faster, in proportion. With `--pace max` only the windows
//! keep their order: each takes as many seconds as the scenario says, and whoever arrives during a
//! window is due at its beginning, to be let in as fast as the connections accept.

use std::time::Duration;

use jiff::Timestamp;

use super::Pace;
use super::scenario::{Round, Scenario};

/// What a window takes at least with `--pace max`, however small the scale: seconds.
const SHORTEST_WINDOW_S: f64 = 2.0;
/// The lobby at least: seconds.
const SHORTEST_LOBBY_S: f64 = 0.4;
/// What comes after the last opening has no end of its own with `--pace max`; rounds are closed
/// when all is said.
const LAST_WINDOW_S: f64 = 3600.0;

/// The clock of one act.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// Where the wall clock stands when the act begins.
    base: Timestamp,
    /// Times of the day and the seconds on the wall that belong to them, both growing.
    points: Vec<(Timestamp, f64)>,
    gates: bool,
}

impl Clock {
    /// A clock for the rounds of one act, which begins on the wall at `base`.
    pub fn new(
        scenario: &Scenario,
        rounds: &[&Round],
        first_arrival: Option<Timestamp>,
        pace: Pace,
        scale: f64,
        base: Timestamp,
    ) -> Self {
        let lobbies = rounds.iter().map(|round| round.lobby_opens_at);
        let start = lobbies.chain(first_arrival).min().unwrap_or(base);
        let windows = || rounds.iter().flat_map(|round| &round.windows);
        if let Pace::Times(times) = pace {
            let end = windows().map(|window| window.closes_at).max().unwrap_or(start);
            let span = start.duration_until(end).as_secs_f64();
            return Self { base, points: vec![(start, 0.0), (end, span / times)], gates: false };
        }
        let mut points = vec![(start, 0.0)];
        let mut openings: Vec<_> =
            windows().map(|window| (window.opens_at, window.max_s)).collect();
        openings.sort_by_key(|(opens_at, _)| *opens_at);
        openings.dedup_by_key(|(opens_at, _)| *opens_at);
        let lobby_s = scenario.max.lobby_s * scale.min(1.0);
        let mut wall_s = lobby_s.max(SHORTEST_LOBBY_S);
        for (opens_at, max_s) in openings {
            points.push((opens_at, wall_s));
            wall_s += max_s.map_or(LAST_WINDOW_S, |s| SHORTEST_WINDOW_S + s * scale);
        }
        let end = windows().map(|window| window.closes_at).max().unwrap_or(start);
        points.push((end, wall_s));
        Self { base, points, gates: true }
    }

    /// Seconds after the beginning of the act.
    pub fn seconds(&self, at: Timestamp) -> f64 {
        let after = self.points.iter().position(|(point, _)| *point > at);
        let next = after.unwrap_or(self.points.len() - 1).max(1);
        let ((from, from_s), (to, to_s)) = (self.points[next - 1], self.points[next]);
        let span = from.duration_until(to).as_secs_f64().max(0.001);
        from_s + (to_s - from_s) * (from.duration_until(at).as_secs_f64() / span)
    }

    /// When whoever arrives at this time of the day is due, in seconds after the beginning of the
    /// act.
    pub fn due_s(&self, at: Timestamp) -> f64 {
        if !self.gates {
            return self.seconds(at);
        }
        let passed = self.points.iter().rev().find(|(point, _)| *point <= at);
        passed.map_or(0.0, |(_, seconds)| *seconds)
    }

    /// The wall clock at this time of the day.
    pub fn wall(&self, at: Timestamp) -> Timestamp {
        let seconds = self.seconds(at).max(0.0);
        self.base.checked_add(Duration::from_secs_f64(seconds)).unwrap_or(self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(name: &str, act: u16, pace: Pace, scale: f64) -> Clock {
        let scenario = Scenario::load(name).unwrap();
        let rounds: Vec<&Round> = scenario.rounds.iter().filter(|r| r.act == act).collect();
        Clock::new(&scenario, &rounds, None, pace, scale, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_morning_of_seventy_minutes_takes_seventy_seconds_sixty_times_faster() {
        let clock = clock("seoul-2022-07-14", 0, Pace::Times(60.0), 1.0);
        let check = |at: &str, want_s: f64| {
            let got_s = clock.seconds(at.parse().unwrap());
            assert!((got_s - want_s).abs() < 0.01, "{at}: {got_s}");
        };
        check("2022-07-14T09:50:00+09:00", 0.0);
        check("2022-07-14T10:00:00+09:00", 10.0);
        check("2022-07-14T11:10:00+09:00", 80.0);
    }

    #[test]
    fn at_full_speed_windows_follow_each_other_and_arrivals_are_due_at_their_beginning() {
        let clock = clock("seoul-2022-07-28", 2, Pace::Max, 0.5);
        let check = |at: &str, want_s: f64, want_due_s: f64| {
            let at: Timestamp = at.parse().unwrap();
            assert!((clock.seconds(at) - want_s).abs() < 0.01, "{at}: {}", clock.seconds(at));
            assert!((clock.due_s(at) - want_due_s).abs() < 0.01, "{at}: {}", clock.due_s(at));
        };
        check("2022-07-28T09:30:00+09:00", 0.0, 0.0);
        check("2022-07-28T09:45:00+09:00", 0.25, 0.0);
        check("2022-07-28T10:00:00+09:00", 0.5, 0.5);
        check("2022-07-28T12:00:00+09:00", 5.5, 0.5);
        check("2022-07-28T14:00:00+09:00", 10.5, 10.5);
        check("2022-07-28T18:00:00+09:00", 19.5, 19.5);
    }
}
