//! Whether people were told the truth: what they were told against what came of it.
//!
//! Pure. The thresholds are those of the issue that asked for them; times are those of the
//! scenario's clock, but for the last one, which counts seconds on the wall.

use std::collections::HashSet;

use serde::Serialize;

use super::crowd::Crowd;
use super::told::{Record, Told};
use super::visit::{Last, Visit};

/// Estimates count from so many seconds after opening on.
const FROM_S: f64 = 30.0;
/// Waits shorter than this are taken for this long: they are over before anybody reads of them.
const SHORTEST_S: f64 = 30.0;
/// Who goes without one is told within so many seconds of the first admission, or of joining.
const TOLD_WITHIN_S: f64 = 60.0;
/// What is held against the thresholds, each in percent or seconds.
const MEDIAN_ERROR: f64 = 20.0;
const ERROR_P90: f64 = 50.0;
const TOLD_IN_TIME: f64 = 95.0;
const UNLIKELY_BOUGHT: f64 = 5.0;
const KNOWN_WITHIN_S: f64 = 2.0;
/// With fewer people than this a share says nothing.
const FEW: u64 = 20;

/// How right people were told, in figures.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    /// Sampled estimates that were held against the real wait.
    pub estimates: u64,
    /// Estimates of people whose turn never came: they left, or the stock ended before.
    pub estimates_without_a_turn: u64,
    /// Half of the estimates were wrong by no more than this, in percent of the wait.
    pub error_p50_percent: f64,
    /// Nine in ten were.
    pub error_p90_percent: f64,
    /// People who waited and went without because all was sold.
    pub without: u64,
    /// Of them so many percent were told `unlikely` or `no` in time, and nothing else afterwards.
    pub told_in_time_percent: f64,
    /// People who were ever told `unlikely`.
    pub told_unlikely: u64,
    /// Of them so many percent bought after all.
    pub unlikely_bought_percent: f64,
    /// People who waited when all was sold.
    pub waiting_at_the_end: u64,
    /// All of them knew after so many seconds on the wall, looking when they were told to.
    pub all_knew_after_s: f64,
}

/// One thing that was to be shown: what, whether it held, the figures.
pub(super) type Shown = (&'static str, bool, String);

impl Truth {
    /// Nothing when no record was kept.
    pub(super) fn of(crowd: &Crowd) -> Option<Truth> {
        let told = &crowd.told;
        if !told.is_kept() {
            return None;
        }
        let buyer = |told: &super::crowd::Acknowledged| {
            let plan = &crowd.visits[told.visit as usize].plan;
            (plan.person, plan.round)
        };
        let buyers: HashSet<(u32, u16)> = crowd.acknowledged.iter().map(buyer).collect();
        let mut truth = errors(told, &crowd.visits);
        let one_each = || crowd.visits.iter().zip(&told.records).filter(|(v, _)| v.plan.phone == 0);
        let (mut in_time, mut unlikely_bought, mut latest) = (0, 0, 0);
        for (visit, record) in one_each() {
            let has_bought = buyers.contains(&(visit.plan.person, visit.plan.round));
            if record.was_told_unlikely {
                truth.told_unlikely += 1;
                unlikely_bought += u64::from(has_bought);
            }
            let round = &told.rounds[visit.plan.round as usize];
            if !has_bought && went_without(visit, round.sold_out_at, crowd) {
                truth.without += 1;
                in_time += u64::from(was_told_in_time(visit, record, told));
            }
            if record.knows_at > 0 && round.sold_out_at > 0 {
                truth.waiting_at_the_end += 1;
                latest = latest.max(record.knows_at.saturating_sub(round.sold_out_at));
            }
        }
        truth.told_in_time_percent = percent(in_time, truth.without, 100.0);
        truth.unlikely_bought_percent = percent(unlikely_bought, truth.told_unlikely, 0.0);
        truth.all_knew_after_s = latest as f64 / 1e9;
        Some(truth)
    }

    /// What must be shown, in the order in which it is said.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let (p50, p90) = (self.error_p50_percent, self.error_p90_percent);
        let of = |count: u64, text: String| format!("{text} of {count}");
        vec![
            (
                "estimates: median error at most 20 %, nine in ten at most 50 %",
                self.estimates < FEW || (p50 <= MEDIAN_ERROR && p90 <= ERROR_P90),
                of(self.estimates, format!("{p50:.1} % and {p90:.1} %")),
            ),
            (
                "who went without was told unlikely or no within 60 s, and it stayed: 95 %",
                self.without < FEW || self.told_in_time_percent >= TOLD_IN_TIME,
                of(self.without, format!("{:.2} %", self.told_in_time_percent)),
            ),
            (
                "who was told unlikely bought after all: at most 5 %",
                self.told_unlikely < FEW || self.unlikely_bought_percent <= UNLIKELY_BOUGHT,
                of(self.told_unlikely, format!("{:.2} %", self.unlikely_bought_percent)),
            ),
            (
                "everybody who waited knew within 2 s that all was sold",
                self.all_knew_after_s <= KNOWN_WITHIN_S,
                of(self.waiting_at_the_end, format!("{:.2} s, all", self.all_knew_after_s)),
            ),
        ]
    }
}

/// How far estimates were from the wait that followed.
fn errors(told: &Told, visits: &[Visit]) -> Truth {
    let (mut errors, mut without_a_turn) = (Vec::new(), 0);
    for estimate in &told.estimates {
        let id = estimate.visit as usize;
        let round = &told.rounds[visits[id].plan.round as usize];
        let from = round.opens_at as f64 + FROM_S / told.times * 1e9;
        if (estimate.at as f64) < from {
            continue;
        }
        let turned = told.records[id].turned;
        if turned < estimate.at {
            without_a_turn += 1;
            continue;
        }
        let waited = (turned - estimate.at) as f64 / 1e9;
        let miss = (estimate.seconds - waited).abs() / waited.max(SHORTEST_S / told.times);
        errors.push(miss * 100.0);
    }
    errors.sort_by(f64::total_cmp);
    let at = |share: f64| errors.get((errors.len() as f64 * share) as usize).copied();
    Truth {
        estimates: errors.len() as u64,
        estimates_without_a_turn: without_a_turn,
        error_p50_percent: at(0.5).unwrap_or(0.0),
        error_p90_percent: at(0.9).unwrap_or(0.0),
        without: 0,
        told_in_time_percent: 100.0,
        told_unlikely: 0,
        unlikely_bought_percent: 0.0,
        waiting_at_the_end: 0,
        all_knew_after_s: 0.0,
    }
}

/// Whether somebody waited, and the stock ended before they could buy.
fn went_without(visit: &Visit, sold_out_at: u64, crowd: &Crowd) -> bool {
    let has_waited = visit.placed > 0 && (sold_out_at == 0 || visit.placed < sold_out_at);
    let is_sold_out = match visit.last {
        Some(Last::SoldOut) => true,
        Some(Last::Refused(code)) => crowd.codes[code as usize] == "sold-out",
        _ => false,
    };
    has_waited && is_sold_out
}

fn was_told_in_time(visit: &Visit, record: &Record, told: &Told) -> bool {
    let first = told.rounds[visit.plan.round as usize].first_admission;
    let until = first.max(visit.placed) as f64 + TOLD_WITHIN_S / told.times * 1e9;
    record.against_since > 0 && record.against_since as f64 <= until
}

fn percent(part: u64, whole: u64, of_nobody: f64) -> f64 {
    if whole == 0 { of_nobody } else { part as f64 * 100.0 / whole as f64 }
}
