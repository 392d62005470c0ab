//! What moves of vouchers do to a person: live and in recovery alike.

use super::super::{Kept, Person};
use super::MoveAnswer;
use super::wallet::Held;
use crate::voucher::{
    Gift, Payback, PaybackAnswer, PaybackCause, Spend, VoucherMove, VoucherState,
};
use crate::{Event, PersonKey, ProgramId, Refusal, Voucher, Won};

impl Person {
    /// Takes a move in that is decided and not durable yet: what it frees counts as taken until
    /// [`Person::settle_move`].
    pub fn begin_move(&mut self, me: PersonKey, event: &Event) {
        let (freed, program) = freed_by(me, event);
        if let Some(program) = program {
            let account = self.accounts.entry(program.clone()).or_default();
            account.unsettled = account.unsettled.plus(freed);
        }
        self.apply_move(me, event);
    }

    /// What [`Person::begin_move`] took in is durable.
    pub fn settle_move(&mut self, me: PersonKey, event: &Event) {
        let (freed, Some(program)) = freed_by(me, event) else { return };
        let account = self.accounts.entry(program.clone()).or_default();
        account.unsettled = account.unsettled.minus(freed);
        assert!(account.unsettled >= Won::ZERO, "OR-2: more is durable than was decided");
    }

    /// Takes an event of a vouchers' stream in.
    ///
    /// # Panics
    /// When the event contradicts what stands: the actor is then rebuilt from the store.
    pub fn apply_move(&mut self, me: PersonKey, event: &Event) {
        self.apply_but_month(me, event);
        if let Event::PaidBack { of, payback } = event {
            self.give_month_back(&of.program, payback);
        }
    }

    pub(super) fn give_month_back(&mut self, program: &ProgramId, payback: &Payback) {
        let Some(month) = payback.month_back else { return };
        let account = self.accounts.entry(program.clone()).or_default();
        let returned = account.returned.entry(month).or_default();
        *returned = returned.plus(payback.amount);
    }

    pub(super) fn apply_but_month(&mut self, me: PersonKey, event: &Event) {
        match event {
            Event::Refused { key, digest, refusal, .. } => {
                let answer = Kept::Move(MoveAnswer::Refused(refusal.clone()));
                self.remember_refusal(key, *digest, answer);
            }
            Event::Gifted { to, .. } if *to == me => self.receive(event),
            _ => {
                let Some(of) = event.voucher_move() else { return };
                let begun = self.take_step(of, event);
                self.remember_move(of, begun, event);
            }
        }
    }

    /// What an event does to a voucher that this person has; answers what began the payback that
    /// it ends.
    fn take_step(&mut self, of: &VoucherMove, event: &Event) -> Option<VoucherMove> {
        let held = self.wallet.vouchers.get_mut(&of.voucher);
        let held = held.expect("OR-7: something happened to a voucher that is not there");
        held.moves += 1;
        assert_eq!(held.moves, of.number, "OR-7: a step of a voucher is missing");
        let is_open = held.open.as_ref().is_some_and(|open| open.0.id == of.id);
        let voucher = &mut held.voucher;
        let mut left = Won::ZERO;
        match event {
            Event::Spent { amount, balance_after, .. } => {
                left = *amount;
                voucher.spent = voucher.spent.plus(left);
                assert_eq!(voucher.balance.minus(left), *balance_after, "OR-7: another balance");
            }
            Event::Gifted { amount, balance_after, .. } => {
                left = *amount;
                voucher.given = voucher.given.plus(left);
                assert_eq!(voucher.balance.minus(left), *balance_after, "OR-7: another balance");
            }
            Event::Expired { amount, .. } => {
                left = *amount;
                assert_eq!(voucher.balance, left, "OR-7: another balance");
            }
            Event::PaidBack { payback, .. } => {
                left = payback.amount;
                assert!(is_open && voucher.balance == left, "OR-7: paid back what was not sent");
            }
            Event::PaybackSent { payback, .. } => {
                assert_eq!(voucher.balance, payback.amount, "OR-7: another balance");
            }
            Event::PaybackRefused { .. } => assert!(is_open, "OR-7: refused what was not sent"),
            _ => {}
        }
        let is_end = matches!(event, Event::PaidBack { .. } | Event::PaybackRefused { .. });
        let is_free = voucher.state == VoucherState::Active;
        assert!(is_free != is_end, "OR-7: a voucher was used while or after it was paid back");
        voucher.balance = voucher.balance.minus(left);
        assert!(voucher.balance >= Won::ZERO, "OR-7: more was taken than there was");
        voucher.state = match event {
            Event::PaybackSent { .. } => VoucherState::PayingBack,
            Event::Expired { .. } => VoucherState::Expired,
            Event::PaidBack { payback, .. } if payback.cause == PaybackCause::Cancel => {
                VoucherState::Cancelled
            }
            Event::PaidBack { .. } => VoucherState::Refunded,
            _ => VoucherState::Active,
        };
        let open = match event {
            Event::PaybackSent { payback, .. } => Some(Box::new((of.clone(), payback.clone()))),
            _ => None,
        };
        let begun = std::mem::replace(&mut held.open, open);
        let account = self.accounts.entry(of.program.clone()).or_default();
        account.holding = account.holding.minus(left);
        assert!(account.holding >= Won::ZERO, "OR-2: less than nothing is held");
        begun.map(|begun| begun.0)
    }

    /// Somebody gave this person something: it is a voucher of theirs from here on.
    fn receive(&mut self, event: &Event) {
        let Event::Gifted {
            of,
            to,
            round,
            channel,
            bought_at,
            month,
            amount,
            price,
            subsidy,
            expires_at,
            ..
        } = event
        else {
            return;
        };
        self.wallet.expected.remove(&of.id);
        let voucher = Voucher {
            id: of.id.into(),
            program: of.program.clone(),
            round: round.clone(),
            person: *to,
            purchase: None,
            gift: Some(of.id),
            channel: channel.clone(),
            amount: *amount,
            price: *price,
            subsidy: *subsidy,
            balance: *amount,
            spent: Won::ZERO,
            given: Won::ZERO,
            state: VoucherState::Active,
            bought_at: *bought_at,
            expires_at: *expires_at,
        };
        let held = Box::new(Held { voucher, month: None, request: None, moves: 0, open: None });
        let former = self.wallet.vouchers.insert(of.id.into(), held);
        assert!(former.is_none(), "OR-3: a gift was received twice");
        let account = self.accounts.entry(of.program.clone()).or_default();
        account.holding = account.holding.plus(*amount);
        let received = account.received.entry(*month).or_default();
        *received = received.plus(*amount);
    }

    /// What the key of a move is answered from here on.
    fn remember_move(&mut self, of: &VoucherMove, begun: Option<VoucherMove>, event: &Event) {
        let Some(answer) = answer_of(event) else { return };
        if let Some(asked) = &of.asked {
            return self.remember(&asked.key, asked.digest, Kept::Move(answer));
        }
        let asked = begun.as_ref().and_then(|begun| begun.asked.as_ref());
        let (Some(begun), Some(asked)) = (&begun, asked) else { return };
        let remembered = self.keys.get_mut(&asked.key);
        let remembered = remembered.expect("OR-4: an end without a beginning");
        let is_open = |kept: &Kept| match kept {
            Kept::Move(MoveAnswer::PaidBack(open)) => open.id == begun.id && !open.is_done,
            _ => false,
        };
        assert!(is_open(&remembered.answer), "OR-4: a key was answered twice");
        // Its moment stays that of its beginning.
        remembered.answer = Kept::Move(match answer {
            MoveAnswer::PaidBack(end) => {
                MoveAnswer::PaidBack(Box::new(PaybackAnswer { at: begun.at, ..*end }))
            }
            other => other,
        });
    }
}

/// What leaves a holding of this person by an event that is applied when it is decided.
fn freed_by(me: PersonKey, event: &Event) -> (Won, Option<&ProgramId>) {
    match event {
        Event::Spent { of, amount, .. }
        | Event::Gifted { of, amount, .. }
        | Event::Expired { of, amount }
            if of.person == me =>
        {
            (*amount, Some(&of.program))
        }
        _ => (Won::ZERO, None),
    }
}

/// What the person whose voucher it is was told with an event.
#[must_use]
pub fn answer_of(event: &Event) -> Option<MoveAnswer> {
    let payback = |of: &VoucherMove, payback: &Payback, is_done| {
        MoveAnswer::PaidBack(Box::new(PaybackAnswer {
            id: of.id,
            voucher: of.voucher,
            program: of.program.clone(),
            payback: payback.clone(),
            is_done,
            at: of.at,
        }))
    };
    match event {
        Event::Spent { of, merchant, amount, balance_after } => {
            Some(MoveAnswer::Spent(Box::new(Spend {
                id: of.id,
                voucher: of.voucher,
                program: of.program.clone(),
                merchant: merchant.clone(),
                amount: *amount,
                balance_after: *balance_after,
                at: of.at,
            })))
        }
        Event::Gifted { of, to, amount, balance_after, expires_at, .. } => {
            Some(MoveAnswer::Gifted(Box::new(Gift {
                id: of.id,
                voucher: of.voucher,
                program: of.program.clone(),
                to: *to,
                amount: *amount,
                balance_after: *balance_after,
                expires_at: *expires_at,
                at: of.at,
            })))
        }
        Event::PaybackSent { of, payback: it, .. } => Some(payback(of, it, false)),
        Event::PaidBack { of, payback: it } => Some(payback(of, it, true)),
        Event::PaybackRefused { .. } => Some(MoveAnswer::Refused(Refusal::PaybackDeclined)),
        _ => None,
    }
}
