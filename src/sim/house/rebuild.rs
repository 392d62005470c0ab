//! Starting, and rebuilding from the store what died or is in doubt: the same `apply` as live,
//! event by event.
//!
//! A rebuilt actor is what the store says, nothing else; the epoch is noted before the store is
//! read, so that what it decides is written only if nobody took over meanwhile.

use super::committer::{Append, Committer, Done};
use super::round::{Drive, RoundActor, RoundSeat};
use super::{House, Owner, Paybacks, SHARDS, Seat, SignUp, Till};
use crate::sim::agenda::Task;
use crate::sim::faults::Plant;
use crate::sim::world::World;
use openrun_core::gate::Gate;
use openrun_core::places::Places;
use openrun_core::queue::Queue;
use openrun_core::round::Round;
use openrun_core::stops::Pauses;
use openrun_core::view::{Measured, RoundView};
use openrun_core::{Event, PersonKey, Program, StoredEvent, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a round is read at most, and the pause before a store that is away is asked again.
const LOAD_LATENCY: i64 = 60;
const LOAD_PAUSE: i64 = 200;
/// How long a death goes unnoticed at most.
const OBITUARY: i64 = 300;

/// A round as its events tell it.
struct Replay<'a> {
    round: Option<Round>,
    places: Vec<Arc<Places>>,
    queues: Vec<Queue>,
    last_joined: Vec<u64>,
    pauses: Pauses,
    events: &'a [StoredEvent],
}

impl<'a> Replay<'a> {
    fn new(events: &'a [StoredEvent]) -> Replay<'a> {
        let queues = (0..SHARDS).map(|_| Queue::default()).collect();
        let (places, last_joined) = (Vec::new(), Vec::new());
        let pauses = Pauses::default();
        Replay { round: None, places, queues, last_joined, pauses, events }
    }

    fn run(mut self, id: &openrun_core::RoundId) -> Replay<'a> {
        for stored in self.events.iter().filter(|stored| stored.event.round() == Some(id)) {
            self.apply(stored.at, &stored.event);
        }
        self
    }

    fn apply(&mut self, at: Timestamp, event: &Event) {
        if let Some(stops) = self.pauses.see(at, event) {
            self.queues.iter_mut().for_each(|queue| queue.see(stops));
        }
        if let Event::RoundDefined { spec } = event {
            let lines = spec.lines().len();
            self.places = (0..lines).map(|_| Arc::default()).collect();
            self.last_joined = vec![0; lines];
            match &mut self.round {
                Some(round) => round.apply(event),
                None => self.round = Some(Round::new(spec.clone())),
            }
            return;
        }
        let Some(round) = &mut self.round else { return };
        match event {
            Event::Joined { line, person, number, .. } => {
                let last = &mut self.last_joined[line.index()];
                *last = (*last).max(*number);
                self.apply_place(*line, *person, event);
            }
            Event::Claimed { line, person, .. }
            | Event::CameBack { line, person, .. }
            | Event::Left { line, person, .. } => {
                self.apply_place(*line, *person, event);
            }
            Event::TurnGiven { line, numbers, .. } => {
                self.places[line.index()].call_again(numbers);
            }
            Event::Held { purchase, .. } => self.buy(purchase),
            Event::Issued { purchase } if round.payment(purchase.id).is_none() => {
                self.buy(purchase);
            }
            Event::Voided { purchase, .. } => {
                let payment = round.payment(*purchase).expect("OR-3: voided but never held");
                let (pass, is_good) = (payment.purchase.pass, at < payment.pass_expires_at);
                let was_bought = self.places[pass.line.index()].unbuy(pass.number, is_good);
                assert!(was_bought, "OR-9: a pass that was not used is free again in the store");
            }
            _ => {}
        }
        if let Some(round) = &mut self.round {
            round.apply(event);
        }
    }

    fn apply_place(
        &mut self,
        line: openrun_core::round_spec::LineId,
        person: PersonKey,
        event: &Event,
    ) {
        let places = &self.places[line.index()];
        self.queues[person.shard(SHARDS)].apply(event, places);
    }

    fn buy(&mut self, purchase: &openrun_core::Purchase) {
        if purchase.serial_number().is_some() {
            return;
        }
        let former = self.places[purchase.pass.line.index()].buy(purchase.pass.number);
        assert!(former.is_some(), "OR-9: a pass was used twice in the store");
    }
}

/// Shortest run of vacant numbers that is kept as one: short, so that both ways are walked.
const VACANT_RUN: u64 = 4;

impl World {
    /// The process starts: takes over every stream, reads everything, serves. Tries again later
    /// when the store is away.
    pub(in crate::sim) fn start_process(&mut self) {
        let streams = self.store.streams.len();
        if self.store.is_away {
            let at = self.now.plus_millis(LOAD_PAUSE);
            return self.agenda.plan(at, Task::Start);
        }
        self.life += 1;
        let committers = (0..streams).map(|stream| Committer::new(self.store.take_over(stream)));
        let committers: Vec<Committer> = committers.collect();
        let programs = self.programs_in_store();
        let view = |round: usize| self.first_view(round, &programs);
        let seat = |round: usize| RoundSeat {
            generation: 0,
            view: view(round),
            actor: None,
            given: Vec::new(),
            last_mail: self.now,
        };
        let rounds = (0..self.plan.rounds.len()).map(seat).collect();
        let known = (0..self.plan.people).filter(|person| self.store.knows(*person));
        let seats: BTreeMap<u32, Seat> = known.map(|person| (person, Seat::Known)).collect();
        let signed_up = self.signed_up_in_store();
        let (till, generations) = (Till::new(1, self.plan.terms), 1);
        let paybacks = Paybacks::new(1, self.plan.terms);
        self.house = Some(Box::new(House {
            committers,
            programs,
            rounds,
            seats,
            signed_up,
            till,
            paybacks,
            generations,
        }));
        self.note(|| "the process starts".to_owned());
        for round in 0..self.plan.rounds.len() {
            self.build_round(round);
        }
        self.start_paybacks();
        self.start_expiry();
    }

    fn first_view(&self, round: usize, programs: &[Arc<Program>]) -> Arc<RoundView> {
        let machine = Round::new(self.plan.rounds[round].clone());
        let program = Arc::clone(&programs[self.stream_of_round(round) - 1]);
        let parts = |_: usize| (Arc::<Places>::default(), (Measured::default(), Vec::new()));
        Arc::new(RoundView::of(&machine, program, 0, 0, self.now, parts))
    }

    fn programs_in_store(&self) -> Vec<Arc<Program>> {
        let newest = |stream: usize| {
            let events = self.store.streams[stream].events.iter().rev();
            let mut programs = events.filter_map(|stored| match &stored.event {
                Event::ProgramChanged { program } => Some(Arc::new(program.clone())),
                _ => None,
            });
            programs.next().expect("a program is in the store before the process starts")
        };
        (1..=self.plan.programs.len()).map(newest).collect()
    }

    fn signed_up_in_store(&self) -> Vec<SignUp> {
        let mut signed_up = vec![SignUp::Unknown; self.plan.people as usize];
        for stored in &self.store.streams[0].events {
            if let Event::SignedUp { person, .. } = &stored.event {
                signed_up[crate::sim::people::number_of(*person) as usize] = SignUp::Durable;
            }
        }
        signed_up
    }

    /// A stream was taken over after a doubt: nothing in memory that stands on it can be trusted.
    pub(in crate::sim) fn store_in_doubt(&mut self, stream: usize) {
        if stream == 0 {
            let durable = self.signed_up_in_store();
            let Some(house) = &mut self.house else { return };
            for (state, stored) in house.signed_up.iter_mut().zip(durable) {
                // Those that are being written now are decided by their own batch.
                if *state != SignUp::Pending {
                    *state = stored;
                }
            }
            return;
        }
        let programs = self.programs_in_store();
        let Some(house) = &mut self.house else { return };
        if let (Some(known), Some(stored)) =
            (house.programs.get_mut(stream - 1), programs.get(stream - 1))
        {
            *known = Arc::clone(stored);
        }
        let living: Vec<(u32, u32)> = house
            .seats
            .iter()
            .filter_map(|(person, seat)| match seat {
                Seat::Living(living) => Some((*person, living.generation)),
                Seat::Known => None,
            })
            .collect();
        for (person, generation) in living {
            self.end_person(person, generation, false);
        }
        for round in 0..self.plan.rounds.len() {
            if self.stream_of_round(round) == stream {
                self.rebuild_round(round);
            }
        }
    }

    /// A round's actor dies; somebody will notice.
    pub(in crate::sim) fn kill_round(&mut self, round: usize) {
        let delay = self.chances.fate.between(0, OBITUARY);
        let Some(house) = &mut self.house else { return };
        let generation = house.next_generation();
        let seat = &mut house.rounds[round];
        remember_given(seat);
        seat.generation = generation;
        let (life, at) = (self.life, self.now.plus_millis(delay));
        self.agenda.plan(at, Task::Rebuild { life, round, generation });
    }

    /// Nothing is decided from here on; what was decided is written or known not to be before the
    /// store is read.
    pub(in crate::sim) fn rebuild_round(&mut self, round: usize) {
        let stream = self.stream_of_round(round);
        let Some(house) = &mut self.house else { return };
        let generation = house.next_generation();
        let seat = &mut house.rounds[round];
        remember_given(seat);
        seat.generation = generation;
        let done = Done::Barrier(Owner::Round { round, generation });
        let append = Append { at: self.now, events: Vec::new(), under: None, done };
        self.append(stream, append);
    }

    /// Everything handed to a committer before is decided, or it cannot say.
    pub(in crate::sim) fn barrier_passed(&mut self, owner: Owner, is_sure: bool) {
        match owner {
            Owner::Person { person, generation } => {
                self.person_barrier(person, generation, is_sure);
            }
            Owner::Round { round, generation } => {
                let (life, latency) = (self.life, self.chances.store.between(0, LOAD_LATENCY));
                let (task, after) = match is_sure {
                    true => (Task::Load { life, owner }, latency),
                    false => (Task::Rebuild { life, round, generation }, LOAD_PAUSE),
                };
                self.agenda.plan(self.now.plus_millis(after), task);
            }
        }
    }

    /// The store is read for an actor.
    pub(in crate::sim) fn load(&mut self, owner: Owner) {
        match owner {
            Owner::Person { person, generation } => self.load_person(person, generation),
            Owner::Round { round, generation } => {
                let Some(house) = &self.house else { return };
                if house.rounds[round].generation != generation {
                    return;
                }
                if self.store.is_away {
                    let (life, at) = (self.life, self.now.plus_millis(LOAD_PAUSE));
                    return self.agenda.plan(at, Task::Load { life, owner });
                }
                self.build_round(round);
            }
        }
    }

    /// Makes a round's actor from the store.
    fn build_round(&mut self, round: usize) {
        let (now, stream) = (self.now, self.stream_of_round(round));
        let id = self.plan.rounds[round].id.clone();
        let is_forgetful = self.plant == Some(Plant::NumberTwice);
        let Some(house) = &mut self.house else { return };
        let events = &self.store.streams[stream].events;
        let Replay { round: machine, places, mut queues, last_joined, pauses, .. } =
            Replay::new(events).run(&id);
        let machine = machine.expect("a round is in the store before the process starts");
        let given = &house.rounds[round].given;
        let mut drives = Vec::new();
        for (index, line) in machine.lines().iter().enumerate() {
            let last = given.get(index).copied().unwrap_or(line.reserved);
            let last = if is_forgetful { last_joined[index] } else { last };
            places[index].vacate(last, VACANT_RUN);
            places[index].set_reserved(line.reserved);
            places[index].advance(line.watermark);
            drives.push(Drive::default());
        }
        // Who had their turn before has a whole claim window from now.
        let gate = Gate::new(now, &machine, pauses.until(now));
        for queue in &mut queues {
            queue.expire(pauses.over_at(machine.spec().inlet.claim_window_s), &places);
        }
        let mut actor = RoundActor {
            round: machine,
            places,
            queues,
            drives,
            gate,
            program: Arc::clone(&house.programs[stream - 1]),
            under: house.committers[stream].epoch,
            serial: house.rounds[round].view.serial,
        };
        let generation = house.next_generation();
        let seat = &mut house.rounds[round];
        seat.generation = generation;
        seat.view = actor.view(now);
        seat.actor = Some(actor);
        self.figures.rebuilds += 1;
        self.note(|| format!("{id} is read from the store"));
        let life = self.life;
        self.agenda.plan(now, Task::Tick { life, round, generation });
        self.announce(round);
    }
}

/// What a round's actor leaves behind: the numbers that it has given.
fn remember_given(seat: &mut RoundSeat) {
    if let Some(actor) = seat.actor.take() {
        seat.given = actor.places.iter().map(|places| places.last_number()).collect();
    }
}
