//! One person who buys: limits and keys. The decisions are in [`openrun_core::person`].
//!
//! One purchase at a time; the others of the same person wait here in their order, so that copies
//! of one request find its answer. Dies without harm: what is under way is decided by the store,
//! and a new actor reads it from there.

use crate::clock::Clock;
use crate::committer::{IntoActorFuture, Journal};
use crate::handle::{CallError, Ctx, Handle, Mailbox, Reply, Serve, Shell};
use crate::queue::Retire;
use crate::round::{Buy, BuyFailed, Fence, RoundShell};
use crate::shared::RoundRef;
use crate::store::{Store, StoreError};
use actix::prelude::*;
use openrun_core::person::{Answer, Ask, Decision, LimitHold, Limits, Person};
use openrun_core::program::Program;
use openrun_core::round::PurchaseOrder;
use openrun_core::{
    ChannelId, Event, PersonKey, Purchase, PurchaseId, Refusal, StoredEvent, Timestamp,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Purchases of one person that may wait behind the one under way: far more than all their devices
/// would send.
const WAITING_MAX: usize = 128;

/// A purchase as asked for, with what the round will need.
pub(crate) struct Purchasing {
    pub id: PurchaseId,
    pub channel: ChannelId,
    pub ask: Ask,
    pub round: Option<RoundRef>,
}

/// What is the person's limit?
pub(crate) struct AskLimits(pub Vec<Arc<Program>>);

/// An answer to a purchase, and whether its key had it before.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub answer: Result<Box<Purchase>, Refusal>,
    pub is_replay: bool,
}

/// How a person that bought before is read from the store.
pub(crate) struct Loading {
    pub store: Arc<dyn Store>,
    /// Rounds that may still hold a message of a former actor of this person.
    pub fences: Vec<Handle<RoundShell>>,
}

impl Loading {
    async fn load(self, journal: Journal, key: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        for round in self.fences {
            let _ = round.command(Fence).await;
        }
        journal.barrier().await;
        self.store.person_events(key).await
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
    journal: Journal,
    clock: Arc<dyn Clock>,
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
        let load = loading.load(self.journal.clone(), self.key);
        ctx.wait(load.into_actor_future(|shell: &mut Self, events, _ctx| match events {
            Ok(events) => shell.person = Person::replay(&events),
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
        journal: Journal,
        clock: Arc<dyn Clock>,
        forget: Box<dyn Fn() + Send>,
    ) -> PersonShell {
        PersonShell {
            key,
            person: Person::default(),
            is_busy: false,
            is_retired: false,
            waiting: VecDeque::new(),
            loading,
            journal,
            clock,
            forget,
        }
    }

    /// Decides nothing any more: what is true stands in the store.
    fn doubt(&mut self) {
        self.is_retired = true;
        (self.forget)();
    }

    fn begin(&mut self, purchasing: Purchasing, reply: Reply<Answered>, ctx: &mut Ctx<Self>) {
        let fresh = |answer| Answered { answer, is_replay: false };
        if self.is_retired {
            return reply.send(fresh(Err(Refusal::Unavailable)));
        }
        match self.person.decide(self.clock.now(), &purchasing.ask) {
            Ok(Decision::Replay(answer)) => {
                let answer = match answer {
                    Answer::Issued(purchase) => Ok(purchase),
                    Answer::Refused(refusal) => Err(refusal),
                };
                reply.send(Answered { answer, is_replay: true });
            }
            Err(refusal) => self.refuse(&purchasing, refusal, reply, ctx),
            Ok(Decision::Hold(hold)) => self.buy(purchasing, hold, reply, ctx),
        }
    }

    /// The limit is held; now the round decides.
    fn buy(
        &mut self,
        purchasing: Purchasing,
        hold: LimitHold,
        reply: Reply<Answered>,
        ctx: &mut Ctx<Self>,
    ) {
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
        };
        let pass_expires_at = hold.pass_expires_at;
        let epoch = self.journal.epoch();
        let bought = round.0.round.call(Buy { order, pass_expires_at, epoch });
        self.person.hold(hold);
        self.is_busy = true;
        ctx.spawn(bought.into_actor_future(move |shell: &mut Self, outcome, ctx| {
            shell.is_busy = false;
            shell.bought(&purchasing, outcome, reply, ctx);
            shell.next(ctx);
        }));
    }

    fn bought(
        &mut self,
        purchasing: &Purchasing,
        outcome: Result<Result<Purchase, BuyFailed>, CallError>,
        reply: Reply<Answered>,
        ctx: &mut Ctx<Self>,
    ) {
        let fresh = |answer| Answered { answer, is_replay: false };
        match outcome {
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
        purchasing: &Purchasing,
        refusal: Refusal,
        reply: Reply<Answered>,
        ctx: &mut Ctx<Self>,
    ) {
        let answered = Answered { answer: Err(refusal.clone()), is_replay: false };
        if !refusal.is_remembered() {
            return reply.send(answered);
        }
        let event = Event::Refused {
            person: self.key,
            key: purchasing.ask.key.clone(),
            digest: purchasing.ask.digest,
            refusal,
        };
        let written = self.journal.append(self.clock.now(), vec![event.clone()]);
        self.is_busy = true;
        ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, ctx| {
            shell.is_busy = false;
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

    fn next(&mut self, ctx: &mut Ctx<Self>) {
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
        self.waiting.push_back((Instant::now(), ask, reply));
        self.next(ctx);
    }
}

impl Serve<AskLimits> for PersonShell {
    type Answer = Vec<(Arc<Program>, Limits)>;

    fn serve(&mut self, ask: AskLimits, reply: Reply<Self::Answer>, _ctx: &mut Ctx<Self>) {
        reply.send(limits_of(&self.person, ask.0, self.clock.now()));
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
