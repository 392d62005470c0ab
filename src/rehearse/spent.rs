//! How paying went while others bought: what payers were told against what the server says, and
//! whether anybody was turned away.
//!
//! Pure: takes what was counted, decides, and says why.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::checks::{Check, Checks, Weight};
use super::figures::record;
use super::verdict::PERCENTILES;

/// Of the spends that were due at least so many in a hundred were made: the last ones may be under
/// way when it ends.
const MADE_PERCENT: u64 = 99;

/// How paying went. Serialisable.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Spending {
    /// 0, 3 if an invariant is broken, 4 if a threshold is missed.
    pub exit_code: i32,
    /// So many spends a second were asked for.
    pub rate_per_s: u32,
    /// People with a voucher to spend.
    pub holders: u64,
    /// Merchants that they paid.
    pub merchants: u64,
    /// How long they paid, in seconds.
    pub seconds: f64,
    /// Spends that were due in that time.
    pub due: u64,
    /// Spends that were acknowledged.
    pub paid: u64,
    /// Their sum in won.
    pub paid_won: u64,
    /// Spends that were turned away, by code; `overloaded` and its like are asked again and count
    /// each time.
    pub refusals: BTreeMap<String, u64>,
    /// Connections that were lost; the same spend was sent again.
    pub lost_connections: u64,
    /// Latencies before the others came, and while they were there.
    pub rows: Vec<SpentRow>,
    /// Everything that was checked.
    pub checks: Vec<Check>,
    /// How it went over time.
    #[serde(skip)]
    pub readings: Vec<SpentReading>,
}

/// Latency percentiles of spends, in microseconds; see [`PERCENTILES`].
#[derive(Debug, Clone, Default, Serialize)]
pub struct SpentRow {
    /// `quiet` before the others came, `rush` while they were there.
    pub when: &'static str,
    /// How many spends.
    pub count: u64,
    /// From when the spend was due.
    pub from_intended_us: [u64; 5],
    /// From when it was sent last.
    pub from_sending_us: [u64; 5],
}

/// Spends of a while, for the plot.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpentReading {
    /// Seconds since paying began.
    pub at_s: f64,
    /// From when they were due, 50th percentile in microseconds.
    pub p50_us: u64,
    /// The 99th.
    pub p99_us: u64,
}

/// Latencies of one part of the run.
pub(super) struct Part {
    pub from_intended: Histogram<u64>,
    pub from_sending: Histogram<u64>,
}

impl Part {
    pub fn new() -> Self {
        let histogram = || Histogram::new(2).expect("two significant digits are allowed");
        Self { from_intended: histogram(), from_sending: histogram() }
    }

    pub fn record(&mut self, from_intended_us: u64, from_sending_us: u64) {
        record(&mut self.from_intended, from_intended_us);
        record(&mut self.from_sending, from_sending_us);
    }

    fn row(&self, when: &'static str) -> SpentRow {
        SpentRow {
            when,
            count: self.from_intended.len(),
            from_intended_us: PERCENTILES.map(|p| self.from_intended.value_at_percentile(p)),
            from_sending_us: PERCENTILES.map(|p| self.from_sending.value_at_percentile(p)),
        }
    }
}

/// What was counted while people paid.
pub(super) struct Counted {
    /// What is told of it; whether it held is decided in the end.
    pub told: Spending,
    /// Spends that never had a definite answer.
    pub unanswered: u64,
    /// Answers that are not what was asked for.
    pub otherwise: u64,
    /// Spends that nobody had the money for.
    pub dry: u64,
    pub quiet: Part,
    pub rush: Part,
}

impl Counted {
    pub fn new(rate_per_s: u32, holders: u64, merchants: u64) -> Self {
        let told = Spending { rate_per_s, holders, merchants, ..Spending::default() };
        let (quiet, rush) = (Part::new(), Part::new());
        Self { told, unanswered: 0, otherwise: 0, dry: 0, quiet, rush }
    }

    pub fn refused(&mut self, code: &str) {
        *self.told.refusals.entry(code.to_owned()).or_default() += 1;
    }
}

/// Decides. `differing`: vouchers whose balance the server knows otherwise than their holder, of
/// those that had an answer to every spend.
pub(super) fn judge(counted: Counted, differing: u64) -> Spending {
    let told = counted.told;
    let mut checks = Checks::default();
    let invariant = Weight::Invariant;
    checks.none(invariant, "vouchers whose balance is not what was acknowledged", differing);
    checks.none(invariant, "spends answered otherwise than asked", counted.otherwise);
    let threshold = Weight::Threshold;
    checks.none(threshold, "spends turned away", told.refusals.values().sum());
    checks.none(threshold, "spends without an answer", counted.unanswered);
    checks.none(threshold, "spends that nobody had the money for", counted.dry);
    let made = told.paid * 100 >= told.due * MADE_PERCENT && told.paid > 0;
    let name = format!("{} spends a second all the time", told.rate_per_s);
    checks.add(threshold, name, made, format!("{} of {} due", told.paid, told.due));
    let rows = vec![counted.quiet.row("quiet"), counted.rush.row("rush")];
    Spending { exit_code: checks.exit_code(), rows, checks: checks.0, ..told }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Counted {
        let mut counted = Counted::new(200, 1_000, 5);
        let told = &mut counted.told;
        (told.due, told.paid, told.paid_won) = (2_000, 1_990, 150_000);
        counted
    }

    #[test]
    fn whatever_went_wrong_with_paying_is_found() {
        let check = |want: i32, differing: u64, poke: &dyn Fn(&mut Counted)| {
            let mut counted = well();
            poke(&mut counted);
            let spending = judge(counted, differing);
            assert_eq!(spending.exit_code, want, "{:?}", spending.checks);
        };
        check(0, 0, &|_| {});
        check(3, 1, &|_| {});
        check(3, 0, &|counted| counted.otherwise = 1);
        check(4, 0, &|counted| counted.refused("overloaded"));
        check(4, 0, &|counted| counted.unanswered = 1);
        check(4, 0, &|counted| counted.dry = 1);
        check(4, 0, &|counted| counted.told.paid = 1_979);
        check(4, 0, &|counted| (counted.told.due, counted.told.paid) = (0, 0));
    }
}
