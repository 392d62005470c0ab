//! The vouchers of a person as decisions need them, and room set aside for gifts.

use crate::program::Program;
use crate::voucher::{Asked, Payback, PaybackCause, VoucherMove, VoucherState};
use crate::{
    Month, MoveId, ProgramId, Purchase, PurchaseId, Refusal, Rules, Timestamp, Voucher, VoucherId,
    Won,
};
use std::collections::HashMap;

/// A voucher with what only decisions need.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// `expires_at` is filled in for gifts alone: for others it follows from the rules.
    pub(super) voucher: Voucher,
    /// The month whose limit the purchase counted against.
    pub(super) month: Option<Month>,
    /// What the rail was sent for the purchase.
    pub(super) request: Option<Box<str>>,
    /// How many events it has.
    pub(super) moves: u32,
    /// What is on its way back.
    pub(super) open: Option<Box<(VoucherMove, Payback)>>,
}

/// Room set aside for a gift that its giver has not decided yet.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) program: ProgramId,
    pub(super) month: Month,
    pub(super) amount: Won,
}

/// All vouchers of a person.
#[derive(Debug, Clone, Default)]
pub(in crate::person) struct Wallet {
    pub(super) vouchers: HashMap<VoucherId, Box<Held>>,
    /// What the rail was sent for purchases that are not paid yet.
    requests: HashMap<PurchaseId, Box<str>>,
    pub(super) expected: HashMap<MoveId, Expected>,
}

impl Wallet {
    pub(in crate::person) fn note_request(&mut self, purchase: PurchaseId, request: &str) {
        self.requests.insert(purchase, request.into());
    }

    pub(in crate::person) fn forget_request(&mut self, purchase: PurchaseId) {
        self.requests.remove(&purchase);
    }

    /// A purchase was paid: it is a voucher from here on.
    pub(in crate::person) fn issue(&mut self, purchase: &Purchase) {
        let request = self.requests.remove(&purchase.id);
        let voucher = Voucher {
            id: purchase.id.into(),
            program: purchase.program.clone(),
            round: purchase.round.clone(),
            person: purchase.person,
            purchase: Some(purchase.id),
            gift: None,
            channel: purchase.channel.clone(),
            amount: purchase.amount,
            price: purchase.price,
            subsidy: purchase.subsidy,
            balance: purchase.amount,
            spent: Won::ZERO,
            given: Won::ZERO,
            state: VoucherState::Active,
            bought_at: purchase.at,
            expires_at: None,
        };
        let month = Some(purchase.month);
        let held = Box::new(Held { voucher, month, request, moves: 0, open: None });
        let former = self.vouchers.insert(purchase.id.into(), held);
        assert!(former.is_none(), "OR-3: a voucher was issued twice");
    }

    /// Of a program, what is set aside for gifts; of one month when one is named.
    pub(in crate::person) fn expected(&self, program: &ProgramId, month: Option<Month>) -> Won {
        let theirs = self.expected.values().filter(|expected| expected.program == *program);
        let theirs = theirs.filter(|it| month.is_none_or(|month| it.month == month));
        theirs.map(|expected| expected.amount).sum()
    }
}

impl Held {
    pub(super) fn rules<'p>(&self, program: &'p Program) -> &'p Rules {
        program.rules_at(self.voucher.bought_at)
    }

    pub(super) fn expires_at(&self, program: &Program) -> Option<Timestamp> {
        let by_rules = || self.rules(program).after_sale.expires_at(self.voucher.bought_at);
        if self.voucher.gift.is_some() { self.voucher.expires_at } else { by_rules() }
    }

    pub(super) fn is_over(&self, program: &Program, now: Timestamp) -> bool {
        self.expires_at(program).is_some_and(|over| over <= now)
    }

    pub(super) fn check_active(&self, program: &Program, now: Timestamp) -> Result<(), Refusal> {
        if self.voucher.state != VoucherState::Active || self.is_over(program, now) {
            return Err(Refusal::VoucherNotActive);
        }
        Ok(())
    }

    pub(super) fn check_balance(&self, amount: Won) -> Result<(), Refusal> {
        if amount > self.voucher.balance {
            return Err(Refusal::InsufficientBalance { balance_won: self.voucher.balance });
        }
        Ok(())
    }

    /// The share of the subsidy that goes with `amount`, rounded down to a whole won.
    pub(super) fn subsidy_of(&self, amount: Won) -> Won {
        let share = i128::from(amount.0) * i128::from(self.voucher.subsidy.0)
            / i128::from(self.voucher.amount.0);
        Won(i64::try_from(share).expect("a share is no larger than the whole"))
    }

    pub(super) fn next_move(&self, id: MoveId, at: Timestamp, asked: Option<Asked>) -> VoucherMove {
        VoucherMove {
            program: self.voucher.program.clone(),
            voucher: self.voucher.id,
            person: self.voucher.person,
            id,
            number: self.moves + 1,
            at,
            asked,
        }
    }

    pub(super) fn payback(&self, cause: PaybackCause, rules: &Rules) -> Payback {
        let amount = self.voucher.balance;
        let subsidy = self.subsidy_of(amount);
        let is_given_back =
            cause == PaybackCause::Cancel && rules.after_sale.cancel_returns_allowance;
        Payback {
            round: self.voucher.round.clone(),
            channel: self.voucher.channel.clone(),
            cause,
            amount,
            price: amount.minus(subsidy),
            subsidy,
            month_back: self.month.filter(|_| is_given_back),
        }
    }

    /// What was spent of what was not given away, in basis points.
    pub(super) fn spent_bps(&self) -> u32 {
        let own = self.voucher.amount.minus(self.voucher.given).0.max(1);
        let bps = i128::from(self.voucher.spent.0) * 10_000 / i128::from(own);
        u32::try_from(bps).expect("no more is spent than there was")
    }

    pub(super) fn view(&self, program: Option<&Program>, now: Timestamp) -> Voucher {
        let expires_at = program.and_then(|program| self.expires_at(program));
        let is_over = expires_at.is_some_and(|over| over <= now);
        let state = match self.voucher.state {
            VoucherState::Active if self.voucher.balance == Won::ZERO => VoucherState::UsedUp,
            VoucherState::Active if is_over => VoucherState::Expired,
            state => state,
        };
        Voucher { expires_at, state, ..self.voucher.clone() }
    }
}
