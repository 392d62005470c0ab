//! How long purchases take until they are durable, and what follows: the life of a pass, and the
//! rate of an inlet that is steered by it (additive increase, multiplicative decrease).
//!
//! Whole milliseconds and thousandths, no clock: the round says when a purchase began and ended.

use crate::Timestamp;
use crate::round_spec::InletSpec;
use std::collections::VecDeque;

/// Upper bounds of what is told apart, in milliseconds; everything longer is the last.
const BOUNDS: [u64; 24] = [
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000,
    3_000, 5_000, 10_000, 30_000,
];
/// Seconds that count: long enough for a steady figure, short enough that a store that is well
/// again is believed within this time.
const SECONDS: usize = 5;
const SECOND_MILLIS: i64 = 1_000;
/// A pass lives so many times the measured latency longer: a buyer who tries, waits and tries again
/// at ten times the normal pace still comes to an end.
const PASS_LATENCIES: u64 = 20;
/// And at most so many times as long as it was meant to.
const PASS_LIFE_MAX: u64 = 4;
/// All of the rate, in thousandths.
const WHOLE: u64 = 1_000;
/// The rate grows by so many thousandths a second while all is well: from nothing to all of it in
/// twenty seconds.
const GROWTH: u64 = 50;
/// And is cut to so many thousandths of itself in each second in which it is not: to a fifth in
/// five seconds.
const CUT: u64 = 700;
/// It is never cut below this, so that somebody finds out when the store is well again.
const LEAST: u64 = 10;
/// Failures above so many in a thousand are as bad as slowness.
const ERRORS_MAX: u64 = 50;

#[derive(Debug, Clone, Copy, Default)]
struct Second {
    counts: [u64; BOUNDS.len()],
    errors: u64,
    ended: u64,
}

/// Measures purchases from reaching the round to their durable answer.
#[derive(Debug, Clone, Default)]
pub struct LatencyMeter {
    seconds: VecDeque<(i64, Second)>,
    /// When those began that are not answered yet, in their order.
    owed: VecDeque<Timestamp>,
}

impl LatencyMeter {
    /// A purchase reached the round.
    pub fn begin(&mut self, now: Timestamp) {
        self.owed.push_back(now);
    }

    /// The oldest that was owed was answered, at `now`; or it failed.
    pub fn end(&mut self, began: Timestamp, now: Timestamp, is_durable: bool) {
        self.owed.pop_front();
        let second = now.0.div_euclid(SECOND_MILLIS);
        if self.seconds.back().is_none_or(|(last, _)| *last < second) {
            self.seconds.push_back((second, Second::default()));
        }
        let millis = u64::try_from(now.millis_since(began)).unwrap_or(0);
        let at = BOUNDS.iter().position(|bound| millis <= *bound).unwrap_or(BOUNDS.len() - 1);
        let (_, here) = self.seconds.back_mut().expect("there is one now");
        here.counts[at] += 1;
        here.ended += 1;
        here.errors += u64::from(!is_durable);
    }

    /// Nine in ten took no longer, in milliseconds; what is owed counts with its age. Nothing when
    /// nobody bought lately.
    #[must_use]
    pub fn p90_millis(&self, now: Timestamp) -> Option<u64> {
        let owed = self.owed.front().map(|began| now.millis_since(*began));
        let owed = owed.map(|age| u64::try_from(age).unwrap_or(0));
        let mut counts = [0; BOUNDS.len()];
        for (_, second) in self.recent(now) {
            counts.iter_mut().zip(second.counts).for_each(|(sum, count)| *sum += count);
        }
        let all: u64 = counts.iter().sum();
        let mut sum = 0;
        let mut is_enough = |count: &u64| {
            sum += count;
            sum * 10 >= all * 9
        };
        let measured = (all > 0).then(|| counts.iter().position(&mut is_enough)).flatten();
        let measured = measured.map(|at| BOUNDS[at]);
        measured.max(owed)
    }

    /// Failures in a thousand.
    #[must_use]
    pub fn errors(&self, now: Timestamp) -> u64 {
        let sums = self.recent(now).fold((0, 0), |(ended, errors), (_, second)| {
            (ended + second.ended, errors + second.errors)
        });
        (sums.1 * WHOLE).checked_div(sums.0).unwrap_or(0)
    }

    /// Forgets what is too old to count.
    pub fn forget(&mut self, now: Timestamp) {
        let from = oldest(now);
        while self.seconds.front().is_some_and(|(second, _)| *second < from) {
            self.seconds.pop_front();
        }
        assert!(self.seconds.len() <= SECONDS + 2, "more seconds than count");
    }

    fn recent(&self, now: Timestamp) -> impl Iterator<Item = &(i64, Second)> {
        let from = oldest(now);
        self.seconds.iter().filter(move |(second, _)| *second >= from)
    }
}

fn oldest(now: Timestamp) -> i64 {
    now.0.div_euclid(SECOND_MILLIS) - i64::try_from(SECONDS).expect("a few")
}

/// How long a pass given now lives, in milliseconds: longer when the server is slow.
#[must_use]
pub fn pass_life_millis(inlet: &InletSpec, p90_millis: Option<u64>) -> i64 {
    let meant = u64::from(inlet.pass_ttl_s) * 1_000;
    let longer = p90_millis.unwrap_or(0).saturating_mul(PASS_LATENCIES);
    let life = meant.saturating_add(longer).min(meant * PASS_LIFE_MAX);
    assert!(life >= meant, "a slow server made a pass shorter");
    i64::try_from(life).expect("four days at most")
}

/// A rate that follows the latency: cut fast, grown slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adaptive {
    /// Thousandths of the inlet's rate.
    share: u64,
    looked_at: Option<Timestamp>,
}

impl Default for Adaptive {
    fn default() -> Self {
        Adaptive { share: WHOLE, looked_at: None }
    }
}

impl Adaptive {
    /// Looks at the figures once a second. Without a target the rate is the inlet's own.
    pub fn look(&mut self, now: Timestamp, target: Option<u32>, p90: Option<u64>, errors: u64) {
        let Some(target) = target else {
            *self = Adaptive::default();
            return;
        };
        if self.looked_at.is_some_and(|at| now.millis_since(at) < SECOND_MILLIS) {
            return;
        }
        self.looked_at = Some(now);
        let is_bad = p90.is_some_and(|p90| p90 > u64::from(target)) || errors > ERRORS_MAX;
        self.share = match is_bad {
            true => (self.share * CUT / WHOLE).max(LEAST),
            false => (self.share + GROWTH).min(WHOLE),
        };
        assert!((LEAST..=WHOLE).contains(&self.share), "a rate that is none");
    }

    /// People in 1,000 seconds. At least one.
    #[must_use]
    pub fn rate_per_1000_s(&self, inlet: &InletSpec) -> u64 {
        (inlet.rate_per_1000_s.saturating_mul(self.share) / WHOLE).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::samples::{inlet, rows};

    #[test]
    fn nine_in_ten_took_no_longer_and_what_is_owed_counts_with_its_age() {
        let mut meter = LatencyMeter::default();
        let at = |millis: i64| Timestamp(1_000_000 + millis);
        assert_eq!(meter.p90_millis(at(0)), None);
        for _ in 0..90 {
            meter.begin(at(0));
            meter.end(at(0), at(4), true);
        }
        for _ in 0..10 {
            meter.begin(at(0));
            meter.end(at(0), at(400), true);
        }
        assert_eq!((meter.p90_millis(at(500)), meter.errors(at(500))), (Some(5), 0));
        meter.begin(at(600));
        assert_eq!(meter.p90_millis(at(3_600)), Some(3_000), "a store that stalls is seen");
        meter.end(at(600), at(3_700), false);
        assert_eq!(meter.errors(at(3_700)), 9);
        meter.forget(at(20_000));
        assert_eq!((meter.p90_millis(at(20_000)), meter.errors(at(20_000))), (None, 0));
    }

    #[test]
    fn the_rate_is_cut_fast_and_grows_slowly() {
        check(
            "
            seconds target p90   errors | share
            1       -      9000  0      | 1000
            1       200    100   0      | 1000
            1       200    201   0      | 700
            4       200    9000  0      | 168
            20      200    9000  0      | 10
            1       200    -     51     | 10
            1       200    -     50     | 60
            5       200    50    0      | 310
            40      200    200   0      | 1000
            1       200    9000  0      | 700
            1       -      9000  0      | 1000
        ",
        );
    }

    fn check(table: &str) {
        let mut adaptive = Adaptive::default();
        let mut now = Timestamp(0);
        let inlet = crate::round_spec::InletSpec { rate_per_1000_s: 1_000, ..inlet() };
        for row in rows(table).skip(1) {
            let words: Vec<&str> = row.split_whitespace().filter(|word| *word != "|").collect();
            for _ in 0..words[0].parse::<u32>().unwrap() {
                // Looking more often changes nothing.
                for _ in 0..10 {
                    now = now.plus_millis(100);
                    let (target, p90) = (words[1].parse().ok(), words[2].parse().ok());
                    adaptive.look(now, target, p90, words[3].parse().unwrap());
                }
            }
            let share: u64 = words[4].parse().unwrap();
            assert_eq!(adaptive.rate_per_1000_s(&inlet), share, "{row}");
        }
    }

    #[test]
    fn a_pass_lives_longer_when_the_server_is_slow_and_four_times_at_most() {
        let inlet = crate::round_spec::InletSpec { pass_ttl_s: 60, ..inlet() };
        let life = |p90| pass_life_millis(&inlet, p90);
        assert_eq!([life(None), life(Some(5)), life(Some(1_000))], [60_000, 60_100, 80_000]);
        assert_eq!(life(Some(30_000)), 240_000);
    }
}
