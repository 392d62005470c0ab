//! Thirty people doing anything in any order over a day, from a seed: what must hold after every
//! action, after every restart that loses what was not durable, and after a replay of the journal.

use super::samples::*;
use crate::gate::{Gate, GateView};
use crate::invariants;
use crate::person::{Ask, Decision, Person, RoundFacts, ShownPass};
use crate::places::{Phase, Places};
use crate::purchase::PassId;
use crate::queue::{ClaimDecision, JoinDecision, Place, Queue, ShownTicket};
use crate::round::{PurchaseOrder, Round, Step};
use crate::round_spec::{LineId, Rejoin, RoundSpec, SoldAt};
use crate::stops::Pauses;
use crate::view::{LineChoice, Measured, RoundView};
use crate::*;
use std::collections::HashMap;
use std::sync::Arc;

mod replayed;

const PEOPLE: u64 = 30;
const SHARDS: usize = 2;
const ACTIONS: usize = 2_000;

#[test]
fn nothing_that_people_do_breaks_what_must_hold() {
    for seed in 1..=6 {
        let rejoin = if seed % 2 == 0 { Rejoin::Keep } else { Rejoin::Tail };
        let mut crowd = Crowd::new(seed, rejoin);
        let mut restarts = 0;
        for action in 0..ACTIONS {
            crowd.act();
            crowd.judge(&format!("seed {seed}, action {action}"));
            if crowd.chance.below(300) == 0 || action % 600 == 599 {
                restarts += 1;
                crowd.judge_ends(&format!("seed {seed}, action {action}"));
                crowd.crash();
                crowd.judge(&format!("seed {seed}, restart after action {action}"));
            }
        }
        assert!(restarts > 0 && crowd.purchases().count() > 5, "seed {seed}: too little happened");
        crowd.assert_replayed(&format!("seed {seed}"));
    }
}

/// Everything that one process knows.
struct Machines {
    round: Round,
    places: Vec<Arc<Places>>,
    queues: Vec<Queue>,
    people: HashMap<PersonKey, Person>,
}

impl Machines {
    /// As at a start: the journal is all there is.
    fn replay(spec: &RoundSpec, journal: &[StoredEvent]) -> Machines {
        let round = Round::new(spec.clone());
        let places: Vec<Arc<Places>> = round.lines().iter().map(|_| Arc::default()).collect();
        let queues = (0..SHARDS).map(|_| Queue::default()).collect();
        let mut machines = Machines { round, places, queues, people: HashMap::new() };
        let mut pauses = Pauses::default();
        for stored in journal {
            if let Some(stops) = pauses.see(stored.at, &stored.event) {
                machines.queues.iter_mut().for_each(|queue| queue.see(stops));
            }
            machines.apply(&stored.event);
        }
        for (line, places) in machines.round.lines().iter().zip(&machines.places) {
            places.vacate(line.reserved, 3);
        }
        // What was over when the last event was written is over.
        machines.expire(pauses.over_at(spec.inlet.claim_window_s));
        machines
    }

    fn expire(&mut self, now: Timestamp) {
        for queue in &mut self.queues {
            queue.expire(now, &self.places);
        }
    }

    fn apply(&mut self, event: &Event) {
        self.round.apply(event);
        match event {
            Event::Joined { line, person, .. }
            | Event::Left { line, person, .. }
            | Event::CameBack { line, person, .. }
            | Event::Claimed { line, person, .. } => {
                let places = &self.places[line.index()];
                self.queues[person.shard(SHARDS)].apply(event, places);
            }
            Event::WatermarkMoved { line, to, .. } => {
                self.places[line.index()].advance(*to);
            }
            Event::TurnGiven { line, numbers, .. } => {
                self.places[line.index()].call_again(numbers);
            }
            Event::NumbersReserved { line, up_to, .. } => {
                self.places[line.index()].set_reserved(*up_to);
            }
            Event::Issued { purchase } => {
                let PassId { line, number } = purchase.pass;
                assert!(self.places[line.index()].buy(number).is_some(), "OR-9: {number} twice");
                self.people.entry(purchase.person).or_default().apply(event);
            }
            Event::Refused { person, .. } => self.people.entry(*person).or_default().apply(event),
            _ => {}
        }
    }
}

struct Crowd {
    spec: RoundSpec,
    machines: Machines,
    journal: Vec<StoredEvent>,
    /// Events of the journal up to here are durable: an answer depended on it.
    durable: usize,
    /// Every ticket that was ever answered.
    tickets: HashMap<u64, Vec<ShownTicket>>,
    passes: HashMap<u64, Vec<(PassId, Timestamp)>>,
    gate: Gate,
    chance: Chance,
    now: Timestamp,
}

impl Crowd {
    fn new(seed: u64, rejoin: Rejoin) -> Crowd {
        let mut spec = second_round();
        spec.rejoin = rejoin;
        spec.windows.iter_mut().take(2).for_each(|window| window.stock_won = Won(2_000_000));
        spec.inlet.rate_per_1000_s = 100;
        spec.inlet.max_active = 6;
        let now = at("09:00");
        let machines = Machines::replay(&spec, &[]);
        let gate = Gate::new(now, &machines.round, 0);
        let mut crowd = Crowd {
            spec,
            machines,
            journal: vec![],
            durable: 0,
            tickets: HashMap::new(),
            passes: HashMap::new(),
            gate,
            chance: Chance(seed),
            now,
        };
        crowd.step(Step::Schedule);
        crowd
    }

    fn write(&mut self, event: Event) {
        self.machines.apply(&event);
        let seq = self.journal.len() as u64 + 1;
        self.journal.push(StoredEvent { seq, at: self.now, event });
    }

    fn write_durably(&mut self, event: Event) {
        self.write(event);
        self.durable = self.journal.len();
    }

    fn view(&self) -> RoundView {
        let parts =
            |line: usize| (Arc::clone(&self.machines.places[line]), (Measured::default(), vec![]));
        RoundView::of(&self.machines.round, Arc::new(program()), 1, 1, self.now, parts)
    }

    fn purchases(&self) -> impl Iterator<Item = &Purchase> {
        self.journal.iter().filter_map(|stored| match &stored.event {
            Event::Issued { purchase } => Some(purchase),
            _ => None,
        })
    }

    fn act(&mut self) {
        let who = self.chance.below(PEOPLE);
        match self.chance.below(100) {
            0..30 => self.join(who),
            30..50 => self.claim(who),
            50..55 => self.leave(who),
            55..80 => self.buy(who),
            80 => self.step(Step::Pause),
            81..86 => self.step(Step::Resume),
            _ => {
                let longest = if self.chance.percent(3) { 5_400 } else { 60 };
                let seconds = i64::try_from(self.chance.below(longest)).unwrap();
                self.tick(seconds);
            }
        }
    }

    fn step(&mut self, step: Step) {
        for event in self.machines.round.decide_step(step).unwrap_or_default() {
            self.write_durably(event);
        }
    }

    fn tick(&mut self, seconds: i64) {
        self.now = self.now.plus_millis(seconds * 1_000);
        while let Some(event) = self.machines.round.decide_due(self.now) {
            self.write(event);
        }
        let (now, limit) = (self.now, rules().monthly_limit_won);
        let Machines { round, places, .. } = &self.machines;
        self.gate.tick(now, round, places, limit, (None, false));
        self.see_stops();
        self.machines.expire(self.now);
        for index in 0..self.machines.places.len() {
            let line = LineId(u8::try_from(index).unwrap());
            let places = Arc::clone(&self.machines.places[index]);
            if let Some(event) = self.machines.round.decide_reserve(line, places.last_number()) {
                self.write_durably(event);
            }
            let Machines { round, places: all, .. } = &self.machines;
            let events = self.gate.decide(line, round, all, limit);
            events.iter().for_each(|event| self.write_turn(event));
            if !events.is_empty() {
                self.gate.written(now, line, &events, &places);
            }
        }
    }

    /// Turns count once they are durable; the gate changes the places.
    fn write_turn(&mut self, event: &Event) {
        self.machines.round.apply(event);
        let seq = self.journal.len() as u64 + 1;
        self.journal.push(StoredEvent { seq, at: self.now, event: event.clone() });
        self.durable = self.journal.len();
    }

    fn see_stops(&mut self) {
        let stops = self.gate_view().stops;
        self.machines.queues.iter_mut().for_each(|queue| queue.see(stops));
    }

    fn gate_view(&self) -> GateView {
        self.gate.view(&self.machines.round, &self.machines.places)
    }

    /// One of the person's tickets, the last one most of the time.
    fn ticket(&mut self, who: u64) -> Option<ShownTicket> {
        let tickets = self.tickets.get(&who)?;
        let any = usize::try_from(self.chance.below(tickets.len() as u64)).unwrap();
        let is_last = self.chance.percent(80);
        if is_last { tickets.last().copied() } else { tickets.get(any).copied() }
    }

    fn adopt(&mut self, who: u64, shown: ShownTicket) {
        let queue = &self.machines.queues[person(who).shard(SHARDS)];
        let places = &self.machines.places[shown.line.index()];
        let joined = queue.decide_adopt(&self.spec.id, person(who), shown, places);
        joined.into_iter().for_each(|event| self.write(event));
    }

    fn join(&mut self, who: u64) {
        let shown = if self.chance.percent(50) { self.ticket(who) } else { None };
        self.join_showing(who, shown);
    }

    fn join_showing(&mut self, who: u64, shown: Option<ShownTicket>) -> Option<u64> {
        let birth_year = 1_980 + i16::try_from(who).unwrap();
        let choice = self.view().line_for(&born_in(birth_year), self.now);
        let LineChoice::Now(line) = choice else { return None };
        if !self.machines.round.state().takes_joins() {
            return None;
        }
        if let Some(shown) = shown.filter(|shown| shown.line == line) {
            self.adopt(who, shown);
        }
        let held = self.live(who, line);
        let places = Arc::clone(&self.machines.places[line.index()]);
        let queue = &self.machines.queues[person(who).shard(SHARDS)];
        let number = match queue.decide_join(person(who), line, shown, self.spec.rejoin, &places) {
            JoinDecision::Held(place) => {
                assert!(held.iter().all(|held| *held == place.number), "{held:?}, {place:?}");
                place.number
            }
            JoinDecision::Back(place) => {
                assert!(held.is_empty(), "{held:?} and {place:?} came back");
                let shown = ShownTicket { line, number: place.number };
                self.write(Queue::came_back(&self.spec.id, &shown, person(who)));
                place.number
            }
            JoinDecision::New { dead_up_to } => {
                let number = places.take_number()?;
                let (round, person) = (self.spec.id.clone(), person(who));
                self.write(Event::Joined { round, line, number, person, dead_up_to });
                number
            }
        };
        let is_better = held.iter().any(|held| number < *held);
        assert!(!is_better, "OR-5: {who} got {number} and held {held:?}");
        self.tickets.entry(who).or_default().push(ShownTicket { line, number });
        Some(number)
    }

    /// Numbers of this person that may still come to something.
    fn live(&self, who: u64, line: LineId) -> Vec<u64> {
        let tickets = self.tickets.get(&who).into_iter().flatten();
        let places = &self.machines.places[line.index()];
        let is_live = |number: &u64| !places.phase(*number).is_ended();
        let theirs = tickets.filter(|ticket| ticket.line == line).map(|ticket| ticket.number);
        let mut live: Vec<u64> = theirs.filter(is_live).collect();
        live.sort_unstable();
        live.dedup();
        live
    }

    fn claim(&mut self, who: u64) {
        let Some(shown) = self.ticket(who) else { return };
        self.adopt(who, shown);
        let queue = &self.machines.queues[person(who).shard(SHARDS)];
        let places = &self.machines.places[shown.line.index()];
        let ShownTicket { line, number } = shown;
        match queue.decide_claim(self.now, person(who), shown, places) {
            Ok(ClaimDecision::Again { expires_at }) => {
                let given = self.passes[&who].contains(&(PassId { line, number }, expires_at));
                assert!(given, "the pass of {number} changed");
            }
            Ok(ClaimDecision::Back) => {
                self.write(Queue::came_back(&self.spec.id, &shown, person(who)));
            }
            Ok(decision @ (ClaimDecision::New | ClaimDecision::Renewed { .. })) => {
                assert!(number <= self.machines.round.lines()[line.index()].watermark, "OR-5");
                let expires_at = match decision {
                    ClaimDecision::Renewed { expires_at } => expires_at,
                    _ => self.now.plus_millis(600_000),
                };
                let (round, person) = (self.spec.id.clone(), person(who));
                self.write(Event::Claimed { round, line, number, person, expires_at });
                let passes = self.passes.entry(who).or_default();
                passes.push((PassId { line, number }, expires_at));
                if self.chance.percent(50) {
                    self.buy(who);
                }
            }
            Err(Refusal::NotYet { .. }) => {
                assert!(number > places.watermark() || places.returned() > 0);
            }
            Err(refusal) => assert_eq!(refusal, Refusal::TurnPassed),
        }
    }

    fn leave(&mut self, who: u64) {
        let Some(shown) = self.ticket(who) else { return };
        let queue = &self.machines.queues[person(who).shard(SHARDS)];
        let places = &self.machines.places[shown.line.index()];
        let left = queue.decide_leave(&self.spec.id, person(who), shown, places);
        left.ok().flatten().into_iter().for_each(|event| self.write_durably(event));
    }

    fn buy(&mut self, who: u64) {
        let Some((pass, expires_at)) = self.passes.get(&who).and_then(|p| p.last().copied()) else {
            return;
        };
        let amount = Won(10_000 * i64::try_from(self.chance.below(42)).unwrap());
        let name = format!("k-{}", self.chance.below(12));
        let is_valid = self.now < expires_at;
        let pass =
            if is_valid { ShownPass::Valid(pass, expires_at) } else { ShownPass::Expired(pass) };
        let ask = self.ask(who, &name, amount, pass);
        let people = &mut self.machines.people;
        let hold = match people.entry(person(who)).or_default().decide(self.now, &ask) {
            Ok(Decision::Hold(hold)) => hold,
            Ok(Decision::Replay(_)) => return,
            Err(refusal) => return self.refuse(who, &ask, refusal),
        };
        let order = PurchaseOrder {
            id: PurchaseId(self.journal.len() as u128),
            person: person(who),
            channel: channel(),
            amount,
            pass: hold.pass,
            key: ask.key.clone(),
            digest: ask.digest,
            month: hold.month,
            used_after: hold.used_after,
            rules: rules().into(),
            at_counter: None,
        };
        people.entry(person(who)).or_default().hold(hold);
        let PassId { line, number } = order.pass;
        let phase = self.machines.places[line.index()].phase(number);
        let round = &self.machines.round;
        let decided = round
            .check_pass(self.now, phase, expires_at)
            .and_then(|()| round.decide_purchase(self.now, &order));
        match decided {
            Ok(purchase) => {
                for event in round.lost_turn_events(phase, &order, expires_at) {
                    self.write(event);
                }
                self.write_durably(Event::Issued { purchase });
            }
            Err(refusal) => {
                self.machines.people.entry(person(who)).or_default().release();
                self.refuse(who, &ask, refusal);
            }
        }
    }

    fn refuse(&mut self, who: u64, ask: &Ask, refusal: Refusal) {
        if refusal.is_remembered() {
            let (person, key, digest) = (person(who), ask.key.clone(), ask.digest);
            self.write_durably(Event::Refused { person, key, digest, refusal });
        }
    }

    fn ask(&self, who: u64, name: &str, amount: Won, pass: ShownPass) -> Ask {
        let birth_year = 1_980 + i16::try_from(who).unwrap();
        let digest = amount.0.to_le_bytes().repeat(4).try_into().unwrap();
        let facts = RoundFacts {
            round: self.spec.id.clone(),
            program: program().id,
            rules: rules().into(),
            closed: self.view().check_selling(&born_in(birth_year), self.now, SoldAt::Line).err(),
            channel_allowed: true,
            at_counter: None,
        };
        let (is_registered, is_cash) = (true, false);
        Ask { key: key(name), digest, amount, is_registered, round: Some(facts), pass, is_cash }
    }

    /// The process dies: what nobody's answer depended on may be lost. Then half of the people show
    /// their tickets.
    fn crash(&mut self) {
        let lines = self.machines.places.len();
        let line_ids = || (0..lines).map(|line| LineId(u8::try_from(line).unwrap()));
        let live: Vec<(u64, LineId, Vec<u64>)> = (0..PEOPLE)
            .flat_map(|who| line_ids().map(move |line| (who, line)))
            .map(|(who, line)| (who, line, self.live(who, line)))
            .collect();
        let losable = self.journal.len() - self.durable;
        let lost = usize::try_from(self.chance.below(losable as u64 + 1)).unwrap();
        self.journal.truncate(self.journal.len() - lost);
        self.durable = self.journal.len();
        self.machines = Machines::replay(&self.spec, &self.journal);
        self.gate = Gate::new(self.now, &self.machines.round, 0);
        self.see_stops();
        for (who, line, live) in live {
            let Some(number) = live.first().copied().filter(|_| who % 2 == 0) else { continue };
            let shown = ShownTicket { line, number };
            if let Some(again) = self.join_showing(who, Some(shown)) {
                let is_same_line = self.tickets[&who].last().is_some_and(|t| t.line == line);
                assert!(!is_same_line || again == number, "OR-6: {who} had {number}, has {again}");
            }
        }
    }

    fn judge(&self, when: &str) {
        for window in self.machines.round.windows() {
            assert!(invariants::stock_is_conserved(&window.stock), "OR-1 {when}: {window:?}");
        }
        let purchases: Vec<Purchase> = self.purchases().cloned().collect();
        assert!(purchases.iter().all(invariants::purchase_is_within_limit), "OR-2 {when}");
        assert!(invariants::keys_have_one_effect(&purchases), "OR-4 {when}");
        assert!(purchases.iter().all(invariants::money_adds_up), "OR-7 {when}");
        assert!(invariants::passes_are_used_once(&purchases), "OR-9 {when}");
        let mut bought: HashMap<PersonKey, Won> = HashMap::new();
        for purchase in &purchases {
            let sum = bought.entry(purchase.person).or_default();
            *sum = sum.plus(purchase.amount);
            assert!(*sum <= rules().monthly_limit_won, "OR-2 {when}");
        }
        for (line, places) in (0..).map(LineId).zip(&self.machines.places) {
            for who in 0..PEOPLE {
                let live = self.live(who, line);
                assert!(live.len() <= 1, "two places {when}: {who} holds {live:?} in {line:?}");
            }
            let durable = self.machines.round.lines()[line.index()].watermark;
            assert_eq!(places.watermark(), durable, "OR-6 {when}");
        }
        let mut owners: HashMap<ShownTicket, u64> = HashMap::new();
        for (who, tickets) in &self.tickets {
            for ticket in tickets {
                let owner = owners.entry(*ticket).or_insert(*who);
                assert_eq!(owner, who, "OR-6 {when}: {ticket:?} was given to two");
            }
        }
    }

    fn judge_ends(&self, when: &str) {
        for places in &self.machines.places {
            let is_ended = |number: &u64| places.phase(*number).is_ended();
            let ended = (1..=places.watermark()).filter(is_ended).count() as u64;
            assert_eq!(places.ended(), ended, "{when}");
        }
    }
}
