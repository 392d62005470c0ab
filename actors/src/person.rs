//! One person who buys: limits and keys. The decisions are in [`openrun_core::person`].
//!
//! One decision at a time; other requests of the same person wait here in their order, so that
//! copies of one request find its answer. Payments take their time meanwhile: who asks waits for
//! the end for a few seconds and is then told that it is under way. Dies without harm: what is
//! under way is decided by the store, and a new actor reads it from there. What it does with
//! vouchers waits for none of this (`person/vouchers.rs`).

use crate::clock::Clock;
use crate::committer::{IntoActorFuture, Journal};
use crate::engine::ProgramSlot;
use crate::figures;
use crate::handle::{CallError, Ctx, Mailbox, Reply, Serve, Shell};
use crate::paybacks::Paybacks;
use crate::people::{Link, People};
use crate::queue::Retire;
use crate::round::{Buy, BuyFailed};
use actix::prelude::*;
use dashmap::DashMap;
use openrun_core::person::{Answer, Decision, LimitHold, Limits, Person};
use openrun_core::program::Program;
use openrun_core::purchase::PurchaseState;
use openrun_core::round::PurchaseOrder;
use openrun_core::{
    Event, IdempotencyKey, PersonKey, ProgramId, Purchase, PurchaseId, Refusal, Timestamp,
};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

mod gifts;
mod loading;
mod purchasing;
mod vouchers;

pub(crate) use gifts::Giving;
pub(crate) use loading::{Loading, read_beside};
pub(crate) use purchasing::Purchasing;
pub(crate) use vouchers::{AskVouchers, Expire, MoveAnswered, PaybackHeard, PayingBack, Spending};

/// Purchases of one person that may wait behind the one under way: far more than all their devices
/// would send.
const WAITING_MAX: usize = 128;

/// How long a caller waits for the rail before being told that it has not answered yet.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is the person's limit?
pub(crate) struct AskLimits(pub Vec<Arc<Program>>);

/// A payment of this person was sent, issued or voided, and that is durable.
pub(crate) struct PaymentEnded(pub Event);

/// An answer to a purchase, and whether its key had it before.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub answer: Result<Box<Purchase>, Refusal>,
    pub is_replay: bool,
}

/// What all people's actors have around them.
pub(crate) struct Around {
    pub clock: Arc<dyn Clock>,
    pub programs: Arc<DashMap<ProgramId, ProgramSlot>>,
    pub people: Weak<People>,
    /// Who calls the rail, if there is one that must be waited for.
    pub paybacks: Arc<OnceLock<Paybacks>>,
}

impl Around {
    fn all_programs(&self) -> HashMap<ProgramId, Arc<Program>> {
        let slots = self.programs.iter();
        slots.map(|slot| (slot.key().clone(), Arc::clone(&slot.program))).collect()
    }
}

/// The actor's inside.
pub(crate) struct PersonShell {
    key: PersonKey,
    person: Person,
    is_busy: bool,
    is_retired: bool,
    waiting: VecDeque<(Instant, Purchasing, Reply<Answered>)>,
    loading: Option<Loading>,
    /// After how many doubts this person was read.
    read_at: u64,
    /// Streams in which more may stand of this person than was read.
    unsure: Vec<Journal>,
    link: Arc<Link>,
    /// Who waits for the end of which payment.
    payers: HashMap<PurchaseId, Vec<(Reply<Answered>, bool)>>,
    /// Ends of payments that came while a decision was under way.
    learned: VecDeque<Event>,
    /// The key of the purchase that is being decided.
    buying: Option<IdempotencyKey>,
    moving: vouchers::Moving,
    around: Arc<Around>,
    /// Takes this actor out of the registry, so that the next caller gets one that reads the store.
    forget: Box<dyn Fn() + Send>,
}

impl Shell for PersonShell {
    const NAME: &'static str = "person";
    const PERMITS: usize = WAITING_MAX * 2;
    const DEADLINE: Duration = Duration::from_secs(30);

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        let Some(loading) = self.loading.take() else { return };
        // Nothing is served before what was bought earlier is known.
        let load = loading.load(self.key);
        ctx.wait(load.into_actor_future(|shell: &mut Self, read, _ctx| match read {
            Ok(read) => {
                shell.person = read.person;
                shell.link.know_but(&read.unsure);
                shell.unsure = read.unsure;
                shell.await_pending();
            }
            Err(error) => {
                tracing::error!(%error, "a person could not be read");
                shell.doubt();
            }
        }));
    }
}

impl PersonShell {
    pub fn new(
        key: PersonKey,
        loading: Option<Loading>,
        (read_at, link): (u64, Arc<Link>),
        around: Arc<Around>,
        forget: Box<dyn Fn() + Send>,
    ) -> PersonShell {
        PersonShell {
            key,
            person: Person::default(),
            is_busy: false,
            is_retired: false,
            waiting: VecDeque::new(),
            loading,
            read_at,
            unsure: Vec::new(),
            link,
            payers: HashMap::new(),
            learned: VecDeque::new(),
            buying: None,
            moving: vouchers::Moving::default(),
            around,
            forget,
        }
    }

    /// Payments of a former actor that have not ended: a doubt of their stream is one of this
    /// actor, for their end may then be written without anybody being told.
    fn await_pending(&mut self) {
        let programs: Vec<ProgramId> = self.person.pending_programs().cloned().collect();
        for program in programs {
            let slot = self.around.programs.get(&program);
            let Some(journal) = slot.map(|slot| slot.journal.clone()) else { continue };
            if !self.link.writes(&journal) || journal.since() > self.read_at {
                return self.doubt();
            }
        }
    }

    /// Decides nothing any more: what is true stands in the store.
    fn doubt(&mut self) {
        self.is_retired = true;
        self.answer_payers();
        self.answer_paybacks();
        (self.forget)();
    }

    /// Whether more may stand of this person in one of a program's streams than was read: then
    /// neither what they hold nor what they used is known.
    fn is_unsure_of(&self, program: &ProgramId) -> bool {
        let Some(slot) = self.around.programs.get(program) else { return false };
        let of_program = |one: &Journal| one.is_same(&slot.journal) || one.is_same(&slot.vouchers);
        self.unsure.iter().any(of_program)
    }

    fn begin(&mut self, purchasing: Purchasing, reply: Reply<Answered>, ctx: &mut Ctx<Self>) {
        let fresh = |answer| Answered { answer, is_replay: false };
        // Another actor may have taken over while this one was still reading the store.
        if self.is_over() {
            return reply.send(fresh(Err(Refusal::Unavailable)));
        }
        if self.moving.is_asking_with(&purchasing.ask.key) {
            return reply.send(fresh(Err(Refusal::IdempotencyKeyReused)));
        }
        let decided = self.person.decide(self.around.clock.now(), &purchasing.ask);
        let program = purchasing.ask.round.as_ref().map(|facts| &facts.program);
        let is_replay = matches!(decided, Ok(Decision::Replay(_)));
        if !is_replay && program.is_some_and(|program| self.is_unsure_of(program)) {
            // Whoever asks next gets an actor that reads the store anew.
            self.doubt();
            return reply.send(fresh(Err(Refusal::Unavailable)));
        }
        match decided {
            Ok(Decision::Replay(Answer::Pending(purchase))) => {
                self.await_payment(purchase.id, reply, true, ctx);
            }
            Ok(Decision::Replay(Answer::Issued(purchase))) => {
                reply.send(Answered { answer: Ok(purchase), is_replay: true });
            }
            Ok(Decision::Replay(Answer::Refused(refusal))) => {
                reply.send(Answered { answer: Err(refusal), is_replay: true });
            }
            Err(refusal) => self.refuse(purchasing, refusal, reply, ctx),
            Ok(Decision::Hold(hold)) => self.buy(purchasing, hold, reply, ctx),
        }
    }

    /// The limit is held; now the round decides.
    fn buy(
        &mut self,
        mut purchasing: Purchasing,
        hold: LimitHold,
        reply: Reply<Answered>,
        ctx: &mut Ctx<Self>,
    ) {
        if let Err(overloaded) = purchasing.enter() {
            return reply.send(Answered { answer: Err(overloaded), is_replay: false });
        }
        let (Some(round), Some(facts)) = (&purchasing.round, &purchasing.ask.round) else {
            return reply.send(Answered { answer: Err(Refusal::RoundNotFound), is_replay: false });
        };
        let order = PurchaseOrder {
            id: purchasing.id,
            person: self.key,
            channel: purchasing.channel.clone(),
            amount: purchasing.ask.amount,
            pass: hold.pass,
            key: purchasing.ask.key.clone(),
            digest: purchasing.ask.digest,
            month: hold.month,
            used_after: hold.used_after,
            rules: facts.rules.clone(),
            at_counter: facts.at_counter.clone(),
        };
        let pass_expires_at = hold.pass_expires_at;
        let read_at = self.read_at;
        // Known before it is sent: whoever takes over waits for what it holds.
        if !self.link.asks(round) {
            return reply.send(Answered { answer: Err(Refusal::Unavailable), is_replay: false });
        }
        let bought = round.0.round.call(Buy { order, pass_expires_at, read_at });
        self.person.hold(hold);
        self.is_busy = true;
        self.buying = Some(purchasing.ask.key.clone());
        ctx.spawn(bought.into_actor_future(move |shell: &mut Self, outcome, ctx| {
            shell.is_busy = false;
            shell.buying = None;
            shell.bought(purchasing, pass_expires_at, outcome, reply, ctx);
            shell.next(ctx);
        }));
    }

    fn bought(
        &mut self,
        purchasing: Purchasing,
        pass_expires_at: Timestamp,
        outcome: Result<Result<Purchase, BuyFailed>, CallError>,
        reply: Reply<Answered>,
        ctx: &mut Ctx<Self>,
    ) {
        let fresh = |answer| Answered { answer, is_replay: false };
        match outcome {
            Ok(Ok(purchase)) if purchase.state == PurchaseState::Held => {
                let id = purchase.id;
                self.person.apply(&Event::Held { purchase, pass_expires_at });
                self.await_payment(id, reply, false, ctx);
            }
            Ok(Ok(purchase)) => {
                self.person.apply(&Event::Issued { purchase: purchase.clone() });
                reply.send(fresh(Ok(Box::new(purchase))));
            }
            // A use of the pass that only the round knows is not confirmed by the store: as below.
            Ok(Err(BuyFailed::Refused(refusal))) if refusal != Refusal::PassUsed => {
                self.person.release();
                self.refuse(purchasing, refusal, reply, ctx);
            }
            Err(CallError::Overloaded) => {
                self.person.release();
                reply.send(fresh(Err(Refusal::Overloaded)));
            }
            // Perhaps it is written: whoever comes next reads it from the store.
            Ok(Err(_)) | Err(CallError::NoAnswer) => {
                self.doubt();
                reply.send(fresh(Err(Refusal::Unavailable)));
            }
        }
    }

    /// Answers no. A refusal that its key must get for ever is durable before it is said.
    fn refuse(
        &mut self,
        mut purchasing: Purchasing,
        refusal: Refusal,
        reply: Reply<Answered>,
        ctx: &mut Ctx<Self>,
    ) {
        let answered = Answered { answer: Err(refusal.clone()), is_replay: false };
        if !refusal.is_remembered() {
            return reply.send(answered);
        }
        if let Err(overloaded) = self.person.check_refusals() {
            figures::note_unremembered();
            return reply.send(Answered { answer: Err(overloaded), is_replay: false });
        }
        if let Err(overloaded) = purchasing.enter() {
            return reply.send(Answered { answer: Err(overloaded), is_replay: false });
        }
        let Purchasing { ask, round, permit, .. } = purchasing;
        let event =
            Event::Refused { person: self.key, key: ask.key.clone(), digest: ask.digest, refusal };
        let Some(round) = round else { return reply.send(answered) };
        // Whoever has taken over may have decided otherwise.
        if !self.link.asks(&round) {
            return reply.send(Answered { answer: Err(Refusal::Unavailable), is_replay: false });
        }
        let journal = round.0.journal.of_state(self.read_at);
        let written = journal.append(self.around.clock.now(), vec![event.clone()]);
        self.is_busy = true;
        self.buying = Some(ask.key);
        ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, ctx| {
            drop(permit);
            shell.is_busy = false;
            shell.buying = None;
            if outcome.is_ok() {
                shell.person.apply(&event);
                reply.send(answered);
            } else {
                shell.doubt();
                reply.send(Answered { answer: Err(Refusal::Unavailable), is_replay: false });
            }
            shell.next(ctx);
        }));
    }

    /// Answers once the rail has, or says after a while that it has not.
    fn await_payment(
        &mut self,
        id: PurchaseId,
        reply: Reply<Answered>,
        is_replay: bool,
        ctx: &mut Ctx<Self>,
    ) {
        self.payers.entry(id).or_default().push((reply, is_replay));
        // Who was dismissed meanwhile learns of no more ends.
        if self.is_over() {
            return self.answer_pending(id);
        }
        ctx.run_later(PATIENCE, move |mailbox: &mut Mailbox<Self>, _| {
            mailbox.shell().answer_pending(id);
        });
    }

    /// Whoever waits for this payment is told where it stands: held, or being paid.
    fn answer_pending(&mut self, id: PurchaseId) {
        let Some(purchase) = self.person.pending(id).cloned() else { return };
        for (reply, is_replay) in self.payers.remove(&id).unwrap_or_default() {
            reply.send(Answered { answer: Ok(Box::new(purchase.clone())), is_replay });
        }
    }

    /// This actor will learn of no more ends: the holds are durable, and so is the answer.
    fn answer_payers(&mut self) {
        let waiting: Vec<PurchaseId> = self.payers.keys().copied().collect();
        waiting.into_iter().for_each(|id| self.answer_pending(id));
    }

    /// A payment has come to its end. What was read from the store already changes nothing.
    fn learn(&mut self, event: &Event) {
        let (id, answer) = match event {
            Event::Issued { purchase } => (purchase.id, Ok(Box::new(purchase.clone()))),
            Event::Voided { purchase, .. } => (*purchase, Err(Refusal::PaymentDeclined)),
            // On its way: no end yet.
            Event::PaymentSent { purchase, .. } if self.person.pending(*purchase).is_some() => {
                return self.person.apply(event);
            }
            _ => return,
        };
        if self.person.pending(id).is_none() {
            return;
        }
        self.person.apply(event);
        for (reply, is_replay) in self.payers.remove(&id).unwrap_or_default() {
            reply.send(Answered { answer: answer.clone(), is_replay });
        }
    }

    fn next(&mut self, ctx: &mut Ctx<Self>) {
        while let Some(event) = self.learned.pop_front() {
            self.learn(&event);
        }
        while !self.is_busy {
            let Some((since, purchasing, reply)) = self.waiting.pop_front() else { break };
            // Its caller was told that nothing is known: it must not be done behind their back.
            if since.elapsed() < Self::DEADLINE {
                self.begin(purchasing, reply, ctx);
            }
        }
    }
}

impl Serve<Purchasing> for PersonShell {
    type Answer = Answered;

    fn serve(&mut self, ask: Purchasing, reply: Reply<Answered>, ctx: &mut Ctx<Self>) {
        if self.waiting.len() >= WAITING_MAX {
            return reply.send(Answered { answer: Err(Refusal::Overloaded), is_replay: false });
        }
        // Whoever finds nobody before them does not wait: most people have one purchase at a time.
        if !self.is_busy && self.waiting.is_empty() && self.learned.is_empty() {
            return self.begin(ask, reply, ctx);
        }
        self.waiting.push_back((Instant::now(), ask, reply));
        self.next(ctx);
    }
}

impl Serve<PaymentEnded> for PersonShell {
    type Answer = ();

    fn serve(&mut self, ended: PaymentEnded, reply: Reply<()>, _ctx: &mut Ctx<Self>) {
        // The answer to the hold itself may still be on its way.
        if self.is_busy {
            self.learned.push_back(ended.0);
        } else {
            self.learn(&ended.0);
        }
        reply.send(());
    }
}

impl Serve<AskLimits> for PersonShell {
    type Answer = Vec<(Arc<Program>, Limits)>;

    fn serve(&mut self, ask: AskLimits, reply: Reply<Self::Answer>, _ctx: &mut Ctx<Self>) {
        // What is true stands in the store.
        if self.is_retired {
            return;
        }
        reply.send(limits_of(&self.person, ask.0, self.around.clock.now()));
    }
}

/// Limits of a person for each of the programs.
pub(crate) fn limits_of(
    person: &Person,
    programs: Vec<Arc<Program>>,
    now: Timestamp,
) -> Vec<(Arc<Program>, Limits)> {
    let with_limits = |program: Arc<Program>| {
        let limits = person.limits(&program.id, program.rules_at(now), now);
        (program, limits)
    };
    programs.into_iter().map(with_limits).collect()
}

impl Serve<Retire> for PersonShell {
    type Answer = ();

    fn serve(&mut self, _: Retire, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        self.is_retired = true;
        self.answer_payers();
        self.answer_paybacks();
        reply.send(());
        // What is under way comes to its end first; later messages are answered "unavailable".
        ctx.run_later(Self::DEADLINE, |_: &mut Mailbox<Self>, ctx| ctx.stop());
    }
}

#[cfg(feature = "failpoints")]
impl Serve<crate::failpoints::Panic> for PersonShell {
    type Answer = ();
    fn serve(&mut self, _: crate::failpoints::Panic, _: Reply<()>, _: &mut Ctx<Self>) {
        panic!("failpoint");
    }
}
