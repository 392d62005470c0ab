//! One shard of a round's people: joining, claiming, leaving. The decisions are in
//! [`openrun_core::queue`].
//!
//! A join is answered without waiting for the store: its signed ticket proves it, and its number
//! comes from a block that was durable before. Leaving is answered once it is durable. A shard
//! never moves a watermark.

use crate::clock::Clock;
use crate::committer::Journal;
use crate::failpoints::OwnNumbers;
use crate::handle::{Ctx, Mailbox, Reply, Serve, Shell};
use crate::load::Entries;
use crate::round::ReserveNumbers;
use crate::shared::{LineShared, RoundShared};
use actix::{ActorContext, AsyncContext};
use lobby::{Parked, of_entry};
use metrics::Counter;
use openrun_core::places::Places;
use openrun_core::queue::{ClaimDecision, JoinDecision, Queue, ShownTicket};
use openrun_core::round::NUMBER_BLOCK;
use openrun_core::round_spec::LineId;
use openrun_core::{Event, PersonKey, Refusal, Timestamp};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

mod lobby;

pub(crate) use lobby::{CloseLobby, LobbyClosed};

/// How often passes whose time is over are looked for: a slot comes free at most this late.
const EXPIRE_EVERY: Duration = Duration::from_millis(250);

/// A person takes a place, or gets the one held.
pub(crate) struct TakePlace {
    pub person: PersonKey,
    pub line: LineId,
    pub shown: Option<ShownTicket>,
}

/// A person claims the turn.
pub(crate) struct ClaimTurn {
    pub person: PersonKey,
    pub shown: ShownTicket,
}

/// A person gives the place up.
pub(crate) struct GiveUp {
    pub person: PersonKey,
    pub shown: ShownTicket,
}

/// Turns that a pass proved and the store had lost: written by the round with the purchase.
pub(crate) struct Learn(pub Vec<Event>);

/// Stop deciding: the round is being rebuilt.
pub(crate) struct Retire;

/// Describe yourself.
pub(crate) struct Describe;

/// How a claim is answered: until when the pass is good.
enum Answered {
    /// At once; nothing when the place lapsed and waits once more.
    Now(Option<Timestamp>),
    /// Once this is durable: the store knows of another pass.
    OnceDurable(Timestamp, Vec<Event>),
}

/// A place taken or held.
pub(crate) struct Placed {
    pub is_new: bool,
    pub line: LineId,
    pub number: u64,
    pub pass_expires_at: Option<Timestamp>,
}

/// What an actor says of itself, for operators and tests.
#[derive(Debug, Clone, Serialize)]
pub struct ActorDescription {
    /// Which kind.
    pub actor: &'static str,
    /// Which one of its kind.
    pub name: String,
    /// How many people it knows.
    pub people: u64,
    /// What it is doing, in a few words.
    pub state: String,
}

/// The actor's inside.
pub(crate) struct QueueShell {
    queue: Queue,
    /// Who is in the lobbies that still take people.
    entries: Entries,
    /// Who came while a lobby was being closed, in the order of coming.
    parked: Vec<Parked>,
    shard: usize,
    shared: Weak<RoundShared>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    is_retired: bool,
    own_numbers: OwnNumbers,
    joins: Counter,
    claims: Counter,
    returns: Counter,
}

impl Shell for QueueShell {
    const NAME: &'static str = "queue";
    const PERMITS: usize = 4_096;
    const DEADLINE: Duration = Duration::from_secs(5);

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.run_interval(EXPIRE_EVERY, |mailbox: &mut Mailbox<Self>, _| {
            mailbox.shell().expire();
        });
    }
}

impl QueueShell {
    pub fn new(
        (queue, entries): (Queue, Entries),
        shard: usize,
        shared: Weak<RoundShared>,
        journal: Journal,
        clock: Arc<dyn Clock>,
        labels: [(&'static str, String); 2],
    ) -> QueueShell {
        QueueShell {
            queue,
            entries,
            parked: Vec::new(),
            shard,
            shared,
            journal,
            clock,
            is_retired: false,
            own_numbers: OwnNumbers::default(),
            joins: metrics::counter!("openrun_joins_total", &labels),
            claims: metrics::counter!("openrun_claims_total", &labels),
            returns: metrics::counter!("openrun_returns_total", &labels),
        }
    }

    fn expire(&mut self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let lines: Vec<Arc<Places>> =
            shared.lines.load().iter().map(|line| Arc::clone(&line.places)).collect();
        if !self.is_retired {
            self.queue.see(shared.view.load().gate.stops);
            self.queue.expire(self.clock.now(), &lines);
        }
    }

    fn here(&mut self, line: LineId) -> Result<(Arc<RoundShared>, Arc<LineShared>), Refusal> {
        let shared = self.shared.upgrade().filter(|_| !self.is_retired);
        let shared = shared.ok_or(Refusal::Unavailable)?;
        self.queue.see(shared.view.load().gate.stops);
        let line = shared.line(line).ok_or(Refusal::TicketInvalid)?;
        Ok((shared, line))
    }

    /// Takes a place in this line, whatever stands before it.
    fn take_place_in(&mut self, ask: &TakePlace) -> Result<Placed, Refusal> {
        let (shared, line) = self.here(ask.line)?;
        let places = &line.places;
        if let Some(shown) = ask.shown.filter(|shown| shown.line == ask.line) {
            self.adopt(&shared, ask.person, shown, places);
        }
        let view = shared.view.load();
        let rejoin = view.spec.rejoin;
        match self.queue.decide_join(ask.person, ask.line, ask.shown, rejoin, places) {
            JoinDecision::Held(place) => {
                // One that was given anew is answered to a claim, once it is durable.
                let is_out = self.clock.now() < place.expires_at && !place.is_renewed;
                let pass_expires_at = is_out.then_some(place.expires_at);
                Ok(Placed { is_new: false, line: ask.line, number: place.number, pass_expires_at })
            }
            JoinDecision::Back(place) => {
                let shown = ShownTicket { line: ask.line, number: place.number };
                self.come_back(&shared, ask.person, shown, places);
                let (line, number) = (ask.line, place.number);
                Ok(Placed { is_new: false, line, number, pass_expires_at: None })
            }
            JoinDecision::New { dead_up_to } => {
                // Nobody waits for it to be written: also who gave up a place or used one is asked.
                self.journal.check_queue()?;
                let number = shared.take_number(ask.line, &line, &mut self.own_numbers);
                self.reserve_when_low(&shared, &line, ask.line);
                let number = number.ok_or(Refusal::Overloaded)?;
                let now = self.clock.now();
                let (round, line_id, person) = (shared.id.clone(), ask.line, ask.person);
                let joined = Event::Joined { round, line: line_id, number, person, dead_up_to };
                self.queue.apply(&joined, places);
                self.note_entry(&shared, &joined);
                self.joins.increment(1);
                let mut events = vec![joined];
                // OR-5: not before those who came back and wait.
                let is_next = number <= places.watermark() && places.returned() == 0;
                let has_turn = is_next && view.state.is_selling();
                let life = view.gate.pass_life_millis;
                let pass_expires_at = has_turn.then(|| now.plus_millis(life));
                if let Some(expires_at) = pass_expires_at {
                    events.push(self.claimed(&shared, line_id, number, person, expires_at));
                    self.queue.apply(&events[1], places);
                }
                self.journal.append_and_forget(now, events);
                RoundShared::answered(&line, number);
                Ok(Placed { is_new: true, line: line_id, number, pass_expires_at })
            }
        }
    }

    /// Until when the pass is good; nothing when the place lapsed and waits once more.
    fn claim(&mut self, ask: &ClaimTurn) -> Result<Answered, Refusal> {
        let ask = &ClaimTurn { shown: self.settled(ask.person, ask.shown)?, ..*ask };
        let (shared, line) = self.here(ask.shown.line)?;
        self.adopt(&shared, ask.person, ask.shown, &line.places);
        let now = self.clock.now();
        let decided = self.queue.decide_claim(now, ask.person, ask.shown, &line.places);
        let decided = decided.map_err(|refusal| of_entry(&shared, ask.shown.line, refusal))?;
        let expires_at = match decided {
            ClaimDecision::Again { expires_at } => {
                let is_renewed = self.queue.place(ask.person).is_some_and(|it| it.is_renewed);
                return Ok(match is_renewed {
                    true => Answered::OnceDurable(expires_at, Vec::new()),
                    false => Answered::Now(Some(expires_at)),
                });
            }
            ClaimDecision::Back => {
                self.come_back(&shared, ask.person, ask.shown, &line.places);
                return Ok(Answered::Now(None));
            }
            ClaimDecision::Renewed { expires_at } => {
                let ShownTicket { line: id, number } = ask.shown;
                let claimed = self.claimed(&shared, id, number, ask.person, expires_at);
                self.queue.apply(&claimed, &line.places);
                return Ok(Answered::OnceDurable(expires_at, vec![claimed]));
            }
            ClaimDecision::New => now.plus_millis(shared.view.load().gate.pass_life_millis),
        };
        let ShownTicket { line: line_id, number } = ask.shown;
        let claimed = self.claimed(&shared, line_id, number, ask.person, expires_at);
        self.queue.apply(&claimed, &line.places);
        self.journal.append_and_forget(now, vec![claimed]);
        Ok(Answered::Now(Some(expires_at)))
    }

    /// A lapsed place waits once more, at the head of its line.
    fn come_back(
        &mut self,
        shared: &RoundShared,
        person: PersonKey,
        shown: ShownTicket,
        places: &Places,
    ) {
        let back = Queue::came_back(&shared.id, &shown, person);
        // Handed over before the round can see it: its turn is written after it.
        self.journal.append_and_forget(self.clock.now(), vec![back.clone()]);
        self.queue.apply(&back, places);
        self.returns.increment(1);
    }

    fn claimed(
        &self,
        shared: &RoundShared,
        line: LineId,
        number: u64,
        person: PersonKey,
        expires_at: Timestamp,
    ) -> Event {
        self.claims.increment(1);
        Event::Claimed { round: shared.id.clone(), line, number, person, expires_at }
    }

    /// Takes up a place whose join was answered but lost: its ticket is the proof.
    fn adopt(
        &mut self,
        shared: &RoundShared,
        person: PersonKey,
        shown: ShownTicket,
        places: &Places,
    ) {
        if let Some(joined) = self.decide_adopt(shared, person, shown, places) {
            self.queue.apply(&joined, places);
            self.note_entry(shared, &joined);
            self.journal.append_and_forget(self.clock.now(), vec![joined]);
        }
    }

    fn reserve_when_low(&self, shared: &RoundShared, line: &LineShared, line_id: LineId) {
        let rest = line.places.reserved().saturating_sub(line.places.last_number());
        if rest < NUMBER_BLOCK / 2 && !line.reserving.swap(true, Ordering::AcqRel) {
            shared.round.tell(ReserveNumbers(line_id));
        }
    }
}

impl Serve<TakePlace> for QueueShell {
    type Answer = Result<Placed, Refusal>;

    fn serve(&mut self, ask: TakePlace, reply: Reply<Self::Answer>, _ctx: &mut Ctx<Self>) {
        self.take_place(ask, reply);
    }
}

impl Serve<ClaimTurn> for QueueShell {
    type Answer = Result<Option<Timestamp>, Refusal>;

    fn serve(&mut self, ask: ClaimTurn, reply: Reply<Self::Answer>, _ctx: &mut Ctx<Self>) {
        match self.claim(&ask) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(Answered::Now(expires_at)) => reply.send(Ok(expires_at)),
            Ok(Answered::OnceDurable(expires_at, events)) => {
                self.journal.append_then(self.clock.now(), events, move |outcome| {
                    let answer = outcome.map(|()| Some(expires_at));
                    reply.send(answer.map_err(|_| Refusal::Unavailable));
                });
            }
        }
    }
}

impl Serve<GiveUp> for QueueShell {
    type Answer = Result<(), Refusal>;

    fn serve(&mut self, ask: GiveUp, reply: Reply<Self::Answer>, _ctx: &mut Ctx<Self>) {
        let settled = self.settled(ask.person, ask.shown);
        let here = settled.and_then(|shown| self.here(shown.line).map(|here| (shown, here)));
        let (shown, (shared, line)) = match here {
            Ok(here) => here,
            Err(refusal) => return reply.send(Err(refusal)),
        };
        let ask = GiveUp { shown, ..ask };
        self.adopt(&shared, ask.person, ask.shown, &line.places);
        match self.queue.decide_leave(&shared.id, ask.person, ask.shown, &line.places) {
            Err(refusal) => reply.send(Err(refusal)),
            Ok(None) => reply.send(Ok(())),
            Ok(Some(left)) => {
                self.queue.apply(&left, &line.places);
                self.journal.append_then(self.clock.now(), vec![left], |outcome| {
                    reply.send(outcome.map_err(|_| Refusal::Unavailable));
                });
            }
        }
    }
}

impl Serve<Learn> for QueueShell {
    type Answer = ();

    fn serve(&mut self, learn: Learn, reply: Reply<()>, _ctx: &mut Ctx<Self>) {
        for event in &learn.0 {
            let line = match event {
                Event::Joined { line, .. } | Event::Claimed { line, .. } => *line,
                _ => continue,
            };
            if let Ok((shared, line)) = self.here(line) {
                self.settle_person_of(&shared, event);
                self.queue.apply(event, &line.places);
            }
        }
        reply.send(());
    }
}

impl Serve<Retire> for QueueShell {
    type Answer = ();

    fn serve(&mut self, _: Retire, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        self.is_retired = true;
        // Who waits for a lobby to close comes again to whoever closes it.
        self.parked.clear();
        reply.send(());
        ctx.run_later(Self::DEADLINE, |_: &mut Mailbox<Self>, ctx| ctx.stop());
    }
}

impl Serve<Describe> for QueueShell {
    type Answer = ActorDescription;

    fn serve(&mut self, _: Describe, reply: Reply<ActorDescription>, _ctx: &mut Ctx<Self>) {
        let state = if self.is_retired { "retired" } else { "serving" };
        reply.send(ActorDescription {
            actor: Self::NAME,
            name: format!("shard {}", self.shard),
            people: self.queue.people() as u64,
            state: state.to_owned(),
        });
    }
}

#[cfg(feature = "failpoints")]
impl Serve<crate::failpoints::Panic> for QueueShell {
    type Answer = ();
    fn serve(&mut self, _: crate::failpoints::Panic, _: Reply<()>, _: &mut Ctx<Self>) {
        panic!("failpoint");
    }
}
