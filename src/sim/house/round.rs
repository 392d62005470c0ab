//! A round's actor: its clock, its watermarks and numbers, purchases, and the steps of payments.
//!
//! A purchase is decided and applied at once and answered when it is written. A watermark and a
//! block of numbers count only once they are written.

use super::SHARDS;
use super::committer::{Append, Done};
use super::person::Bought;
use super::till::Next;
use crate::sim::agenda::Task;
use crate::sim::faults::Plant;
use crate::sim::people::number_of;
use crate::sim::world::World;
use openrun_core::gate::Gate;
use openrun_core::payment::{Payment, PaymentPhase, RailAnswer, VoidReason};
use openrun_core::places::Places;
use openrun_core::program::Program;
use openrun_core::queue::Queue;
use openrun_core::round::{LifeCycle, PurchaseOrder, Round};
use openrun_core::round_spec::LineId;
use openrun_core::view::{Measured, RoundView};
use openrun_core::{Event, Purchase, PurchaseId, Refusal, Timestamp};
use std::sync::Arc;

/// Buy from this round; limits were held before.
#[derive(Debug)]
pub(in crate::sim) struct Buy {
    pub order: PurchaseOrder,
    pub pass_expires_at: Timestamp,
    pub epoch: u64,
    pub person: u32,
    pub generation: u32,
    pub request: u64,
}

/// What the till asks of a round about one payment.
#[derive(Debug)]
pub(in crate::sim) enum Step {
    /// What does it need next? `is_look`: also when it was voided.
    Ask { is_look: bool },
    /// May it be sent?
    Send { request: String, sent_at: Timestamp },
    /// It waited too long to be sent.
    Expire,
    /// The rail has answered what it was asked at this time.
    Answer(RailAnswer, Timestamp),
}

/// A message to a round.
#[derive(Debug)]
pub(in crate::sim) enum RoundMail {
    Buy(Box<Buy>),
    Fence { person: u32, generation: u32 },
    Pay { id: PurchaseId, till: u32, step: Step },
}

/// A line as its round drives it.
#[derive(Debug, Default)]
pub(in crate::sim) struct Drive {
    pub is_reserving: bool,
}

/// The machines of a round.
#[derive(Debug)]
pub(in crate::sim) struct RoundActor {
    pub round: Round,
    pub places: Vec<Arc<Places>>,
    pub queues: Vec<Queue>,
    pub drives: Vec<Drive>,
    pub gate: Gate,
    pub program: Arc<Program>,
    /// The epoch under which the state was read.
    pub under: u64,
    pub serial: u64,
}

/// Where a round's actor lives, and what it has published.
#[derive(Debug)]
pub(in crate::sim) struct RoundSeat {
    pub generation: u32,
    pub view: Arc<RoundView>,
    pub actor: Option<RoundActor>,
    /// Numbers given by former actors of this process.
    pub given: Vec<u64>,
    pub last_mail: Timestamp,
}

impl RoundActor {
    /// A snapshot for everybody.
    pub fn view(&mut self, now: Timestamp) -> Arc<RoundView> {
        self.serial += 1;
        let parts =
            |line: usize| (Arc::clone(&self.places[line]), (Measured::default(), Vec::new()));
        let program = Arc::clone(&self.program);
        let mut view = RoundView::of(&self.round, program, self.serial, self.under, now, parts);
        view.see_gate(self.gate.view(&self.round, &self.places));
        Arc::new(view)
    }

    /// Decides and applies a purchase. The events that prove the turn come along when the store may
    /// have lost them.
    fn buy(
        &mut self,
        now: Timestamp,
        buy: &Buy,
        is_waiting: bool,
    ) -> Result<(Purchase, Vec<Event>), Refusal> {
        let (order, expires_at) = (&buy.order, buy.pass_expires_at);
        if order.at_counter.is_some() {
            let purchase = self.round.decide_purchase(now, order)?;
            let event = Event::Issued { purchase: purchase.clone() };
            self.round.apply(&event);
            return Ok((purchase, vec![event]));
        }
        let line = order.pass.line.index();
        let places = Arc::clone(self.places.get(line).ok_or(Refusal::PassInvalid)?);
        let number = order.pass.number;
        let phase = places.phase(number);
        self.round.check_pass(now, phase, expires_at)?;
        let purchase = match is_waiting {
            true => self.round.decide_hold(now, order)?,
            false => self.round.decide_purchase(now, order)?,
        };
        let mut events = self.round.lost_turn_events(phase, order, expires_at);
        for event in &events {
            self.queues[order.person.shard(SHARDS)].apply(event, &places);
        }
        let bought = purchase.clone();
        events.push(match is_waiting {
            true => Event::Held { purchase: bought, pass_expires_at: expires_at },
            false => Event::Issued { purchase: bought },
        });
        events.iter().for_each(|event| self.round.apply(event));
        let former = places.buy(number);
        assert!(former.is_some(), "OR-9: a pass was used twice");
        Ok((purchase, events))
    }

    /// Applies a step of a payment; a hold that comes to nothing frees its pass.
    fn pay(&mut self, now: Timestamp, event: &Event) {
        if let Event::Voided { purchase, .. } = event {
            let payment = self.round.payment(*purchase).expect("OR-3: voided but never held");
            let (pass, is_good) = (payment.purchase.pass, now < payment.pass_expires_at);
            let was_bought = self.places[pass.line.index()].unbuy(pass.number, is_good);
            assert!(was_bought, "OR-9: a pass that was not used is free again");
        }
        self.round.apply(event);
    }
}

/// The planted bug: a clock voids what was sent, as if the rail had barred it.
fn hasty_void(round: &Round, now: Timestamp, id: PurchaseId, hold_ttl: i64) -> Option<Event> {
    let PaymentPhase::Sent { at } = round.payment(id)?.phase else { return None };
    let is_late = now.millis_since(at) >= hold_ttl;
    let voided = || round.decide_answer(now, id, i64::MAX, RailAnswer::Cancelled);
    is_late.then(voided).flatten()
}

/// What follows from a step that is written.
fn next_after(event: &Event) -> Next {
    match event {
        Event::CancelSent { .. } | Event::ReturnSent { .. } => Next::Now,
        Event::Voided { reason: VoidReason::Declined | VoidReason::Expired, .. } => Next::Ended,
        Event::Voided { .. } => Next::LookLater,
        _ => Next::Ended,
    }
}

impl World {
    /// Sends a message to a round.
    pub(in crate::sim) fn mail_round(&mut self, round: usize, mail: RoundMail) {
        let Some(house) = &self.house else { return };
        let (generation, last) = (house.rounds[round].generation, house.rounds[round].last_mail);
        let at = self.delivery(last);
        if let Some(house) = &mut self.house {
            house.rounds[round].last_mail = at;
        }
        let (life, mail) = (self.life, Box::new(mail));
        self.agenda.plan(at, Task::ToRound { life, round, generation, mail });
    }

    /// A message reaches a round, or nobody any more.
    pub(in crate::sim) fn round_gets(&mut self, round: usize, generation: u32, mail: RoundMail) {
        match mail {
            RoundMail::Fence { person, generation } => self.fence_passed(person, generation),
            RoundMail::Buy(buy) => self.serve_buy(round, generation, &buy),
            RoundMail::Pay { id, till, step } => {
                self.serve_payment(round, generation, id, till, step);
            }
        }
    }

    fn serve_buy(&mut self, round: usize, generation: u32, buy: &Buy) {
        // The person's actor died: it will ask again from what the store says.
        if !self.outstanding.contains_key(&buy.request) {
            return;
        }
        let (now, is_waiting) = (self.now, self.plan.terms.is_some());
        let stream = self.stream_of_round(round);
        let (person, request) = (buy.person, buy.request);
        let Some(house) = &mut self.house else { return };
        // A rail that is away stops nobody at a counter.
        let is_shut = house.till.is_shut && buy.order.at_counter.is_none();
        // One of the two has not been rebuilt yet: what it knows may never have been written.
        let actor = house.round(round, generation).filter(|actor| actor.under == buy.epoch);
        let Some(actor) = actor else {
            return self.tell_bought(person, buy.generation, request, Bought::Doubt);
        };
        let under = Some(actor.under);
        let bought = match is_shut {
            // Nobody new begins to pay.
            true => Err(Refusal::Overloaded),
            false => actor.buy(now, buy, is_waiting),
        };
        match bought {
            Err(refusal) => {
                self.tell_bought(person, buy.generation, request, Bought::Refused(refusal));
            }
            Ok((purchase, events)) => {
                let outcome = Bought::Yes(Box::new(purchase));
                let generation = buy.generation;
                let done = Done::Bought { person, generation, request, outcome, round };
                self.append(stream, Append { at: now, events, under, done });
            }
        }
    }

    fn serve_payment(
        &mut self,
        round: usize,
        generation: u32,
        id: PurchaseId,
        till: u32,
        step: Step,
    ) {
        let (now, stream) = (self.now, self.stream_of_round(round));
        let is_hasty = self.plant == Some(Plant::ReleaseOnTimeout);
        let Some(terms) = self.plan.terms else { return };
        let heard = match &step {
            Step::Answer(said, _) => Some(*said != RailAnswer::Unknown),
            _ => None,
        };
        let Some(house) = &mut self.house else { return };
        let Some(actor) = house.round(round, generation) else {
            return self.carried(till, id, Next::Again, heard);
        };
        let under = Some(actor.under);
        let machine = &actor.round;
        let event = match step {
            Step::Ask { is_look } => {
                let hasty = is_hasty.then(|| hasty_void(machine, now, id, terms.hold_ttl));
                let Some(event) = hasty.flatten() else {
                    let done = Done::NextStep { till, id, step: machine.next_step(id, is_look) };
                    let append = Append { at: now, events: Vec::new(), under, done };
                    return self.append(stream, append);
                };
                event
            }
            Step::Send { request, sent_at } => {
                let Some(event) = machine.decide_send(sent_at, id, request.clone()) else {
                    return self.carried(till, id, Next::Again, None);
                };
                actor.pay(now, &event);
                let done = Done::Sent { till, id, request, event: Box::new(event.clone()) };
                let events = vec![event];
                return self.append(stream, Append { at: now, events, under, done });
            }
            Step::Expire => match machine.decide_expire(id) {
                Some(event) => event,
                None => return self.carried(till, id, Next::Again, None),
            },
            Step::Answer(said, asked_at) => {
                match machine.decide_answer(asked_at, id, terms.finality, said) {
                    Some(event) => event,
                    None => {
                        let is_open = machine.payment(id).is_some_and(Payment::is_open);
                        let is_undecided = is_open || said == RailAnswer::Unknown;
                        let next = if is_undecided { Next::Again } else { Next::Ended };
                        return self.carried(till, id, next, heard);
                    }
                }
            }
        };
        actor.pay(now, &event);
        self.append_payment(stream, under, (till, id), event, heard);
    }

    fn append_payment(
        &mut self,
        stream: usize,
        under: Option<u64>,
        (till, id): (u32, PurchaseId),
        event: Event,
        heard: Option<bool>,
    ) {
        let mut events = vec![event.clone()];
        let is_void = matches!(event, Event::Voided { .. });
        if self.plant == Some(Plant::DoubleRelease) && is_void {
            events.push(event.clone());
        }
        let next = next_after(&event);
        let done = Done::Paid { till, id, event: Box::new(event), next, heard };
        self.append(stream, Append { at: self.now, events, under, done });
    }

    /// Every tick the round does what the clock says, moves its watermarks and publishes.
    pub(in crate::sim) fn tick(&mut self, round: usize, generation: u32) {
        if !self.tick_now(round, generation) {
            return;
        }
        let (life, every, now) = (self.life, self.plan.tick, self.now);
        let Some(house) = &mut self.house else { return };
        let Some(actor) = house.round(round, generation) else { return };
        let next = match actor.round.state() {
            LifeCycle::Closed => return,
            LifeCycle::Draft | LifeCycle::Scheduled => {
                actor.round.next_deadline(now).unwrap_or(now.plus_millis(every))
            }
            _ => now.plus_millis(every),
        };
        self.agenda.plan(next, Task::Tick { life, round, generation });
    }

    /// One look at the clock. Answers whether the round is there.
    pub(in crate::sim) fn tick_now(&mut self, round: usize, generation: u32) -> bool {
        let (now, stream) = (self.now, self.stream_of_round(round));
        let Some(house) = &mut self.house else { return false };
        let around = house.till.room(now);
        let is_held_up = house.till.is_shut;
        let Some(actor) = house.round(round, generation) else { return false };
        let mut events = Vec::new();
        while let Some(event) = actor.round.decide_due(now) {
            actor.round.apply(&event);
            events.push(event);
        }
        let under = Some(actor.under);
        let limit = actor.program.rules_at(now).monthly_limit_won;
        actor.gate.tick(now, &actor.round, &actor.places, limit, (around, is_held_up));
        let stops = actor.gate.view(&actor.round, &actor.places).stops;
        for queue in &mut actor.queues {
            queue.see(stops);
            queue.expire(now, &actor.places);
        }
        let lines = actor.places.len();
        if !events.is_empty() {
            self.append(stream, Append { at: now, events, under, done: Done::Nothing });
        }
        for line in 0..lines {
            self.reserve_when_low(round, line);
            self.advance(round, generation, line);
        }
        let Some(house) = &mut self.house else { return false };
        let Some(actor) = house.round(round, generation) else { return false };
        let view = actor.view(now);
        house.rounds[round].view = view;
        true
    }

    fn advance(&mut self, round: usize, generation: u32, line: usize) {
        let (now, stream) = (self.now, self.stream_of_round(round));
        let Some(house) = &mut self.house else { return };
        let Some(actor) = house.round(round, generation) else { return };
        let limit = actor.program.rules_at(now).monthly_limit_won;
        let events = actor.gate.decide(line_id(line), &actor.round, &actor.places, limit);
        if events.is_empty() {
            return;
        }
        let under = Some(actor.under);
        let done = Done::Moved { round, generation, line, events: events.clone() };
        self.append(stream, Append { at: now, events, under, done });
    }

    /// Turns are written: now they count.
    pub(in crate::sim) fn turns_written(
        &mut self,
        round: usize,
        generation: u32,
        line: usize,
        events: &[Event],
    ) {
        let now = self.now;
        let Some(house) = &mut self.house else { return };
        let Some(actor) = house.round(round, generation) else { return };
        events.iter().for_each(|event| actor.round.apply(event));
        actor.gate.written(now, line_id(line), events, &actor.places[line]);
    }

    /// Asks for the next block of numbers, when little of the last one is left.
    pub(in crate::sim) fn reserve_when_low(&mut self, round: usize, line: usize) {
        let (now, block) = (self.now, self.plan.number_block);
        let stream = self.stream_of_round(round);
        let Some(house) = &mut self.house else { return };
        let generation = house.rounds[round].generation;
        let Some(actor) = house.round(round, generation) else { return };
        let last = actor.places[line].last_number();
        if actor.drives[line].is_reserving {
            return;
        }
        let Some(event) = actor.round.decide_reserve_block(line_id(line), last, block) else {
            return;
        };
        let Event::NumbersReserved { up_to, .. } = event else { return };
        actor.round.apply(&event);
        actor.drives[line].is_reserving = true;
        let (under, done) = (Some(actor.under), Done::Reserved { round, generation, line, up_to });
        self.append(stream, Append { at: now, events: vec![event], under, done });
    }

    /// A block is written, or is not.
    pub(in crate::sim) fn numbers_reserved(
        &mut self,
        round: usize,
        generation: u32,
        line: usize,
        up_to: Option<u64>,
    ) {
        let Some(house) = &mut self.house else { return };
        let Some(actor) = house.round(round, generation) else { return };
        actor.drives[line].is_reserving = false;
        if let Some(up_to) = up_to {
            actor.places[line].set_reserved(up_to);
        }
    }

    /// Who bought what a payment is about: told of its steps if they live.
    pub(in crate::sim) fn person_of(event: &Event) -> Option<u32> {
        match event {
            Event::Issued { purchase } => Some(number_of(purchase.person)),
            Event::PaymentSent { person, .. } | Event::Voided { person, .. } => {
                Some(number_of(*person))
            }
            _ => None,
        }
    }
}

/// A line by its index.
pub(in crate::sim) fn line_id(line: usize) -> LineId {
    LineId(u8::try_from(line).expect("a round has at most 16 windows"))
}
