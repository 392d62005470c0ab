//! A voucher after the sale: what is left in it, what became of it, and what a person may ask of
//! it.
//!
//! Values only. Who may spend, give or be paid back is decided by the person whose voucher it is
//! (`person/vouchers.rs`), which owns balances and limits; merchants, rails and clocks are told.

use crate::program::RulesFault;
use crate::{
    ChannelId, Event, IdempotencyKey, MerchantId, Month, MoveId, PersonKey, ProgramId, PurchaseId,
    RoundId, Timestamp, VoucherId, Won,
};
use serde::{Deserialize, Serialize};

/// Longest validity of a voucher, in days: a century. Beyond it one is meant to last for ever.
const VALID_DAYS_MAX: u32 = 36_500;

/// What holds for a voucher once it is bought: the part of a program's dated rules that is looked
/// at after the sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AfterSale {
    /// Whether a full cancel gives back the allowance of the month it was bought in.
    pub cancel_returns_allowance: bool,
    /// How many days a voucher is good after the day of its purchase, to the end of the last one in
    /// Seoul; for ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_days: Option<u32>,
    /// Most that a person may be given in a month of the Korean calendar; no bound when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gift_limit_won: Option<Won>,
}

impl Default for AfterSale {
    fn default() -> AfterSale {
        AfterSale { cancel_returns_allowance: true, valid_days: None, gift_limit_won: None }
    }
}

impl AfterSale {
    /// Whether these are the rules of a program that says nothing of them, as all of the first
    /// journals do: their JSON must stay as it was.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == AfterSale::default()
    }

    /// Whether these rules can stand.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), RulesFault> {
        if !self.valid_days.is_none_or(|days| (1..=VALID_DAYS_MAX).contains(&days)) {
            return Err(RulesFault::ValidDays);
        }
        let fits = |limit: Won| (Won::ZERO..=Won::MAX_REQUEST).contains(&limit);
        if !self.gift_limit_won.is_none_or(fits) {
            return Err(RulesFault::GiftLimit);
        }
        Ok(())
    }

    /// When a voucher bought at `bought_at` is over: the first moment at which it is good no more.
    #[must_use]
    pub fn expires_at(&self, bought_at: Timestamp) -> Option<Timestamp> {
        self.valid_days.map(|days| bought_at.end_of_day_after(days))
    }
}

impl Event {
    /// What happened to a voucher, if this is of the vouchers' stream and no refusal.
    #[must_use]
    pub fn voucher_move(&self) -> Option<&VoucherMove> {
        match self {
            Event::Spent { of, .. }
            | Event::PaybackSent { of, .. }
            | Event::PaidBack { of, .. }
            | Event::PaybackRefused { of, .. }
            | Event::Gifted { of, .. }
            | Event::Expired { of, .. } => Some(of),
            _ => None,
        }
    }
}

/// What a client asked for with a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
}

/// What every event of a voucher says: which voucher, whose, and where the event stands among those
/// of the same voucher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherMove {
    /// Of which program.
    pub program: ProgramId,
    /// Which voucher.
    pub voucher: VoucherId,
    /// Whose it is: for a gift the giver's.
    pub person: PersonKey,
    /// The name of the move; an end of a payback bears that of its beginning.
    pub id: MoveId,
    /// 1, 2, 3, … among the events of this voucher, without a gap.
    pub number: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// Under which key, when a person asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<Asked>,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaybackCause {
    /// The purchase was cancelled in full.
    Cancel,
    /// Enough was spent, and the rest is refunded.
    Refund,
}

impl PaybackCause {
    /// As a word, for metrics and rows.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PaybackCause::Cancel => "cancel",
            PaybackCause::Refund => "refund",
        }
    }
}

/// What goes back to whom when a voucher is paid back: its whole balance leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payback {
    /// The round that it was bought in.
    pub round: RoundId,
    /// Through which channel it was bought.
    pub channel: ChannelId,
    /// Why.
    pub cause: PaybackCause,
    /// Face value taken out of the voucher.
    pub amount: Won,
    /// Of that, what the person gets.
    pub price: Won,
    /// Of that, what the issuer gets.
    pub subsidy: Won,
    /// The month whose allowance is given back, if any is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub month_back: Option<Month>,
}

/// Where a voucher stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoucherState {
    /// It can be spent.
    Active,
    /// Nothing is left in it.
    UsedUp,
    /// The rail was asked to give the money back.
    PayingBack,
    /// The purchase was cancelled in full.
    Cancelled,
    /// What was left was refunded.
    Refunded,
    /// Its time is over.
    Expired,
}

impl VoucherState {
    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            VoucherState::Active => "active",
            VoucherState::UsedUp => "used_up",
            VoucherState::PayingBack => "paying_back",
            VoucherState::Cancelled => "cancelled",
            VoucherState::Refunded => "refunded",
            VoucherState::Expired => "expired",
        }
    }
}

/// A voucher as it stands, for its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Its id.
    pub id: VoucherId,
    /// Of which program.
    pub program: ProgramId,
    /// The round that it was bought in, by whomever.
    pub round: RoundId,
    /// Whose it is.
    pub person: PersonKey,
    /// The purchase that it came from, if this person bought it.
    pub purchase: Option<PurchaseId>,
    /// The gift that it came from, if it was given.
    pub gift: Option<MoveId>,
    /// Through which channel it was bought.
    pub channel: ChannelId,
    /// Face value when it came to be.
    pub amount: Won,
    /// What was paid for that.
    pub price: Won,
    /// What the issuer added to that.
    pub subsidy: Won,
    /// What is left. While it is being paid back: what is on its way.
    pub balance: Won,
    /// What was spent.
    pub spent: Won,
    /// What was given away.
    pub given: Won,
    /// Where it stands.
    pub state: VoucherState,
    /// When it was bought, by whomever: its rules are those of this day.
    pub bought_at: Timestamp,
    /// From when on it is good no more; never when absent.
    pub expires_at: Option<Timestamp>,
}

/// What is known of a merchant who is to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantFacts {
    /// Which.
    pub id: MerchantId,
    /// Where it is.
    pub region: String,
    /// The programs that it takes; none: every program of its region.
    pub programs: Vec<ProgramId>,
}

impl MerchantFacts {
    /// Whether it takes vouchers of a program, as far as it has a say. Its region has to be one of
    /// the program's as well.
    #[must_use]
    pub fn takes(&self, program: &ProgramId) -> bool {
        self.programs.is_empty() || self.programs.contains(program)
    }
}

/// A payment to a merchant, as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    /// Its name.
    pub id: MoveId,
    /// From which voucher.
    pub voucher: VoucherId,
    /// Of which program.
    pub program: ProgramId,
    /// To whom.
    pub merchant: MerchantId,
    /// How much.
    pub amount: Won,
    /// What was left in the voucher.
    pub balance_after: Won,
    /// When it was decided.
    pub at: Timestamp,
}

/// A cancel or a refund, as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaybackAnswer {
    /// Its name.
    pub id: MoveId,
    /// Of which voucher.
    pub voucher: VoucherId,
    /// Of which program.
    pub program: ProgramId,
    /// What goes back to whom.
    pub payback: Payback,
    /// Whether the money went back; else it is on its way.
    pub is_done: bool,
    /// When it was decided.
    pub at: Timestamp,
}

/// A gift, as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gift {
    /// Its name; the receiver's voucher bears the same.
    pub id: MoveId,
    /// Out of which voucher.
    pub voucher: VoucherId,
    /// Of which program.
    pub program: ProgramId,
    /// To whom.
    pub to: PersonKey,
    /// How much.
    pub amount: Won,
    /// What was left in the giver's voucher.
    pub balance_after: Won,
    /// When it falls to the issuer; never when absent.
    pub expires_at: Option<Timestamp>,
    /// When it was decided.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_say_nothing_of_it_keep_their_json() {
        let usual = AfterSale::default();
        assert!(usual.is_usual() && usual.check().is_ok());
        assert_eq!(serde_json::from_str::<AfterSale>("{}").expect("reads"), usual);
    }

    #[test]
    fn a_voucher_is_good_to_the_end_of_its_last_day_in_seoul() {
        // Bought 2022-07-14T10:00+09:00, good for a day more: over at 2022-07-16T00:00+09:00.
        let bought_at = Timestamp(1_657_760_400_000);
        for (days, over) in [(1, 1_657_897_200_000), (2, 1_657_983_600_000)] {
            let rules = AfterSale { valid_days: Some(days), ..AfterSale::default() };
            assert_eq!(rules.expires_at(bought_at), Some(Timestamp(over)), "{days}");
        }
        assert_eq!(AfterSale::default().expires_at(bought_at), None);
    }

    #[test]
    fn rules_after_the_sale_that_make_no_sense_are_refused() {
        let check = |valid_days, gift: Option<i64>| {
            let gift_limit_won = gift.map(Won);
            AfterSale { valid_days, gift_limit_won, ..AfterSale::default() }.check()
        };
        assert_eq!(check(Some(0), None), Err(RulesFault::ValidDays));
        assert_eq!(check(Some(VALID_DAYS_MAX + 1), None), Err(RulesFault::ValidDays));
        assert_eq!(check(None, Some(-1)), Err(RulesFault::GiftLimit));
        assert_eq!(check(Some(1), Some(0)), Ok(()));
    }
}
