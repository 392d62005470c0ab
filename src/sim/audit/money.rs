//! OR-7: what is paid is what is issued. A payment is sent before it is anything else, issued only
//! when the rail said yes, and given up only when the rail said no for good.

use super::Auditor;
use crate::sim::people::number_of;
use crate::sim::rail::request_of;
use openrun_core::payment::{RailAnswer, VoidReason};
use openrun_core::purchase::PassId;
use openrun_core::{Purchase, PurchaseId, Timestamp, WindowId, Won};

/// Where a purchase stands by what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Held,
    Sent,
    Cancelling,
    Issued,
    Voided,
    Returning,
}

impl Phase {
    /// Whether its end is still to come.
    pub fn is_open(self) -> bool {
        !matches!(self, Phase::Issued | Phase::Voided)
    }
}

/// A purchase by what is written and said.
#[derive(Debug)]
pub(super) struct Deal {
    pub round: usize,
    pub person: u32,
    pub pass: PassId,
    pub phase: Phase,
    pub price: Won,
    /// Paid at a counter: no rail knows of it.
    pub is_cash: bool,
    amount: Won,
    month: i64,
    sent_at: Timestamp,
    said_yes: bool,
    said_no: bool,
}

impl Deal {
    pub fn new(round: usize, purchase: &Purchase, phase: Phase) -> Deal {
        Deal {
            round,
            person: number_of(purchase.person),
            pass: purchase.pass,
            phase,
            price: purchase.price,
            is_cash: purchase.serial_number().is_some(),
            amount: purchase.amount,
            month: i64::from(purchase.month.number()),
            sent_at: Timestamp(0),
            said_yes: false,
            said_no: false,
        }
    }

    /// What the rail said, as far as it is definite.
    pub fn hear(&mut self, asked_at: Timestamp, finality: i64, said: RailAnswer) {
        let is_final = asked_at.millis_since(self.sent_at) >= finality;
        self.said_yes |= said == RailAnswer::Approved { amount: self.price };
        self.said_no |= match said {
            RailAnswer::Declined | RailAnswer::Cancelled => true,
            RailAnswer::NotFound => is_final,
            _ => false,
        };
    }
}

impl Auditor {
    pub(super) fn check_price(&mut self, round: usize, purchase: &Purchase) {
        let program = self.rounds[round].program;
        let rules = self.rules[program].in_force(purchase.at);
        let subsidy = |bps: u32| purchase.amount.0 * i64::from(bps) / 10_000;
        let is_by_rules =
            rules.iter().any(|rules| purchase.subsidy.0 == subsidy(rules.discount_bps));
        let adds_up = purchase.price.0 + purchase.subsidy.0 == purchase.amount.0;
        self.must(is_by_rules && adds_up, "OR-7", || {
            format!("price {} and subsidy {}", purchase.price, purchase.subsidy)
        });
    }

    /// Moves a deal from one of some phases to another.
    fn step(&mut self, id: u128, from: &[Phase], to: Phase) -> bool {
        let Some(deal) = self.deals.get_mut(&id) else {
            self.break_("OR-3", format!("a step of {id:x}, which was never held"));
            return false;
        };
        let was = deal.phase;
        deal.phase = to;
        let may = from.contains(&was);
        // What is released twice is stock and limit: the first two invariants fall with it.
        let invariant = if to == Phase::Voided { "OR-1" } else { "OR-7" };
        self.must(may, invariant, || format!("{id:x} became {to:?} when it was {was:?}"));
        may
    }

    pub(super) fn sent(&mut self, id: u128, sent_at: Timestamp, request: &str) {
        if !self.step(id, &[Phase::Held], Phase::Sent) {
            return;
        }
        let Some(deal) = self.deals.get_mut(&id) else { return };
        deal.sent_at = sent_at;
        let expected = request_of(PurchaseId(id), deal.price);
        self.must(request == expected, "OR-7", || format!("asked for `{request}`: {expected}"));
    }

    pub(super) fn cancelling(&mut self, id: u128) {
        self.step(id, &[Phase::Sent], Phase::Cancelling);
    }

    pub(super) fn returning(&mut self, id: u128) {
        self.step(id, &[Phase::Voided], Phase::Returning);
    }

    pub(super) fn returned(&mut self, id: u128) {
        self.returned += 1;
        self.step(id, &[Phase::Returning], Phase::Voided);
    }

    /// A held purchase is issued.
    pub(super) fn paid(&mut self, round: usize, purchase: &Purchase) {
        let id = purchase.id.0;
        if !self.step(id, &[Phase::Sent], Phase::Issued) {
            return;
        }
        let Some(deal) = self.deals.get(&id) else { return };
        let is_same = (deal.price, deal.amount, deal.pass, deal.round, deal.person)
            == (purchase.price, purchase.amount, purchase.pass, round, number_of(purchase.person));
        let said_yes = deal.said_yes;
        self.must(is_same, "OR-7", || format!("{id:x} was issued otherwise than held"));
        self.must(said_yes, "OR-7", || format!("{id:x} was issued without a yes of the rail"));
        self.sell_stock(round, purchase);
        self.issued(self.rounds[round].program, purchase);
    }

    /// A hold came to nothing.
    pub(super) fn voided(
        &mut self,
        round: usize,
        id: u128,
        window: &WindowId,
        back_to: &WindowId,
        amount: Won,
        reason: VoidReason,
    ) {
        let from: &[Phase] = match reason {
            VoidReason::Expired => &[Phase::Held],
            _ => &[Phase::Sent, Phase::Cancelling],
        };
        if !self.step(id, from, Phase::Voided) {
            return;
        }
        self.voided += 1;
        let Some(deal) = self.deals.get(&id) else { return };
        let (person, pass, month) = (deal.person, deal.pass, deal.month);
        let (held, said_no) = (deal.amount, deal.said_no);
        self.must(held == amount, "OR-1", || format!("{id:x} held {held}, frees {amount}"));
        let may = reason == VoidReason::Expired || said_no;
        self.must(may, "OR-7", || {
            format!("{id:x} was sent and given up ({reason:?}) though the rail never said no")
        });
        self.free_stock(round, window, back_to, amount, reason);
        self.free_limit(person, round, month, amount.0);
        self.free_pass(round, pass);
    }
}
