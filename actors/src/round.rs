//! One round: its life, stock, numbers and watermarks. The decisions are in
//! [`openrun_core::round`].
//!
//! A purchase is decided and applied at once and answered when it is durable. A watermark and a
//! block of numbers count only once they are durable. Every tick the round does what the clock says
//! and publishes a snapshot.

use crate::clock::Clock;
use crate::committer::{CommitFailed, IntoActorFuture, Journal};
use crate::figures::Figures;
use crate::handle::{Ctx, Mailbox, Reply, Serve, Shell};
use crate::queue::{ActorDescription, Describe, Learn, Retire};
use crate::rail::{Charge, Charged, Rail};
use crate::requests::InletPatch;
use crate::shared::{LineShared, RoundShared};
use actix::{ActorContext, AsyncContext};
use openrun_core::inlet::{Limiter, RateBucket};
use openrun_core::places::NUMBER_MAX;
use openrun_core::program::Program;
use openrun_core::round::{LifeCycle, PurchaseOrder, Round, Step};
use openrun_core::round_spec::{InletSpec, LineId, RoundSpec};
use openrun_core::speed::SpeedMeter;
use openrun_core::view::RoundView;
use openrun_core::{Event, Purchase, Refusal, Timestamp, Won};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often a round looks at the clock, moves its watermarks and publishes: half of what the
/// document may lag.
const TICK: Duration = Duration::from_millis(100);

/// Buy from this round; limits were held before.
pub(crate) struct Buy {
    pub order: PurchaseOrder,
    pub pass_expires_at: Timestamp,
    /// The epoch of the state on which the limits were held.
    pub epoch: Option<u64>,
}

/// Why a purchase came to nothing.
#[derive(Debug)]
pub(crate) enum BuyFailed {
    /// Refused; nothing was done.
    Refused(Refusal),
    /// The store did not take it, or perhaps it did.
    Doubt,
}

/// An operator's step.
pub(crate) struct TakeStep {
    pub step: Step,
    pub staff: Event,
}

/// An operator changes the inlet.
pub(crate) struct SetInlet {
    pub patch: InletPatch,
    pub staff: Event,
}

/// An operator changes the round before people can join.
pub(crate) struct Redefine {
    pub spec: RoundSpec,
    pub staff: Event,
}

/// The program's rules changed.
pub(crate) struct ProgramChanged(pub Arc<Program>);

/// A line is running out of numbers.
pub(crate) struct ReserveNumbers(pub LineId);

/// Answers when everything sent before has been decided.
pub(crate) struct Fence;

/// A line as its round drives it.
struct Drive {
    meter: SpeedMeter,
    turns: VecDeque<(Timestamp, u64)>,
    is_moving: bool,
    limiter: Limiter,
    vacant: Vec<(u64, u64)>,
}

impl Drive {
    fn new(vacant: Vec<(u64, u64)>) -> Drive {
        Drive {
            meter: SpeedMeter::default(),
            turns: VecDeque::new(),
            is_moving: false,
            limiter: Limiter::Shut,
            vacant,
        }
    }
}

/// Everything a round needs around it.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub journal: Journal,
    pub clock: Arc<dyn Clock>,
    pub rail: Arc<dyn Rail>,
    pub epoch: Arc<AtomicU64>,
}

/// The actor's inside.
pub(crate) struct RoundShell {
    round: Round,
    program: Arc<Program>,
    drives: Vec<Drive>,
    /// One rate for the round, whatever the number of its lines.
    bucket: RateBucket,
    shared: Weak<RoundShared>,
    around: Surroundings,
    last_tick: Timestamp,
    serial: u64,
    figures: Figures,
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
    /// `vacant`: for each line the numbers that were reserved before and never given.
    pub fn new(
        round: Round,
        program: Arc<Program>,
        vacant: Vec<Vec<(u64, u64)>>,
        shared: Weak<RoundShared>,
        around: Surroundings,
        serial: u64,
    ) -> RoundShell {
        let figures = Figures::new(&round);
        let last_tick = around.clock.now();
        let mut drives: Vec<Drive> = vacant.into_iter().map(Drive::new).collect();
        // Who had their turn before a restart has a whole claim window from now.
        for (drive, line) in drives.iter_mut().zip(round.lines()) {
            drive.turns.extend((line.watermark > 0).then_some((last_tick, line.watermark)));
        }
        RoundShell {
            round,
            program,
            drives,
            bucket: RateBucket::default(),
            shared,
            around,
            last_tick,
            serial,
            figures,
            is_retired: false,
        }
    }

    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let Some(shared) = self.shared.upgrade().filter(|_| !self.is_retired) else { return };
        let now = self.around.clock.now();
        let elapsed = u64::try_from(now.millis_since(self.last_tick)).unwrap_or(0);
        self.last_tick = now;
        let mut due = Vec::new();
        while let Some(event) = self.round.decide_due(now) {
            self.round.apply(&event);
            due.push(event);
        }
        if !due.is_empty() {
            self.around.journal.append_and_forget(now, due);
        }
        self.bucket.fill(&self.round.spec().inlet, elapsed);
        let lines = shared.lines.load_full();
        let active: u64 = lines.iter().map(|line| line.places.active()).sum();
        for (index, line) in lines.iter().enumerate() {
            let id = LineId(u8::try_from(index).unwrap_or(u8::MAX));
            self.reserve(id, line, ctx);
            self.lapse(index, line, now);
            let active_elsewhere = active.saturating_sub(line.places.active());
            self.advance(id, line, active_elsewhere, now, ctx);
            self.drives[index].meter.observe(now, line.places.watermark());
        }
        self.publish(&shared, now);
    }

    /// Turns that nobody claimed in time are over. After a pause all have a whole claim window.
    fn lapse(&mut self, index: usize, line: &LineShared, now: Timestamp) {
        let window = i64::from(self.round.spec().inlet.claim_window_s) * 1_000;
        let turns = &mut self.drives[index].turns;
        if self.round.state() == LifeCycle::Paused {
            turns.clear();
            turns.push_back((now, line.places.watermark()));
            return;
        }
        while let Some((since, watermark)) = turns.front().copied() {
            if now.millis_since(since) < window {
                break;
            }
            turns.pop_front();
            line.places.lapse(watermark);
        }
    }

    fn advance(
        &mut self,
        id: LineId,
        line: &Arc<LineShared>,
        active_elsewhere: u64,
        now: Timestamp,
        ctx: &mut Ctx<Self>,
    ) {
        let limit = self.program.rules_at(now).monthly_limit_won;
        if self.drives[id.index()].is_moving {
            return;
        }
        let places = &line.places;
        let (moved, limiter) =
            self.round.decide_advance(id, places, &self.bucket, active_elsewhere, limit);
        self.drives[id.index()].limiter = limiter;
        let Some(moved) = moved else { return };
        let Event::WatermarkMoved { to, .. } = moved else { return };
        self.bucket.take(places.entering(places.watermark(), to));
        self.drives[id.index()].is_moving = true;
        let written = self.around.journal.append(now, vec![moved.clone()]);
        let line = Arc::clone(line);
        ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, _ctx| {
            shell.drives[id.index()].is_moving = false;
            if outcome.is_ok() && !shell.is_retired {
                shell.round.apply(&moved);
                line.places.advance(to);
                let now = shell.around.clock.now();
                shell.drives[id.index()].turns.push_back((now, to));
            }
        }));
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
            self.drives.iter().map(|drive| (drive.meter.speed(), drive.vacant.clone())).collect();
        let view = RoundView::of(
            &self.round,
            Arc::clone(&self.program),
            self.serial,
            self.around.epoch.load(Ordering::Acquire),
            now,
            |line| (Arc::clone(&lines[line].places), drives[line].clone()),
        );
        self.figures.show(&view);
        shared.view.store(Arc::new(view));
    }

    /// Applies what an operator decided, writes it with the log line, and answers once it is
    /// durable.
    fn carry_out(
        &mut self,
        mut events: Vec<Event>,
        staff: Event,
        reply: Reply<Result<(), Refusal>>,
        ctx: &mut Ctx<Self>,
    ) {
        events.iter().for_each(|event| self.round.apply(event));
        events.push(staff);
        let written = self.around.journal.append(self.around.clock.now(), events);
        ctx.spawn(written.into_actor_future(|shell: &mut Self, outcome, ctx| {
            shell.tick(ctx);
            reply.send(outcome.map_err(|CommitFailed| Refusal::Unavailable));
        }));
    }

    /// Decides, charges, applies. The events that prove the turn come along when the store may have
    /// lost them.
    fn buy(&mut self, buy: &Buy) -> Result<(Purchase, Vec<Event>), Refusal> {
        let order = &buy.order;
        let shared = self.shared.upgrade().filter(|_| !self.is_retired);
        let shared = shared.ok_or(Refusal::Unavailable)?;
        let line = shared.line(order.pass.line).ok_or(Refusal::PassInvalid)?;
        let number = order.pass.number;
        let (now, phase) = (self.around.clock.now(), line.places.phase(number));
        self.round.check_pass(now, phase, buy.pass_expires_at)?;
        let purchase = self.round.decide_purchase(now, order)?;
        let charge =
            Charge { purchase: purchase.id, person: purchase.person, price: purchase.price };
        if self.around.rail.charge_at_once(&charge) == Charged::Declined {
            return Err(Refusal::PaymentDeclined);
        }
        let mut events = self.round.lost_turn_events(phase, order, buy.pass_expires_at);
        if !events.is_empty() {
            shared.queue(order.person).tell(Learn(events.clone()));
        }
        events.push(Event::Issued { purchase: purchase.clone() });
        events.iter().for_each(|event| self.round.apply(event));
        let former = line.places.buy(number);
        assert!(former.is_some(), "OR-9: a pass was used twice");
        self.figures.bought(purchase.amount);
        Ok((purchase, events))
    }

    fn set_inlet(&self, patch: &InletPatch) -> Result<InletSpec, Refusal> {
        let mut inlet = self.round.spec().inlet.clone();
        inlet.rate_per_1000_s = patch.rate_per_1000_s.unwrap_or(inlet.rate_per_1000_s);
        inlet.max_active = patch.max_active.unwrap_or(inlet.max_active);
        inlet.claim_window_s = patch.claim_window_s.unwrap_or(inlet.claim_window_s);
        inlet.pass_ttl_s = patch.pass_ttl_s.unwrap_or(inlet.pass_ttl_s);
        inlet.mode = patch.mode.unwrap_or(inlet.mode);
        if !inlet.is_within_bounds() {
            let detail = openrun_core::round_spec::SpecFault::InletOutOfBounds.words();
            return Err(Refusal::Malformed { detail: detail.to_owned() });
        }
        Ok(inlet)
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
        if buy.epoch != self.around.journal.epoch() {
            return reply.send(Err(BuyFailed::Doubt));
        }
        match self.buy(&buy) {
            Err(refusal) => reply.send(Err(BuyFailed::Refused(refusal))),
            Ok((purchase, events)) => {
                self.around.journal.append_then(purchase.at, events, move |outcome| {
                    reply.send(outcome.map(|()| purchase).map_err(|_| BuyFailed::Doubt));
                });
            }
        }
    }
}

impl Serve<TakeStep> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: TakeStep, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        if self.is_retired {
            return reply.send(Err(Refusal::Unavailable));
        }
        match self.round.decide_step(ask.step) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(events) => self.carry_out(events, ask.staff, reply, ctx),
        }
    }
}

impl Serve<SetInlet> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: SetInlet, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        if self.is_retired {
            return reply.send(Err(Refusal::Unavailable));
        }
        match self.set_inlet(&ask.patch) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(inlet) => {
                let round = self.round.spec().id.clone();
                let changed = Event::InletChanged { round, inlet };
                self.carry_out(vec![changed], ask.staff, reply, ctx);
            }
        }
    }
}

impl Serve<Redefine> for RoundShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: Redefine, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        if self.is_retired {
            return reply.send(Err(Refusal::Unavailable));
        }
        match self.round.decide_redefine(&ask.spec) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(event) => {
                let Some(shared) = self.shared.upgrade() else { return };
                let fresh = || Arc::new(LineShared::default());
                let lines: Vec<_> = ask.spec.lines().iter().map(|_| fresh()).collect();
                self.drives = lines.iter().map(|_| Drive::new(Vec::new())).collect();
                shared.lines.store(Arc::new(lines));
                self.carry_out(vec![event], ask.staff, reply, ctx);
                self.figures = Figures::new(&self.round);
                self.publish(&shared, self.around.clock.now());
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
        let limiters: Vec<_> = self.drives.iter().map(|drive| drive.limiter).collect();
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
