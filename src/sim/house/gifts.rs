//! Gifts: the giver asks the receiver to set room aside, decides once it has an answer, writes, and
//! tells the receiver what came of it. Neither waits for the other with anything else.

use super::PersonMail;
use super::Seat;
use super::SignUp;
use super::moves::{Call, OfProgram};
use crate::sim::faults::Plant;
use crate::sim::people::key_of;
use crate::sim::world::World;
use openrun_core::person::{GiftAsk, MoveDecision};
use openrun_core::voucher::Asked;
use openrun_core::{Event, IdempotencyKey, Month, MoveId, Refusal, Timestamp, VoucherId, Won};

/// Somebody means to give this person something: is there room?
#[derive(Debug)]
pub(in crate::sim) struct Expect {
    id: MoveId,
    program: usize,
    amount: Won,
    to: u32,
    key: IdempotencyKey,
    /// The actor that asks, and for which request.
    giver: (u32, u32),
    request: u64,
}

/// Whether there is room: the month it counts against, and the epoch that the receiver was read
/// under; nothing when nobody answered.
#[derive(Debug)]
pub(in crate::sim) struct Room {
    expect: Expect,
    receiver: u32,
    answer: Option<Result<(Month, u64), Refusal>>,
}

/// What came of a gift.
#[derive(Debug)]
pub(in crate::sim) enum GiftEnd {
    /// It is written.
    Given(Box<Event>),
    /// It will not be.
    NotGiven,
    /// The giver died, or does not know.
    Silence,
}

/// A gift whose receiver was asked, with copies of the request that wait for it.
#[derive(Debug)]
pub(in crate::sim) struct Giving {
    to: u32,
    request: u64,
    ask: GiftAsk,
    pub copies: Vec<(u64, GiftAsk)>,
}

impl World {
    pub(super) fn gift_ask(
        &self,
        id: MoveId,
        voucher: VoucherId,
        to: u32,
        amount: Won,
        asked: Asked,
    ) -> GiftAsk {
        let signed_up = self.house.as_ref().map(|house| house.signed_up[to as usize]);
        let is_receiver_registered = signed_up == Some(SignUp::Durable);
        GiftAsk { id, voucher, to: key_of(to), is_receiver_registered, amount, asked }
    }

    /// Decides whether the receiver is asked at all.
    pub(super) fn give(&mut self, who: (u32, u32), request: u64, to: u32, ask: GiftAsk) {
        let now = self.now;
        let of = self.of_voucher(who, ask.voucher);
        let Some(living) = self.living(who.0, who.1) else {
            return self.answer_move(request, Err(Refusal::Unavailable));
        };
        if let Some(giving) = living.moving.giving.get_mut(&ask.asked.key) {
            return giving.copies.push((request, ask));
        }
        let decided = self.decide_gift(who, now, &ask, of.as_ref(), Month::of(now));
        let (Ok(MoveDecision::Do(_)), Some((program, _))) = (&decided, &of) else {
            return self.finish(who, request, decided, &ask.asked, of, None);
        };
        let (id, amount, key) = (ask.id, ask.amount, ask.asked.key.clone());
        let expect =
            Expect { id, program: *program, amount, to, key: key.clone(), giver: who, request };
        if let Some(living) = self.living(who.0, who.1) {
            living.moving.giving.insert(key, Giving { to, request, ask, copies: Vec::new() });
            living.moving.asking.insert(request);
        }
        self.mail_call(to, Call::Expect(expect));
    }

    fn decide_gift(
        &mut self,
        who: (u32, u32),
        now: Timestamp,
        ask: &GiftAsk,
        of: Option<&OfProgram>,
        month: Month,
    ) -> Result<MoveDecision, Refusal> {
        let living = self.living(who.0, who.1).ok_or(Refusal::Unavailable)?;
        living.check_key(&ask.asked, true)?;
        living.person.decide_gift(now, ask, of.map(|(_, program)| &**program), month)
    }

    /// Sets room aside, if there is any.
    pub(super) fn expect(&mut self, person: u32, generation: u32, expect: Expect) {
        let (now, plant) = (self.now, self.plant);
        let stream = self.stream_of_vouchers(expect.program);
        let Some(house) = &mut self.house else { return };
        let program = std::sync::Arc::clone(&house.programs[expect.program]);
        let Some(living) = house.living(person, generation) else { return };
        let mut rules = program.rules_at(now).clone();
        if plant == Some(Plant::GiftRoomOff) {
            let rules = std::sync::Arc::make_mut(&mut rules);
            (rules.holding_limit_won, rules.after_sale.gift_limit_won) = (Won::MAX_REQUEST, None);
        }
        let (id, amount) = (expect.id, expect.amount);
        let answer = living.person.expect_gift(now, id, (&program.id, &rules), amount);
        if answer.is_ok() {
            living.moving.expecting.insert(id, expect.giver);
        }
        let epoch = living.epochs[stream];
        let room = answer.map(|month| (month, epoch));
        self.send_room(expect, generation, Some(room));
    }

    /// Nobody is there to answer.
    pub(super) fn tell_room(
        &mut self,
        expect: Expect,
        answer: Option<Result<(Month, u64), Refusal>>,
    ) {
        self.send_room(expect, 0, answer);
    }

    fn send_room(
        &mut self,
        expect: Expect,
        receiver: u32,
        answer: Option<Result<(Month, u64), Refusal>>,
    ) {
        let (giver, generation) = expect.giver;
        let room = Box::new(Room { expect, receiver, answer });
        self.mail_person(giver, generation, PersonMail::Room(room));
    }

    /// The receiver has answered.
    pub(super) fn room_heard(&mut self, person: u32, generation: u32, room: Room) {
        let (to, request) = (room.expect.to, room.expect.request);
        let Some(living) = self.living(person, generation) else {
            // One that was retired still says that nothing will come; one that is dead does not.
            let is_dead = !self.outstanding.contains_key(&request);
            let end = if is_dead { GiftEnd::Silence } else { GiftEnd::NotGiven };
            self.answer_move(request, Err(Refusal::Unavailable));
            return self.tell_gift_end(to, room.receiver, room.expect.id, end);
        };
        let Some(giving) = living.moving.giving.remove(&room.expect.key) else { return };
        living.moving.asking.remove(&request);
        let Giving { to, request, ask, copies } = giving;
        self.give_into((person, generation), request, to, &ask, &room);
        for (request, copy) in copies {
            self.give((person, generation), request, to, copy);
        }
    }

    /// Decides anew, for the voucher may have been spent meanwhile.
    fn give_into(&mut self, who: (u32, u32), request: u64, to: u32, ask: &GiftAsk, room: &Room) {
        let (now, of) = (self.now, self.of_voucher(who, ask.voucher));
        let (month, epoch) = match &room.answer {
            Some(Ok(found)) => *found,
            Some(Err(refusal)) => {
                let refused = Err(refusal.clone());
                return self.finish(who, request, refused, &ask.asked, of, None);
            }
            None => return self.answer_move(request, Err(Refusal::Unavailable)),
        };
        let decided = self.decide_gift(who, now, ask, of.as_ref(), month);
        // Whoever takes over from the receiver reads the store behind what is written from here on.
        let is_there = self.living(to, room.receiver).is_some();
        match decided {
            Ok(MoveDecision::Do(event)) if is_there => {
                let decided = Ok(MoveDecision::Do(event));
                let receiver = Some((to, room.receiver, epoch));
                self.finish(who, request, decided, &ask.asked, of, receiver);
            }
            decided => {
                self.tell_gift_end(to, room.receiver, ask.id, GiftEnd::NotGiven);
                let decided = match decided {
                    Ok(MoveDecision::Do(_)) => Err(Refusal::Unavailable),
                    other => other,
                };
                self.finish(who, request, decided, &ask.asked, of, None);
            }
        }
    }

    pub(super) fn tell_gift_end(&mut self, to: u32, generation: u32, id: MoveId, end: GiftEnd) {
        self.mail_person(to, generation, PersonMail::GiftEnd(id, end));
    }

    /// What came of a gift that room was set aside for.
    pub(super) fn gift_ended(&mut self, person: u32, generation: u32, id: MoveId, end: GiftEnd) {
        let Some(living) = self.living(person, generation) else { return };
        if living.moving.expecting.remove(&id).is_none() {
            return;
        }
        match end {
            GiftEnd::Given(event) => living.person.apply_move(key_of(person), &event),
            GiftEnd::NotGiven => living.person.release_gift(id),
            // The store knows.
            GiftEnd::Silence => self.lose_person(person, generation),
        }
    }

    /// A giver is dead: whoever set room aside for it hears nothing more.
    pub(super) fn leave_in_silence(&mut self, person: u32, generation: u32) {
        let Some(house) = &self.house else { return };
        let giver = (person, generation);
        let mut waiting = Vec::new();
        for (to, seat) in &house.seats {
            let Seat::Living(living) = seat else { continue };
            let theirs = living.moving.expecting.iter().filter(|(_, from)| **from == giver);
            waiting.extend(theirs.map(|(id, _)| (*to, living.generation, *id)));
        }
        for (to, generation, id) in waiting {
            self.tell_gift_end(to, generation, id, GiftEnd::Silence);
        }
    }
}
