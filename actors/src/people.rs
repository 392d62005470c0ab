//! Everybody who signed up or bought: who has an actor now, who must be read from the store, who
//! may buy at all.
//!
//! At most one deciding actor per person. An actor exists from the first purchase or gift until it
//! has been idle; somebody who only waits has none. All live on one thread: what one of them looks
//! up of another stays so until its handler ends.

use crate::committer::Journal;
use crate::doubts::Doubts;
use crate::handle::{Handle, Kind};
use crate::person::{Around, Loading, PersonShell};
use crate::queue::Retire;
use crate::shared::RoundRef;
use crate::store::Store;
use actix::ArbiterHandle;
use arc_swap::ArcSwap;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use metrics::Gauge;
use openrun_core::ids::HashPeople;
use openrun_core::{ChannelId, Event, PersonKey, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

mod import;

/// A person's actor is retired when it was not called for this long: longer than any call may take.
const IDLE_MILLIS: i64 = 60_000;

/// Who decides for a person.
enum Seat {
    /// This actor.
    Living { handle: Handle<PersonShell>, generation: u64, used_at: AtomicI64, link: Arc<Link> },
    /// Nobody now; the store knows. These may still hold something of the former actor.
    Known { fences: Arc<Fences> },
}

/// Whether a sign-up is durable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SignUp {
    Pending,
    /// Perhaps written: nobody signs up again before the store was asked.
    Doubtful,
    Durable,
}

/// What may hold something that an actor sent and that is not decided or durable yet.
#[derive(Default)]
pub(crate) struct Fences {
    pub rounds: Arc<Vec<RoundRef>>,
    pub journals: Arc<Vec<Journal>>,
}

/// What the registry and a person's actor share.
#[derive(Default)]
pub(crate) struct Link {
    /// Set when another actor may take its place: from then on it decides nothing, whatever it
    /// finds in its mailbox.
    pub is_dismissed: AtomicBool,
    /// The rounds that it sent something to.
    asked: ArcSwap<Vec<RoundRef>>,
    /// The journals that it wrote to itself, or waits for what others write to.
    wrote: ArcSwap<Vec<Journal>>,
}

impl Link {
    /// Of an actor that takes over: until it has waited for what a former one sent, whoever takes
    /// over from it waits for that as well.
    fn behind(fences: &Fences) -> Link {
        Link {
            is_dismissed: AtomicBool::new(false),
            asked: ArcSwap::new(Arc::clone(&fences.rounds)),
            wrote: ArcSwap::new(Arc::clone(&fences.journals)),
        }
    }

    /// What former actors sent is known by now, but for what they wrote to these journals.
    pub fn know_but(&self, unsure: &[Journal]) {
        self.wrote.store(Arc::new(unsure.to_vec()));
        self.asked.store(Arc::default());
    }

    /// Whether what the actor decides on, or waits for, may be in doubt along with a journal.
    fn touches(&self, journal: &Journal) -> bool {
        let has_asked = |round: &RoundRef| round.0.journal.is_same(journal);
        self.wrote.load().iter().any(|wrote| wrote.is_same(journal))
            || self.asked.load().iter().any(has_asked)
    }

    /// This round gets a message of the actor: whether it still may. Either it is refused here, or
    /// whoever takes over waits for that round.
    pub fn asks(&self, round: &RoundRef) -> bool {
        let asked = self.asked.load();
        if !asked.iter().any(|known| known.0.id == round.0.id) {
            let more = asked.iter().cloned().chain([round.clone()]).collect();
            self.asked.store(Arc::new(more));
        }
        !self.is_dismissed.load(Ordering::SeqCst)
    }

    /// This journal gets something of the actor: whether it still may, as with rounds.
    pub fn writes(&self, journal: &Journal) -> bool {
        let wrote = self.wrote.load();
        if !wrote.iter().any(|known| known.is_same(journal)) {
            let more = wrote.iter().cloned().chain([journal.of_nobody()]).collect();
            self.wrote.store(Arc::new(more));
        }
        !self.is_dismissed.load(Ordering::SeqCst)
    }

    /// Every journal that the actor wrote to.
    pub fn written(&self) -> Arc<Vec<Journal>> {
        self.wrote.load_full()
    }

    /// The actor is no more to decide; answers what may still be on its way.
    fn dismiss(&self) -> Arc<Fences> {
        self.is_dismissed.store(true, Ordering::SeqCst);
        Arc::new(Fences { rounds: self.asked.load_full(), journals: self.wrote.load_full() })
    }
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
    seats: DashMap<PersonKey, Seat, HashPeople>,
    signed_up: DashMap<PersonKey, SignUp, HashPeople>,
    store: Arc<dyn Store>,
    journal: Journal,
    around: Arc<Around>,
    arbiter: ArbiterHandle,
    doubts: Doubts,
    generations: AtomicU64,
    kind: Kind<PersonShell>,
    actors: Gauge,
}

impl People {
    pub fn new(
        store: Arc<dyn Store>,
        journal: Journal,
        around: Arc<Around>,
        arbiter: ArbiterHandle,
        doubts: Doubts,
    ) -> People {
        People {
            seats: DashMap::default(),
            signed_up: DashMap::default(),
            store,
            journal,
            around,
            arbiter,
            doubts,
            generations: AtomicU64::new(0),
            kind: Kind::look_up(),
            actors: metrics::gauge!("openrun_people_actors"),
        }
    }

    /// The thread that they live on.
    pub fn arbiter(&self) -> &ArbiterHandle {
        &self.arbiter
    }

    /// Somebody who signed up, from the store.
    pub fn know_signed_up(&self, person: PersonKey) {
        self.signed_up.insert(person, SignUp::Durable);
    }

    /// Somebody who bought or was refused for ever, from the store.
    pub fn know_buyer(&self, person: PersonKey) {
        self.seats.entry(person).or_insert_with(|| Seat::Known { fences: Arc::default() });
    }

    /// Whether a sign-up would find room now.
    pub fn check_room(&self) -> Result<(), Refusal> {
        self.journal.check_callers()
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
        if people.is_signed_up(person) {
            return Ok(false);
        }
        let permit = people.journal.enter()?;
        let is_new = people.begins(person);
        if !is_new {
            if !people.is_signed_up(person) {
                let _ = people.journal.barrier().await;
            }
            return people.is_signed_up(person).then_some(false).ok_or(Refusal::Unavailable);
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let event = Event::SignedUp { person, channel };
        let mut settling = people.settling(person);
        people.journal.append_then(people.around.clock.now(), vec![event], move |outcome| {
            drop(permit);
            settling.is_durable = outcome.is_ok();
            drop(settling);
            let _ = sender.send(outcome.is_ok());
        });
        match receiver.await {
            Ok(true) => Ok(true),
            _ => Err(Refusal::Unavailable),
        }
    }

    /// Whether this person begins to sign up now, and nobody else has begun it.
    fn begins(&self, person: PersonKey) -> bool {
        match self.signed_up.entry(person) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(SignUp::Pending);
                true
            }
        }
    }

    /// To be dropped once it is known whether that is durable.
    fn settling(self: &Arc<Self>, person: PersonKey) -> Settling {
        Settling { people: Arc::clone(self), person, is_durable: false }
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
        self.doubts.was_rivalled() || self.seats.contains_key(&person)
    }

    /// The actor that decides for this person, started if need be.
    pub fn handle(people: &Arc<People>, person: PersonKey) -> Handle<PersonShell> {
        let now = people.around.clock.now().0;
        match people.seats.entry(person) {
            Entry::Occupied(mut seat) => match seat.get() {
                Seat::Living { handle, used_at, .. } => {
                    used_at.store(now, Ordering::Relaxed);
                    handle.clone()
                }
                Seat::Known { fences } => {
                    let (store, fences) = (Arc::clone(&people.store), Arc::clone(fences));
                    let loading = Loading { store, fences };
                    let (handle, living) = People::start(people, person, Some(loading), now);
                    seat.insert(living);
                    handle
                }
            },
            Entry::Vacant(vacant) => {
                // Somebody of whom nothing is known may have bought from another server.
                let store = people.doubts.was_rivalled().then(|| Arc::clone(&people.store));
                let loading = store.map(|store| Loading { store, fences: Arc::default() });
                let (handle, living) = People::start(people, person, loading, now);
                vacant.insert(living);
                handle
            }
        }
    }

    fn start(
        people: &Arc<People>,
        person: PersonKey,
        loading: Option<Loading>,
        now: i64,
    ) -> (Handle<PersonShell>, Seat) {
        let generation = people.generations.fetch_add(1, Ordering::Relaxed);
        // Before the store is read: what was true before a doubt buys nothing.
        let read_at = people.doubts.so_far();
        let around = Arc::clone(&people.around);
        let fences = loading.as_ref().map(|loading| &*loading.fences);
        let link = Arc::new(fences.map(Link::behind).unwrap_or_default());
        let of_actor = Arc::clone(&link);
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
        let make = move || {
            PersonShell::new(person, loading, (read_at, of_actor), around, Box::new(forget))
        };
        let handle = Handle::start_as(&people.kind, &people.arbiter, make, Box::new(obituary));
        people.actors.increment(1.0);
        let used_at = AtomicI64::new(now);
        (handle.clone(), Seat::Living { handle, generation, used_at, link })
    }

    /// An actor is dead or in doubt: the next caller gets one that reads the store, once all its
    /// messages are decided.
    fn forget(&self, person: PersonKey, generation: u64) {
        let Some(mut seat) = self.seats.get_mut(&person) else { return };
        let Seat::Living { generation: living, link, .. } = &*seat else { return };
        if *living == generation {
            let fences = link.dismiss();
            *seat = Seat::Known { fences };
            self.actors.decrement(1.0);
        }
    }

    /// Retires everybody who was not called for a while.
    pub fn retire_idle(&self) {
        let idle_since = self.around.clock.now().plus_millis(-IDLE_MILLIS).0;
        self.retire(|used_at, _| used_at < idle_since);
    }

    /// Retires whoever has to do with a stream that was in doubt. Of others nothing can have been
    /// lost there; should one of them be the first to write there on what was read before, it is
    /// refused by the stream's writer and read anew.
    pub fn retire_of(&self, journal: &Journal) {
        // Another server has decided for whom, nobody here knows.
        let everybody = self.doubts.was_rivalled();
        self.retire(|_, link| everybody || link.touches(journal));
    }

    fn retire(&self, is_retired: impl Fn(i64, &Link) -> bool) {
        self.seats.alter_all(|_, seat| match seat {
            Seat::Living { handle, used_at, link, .. }
                if is_retired(used_at.load(Ordering::Relaxed), &link) =>
            {
                handle.tell(Retire);
                self.actors.decrement(1.0);
                Seat::Known { fences: link.dismiss() }
            }
            other => other,
        });
    }
}
