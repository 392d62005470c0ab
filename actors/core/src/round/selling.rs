//! What a round sells: in a line to whoever shows a pass, at a counter to whoever stands there.
//!
//! Each sells from windows of its own. A line never sells what is set aside for the counter, and a
//! counter nothing else. What a counter hands over is a voucher on paper with a serial number:
//! 1, 2, 3, ... in each round, without a gap. It knows no limits: the person decided them before.

use super::{PurchaseOrder, Round, Window, WindowPhase};
use crate::places::Phase;
use crate::purchase::{PassId, Purchase, PurchaseState};
use crate::round_spec::LineId;
use crate::{Event, Refusal, Timestamp, Who};

impl Round {
    /// Whether a purchase can be made from this round's stock; it is issued at once.
    ///
    /// # Errors
    /// `RoundNotOpen`, `NotEligible`, `PassInvalid`, `SoldOut` or `InsufficientStock`, in this
    /// order. A counter needs no pass.
    pub fn decide_purchase(
        &self,
        now: Timestamp,
        order: &PurchaseOrder,
    ) -> Result<Purchase, Refusal> {
        if !self.state.is_selling() {
            return Err(Refusal::RoundNotOpen { state: self.state, opens_at: None });
        }
        if let Some(who) = &order.at_counter {
            return self.decide_at_counter(now, order, who);
        }
        let open = self.open_window_of(order.pass.line).filter(|w| now < w.spec.closes_at);
        let Some(window) = open else {
            return Err(Refusal::NotEligible { opens_at: None });
        };
        let PassId { line, number } = order.pass;
        if number == 0 || number > self.lines[line.index()].watermark {
            return Err(Refusal::PassInvalid);
        }
        window.stock.decide_hold(order.amount)?;
        // From here it must succeed.
        Ok(self.purchase_of(now, order, window, order.pass))
    }

    /// A counter sells to whom its windows admit, without a pass: from the first of them that has
    /// the amount, and what it hands over gets the next serial number of the round. When none has,
    /// the answer is that of the one with the most left, so that nobody hears that all is sold
    /// while another window of theirs still sells.
    fn decide_at_counter(
        &self,
        now: Timestamp,
        order: &PurchaseOrder,
        who: &Who,
    ) -> Result<Purchase, Refusal> {
        let theirs = |w: &&Window| {
            w.sells_at_counter(now) && w.spec.eligibility.admits(who, w.spec.opens_at)
        };
        let windows = || self.windows.iter().filter(theirs);
        let has_enough = |w: &&Window| w.stock.left >= order.amount;
        let window = windows().find(has_enough).or(windows().max_by_key(|w| w.stock.left));
        let window = window.ok_or(Refusal::NotEligible { opens_at: None })?;
        window.stock.decide_hold(order.amount)?;
        // From here it must succeed.
        Ok(self.purchase_of(now, order, window, PassId::serial(self.last_serial + 1)))
    }

    fn purchase_of(
        &self,
        now: Timestamp,
        order: &PurchaseOrder,
        window: &Window,
        pass: PassId,
    ) -> Purchase {
        assert_eq!(pass.is_at_counter(), !window.spec.sold_at.is_line(), "OR-9: {pass:?}");
        let (price, subsidy) = order.rules.price_and_subsidy(order.amount);
        Purchase {
            id: order.id,
            round: self.spec.id.clone(),
            window: window.spec.id.clone(),
            program: self.spec.program_id.clone(),
            person: order.person,
            channel: order.channel.clone(),
            amount: order.amount,
            price,
            subsidy,
            month: order.month,
            pass,
            key: order.key.clone(),
            digest: order.digest,
            at: now,
            left_after: window.stock.left.minus(order.amount),
            used_after: order.used_after,
            monthly_limit: order.rules.monthly_limit_won,
            state: PurchaseState::Issued,
        }
    }

    /// Whether a pass can be used, by the phase of its number.
    ///
    /// # Errors
    /// `PassExpired` when its time is over, `PassUsed` when it has bought, `PassInvalid` when its
    /// person left.
    pub fn check_pass(
        &self,
        now: Timestamp,
        phase: Phase,
        expires_at: Timestamp,
    ) -> Result<(), Refusal> {
        match phase {
            _ if now >= expires_at => Err(Refusal::PassExpired),
            Phase::Bought => Err(Refusal::PassUsed),
            Phase::Left => Err(Refusal::PassInvalid),
            _ => Ok(()),
        }
    }

    /// What the store may have lost of the turn that a valid pass proves: its join, its claim.
    /// Written with the purchase, so that the journal tells the whole story.
    #[must_use]
    pub fn lost_turn_events(
        &self,
        phase: Phase,
        order: &PurchaseOrder,
        expires_at: Timestamp,
    ) -> Vec<Event> {
        let (round, person) = (self.spec.id.clone(), order.person);
        let PassId { line, number } = order.pass;
        let joined = Event::Joined { round: round.clone(), line, number, person, dead_up_to: 0 };
        let claimed = Event::Claimed { round, line, number, person, expires_at };
        match phase {
            Phase::Unknown | Phase::Vacant => vec![joined, claimed],
            // Lapsed though its pass is good: it was claimed, and the claim was lost.
            Phase::Waiting | Phase::Lapsed | Phase::Returned | Phase::Called => vec![claimed],
            _ => Vec::new(),
        }
    }

    /// The window that sells to this line now.
    #[must_use]
    pub fn open_window_of(&self, line: LineId) -> Option<&Window> {
        let of_line = self.lines.get(line.index()).filter(|_| !self.spec.is_lobby(line));
        let eligibility = &of_line?.eligibility;
        self.windows.iter().find(|w| w.phase == WindowPhase::Open && w.spec.is_of_line(eligibility))
    }

    /// A purchase that takes its stock: what was handed over has the next serial number.
    pub(super) fn note_serial(&mut self, purchase: &Purchase) {
        let Some(serial) = purchase.serial_number() else { return };
        assert_eq!(serial, self.last_serial + 1, "OR-6: a serial number left out, or given twice");
        self.last_serial = serial;
    }
}

impl Window {
    fn sells_at_counter(&self, now: Timestamp) -> bool {
        !self.spec.sold_at.is_line() && self.phase == WindowPhase::Open && now < self.spec.closes_at
    }
}

#[cfg(test)]
mod tests;
