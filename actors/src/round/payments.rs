//! The payments of a round as its till drives them: each step is decided here, made durable, and
//! only then acted on.

use super::RoundShell;
use crate::committer::CommitFailed;
use crate::handle::{Ctx, Reply, Serve};
use crate::shared::RoundRef;
use crate::till::{Announced, Next, Unsent};
use openrun_core::payment::{PaymentPhase, RailAnswer};
use openrun_core::round::NextStep;
use openrun_core::till::day_of;
use openrun_core::{Event, PersonKey, Purchase, PurchaseId, Timestamp};

/// What does this payment need next?
pub(crate) struct AskStep {
    pub id: PurchaseId,
    /// Whether a voided one is to be looked at once more.
    pub is_look: bool,
}

/// The rail is about to be called: answers whether it may, once that is durable.
pub(crate) struct SendPayment {
    pub id: PurchaseId,
    pub sent_at: Timestamp,
    pub request: String,
}

/// What the rail said.
pub(crate) struct RailSaid {
    pub id: PurchaseId,
    pub answer: RailAnswer,
    /// When it was asked.
    pub asked_at: Timestamp,
}

/// A hold has waited too long to be sent.
pub(crate) struct ExpireHold(pub PurchaseId);

/// A voided payment was looked at for the last time.
pub(crate) struct ForgetPayment(pub PurchaseId);

/// How the till gets a hold.
pub(super) fn unsent_of(purchase: &Purchase) -> Unsent {
    Unsent { id: purchase.id, price: purchase.price, since: purchase.at }
}

/// Tell the till what is open: it was started anew.
pub(crate) struct Announce;

/// A pass with less than this to live is over: longer than a tick of its shard.
const PASS_LAST_MILLIS: i64 = 2_000;

impl RoundShell {
    /// Tells the till about every payment whose end is to come: the round was read from the store,
    /// or the till is new.
    pub(super) fn announce(&self) {
        let (Some(till), Some(shared)) = (&self.around.till, self.shared.upgrade()) else { return };
        let (mut unsent, mut sent, mut voided) = (Vec::new(), Vec::new(), Vec::new());
        for payment in self.round.watched_payments() {
            match payment.phase {
                PaymentPhase::Held => unsent.push(unsent_of(&payment.purchase)),
                PaymentPhase::Voided => voided.push(payment.purchase.id),
                _ => sent.push(payment.purchase.id),
            }
        }
        let sent_today = self.round.sent_on(day_of(self.around.clock.now()));
        till.handle.tell(Announced { round: RoundRef(shared), unsent, sent, voided, sent_today });
    }

    /// Applies a step of a payment, writes it, and then does what follows from it.
    fn take_payment_step(&mut self, event: Event, reply: Reply<Next>) {
        let now = self.around.clock.now();
        let ended = self.end_of(&event);
        if let Event::Voided { purchase, .. } = &event {
            self.free_pass(*purchase, now);
        }
        self.round.apply(&event);
        let next = match &event {
            Event::CancelSent { .. } => Next::Now,
            Event::ReturnSent { .. } => {
                metrics::counter!("openrun_late_money_total").increment(1);
                Next::Now
            }
            Event::Voided { reason, .. } => {
                let word = reason.word();
                metrics::counter!("openrun_voids_total", "reason" => word).increment(1);
                if reason.is_watched() { Next::LookLater } else { Next::Ended }
            }
            _ => Next::Ended,
        };
        if let Event::Issued { purchase } = &event {
            self.figures.bought(purchase.amount);
        }
        let tell = self.around.till.as_ref().map(|till| till.tell_person.clone());
        self.around.journal.append_then(now, vec![event.clone()], move |outcome| {
            if outcome.is_err() {
                // The round is rebuilt from the store and announces what stands there.
                return reply.send(Next::Again);
            }
            if let (Some(person), Some(tell)) = (ended, tell) {
                tell(person, event);
            }
            reply.send(next);
        });
    }

    /// Whose payment ends with this event.
    fn end_of(&self, event: &Event) -> Option<PersonKey> {
        match event {
            Event::Issued { purchase } => Some(purchase.person),
            Event::Voided { person, .. } => Some(*person),
            _ => None,
        }
    }

    /// The pass of a hold that comes to nothing is good again for as long as it lives.
    fn free_pass(&self, id: PurchaseId, now: Timestamp) {
        let Some(payment) = self.round.payment(id) else { return };
        let pass = payment.purchase.pass;
        let line = self.shared.upgrade().and_then(|shared| shared.line(pass.line));
        if let Some(line) = line {
            let had_bought = {
                // Not for its last moment: its shard may have looked for what expires already.
                let is_good = now.plus_millis(PASS_LAST_MILLIS) < payment.pass_expires_at;
                line.places.unbuy(pass.number, is_good)
            };
            assert!(had_bought, "OR-9: a pass that was not used is free again");
        }
    }
}

impl Serve<AskStep> for RoundShell {
    type Answer = NextStep;

    fn serve(&mut self, ask: AskStep, reply: Reply<NextStep>, _ctx: &mut Ctx<Self>) {
        if self.is_retired {
            return;
        }
        let step = self.round.next_step(ask.id, ask.is_look);
        // Only what is durable is acted on.
        self.around.journal.append_then(self.around.clock.now(), Vec::new(), move |outcome| {
            if outcome.is_ok() {
                reply.send(step);
            }
        });
    }
}

impl Serve<SendPayment> for RoundShell {
    type Answer = bool;

    fn serve(&mut self, ask: SendPayment, reply: Reply<bool>, _ctx: &mut Ctx<Self>) {
        if self.is_retired {
            return;
        }
        let SendPayment { id, sent_at, request } = ask;
        let Some(event) = self.round.decide_send(sent_at, id, request) else {
            return reply.send(false);
        };
        self.round.apply(&event);
        let person = self.round.payment(id).map(|payment| payment.purchase.person);
        let tell = self.around.till.as_ref().map(|till| till.tell_person.clone());
        self.around.journal.append_then(sent_at, vec![event.clone()], move |outcome| {
            if let (Ok(()), Some(person), Some(tell)) = (outcome, person, tell) {
                tell(person, event);
            }
            reply.send(outcome.map_err(|CommitFailed| ()).is_ok());
        });
    }
}

impl Serve<RailSaid> for RoundShell {
    type Answer = Next;

    fn serve(&mut self, said: RailSaid, reply: Reply<Next>, _ctx: &mut Ctx<Self>) {
        let Some(finality) = self.around.till.as_ref().map(|till| till.finality_millis) else {
            return;
        };
        if self.is_retired {
            return;
        }
        match self.round.decide_answer(said.asked_at, said.id, finality, said.answer) {
            Some(event) => self.take_payment_step(event, reply),
            None => {
                let is_open = self.round.payment(said.id).is_some_and(|payment| payment.is_open());
                let says_nothing = matches!(said.answer, RailAnswer::Unknown | RailAnswer::Pending);
                reply.send(if is_open || says_nothing { Next::Again } else { Next::Ended });
            }
        }
    }
}

impl Serve<ExpireHold> for RoundShell {
    type Answer = Next;

    fn serve(&mut self, expire: ExpireHold, reply: Reply<Next>, _ctx: &mut Ctx<Self>) {
        if self.is_retired {
            return;
        }
        match self.round.decide_expire(expire.0) {
            Some(event) => self.take_payment_step(event, reply),
            // It was sent, or has ended: find out.
            None => reply.send(Next::Again),
        }
    }
}

impl Serve<ForgetPayment> for RoundShell {
    type Answer = ();

    fn serve(&mut self, forget: ForgetPayment, reply: Reply<()>, _ctx: &mut Ctx<Self>) {
        self.round.forget_payment(forget.0);
        reply.send(());
    }
}

impl Serve<Announce> for RoundShell {
    type Answer = ();

    fn serve(&mut self, _: Announce, reply: Reply<()>, _ctx: &mut Ctx<Self>) {
        if !self.is_retired {
            self.announce();
        }
        reply.send(());
    }
}
