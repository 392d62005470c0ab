//! The inlet: how far the watermark of a line may move now. The minimum of composable policies;
//! each can be named.
//!
//! Knows figures only. It never moves the watermark itself, and never back.

use crate::round_spec::{InletMode, InletSpec};

/// Extra people let in beyond what the stock would serve, in percent: some of those admitted buy
/// less or nothing.
const STOCK_MARGIN_PERCENT: u64 = 10;
/// And so many more on top, so that the last few won of a stock find a buyer without a tick for
/// each of them.
const STOCK_MARGIN_PEOPLE: u64 = 16;
/// How long unused rate is kept: a second's worth may enter at once, so that a quiet line admits
/// without a wait.
const BURST_MILLIS: u64 = 1_000;

/// What the inlet looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Where the watermark stands.
    pub watermark: u64,
    /// The last number given.
    pub last_number: u64,
    /// How many numbers at or under the watermark have come to their end: bought, left, lapsed,
    /// expired.
    pub ended: u64,
    /// How many are active in other lines of the round: the bound is the round's.
    pub active_elsewhere: u64,
    /// How many average purchases what is left can serve.
    pub purchases_left: u64,
}

/// Which policy holds the watermark where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limiter {
    /// The operator shut the inlet.
    Shut,
    /// The payment rail rests or has no room.
    Rail,
    /// Nothing is left that more people could buy.
    Stock,
    /// As many are active as may be.
    Active,
    /// The rate is used up.
    Rate,
    /// Nobody waits.
    Demand,
}

/// Millionths of a person: the rate is people per 1,000 seconds and ticks are counted in
/// milliseconds, so that not even the slowest rate loses anything to rounding.
const PERSON: u64 = 1_000_000;

/// How many people may be let in by rate: a bucket that fills with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateBucket {
    millionths: u64,
}

impl RateBucket {
    /// Fills for `millis` at the rate of `inlet`, up to the burst.
    pub fn fill(&mut self, inlet: &InletSpec, millis: u64) {
        let gained = inlet.rate_per_1000_s.saturating_mul(millis);
        let burst = inlet.rate_per_1000_s.saturating_mul(BURST_MILLIS).max(PERSON);
        self.millionths = self.millionths.saturating_add(gained).min(burst);
        assert!(self.millionths <= burst, "more rate kept than the burst");
    }

    /// Whole people that may enter.
    #[must_use]
    pub fn people(&self) -> u64 {
        self.millionths / PERSON
    }

    /// `people` numbers entered. More than [`RateBucket::people`] empties the bucket: the watermark
    /// also passes over numbers that cost nothing ([`crate::places::Places::entering`] counts those
    /// that do).
    pub fn take(&mut self, people: u64) {
        let before = self.millionths;
        self.millionths = before.saturating_sub(people.saturating_mul(PERSON));
        assert!(self.millionths <= before, "taking filled the bucket");
    }
}

/// How far beyond the last number the watermark may stand: what may enter in one burst, so that a
/// quiet line has room for the next who come. At least one.
#[must_use]
pub fn demand(inlet: &InletSpec, last_number: u64) -> u64 {
    let burst = (inlet.rate_per_1000_s.saturating_mul(BURST_MILLIS) / PERSON).max(1);
    last_number.saturating_add(burst)
}

/// How far the watermark may stand now, and which policy keeps it from going further.
#[must_use]
pub fn target(inlet: &InletSpec, bucket: &RateBucket, figures: &Figures) -> (u64, Limiter) {
    if inlet.mode == InletMode::Shut {
        return (figures.watermark, Limiter::Shut);
    }
    let active = figures.watermark.saturating_sub(figures.ended);
    let by_stock = if figures.purchases_left == 0 {
        0
    } else {
        let served = figures.purchases_left.saturating_mul(100 + STOCK_MARGIN_PERCENT) / 100;
        served.saturating_add(STOCK_MARGIN_PEOPLE).saturating_sub(active)
    };
    let by_demand = demand(inlet, figures.last_number).saturating_sub(figures.watermark);
    let policies = [
        (by_stock, Limiter::Stock),
        (inlet.max_active.saturating_sub(active + figures.active_elsewhere), Limiter::Active),
        (bucket.people(), Limiter::Rate),
        (by_demand, Limiter::Demand),
    ];
    let (step, limiter) =
        policies.into_iter().min_by_key(|(step, _)| *step).expect("four policies");
    (figures.watermark + step, limiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_policy_decides() {
        check(
            "
            watermark last ended purchases_left rate tokens | to    by
            0         500  0     1000           100  100    | 100   rate
            0         500  0     1000           100  0      | 0     rate
            0         500  0     10             900  900    | 27    stock
            27        500  27    0              900  900    | 27    stock
            150       500  0     1000           900  900    | 200   active
            150       500  100   1000           900  900    | 300   active
            500       500  500   1000           100  100    | 600   rate
            600       500  500   1000           100  100    | 600   demand
        ",
        );
    }

    /// One line a case, `max_active` 200, rate in people a second, tokens in people.
    fn check(table: &str) {
        let rows = table.lines().map(str::trim).filter(|line| !line.is_empty()).skip(1);
        for line in rows {
            let words: Vec<&str> = line.split_whitespace().filter(|word| *word != "|").collect();
            let number = |index: usize| words[index].parse::<u64>().expect("a number");
            let inlet = InletSpec {
                rate_per_1000_s: number(4) * 1_000,
                max_active: 200,
                claim_window_s: 300,
                pass_ttl_s: 600,
                mode: InletMode::Auto,
            };
            let bucket = RateBucket { millionths: number(5) * PERSON };
            let figures = Figures {
                watermark: number(0),
                last_number: number(1),
                ended: number(2),
                active_elsewhere: 0,
                purchases_left: number(3),
            };
            let (to, by) = target(&inlet, &bucket, &figures);
            let answer = (to, format!("{by:?}").to_lowercase());
            assert_eq!(answer, (number(6), words[7].to_owned()), "{line}");
        }
    }

    #[test]
    fn no_rate_is_too_slow_for_the_shortest_tick() {
        for (rate_per_1000_s, tick_millis) in [(1, 1), (1, 50), (19, 50), (999, 1), (14_583, 50)] {
            let inlet = InletSpec {
                rate_per_1000_s,
                max_active: 10,
                claim_window_s: 1,
                pass_ttl_s: 1,
                mode: InletMode::Auto,
            };
            let mut bucket = RateBucket::default();
            let mut entered = 0;
            for _ in 0..1_000_000 / tick_millis {
                bucket.fill(&inlet, tick_millis);
                entered += bucket.people();
                bucket.take(bucket.people());
            }
            let is_near = (rate_per_1000_s - 1..=rate_per_1000_s).contains(&entered);
            assert!(is_near, "{entered} of {rate_per_1000_s} by ticks of {tick_millis} ms");
        }
    }

    #[test]
    fn unused_rate_is_kept_for_a_second_and_no_longer() {
        let inlet = InletSpec {
            rate_per_1000_s: 100_000,
            max_active: 10,
            claim_window_s: 1,
            pass_ttl_s: 1,
            mode: InletMode::Auto,
        };
        let mut bucket = RateBucket::default();
        bucket.fill(&inlet, 3_600_000);
        assert_eq!(bucket.people(), 100);
        bucket.take(1_000);
        assert_eq!(bucket.people(), 0, "passing over the dead empties the bucket, no more");
    }

    #[test]
    fn a_rate_below_one_a_second_still_lets_people_in() {
        let inlet = InletSpec {
            rate_per_1000_s: 500,
            max_active: 10,
            claim_window_s: 1,
            pass_ttl_s: 1,
            mode: InletMode::Auto,
        };
        let mut bucket = RateBucket::default();
        bucket.fill(&inlet, 1_900);
        assert_eq!(bucket.people(), 0);
        bucket.fill(&inlet, 200);
        assert_eq!(bucket.people(), 1);
    }
}
