//! OR-2: what a person has used of a month and holds at once, over all rounds of a program,
//! against the rules that were in force.

use super::Auditor;
use super::money::Phase;
use crate::sim::people::number_of;
use openrun_core::{Program, Purchase, Rules, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long rules that were replaced may still decide: a request under way knows the old ones, and
/// a process hears of new ones only once they are written.
pub(super) const LAG: i64 = 60_000;
pub(super) const MILLIS_PER_DAY: i64 = 86_400_000;
pub(super) const SEOUL: i64 = 9 * 3_600_000;

/// A program's rules, with the time at which each version of the program was written.
#[derive(Debug, Default)]
pub(super) struct RulesBook(Vec<(Timestamp, Vec<Arc<Rules>>)>);

impl RulesBook {
    pub fn change(&mut self, now: Timestamp, program: &Program) {
        self.0.push((now, program.versions.clone()));
    }

    /// Every version that a purchase decided at `at` may have been decided under.
    pub fn in_force(&self, at: Timestamp) -> Vec<&Rules> {
        let since = at.plus_millis(-LAG);
        let known_before = self.0.iter().rposition(|(written, _)| *written <= since).unwrap_or(0);
        let mut found = Vec::new();
        for (_, versions) in &self.0[known_before..] {
            let first = versions.iter().rposition(|rules| rules.effective_from <= since);
            let later = &versions[first.unwrap_or(0)..];
            found.extend(
                later
                    .iter()
                    .enumerate()
                    .filter(|(index, rules)| *index == 0 || rules.effective_from <= at),
            );
        }
        found.into_iter().map(|(_, rules)| &**rules).collect()
    }
}

/// What a person has of a program.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Used or held, by month.
    months: BTreeMap<i64, i64>,
    /// Vouchers and what is held for them.
    holding: i64,
}

impl Account {
    /// Takes something out of what is held.
    pub fn give_up(&mut self, amount: i64) {
        self.holding -= amount;
    }

    /// Something comes to what is held; answers how much that is.
    pub fn take_in(&mut self, amount: i64) -> i64 {
        self.holding += amount;
        self.holding
    }

    /// A month's allowance is given back.
    pub fn free_month(&mut self, month: i64, amount: i64) {
        *self.months.entry(month).or_default() -= amount;
    }

    /// What is held, and what was used of a month.
    pub fn figures(&self, month: i64) -> (i64, i64) {
        (self.holding, self.months.get(&month).copied().unwrap_or(0))
    }
}

/// Months since 1970 in Seoul, counted day by day: slow to think of, hard to get wrong.
pub(super) fn month_of(at: Timestamp) -> i64 {
    let mut days = (at.0 + SEOUL).div_euclid(MILLIS_PER_DAY);
    // Years and months of the Gregorian calendar from 2022-01-01, where all sales begin.
    days -= 18_993;
    let (mut year, mut month) = (2_022, 1);
    loop {
        let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let length = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if days < length {
            return year * 100 + month;
        }
        days -= length;
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
}

impl Auditor {
    pub(super) fn take_limit(&mut self, round: usize, purchase: &Purchase, phase: Phase) {
        let (person, program) = (number_of(purchase.person), self.rounds[round].program);
        let month = i64::from(purchase.month.number());
        let at = purchase.at;
        let (monthly, holding): (Vec<i64>, i64) = {
            let rules = self.rules[program].in_force(at);
            let monthly = rules.iter().map(|rules| rules.monthly_limit_won.0).collect();
            let holding = rules.iter().map(|rules| rules.holding_limit_won.0).max();
            (monthly, holding.unwrap_or(0))
        };
        let account = self.accounts.entry((person, program)).or_default();
        let used = account.months.entry(month).or_default();
        *used += purchase.amount.0;
        let (used, held) = (*used, account.holding + purchase.amount.0);
        // Paper is whose hand it is in from then on.
        if purchase.serial_number().is_none() {
            account.holding = held;
        }
        self.must(monthly.contains(&purchase.monthly_limit.0), "OR-2", || {
            format!(
                "{phase:?} against a limit of {}, in force: {monthly:?}",
                purchase.monthly_limit
            )
        });
        self.must(used <= purchase.monthly_limit.0, "OR-2", || {
            format!("person {person} has used {used} won of {month}, above the limit")
        });
        self.must(held <= holding, "OR-2", || {
            format!("person {person} holds {held} won, above the limit of {holding}")
        });
        // Something held before may have come to nothing since the limit was looked at.
        let is_covered =
            used <= purchase.used_after.0 && purchase.used_after <= purchase.monthly_limit;
        self.must(is_covered, "OR-2", || {
            format!("used {used} won, the purchase says {}", purchase.used_after)
        });
        let is_month = month == month_of(at) || month == month_of(at.plus_millis(-LAG));
        self.must(is_month, "OR-2", || format!("decided at {} against month {month}", at.0));
    }

    /// What was held is free again.
    pub(super) fn free_limit(&mut self, person: u32, round: usize, month: i64, amount: i64) {
        let program = self.rounds[round].program;
        let account = self.accounts.entry((person, program)).or_default();
        *account.months.entry(month).or_default() -= amount;
        account.holding -= amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_seoul() {
        for (millis, month) in [
            (1_659_279_599_999, 202_207),
            (1_659_279_600_000, 202_208),
            (1_709_132_400_000, 202_402),
            (1_709_218_800_000, 202_403),
            (1_735_657_200_000, 202_501),
        ] {
            assert_eq!(month_of(Timestamp(millis)), month, "{millis}");
        }
    }
}
