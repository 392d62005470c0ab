//! A program: one kind of voucher and its rules. Rules are dated: a new version never changes what
//! was decided before.

use crate::voucher::AfterSale;
use crate::{ChannelId, ProgramId, Timestamp, Won};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A name in both languages of the service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

/// The rules of a program from one date on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// From when these rules hold.
    pub effective_from: Timestamp,
    /// Discount in basis points: 700 means that 10,000 won cost 9,300.
    pub discount_bps: u32,
    /// Amounts are multiples of this.
    pub unit_won: Won,
    /// Most that one person may buy in a month of the Korean calendar.
    pub monthly_limit_won: Won,
    /// Most that one person may hold at once.
    pub holding_limit_won: Won,
    /// Share that must be spent before the balance can be refunded, in basis points.
    pub refund_threshold_bps: u32,
    /// Where the voucher is accepted.
    pub regions: Vec<String>,
    /// Which channels may sell it.
    pub channels: Vec<ChannelId>,
    /// Which channels are counters: they sell on paper, without a line, from the windows that are
    /// set aside for them, and from no other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<ChannelId>,
    /// What holds for a voucher once it is bought.
    #[serde(default, skip_serializing_if = "AfterSale::is_usual")]
    pub after_sale: AfterSale,
}

/// Why rules make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesFault {
    /// A discount or a threshold above 10,000 basis points.
    ShareAboveWhole,
    /// A unit that is not positive.
    UnitNotPositive,
    /// A limit that is not a positive multiple of the unit, or above what one request may name.
    LimitNotMultipleOfUnit,
    /// No channel may sell.
    NoChannel,
    /// A channel that is a counter as well.
    CounterIsChannel,
    /// Days of validity that are none, or more than a century.
    ValidDays,
    /// A limit on gifts that is negative, or above what one request may name.
    GiftLimit,
    /// The date is before that of a version that already stands.
    EarlierThanExisting,
}

impl RulesFault {
    /// The fault in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            RulesFault::ShareAboveWhole => {
                "discount_bps and refund_threshold_bps are at most 10000"
            }
            RulesFault::UnitNotPositive => "unit_won is positive",
            RulesFault::LimitNotMultipleOfUnit => "limits are positive multiples of unit_won",
            RulesFault::NoChannel => "at least one channel sells the program",
            RulesFault::CounterIsChannel => "a counter is none of the channels",
            RulesFault::ValidDays => "valid_days is between 1 and 36500",
            RulesFault::GiftLimit => "gift_limit_won is not negative",
            RulesFault::EarlierThanExisting => "effective_from is not before the newest version",
        }
    }
}

impl Rules {
    /// What a voucher of `amount` costs, and what the issuer adds.
    #[must_use]
    pub fn price_and_subsidy(&self, amount: Won) -> (Won, Won) {
        let subsidy = amount.share_bps(self.discount_bps);
        (amount.minus(subsidy), subsidy)
    }

    /// Whether these rules can stand.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), RulesFault> {
        if self.discount_bps > 10_000 || self.refund_threshold_bps > 10_000 {
            return Err(RulesFault::ShareAboveWhole);
        }
        if self.unit_won <= Won::ZERO {
            return Err(RulesFault::UnitNotPositive);
        }
        let fits =
            |limit: Won| limit.is_positive_multiple_of(self.unit_won) && limit <= Won::MAX_REQUEST;
        if !fits(self.monthly_limit_won) || !fits(self.holding_limit_won) {
            return Err(RulesFault::LimitNotMultipleOfUnit);
        }
        if self.channels.is_empty() {
            return Err(RulesFault::NoChannel);
        }
        if self.counters.iter().any(|counter| self.channels.contains(counter)) {
            return Err(RulesFault::CounterIsChannel);
        }
        self.after_sale.check()
    }
}

/// A kind of voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its id.
    pub id: ProgramId,
    /// Its name.
    pub name: Name,
    /// Who issues it.
    pub issuer: String,
    /// Versions of its rules by date, at least one.
    pub versions: Vec<Arc<Rules>>,
    /// How often it was changed: 0 when it is new.
    #[serde(default, skip_serializing_if = "is_new")]
    pub changes: u64,
}

/// One that was never changed is written as before there was a count.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
fn is_new(changes: &u64) -> bool {
    *changes == 0
}

impl Program {
    /// What staff have seen of it before they change it: 1 when it is new.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.changes.saturating_add(1)
    }

    /// The rules in force at `now`; before the first date, the first version.
    ///
    /// # Panics
    /// Never: a program is made with at least one version.
    #[must_use]
    pub fn rules_at(&self, now: Timestamp) -> &Arc<Rules> {
        let current = self.versions.iter().rev().find(|rules| rules.effective_from <= now);
        current.or(self.versions.first()).expect("a program has at least one version of its rules")
    }

    /// This program with one more version of its rules, or the newest one replaced when it has the
    /// same date.
    ///
    /// # Errors
    /// The fault of the rules; nothing has changed.
    pub fn with_version(&self, rules: Rules) -> Result<Program, RulesFault> {
        rules.check()?;
        let mut changed = self.clone();
        match changed.versions.last().map(|newest| newest.effective_from) {
            Some(newest) if newest > rules.effective_from => {
                return Err(RulesFault::EarlierThanExisting);
            }
            Some(newest) if newest == rules.effective_from => {
                changed.versions.pop();
            }
            _ => {}
        }
        changed.versions.push(Arc::new(rules));
        changed.changes += 1;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(from: i64, monthly: i64) -> Rules {
        Rules {
            effective_from: Timestamp(from),
            discount_bps: 700,
            unit_won: Won(10_000),
            monthly_limit_won: Won(monthly),
            holding_limit_won: Won(1_000_000),
            refund_threshold_bps: 6_000,
            regions: vec!["seoul".to_owned()],
            channels: vec![ChannelId::new("seoul-pay").expect("a slug")],
            counters: Vec::new(),
            after_sale: AfterSale::default(),
        }
    }

    fn program() -> Program {
        Program {
            id: ProgramId::new("seoul").expect("a slug"),
            name: Name { ko: "서울".to_owned(), en: "Seoul".to_owned() },
            issuer: "seoul".to_owned(),
            versions: vec![Arc::new(rules(100, 400_000))],
            changes: 0,
        }
    }

    #[test]
    fn a_counter_is_no_channel() {
        let mut rules = rules(100, 400_000);
        rules.counters = vec![ChannelId::new("bank").expect("a slug")];
        assert_eq!(rules.check(), Ok(()));
        rules.counters.push(rules.channels[0].clone());
        assert_eq!(rules.check(), Err(RulesFault::CounterIsChannel));
    }

    #[test]
    fn the_rules_of_the_day_are_the_newest_that_have_begun() {
        let program = program().with_version(rules(200, 300_000)).expect("valid");
        for (now, limit) in [(0, 400_000), (100, 400_000), (199, 400_000), (200, 300_000)] {
            assert_eq!(program.rules_at(Timestamp(now)).monthly_limit_won, Won(limit), "{now}");
        }
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let program = program();
        let mut odd = rules(200, 5_000);
        assert_eq!(program.with_version(odd.clone()), Err(RulesFault::LimitNotMultipleOfUnit));
        odd.discount_bps = 10_001;
        assert_eq!(program.with_version(odd), Err(RulesFault::ShareAboveWhole));
        assert_eq!(program.with_version(rules(50, 10_000)), Err(RulesFault::EarlierThanExisting));
    }

    #[test]
    fn price_and_subsidy_add_up_to_the_amount() {
        assert_eq!(rules(0, 400_000).price_and_subsidy(Won(100_000)), (Won(93_000), Won(7_000)));
    }
}
