//! Paybacks: the calls to a rail that must be waited for when money goes back for a voucher.
//!
//! Each was made durable before it came here, and bears an id by which the rail does it once. So
//! nothing is held here that the store does not hold: after a crash or a death everything open is
//! read again and asked for again, for ever, with the pauses of the till. What an answer means is
//! decided and written by the person whose voucher it is.

use crate::clock::Clock;
use crate::committer::IntoActorFuture;
use crate::handle::{Ctx, Handle, Mailbox, Reply, Serve, Shell};
use crate::people::People;
use crate::person::PaybackHeard;
use crate::rail::Rail;
use crate::store::{Store, StoreError};
use crate::till::{call, millis};
use actix::AsyncContext;
use metrics::Gauge;
use openrun_core::payment::RailAnswer;
use openrun_core::till::{Till, TillTerms, Work};
use openrun_core::{Event, MoveId, PersonKey, PurchaseId, VoucherId, Won};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the clock is looked at: a fraction of the shortest pause.
const TICK: Duration = Duration::from_millis(50);
/// How often the store is read even if nothing was heard of: a person may die between the commit of
/// a payback and the word of it.
const READ_AGAIN: Duration = Duration::from_secs(60);
/// How long to wait before reading again from a store that did not answer.
const READ_PAUSE: Duration = Duration::from_millis(200);
/// Of the calls that the rail allows at once one in so many is for paybacks, at least one: whoever
/// buys waits in front of a screen, money that comes back does not.
const SHARE_OF_CALLS: usize = 4;

/// How others call it.
pub(crate) type Paybacks = Handle<PaybacksShell>;

/// A payback that is durable and has not come to its end.
#[derive(Debug, Clone)]
pub(crate) struct OpenPayback {
    person: PersonKey,
    voucher: VoucherId,
    id: MoveId,
    /// What the rail was sent for the purchase.
    request: String,
    /// What goes back to the person.
    price: Won,
}

impl OpenPayback {
    /// What is to be asked of the rail; nothing where nothing is.
    pub fn of(event: &Event) -> Option<OpenPayback> {
        let Event::PaybackSent { of, payback, request: Some(request), .. } = event else {
            return None;
        };
        Some(OpenPayback {
            person: of.person,
            voucher: of.voucher,
            id: of.id,
            request: request.clone(),
            price: payback.price,
        })
    }

    /// The payback as the rail names it.
    fn refund(&self) -> PurchaseId {
        PurchaseId(self.id.0)
    }
}

/// How many paybacks wait for a rail, as the store knows it.
///
/// # Errors
/// When the store is away.
pub(crate) async fn count_open(store: &dyn Store) -> Result<usize, StoreError> {
    let open = store.open_paybacks().await?;
    Ok(open.iter().filter(|stored| OpenPayback::of(&stored.event).is_some()).count())
}

/// A payback is durable.
pub(crate) struct Begin(pub OpenPayback);

/// Read what is open from the store: some may have been announced by nobody.
pub(crate) struct Reread;

/// The actor's inside.
pub(crate) struct PaybacksShell {
    till: Till,
    known: HashMap<PurchaseId, OpenPayback>,
    store: Arc<dyn Store>,
    people: Arc<People>,
    rail: Arc<dyn Rail>,
    clock: Arc<dyn Clock>,
    open: Gauge,
}

impl Shell for PaybacksShell {
    const NAME: &'static str = "paybacks";
    const PERMITS: usize = 1_024;
    const DEADLINE: Duration = Duration::from_secs(30);

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        self.read(ctx);
        ctx.run_interval(TICK, |mailbox: &mut Mailbox<Self>, ctx| mailbox.shell().drive(ctx));
        ctx.run_interval(READ_AGAIN, |mailbox: &mut Mailbox<Self>, ctx| mailbox.shell().read(ctx));
    }
}

impl PaybacksShell {
    pub fn new(
        store: Arc<dyn Store>,
        people: Arc<People>,
        rail: Arc<dyn Rail>,
        clock: Arc<dyn Clock>,
    ) -> PaybacksShell {
        let terms = rail.terms();
        let till = Till::new(TillTerms {
            concurrency: (terms.concurrency / SHARE_OF_CALLS).max(1),
            // Nothing is sent for the first time here, so these bind nothing.
            rate_per_s: terms.rate_per_s,
            daily_limit: terms.daily_limit,
            hold_ttl_millis: millis(terms.hold_ttl),
            ask_again_millis: millis(terms.ask_again_after),
        });
        let open = metrics::gauge!("openrun_paybacks_open");
        PaybacksShell { till, known: HashMap::new(), store, people, rail, clock, open }
    }

    /// Takes in what the store holds, however long that takes.
    fn read(&self, ctx: &mut Ctx<Self>) {
        let store = Arc::clone(&self.store);
        let reading = async move {
            loop {
                match store.open_paybacks().await {
                    Ok(events) => return events,
                    Err(StoreError(error)) => {
                        tracing::warn!(error, "open paybacks could not be read, trying again");
                    }
                }
                tokio::time::sleep(READ_PAUSE).await;
            }
        };
        ctx.spawn(reading.into_actor_future(|shell: &mut Self, events, ctx| {
            let open = events.iter().filter_map(|stored| OpenPayback::of(&stored.event));
            open.for_each(|payback| shell.know(payback));
            shell.drive(ctx);
        }));
    }

    /// Takes note of a payback; one that is known already changes nothing.
    fn know(&mut self, payback: OpenPayback) {
        let id = payback.refund();
        if self.known.insert(id, payback).is_none() {
            self.till.ask_at(self.clock.now(), id);
        }
    }

    /// Calls about everything that is due, as far as the rail has room.
    fn drive(&mut self, ctx: &mut Ctx<Self>) {
        let now = self.clock.now();
        while let Some(work) = self.till.next(now) {
            let (Work::Send(id) | Work::Ask(id) | Work::Expire(id)) = work;
            let Some(payback) = self.known.get(&id).cloned() else {
                self.till.ended(id);
                continue;
            };
            let (rail, people) = (Arc::clone(&self.rail), Arc::clone(&self.people));
            let asking = ask(rail, people, payback);
            ctx.spawn(asking.into_actor_future(move |shell: &mut Self, asked, ctx| {
                shell.asked(id, asked);
                shell.drive(ctx);
            }));
        }
        self.open.set(self.known.len() as f64);
    }

    fn asked(&mut self, id: PurchaseId, (is_answer, has_ended): (bool, bool)) {
        let now = self.clock.now();
        self.till.heard(now, is_answer);
        if has_ended {
            self.till.ended(id);
            self.known.remove(&id);
        } else {
            self.till.again(now, id);
        }
    }
}

/// Asks the rail once: whether it answered, and whether nothing is left to be done.
async fn ask(rail: Arc<dyn Rail>, people: Arc<People>, payback: OpenPayback) -> (bool, bool) {
    #[cfg(feature = "failpoints")]
    crate::failpoints::after_payback_sent();
    let refunding = rail.refund(&payback.request, payback.refund(), payback.price);
    let answer = call("refund", refunding).await;
    let is_paid = match answer {
        RailAnswer::Approved { .. } | RailAnswer::Cancelled => true,
        RailAnswer::Declined => false,
        // An order that was paid for cannot be unknown: it is asked about until it is found.
        RailAnswer::Unknown | RailAnswer::NotFound | RailAnswer::Pending => {
            return (answer != RailAnswer::Unknown, false);
        }
    };
    #[cfg(feature = "failpoints")]
    crate::failpoints::after_payback_heard();
    let heard = PaybackHeard { voucher: payback.voucher, id: payback.id, is_paid };
    let person = People::handle(&people, payback.person);
    (true, person.command(heard).await.unwrap_or(false))
}

impl Serve<Begin> for PaybacksShell {
    type Answer = ();

    fn serve(&mut self, begin: Begin, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        self.know(begin.0);
        reply.send(());
        self.drive(ctx);
    }
}

impl Serve<Reread> for PaybacksShell {
    type Answer = ();

    fn serve(&mut self, _: Reread, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        self.read(ctx);
        reply.send(());
    }
}

#[cfg(feature = "failpoints")]
impl Serve<crate::failpoints::Panic> for PaybacksShell {
    type Answer = ();
    fn serve(&mut self, _: crate::failpoints::Panic, _: Reply<()>, _: &mut Ctx<Self>) {
        panic!("failpoint");
    }
}
