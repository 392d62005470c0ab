//! The payments of a round: stock that is held until the rail has answered, and what becomes of it.
//!
//! Each step is one event, made durable before anything is done about it. A purchase is released in
//! one place only, by the event that voids it, so that expiry, decline and cancel cannot release
//! twice.

use super::{PurchaseOrder, Round, WindowPhase};
use crate::payment::{Payment, PaymentPhase, RailAnswer, Verdict, VoidReason};
use crate::purchase::{Purchase, PurchaseState};
use crate::till::day_of;
use crate::{Event, PurchaseId, Refusal, Timestamp, WindowId, Won};

/// What a payment needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// To be sent: it is held.
    Send(Box<Purchase>),
    /// To be asked about.
    Inquire(Box<str>),
    /// To be taken back, or barred.
    Cancel(Box<str>),
    /// Nothing: it has come to its end, or is not known here.
    Nothing,
}

impl Round {
    /// What a payment needs next. `is_look`: look once more at one that was voided.
    #[must_use]
    pub fn next_step(&self, id: PurchaseId, is_look: bool) -> NextStep {
        let Some(payment) = self.payments.get(&id) else { return NextStep::Nothing };
        let request = || payment.request.clone().unwrap_or_default();
        match payment.phase {
            PaymentPhase::Held => NextStep::Send(Box::new(payment.purchase.clone())),
            PaymentPhase::Sent { .. } => NextStep::Inquire(request()),
            PaymentPhase::Cancelling { .. } | PaymentPhase::Returning => {
                NextStep::Cancel(request())
            }
            PaymentPhase::Voided if is_look => NextStep::Inquire(request()),
            PaymentPhase::Voided => NextStep::Nothing,
        }
    }

    /// What was sent to the rail on a day of Seoul.
    #[must_use]
    pub fn sent_on(&self, day: i64) -> Won {
        self.sent_on.get(&day).copied().unwrap_or_default()
    }

    /// A payment under way, or one that was voided after the rail had been asked.
    #[must_use]
    pub fn payment(&self, id: PurchaseId) -> Option<&Payment> {
        self.payments.get(&id)
    }

    /// All payments that somebody must look at: those whose end is still to come, and those that
    /// were voided without the rail having said no, for money may turn up. What a till that starts
    /// goes on with.
    pub fn watched_payments(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// Whether a purchase can be held from this round's stock until the rail has answered.
    ///
    /// # Errors
    /// As [`Round::decide_purchase`].
    pub fn decide_hold(&self, now: Timestamp, order: &PurchaseOrder) -> Result<Purchase, Refusal> {
        assert!(order.at_counter.is_none(), "OR-7: what a teller was paid is not asked of a rail");
        let state = PurchaseState::Held;
        self.decide_purchase(now, order).map(|purchase| Purchase { state, ..purchase })
    }

    /// The payment may be sent: answers what must be durable before the rail is called. Nothing
    /// when it was sent or ended meanwhile.
    #[must_use]
    pub fn decide_send(
        &self,
        sent_at: Timestamp,
        id: PurchaseId,
        request: String,
    ) -> Option<Event> {
        let payment = self.payments.get(&id).filter(|payment| payment.is_unsent())?;
        let (round, person) = (self.spec.id.clone(), payment.purchase.person);
        Some(Event::PaymentSent { round, purchase: id, person, sent_at, request })
    }

    /// The hold has waited too long to be sent. Nothing when it was sent or ended meanwhile: no
    /// clock ends what the rail may know of.
    #[must_use]
    pub fn decide_expire(&self, id: PurchaseId) -> Option<Event> {
        let payment = self.payments.get(&id).filter(|payment| payment.is_unsent())?;
        Some(self.voided(&payment.purchase, VoidReason::Expired))
    }

    /// What an answer of the rail comes to; nothing when it must be asked again. `asked_at` is when
    /// the call was begun: see [`Payment::judge`].
    #[must_use]
    pub fn decide_answer(
        &self,
        asked_at: Timestamp,
        id: PurchaseId,
        finality_millis: i64,
        answer: RailAnswer,
    ) -> Option<Event> {
        let payment = self.payments.get(&id)?;
        let (round, purchase) = (self.spec.id.clone(), id);
        match payment.judge(asked_at, finality_millis, answer) {
            Verdict::AskAgain => None,
            Verdict::Issue => {
                let state = PurchaseState::Issued;
                Some(Event::Issued { purchase: Purchase { state, ..payment.purchase.clone() } })
            }
            Verdict::Void(reason) => Some(self.voided(&payment.purchase, reason)),
            Verdict::Cancel(reason) => Some(Event::CancelSent { round, purchase, reason }),
            Verdict::Return => {
                let RailAnswer::Approved { amount } = answer else { return None };
                Some(Event::ReturnSent { round, purchase, amount })
            }
            Verdict::Returned => Some(Event::Returned { round, purchase }),
        }
    }

    /// A voided payment that the rail swears to know nothing of needs no watching any more.
    pub fn forget_payment(&mut self, id: PurchaseId) {
        if self.payments.get(&id).is_some_and(|payment| payment.phase == PaymentPhase::Voided) {
            self.payments.remove(&id);
        }
    }

    fn voided(&self, purchase: &Purchase, reason: VoidReason) -> Event {
        Event::Voided {
            round: self.spec.id.clone(),
            purchase: purchase.id,
            person: purchase.person,
            window: purchase.window.clone(),
            back_to: self.window_for_returns(&purchase.window),
            amount: purchase.amount,
            reason,
        }
    }

    /// Whose stock a hold of this window is when it comes to nothing: its own, or that of the
    /// window to which the leftover has moved, as far as that can still sell.
    fn window_for_returns(&self, window: &WindowId) -> WindowId {
        let find = |id: &WindowId| self.windows.iter().find(|window| window.spec.id == *id);
        let mut at = find(window);
        // A chain is never longer than the windows are many.
        for _ in 0..self.windows.len() {
            match at {
                Some(over) if over.phase == WindowPhase::Over => {
                    at = over.spec.leftover_to.as_ref().and_then(find);
                }
                Some(alive) => return alive.spec.id.clone(),
                None => break,
            }
        }
        window.clone()
    }

    /// Takes an event of a payment in.
    pub(super) fn apply_payment(&mut self, event: &Event) {
        match event {
            Event::Held { purchase, pass_expires_at } => {
                self.take_stock(purchase);
                let payment = Payment {
                    purchase: purchase.clone(),
                    pass_expires_at: *pass_expires_at,
                    phase: PaymentPhase::Held,
                    request: None,
                };
                let former = self.payments.insert(purchase.id, payment);
                assert!(former.is_none(), "OR-3: a purchase was held twice");
            }
            Event::PaymentSent { purchase, sent_at, request, .. } => {
                let payment = self.payment_mut(*purchase);
                assert!(payment.is_unsent(), "OR-7: a payment was sent twice");
                payment.request = Some(request.as_str().into());
                payment.phase = PaymentPhase::Sent { at: *sent_at };
                let price = payment.purchase.price;
                let sent = self.sent_on.entry(day_of(*sent_at)).or_default();
                *sent = sent.plus(price);
            }
            Event::CancelSent { purchase, reason, .. } => {
                let payment = self.payment_mut(*purchase);
                let PaymentPhase::Sent { at: sent_at } = payment.phase else {
                    panic!("OR-7: cancelled in {:?}", payment.phase);
                };
                payment.phase = PaymentPhase::Cancelling { sent_at, reason: *reason };
            }
            Event::Issued { purchase } => match self.payments.remove(&purchase.id) {
                None => {
                    self.take_stock(purchase);
                    self.sell(purchase);
                }
                Some(held) => {
                    let is_sent = matches!(held.phase, PaymentPhase::Sent { .. });
                    assert!(is_sent, "OR-7: issued in {:?}", held.phase);
                    assert_eq!(held.purchase.amount, purchase.amount, "OR-7: another amount");
                    self.sell(purchase);
                }
            },
            Event::Voided { purchase, window, back_to, amount, reason, .. } => {
                self.release(*purchase, *reason);
                self.window_mut(window).stock.release(*amount);
                if back_to != window {
                    self.window_mut(window).passed_on(*amount);
                    self.window_mut(back_to).stock.move_in(*amount);
                }
            }
            Event::ReturnSent { purchase, .. } => {
                let payment = self.payment_mut(*purchase);
                assert!(payment.phase == PaymentPhase::Voided, "OR-7: {:?}", payment.phase);
                payment.phase = PaymentPhase::Returning;
            }
            Event::Returned { purchase, .. } => {
                let payment = self.payment_mut(*purchase);
                assert!(payment.phase == PaymentPhase::Returning, "OR-7: {:?}", payment.phase);
                payment.phase = PaymentPhase::Voided;
            }
            _ => {}
        }
    }

    fn take_stock(&mut self, purchase: &Purchase) {
        self.note_serial(purchase);
        let line = self.lines.get(purchase.pass.line.index());
        let watermark = line.map_or(0, |line| line.watermark);
        let window = self.window_mut(&purchase.window);
        window.stock.hold(purchase.amount);
        assert_eq!(window.stock.left, purchase.left_after, "OR-1: another stock than decided");
        window.taken(purchase.at, watermark);
    }

    fn sell(&mut self, purchase: &Purchase) {
        let window = self.window_mut(&purchase.window);
        window.stock.issue(purchase.amount);
        window.purchases += 1;
        let amount = u128::from(purchase.amount.0.unsigned_abs());
        window.squares = window.squares.saturating_add(amount * amount);
    }

    fn release(&mut self, id: PurchaseId, reason: VoidReason) {
        let payment = self.payment_mut(id);
        let may_be_voided = match payment.phase {
            PaymentPhase::Held => reason == VoidReason::Expired,
            PaymentPhase::Sent { .. } | PaymentPhase::Cancelling { .. } => reason.was_sent(),
            PaymentPhase::Voided | PaymentPhase::Returning => false,
        };
        assert!(may_be_voided, "OR-1: voided as {reason:?} in {:?}", payment.phase);
        payment.phase = PaymentPhase::Voided;
        if !reason.is_watched() {
            self.payments.remove(&id);
        }
    }

    fn payment_mut(&mut self, id: PurchaseId) -> &mut Payment {
        self.payments.get_mut(&id).expect("OR-3: a step of a payment that was never held")
    }
}

#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
