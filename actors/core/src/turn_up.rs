//! Who will still come: how many of those who were let in and have not claimed yet can be expected
//! to, so that people who never come (no-shows) cost the sale nothing.
//!
//! People are let in by cohorts, one a second. For each second of age the share of those who had
//! not claimed yet and then did is measured over the last cohorts, in thousandths; until it is
//! measured everybody is expected to come. Counts only, no clock, nobody's number.

use crate::Timestamp;
use std::collections::VecDeque;

/// How long a place is expected to be claimed, in seconds: the longest that a client near the head
/// of its line goes without asking. Who claims later is counted when they do.
pub const GRACE_S: usize = 15;
/// How long people are let in as one cohort.
const COHORT_MILLIS: i64 = 1_000;
/// All, in thousandths.
const WHOLE: u64 = 1_000;
/// The least share that is reckoned with, in thousandths: the watermark runs at fifty times the
/// rate at most. Where fewer come, fewer come in than the rate allows.
const LEAST: u64 = 20;
/// How many cohorts are remembered: a share that changes is followed within some seconds.
const COHORTS_REMEMBERED: u64 = 8;
/// But never fewer people than this, or chance would steer.
const PEOPLE_REMEMBERED: u64 = 64;
/// People are counted in these while they are forgotten.
const PART: u64 = 1_024;

/// What became of a cohort so far: how many claimed, and how many went without claiming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CohortCount {
    /// Claimed.
    pub claimed: u64,
    /// Left or lapsed.
    pub gone: u64,
}

#[derive(Debug, Clone, Copy)]
struct Cohort {
    since: Timestamp,
    slot: usize,
    people: u64,
    /// Whole seconds that were looked at.
    age: usize,
    /// As it stood then.
    then: CohortCount,
    now: CohortCount,
}

impl Cohort {
    fn unclaimed(&self) -> u64 {
        self.people.saturating_sub(self.now.claimed).saturating_sub(self.now.gone)
    }
}

/// Those who had not claimed at an age, and how many of them did within the next second.
#[derive(Debug, Clone, Copy, Default)]
struct Age {
    at_risk: u64,
    claimed: u64,
}

impl Age {
    fn learn(&mut self, at_risk: u64, claimed: u64) {
        let (at_risk, claimed) = (at_risk * PART, claimed.min(at_risk) * PART);
        let most = (at_risk * COHORTS_REMEMBERED).max(PEOPLE_REMEMBERED * PART);
        let sum = self.at_risk + at_risk;
        if sum > most {
            let keep = most - at_risk;
            self.claimed = self.claimed * keep / self.at_risk.max(1);
            self.at_risk = keep;
        }
        self.at_risk += at_risk;
        self.claimed += claimed;
        assert!(self.claimed <= self.at_risk, "more claimed than could");
    }

    /// The share that claims within this second, in thousandths; before it was seen everybody.
    fn share(&self) -> u64 {
        (self.claimed * WHOLE).checked_div(self.at_risk).unwrap_or(WHOLE)
    }
}

/// The cohorts of one line, and what was learned from them.
#[derive(Debug, Clone)]
pub struct TurnUp {
    cohorts: VecDeque<Cohort>,
    ages: [Age; GRACE_S],
    /// In thousandths: of those who have not claimed at an age, how many still will.
    still: [u64; GRACE_S + 1],
    next_slot: usize,
    slots: usize,
}

impl TurnUp {
    /// Nobody was let in yet. `slots`: how many cohorts can be counted at once.
    #[must_use]
    pub fn new(slots: usize) -> TurnUp {
        assert!(slots > GRACE_S + 1, "a cohort would be forgotten before its time");
        let mut still = [WHOLE; GRACE_S + 1];
        still[GRACE_S] = 0;
        TurnUp {
            cohorts: VecDeque::new(),
            ages: [Age::default(); GRACE_S],
            still,
            next_slot: 0,
            slots,
        }
    }

    /// The slot under which a new cohort is to be counted, if those let in now begin one.
    pub fn begin(&mut self, now: Timestamp) -> Option<usize> {
        let is_young = |cohort: &Cohort| now.millis_since(cohort.since) < COHORT_MILLIS;
        if self.cohorts.back().is_some_and(is_young) {
            return None;
        }
        let slot = self.next_slot;
        self.next_slot = (slot + 1) % self.slots;
        let (then, now_) = (CohortCount::default(), CohortCount::default());
        self.cohorts.push_back(Cohort { since: now, slot, people: 0, age: 0, then, now: now_ });
        Some(slot)
    }

    /// So many people were let in just now.
    pub fn admitted(&mut self, people: u64) {
        if let Some(cohort) = self.cohorts.back_mut() {
            cohort.people += people;
        }
    }

    /// Looks at what became of each cohort, and learns. Nobody is expected for longer than
    /// `grace_s`.
    pub fn observe(
        &mut self,
        now: Timestamp,
        grace_s: usize,
        count: impl Fn(usize) -> CohortCount,
    ) {
        let mut has_learned = false;
        for cohort in &mut self.cohorts {
            cohort.now = count(cohort.slot);
            let seconds = now.millis_since(cohort.since) / COHORT_MILLIS;
            let seconds = usize::try_from(seconds).unwrap_or(0).min(GRACE_S);
            if seconds <= cohort.age {
                continue;
            }
            // What happened in which second cannot be told when nobody looked for two of them.
            if seconds == cohort.age + 1 {
                let before = cohort.people.saturating_sub(cohort.then.claimed + cohort.then.gone);
                let gone = cohort.now.gone - cohort.then.gone.min(cohort.now.gone);
                let claimed = cohort.now.claimed.saturating_sub(cohort.then.claimed);
                let at_risk = before.saturating_sub(gone);
                if at_risk > 0 {
                    self.ages[cohort.age].learn(at_risk, claimed);
                    has_learned = true;
                }
            }
            (cohort.age, cohort.then) = (seconds, cohort.now);
        }
        let grace = grace_s.clamp(1, GRACE_S);
        while self.cohorts.front().is_some_and(|cohort| cohort.age >= grace) {
            self.cohorts.pop_front();
        }
        if has_learned {
            self.reckon();
        }
        assert!(self.cohorts.len() <= self.slots, "more cohorts than are counted");
    }

    /// Nothing of this stretch of time counts: cohorts are as old after it as before.
    pub fn stand_still(&mut self, millis: i64) {
        for cohort in &mut self.cohorts {
            cohort.since = cohort.since.plus_millis(millis);
        }
    }

    fn reckon(&mut self) {
        for age in (0..GRACE_S).rev() {
            let stays_away = (WHOLE - self.ages[age].share()) * (WHOLE - self.still[age + 1]);
            self.still[age] = WHOLE - stays_away / WHOLE;
        }
        assert!(self.still.iter().all(|share| *share <= WHOLE), "more than all");
    }

    /// Of those who are let in now, how many can be expected, in thousandths. At least a fiftieth.
    #[must_use]
    pub fn share(&self) -> u64 {
        self.still[0].max(LEAST)
    }

    /// How many claims are still to be expected, in thousandths of a person.
    #[must_use]
    pub fn expected_milli(&self) -> u64 {
        let share = |cohort: &Cohort| match cohort.age {
            // As much as they cost when they were let in: this bounds the speed.
            0 => self.share(),
            age => self.still[age],
        };
        self.cohorts.iter().map(|cohort| cohort.unclaimed() * share(cohort)).sum()
    }

    /// How many of those let in within the grace have not claimed.
    #[must_use]
    pub fn unclaimed(&self) -> u64 {
        self.cohorts.iter().map(Cohort::unclaimed).sum()
    }
}

#[cfg(test)]
mod tests;
