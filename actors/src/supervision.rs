//! What happens when the guardian, a committer or the till themselves die: each is started anew
//! behind its handle.

use crate::clock::Clock;
use crate::committer::Committer;
use crate::engine::Inner;
use crate::guardian::{Guardian, StoreInDoubt};
use crate::handle::Handle;
use crate::paybacks::{PaybacksShell, Reread};
use crate::person::PaymentEnded;
use crate::rail::Rail;
use crate::round::{Announce, TillLink};
use crate::threads::arbiter;
use crate::till::{TillRoom, TillShell, millis};
use actix::ArbiterHandle;
use openrun_core::{Event, PersonKey, StreamId};
use std::sync::{Arc, Weak};

fn till_maker(
    rail: &Arc<dyn Rail>,
    clock: &Arc<dyn Clock>,
    room: &Arc<TillRoom>,
) -> impl FnOnce() -> TillShell + Send + use<> {
    let (rail, clock, room) = (Arc::clone(rail), Arc::clone(clock), Arc::clone(room));
    move || TillShell::new(rail, clock, room)
}

impl Inner {
    /// Starts the guardian, or a new one after its death.
    pub(crate) fn start_guardian(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let make = move || Guardian::new(weak);
        let obituary = Inner::guardian_obituary(Arc::downgrade(self));
        match self.guardian.get() {
            Some(handle) => handle.restart(&self.process_arbiter, make, obituary),
            None => {
                let handle = Handle::start(&self.process_arbiter, make, obituary);
                let _ = self.guardian.set(handle);
            }
        }
    }

    fn guardian_obituary(weak: Weak<Inner>) -> Box<dyn FnOnce() + Send> {
        Box::new(move || {
            metrics::counter!("openrun_actor_rebuilds_total", "actor" => "guardian").increment(1);
            let Some(inner) = weak.upgrade() else { return };
            inner.start_guardian();
            // It may have died with a job half done: everything is read anew.
            for (stream, _) in inner.journals() {
                inner.tell_guardian(StoreInDoubt(stream));
            }
        })
    }

    /// A committer that dies leaves events behind that nobody will write: a new one takes over the
    /// store, and everything decided on top of them is read anew.
    pub(crate) fn committer_obituary(
        weak: Weak<Inner>,
        stream: StreamId,
    ) -> Box<dyn FnOnce() + Send> {
        Box::new(move || {
            metrics::counter!("openrun_actor_rebuilds_total", "actor" => "committer").increment(1);
            let Some(inner) = weak.upgrade() else { return };
            let Some(journal) = inner.journal_of(&stream) else { return };
            let store = Arc::clone(&inner.store);
            let around = (Arc::clone(&journal.standing), Arc::clone(&inner.doubts));
            let on_doubt = Inner::on_doubt(weak.clone());
            let obituary = Inner::committer_obituary(weak, stream.clone());
            let of_stream = stream.clone();
            let make = move || Committer::new(of_stream, store, None, on_doubt, around);
            journal.committer.restart(&inner.arbiter_of_stream(&stream), make, obituary);
        })
    }

    /// What the committer calls when nothing in memory can be trusted.
    pub(crate) fn on_doubt(weak: Weak<Inner>) -> Box<dyn Fn(&StreamId) + Send> {
        Box::new(move |stream| {
            if let Some(inner) = weak.upgrade() {
                inner.tell_guardian(StoreInDoubt(stream.clone()));
            }
        })
    }

    /// Starts the till of a rail that must be waited for, on a thread of its own.
    pub(crate) fn start_till(
        weak: &Weak<Inner>,
        rail: &Arc<dyn Rail>,
        clock: &Arc<dyn Clock>,
    ) -> TillLink {
        let room = Arc::new(TillRoom::default());
        let make = till_maker(rail, clock, &room);
        let arbiter = arbiter("till");
        let handle =
            Handle::start(&arbiter, make, Inner::till_obituary(weak.clone(), arbiter.clone()));
        let weak = weak.clone();
        let tell_person = Arc::new(move |person: PersonKey, event: Event| {
            let living = weak.upgrade().and_then(|inner| inner.people.living(person));
            if let Some(living) = living {
                living.tell(PaymentEnded(event));
            }
        });
        let finality_millis = millis(rail.terms().finality);
        TillLink { handle, arbiter, finality_millis, room, tell_person }
    }

    /// Starts whoever calls the rail to give money back, if it is one that must be waited for. Only
    /// once it is known who is whom: it wakes people up.
    pub(crate) fn start_paybacks(self: &Arc<Self>) {
        let Some(rail) = &self.rail else { return };
        let make = self.paybacks_maker(rail);
        let arbiter = arbiter("paybacks");
        let obituary = Inner::paybacks_obituary(Arc::downgrade(self), arbiter.clone());
        let _ = self.paybacks.set(Handle::start(&arbiter, make, obituary));
    }

    fn paybacks_maker(
        self: &Arc<Self>,
        rail: &Arc<dyn Rail>,
    ) -> impl FnOnce() -> PaybacksShell + Send + use<> {
        let (store, people) = (Arc::clone(&self.store), Arc::clone(&self.people));
        let (rail, clock) = (Arc::clone(rail), Arc::clone(&self.clock));
        move || PaybacksShell::new(store, people, rail, clock)
    }

    /// It finds in the store what it left open.
    fn paybacks_obituary(weak: Weak<Inner>, arbiter: ArbiterHandle) -> Box<dyn FnOnce() + Send> {
        Box::new(move || {
            metrics::counter!("openrun_actor_rebuilds_total", "actor" => "paybacks").increment(1);
            let Some(inner) = weak.upgrade() else { return };
            let (Some(handle), Some(rail)) = (inner.paybacks.get(), &inner.rail) else { return };
            let make = inner.paybacks_maker(rail);
            handle.restart(&arbiter, make, Inner::paybacks_obituary(weak, arbiter.clone()));
        })
    }

    pub(crate) fn reread_paybacks(&self) {
        if let Some(paybacks) = self.paybacks.get() {
            paybacks.tell(Reread);
        }
    }

    /// A till that dies is started anew, and every round tells it what is open.
    fn till_obituary(weak: Weak<Inner>, arbiter: ArbiterHandle) -> Box<dyn FnOnce() + Send> {
        Box::new(move || {
            metrics::counter!("openrun_actor_rebuilds_total", "actor" => "till").increment(1);
            let Some(inner) = weak.upgrade() else { return };
            let (Some(link), Some(rail)) = (&inner.till, &inner.rail) else { return };
            let make = till_maker(rail, &inner.clock, &link.room);
            link.handle.restart(&arbiter, make, Inner::till_obituary(weak, arbiter.clone()));
            for round in inner.rounds.iter() {
                round.value().0.round.tell(Announce);
            }
        })
    }
}
