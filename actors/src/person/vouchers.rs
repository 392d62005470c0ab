//! What a person does with vouchers. The decisions are in [`openrun_core::person::vouchers`].
//!
//! A move waits for nothing: it is decided when it is asked for, whatever a purchase of the same
//! person waits for, and applied at once; its answer goes out after the commit. Every event of a
//! voucher is written by the actor of the person whose it is, so that they lie in the order in
//! which they were decided. When a commit is not plainly good, the actor decides nothing more.

use super::PersonShell;
use crate::committer::{CommitFailed, IntoActorFuture, Journal};
use crate::figures;
use crate::handle::{Ctx, Mailbox, Reply, Serve};
use crate::paybacks::{Begin, OpenPayback};
use actix::prelude::*;
use openrun_core::person::vouchers::answer_of;
use openrun_core::person::{GiftAsk, MoveAnswer, MoveDecision, PaybackAsk, PaybackOf, SpendAsk};
use openrun_core::voucher::{Asked, PaybackAnswer};
use openrun_core::{
    Event, IdempotencyKey, MoveId, Program, ProgramId, Refusal, Voucher, VoucherId,
};
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A stream whose store has owed an answer for so long is stuck, and gets no expiry on top: longer
/// than a slow flush.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// Pay a merchant.
pub(crate) struct Spending(pub SpendAsk);

/// Cancel or refund.
pub(crate) struct PayingBack(pub PaybackAsk);

/// What came of a move, and whether its key had this answer before.
#[derive(Debug, Clone)]
pub(crate) struct MoveAnswered {
    pub answer: Result<MoveAnswer, Refusal>,
    pub is_replay: bool,
}

/// The rail has answered: answers whether there is nothing left to be done.
pub(crate) struct PaybackHeard {
    pub voucher: VoucherId,
    pub id: MoveId,
    pub is_paid: bool,
}

/// The time of these vouchers may be over; answers how many have ended.
pub(crate) struct Expire(pub Vec<VoucherId>);

/// All vouchers of the person.
pub(crate) struct AskVouchers;

/// Vouchers of a person that are on the move.
#[derive(Default)]
pub(super) struct Moving {
    /// Events decided and not known to be durable.
    pub(super) in_flight: usize,
    /// Gifts whose receivers were asked, by key, with copies of the request that wait for them.
    pub(super) giving: HashMap<IdempotencyKey, Vec<(GiftAsk, Reply<MoveAnswered>)>>,
    /// Paybacks whose end is being written.
    ending: HashSet<MoveId>,
    /// Who waits for the end of which payback.
    payers: HashMap<MoveId, Vec<Payer>>,
}

/// Somebody who waits for a rail.
struct Payer {
    begun: Box<PaybackAnswer>,
    reply: Reply<MoveAnswered>,
    is_replay: bool,
}

/// What was decided and handed to its journal.
pub(super) struct Sent {
    pub(super) event: Event,
    /// The end of a payback that no rail is asked for.
    end: Option<Event>,
    pub(super) written: Pin<Box<dyn Future<Output = Result<(), CommitFailed>> + Send>>,
}

/// A program with the journal of its vouchers.
pub(super) type OfProgram = (Arc<Program>, Journal);

pub(super) fn fresh(answer: Result<MoveAnswer, Refusal>) -> MoveAnswered {
    MoveAnswered { answer, is_replay: false }
}

impl Moving {
    pub(super) fn is_asking_with(&self, key: &IdempotencyKey) -> bool {
        self.giving.contains_key(key)
    }
}

impl PersonShell {
    /// Another actor has taken over, or will.
    pub(super) fn is_over(&self) -> bool {
        self.is_retired || self.link.is_dismissed.load(Ordering::SeqCst)
    }

    pub(super) fn of_program(&self, program: &ProgramId) -> Option<OfProgram> {
        let slot = self.around.programs.get(program)?;
        Some((Arc::clone(&slot.program), slot.vouchers.clone()))
    }

    pub(super) fn of_voucher(&self, voucher: VoucherId) -> Option<OfProgram> {
        self.of_program(self.person.program_of(voucher)?)
    }

    /// Answers, or does what was decided.
    pub(super) fn finish(
        &mut self,
        decided: Result<MoveDecision, Refusal>,
        asked: &Asked,
        of: Option<OfProgram>,
        reply: Reply<MoveAnswered>,
        ctx: &mut Ctx<Self>,
    ) {
        match (decided, of) {
            (Ok(MoveDecision::Replay(_)), _) => self.replay(asked.clone(), reply, ctx),
            (Ok(MoveDecision::Do(event)), Some((_, journal))) => {
                self.write(*event, &journal, reply, ctx);
            }
            (Ok(MoveDecision::Do(_)), None) => reply.send(fresh(Err(Refusal::Unavailable))),
            (Err(refusal), Some((_, journal))) if refusal.is_remembered() => {
                if let Err(overloaded) = self.person.check_refusals() {
                    figures::note_unremembered();
                    return reply.send(fresh(Err(overloaded)));
                }
                let event = Event::Refused {
                    person: self.key,
                    key: asked.key.clone(),
                    digest: asked.digest,
                    refusal,
                };
                self.write(event, &journal, reply, ctx);
            }
            (Err(refusal), _) => reply.send(fresh(Err(refusal))),
        }
    }

    /// Applies an event that was decided, writes it, and answers once it is durable. Nothing was
    /// done when as many wait for the vouchers of this program as may.
    fn write(
        &mut self,
        event: Event,
        journal: &Journal,
        reply: Reply<MoveAnswered>,
        ctx: &mut Ctx<Self>,
    ) {
        let permit = match journal.enter() {
            Ok(permit) => permit,
            Err(overloaded) => return reply.send(fresh(Err(overloaded))),
        };
        let Some(Sent { event, end, written }) = self.send(event, journal, self.read_at) else {
            return reply.send(fresh(Err(Refusal::Unavailable)));
        };
        ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, ctx| {
            drop(permit);
            if !shell.settle(&event, end.as_ref(), outcome) {
                return reply.send(fresh(Err(Refusal::Unavailable)));
            }
            match (end.as_ref().unwrap_or(&event), answer_of(&event)) {
                (Event::Refused { refusal, .. }, _) => reply.send(fresh(Err(refusal.clone()))),
                (Event::PaybackSent { .. }, Some(MoveAnswer::PaidBack(begun))) => {
                    shell.ask_rail(&event);
                    shell.await_rail(Payer { begun, reply, is_replay: false }, ctx);
                }
                (last, _) => {
                    let answer = answer_of(last).ok_or(Refusal::Unavailable);
                    reply.send(fresh(answer));
                }
            }
        }));
    }

    /// Takes an event in and hands it to its journal; a payback that no rail is asked for comes
    /// with its end. Nothing when another actor may have taken over: then nothing was done.
    pub(super) fn send(&mut self, event: Event, journal: &Journal, read_at: u64) -> Option<Sent> {
        // What stands behind a fence must be known to whoever takes over before it is written.
        if !self.link.writes(journal) || self.is_over() {
            return None;
        }
        self.person.begin_move(self.key, &event);
        self.moving.in_flight += 1;
        let now = event.voucher_move().map_or_else(|| self.around.clock.now(), |of| of.at);
        let end = match &event {
            Event::PaybackSent { of, request: None, .. } => {
                self.person.decide_payback_end(now, of.voucher, of.id, true)
            }
            _ => None,
        };
        let events = std::iter::once(event.clone()).chain(end.clone()).collect();
        let written = Box::pin(journal.of_state(read_at).append(now, events));
        Some(Sent { event, end, written })
    }

    /// The outcome of [`PersonShell::send`]: whether it is durable.
    pub(super) fn settle(
        &mut self,
        event: &Event,
        end: Option<&Event>,
        outcome: Result<(), CommitFailed>,
    ) -> bool {
        self.moving.in_flight -= 1;
        if outcome.is_err() {
            self.doubt();
            return false;
        }
        self.person.settle_move(self.key, event);
        // What it frees is free from here on, and not before.
        if let Some(end) = end {
            self.person.apply_move(self.key, end);
        }
        figures::note_move(event);
        end.into_iter().for_each(figures::note_move);
        true
    }

    /// Does something once everything that this person decided so far is durable; `false` when that
    /// is in doubt.
    fn when_durable<F>(&mut self, ctx: &mut Ctx<Self>, then: F)
    where
        F: FnOnce(&mut Self, bool, &mut Ctx<Self>) + 'static,
    {
        if self.moving.in_flight == 0 {
            return then(self, true, ctx);
        }
        let (journals, read_at) = (self.link.written(), self.read_at);
        let waiting = async move {
            for journal in journals.iter() {
                // Not of a stream that has been in doubt since: it may have forgotten what this
                // actor has not been told of yet.
                if journal.of_state(read_at).barrier().await.is_err() {
                    return false;
                }
            }
            true
        };
        ctx.spawn(waiting.into_actor_future(then));
    }

    /// The same answer again: what it says is durable before it is said.
    fn replay(&mut self, asked: Asked, reply: Reply<MoveAnswered>, ctx: &mut Ctx<Self>) {
        self.when_durable(ctx, move |shell, is_durable, ctx| {
            let answer = match shell.person.answered(&asked) {
                Ok(Some(answer)) if is_durable => answer,
                _ => return reply.send(fresh(Err(Refusal::Unavailable))),
            };
            match answer {
                MoveAnswer::PaidBack(begun) if !begun.is_done => {
                    shell.await_rail(Payer { begun, reply, is_replay: true }, ctx);
                }
                MoveAnswer::Refused(refusal) => {
                    reply.send(MoveAnswered { answer: Err(refusal), is_replay: true });
                }
                answer => reply.send(MoveAnswered { answer: Ok(answer), is_replay: true }),
            }
        });
    }

    fn ask_rail(&self, sent: &Event) {
        if let (Some(paybacks), Some(open)) = (self.around.paybacks.get(), OpenPayback::of(sent)) {
            paybacks.tell(Begin(open));
        }
    }

    /// Answers once the rail has, or says after a while that it has not.
    fn await_rail(&mut self, payer: Payer, ctx: &mut Ctx<Self>) {
        let id = payer.begun.id;
        self.moving.payers.entry(id).or_default().push(payer);
        // Who was dismissed meanwhile learns of no more ends.
        if self.is_over() {
            return self.answer_payback(id, None);
        }
        ctx.run_later(super::PATIENCE, move |mailbox: &mut Mailbox<Self>, _| {
            mailbox.shell().answer_payback(id, None);
        });
    }

    /// Whoever waits for this payback is told its end, or that it is under way.
    fn answer_payback(&mut self, id: MoveId, end: Option<&Event>) {
        for Payer { begun, reply, is_replay } in self.moving.payers.remove(&id).unwrap_or_default()
        {
            let answer = match end {
                Some(Event::PaybackRefused { .. }) => Err(Refusal::PaybackDeclined),
                end => {
                    let is_done = end.is_some();
                    Ok(MoveAnswer::PaidBack(Box::new(PaybackAnswer { is_done, ..*begun })))
                }
            };
            reply.send(MoveAnswered { answer, is_replay });
        }
    }

    /// This actor will learn of no more ends: what is under way is durable, and so is the answer.
    pub(super) fn answer_paybacks(&mut self) {
        let waiting: Vec<MoveId> = self.moving.payers.keys().copied().collect();
        waiting.into_iter().for_each(|id| self.answer_payback(id, None));
    }

    /// Whether a key is under way for something that is not decided yet.
    fn is_key_taken(&self, asked: &Asked) -> bool {
        self.is_buying_with(asked) || self.moving.is_asking_with(&asked.key)
    }

    pub(super) fn is_buying_with(&self, asked: &Asked) -> bool {
        self.buying.as_ref() == Some(&asked.key)
    }
}

impl Serve<Spending> for PersonShell {
    type Answer = MoveAnswered;

    fn serve(&mut self, ask: Spending, reply: Reply<MoveAnswered>, ctx: &mut Ctx<Self>) {
        if self.is_over() {
            return reply.send(fresh(Err(Refusal::Unavailable)));
        }
        let (ask, now) = (ask.0, self.around.clock.now());
        let of = self.of_voucher(ask.voucher);
        let program = of.as_ref().map(|(program, _)| &**program);
        let decided = match self.is_key_taken(&ask.asked) {
            true => Err(Refusal::IdempotencyKeyReused),
            false => self.person.decide_spend(now, &ask, program),
        };
        self.finish(decided, &ask.asked, of, reply, ctx);
    }
}

impl Serve<PayingBack> for PersonShell {
    type Answer = MoveAnswered;

    fn serve(&mut self, ask: PayingBack, reply: Reply<MoveAnswered>, ctx: &mut Ctx<Self>) {
        if self.is_over() {
            return reply.send(fresh(Err(Refusal::Unavailable)));
        }
        let (ask, now) = (ask.0, self.around.clock.now());
        let of = self.of_voucher(match ask.of {
            PaybackOf::Purchase(purchase) => purchase.into(),
            PaybackOf::Voucher(voucher) => voucher,
        });
        let program = of.as_ref().map(|(program, _)| &**program);
        let decided = match self.is_key_taken(&ask.asked) {
            true => Err(Refusal::IdempotencyKeyReused),
            false => self.person.decide_payback(now, &ask, program),
        };
        self.finish(decided, &ask.asked, of, reply, ctx);
    }
}

impl Serve<PaybackHeard> for PersonShell {
    type Answer = bool;

    fn serve(&mut self, heard: PaybackHeard, reply: Reply<bool>, ctx: &mut Ctx<Self>) {
        // Without an answer the rail is asked again, and whoever has taken over is told.
        if self.is_over() {
            return;
        }
        let PaybackHeard { voucher, id, is_paid } = heard;
        if self.moving.ending.contains(&id) {
            return reply.send(false);
        }
        let (now, of) = (self.around.clock.now(), self.of_voucher(voucher));
        let (Some(event), Some((_, journal))) =
            (self.person.decide_payback_end(now, voucher, id, is_paid), of)
        else {
            return reply.send(true);
        };
        if !self.link.writes(&journal) {
            return;
        }
        // Applied once it is durable: until then the voucher is neither free nor gone.
        self.moving.ending.insert(id);
        let written = journal.of_state(self.read_at).append(now, vec![event.clone()]);
        ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, _| {
            shell.moving.ending.remove(&id);
            if outcome.is_err() {
                return shell.doubt();
            }
            shell.person.apply_move(shell.key, &event);
            figures::note_move(&event);
            shell.answer_payback(id, Some(&event));
            reply.send(true);
        }));
    }
}

impl Serve<Expire> for PersonShell {
    type Answer = usize;

    fn serve(&mut self, expire: Expire, reply: Reply<usize>, ctx: &mut Ctx<Self>) {
        if self.is_over() {
            return;
        }
        let now = self.around.clock.now();
        let mut ended = 0;
        for voucher in expire.0 {
            let Some((program, journal)) = self.of_voucher(voucher) else { continue };
            // Nobody waits for this one: it is asked again the next time.
            if journal.standing.waiting_for() >= STUCK_AFTER {
                continue;
            }
            let id = MoveId::of_expiry(voucher);
            let event = self.person.decide_expire(now, voucher, id, &program);
            let read_at = self.read_at;
            let sent = event.and_then(|event| self.send(event, &journal, read_at));
            let Some(Sent { event, written, .. }) = sent else { continue };
            ended += 1;
            ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, _| {
                shell.settle(&event, None, outcome);
            }));
        }
        if ended == 0 {
            return reply.send(0);
        }
        self.when_durable(ctx, move |_, is_durable, _| {
            reply.send(if is_durable { ended } else { 0 });
        });
    }
}

impl Serve<AskVouchers> for PersonShell {
    type Answer = Vec<Voucher>;

    fn serve(&mut self, _: AskVouchers, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        if self.is_over() {
            return;
        }
        // What is shown is what is waited for: a move that is decided meanwhile is not among it.
        let (programs, now) = (self.around.all_programs(), self.around.clock.now());
        let vouchers = self.person.vouchers(now, |id| programs.get(id).map(|it| &**it));
        self.when_durable(ctx, move |_, is_durable, _| {
            if is_durable {
                reply.send(vouchers);
            }
        });
    }
}
