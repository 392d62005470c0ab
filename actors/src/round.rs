//! One round: its life, stock, numbers and watermarks. The decisions are in
//! [`openrun_core::round`].
//!
//! A purchase is decided and applied at once and answered when it is durable; one whose payment
//! must be waited for is then handed to the till. A watermark and a block of numbers count only
//! once they are durable. Every tick the round does what the clock says and publishes a snapshot.

use crate::clock::Clock;
use crate::committer::{IntoActorFuture, Journal};
use crate::draw_secrets::DrawSecrets;
use crate::figures::Figures;
use crate::handle::{Ctx, Handle, Mailbox, Reply, Serve, Shell};
use crate::queue::{ActorDescription, Describe, Learn, Retire};
use crate::rail::{AtOnce, Charge, Charged};
use crate::shared::{LineShared, RoundRef, RoundShared};
use crate::till::{Offer, TillRoom, TillShell};
use actix::{ActorContext, ArbiterHandle, AsyncContext};
use inlet::places_of;
use openrun_core::gate::Gate;
use openrun_core::honesty::HonestyMeter;
use openrun_core::places::NUMBER_MAX;
use openrun_core::program::Program;
use openrun_core::purchase::PurchaseState;
use openrun_core::round::{PurchaseOrder, Round};
use openrun_core::round_spec::LineId;
use openrun_core::speed::SpeedMeter;
use openrun_core::stops::Pauses;
use openrun_core::uptake::UptakeMeter;
use openrun_core::view::{Interruption, Measured, RoundView};
use openrun_core::{Event, PersonKey, Purchase, Refusal, Timestamp, Won};
use owed::Owed;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

mod inlet;
mod lobby;
mod measuring;
mod notices;
mod owed;
mod payments;
mod steps;

pub(crate) use lobby::GiveShare;
pub(crate) use payments::{Announce, AskStep, ExpireHold, ForgetPayment, RailSaid, SendPayment};
pub(crate) use steps::{Act, Redefine, Try};

/// How often a round looks at the clock, moves its watermarks and publishes: half of what the
/// document may lag.
const TICK: Duration = Duration::from_millis(100);

/// Buy from this round; limits were held before.
pub(crate) struct Buy {
    pub order: PurchaseOrder,
    pub pass_expires_at: Timestamp,
    /// After how many doubts the state was read on which the limits were held.
    pub read_at: u64,
}

/// Why a purchase came to nothing.
#[derive(Debug)]
pub(crate) enum BuyFailed {
    /// Refused; nothing was done.
    Refused(Refusal),
    /// The store did not take it, or perhaps it did.
    Doubt,
}

/// The program's rules changed.
pub(crate) struct ProgramChanged(pub Arc<Program>);

/// A line is running out of numbers.
pub(crate) struct ReserveNumbers(pub LineId);

/// Answers when everything sent before has been decided.
pub(crate) struct Fence;

/// What is known of a line beside its numbers.
struct Drive {
    meter: SpeedMeter,
    uptake: UptakeMeter,
    vacant: Vec<(u64, u64)>,
}

impl Drive {
    fn new(vacant: Vec<(u64, u64)>) -> Drive {
        let (meter, uptake) = (SpeedMeter::default(), UptakeMeter::default());
        Drive { meter, uptake, vacant }
    }

    fn measured(&self) -> Measured {
        Measured { speed: self.meter.speed(), uptake: self.uptake.uptake() }
    }
}

/// Everything a round needs around it.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub journal: Journal,
    pub clock: Arc<dyn Clock>,
    /// Charges at once, when the rail does.
    pub at_once: Option<Arc<dyn AtOnce>>,
    /// What rounds are drawn with.
    pub draw_secrets: Arc<dyn DrawSecrets>,
    /// Where payments go that must be waited for.
    pub till: Option<TillLink>,
}

/// What a round knows of its till.
#[derive(Clone)]
pub(crate) struct TillLink {
    pub handle: Handle<TillShell>,
    /// The thread that it lives on.
    pub arbiter: ArbiterHandle,
    pub finality_millis: i64,
    /// What it has room for.
    pub room: Arc<TillRoom>,
    /// Tells a living person that a payment has ended.
    pub tell_person: Arc<dyn Fn(PersonKey, Event) + Send + Sync>,
}

/// The actor's inside.
pub(crate) struct RoundShell {
    round: Round,
    program: Arc<Program>,
    drives: Vec<Drive>,
    /// Who is let in: one rate for the round, whatever the number of its lines.
    gate: Gate,
    /// Purchases that the store owes an answer.
    owed: Owed,
    shared: Weak<RoundShared>,
    around: Surroundings,
    serial: u64,
    figures: Figures,
    honesty: HonestyMeter,
    interruption: Option<Interruption>,
    /// Lines whose draw is a step on its way.
    drawing: BTreeSet<LineId>,
    /// Whether the till was not told yet what is open.
    must_announce: bool,
    is_retired: bool,
}

impl Shell for RoundShell {
    const NAME: &'static str = "round";
    const PERMITS: usize = 8_192;
    const DEADLINE: Duration = Duration::from_secs(30);

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        self.tick(ctx);
        ctx.run_interval(TICK, |mailbox: &mut Mailbox<Self>, ctx| mailbox.shell().tick(ctx));
    }
}

impl RoundShell {
    /// `vacant`: for each line the numbers that were reserved before and never given. `pauses`: how
    /// long the round was paused.
    pub fn new(
        round: Round,
        program: Arc<Program>,
        (vacant, pauses): (Vec<Vec<(u64, u64)>>, Pauses),
        shared: Weak<RoundShared>,
        around: Surroundings,
        serial: u64,
    ) -> RoundShell {
        let figures = Figures::new(&round);
        let now = around.clock.now();
        let drives = vacant.into_iter().map(Drive::new).collect();
        let gate = Gate::new(now, &round, pauses.until(now));
        RoundShell {
            round,
            program,
            drives,
            gate,
            owed: Owed::default(),
            shared,
            around,
            serial,
            figures,
            honesty: HonestyMeter::default(),
            interruption: None,
            drawing: BTreeSet::new(),
            must_announce: true,
            is_retired: false,
        }
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let Some(shared) = self.shared.upgrade().filter(|_| !self.is_retired) else { return };
        // Not before what this round shares is there: a start on another thread may be first.
        if std::mem::take(&mut self.must_announce) {
            self.announce();
        }
        let now = self.around.clock.now();
        let mut due = Vec::new();
        while let Some(event) = self.round.decide_due(now) {
            self.round.apply(&event);
            due.push(event);
        }
        if !due.is_empty() {
            self.around.journal.append_and_forget(now, due);
        }
        self.drive_draws(&shared, now, ctx);
        let lines = shared.lines.load_full();
        self.look_for_interruption(now);
        self.drive_gate(&lines, now, ctx);
        for (index, line) in lines.iter().enumerate() {
            let id = LineId(u8::try_from(index).unwrap_or(u8::MAX));
            self.reserve(id, line, ctx);
            self.measure(id, line, now);
        }
        self.publish(&shared, now);
    }

    fn reserve(&mut self, id: LineId, line: &Arc<LineShared>, ctx: &mut Ctx<Self>) {
        let last_number = line.places.last_number();
        let Some(event) = self.round.decide_reserve(id, last_number) else { return };
        let Event::NumbersReserved { up_to, .. } = event else { return };
        if up_to > NUMBER_MAX {
            return;
        }
        // Counted at once, so that no second block is asked for; given only once it is durable.
        self.round.apply(&event);
        line.reserving.store(true, Ordering::Release);
        let written = self.around.journal.append(self.around.clock.now(), vec![event]);
        let line = Arc::clone(line);
        ctx.spawn(written.into_actor_future(move |_: &mut Self, outcome, _ctx| {
            if outcome.is_ok() {
                line.places.set_reserved(up_to);
            }
            line.reserving.store(false, Ordering::Release);
        }));
    }

    fn publish(&mut self, shared: &RoundShared, now: Timestamp) {
        self.serial += 1;
        let lines = shared.lines.load();
        let drives: Vec<_> =
            self.drives.iter().map(|drive| (drive.measured(), drive.vacant.clone())).collect();
        let mut view = RoundView::of(
            &self.round,
            Arc::clone(&self.program),
            self.serial,
            self.around.journal.epoch(),
            now,
            |line| (Arc::clone(&lines[line].places), drives[line].clone()),
        );
        view.interruption = self.interruption;
        view.see_gate(self.gate.view(&self.round, &places_of(&lines)));
        self.show_draws(shared, &mut view);
        self.honesty.observe(&view, |line| &lines[line].places);
        view.honesty = self.honesty.honesty();
        self.figures.show(&view);
        shared.view.store(Arc::new(view));
    }

    /// Decides, charges, applies. The events that prove the turn come along when the store may have
    /// lost them.
    fn buy(&mut self, buy: &Buy) -> Result<(Purchase, Vec<Event>), Refusal> {
        let order = &buy.order;
        let shared = self.shared.upgrade().filter(|_| !self.is_retired);
        let shared = shared.ok_or(Refusal::Unavailable)?;
        if order.at_counter.is_some() {
            return self.sell_at_counter(order);
        }
        let line = shared.line(order.pass.line).ok_or(Refusal::PassInvalid)?;
        let number = order.pass.number;
        let (now, phase) = (self.around.clock.now(), line.places.phase(number));
        self.round.check_pass(now, phase, buy.pass_expires_at)?;
        let purchase = match &self.around.at_once {
            Some(_) => self.round.decide_purchase(now, order)?,
            None => self.round.decide_hold(now, order)?,
        };
        if self.is_till_shut() {
            return Err(Refusal::Overloaded);
        }
        if let Some(rail) = &self.around.at_once {
            let (id, person, price) = (purchase.id, purchase.person, purchase.price);
            let charge = Charge { purchase: id, person, price, at: now };
            if rail.charge_at_once(&charge) == Charged::Declined {
                return Err(Refusal::PaymentDeclined);
            }
        }
        let mut events = self.round.lost_turn_events(phase, order, buy.pass_expires_at);
        if !events.is_empty() {
            shared.queue(order.person).tell(Learn(events.clone()));
        }
        events.push(match purchase.state {
            PurchaseState::Held => {
                let pass_expires_at = buy.pass_expires_at;
                Event::Held { purchase: purchase.clone(), pass_expires_at }
            }
            _ => {
                self.figures.bought(purchase.amount);
                Event::Issued { purchase: purchase.clone() }
            }
        });
        events.iter().for_each(|event| self.round.apply(event));
        let former = line.places.buy(number);
        assert!(former.is_some(), "OR-9: a pass was used twice");
        Ok((purchase, events))
    }
}

impl RoundShell {
    /// The teller has the money: no rail is asked, and one that is away stops nobody here.
    fn sell_at_counter(
        &mut self,
        order: &PurchaseOrder,
    ) -> Result<(Purchase, Vec<Event>), Refusal> {
        let purchase = self.round.decide_purchase(self.around.clock.now(), order)?;
        self.figures.bought(purchase.amount);
        let event = Event::Issued { purchase: purchase.clone() };
        self.round.apply(&event);
        Ok((purchase, vec![event]))
    }
}

impl Serve<Buy> for RoundShell {
    type Answer = Result<Purchase, BuyFailed>;

    fn serve(&mut self, buy: Buy, reply: Reply<Self::Answer>, _ctx: &mut Ctx<Self>) {
        // The person's actor died or was rebuilt: it will ask again from what the store says.
        if reply.is_abandoned() {
            return;
        }
        // One of the two has not been rebuilt yet: what it knows may never have been written.
        if buy.read_at < self.around.journal.read_at() {
            return reply.send(Err(BuyFailed::Doubt));
        }
        match self.buy(&buy) {
            Err(refusal) => reply.send(Err(BuyFailed::Refused(refusal))),
            Ok((purchase, events)) => {
                let till = self.around.till.clone();
                let till = till.filter(|_| purchase.state == PurchaseState::Held);
                let offered = till.zip(self.shared.upgrade());
                let clock = Arc::clone(&self.around.clock);
                let began = self.owed.begin(&mut self.gate.meter, purchase.at);
                self.around.journal.append_then(purchase.at, events, move |outcome| {
                    began.end(clock.now(), outcome.is_ok());
                    if let (Ok(()), Some((till, round))) = (&outcome, offered) {
                        let held = payments::unsent_of(&purchase);
                        till.handle.tell(Offer { round: RoundRef(round), held });
                    }
                    reply.send(outcome.map(|()| purchase).map_err(|_| BuyFailed::Doubt));
                });
            }
        }
    }
}

impl Serve<ProgramChanged> for RoundShell {
    type Answer = ();

    fn serve(&mut self, changed: ProgramChanged, reply: Reply<()>, _ctx: &mut Ctx<Self>) {
        self.program = changed.0;
        if let Some(shared) = self.shared.upgrade().filter(|_| !self.is_retired) {
            self.publish(&shared, self.around.clock.now());
        }
        reply.send(());
    }
}

impl Serve<ReserveNumbers> for RoundShell {
    type Answer = ();

    fn serve(&mut self, ask: ReserveNumbers, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        let shared = self.shared.upgrade().filter(|_| !self.is_retired);
        if let Some(line) = shared.and_then(|shared| shared.line(ask.0)) {
            line.reserving.store(false, Ordering::Release);
            self.reserve(ask.0, &line, ctx);
        }
        reply.send(());
    }
}

impl Serve<Fence> for RoundShell {
    type Answer = ();

    fn serve(&mut self, _: Fence, reply: Reply<()>, _ctx: &mut Ctx<Self>) {
        reply.send(());
    }
}

impl Serve<Retire> for RoundShell {
    type Answer = ();

    fn serve(&mut self, _: Retire, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        self.is_retired = true;
        reply.send(());
        // Operators whose step is being written still get their answer.
        ctx.run_later(Self::DEADLINE, |_: &mut Mailbox<Self>, ctx| ctx.stop());
    }
}

impl Serve<Describe> for RoundShell {
    type Answer = ActorDescription;

    fn serve(&mut self, _: Describe, reply: Reply<ActorDescription>, _ctx: &mut Ctx<Self>) {
        // Whoever asks an actor sees what it knows now, not at its last tick.
        if let Some(shared) = self.shared.upgrade().filter(|_| !self.is_retired) {
            self.publish(&shared, self.around.clock.now());
        }
        let limiters = self.gate.limiters();
        let sold: Won = self.round.windows().iter().map(|window| window.stock.sold).sum();
        reply.send(ActorDescription {
            actor: Self::NAME,
            name: self.round.spec().id.to_string(),
            people: 0,
            state: format!(
                "{}, sold {sold} won, watermark held by {limiters:?}",
                self.round.state().word()
            ),
        });
    }
}

#[cfg(feature = "failpoints")]
impl Serve<crate::failpoints::Panic> for RoundShell {
    type Answer = ();
    fn serve(&mut self, _: crate::failpoints::Panic, _: Reply<()>, _: &mut Ctx<Self>) {
        panic!("failpoint");
    }
}
