//! A person's actor: one purchase at a time, the others wait; what is done with vouchers waits for
//! none (`moves.rs`). It is read from the store when the store may know something, and forgets
//! nothing that it was told.
//!
//! Reading waits until no round holds a message of a former actor and everything handed to the
//! committers is decided; a committer that cannot say so makes the reading fail.

use super::committer::{Append, Done};
use super::moves::{Call, Moving};
use super::round::{Buy, RoundMail};
use super::{Owner, PersonMail};
use crate::sim::agenda::Task;
use crate::sim::faults::Plant;
use crate::sim::people::key_of;
use crate::sim::world::World;
use openrun_core::person::{Answer, Ask, Decision, LimitHold, Person};
use openrun_core::purchase::PurchaseState;
use openrun_core::round::PurchaseOrder;
use openrun_core::{
    ChannelId, Event, IdempotencyKey, Month, Purchase, PurchaseId, Refusal, StoredEvent, Timestamp,
    Who, Won,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// How long a person is read at most, in milliseconds.
const LOAD_LATENCY: i64 = 15;

/// What the round answers to a purchase.
#[derive(Debug)]
pub(in crate::sim) enum Bought {
    /// Held or issued, and written.
    Yes(Box<Purchase>),
    /// Refused; nothing was done.
    Refused(Refusal),
    /// Perhaps it is written.
    Doubt,
}

/// A purchase as asked for.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Purchasing {
    pub request: u64,
    pub id: PurchaseId,
    pub channel: ChannelId,
    pub ask: Ask,
    pub round: Option<usize>,
    /// Whoever stands at a counter.
    pub at_counter: Option<Who>,
}

/// What an actor that is being read still waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Waits {
    Fences(usize),
    Barriers(usize),
    Store,
}

/// A person's actor.
#[derive(Debug)]
pub(in crate::sim) struct Living {
    pub generation: u32,
    pub loading: Option<Waits>,
    pub last_mail: Timestamp,
    pub person: Person,
    pub busy: Option<Purchasing>,
    waiting: VecDeque<Purchasing>,
    /// What came while the store was read.
    pub early: Vec<Call>,
    pub moving: Moving,
    /// For each stream the epoch under which the state was read.
    pub epochs: Vec<u64>,
}

/// Who decides for a person.
#[derive(Debug)]
pub(in crate::sim) enum Seat {
    /// Nobody now; the store knows.
    Known,
    Living(Box<Living>),
}

impl World {
    /// A purchase reaches the person's actor, which is started if need be.
    pub(in crate::sim) fn serve_person(&mut self, person: u32, purchasing: Purchasing) {
        let generation = self.wake(person);
        let Some(living) = self.living(person, generation) else { return };
        living.waiting.push_back(purchasing);
        self.next_purchase(person, generation);
    }

    /// The person's actor, started if need be.
    pub(in crate::sim) fn wake(&mut self, person: u32) -> u32 {
        let now = self.now;
        let Some(house) = &mut self.house else { return 0 };
        let is_known = match house.seats.get(&person) {
            Some(Seat::Living(living)) => return living.generation,
            Some(Seat::Known) => true,
            None => false,
        };
        let generation = house.next_generation();
        let living = Living {
            generation,
            loading: is_known.then_some(Waits::Fences(house.rounds.len())),
            last_mail: now,
            person: Person::default(),
            busy: None,
            waiting: VecDeque::new(),
            early: Vec::new(),
            moving: Moving::default(),
            // Before the store is read: what was true under another epoch buys nothing.
            epochs: house.committers.iter().map(|committer| committer.epoch).collect(),
        };
        let rounds = house.rounds.len();
        house.seats.insert(person, Seat::Living(Box::new(living)));
        if is_known {
            for round in 0..rounds {
                self.mail_round(round, RoundMail::Fence { person, generation });
            }
        }
        generation
    }

    pub(in crate::sim) fn living(&mut self, person: u32, generation: u32) -> Option<&mut Living> {
        self.house.as_mut()?.living(person, generation)
    }

    /// A round holds no message of a former actor any more.
    pub(in crate::sim) fn fence_passed(&mut self, person: u32, generation: u32) {
        let streams = self.store.streams.len() - 1;
        let Some(living) = self.living(person, generation) else { return };
        match living.loading {
            Some(Waits::Fences(1)) => living.loading = Some(Waits::Barriers(streams)),
            Some(Waits::Fences(left)) => {
                living.loading = Some(Waits::Fences(left - 1));
                return;
            }
            _ => return,
        }
        for stream in 1..=streams {
            let done = Done::Barrier(Owner::Person { person, generation });
            let append = Append { at: self.now, events: Vec::new(), under: None, done };
            self.append(stream, append);
        }
    }

    /// Everything handed to a committer before is decided, or it cannot say.
    pub(in crate::sim) fn person_barrier(&mut self, person: u32, generation: u32, is_sure: bool) {
        let Some(living) = self.living(person, generation) else { return };
        match living.loading {
            Some(Waits::Barriers(_)) if !is_sure => return self.lose_person(person, generation),
            Some(Waits::Barriers(1)) => living.loading = Some(Waits::Store),
            Some(Waits::Barriers(left)) => {
                living.loading = Some(Waits::Barriers(left - 1));
                return;
            }
            _ => return,
        }
        let (life, owner) = (self.life, Owner::Person { person, generation });
        let at = self.now.plus_millis(self.chances.store.between(0, LOAD_LATENCY));
        self.agenda.plan(at, Task::Load { life, owner });
    }

    /// The person is read from the store.
    pub(in crate::sim) fn load_person(&mut self, person: u32, generation: u32) {
        if self.store.is_away {
            return self.lose_person(person, generation);
        }
        let (mut events, mut moves) = self.store.of_person(person);
        match self.plant {
            Some(Plant::ForgetKey) => forget_keys(&mut events),
            Some(Plant::ForgetMoves) => forget_moves(&mut moves),
            _ => {}
        }
        let Some(living) = self.living(person, generation) else { return };
        living.person = Person::replay_with_moves(key_of(person), &events, &moves);
        living.loading = None;
        for call in std::mem::take(&mut living.early) {
            self.serve_call(person, generation, call);
        }
        self.next_purchase(person, generation);
    }

    fn next_purchase(&mut self, person: u32, generation: u32) {
        while let Some(living) = self.living(person, generation) {
            if living.busy.is_some() || living.loading.is_some() {
                return;
            }
            let Some(purchasing) = living.waiting.pop_front() else { return };
            self.begin_purchase(person, generation, purchasing);
        }
    }

    fn begin_purchase(&mut self, person: u32, generation: u32, purchasing: Purchasing) {
        let now = self.now;
        let bonus = self.allowance_twice(person, &purchasing);
        let Some(living) = self.living(person, generation) else { return };
        if living.moving.is_asking_with(&purchasing.ask.key) {
            let reused = Err(Refusal::IdempotencyKeyReused);
            return self.answer_purchase(purchasing.request, reused);
        }
        let decided = match bonus {
            None => living.person.decide(now, &purchasing.ask),
            Some(ask) => living.person.decide(now, &ask),
        };
        match decided {
            Ok(Decision::Replay(answer)) => {
                let answer = match answer {
                    Answer::Issued(purchase) | Answer::Pending(purchase) => Ok(purchase),
                    Answer::Refused(refusal) => Err(refusal),
                };
                self.answer_purchase(purchasing.request, answer);
            }
            Err(refusal) => self.refuse(person, generation, purchasing, refusal),
            Ok(Decision::Hold(hold)) => self.buy(person, generation, purchasing, hold),
        }
    }

    /// The limit is held; now the round decides.
    fn buy(&mut self, person: u32, generation: u32, purchasing: Purchasing, hold: LimitHold) {
        let (Some(round), Some(facts)) = (purchasing.round, &purchasing.ask.round) else { return };
        let stream = self.stream_of_round(round);
        let order = PurchaseOrder {
            id: purchasing.id,
            person: key_of(person),
            channel: purchasing.channel.clone(),
            amount: purchasing.ask.amount,
            pass: hold.pass,
            key: purchasing.ask.key.clone(),
            digest: purchasing.ask.digest,
            month: hold.month,
            used_after: hold.used_after,
            rules: facts.rules.clone(),
            at_counter: purchasing.at_counter.clone(),
        };
        let (pass_expires_at, request) = (hold.pass_expires_at, purchasing.request);
        let Some(living) = self.living(person, generation) else { return };
        let epoch = living.epochs[stream];
        living.person.hold(hold);
        living.busy = Some(purchasing);
        let buy = Buy { order, pass_expires_at, epoch, person, generation, request };
        self.mail_round(round, RoundMail::Buy(Box::new(buy)));
    }

    /// What became of a purchase goes to its actor; to whoever asked, if that was retired.
    pub(in crate::sim) fn tell_bought(
        &mut self,
        person: u32,
        generation: u32,
        request: u64,
        outcome: Bought,
    ) {
        self.mail_person(person, generation, PersonMail::Bought { request, outcome });
    }

    /// The planted bug: what was given back of this month is allowed once more.
    fn allowance_twice(&self, person: u32, purchasing: &Purchasing) -> Option<Ask> {
        let mut ask =
            (self.plant == Some(Plant::AllowanceTwice)).then(|| purchasing.ask.clone())?;
        let facts = ask.round.as_mut()?;
        let month = Month::of(self.now);
        let (_, moves) = self.store.of_person(person);
        let returned = moves.iter().map(|stored| match &stored.event {
            Event::PaidBack { of, payback } if of.program == facts.program => {
                let amount = payback.amount;
                payback.month_back.filter(|it| *it == month).map_or(Won::ZERO, |_| amount)
            }
            _ => Won::ZERO,
        });
        let returned: Won = returned.sum();
        let rules = Arc::make_mut(&mut facts.rules);
        rules.monthly_limit_won = rules.monthly_limit_won.plus(returned);
        Some(ask)
    }

    pub(in crate::sim) fn mail_person(&mut self, person: u32, generation: u32, mail: PersonMail) {
        let last = self.living(person, generation).map(|living| living.last_mail);
        let at = self.delivery(last.unwrap_or(self.now));
        if let Some(living) = self.living(person, generation) {
            living.last_mail = at;
        }
        let (life, mail) = (self.life, Box::new(mail));
        self.agenda.plan(at, Task::ToPerson { life, person, generation, mail });
    }

    /// A payment came a step further: told to a living actor, otherwise it is read from the store.
    pub(in crate::sim) fn tell_settled(&mut self, person: u32, event: Event) {
        let Some(house) = &self.house else { return };
        if let Some(Seat::Living(living)) = house.seats.get(&person) {
            let generation = living.generation;
            self.mail_person(person, generation, PersonMail::Settled(event));
        }
    }

    /// A message reaches a person's actor.
    pub(in crate::sim) fn person_gets(&mut self, person: u32, generation: u32, mail: PersonMail) {
        match mail {
            PersonMail::Settled(event) => {
                let Some(living) = self.living(person, generation) else { return };
                // What is being read now holds it already; an end that is known ends nothing twice.
                let is_news = match &event {
                    Event::Issued { purchase } => living.person.pending(purchase.id).is_some(),
                    _ => true,
                };
                if living.loading.is_none() && is_news {
                    living.person.apply(&event);
                }
            }
            PersonMail::Call(call) => self.call_arrived(person, generation, call),
            PersonMail::Room(room) => self.room_heard(person, generation, *room),
            PersonMail::GiftEnd(id, end) => self.gift_ended(person, generation, id, end),
            PersonMail::Bought { request, outcome } => {
                let Some(living) = self.living(person, generation) else {
                    // Retired in between: what is written is answered, nothing else is known.
                    let answer = match outcome {
                        Bought::Yes(purchase) => Ok(purchase),
                        _ => Err(Refusal::Unavailable),
                    };
                    return self.answer_purchase(request, answer);
                };
                let Some(purchasing) = living.busy.take() else { return };
                self.bought(person, generation, purchasing, outcome);
                self.next_purchase(person, generation);
            }
        }
    }

    fn bought(&mut self, person: u32, generation: u32, purchasing: Purchasing, outcome: Bought) {
        let Some(living) = self.living(person, generation) else { return };
        match outcome {
            Bought::Yes(purchase) => {
                let event = match purchase.state {
                    PurchaseState::Held => Event::Held {
                        purchase: Purchase::clone(&purchase),
                        pass_expires_at: Timestamp::default(),
                    },
                    _ => Event::Issued { purchase: Purchase::clone(&purchase) },
                };
                living.person.apply(&event);
                self.answer_purchase(purchasing.request, Ok(purchase));
            }
            Bought::Refused(refusal) if refusal != Refusal::PassUsed => {
                living.person.release();
                self.refuse(person, generation, purchasing, refusal);
            }
            // Perhaps it is written: whoever comes next reads it from the store.
            Bought::Refused(_) | Bought::Doubt => {
                self.answer_purchase(purchasing.request, Err(Refusal::Unavailable));
                self.lose_person(person, generation);
            }
        }
    }

    /// Answers no. A refusal that its key must get for ever is durable before it is said.
    fn refuse(&mut self, person: u32, generation: u32, purchasing: Purchasing, refusal: Refusal) {
        let Some(round) = purchasing.round.filter(|_| refusal.is_remembered()) else {
            return self.answer_purchase(purchasing.request, Err(refusal));
        };
        let event = Event::Refused {
            person: key_of(person),
            key: purchasing.ask.key.clone(),
            digest: purchasing.ask.digest,
            refusal,
        };
        let stream = self.stream_of_round(round);
        let Some(living) = self.living(person, generation) else { return };
        let under = Some(living.epochs[stream]);
        let (events, event) = (vec![event.clone()], Box::new(event));
        // Busy with the writing: nothing else of this person is decided meanwhile.
        living.busy = Some(purchasing.clone());
        let purchasing = Box::new(purchasing);
        let done = Done::Refused { person, generation, purchasing, event };
        self.append(stream, Append { at: self.now, events, under, done });
    }

    /// A refusal is written, or is not.
    pub(in crate::sim) fn refused(
        &mut self,
        person: u32,
        generation: u32,
        purchasing: Purchasing,
        written: Option<&Event>,
    ) {
        let answer = match written {
            Some(Event::Refused { refusal, .. }) => refusal.clone(),
            _ => Refusal::Unavailable,
        };
        self.answer_purchase(purchasing.request, Err(answer));
        let Some(living) = self.living(person, generation) else { return };
        living.busy = None;
        match written {
            Some(event) => living.person.apply(event),
            None => return self.lose_person(person, generation),
        }
        self.next_purchase(person, generation);
    }

    /// The actor is dead or in doubt: the next caller gets one that reads the store.
    pub(in crate::sim) fn lose_person(&mut self, person: u32, generation: u32) {
        self.end_person(person, generation, true);
    }

    /// Ends an actor. One that dies leaves nobody to answer what is under way; one that is retired
    /// still answers it.
    pub(in crate::sim) fn end_person(&mut self, person: u32, generation: u32, is_dead: bool) {
        let Some(house) = &mut self.house else { return };
        if house.living(person, generation).is_none() {
            return;
        }
        let Some(Seat::Living(living)) = house.seats.insert(person, Seat::Known) else { return };
        let Living { waiting, busy, early, moving, .. } = *living;
        let mut unanswered: Vec<u64> = waiting.iter().map(|asked| asked.request).collect();
        unanswered.extend(busy.filter(|_| is_dead).map(|asked| asked.request));
        for request in unanswered {
            self.answer_purchase(request, Err(Refusal::Unavailable));
        }
        early.into_iter().for_each(|call| self.not_heard(call));
        self.end_moving(person, generation, moving, is_dead);
    }

    /// Retires an actor that has nothing to do, as the guardian does after a while.
    pub(in crate::sim) fn retire_idle(&mut self, person: u32) {
        let Some(house) = &mut self.house else { return };
        if let Some(Seat::Living(living)) = house.seats.get(&person)
            && living.busy.is_none()
            && living.waiting.is_empty()
            && living.loading.is_none()
            && living.moving.is_idle()
        {
            house.seats.insert(person, Seat::Known);
        }
    }
}

/// The planted bug: every key in what was read becomes another one.
fn forget_keys(events: &mut Vec<StoredEvent>) {
    events.retain(|stored| !matches!(stored.event, Event::Refused { .. }));
    for stored in events {
        if let Event::Held { purchase, .. } | Event::Issued { purchase } = &mut stored.event {
            let other = format!("f{}", purchase.key.as_str());
            purchase.key = IdempotencyKey::new(&other).expect("one letter more still fits");
        }
    }
}

/// The planted bug: every key of a move becomes another one.
fn forget_moves(moves: &mut Vec<StoredEvent>) {
    moves.retain(|stored| !matches!(stored.event, Event::Refused { .. }));
    for stored in moves {
        if let Event::Spent { of, .. } | Event::Gifted { of, .. } = &mut stored.event
            && let Some(asked) = &mut of.asked
        {
            let other = format!("f{}", asked.key.as_str());
            asked.key = IdempotencyKey::new(&other).expect("one letter more still fits");
        }
    }
}
