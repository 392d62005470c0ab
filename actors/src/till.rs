//! The till: the calls to a rail that must be waited for. What is called when is decided in
//! [`openrun_core::till`], what an answer means by the round.
//!
//! Each payment is carried on by one errand at a time. A crash or a death anywhere in between loses
//! nothing: rounds announce their payments when they start, and the till finds out what became of
//! each. It never decides about stock or limits and holds no state that the store does not.

mod errand;

use crate::clock::Clock;
use crate::committer::IntoActorFuture;
use crate::handle::{Ctx, Mailbox, Reply, Serve, Shell};
use crate::rail::Rail;
use crate::round::ForgetPayment;
use crate::shared::RoundRef;
use actix::AsyncContext;
pub(crate) use errand::call;
use errand::{Carried, Errand};
use openrun_core::gate::RailRoom;
use openrun_core::till::{Till, TillTerms, Work};
use openrun_core::{PurchaseId, RoundId, Timestamp, Won};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// How often the till looks at the clock: a fraction of the shortest pause that it makes.
const TICK: Duration = Duration::from_millis(20);

/// A hold that was never sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unsent {
    pub id: PurchaseId,
    pub price: Won,
    /// When it was held.
    pub since: Timestamp,
}

/// A hold is durable and waits to be paid.
pub(crate) struct Offer {
    pub round: RoundRef,
    pub held: Unsent,
}

/// The payments of a round that was read from the store, and what it sent today.
pub(crate) struct Announced {
    pub round: RoundRef,
    /// Held and never sent.
    pub unsent: Vec<Unsent>,
    /// Sent, or on their way back: whatever became of them.
    pub sent: Vec<PurchaseId>,
    /// Voided without the rail having said no: money may turn up.
    pub voided: Vec<PurchaseId>,
    /// Won that this round sent today.
    pub sent_today: Won,
}

/// Something may have happened to a payment: look now. Nothing is believed but the rail's answer.
pub(crate) struct Hint {
    pub round: RoundRef,
    pub id: PurchaseId,
}

/// What a round makes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next step at once: it is durable.
    Now,
    /// Ask again after a pause.
    Again,
    /// It waits to be sent, as before.
    Unsent,
    /// Look once more when the rail's finality window has passed once more.
    LookLater,
    /// It has come to its end, as far as the rail knows.
    Ended,
}

/// What the till knows of a payment.
struct Known {
    round: RoundRef,
    /// As it waits, or waited, to be sent.
    unsent: Option<Unsent>,
    /// A voided payment is watched until then.
    watched_until: Option<Timestamp>,
}

/// What the till has room for, for the rounds to read without a message.
#[derive(Debug, Default)]
pub(crate) struct TillRoom {
    is_shut: AtomicBool,
    rate_per_s: AtomicU64,
    left_today: AtomicI64,
    waiting: AtomicU64,
}

impl TillRoom {
    /// Whether nobody new should begin to pay.
    pub fn is_shut(&self) -> bool {
        self.is_shut.load(Ordering::Acquire)
    }

    /// All of it.
    pub fn look(&self) -> RailRoom {
        RailRoom {
            is_shut: self.is_shut(),
            rate_per_s: self.rate_per_s.load(Ordering::Relaxed),
            left_today: Won(self.left_today.load(Ordering::Relaxed)),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    fn show(&self, till: &Till, now: Timestamp) {
        let (waiting, _) = till.load();
        self.rate_per_s.store(u64::from(till.rate_per_s()), Ordering::Relaxed);
        self.left_today.store(till.left_today(now).0, Ordering::Relaxed);
        self.waiting.store(waiting as u64, Ordering::Relaxed);
        self.is_shut.store(till.is_shut(now), Ordering::Release);
    }
}

/// The actor's inside.
pub(crate) struct TillShell {
    till: Till,
    rail: Arc<dyn Rail>,
    clock: Arc<dyn Clock>,
    known: HashMap<PurchaseId, Known>,
    /// Rounds whose money of today is counted: what they sent since, this till saw itself.
    counted: HashSet<RoundId>,
    room: Arc<TillRoom>,
    finality_millis: i64,
}

impl Shell for TillShell {
    const NAME: &'static str = "till";
    const PERMITS: usize = 65_536;
    const DEADLINE: Duration = Duration::from_secs(30);

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.run_interval(TICK, |mailbox: &mut Mailbox<Self>, ctx| mailbox.shell().drive(ctx));
    }
}

/// A time span in whole milliseconds.
pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl TillShell {
    pub fn new(rail: Arc<dyn Rail>, clock: Arc<dyn Clock>, room: Arc<TillRoom>) -> TillShell {
        let terms = rail.terms();
        let till = Till::new(TillTerms {
            concurrency: terms.concurrency,
            rate_per_s: terms.rate_per_s,
            daily_limit: terms.daily_limit,
            hold_ttl_millis: millis(terms.hold_ttl),
            ask_again_millis: millis(terms.ask_again_after),
        });
        // Rounds read it before the first tick.
        room.show(&till, clock.now());
        TillShell {
            till,
            rail,
            clock,
            known: HashMap::new(),
            counted: HashSet::new(),
            room,
            finality_millis: millis(terms.finality),
        }
    }

    /// Does everything that may be done now.
    fn drive(&mut self, ctx: &mut Ctx<Self>) {
        let now = self.clock.now();
        while let Some(work) = self.till.next(now) {
            let (Work::Send(id) | Work::Ask(id) | Work::Expire(id)) = work;
            let Some(known) = self.known.get(&id) else {
                self.till.ended(id);
                continue;
            };
            let errand = Errand {
                round: known.round.clone(),
                rail: Arc::clone(&self.rail),
                clock: Arc::clone(&self.clock),
                id,
                is_look: known.watched_until.is_some(),
                late_after_millis: self.finality_millis / 2,
            };
            let carrying = async move {
                match work {
                    Work::Expire(_) => errand.expire().await,
                    Work::Send(_) => errand.carry_on(true).await,
                    Work::Ask(_) => errand.carry_on(false).await,
                }
            };
            ctx.spawn(carrying.into_actor_future(move |shell: &mut Self, carried, ctx| {
                shell.carried(work, &carried);
                shell.drive(ctx);
            }));
        }
        self.show(now);
    }

    fn carried(&mut self, work: Work, carried: &Carried) {
        let now = self.clock.now();
        let (Work::Send(id) | Work::Ask(id) | Work::Expire(id)) = work;
        if let Some(is_answer) = carried.heard {
            self.till.heard(now, is_answer);
        }
        match carried.next {
            Next::Now => {
                self.till.ended(id);
                self.till.ask_at(now, id);
            }
            Next::Again => self.till.again(now, id),
            Next::Unsent => match self.known.get(&id).and_then(|known| known.unsent) {
                Some(Unsent { price, since, .. }) => self.till.put_back(work, since, price),
                None => self.till.again(now, id),
            },
            Next::LookLater => {
                self.till.ended(id);
                self.watch(now, id);
            }
            Next::Ended => {
                self.till.ended(id);
                self.end(now, id);
            }
        }
    }

    /// A voided payment is looked at when everything that was on its way must have arrived.
    fn watch(&mut self, now: Timestamp, id: PurchaseId) {
        let until = now.plus_millis(self.finality_millis);
        if let Some(known) = self.known.get_mut(&id) {
            known.watched_until = Some(until);
        }
        self.till.ask_at(until, id);
    }

    fn end(&mut self, now: Timestamp, id: PurchaseId) {
        let Some(known) = self.known.get(&id) else { return };
        match known.watched_until {
            // A hint made it be looked at early: that was not the last look.
            Some(until) if now < until => self.till.ask_at(until, id),
            Some(_) => {
                known.round.0.round.tell(ForgetPayment(id));
                self.known.remove(&id);
            }
            None => drop(self.known.remove(&id)),
        }
    }

    fn show(&self, now: Timestamp) {
        let (waiting, in_flight) = self.till.load();
        metrics::gauge!("openrun_till_waiting").set(waiting as f64);
        metrics::gauge!("openrun_till_calls_in_flight").set(in_flight as f64);
        metrics::gauge!("openrun_till_asks_scheduled").set(self.till.scheduled() as f64);
        metrics::gauge!("openrun_rail_up").set(f64::from(u8::from(!self.till.is_resting())));
        self.room.show(&self.till, now);
    }

    /// Takes note of a payment; what is known of it already stays.
    fn know(&mut self, id: PurchaseId, round: &RoundRef) -> &mut Known {
        let fresh = || Known { round: round.clone(), unsent: None, watched_until: None };
        self.known.entry(id).or_insert_with(fresh)
    }

    fn offer(&mut self, round: &RoundRef, held: Unsent) {
        self.know(held.id, round).unsent = Some(held);
        // Where the clock was set back since, a hold would seem to lie in the future.
        let since = held.since.min(self.clock.now());
        self.till.offer(since, held.id, held.price);
    }
}

impl Serve<Offer> for TillShell {
    type Answer = ();

    fn serve(&mut self, offer: Offer, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        self.offer(&offer.round, offer.held);
        reply.send(());
        self.drive(ctx);
    }
}

impl Serve<Announced> for TillShell {
    type Answer = ();

    fn serve(&mut self, announced: Announced, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        let now = self.clock.now();
        let Announced { round, unsent, sent, voided, sent_today } = announced;
        if self.counted.insert(round.0.id.clone()) {
            self.till.count_begun(now, sent_today);
        }
        for held in unsent {
            self.offer(&round, held);
        }
        for id in sent {
            self.know(id, &round);
            self.till.ask_at(now, id);
        }
        for id in voided {
            if self.know(id, &round).watched_until.is_none() {
                self.watch(now, id);
            }
        }
        reply.send(());
        self.drive(ctx);
    }
}

impl Serve<Hint> for TillShell {
    type Answer = ();

    fn serve(&mut self, hint: Hint, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        let now = self.clock.now();
        // One that this till does not know has ended: it is looked at once more, if its round still
        // watches it.
        let is_known = self.known.contains_key(&hint.id);
        let known = self.know(hint.id, &hint.round);
        if !is_known {
            known.watched_until = Some(now);
        }
        self.till.ask_at(now, hint.id);
        reply.send(());
        self.drive(ctx);
    }
}

#[cfg(feature = "failpoints")]
impl Serve<crate::failpoints::Panic> for TillShell {
    type Answer = ();
    fn serve(&mut self, _: crate::failpoints::Panic, _: Reply<()>, _: &mut Ctx<Self>) {
        panic!("failpoint");
    }
}
