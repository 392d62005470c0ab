//! A gift takes two actors and no waiting in either mailbox: the giver asks the receiver to set
//! room aside, decides once it has an answer, writes, and tells the receiver what came of it.
//!
//! The giver writes, because the voucher is the giver's; the receiver's room counts as taken from
//! the first message to the last. So two gifts that cross hold nobody up: each side is asked and
//! answers at once. When the giver says nothing any more, the receiver is read from the store.

use super::PersonShell;
use super::vouchers::{MoveAnswered, OfProgram, Sent, fresh};
use crate::committer::IntoActorFuture;
use crate::handle::{CallError, Ctx, Handle, Reply, Serve};
use crate::people::{Link, People};
use actix::prelude::*;
use openrun_core::person::vouchers::answer_of;
use openrun_core::person::{GiftAsk, MoveDecision};
use openrun_core::{Event, Month, MoveId, ProgramId, Refusal, Timestamp, Won};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// Give something away.
pub(crate) struct Giving {
    pub ask: GiftAsk,
    /// Why nothing new is given now, if so.
    pub off: Option<Refusal>,
}

/// Somebody means to give this person something: is there room?
pub(crate) struct Expect {
    id: MoveId,
    program: ProgramId,
    amount: Won,
    end: oneshot::Receiver<GiftEnd>,
}

/// Room set aside.
pub(crate) struct Room {
    month: Month,
    /// After how many doubts the receiver was read.
    read_at: u64,
    link: Arc<Link>,
}

/// What came of a gift for which room was set aside.
pub(crate) enum GiftEnd {
    /// It is durable. Who gave it is answered once the receiver knows.
    Given(Box<Event>, Reply<MoveAnswered>),
    /// It will not be.
    NotGiven,
}

impl Serve<Giving> for PersonShell {
    type Answer = MoveAnswered;

    fn serve(&mut self, ask: Giving, reply: Reply<MoveAnswered>, ctx: &mut Ctx<Self>) {
        let Giving { ask, off } = ask;
        let is_new = self.person.answered(&ask.asked) == Ok(None)
            && !self.moving.is_asking_with(&ask.asked.key);
        match off {
            Some(refusal) if is_new => reply.send(fresh(Err(refusal))),
            _ => self.give(ask, reply, ctx),
        }
    }
}

impl PersonShell {
    /// Decides whether the receiver is asked at all.
    fn give(&mut self, ask: GiftAsk, reply: Reply<MoveAnswered>, ctx: &mut Ctx<Self>) {
        if self.is_over() {
            return reply.send(fresh(Err(Refusal::Unavailable)));
        }
        if let Some(copies) = self.moving.giving.get_mut(&ask.asked.key) {
            return copies.push((ask, reply));
        }
        let now = self.around.clock.now();
        let of = self.of_voucher(ask.voucher);
        let decided = match self.is_buying_with(&ask.asked) {
            true => Err(Refusal::IdempotencyKeyReused),
            false => self.decide_gift(now, &ask, of.as_ref(), Month::of(now)),
        };
        let (Ok(MoveDecision::Do(_)), Some((program, _)), Some(people)) =
            (&decided, &of, self.around.people.upgrade())
        else {
            return self.finish(decided, &ask.asked, of, reply, ctx);
        };
        let (end, ended) = oneshot::channel();
        let (id, amount, program) = (ask.id, ask.amount, program.id.clone());
        let receiver: Handle<PersonShell> = People::handle(&people, ask.to);
        let asking = receiver.call(Expect { id, program, amount, end: ended });
        self.moving.giving.insert(ask.asked.key.clone(), Vec::new());
        ctx.spawn(asking.into_actor_future(move |shell: &mut Self, room, ctx| {
            let copies = shell.moving.giving.remove(&ask.asked.key).unwrap_or_default();
            shell.give_into(&ask, room, end, reply, ctx);
            copies.into_iter().for_each(|(copy, reply)| shell.give(copy, reply, ctx));
        }));
    }

    fn decide_gift(
        &self,
        now: Timestamp,
        ask: &GiftAsk,
        of: Option<&OfProgram>,
        month: Month,
    ) -> Result<MoveDecision, Refusal> {
        self.person.decide_gift(now, ask, of.map(|(program, _)| &**program), month)
    }

    /// The receiver has answered: decides anew, for the voucher may have been spent meanwhile.
    fn give_into(
        &mut self,
        ask: &GiftAsk,
        room: Result<Result<Room, Refusal>, CallError>,
        end: oneshot::Sender<GiftEnd>,
        reply: Reply<MoveAnswered>,
        ctx: &mut Ctx<Self>,
    ) {
        let (now, of) = (self.around.clock.now(), self.of_voucher(ask.voucher));
        let room = match room {
            Ok(Ok(room)) => room,
            Ok(Err(refusal)) => return self.finish(Err(refusal), &ask.asked, of, reply, ctx),
            Err(error) => return reply.send(fresh(Err(Refusal::from(error)))),
        };
        let decided = self.decide_gift(now, ask, of.as_ref(), room.month);
        let (Ok(MoveDecision::Do(event)), Some((_, journal))) = (&decided, &of) else {
            let _ = end.send(GiftEnd::NotGiven);
            return self.finish(decided, &ask.asked, of, reply, ctx);
        };
        // People live on one thread: whoever takes over from the receiver reads the store after
        // this, behind a barrier on this journal. Neither state may be older than its last doubt.
        let read_at = self.read_at.min(room.read_at);
        let is_gone = room.link.is_dismissed.load(Ordering::SeqCst);
        let permit = match journal.enter() {
            Ok(permit) => permit,
            Err(overloaded) => {
                let _ = end.send(GiftEnd::NotGiven);
                return reply.send(fresh(Err(overloaded)));
            }
        };
        let sent = (!is_gone).then(|| self.send(Event::clone(event), journal, read_at)).flatten();
        let Some(Sent { event, written, .. }) = sent else {
            let _ = end.send(GiftEnd::NotGiven);
            return reply.send(fresh(Err(Refusal::Unavailable)));
        };
        ctx.spawn(written.into_actor_future(move |shell: &mut Self, outcome, _| {
            drop(permit);
            // Without a word the receiver is in doubt as well.
            if !shell.settle(&event, None, outcome) {
                return reply.send(fresh(Err(Refusal::Unavailable)));
            }
            // A receiver who is gone is read from the store by whoever comes next.
            if let Err(GiftEnd::Given(event, reply)) =
                end.send(GiftEnd::Given(Box::new(event), reply))
            {
                reply.send(given(&event));
            }
        }));
    }
}

fn given(event: &Event) -> MoveAnswered {
    fresh(answer_of(event).ok_or(Refusal::Unavailable))
}

impl Serve<Expect> for PersonShell {
    type Answer = Result<Room, Refusal>;

    fn serve(&mut self, expect: Expect, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        let Expect { id, program, amount, end } = expect;
        let Some((of, journal)) = self.of_program(&program) else { return };
        // Whoever takes over must find out what came of it.
        if !self.link.writes(&journal) || self.is_over() {
            return;
        }
        if self.is_unsure_of(&program) {
            // Without an answer; whoever asks next gets an actor that reads the store anew.
            return self.doubt();
        }
        let now = self.around.clock.now();
        let rules = crate::failpoints::rules(of.rules_at(now).clone());
        let month = match self.person.expect_gift(now, id, (&program, &rules), amount) {
            Ok(month) => month,
            Err(refusal) => return reply.send(Err(refusal)),
        };
        ctx.spawn(end.into_actor_future(move |shell: &mut Self, end, _| match end {
            Ok(GiftEnd::Given(event, reply)) => {
                shell.person.apply_move(shell.key, &event);
                reply.send(given(&event));
            }
            Ok(GiftEnd::NotGiven) => shell.person.release_gift(id),
            // The giver died or is in doubt: the store knows.
            Err(_) => shell.doubt(),
        }));
        reply.send(Ok(Room { month, read_at: self.read_at, link: Arc::clone(&self.link) }));
    }
}
