//! Everybody who signed up or bought: who has an actor now, who must be read from the store, who
//! may buy at all.
//!
//! At most one deciding actor per person. An actor exists from the first purchase until it has been
//! idle; somebody who only waits has none.

use crate::clock::Clock;
use crate::committer::Journal;
use crate::handle::Handle;
use crate::person::{Loading, PersonShell};
use crate::queue::Retire;
use crate::shared::RoundRef;
use crate::store::Store;
use actix::ArbiterHandle;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use metrics::Gauge;
use openrun_core::{ChannelId, Event, PersonKey, Refusal, RoundId};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A person's actor is retired when it was not called for this long: longer than any call may take.
const IDLE_MILLIS: i64 = 60_000;

/// Who decides for a person.
enum Seat {
    /// This actor.
    Living { handle: Handle<PersonShell>, generation: u64, used_at: AtomicI64 },
    /// Nobody now; the store knows. After a death, rounds may still hold a message of the former
    /// actor.
    Known { must_fence: bool },
}

/// Whether a sign-up is durable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SignUp {
    Pending,
    /// Perhaps written: nobody signs up again before the store was asked.
    Doubtful,
    Durable,
}

/// Settles a sign-up however its batch ends, also when the committer dies with it.
struct Settling {
    people: Arc<People>,
    person: PersonKey,
    is_durable: bool,
}

impl Drop for Settling {
    fn drop(&mut self) {
        let state = if self.is_durable { SignUp::Durable } else { SignUp::Doubtful };
        self.people.signed_up.insert(self.person, state);
    }
}

/// Everybody.
pub(crate) struct People {
    seats: DashMap<PersonKey, Seat>,
    signed_up: DashMap<PersonKey, SignUp>,
    rounds: Arc<DashMap<RoundId, RoundRef>>,
    store: Arc<dyn Store>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    arbiter: ArbiterHandle,
    epoch: Arc<AtomicU64>,
    generations: AtomicU64,
    actors: Gauge,
}

impl People {
    pub fn new(
        rounds: Arc<DashMap<RoundId, RoundRef>>,
        store: Arc<dyn Store>,
        journal: Journal,
        clock: Arc<dyn Clock>,
        arbiter: ArbiterHandle,
        epoch: Arc<AtomicU64>,
    ) -> People {
        People {
            seats: DashMap::new(),
            signed_up: DashMap::new(),
            rounds,
            store,
            journal,
            clock,
            arbiter,
            epoch,
            generations: AtomicU64::new(0),
            actors: metrics::gauge!("openrun_people_actors"),
        }
    }

    /// Somebody who signed up, from the store.
    pub fn know_signed_up(&self, person: PersonKey) {
        self.signed_up.insert(person, SignUp::Durable);
    }

    /// Somebody who bought or was refused for ever, from the store.
    pub fn know_buyer(&self, person: PersonKey) {
        self.seats.entry(person).or_insert(Seat::Known { must_fence: false });
    }

    /// Whether the person signed up.
    pub fn is_signed_up(&self, person: PersonKey) -> bool {
        self.signed_up.get(&person).is_some_and(|state| *state == SignUp::Durable)
    }

    /// Signs a person up; answers whether that is new. Runs to the end whoever hangs up.
    pub async fn sign_up(
        people: &Arc<People>,
        person: PersonKey,
        channel: ChannelId,
    ) -> Result<bool, Refusal> {
        let is_new = match people.signed_up.entry(person) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(SignUp::Pending);
                true
            }
        };
        if !is_new {
            if !people.is_signed_up(person) {
                people.journal.barrier().await;
            }
            return people.is_signed_up(person).then_some(false).ok_or(Refusal::Unavailable);
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let event = Event::SignedUp { person, channel };
        let mut settling = Settling { people: Arc::clone(people), person, is_durable: false };
        people.journal.append_then(people.clock.now(), vec![event], move |outcome| {
            settling.is_durable = outcome.is_ok();
            drop(settling);
            let _ = sender.send(outcome.is_ok());
        });
        match receiver.await {
            Ok(true) => Ok(true),
            _ => Err(Refusal::Unavailable),
        }
    }

    /// The store was asked: whoever is still in doubt did not sign up.
    pub fn settle_doubtful(&self) {
        self.signed_up.retain(|_, state| *state != SignUp::Doubtful);
    }

    /// The actor that decides for this person, if there is one.
    pub fn living(&self, person: PersonKey) -> Option<Handle<PersonShell>> {
        match &*self.seats.get(&person)? {
            Seat::Living { handle, .. } => Some(handle.clone()),
            Seat::Known { .. } => None,
        }
    }

    /// Whether the store may know something of this person's purchases.
    pub fn is_known(&self, person: PersonKey) -> bool {
        self.seats.contains_key(&person)
    }

    /// The actor that decides for this person, started if need be.
    pub fn handle(people: &Arc<People>, person: PersonKey) -> Handle<PersonShell> {
        let now = people.clock.now().0;
        match people.seats.entry(person) {
            Entry::Occupied(mut seat) => match seat.get() {
                Seat::Living { handle, used_at, .. } => {
                    used_at.store(now, Ordering::Relaxed);
                    handle.clone()
                }
                Seat::Known { must_fence } => {
                    let loading = People::loading(people, *must_fence);
                    let (handle, living) = People::start(people, person, Some(loading), now);
                    seat.insert(living);
                    handle
                }
            },
            Entry::Vacant(vacant) => {
                let (handle, living) = People::start(people, person, None, now);
                vacant.insert(living);
                handle
            }
        }
    }

    fn loading(people: &Arc<People>, must_fence: bool) -> Loading {
        let round = |round: dashmap::mapref::multiple::RefMulti<'_, RoundId, RoundRef>| {
            round.value().0.round.clone()
        };
        let fences = if must_fence { people.rounds.iter().map(round).collect() } else { vec![] };
        Loading { store: Arc::clone(&people.store), fences }
    }

    fn start(
        people: &Arc<People>,
        person: PersonKey,
        loading: Option<Loading>,
        now: i64,
    ) -> (Handle<PersonShell>, Seat) {
        let generation = people.generations.fetch_add(1, Ordering::Relaxed);
        // Before the store is read: what was true under another epoch buys nothing.
        let journal = people.journal.of_state(people.epoch.load(Ordering::Acquire));
        let clock = Arc::clone(&people.clock);
        let forgetting = Arc::downgrade(people);
        let forget = move || {
            if let Some(people) = forgetting.upgrade() {
                people.forget(person, generation);
            }
        };
        let obituary = {
            let forget = forget.clone();
            move || {
                metrics::counter!("openrun_actor_rebuilds_total", "actor" => "person").increment(1);
                forget();
            }
        };
        let make = move || PersonShell::new(person, loading, journal, clock, Box::new(forget));
        let handle = Handle::start(&people.arbiter, make, Box::new(obituary));
        people.actors.increment(1.0);
        let used_at = AtomicI64::new(now);
        (handle.clone(), Seat::Living { handle, generation, used_at })
    }

    /// An actor is dead or in doubt: the next caller gets one that reads the store, once all its
    /// messages are decided.
    fn forget(&self, person: PersonKey, generation: u64) {
        let Some(mut seat) = self.seats.get_mut(&person) else { return };
        if matches!(&*seat, Seat::Living { generation: living, .. } if *living == generation) {
            *seat = Seat::Known { must_fence: true };
            self.actors.decrement(1.0);
        }
    }

    /// Retires everybody who was not called for a while, or everybody when the store is in doubt.
    pub fn retire(&self, all: bool) {
        let idle_since = self.clock.now().plus_millis(-IDLE_MILLIS).0;
        self.seats.alter_all(|_, seat| match seat {
            Seat::Living { handle, used_at, .. }
                if all || used_at.load(Ordering::Relaxed) < idle_since =>
            {
                handle.tell(Retire);
                self.actors.decrement(1.0);
                Seat::Known { must_fence: true }
            }
            other => other,
        });
    }
}
