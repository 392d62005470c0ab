//! What a person may do with vouchers: spend, cancel, have refunded, give, be given, let expire.
//!
//! Part of the person because holdings and keys are. A move is decided against what stands now and
//! applied at once; what it frees counts as taken until it is durable ([`Person::begin_move`],
//! [`Person::settle_move`]), for a purchase that is decided meanwhile lies in another stream. Rails
//! and other people are somebody else's: a payback ends when its end is told, and room for a gift
//! is set aside by the receiver before the giver decides.

use super::{Kept, Person, Remembered};
use crate::program::Program;
use crate::voucher::{
    Asked, Gift, MerchantFacts, PaybackAnswer, PaybackCause, Spend, VoucherState,
};
use crate::{
    Event, Month, MoveId, PersonKey, ProgramId, PurchaseId, Refusal, Rules, StoredEvent, Timestamp,
    Voucher, VoucherId, Won,
};
use wallet::{Expected, Held};

mod apply;
mod wallet;

pub use apply::answer_of;
pub(super) use wallet::Wallet;

/// A spend as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendAsk {
    /// The id that it will have.
    pub id: MoveId,
    /// From which voucher.
    pub voucher: VoucherId,
    /// Whom; absent when there is no such merchant.
    pub merchant: Option<MerchantFacts>,
    /// How much.
    pub amount: Won,
    /// Under which key.
    pub asked: Asked,
}

/// What is to be paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaybackOf {
    /// A purchase, in full.
    Purchase(PurchaseId),
    /// What is left in a voucher.
    Voucher(VoucherId),
}

/// A cancel or a refund as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaybackAsk {
    /// The id that it will have.
    pub id: MoveId,
    /// Of what.
    pub of: PaybackOf,
    /// Under which key.
    pub asked: Asked,
}

/// A gift as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftAsk {
    /// The id that it will have.
    pub id: MoveId,
    /// Out of which voucher.
    pub voucher: VoucherId,
    /// To whom: somebody else.
    pub to: PersonKey,
    /// Whether they signed up.
    pub is_receiver_registered: bool,
    /// How much.
    pub amount: Won,
    /// Under which key.
    pub asked: Asked,
}

/// What the key of a move was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveAnswer {
    /// The spend.
    Spent(Box<Spend>),
    /// The cancel or refund, done or on its way.
    PaidBack(Box<PaybackAnswer>),
    /// The gift.
    Gifted(Box<Gift>),
    /// The refusal.
    Refused(Refusal),
}

/// What a move comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveDecision {
    /// The key was seen: the same answer again.
    Replay(MoveAnswer),
    /// It is done by this.
    Do(Box<Event>),
}

impl Person {
    /// A person from the store: what was bought, and what became of it. The two lie in streams
    /// without an order between them.
    #[must_use]
    pub fn replay_with_moves(
        me: PersonKey,
        events: &[StoredEvent],
        moves: &[StoredEvent],
    ) -> Person {
        let mut person = Person::default();
        // First what cancels gave back: purchases may have been decided on top of it.
        for stored in moves {
            if let Event::PaidBack { of, payback } = &stored.event {
                person.give_month_back(&of.program, payback);
            }
        }
        events.iter().for_each(|stored| person.apply(&stored.event));
        moves.iter().for_each(|stored| person.apply_but_month(me, &stored.event));
        person
    }

    /// Of which program a voucher of this person is, or will be once it is paid.
    #[must_use]
    pub fn program_of(&self, voucher: VoucherId) -> Option<&ProgramId> {
        let held = self.wallet.vouchers.get(&voucher).map(|held| &held.voucher.program);
        let pending = self.pending.get(&PurchaseId(voucher.0));
        held.or(pending.map(|purchase| &purchase.program))
    }

    /// All vouchers as they stand, newest first. `program`: the program of a name.
    #[must_use]
    pub fn vouchers<'p>(
        &self,
        now: Timestamp,
        program: impl Fn(&ProgramId) -> Option<&'p Program>,
    ) -> Vec<Voucher> {
        let held = self.wallet.vouchers.values();
        let view = |held: &Held| held.view(program(&held.voucher.program), now);
        let mut all: Vec<Voucher> = held.map(|held| view(held)).collect();
        all.sort_unstable_by_key(|voucher| std::cmp::Reverse(voucher.id));
        all
    }

    /// Whether a payback of this name is on its way.
    #[must_use]
    pub fn is_paying_back(&self, voucher: VoucherId, id: MoveId) -> bool {
        let open = self.wallet.vouchers.get(&voucher).and_then(|held| held.open.as_deref());
        open.is_some_and(|(of, _)| of.id == id)
    }

    fn held(&self, voucher: VoucherId) -> Result<&Held, Refusal> {
        self.wallet.vouchers.get(&voucher).map(|held| &**held).ok_or(Refusal::VoucherNotFound)
    }

    /// What a key was answered, if it was used before.
    ///
    /// # Errors
    /// `IdempotencyKeyReused` when it was for something else.
    pub fn answered(&self, asked: &Asked) -> Result<Option<MoveAnswer>, Refusal> {
        match self.keys.get(&asked.key).map(|remembered| &**remembered) {
            None => Ok(None),
            Some(Remembered { digest, answer: Kept::Move(answer) }) if *digest == asked.digest => {
                Ok(Some(answer.clone()))
            }
            Some(_) => Err(Refusal::IdempotencyKeyReused),
        }
    }

    /// Whether a merchant is paid. `program`: that of the voucher.
    ///
    /// # Errors
    /// The first refusal that applies.
    pub fn decide_spend(
        &self,
        now: Timestamp,
        ask: &SpendAsk,
        program: Option<&Program>,
    ) -> Result<MoveDecision, Refusal> {
        if let Some(answer) = self.answered(&ask.asked)? {
            return Ok(MoveDecision::Replay(answer));
        }
        check_positive(ask.amount)?;
        let held = self.held(ask.voucher)?;
        let merchant = ask.merchant.as_ref().ok_or(Refusal::MerchantNotFound)?;
        let program = program.ok_or(Refusal::Unavailable)?;
        held.check_active(program, now)?;
        let is_of_region = held.rules(program).regions.contains(&merchant.region);
        if !is_of_region || !merchant.takes(&held.voucher.program) {
            return Err(Refusal::WrongRegion);
        }
        held.check_balance(ask.amount)?;
        self.check_keys()?;
        // From here it must succeed.
        Ok(MoveDecision::Do(Box::new(Event::Spent {
            of: held.next_move(ask.id, now, Some(ask.asked.clone())),
            merchant: merchant.id.clone(),
            amount: ask.amount,
            balance_after: held.voucher.balance.minus(ask.amount),
        })))
    }

    /// Whether money goes back. `program`: that of the voucher.
    ///
    /// # Errors
    /// The first refusal that applies.
    pub fn decide_payback(
        &self,
        now: Timestamp,
        ask: &PaybackAsk,
        program: Option<&Program>,
    ) -> Result<MoveDecision, Refusal> {
        if let Some(answer) = self.answered(&ask.asked)? {
            return Ok(MoveDecision::Replay(answer));
        }
        let (cause, held) = match ask.of {
            PaybackOf::Purchase(purchase) if self.pending.contains_key(&purchase) => {
                return Err(Refusal::VoucherNotActive);
            }
            PaybackOf::Purchase(purchase) => {
                let held = self.wallet.vouchers.get(&purchase.into());
                let held = held.filter(|held| held.voucher.purchase == Some(purchase));
                (PaybackCause::Cancel, &**held.ok_or(Refusal::PurchaseNotFound)?)
            }
            PaybackOf::Voucher(voucher) => (PaybackCause::Refund, self.held(voucher)?),
        };
        let program = program.ok_or(Refusal::Unavailable)?;
        held.check_active(program, now)?;
        let (rules, voucher) = (held.rules(program), &held.voucher);
        match cause {
            PaybackCause::Cancel if voucher.balance != voucher.amount => {
                return Err(Refusal::AlreadySpent);
            }
            PaybackCause::Cancel => {}
            PaybackCause::Refund => Person::check_refund(held, rules)?,
        }
        self.check_keys()?;
        // From here it must succeed.
        let payback = held.payback(cause, rules);
        // Nothing is asked of a rail that has nothing to give back.
        let request = held.request.as_ref().filter(|_| payback.price > Won::ZERO);
        Ok(MoveDecision::Do(Box::new(Event::PaybackSent {
            of: held.next_move(ask.id, now, Some(ask.asked.clone())),
            purchase_at: voucher.bought_at,
            request: request.map(|request| request.to_string()),
            payback,
        })))
    }

    fn check_refund(held: &Held, rules: &Rules) -> Result<(), Refusal> {
        if held.voucher.gift.is_some() {
            return Err(Refusal::GiftNotRefundable);
        }
        if held.voucher.balance == Won::ZERO {
            return Err(Refusal::InsufficientBalance { balance_won: Won::ZERO });
        }
        let (spent_bps, threshold_bps) = (held.spent_bps(), rules.refund_threshold_bps);
        if spent_bps < threshold_bps {
            return Err(Refusal::BelowRefundThreshold { spent_bps, threshold_bps });
        }
        Ok(())
    }

    /// The end of a payback, as the rail says it; nothing when it has ended, or never began.
    #[must_use]
    pub fn decide_payback_end(
        &self,
        now: Timestamp,
        voucher: VoucherId,
        id: MoveId,
        is_paid: bool,
    ) -> Option<Event> {
        let held = self.wallet.vouchers.get(&voucher)?;
        let (_, payback) = held.open.as_deref().filter(|(of, _)| of.id == id)?;
        let (of, payback) = (held.next_move(id, now, None), payback.clone());
        Some(match is_paid {
            true => Event::PaidBack { of, payback },
            false => Event::PaybackRefused { of, payback },
        })
    }

    /// Whether some of a voucher is given away. `program`: that of the voucher; `month`: what the
    /// receiver set room aside in.
    ///
    /// # Errors
    /// The first refusal that applies.
    pub fn decide_gift(
        &self,
        now: Timestamp,
        ask: &GiftAsk,
        program: Option<&Program>,
        month: Month,
    ) -> Result<MoveDecision, Refusal> {
        if let Some(answer) = self.answered(&ask.asked)? {
            return Ok(MoveDecision::Replay(answer));
        }
        check_positive(ask.amount)?;
        let held = self.held(ask.voucher)?;
        if !ask.is_receiver_registered {
            return Err(Refusal::ReceiverNotFound);
        }
        let program = program.ok_or(Refusal::Unavailable)?;
        let unit = held.rules(program).unit_won;
        if !ask.amount.is_positive_multiple_of(unit) {
            return Err(Refusal::InvalidAmount { unit_won: Some(unit), monthly_limit_won: None });
        }
        held.check_active(program, now)?;
        held.check_balance(ask.amount)?;
        self.check_keys()?;
        // From here it must succeed.
        let (voucher, subsidy) = (&held.voucher, held.subsidy_of(ask.amount));
        Ok(MoveDecision::Do(Box::new(Event::Gifted {
            of: held.next_move(ask.id, now, Some(ask.asked.clone())),
            to: ask.to,
            round: voucher.round.clone(),
            channel: voucher.channel.clone(),
            bought_at: voucher.bought_at,
            month,
            amount: ask.amount,
            price: ask.amount.minus(subsidy),
            subsidy,
            balance_after: voucher.balance.minus(ask.amount),
            expires_at: held.expires_at(program),
        })))
    }

    /// Sets room aside for a gift that somebody means to give; answers the month that it counts
    /// against. `rules`: those of today.
    ///
    /// # Errors
    /// `ReceiverLimitExceeded`.
    pub fn expect_gift(
        &mut self,
        now: Timestamp,
        id: MoveId,
        (program, rules): (&ProgramId, &Rules),
        amount: Won,
    ) -> Result<Month, Refusal> {
        let month = Month::of(now);
        let account = self.accounts.get(program);
        let received = account.and_then(|account| account.received.get(&month).copied());
        let received =
            received.unwrap_or_default().plus(self.wallet.expected(program, Some(month)));
        let is_over = |limit: Won| received.plus(amount) > limit;
        if rules.after_sale.gift_limit_won.is_some_and(is_over)
            || amount > self.limits(program, rules, now).room
        {
            return Err(Refusal::ReceiverLimitExceeded);
        }
        let expected = Expected { program: program.clone(), month, amount };
        let former = self.wallet.expected.insert(id, expected);
        assert!(former.is_none(), "OR-2: room was set aside twice for one gift");
        Ok(month)
    }

    /// A gift that was expected does not come: its room is free again.
    pub fn release_gift(&mut self, id: MoveId) {
        self.wallet.expected.remove(&id);
    }

    /// The end of a voucher whose time is over; nothing when it is not, or nothing is left.
    #[must_use]
    pub fn decide_expire(
        &self,
        now: Timestamp,
        voucher: VoucherId,
        id: MoveId,
        program: &Program,
    ) -> Option<Event> {
        let held = self.wallet.vouchers.get(&voucher)?;
        let is_due = held.voucher.state == VoucherState::Active
            && held.is_over(program, now)
            && held.voucher.balance > Won::ZERO;
        let amount = held.voucher.balance;
        is_due.then(|| Event::Expired { of: held.next_move(id, now, None), amount })
    }
}

fn check_positive(amount: Won) -> Result<(), Refusal> {
    if amount <= Won::ZERO || amount > Won::MAX_REQUEST {
        return Err(Refusal::InvalidAmount { unit_won: None, monthly_limit_won: None });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
