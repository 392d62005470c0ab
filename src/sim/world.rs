//! The world of one run: the store, the rail, the people, the process, and the faults between any
//! two steps. One thread, one clock, one order of everything.

use super::agenda::{Agenda, Task};
use super::audit::{Auditor, Broken, EXPIRY_SEEN};
use super::chance::{Chance, mix};
use super::faults::{Fault, Plant};
use super::house::{House, Seat};
use super::people::{Client, Request, Said};
use super::plan::{Plan, Weather};
use super::rail::ModelRail;
use super::refunds::Refunds;
use super::sale;
use super::store::ModelStore;
use super::{Outcome, Settings, Violation};
use openrun_core::round::Step;
use openrun_core::{ChannelId, Event, Timestamp};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

mod judge;

/// Once faults are healed a payment may take this long beyond the rail's finality window, in
/// milliseconds, by the design.
const LIVENESS: i64 = 60_000;
/// How long a process stays away at most.
const AWAY: i64 = 4_000;

/// One stream of chance for each purpose.
#[derive(Debug)]
pub(super) struct Chances {
    pub people: Chance,
    pub net: Chance,
    pub store: Chance,
    pub rail: Chance,
    pub fate: Chance,
    pub mail: Chance,
}

/// Figures of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Steps of the clock.
    pub steps: u64,
    /// Events written.
    pub events: u64,
    /// Purchases held or issued.
    pub purchases: u64,
    /// Vouchers.
    pub issued: u64,
    /// Processes that died.
    pub crashes: u64,
    /// Batches that were not plainly written.
    pub doubts: u64,
    /// Rounds read from the store.
    pub rebuilds: u64,
    /// Holds that came to nothing.
    pub voided: u64,
    /// Payments that turned up for what was voided, and went back.
    pub returned: u64,
    /// Approvals whose answer came too late to be heard.
    pub late: u64,
    /// Times that the rail took money which it had sworn not to take.
    pub lies: u64,
    /// Vouchers sold on paper, over a counter.
    pub papers: u64,
    /// Payments to merchants.
    pub spends: u64,
    /// Gifts.
    pub gifts: u64,
    /// Cancels and refunds that were paid back.
    pub paybacks: u64,
    /// Vouchers whose rest fell to the issuer.
    pub expired: u64,
}

/// Everything.
pub(super) struct World {
    pub now: Timestamp,
    pub agenda: Agenda,
    pub chances: Chances,
    pub plan: Plan,
    pub plant: Option<Plant>,
    pub store: ModelStore,
    pub rail: ModelRail,
    pub refunds: Refunds,
    pub people: Vec<Client>,
    pub channels: Vec<ChannelId>,
    pub auditor: Auditor,
    /// The process, while it lives; which one it is.
    pub house: Option<Box<House>>,
    pub life: u32,
    pub outstanding: BTreeMap<u64, Request>,
    pub last_request: u64,
    pub is_healing: bool,
    pub figures: Figures,
    healed_at: Timestamp,
    is_alive_checked: bool,
    hash: u64,
    story: VecDeque<String>,
    story_lines: usize,
}

impl World {
    pub fn new(seed: u64, settings: &Settings) -> World {
        let plan = Plan::new(seed, settings);
        let chance = |purpose| Chance::new(seed, purpose);
        let chances = Chances {
            people: chance(2),
            net: chance(3),
            store: chance(4),
            rail: chance(5),
            fate: chance(6),
            mail: chance(7),
        };
        let mut world = World {
            now: plan.begins.plus_millis(-60_000),
            agenda: Agenda::default(),
            chances,
            plant: settings.plant(),
            store: ModelStore::new(plan.programs.len(), plan.people),
            rail: ModelRail::default(),
            refunds: Refunds::default(),
            people: Vec::new(),
            channels: sale::channels(),
            auditor: {
                let finality = plan.terms.map(|terms| terms.finality);
                Auditor::new(&plan.programs, &plan.rounds, finality)
            },
            house: None,
            life: 0,
            outstanding: BTreeMap::new(),
            last_request: 0,
            is_healing: false,
            figures: Figures::default(),
            healed_at: plan.heals,
            is_alive_checked: false,
            hash: mix(seed),
            story: VecDeque::new(),
            story_lines: settings.story,
            plan,
        };
        world.set_up();
        world
    }

    /// What operators did before the day: programs and rounds, with their first numbers.
    fn set_up(&mut self) {
        for (index, program) in self.plan.programs.clone().into_iter().enumerate() {
            self.write_event(1 + index, self.now, Event::ProgramChanged { program });
        }
        for round in 0..self.plan.rounds.len() {
            let spec = self.plan.rounds[round].clone();
            let mut machine = openrun_core::round::Round::new(spec.clone());
            let mut events = vec![Event::RoundDefined { spec }];
            for line in 0..machine.lines().len() {
                let id = super::house::line_id(line);
                events.extend(machine.decide_reserve_block(id, 0, self.plan.number_block));
            }
            events.extend(machine.decide_step(Step::Schedule).expect("a draft is scheduled"));
            events.iter().skip(1).for_each(|event| machine.apply(event));
            let stream = self.stream_of_round(round);
            for event in events {
                self.write_event(stream, self.now, event);
            }
        }
        self.agenda.plan(self.now, Task::Start);
        for (index, (at, _)) in self.plan.operations.clone().into_iter().enumerate() {
            self.agenda.plan(at, Task::Operate { index });
        }
        for (index, (at, _)) in self.plan.weather.clone().into_iter().enumerate() {
            self.agenda.plan(at, Task::Weather { index });
        }
        self.gather();
    }

    /// Runs to the end, or to the first thing that does not hold.
    pub fn run(mut self, seed: u64, settings: &Settings) -> Outcome {
        let done = catch_unwind(AssertUnwindSafe(|| self.play(settings.steps)));
        if let Err(panic) = done {
            // A machine of the core found that what it was told contradicts what stands.
            let text = panic_text(&*panic);
            let from = text.find("OR-").map_or("panic", |at| &text[at..]);
            let invariant = from.split(':').next().unwrap_or_default().to_owned();
            self.auditor.broken.get_or_insert(Broken { invariant, text });
        }
        let (purchases, issued) = self.auditor.sold();
        let events = self.auditor.events;
        let (voided, returned) = (self.auditor.voided, self.auditor.returned);
        let figures = self.figures;
        let figures = Figures { events, purchases, issued, voided, returned, ..figures };
        self.figures = self.auditor.counted(figures);
        let broken = self.auditor.broken.take();
        let violation = broken.map(|broken| Violation {
            broken,
            step: self.figures.steps,
            at: self.now,
            story: Vec::from(std::mem::take(&mut self.story)),
        });
        Outcome {
            seed,
            figures: self.figures,
            hash: self.hash,
            people: self.plan.people,
            violation,
        }
    }

    fn play(&mut self, most_steps: u64) {
        while let Some((at, task)) = self.agenda.next() {
            self.now = self.now.max(at);
            self.figures.steps += 1;
            if !self.is_healing {
                let is_time = self.now >= self.plan.heals || self.figures.steps >= most_steps;
                if is_time {
                    self.heal();
                } else {
                    self.misfortune();
                }
            } else if self.is_over() {
                break;
            }
            self.perform(task);
            if self.auditor.broken.is_some() {
                return;
            }
        }
        self.judge();
    }

    /// One step of the world.
    fn perform(&mut self, task: Task) {
        let kind = match &task {
            Task::Act { person } => u64::from(*person) << 8,
            Task::Heard { person, .. } => u64::from(*person) << 8 | 1,
            Task::Hint { id, .. } | Task::RailSays { id, .. } => mix(id.0 as u64),
            _ => 2,
        };
        self.hash = mix(self.hash ^ kind ^ self.now.0.unsigned_abs().rotate_left(20));
        match task {
            Task::Act { person } => self.act(person),
            Task::Arrive(request) => {
                self.auditor.arrived(self.now, &request);
                self.arrive(*request);
            }
            Task::Heard { person, reply } => self.heard(person, *reply),
            Task::Write { commit } => self.store_writes(commit),
            Task::Written { commit } => self.store_answers(commit),
            Task::RailGets { call } => self.rail_gets(call),
            Task::RailDecides { id } => self.rail_decides(id),
            Task::RailLies { id } => self.rail_lies(id),
            Task::RefundGets { call } => self.refund_gets(call),
            Task::RefundDecides { id } => self.refund_decides(id),
            Task::Operate { index } => self.operate(index),
            Task::Weather { index } => self.turn(index),
            Task::Start => {
                if self.house.is_none() {
                    self.start_process();
                }
            }
            task => self.perform_inside(task),
        }
    }

    /// A step of the process: nothing happens if it is another one by now.
    fn perform_inside(&mut self, task: Task) {
        let own = self.life;
        match task {
            Task::Tick { life, round, generation } if life == own => self.tick(round, generation),
            Task::ToRound { life, round, generation, mail } if life == own => {
                self.round_gets(round, generation, *mail);
            }
            Task::ToPerson { life, person, generation, mail } if life == own => {
                self.person_gets(person, generation, *mail);
            }
            Task::NotAppended { life, done } if life == own => self.not_written(*done),
            Task::TakeOver { life, stream } if life == own => self.take_over(stream),
            Task::Load { life, owner } if life == own => self.load(owner),
            Task::Till { life, generation } if life == own => self.tick_till(generation),
            Task::Hint { life, generation, id } if life == own => self.hinted(generation, id),
            Task::RailSays { life, generation, id, answer } if life == own => {
                self.rail_says(generation, id, answer);
            }
            Task::RefundSays { life, generation, id, answer } if life == own => {
                self.refund_says(generation, id, answer);
            }
            Task::Paybacks { life, generation, is_reading } if life == own => {
                self.tick_paybacks(generation, is_reading);
            }
            Task::Expire { life } if life == own => self.expire_due(),
            Task::Rebuild { life, round, generation } if life == own => {
                let Some(house) = &self.house else { return };
                if house.rounds[round].generation == generation {
                    self.rebuild_round(round);
                }
            }
            _ => {}
        }
    }

    /// What may go wrong between any two steps.
    fn misfortune(&mut self) {
        let strengths = self.plan.strengths;
        let cases = |fault| 3_000 / u64::from(strengths.of(fault)).max(1);
        let fate = &mut self.chances.fate;
        if strengths.has(Fault::Crash) && fate.once_in(cases(Fault::Crash)) {
            return self.crash();
        }
        if strengths.has(Fault::Deaths) && fate.once_in(cases(Fault::Deaths)) {
            return self.kill_somebody();
        }
        if strengths.has(Fault::Zombies) && fate.once_in(cases(Fault::Zombies)) {
            // Another process takes a stream over, and is gone again.
            let streams = self.store.streams.len() as u64;
            let stream = usize::try_from(fate.below(streams)).expect("an index");
            self.store.take_over(stream);
            self.note(|| format!("stream {stream} is taken over by a stranger"));
        }
    }

    /// The whole process dies. A zombie's last batches may still be on their way.
    fn crash(&mut self) {
        let Some(mut house) = self.house.take() else { return };
        self.figures.crashes += 1;
        self.note(|| "the process dies".to_owned());
        let life = self.life;
        if self.plan.strengths.has(Fault::Zombies) {
            for stream in 0..house.committers.len() {
                if let Some(batch) = house.committers[stream].as_a_zombie(stream) {
                    self.send_as_a_zombie(life, batch);
                }
            }
        }
        for (_, request) in std::mem::take(&mut self.outstanding) {
            self.hear_nothing(request);
        }
        let at = self.now.plus_millis(self.chances.fate.between(1, AWAY));
        self.agenda.plan(at, Task::Start);
    }

    fn kill_somebody(&mut self) {
        let Some(house) = &self.house else { return };
        let fate = &mut self.chances.fate;
        let rounds = house.rounds.len() as u64;
        let index = |number: u64| usize::try_from(number).expect("an index");
        match fate.below(6) {
            0 => {
                let round = index(fate.below(rounds));
                self.note(|| format!("round {round} dies"));
                self.kill_round(round);
            }
            1 if fate.per_mille(500) => {
                self.note(|| "the till dies".to_owned());
                self.lose_till();
            }
            1 => {
                self.note(|| "whoever asks for money back dies".to_owned());
                self.lose_paybacks();
            }
            dice => {
                let living: Vec<(u32, u32)> = house
                    .seats
                    .iter()
                    .filter_map(|(person, seat)| match seat {
                        Seat::Living(living) => Some((*person, living.generation)),
                        Seat::Known => None,
                    })
                    .collect();
                if living.is_empty() {
                    return;
                }
                let (person, generation) = living[index(fate.below(living.len() as u64))];
                match dice {
                    2 => self.retire_idle(person),
                    _ => self.lose_person(person, generation),
                }
                self.note(|| format!("the actor of person {person} ends"));
            }
        }
    }

    fn turn(&mut self, index: usize) {
        let Some((_, weather)) = self.plan.weather.get(index).copied() else { return };
        self.note(|| format!("weather: {weather:?}"));
        match weather {
            Weather::Store(is_away) => self.store.is_away = is_away && !self.is_healing,
            Weather::Rail(is_away) => self.rail.is_browned_out = is_away && !self.is_healing,
        }
    }

    /// Nothing goes wrong from here on.
    fn heal(&mut self) {
        self.is_healing = true;
        self.healed_at = self.now;
        self.store.is_away = false;
        self.rail.is_browned_out = false;
        self.note(|| "all faults are healed".to_owned());
        for person in 0..self.plan.people {
            if self.people[person as usize].is_in_the_dark() {
                let at = self.now.plus_millis(self.chances.people.between(0, 1_000));
                self.agenda.plan(at, Task::Act { person });
            }
        }
    }

    /// Whether there is nothing more to wait for.
    fn is_over(&mut self) -> bool {
        let since = self.now.millis_since(self.healed_at);
        let finality = self.plan.finality();
        if since > finality + LIVENESS && !self.is_alive_checked {
            self.is_alive_checked = true;
            self.auditor.check_liveness();
        }
        // Late looks at what was voided come two finality windows later, and perhaps once more.
        if since > 6 * finality + 2 * LIVENESS {
            return true;
        }
        let Some(house) = &self.house else { return false };
        // A tick or two after the last of them.
        since > 3 * self.plan.tick + 500
            && (self.plan.over.is_none() || since > EXPIRY_SEEN)
            && house.till.is_idle()
            && house.paybacks.is_idle()
            && self.store.open_paybacks().next().is_none()
            && self.outstanding.is_empty()
            && house.rounds.iter().all(|seat| seat.actor.is_some())
            && !self.people.iter().any(Client::is_in_the_dark)
    }

    /// A line of the story, when somebody wants to read it.
    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.story_lines == 0 {
            return;
        }
        if self.story.len() >= self.story_lines {
            self.story.pop_front();
        }
        let at = self.now.millis_since(self.plan.begins);
        self.story.push_back(format!("{:>9.3} {}", at as f64 / 1_000.0, line()));
    }

    pub(super) fn audit_written(&mut self, stream: usize, index: usize) {
        let stored = self.store.event(stream, index);
        self.hash = mix(self.hash ^ stored.seq ^ stored.at.0.unsigned_abs() << 16);
        self.auditor.written(self.now, stream, stored);
        if self.story_lines > 0 {
            let line = shown(stream, self.store.event(stream, index));
            self.note(|| line);
        }
    }

    pub(super) fn audit_answered(&mut self, request: &Request, said: &Said) {
        self.auditor.answered(self.now, request, said);
    }
}

fn shown(stream: usize, stored: &openrun_core::StoredEvent) -> String {
    let mut text = format!("{:?}", stored.event);
    if let Some((cut, _)) = text.char_indices().nth(240) {
        text.truncate(cut);
    }
    format!("written {stream}/{}: {text}", stored.seq)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}
