//! The crowd: every visit, what is to be sent next, and what has been counted.
//!
//! Owned by one thread. Connections take jobs from it and hand answers back (`answers`); people are
//! entries here, never tasks or sockets. Does no input or output.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt::Write;
use std::time::Instant;

use tokio::sync::Notify;

use super::calls::{Call, Carried, write_call};
use super::chance::Chance;
use super::figures::Figures;
use super::lines::Lines;
use super::order::Given;
use super::people::{Cast, SignUpKnown};
use super::scenario::SignUp;
use super::told::Told;
use super::visit::{Job, Kind, Last, Step, Visit};

/// A round of this run, as the crowd sees it.
#[derive(Debug, Clone, Default)]
pub(super) struct RoundNow {
    /// Its id on the server.
    pub id: String,
    /// Joining again gives the same place back.
    pub keeps_places: bool,
    pub unit_won: u64,
    /// As its watermark document said last.
    pub state: String,
    pub left_won: u64,
    pub watermark_seen: Vec<(usize, u64)>,
}

/// A purchase that the server has acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub visit: u32,
    pub id: Box<str>,
    pub amount_won: u64,
    pub at: u64,
}

/// How fast habits happen: the shortest and longest wait before one, in nanoseconds.
pub(super) type HabitSpan = (u64, u64);

pub(super) struct Crowd {
    pub start: Instant,
    pub run: String,
    pub host: String,
    pub tokens: super::tokens::Wallet,
    pub rounds: Vec<RoundNow>,
    pub visits: Vec<Visit>,
    pub signed_up: SignUpKnown,
    pub lines: Lines,
    pub figures: Figures,
    pub given: Vec<Given>,
    pub acknowledged: Vec<Acknowledged>,
    /// What each was told of their chances.
    pub told: Told,
    pub codes: Vec<String>,
    /// Visits of this act that have no last answer yet.
    pub open: usize,
    /// When something last moved: an answer that took somebody further.
    pub moved: u64,
    /// Connections that wait for something to send.
    pub idle: usize,
    pub bell: std::rc::Rc<Notify>,
    pub over: bool,
    pub habit_span: HabitSpan,
    pub arrivals_per_call: u32,
    /// Whether whoever is due counts from when a connection is free (`--pace max`).
    pub released_when_accepted: bool,
    arrivals: Vec<(u64, u32)>,
    next_arrival: usize,
    in_a_row: u32,
    purchases: VecDeque<Job>,
    others: VecDeque<Job>,
    timers: BinaryHeap<Reverse<Job>>,
    pub chance: Chance,
    scratch: String,
}

impl Crowd {
    pub fn new(run: &str, host: &str, cast: &Cast, tokens: super::tokens::Wallet) -> Self {
        Self {
            start: Instant::now(),
            run: run.to_owned(),
            host: host.to_owned(),
            tokens,
            rounds: Vec::new(),
            visits: cast.visits.iter().map(|plan| Visit::new(*plan)).collect(),
            signed_up: SignUpKnown::new(cast.persons.len()),
            lines: Lines::new(cast.visits.len()),
            figures: Figures::new(),
            given: Vec::with_capacity(cast.visits.len()),
            acknowledged: Vec::new(),
            told: Told::default(),
            codes: Vec::new(),
            open: 0,
            moved: 0,
            idle: 0,
            bell: std::rc::Rc::new(Notify::new()),
            over: false,
            habit_span: (0, 1),
            arrivals_per_call: 1,
            released_when_accepted: false,
            arrivals: Vec::new(),
            next_arrival: 0,
            in_a_row: 0,
            purchases: VecDeque::new(),
            others: VecDeque::new(),
            timers: BinaryHeap::new(),
            chance: Chance::new(0x51),
            scratch: String::new(),
        }
    }

    /// Nanoseconds of this run.
    pub fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Starts an act with its arrivals, each with the moment it is due.
    pub fn begin_act(&mut self, mut arrivals: Vec<(u64, u32)>) {
        arrivals.sort_by_key(|(due, _)| *due);
        self.open = arrivals.len();
        self.moved = self.now();
        self.over = false;
        self.arrivals = arrivals;
        self.next_arrival = 0;
    }

    /// Whether somebody is still to come.
    pub fn awaits_arrivals(&self) -> bool {
        self.next_arrival < self.arrivals.len()
    }

    /// Whether nothing waits for a free connection.
    pub fn quiet(&self) -> bool {
        self.purchases.is_empty() && self.others.is_empty()
    }

    /// What to send next, if anything is due: purchases first, then the rest, with arrivals in
    /// between.
    pub fn take(&mut self, now: u64) -> Option<Job> {
        let arrival = self.arrivals.get(self.next_arrival).is_some_and(|(due, _)| *due <= now);
        let other = !self.purchases.is_empty() || !self.others.is_empty();
        if arrival && (!other || self.in_a_row < self.arrivals_per_call) {
            self.in_a_row += 1;
            return Some(self.arrive(now));
        }
        self.in_a_row = 0;
        self.purchases.pop_front().or_else(|| self.others.pop_front())
    }

    fn arrive(&mut self, now: u64) -> Job {
        let (due, id) = self.arrivals[self.next_arrival];
        self.next_arrival += 1;
        let due = if self.released_when_accepted { now } else { due };
        let visit = &mut self.visits[id as usize];
        visit.came = due;
        self.figures.now.arrived += u64::from(visit.plan.phone == 0);
        let unknown = !self.signed_up.knows(visit.plan.person);
        let door = visit.plan.sign_up == SignUp::AtTheDoor && unknown;
        Job::send(id, if door { Call::SignUp } else { visit.plan.first_call() }, due)
    }

    /// Puts a job in line for the next free connection.
    pub fn push(&mut self, job: Job) {
        match job.call() {
            Some(Call::Buy | Call::Repeat | Call::Settle | Call::Leave) => {
                self.purchases.push_back(job);
            }
            _ => self.others.push_back(job),
        }
        if self.idle > 0 {
            self.bell.notify_one();
        }
    }

    /// Sets a job aside until its time.
    pub fn later(&mut self, job: Job) {
        self.timers.push(Reverse(job));
    }

    /// Does what is due by now; returns when the next thing will be.
    pub fn tick(&mut self, now: u64) -> Option<u64> {
        while self.timers.peek().is_some_and(|Reverse(job)| job.due <= now) {
            if let Some(Reverse(job)) = self.timers.pop() {
                self.wake(job);
            }
        }
        let coming = self.arrivals[self.next_arrival..].iter();
        let due = coming.take(self.idle).take_while(|(due, _)| *due <= now).count();
        (0..due).for_each(|_| self.bell.notify_one());
        let arrival = self.arrivals.get(self.next_arrival).map(|(due, _)| *due);
        let timer = self.timers.peek().map(|Reverse(job)| job.due);
        arrival.into_iter().chain(timer).min()
    }

    fn wake(&mut self, job: Job) {
        let id = job.visit as usize;
        let waiting = self.visits[id].step == Step::Waiting;
        match job.kind {
            Kind::Send(_) => self.push(job),
            Kind::Leave if waiting => {
                self.step(id, Step::Calling);
                self.push(Job::send(job.visit, Call::Leave, job.due));
            }
            Kind::Airplane if waiting => {
                self.figures.airplane += 1;
                self.step(id, Step::Calling);
                let (line, number) = (self.visits[id].line as usize, self.visits[id].number);
                self.lines.forget(line, number, job.visit);
                self.push(Job { hang_up: true, ..Job::send(job.visit, Call::Ask, job.due) });
            }
            Kind::Return if self.visits[id].step == Step::Silent => {
                self.figures.came_back += 1;
                self.step(id, Step::Waiting);
                self.push(Job::send(job.visit, Call::Ask, job.due));
            }
            _ => {}
        }
    }

    /// Draws the moment of a habit that begins now.
    pub fn after_a_while(&mut self) -> u64 {
        let (least, most) = self.habit_span;
        self.now() + least + self.chance.below((most - least).max(1))
    }

    /// Writes a job's request into a connection's buffer.
    pub fn write(&mut self, job: Job, call: Call, now: u64, out: &mut Vec<u8>) {
        let id = job.visit as usize;
        let watermark = match call {
            Call::Ask if !self.lines.all.is_empty() => {
                self.lines.watermark(self.visits[id].line as usize)
            }
            _ => 0,
        };
        let visit = &mut self.visits[id];
        visit.known_watermark = watermark;
        if call == Call::Join && visit.join_sent == 0 {
            visit.join_sent = now;
        }
        self.scratch.clear();
        // Writing into a string cannot fail.
        let _ = write!(self.scratch, "{}-{}-{}", self.run, job.visit, visit.attempt);
        let with = Carried {
            host: &self.host,
            round: &self.rounds[visit.plan.round as usize].id,
            token: self.tokens.of(visit.plan.person, visit.plan.phone),
            ticket: visit.ticket.as_deref().unwrap_or_default(),
            pass: visit.pass.as_deref().unwrap_or_default(),
            key: &self.scratch,
            amount_won: visit.asks_won,
            purchase: visit.purchase.as_deref().unwrap_or_default(),
            account: u64::from(visit.plan.person),
            is_cash: visit.plan.is_at_counter,
        };
        write_call(call, &with, out);
    }

    /// Moves a visit to another step and keeps count of who waits.
    pub fn step(&mut self, id: usize, step: Step) {
        let waits = |step| matches!(step, Step::Waiting | Step::Silent);
        let visit = &mut self.visits[id];
        match (waits(visit.step), waits(step)) {
            (false, true) => self.figures.now.waiting += 1,
            (true, false) => self.figures.now.waiting -= 1,
            _ => {}
        }
        visit.step = step;
    }

    /// Gives a visit its last answer. Only the first one counts.
    pub fn end(&mut self, id: usize, last: Last) {
        if self.visits[id].last.is_some() {
            return;
        }
        // Going without moves nobody further: else a few who hear of it now and then would keep a
        // sale open that has stalled.
        self.step(id, Step::Over);
        let visit = &mut self.visits[id];
        visit.last = Some(last);
        (visit.ticket, visit.pass) = (None, None);
        self.open -= 1;
    }

    /// The place of a refusal's code in the list of codes.
    pub fn code(&mut self, code: &str) -> u16 {
        let known = self.codes.iter().position(|known| known == code);
        known.unwrap_or_else(|| {
            self.codes.push(code.to_owned());
            self.codes.len() - 1
        }) as u16
    }

    /// The watermark of a line has moved: whoever's turn has come claims.
    pub fn advance(&mut self, line: usize, watermark: u64) {
        if watermark <= self.lines.watermark(line) {
            return;
        }
        let now = self.now();
        self.moved = now;
        let mut due = Vec::new();
        self.lines.advance(line, watermark, |visit| due.push(visit));
        for id in due {
            self.told.turn(id, now);
            let visit = &self.visits[id as usize];
            if visit.step == Step::Waiting && visit.line as usize == line {
                self.claim(id, now);
            }
        }
    }

    pub fn claim(&mut self, id: u32, now: u64) {
        self.step(id as usize, Step::Calling);
        self.push(Job::send(id, Call::Claim, now));
    }

    /// Has everybody of a round who waits ask once where they are.
    pub fn sweep(&mut self, round: usize) {
        let now = self.now();
        for id in 0..self.visits.len() {
            let visit = &self.visits[id];
            if visit.step == Step::Waiting && visit.plan.round as usize == round {
                self.push(Job::send(id as u32, Call::Ask, now));
            }
        }
    }

    /// A few of those who wait, by chance.
    pub fn sample_waiting(&mut self, tries: usize) {
        let now = self.now();
        for _ in 0..tries {
            let id = self.chance.below(self.visits.len() as u64) as usize;
            if self.visits[id].step == Step::Waiting {
                self.push(Job::send(id as u32, Call::Ask, now));
            }
        }
    }
}
