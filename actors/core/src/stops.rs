//! Time that does not count: while a sale is paused, or held up by its store or its rail, no pass
//! ages and no turn lapses.
//!
//! Knows times only, and what a journal tells of them. The round's [`crate::gate::Gate`] keeps the
//! clock, everybody reads it.

use crate::round::LifeCycle;
use crate::{Event, Timestamp};

/// How long a sale has stood still, and what follows from it for deadlines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stops {
    /// All the time that it stood still, in milliseconds.
    pub total_millis: i64,
    /// Whether it stands still now.
    pub is_stopped: bool,
    /// What was given before the last stop ended is good at least until then.
    pub floor: Timestamp,
}

impl Stops {
    /// Before a round has looked at its clock: nothing lapses.
    #[must_use]
    pub fn unknown() -> Stops {
        Stops { is_stopped: true, ..Stops::default() }
    }

    /// After a start: what was given before has a whole claim window from now. `total_millis`: what
    /// the journal tells of pauses.
    #[must_use]
    pub fn after_start(now: Timestamp, total_millis: i64, claim_window_millis: i64) -> Stops {
        assert!(total_millis >= 0, "time ran backwards");
        // One more than anything that was given can have noted.
        let total_millis = total_millis + 1;
        Stops { total_millis, is_stopped: false, floor: now.plus_millis(claim_window_millis) }
    }

    /// `elapsed` milliseconds went by, and the sale stands still now or does not. A stretch in
    /// which it stood still for a part counts as a whole: in doubt for the person.
    pub fn observe(
        &mut self,
        now: Timestamp,
        elapsed: i64,
        is_stopped: bool,
        claim_window_millis: i64,
    ) {
        if self.is_stopped || is_stopped {
            self.total_millis += elapsed.max(0);
            self.floor = now.plus_millis(claim_window_millis);
        }
        self.is_stopped = is_stopped;
    }

    /// Until when something is good that was to end at `at` when `noted` milliseconds had been
    /// stood still. Nothing ends while the sale stands still.
    #[must_use]
    pub fn until(&self, at: Timestamp, noted: i64) -> Option<Timestamp> {
        if self.is_stopped {
            return None;
        }
        let since = self.total_millis - noted;
        let is_older = since > 0;
        let until = if is_older { at.plus_millis(since).max(self.floor) } else { at };
        assert!(until >= at, "a stop made something end sooner");
        Some(until)
    }
}

/// How long a round was paused, by its journal. What else held it up is not written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pauses {
    millis: i64,
    since: Option<Timestamp>,
    last: Timestamp,
}

impl Pauses {
    /// The next event of the round, and when it was decided. Answers how long it was paused until
    /// then, when that has changed.
    pub fn see(&mut self, at: Timestamp, event: &Event) -> Option<Stops> {
        self.last = self.last.max(at);
        let Event::RoundMoved { to, .. } = event else { return None };
        match (self.since, *to == LifeCycle::Paused) {
            (None, true) => self.since = Some(at),
            (Some(since), false) => {
                self.millis += at.millis_since(since).max(0);
                self.since = None;
            }
            _ => {}
        }
        Some(Stops { total_millis: self.millis, ..Stops::default() })
    }

    /// How long it was paused until now, in milliseconds.
    #[must_use]
    pub fn until(&self, now: Timestamp) -> i64 {
        self.millis + self.since.map_or(0, |since| now.millis_since(since).max(0))
    }

    /// Passes whose time was over then had been over when the last event was written, however
    /// lately the process that wrote it had been started.
    #[must_use]
    pub fn over_at(&self, claim_window_s: u32) -> Timestamp {
        let end = self.since.unwrap_or(self.last);
        end.plus_millis(-i64::from(claim_window_s) * 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_before_a_stop_is_longer_good_by_its_length_and_for_a_whole_claim_window() {
        let mut stops = Stops::default();
        let at = Timestamp(600_000);
        assert_eq!(stops.until(at, 0), Some(at));
        stops.observe(Timestamp(100_000), 100, true, 60_000);
        assert_eq!(stops.until(at, 0), None, "nothing ends during a stop");
        stops.observe(Timestamp(400_000), 300_000, true, 60_000);
        stops.observe(Timestamp(400_100), 100, false, 60_000);
        assert_eq!(stops.until(at, 0), Some(Timestamp(900_200)));
        let soon = Timestamp(100_500);
        assert_eq!(stops.until(soon, 0), Some(Timestamp(460_100)), "a whole claim window");
        let later = stops.until(Timestamp(410_000), stops.total_millis);
        assert_eq!(later, Some(Timestamp(410_000)), "what was given after it is as it is");
    }

    #[test]
    fn after_a_start_everything_has_a_whole_claim_window() {
        let stops = Stops::after_start(Timestamp(1_000_000), 0, 60_000);
        assert_eq!(stops.until(Timestamp(5), 0), Some(Timestamp(1_060_000)));
    }
}
