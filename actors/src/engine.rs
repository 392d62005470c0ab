//! The engine: everything that the edge may ask, as methods. Message types stay inside.
//!
//! Knows nothing of HTTP, tokens or SQL: callers come with checked claims, and the store is a port.

use crate::committer::Journal;
use crate::guardian::{Guardian, PutProgram, PutRound};
use crate::handle::Handle;
use crate::people::People;
use crate::person::{AskLimits, Purchasing, limits_of, read_beside};
use crate::queue::{ActorDescription, ClaimTurn, Describe, GiveUp, TakePlace};
use crate::requests::{
    Acted, Entrance, Join, Joined, PurchaseRequest, Purchased, Put, Refused, Staff,
};
use crate::shared::{Place, RoundRef};
use crate::store::{LogPlace, StoreError};
use crate::till::Hint;
use openrun_core::person::{Ask, Limits, Person, RoundFacts};
use openrun_core::program::{Name, Program};
use openrun_core::purchase::PassId;
use openrun_core::queue::ShownTicket;
use openrun_core::round_spec::{RoundSpec, SoldAt};
use openrun_core::view::{LineChoice, RoundView};
use openrun_core::{
    ChannelId, Event, PersonKey, ProgramId, Purchase, PurchaseId, Refusal, RoundId, Rules,
    StoredEvent, Timestamp,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;

mod alive;
mod draws;
mod settlement;
mod staff;
mod start;
mod vouchers;

pub use alive::StandStill;

pub(crate) use start::{Inner, ProgramSlot};

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

impl Engine {
    /// Answers once everything handed to the store so far is durable, and is not ready any more.
    pub async fn stop(&self) {
        self.0.is_ready.store(false, Ordering::Release);
        for (_, journal) in self.0.journals() {
            let _ = journal.barrier().await;
        }
    }

    /// The time by the engine's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Whether the engine can serve.
    ///
    /// # Errors
    /// The reason why not.
    pub async fn check_ready(&self) -> Result<(), String> {
        if !self.0.is_ready.load(Ordering::Acquire) {
            return Err("starting or stopping".to_owned());
        }
        self.0.store.ping().await.map_err(|error| error.to_string())
    }

    /// What does not keep it from serving and needs somebody.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let stranded = self.0.stranded.load(Ordering::Acquire);
        let waits = || format!("{stranded} paybacks wait for a rail that the settings do not name");
        (stranded > 0).then(waits).into_iter().collect()
    }

    /// Every program.
    #[must_use]
    pub fn programs(&self) -> Vec<Arc<Program>> {
        let mut programs: Vec<_> =
            self.0.programs.iter().map(|slot| Arc::clone(&slot.program)).collect();
        programs.sort_by(|a, b| a.id.cmp(&b.id));
        programs
    }

    /// One program.
    #[must_use]
    pub fn program(&self, id: &ProgramId) -> Option<Arc<Program>> {
        self.0.programs.get(id).map(|slot| Arc::clone(&slot.program))
    }

    /// Creates a program, or adds a dated version of its rules.
    ///
    /// # Errors
    /// `Malformed` for rules that make no sense; `Unavailable` when the store is away.
    pub async fn put_program(
        &self,
        staff: &Staff,
        id: ProgramId,
        name: Name,
        issuer: String,
        rules: Rules,
        reason: &str,
    ) -> Result<Put<Arc<Program>>, Refusal> {
        let staff = acted(staff, "put-program", id.as_str(), reason);
        self.guardian()?.call(PutProgram { id, name, issuer, rules, staff }).await?
    }

    /// Every round.
    #[must_use]
    pub fn rounds(&self) -> Vec<Arc<RoundView>> {
        let mut rounds: Vec<_> = self.0.rounds.iter().map(|round| round.view()).collect();
        rounds.sort_by(|a, b| a.spec.id.cmp(&b.spec.id));
        rounds
    }

    /// One round.
    #[must_use]
    pub fn round(&self, id: &RoundId) -> Option<RoundRef> {
        self.0.rounds.get(id).map(|round| round.value().clone())
    }

    /// Creates a round, or changes one that is not yet open.
    ///
    /// # Errors
    /// `ProgramNotFound`, `Malformed`, `WrongState` once people can have joined, `Unavailable`.
    pub async fn put_round(
        &self,
        staff: &Staff,
        spec: RoundSpec,
        reason: &str,
    ) -> Result<Put<Arc<RoundView>>, Refusal> {
        let staff = acted(staff, "put-round", spec.id.as_str(), reason);
        self.guardian()?.call(PutRound { spec, staff }).await?
    }

    /// What each actor of a round says of itself.
    ///
    /// # Errors
    /// `RoundNotFound`; an actor that does not answer is left out.
    pub async fn describe_round(&self, id: &RoundId) -> Result<Vec<ActorDescription>, Refusal> {
        let round = self.round(id).ok_or(Refusal::RoundNotFound)?;
        let mut all = Vec::new();
        all.extend(round.0.round.call(Describe).await);
        for queue in &round.0.queues {
            all.extend(queue.call(Describe).await);
        }
        Ok(all)
    }

    /// Whether a request would find room where it goes: to be asked before anything of it is read,
    /// so that a refusal costs next to nothing. Whoever goes on may still be refused there.
    ///
    /// # Errors
    /// `Overloaded`.
    pub fn check_room(&self, entrance: Entrance, round: &str) -> Result<(), Refusal> {
        let journal_of = |check: fn(&Journal) -> Result<(), Refusal>| {
            let round = RoundId::new(round).and_then(|id| self.round(&id));
            round.map_or(Ok(()), |round| check(&round.0.journal))
        };
        match entrance {
            Entrance::SignUp => self.0.people.check_room(),
            Entrance::Line => journal_of(Journal::check_queue),
            Entrance::Sale => journal_of(Journal::check_callers),
        }
    }

    /// Signs a person up; answers whether that is new.
    ///
    /// # Errors
    /// `Overloaded`; `Unavailable` when the store is away.
    pub async fn sign_up(&self, person: PersonKey, channel: ChannelId) -> Result<bool, Refusal> {
        People::sign_up(&self.0.people, person, channel).await
    }

    /// Whether a person signed up.
    #[must_use]
    pub fn is_signed_up(&self, person: PersonKey) -> bool {
        self.0.people.is_signed_up(person)
    }

    /// Gives a person a place in the line that is theirs now, or the one they hold.
    ///
    /// # Errors
    /// `RoundNotFound`, `ChannelNotAllowed`, `RoundNotOpen`, `NotEligible`, `Overloaded`,
    /// `Unavailable`.
    pub async fn join(&self, round: &RoundId, join: Join) -> Result<Joined, Refusal> {
        let round = self.round(round).ok_or(Refusal::RoundNotFound)?;
        let (view, now) = (round.view(), self.now());
        let channels = &view.program.rules_at(now).channels;
        if !channels.contains(&join.channel) {
            return Err(Refusal::ChannelNotAllowed { channels: channels.clone() });
        }
        let opens_at = view.opens_at_for(&join.who);
        if !view.state.takes_joins() {
            return Err(Refusal::RoundNotOpen { state: view.state, opens_at });
        }
        let line = match view.line_for(&join.who, now) {
            LineChoice::Now(line) => line,
            LineChoice::Later(opens_at) => return Ok(Joined::IneligibleNow { opens_at }),
            LineChoice::Never => return Err(Refusal::NotEligible { opens_at: None }),
        };
        let ask = TakePlace { person: join.person, line, shown: join.shown };
        let placed = round.0.queue(join.person).call(ask).await??;
        let mut place = round.place(placed.line, placed.number);
        place.pass_expires_at = placed.pass_expires_at;
        Ok(Joined::Place { is_new: placed.is_new, place })
    }

    /// Gives the right to buy to somebody whose turn it is; the same one again to whoever asks
    /// again. A place whose turn lapsed comes back to the head of the line, without a pass.
    ///
    /// # Errors
    /// `RoundNotFound`, `RoundNotOpen`, `TicketInvalid`, `NotYet`, `TurnPassed`, `Overloaded`,
    /// `Unavailable`.
    pub async fn claim(
        &self,
        round: &RoundId,
        person: PersonKey,
        ticket: ShownTicket,
    ) -> Result<Place, Refusal> {
        let round = self.round(round).ok_or(Refusal::RoundNotFound)?;
        let view = round.view();
        if !view.state.takes_joins() {
            return Err(Refusal::RoundNotOpen { state: view.state, opens_at: None });
        }
        let claim = ClaimTurn { person, shown: ticket };
        let pass_expires_at = round.0.queue(person).call(claim).await??;
        let mut place = round.place(ticket.line, ticket.number);
        place.pass_expires_at = pass_expires_at;
        Ok(place)
    }

    /// Gives a place up, for good.
    ///
    /// # Errors
    /// `RoundNotFound`, `TicketInvalid`, `TurnPassed`, `Overloaded`, `Unavailable`.
    pub async fn leave(
        &self,
        round: &RoundId,
        person: PersonKey,
        ticket: ShownTicket,
    ) -> Result<Place, Refusal> {
        let round = self.round(round).ok_or(Refusal::RoundNotFound)?;
        round.0.queue(person).call(GiveUp { person, shown: ticket }).await??;
        Ok(round.place(ticket.line, ticket.number))
    }

    /// Buys. The answer is durable when it comes.
    ///
    /// # Errors
    /// The first refusal of the ladder that applies.
    pub async fn purchase(&self, request: PurchaseRequest) -> Result<Purchased, Refused> {
        let now = self.now();
        let fresh = |refusal| Refused { refusal, is_replay: false };
        let round = request.round.as_ref().and_then(|id| self.round(id));
        let facts = round.as_ref().map(|round| {
            let view = round.view();
            let rules = view.program.rules_at(now).clone();
            let is_counter = rules.counters.contains(&request.channel);
            let sold_at = if is_counter { SoldAt::Counter } else { SoldAt::Line };
            RoundFacts {
                round: view.spec.id.clone(),
                program: view.spec.program_id.clone(),
                channel_allowed: is_counter || rules.channels.contains(&request.channel),
                at_counter: is_counter.then(|| request.who.clone()),
                rules: crate::failpoints::rules(rules),
                closed: view.check_selling(&request.who, now, sold_at).err(),
            }
        });
        let ask = Ask {
            key: request.key,
            digest: request.digest,
            amount: request.amount,
            is_registered: self.is_signed_up(request.person),
            round: facts,
            pass: request.pass,
            is_cash: request.is_cash,
        };
        let purchasing = Purchasing::new(request.id, request.channel, ask, round);
        let handle = People::handle(&self.0.people, request.person);
        let answered = handle.call(purchasing).await;
        let answered = answered.map_err(|error| fresh(Refusal::from(error)))?;
        let is_replay = answered.is_replay;
        match answered.answer {
            Ok(purchase) => Ok(Purchased { purchase, is_replay }),
            Err(refusal) => Err(Refused { refusal, is_replay }),
        }
    }

    /// A purchase of this person.
    ///
    /// # Errors
    /// `PurchaseNotFound`, also for somebody else's; `Unavailable` when the store is away.
    pub async fn purchase_by_id(
        &self,
        person: PersonKey,
        id: PurchaseId,
    ) -> Result<Purchase, Refusal> {
        let found = self.0.store.purchase(id).await.map_err(unavailable)?;
        found.filter(|purchase| purchase.person == person).ok_or(Refusal::PurchaseNotFound)
    }

    /// Purchases of this person, newest first.
    ///
    /// # Errors
    /// `Unavailable` when the store is away.
    pub async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, Refusal> {
        self.0.store.purchases_of(person, before, limit).await.map_err(unavailable)
    }

    /// What a person's place came to, from the journal, in its order: once a lobby is drawn that of
    /// the entry and of the number drawn for it, whichever of the two the ticket names.
    ///
    /// # Errors
    /// `Unavailable` when the store is away.
    pub async fn place_events(
        &self,
        round: &RoundId,
        person: PersonKey,
        ticket: ShownTicket,
    ) -> Result<Vec<StoredEvent>, Refusal> {
        let shared = self.round(round);
        let ticket = shared.as_ref().map_or(ticket, |shared| shared.0.renewed(ticket));
        let entry = shared.as_ref().and_then(|shared| shared.0.entry_of(ticket));
        let mut events = Vec::new();
        for ShownTicket { line, number } in [Some(ticket), entry].into_iter().flatten() {
            let place = PassId { line, number };
            let told = self.0.store.place_events(round, place, person).await;
            events.extend(told.map_err(unavailable)?);
        }
        events.sort_unstable_by_key(|stored| stored.seq);
        events.dedup_by_key(|stored| stored.seq);
        Ok(events)
    }

    /// What this person may still buy and hold, for each program.
    ///
    /// # Errors
    /// `Overloaded`, `Unavailable`.
    pub async fn limits(&self, person: PersonKey) -> Result<Vec<(Arc<Program>, Limits)>, Refusal> {
        let (programs, people) = (self.programs(), &self.0.people);
        if let Some(living) = people.living(person) {
            return Ok(living.call(AskLimits(programs)).await?);
        }
        let read = if people.is_known(person) {
            let (events, moves) = read_beside(&*self.0.store, person).await.map_err(unavailable)?;
            Person::replay_with_moves(person, &events, &moves)
        } else {
            Person::default()
        };
        Ok(limits_of(&read, programs, self.now()))
    }

    /// The rail may know something new of a purchase: it is asked at once, and nothing is believed
    /// but its answer.
    ///
    /// # Errors
    /// `PurchaseNotFound`; `Unavailable` when the store is away.
    pub async fn hint_payment(&self, id: PurchaseId) -> Result<(), Refusal> {
        let found = self.0.store.purchase(id).await.map_err(unavailable)?;
        let purchase = found.ok_or(Refusal::PurchaseNotFound)?;
        let round = self.round(&purchase.round).ok_or(Refusal::RoundNotFound)?;
        if let Some(till) = &self.0.till {
            till.handle.call(Hint { round, id }).await?;
        }
        Ok(())
    }

    /// Who of the staff did what, newest first.
    ///
    /// # Errors
    /// `Unavailable` when the store is away.
    pub async fn staff_log(
        &self,
        before: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, Refusal> {
        self.0.store.staff_log(before, limit).await.map_err(unavailable)
    }

    pub(crate) fn guardian(&self) -> Result<&Handle<Guardian>, Refusal> {
        self.0.guardian.get().ok_or(Refusal::Unavailable)
    }
}

fn unavailable(error: StoreError) -> Refusal {
    tracing::warn!(%error, "a read failed");
    Refusal::Unavailable
}

pub(crate) fn acted(staff: &Staff, action: &str, target: &str, reason: &str) -> Acted {
    let event = Event::StaffActed {
        actor: staff.actor.clone(),
        role: staff.role.clone(),
        action: action.to_owned(),
        target: target.to_owned(),
        reason: reason.to_owned(),
    };
    Acted { event, seen: staff.seen.clone() }
}
