//! What a person's actor does with vouchers: spends, cancels, refunds, expiry, and looking.
//!
//! A move waits for nothing: it is decided when it is asked for and applied at once; its answer
//! goes out when it is written. When it is not plainly written the actor decides nothing more.

use super::committer::{Append, Done};
use super::gifts::{Expect, GiftEnd, Giving};
use super::person::Living;
use super::{PersonMail, Seat};
use crate::sim::faults::Plant;
use crate::sim::people::{MoveWish, What, digest_of_move, key_of};
use crate::sim::sale;
use crate::sim::world::World;
use openrun_core::person::vouchers::answer_of;
use openrun_core::person::{MoveAnswer, MoveDecision, PaybackAsk, PaybackOf, Person, SpendAsk};
use openrun_core::voucher::Asked;
use openrun_core::{
    Event, IdempotencyKey, MoveId, Program, ProgramId, Refusal, Voucher, VoucherId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Something for a person's actor beside purchases.
#[derive(Debug)]
pub(in crate::sim) enum Call {
    Move { request: u64, wish: MoveWish },
    Look { request: u64 },
    Expect(Expect),
    PaybackHeard { paybacks: u32, voucher: VoucherId, id: MoveId, is_paid: bool },
    Expire,
}

/// What waits until all moves so far are written.
#[derive(Debug)]
pub(in crate::sim) enum Then {
    Replay { request: u64, asked: Asked },
    Look { request: u64, vouchers: Vec<Voucher> },
}

/// Vouchers of a person that are on the move.
#[derive(Debug, Default)]
pub(in crate::sim) struct Moving {
    /// Events decided and not known to be written.
    pub in_flight: usize,
    /// Requests whose moves are being written, or whose receivers were asked.
    pub asking: BTreeSet<u64>,
    /// Gifts whose receivers were asked.
    pub giving: BTreeMap<IdempotencyKey, Giving>,
    /// Gifts that room was set aside for, with the actors that mean to give them.
    pub expecting: BTreeMap<MoveId, (u32, u32)>,
    /// Paybacks whose end is being written.
    pub ending: BTreeSet<MoveId>,
    /// What waits, and for how many streams.
    awaiting: BTreeMap<u32, (usize, Then)>,
    last_awaited: u32,
}

impl Moving {
    pub fn is_asking_with(&self, key: &IdempotencyKey) -> bool {
        self.giving.contains_key(key)
    }

    /// Whether nobody waits for anything; room may be set aside for others all the same.
    pub fn is_idle(&self) -> bool {
        let is_quiet = self.giving.is_empty() && self.ending.is_empty();
        self.in_flight == 0 && is_quiet && self.awaiting.is_empty()
    }
}

impl Living {
    /// Whether nothing is on its way to it, as far as it knows.
    pub fn is_settled(&self) -> bool {
        let is_paid = self.person.pending_programs().next().is_none();
        let is_quiet = self.busy.is_none() && self.loading.is_none();
        is_paid && is_quiet && self.moving.is_idle() && self.moving.expecting.is_empty()
    }

    fn is_buying_with(&self, asked: &Asked) -> bool {
        self.busy.as_ref().is_some_and(|buying| buying.ask.key == asked.key)
    }

    /// Whether a key is under way for something that is not decided yet. Gifts look for copies of
    /// their own first.
    pub fn check_key(&self, asked: &Asked, is_gift: bool) -> Result<(), Refusal> {
        let is_giving = !is_gift && self.moving.is_asking_with(&asked.key);
        match is_giving || self.is_buying_with(asked) {
            true => Err(Refusal::IdempotencyKeyReused),
            false => Ok(()),
        }
    }
}

/// A move that was handed to be written.
#[derive(Debug)]
pub(in crate::sim) struct Moved {
    pub person: u32,
    pub generation: u32,
    pub request: Option<u64>,
    pub event: Event,
    /// The end of a payback that no rail is asked for.
    pub end: Option<Event>,
    /// Whose actor set room aside.
    pub receiver: Option<(u32, u32)>,
}

/// A program by its index, as it stands.
pub(in crate::sim) type OfProgram = (usize, Arc<Program>);

impl World {
    /// A move reaches the process.
    pub(in crate::sim) fn ask_for_move(&mut self, request: u64, person: u32, wish: MoveWish) {
        if matches!(wish.what, What::Give { to, .. } if to == person) {
            let detail = "to_person is somebody else".to_owned();
            return self.answer_move(request, Err(Refusal::Malformed { detail }));
        }
        self.call(person, Call::Move { request, wish });
    }

    /// Somebody asks what they have got: their actor, or the store if there is none.
    pub(in crate::sim) fn look(&mut self, request: u64, person: u32) {
        let Some(house) = &self.house else { return };
        if let Some(Seat::Living(_)) = house.seats.get(&person) {
            return self.call(person, Call::Look { request });
        }
        if self.store.is_away {
            return self.answer_vouchers(request, Err(Refusal::Unavailable));
        }
        let (events, moves) = self.store.of_person(person);
        let read = Person::replay_with_moves(key_of(person), &events, &moves);
        let vouchers = self.vouchers_of(&read);
        self.answer_vouchers(request, Ok(vouchers));
    }

    fn vouchers_of(&self, person: &Person) -> Vec<Voucher> {
        let Some(house) = &self.house else { return Vec::new() };
        let find = |id: &ProgramId| house.programs.iter().find(|program| program.id == *id);
        person.vouchers(self.now, |id| find(id).map(|program| &**program))
    }

    pub(in crate::sim) fn call(&mut self, person: u32, call: Call) {
        let generation = self.wake(person);
        self.call_arrived(person, generation, call);
    }

    /// Sends something to a person's actor, started if need be.
    pub(in crate::sim) fn mail_call(&mut self, person: u32, call: Call) {
        let generation = self.wake(person);
        self.mail_person(person, generation, PersonMail::Call(call));
    }

    pub(in crate::sim) fn call_arrived(&mut self, person: u32, generation: u32, call: Call) {
        match self.living(person, generation) {
            None => self.not_heard(call),
            Some(living) if living.loading.is_some() => living.early.push(call),
            Some(_) => self.serve_call(person, generation, call),
        }
    }

    pub(in crate::sim) fn serve_call(&mut self, person: u32, generation: u32, call: Call) {
        match call {
            Call::Move { request, wish } => self.serve_move(person, generation, request, wish),
            Call::Look { request } => {
                let Some(living) = self.living(person, generation) else { return };
                // What is shown is what is waited for.
                let read = living.person.clone();
                let vouchers = self.vouchers_of(&read);
                self.when_durable(person, generation, Then::Look { request, vouchers });
            }
            Call::Expect(expect) => self.expect(person, generation, expect),
            Call::PaybackHeard { paybacks, voucher, id, is_paid } => {
                self.payback_heard((person, generation), paybacks, (voucher, id), is_paid);
            }
            Call::Expire => self.expire(person, generation),
        }
    }

    /// The actor that something was meant for is gone.
    pub(in crate::sim) fn not_heard(&mut self, call: Call) {
        match call {
            Call::Move { request, .. } => self.answer_move(request, Err(Refusal::Unavailable)),
            Call::Look { request } => self.answer_vouchers(request, Err(Refusal::Unavailable)),
            Call::Expect(expect) => self.tell_room(expect, None),
            Call::PaybackHeard { paybacks, id, .. } => self.payback_carried(paybacks, id, false),
            Call::Expire => {}
        }
    }

    /// The program of a voucher that a person has, or will have once it is paid.
    pub(in crate::sim) fn of_voucher(
        &mut self,
        (person, generation): (u32, u32),
        voucher: VoucherId,
    ) -> Option<OfProgram> {
        let id = self.living(person, generation)?.person.program_of(voucher)?.clone();
        let index = self.program_index(&id);
        let program = Arc::clone(&self.house.as_ref()?.programs[index]);
        Some((index, program))
    }

    fn serve_move(&mut self, person: u32, generation: u32, request: u64, wish: MoveWish) {
        let (now, who) = (self.now, (person, generation));
        let id = self.move_id(request);
        let key = IdempotencyKey::new(&wish.key.to_string()).expect("digits are visible");
        let asked = Asked { key, digest: digest_of_move(&wish.what) };
        match wish.what {
            What::Give { voucher, to, amount } => {
                let ask = self.gift_ask(id, voucher, to, amount, asked);
                self.give(who, request, to, ask);
            }
            What::Spend { voucher, merchant, amount } => {
                let of = self.of_voucher(who, voucher);
                let merchant = sale::merchants().into_iter().nth(merchant);
                let ask = SpendAsk { id, voucher, merchant, amount, asked };
                let Some(living) = self.living(person, generation) else { return };
                let program = of.as_ref().map(|(_, program)| &**program);
                let decided = living.check_key(&ask.asked, false);
                let decided = decided.and_then(|()| living.person.decide_spend(now, &ask, program));
                self.finish(who, request, decided, &ask.asked, of, None);
            }
            What::Cancel { purchase } => {
                self.pay_back(who, request, id, PaybackOf::Purchase(purchase), asked);
            }
            What::Refund { voucher } => {
                self.pay_back(who, request, id, PaybackOf::Voucher(voucher), asked);
            }
        }
    }

    fn move_id(&self, request: u64) -> MoveId {
        let millis = u128::try_from(self.now.0).expect("a time after 1970");
        MoveId((millis << 64) | u128::from(request))
    }

    fn pay_back(&mut self, who: (u32, u32), request: u64, id: MoveId, of: PaybackOf, asked: Asked) {
        let now = self.now;
        let voucher = match of {
            PaybackOf::Purchase(purchase) => purchase.into(),
            PaybackOf::Voucher(voucher) => voucher,
        };
        let ask = PaybackAsk { id, of, asked };
        let of = self.of_voucher(who, voucher);
        let Some(living) = self.living(who.0, who.1) else { return };
        let program = of.as_ref().map(|(_, program)| &**program);
        let decided = living.check_key(&ask.asked, false);
        let decided = decided.and_then(|()| living.person.decide_payback(now, &ask, program));
        self.finish(who, request, decided, &ask.asked, of, None);
    }

    /// Answers, or does what was decided.
    pub(in crate::sim) fn finish(
        &mut self,
        who: (u32, u32),
        request: u64,
        decided: Result<MoveDecision, Refusal>,
        asked: &Asked,
        of: Option<OfProgram>,
        receiver: Option<(u32, u32, u64)>,
    ) {
        let (event, program) = match (decided, of) {
            (Ok(MoveDecision::Replay(_)), _) => {
                let then = Then::Replay { request, asked: asked.clone() };
                return self.when_durable(who.0, who.1, then);
            }
            (Ok(MoveDecision::Do(event)), Some((program, _))) => (*event, program),
            (Err(refusal), Some((program, _))) if refusal.is_remembered() => {
                let (key, digest) = (asked.key.clone(), asked.digest);
                (Event::Refused { person: key_of(who.0), key, digest, refusal }, program)
            }
            (Ok(MoveDecision::Do(_)), None) => {
                return self.answer_move(request, Err(Refusal::Unavailable));
            }
            (Err(refusal), _) => return self.answer_move(request, Err(refusal)),
        };
        self.write_move(who, Some(request), event, program, receiver);
    }

    /// Takes an event in and hands it over to be written; a payback that no rail is asked for comes
    /// with its end. `receiver`: whose actor set room aside, and the epoch that it was read under.
    fn write_move(
        &mut self,
        (person, generation): (u32, u32),
        request: Option<u64>,
        event: Event,
        program: usize,
        receiver: Option<(u32, u32, u64)>,
    ) {
        let (now, plant, me) = (self.now, self.plant, key_of(person));
        let stream = self.stream_of_vouchers(program);
        let Some(living) = self.living(person, generation) else { return };
        let own = living.epochs[stream];
        match plant {
            Some(Plant::MoveLate) if is_taken_late(&event) => {}
            Some(Plant::FreedEarly) => living.person.apply_move(me, &event),
            _ => living.person.begin_move(me, &event),
        }
        living.moving.in_flight += 1;
        living.moving.asking.extend(request);
        let end = match &event {
            Event::PaybackSent { of, request: None, .. } => {
                living.person.decide_payback_end(now, of.voucher, of.id, true)
            }
            _ => None,
        };
        // Neither state may be older than the stream's last doubt.
        let under = Some(receiver.map_or(own, |(_, _, theirs)| theirs.min(own)));
        let events = std::iter::once(event.clone()).chain(end.clone()).collect();
        let receiver = receiver.map(|(to, generation, _)| (to, generation));
        let moved = Moved { person, generation, request, event, end, receiver };
        let done = Done::VoucherMoved(Box::new(moved));
        self.append(stream, Append { at: now, events, under, done });
    }

    /// A move is written: now it is answered.
    pub(in crate::sim) fn voucher_moved(&mut self, moved: Moved) {
        let Moved { person, generation, request, event, end, receiver } = moved;
        let (plant, me) = (self.plant, key_of(person));
        // Whoever died told everybody that waited for them.
        let is_dead = request.is_some_and(|request| !self.outstanding.contains_key(&request));
        if let Some(living) = self.living(person, generation) {
            living.moving.in_flight -= 1;
            request.iter().for_each(|request| {
                living.moving.asking.remove(request);
            });
            match plant {
                Some(Plant::MoveLate) if is_taken_late(&event) => {
                    living.person.apply_move(me, &event);
                }
                Some(Plant::FreedEarly) => {}
                _ => living.person.settle_move(me, &event),
            }
            // What it frees is free from here on, and not before.
            end.iter().for_each(|end| living.person.apply_move(me, end));
            if matches!(event, Event::PaybackSent { .. }) && end.is_none() {
                self.begin_payback(&event);
            }
        }
        if let Some((to, generation)) = receiver.filter(|_| !is_dead) {
            let (id, given) = (event.voucher_move().map(|of| of.id), Box::new(event.clone()));
            let id = id.expect("a gift is a move");
            self.tell_gift_end(to, generation, id, GiftEnd::Given(given));
        }
        let Some(request) = request else { return };
        let answer =
            match (end.as_ref().unwrap_or(&event), answer_of(end.as_ref().unwrap_or(&event))) {
                (Event::Refused { refusal, .. }, _) => Err(refusal.clone()),
                (_, answer) => answer.ok_or(Refusal::Unavailable),
            };
        self.answer_move(request, answer);
    }

    /// It is not known to be written.
    pub(in crate::sim) fn voucher_not_moved(&mut self, moved: Moved) {
        if let (Some((to, generation)), Some(of)) = (moved.receiver, moved.event.voucher_move()) {
            self.tell_gift_end(to, generation, of.id, GiftEnd::Silence);
        }
        if let Some(request) = moved.request {
            self.answer_move(request, Err(Refusal::Unavailable));
        }
        self.lose_person(moved.person, moved.generation);
    }

    /// Does something once all that this person did so far is written.
    fn when_durable(&mut self, person: u32, generation: u32, then: Then) {
        let (now, programs) = (self.now, self.plan.programs.len());
        let Some(living) = self.living(person, generation) else { return };
        if living.moving.in_flight == 0 {
            return self.do_then(person, generation, then, true);
        }
        living.moving.last_awaited += 1;
        let number = living.moving.last_awaited;
        living.moving.awaiting.insert(number, (programs, then));
        let epochs = living.epochs.clone();
        for program in 0..programs {
            let stream = self.stream_of_vouchers(program);
            let done = Done::Durable { person, generation, number };
            let under = Some(epochs[stream]);
            self.append(stream, Append { at: now, events: Vec::new(), under, done });
        }
    }

    /// One stream has written what was handed to it before, or cannot say.
    pub(in crate::sim) fn durable(
        &mut self,
        person: u32,
        generation: u32,
        number: u32,
        is_sure: bool,
    ) {
        let Some(living) = self.living(person, generation) else { return };
        let Some((left, then)) = living.moving.awaiting.remove(&number) else { return };
        if is_sure && left > 1 {
            living.moving.awaiting.insert(number, (left - 1, then));
        } else {
            self.do_then(person, generation, then, is_sure);
        }
    }

    fn do_then(&mut self, person: u32, generation: u32, then: Then, is_durable: bool) {
        match then {
            Then::Look { request, vouchers } => {
                let answer = if is_durable { Ok(vouchers) } else { Err(Refusal::Unavailable) };
                self.answer_vouchers(request, answer);
            }
            Then::Replay { request, asked } => {
                let Some(living) = self.living(person, generation) else { return };
                let answer = match living.person.answered(&asked) {
                    Ok(Some(MoveAnswer::Refused(refusal))) if is_durable => Err(refusal),
                    Ok(Some(answer)) if is_durable => Ok(answer),
                    _ => Err(Refusal::Unavailable),
                };
                self.answer_move(request, answer);
            }
        }
    }

    /// What is left in vouchers whose time is over falls to their issuers.
    fn expire(&mut self, person: u32, generation: u32) {
        let now = self.now;
        let Some(living) = self.living(person, generation) else { return };
        let read = living.person.clone();
        for voucher in self.vouchers_of(&read) {
            let of = self.of_voucher((person, generation), voucher.id);
            let Some((index, program)) = of else { continue };
            let Some(living) = self.living(person, generation) else { return };
            let id = MoveId::of_expiry(voucher.id);
            if let Some(event) = living.person.decide_expire(now, voucher.id, id, &program) {
                self.write_move((person, generation), None, event, index, None);
            }
        }
    }

    /// An actor ends: whoever waited for something that is not being written is told so; one that
    /// is dead leaves nobody to answer what is.
    pub(in crate::sim) fn end_moving(
        &mut self,
        person: u32,
        generation: u32,
        moving: Moving,
        is_dead: bool,
    ) {
        for (_, (_, then)) in moving.awaiting {
            match then {
                Then::Replay { request, .. } => {
                    self.answer_move(request, Err(Refusal::Unavailable));
                }
                Then::Look { request, .. } => {
                    self.answer_vouchers(request, Err(Refusal::Unavailable));
                }
            }
        }
        let copies = moving.giving.into_values().flat_map(|giving| giving.copies);
        let unheard: Vec<u64> = copies.map(|(request, _)| request).collect();
        let asking = moving.asking.into_iter().filter(|_| is_dead);
        for request in asking.chain(unheard) {
            self.answer_move(request, Err(Refusal::Unavailable));
        }
        if is_dead {
            self.leave_in_silence(person, generation);
        }
    }
}

/// Which moves the planted bug takes in late.
fn is_taken_late(event: &Event) -> bool {
    matches!(event, Event::Spent { .. } | Event::Gifted { .. })
}
