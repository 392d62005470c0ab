//! The speed at which a line lets people in: how many a second, with its spread.
//!
//! Right from the first second: before anything was measured it is the rate that the operator
//! planned, and when that rate is changed what was measured under it is scaled. Time in which
//! nothing could move (shut, paused, a rail that rests, nobody waits) does not count. Figures are
//! in thousandths of a person per second: no floats. Knows no clock and no place.

use crate::Timestamp;
use std::collections::VecDeque;

/// How much measured time counts, in milliseconds: long enough to be steady, short enough to
/// follow a change that nobody announced. Older samples are dropped.
const SPAN_MILLIS: u64 = 30_000;
/// Until so much has been measured the planned rate is mixed in, in milliseconds: the first
/// samples are few and lumpy.
const OPENING_MILLIS: u64 = 4_000;
/// How long a sample is at least while a line has just opened, in milliseconds: two ticks.
const SHORTEST_MILLIS: u64 = 200;
/// How long a sample is at least afterwards, in milliseconds.
const SAMPLE_MILLIS: u64 = 1_000;
/// A sample with fewer people than this goes on: counted by the second a slow line would seem to
/// stand still most of the time.
const SAMPLE_PEOPLE: u64 = 10;
/// A sample ends after this many milliseconds, however few came.
const LONGEST_MILLIS: u64 = 10_000;
/// Thousandths of a person, times milliseconds in a second.
const MILLI_PER_SECOND: u64 = 1_000_000;

/// Speed in thousandths of a person per second at three quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Speed {
    /// One in ten samples was slower.
    pub p10_milli: u64,
    /// The mean.
    pub p50_milli: u64,
    /// Nine in ten samples were slower.
    pub p90_milli: u64,
}

impl Speed {
    /// The same at every quantile.
    #[must_use]
    pub fn even(milli: u64) -> Speed {
        Speed { p10_milli: milli, p50_milli: milli, p90_milli: milli }
    }
}

/// Whether people are being let in, and what sets the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Nothing can move, or nobody waits: this time says nothing of the speed.
    Still,
    /// The planned rate sets the pace.
    Planned,
    /// Something else does.
    Bound,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    millis: u64,
    /// Thousandths, so that scaling loses nothing.
    people_milli: u64,
    is_planned: bool,
}

impl Sample {
    fn speed_milli(self) -> u64 {
        self.people_milli.saturating_mul(1_000) / self.millis.max(1)
    }
}

/// Collects how many people a line let in.
#[derive(Debug, Clone, Default)]
pub struct SpeedMeter {
    /// When the sample that is being taken began; nothing while the line stands still.
    since: Option<Timestamp>,
    open: u64,
    is_open_planned: bool,
    samples: VecDeque<Sample>,
    /// The planned rate under which the samples were taken, in people per 1,000 seconds.
    rate_per_1000_s: Option<u64>,
}

impl SpeedMeter {
    /// So many people were let in.
    pub fn entered(&mut self, people: u64) {
        self.open = self.open.saturating_add(people.saturating_mul(1_000));
    }

    /// A tick: how the line flows and what rate is planned. Closes a sample that is long enough.
    pub fn observe(&mut self, now: Timestamp, flow: Flow, rate_per_1000_s: u64) {
        self.plan(rate_per_1000_s);
        if flow == Flow::Still {
            (self.since, self.open) = (None, 0);
            return;
        }
        let Some(since) = self.since else {
            // What came with the first movement was saved up while nothing moved.
            if self.open > 0 {
                (self.since, self.open, self.is_open_planned) = (Some(now), 0, true);
            }
            return;
        };
        self.is_open_planned &= flow == Flow::Planned;
        let millis = u64::try_from(now.millis_since(since)).unwrap_or(0);
        let is_opening = self.measured_millis() < OPENING_MILLIS;
        let least = if is_opening { SHORTEST_MILLIS } else { SAMPLE_MILLIS };
        let is_enough = self.open >= SAMPLE_PEOPLE * 1_000 || millis >= LONGEST_MILLIS;
        if millis < least || !is_enough {
            return;
        }
        let (people_milli, is_planned) = (self.open, self.is_open_planned);
        self.samples.push_back(Sample { millis, people_milli, is_planned });
        (self.since, self.open, self.is_open_planned) = (Some(now), 0, true);
        while self.samples.len() > 1
            && self.measured_millis() - self.samples[0].millis >= SPAN_MILLIS
        {
            self.samples.pop_front();
        }
        assert!(self.samples.len() as u64 <= SPAN_MILLIS / SHORTEST_MILLIS + 1);
    }

    /// The operator's rate is this now: what was measured at another one is scaled.
    fn plan(&mut self, rate_per_1000_s: u64) {
        let Some(before) = self.rate_per_1000_s.replace(rate_per_1000_s) else { return };
        if before == rate_per_1000_s || before == 0 {
            return;
        }
        let scaled = |milli: u64| milli.saturating_mul(rate_per_1000_s) / before;
        for sample in self.samples.iter_mut().filter(|sample| sample.is_planned) {
            sample.people_milli = scaled(sample.people_milli);
        }
        if self.is_open_planned {
            self.open = scaled(self.open);
        }
        assert_eq!(self.rate_per_1000_s, Some(rate_per_1000_s));
    }

    fn measured_millis(&self) -> u64 {
        self.samples.iter().map(|sample| sample.millis).sum()
    }

    /// The speed to reckon with; nothing before a rate was planned.
    #[must_use]
    pub fn speed(&self) -> Option<Speed> {
        // People per 1,000 seconds are thousandths of a person per second.
        let planned = self.rate_per_1000_s?;
        if self.samples.is_empty() {
            return Some(Speed::even(planned));
        }
        let measured = self.measured_millis();
        let prior = OPENING_MILLIS.saturating_sub(measured);
        let people_milli: u64 = self.samples.iter().map(|sample| sample.people_milli).sum();
        let expected = planned.saturating_mul(prior) / 1_000;
        let p50_milli = people_milli.saturating_add(expected).saturating_mul(1_000)
            / measured.saturating_add(prior);
        let mut sorted: Vec<u64> = self.samples.iter().map(|s| s.speed_milli()).collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
        Some(Speed {
            p10_milli: at(10).min(p50_milli),
            p50_milli,
            p90_milli: at(90).max(p50_milli),
        })
    }
}

/// How long `people` take at this many thousandths of a person per second, in milliseconds;
/// nothing when they stand still.
#[must_use]
pub fn millis_for(people: u64, milli: u64) -> Option<u64> {
    (milli > 0).then(|| people.saturating_mul(MILLI_PER_SECOND) / milli)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a stretch: so many ticks of 100 ms, how the line flows, the planned rate, how many
    /// come in a tick; then the speed in people a second.
    fn check(table: &str) {
        let (mut meter, mut now) = (SpeedMeter::default(), 0);
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "|").collect();
            let number = |index: usize| words[index].parse::<u64>().expect("a number");
            let flow = match words[1] {
                "still" => Flow::Still,
                "planned" => Flow::Planned,
                "bound" => Flow::Bound,
                other => panic!("unknown flow: {other}"),
            };
            for tick in 0..number(0) {
                now += 100;
                // A decimal: 0.5 is one person every other tick.
                let per_tick: f64 = words[3].parse().expect("a number");
                let whole = |tick: u64| (per_tick * tick as f64) as u64;
                meter.entered(whole(tick + 1) - whole(tick));
                meter.observe(Timestamp(now), flow, number(2) * 1_000);
            }
            let speed = meter.speed().expect("a rate is planned");
            let said = [speed.p10_milli, speed.p50_milli, speed.p90_milli].map(|m| m / 1_000);
            let expected: Vec<u64> = (4..7).map(number).collect();
            assert_eq!(said.as_slice(), expected, "{line}");
        }
    }

    #[test]
    fn the_plan_stands_in_until_something_was_measured() {
        assert_eq!(SpeedMeter::default().speed(), None);
        check(
            "
            5   still     160  0   | 160 160 160
            1   planned   160  160 | 160 160 160
            5   planned   160  16  | 160 160 160
            50  planned   160  16  | 160 160 160
        ",
        );
    }

    #[test]
    fn a_change_of_the_rate_counts_at_once_where_the_rate_set_the_pace() {
        check(
            "
            100 planned   160  16  | 160 160 160
            1   planned   120  12  | 119 119 120
            100 planned   120  12  | 119 119 120
            1   planned   240  24  | 239 239 240
        ",
        );
        check(
            "
            100 bound     160  5   | 50  50  50
            1   bound     320  5   | 50  50  50
        ",
        );
    }

    #[test]
    fn time_in_which_nothing_can_move_does_not_count() {
        check(
            "
            100 planned   100  10  | 100 100 100
            600 still     100  0   | 100 100 100
            1   planned   100  100 | 100 100 100
            20  planned   100  10  | 100 100 100
        ",
        );
    }

    #[test]
    fn a_slow_line_does_not_seem_to_stand_still() {
        let mut meter = SpeedMeter::default();
        for tick in 1..=400 {
            meter.entered(u64::from(tick % 20 == 0));
            meter.observe(Timestamp(tick * 100), Flow::Bound, 100_000);
        }
        let speed = meter.speed().expect("measured");
        assert!((400..=600).contains(&speed.p50_milli), "{speed:?}");
        assert!((400..=600).contains(&speed.p10_milli), "{speed:?}");
    }

    #[test]
    fn the_spread_of_what_was_measured_is_kept() {
        let mut meter = SpeedMeter::default();
        for tick in 1..=300 {
            meter.entered(if tick / 100 == 1 { 100 } else { 20 });
            meter.observe(Timestamp(tick * 100), Flow::Bound, 1_000_000);
        }
        let speed = meter.speed().expect("measured");
        assert_eq!((speed.p10_milli, speed.p90_milli), (200_000, 1_000_000));
        assert!((400_000..=520_000).contains(&speed.p50_milli), "{speed:?}");
    }
}
