//! What a lobby adds to a shard: who comes before the opening takes an entry there, who comes while
//! it closes waits for the moment that it takes, and after the draw every place and ticket of it is
//! one of the line.
//!
//! A person's place is looked at, and moved, when that person next comes: nothing is done for a
//! whole shard at once. How a lobby is drawn is the round's.

use super::{Placed, QueueShell, TakePlace};
use crate::handle::{Ctx, Reply, Serve};
use crate::lobby::Entry;
use crate::shared::{LineShared, RoundShared};
use openrun_core::places::{Phase, Places};
use openrun_core::queue::{DrawnLine, ShownTicket};
use openrun_core::round_spec::LineId;
use openrun_core::{Event, PersonKey, Refusal};
use std::sync::Arc;

/// Tell who is in this lobby, and take nobody more: its flag says so already.
pub(crate) struct CloseLobby(pub LineId);

/// The list of a lobby is durable: who came meanwhile gets a number of the line.
pub(crate) struct LobbyClosed;

/// Somebody who came while a lobby was being closed.
pub(super) type Parked = (TakePlace, Reply<Result<Placed, Refusal>>);

/// Most people who wait in one shard while a lobby closes: half of those who may call it at once,
/// so that others still claim and leave. Who comes beyond that is told to come again.
const PARKED_MAX: usize = 2_048;

/// A line with its lobby.
struct Behind {
    line: LineId,
    lobby_id: LineId,
    lobby: Arc<LineShared>,
}

impl RoundShared {
    /// The lobby of a line, or that a line is.
    fn behind(&self, line: LineId) -> Option<Behind> {
        let view = self.view.load();
        let line = view.spec.line_behind(line);
        let lobby_id = view.spec.lobby_of(line)?;
        let lobby = self.line(lobby_id)?;
        Some(Behind { line, lobby_id, lobby })
    }

    /// The ticket as it counts now: once its lobby is drawn it is one of the line behind.
    pub fn renewed(&self, shown: ShownTicket) -> ShownTicket {
        let behind = self.behind(shown.line).filter(|behind| behind.lobby_id == shown.line);
        let renewed = behind.as_ref().and_then(|behind| Some(behind.drawn()?.renewed(shown)));
        renewed.unwrap_or(shown)
    }

    /// The entry of the lobby that the number of a drawn line fell to.
    pub fn entry_of(&self, drawn: ShownTicket) -> Option<ShownTicket> {
        let behind = self.behind(drawn.line).filter(|behind| behind.line == drawn.line)?;
        let number = behind.drawn()?.order.entry_at(drawn.number)?;
        Some(ShownTicket { line: behind.lobby_id, number })
    }
}

impl Behind {
    fn drawn(&self) -> Option<DrawnLine<'_>> {
        let order = self.lobby.lobby.drawn()?;
        Some(DrawnLine { line: self.line, lobby: self.lobby_id, order })
    }
}

/// Nobody is ahead of an entry: what it was given as says nothing.
pub(super) fn of_entry(shared: &RoundShared, line: LineId, refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::NotYet { .. } if shared.view.load().spec.is_lobby(line) => {
            Refusal::NotYet { ahead: 0 }
        }
        other => other,
    }
}

impl QueueShell {
    /// A place in the line, or in its lobby before the opening.
    pub(super) fn take_place(&mut self, ask: TakePlace, reply: Reply<Result<Placed, Refusal>>) {
        let shared = self.shared.upgrade().filter(|_| !self.is_retired);
        let Some(shared) = shared else { return reply.send(Err(Refusal::Unavailable)) };
        let Some(behind) = shared.behind(ask.line) else {
            return reply.send(self.take_place_in(&ask));
        };
        if let Err(refusal) = self.settle(&shared, &behind, ask.person) {
            return reply.send(Err(refusal));
        }
        if let Some(drawn) = behind.drawn() {
            let shown = ask.shown.map(|shown| drawn.renewed(shown));
            return reply.send(self.take_place_in(&TakePlace { shown, ..ask }));
        }
        if !behind.lobby.lobby.is_closing() {
            return reply.send(self.take_place_in(&TakePlace { line: behind.lobby_id, ..ask }));
        }
        match self.entry_kept(&shared, &behind, &ask) {
            Some(placed) => reply.send(Ok(placed)),
            None if behind.lobby.lobby.list().is_some() => {
                reply.send(self.come_behind(&shared, &behind, &ask));
            }
            None if self.parked.len() >= PARKED_MAX => reply.send(Err(Refusal::Overloaded)),
            None => self.parked.push((ask, reply)),
        }
    }

    /// The entry that a person keeps who joins again between closing and draw.
    fn entry_kept(
        &mut self,
        shared: &RoundShared,
        behind: &Behind,
        ask: &TakePlace,
    ) -> Option<Placed> {
        use openrun_core::queue::JoinDecision;
        let (lobby, places) = (behind.lobby_id, &behind.lobby.places);
        if let Some(shown) = ask.shown.filter(|shown| shown.line == lobby) {
            self.adopt(shared, ask.person, shown, places);
        }
        let rejoin = shared.view.load().spec.rejoin;
        match self.queue.decide_join(ask.person, lobby, ask.shown, rejoin, places) {
            JoinDecision::Held(place) => Some(Placed {
                is_new: false,
                line: lobby,
                number: place.number,
                pass_expires_at: None,
            }),
            // Nothing lapses in a lobby.
            JoinDecision::Back(_) | JoinDecision::New { .. } => None,
        }
    }

    /// A number behind everybody of the lobby. An entry that is still there is given up for it.
    fn come_behind(
        &mut self,
        shared: &RoundShared,
        behind: &Behind,
        ask: &TakePlace,
    ) -> Result<Placed, Refusal> {
        let (lobby, places) = (behind.lobby_id, &behind.lobby.places);
        let entry = self.queue.place(ask.person).filter(|place| place.line == lobby);
        let placed = self.take_place_in(ask)?;
        if let Some(entry) = entry.filter(|entry| places.phase(entry.number) == Phase::Waiting) {
            let (round, number, person) = (shared.id.clone(), entry.number, ask.person);
            let left = Event::Left { round, line: lobby, number, person };
            self.queue.apply(&left, places);
            self.journal.append_and_forget(self.clock.now(), vec![left]);
        }
        Ok(placed)
    }

    /// Moves a person's place to where the draw put it, and answers with the ticket as it counts
    /// now.
    pub(super) fn settled(
        &mut self,
        person: PersonKey,
        shown: ShownTicket,
    ) -> Result<ShownTicket, Refusal> {
        let shared = self.shared.upgrade().filter(|_| !self.is_retired);
        let shared = shared.ok_or(Refusal::Unavailable)?;
        let Some(behind) = shared.behind(shown.line) else { return Ok(shown) };
        self.settle(&shared, &behind, person)?;
        let lobby = &behind.lobby;
        // Whether a lost entry is in the list is being found out: it is in a moment.
        let is_lost =
            shown.line == behind.lobby_id && lobby.places.phase(shown.number) == Phase::Vacant;
        if is_lost && lobby.lobby.is_closing() && lobby.lobby.list().is_none() {
            return Err(Refusal::Overloaded);
        }
        Ok(behind.drawn().map_or(shown, |drawn| drawn.renewed(shown)))
    }

    fn settle(
        &mut self,
        shared: &RoundShared,
        behind: &Behind,
        person: PersonKey,
    ) -> Result<(), Refusal> {
        let Some(drawn) = behind.drawn() else { return Ok(()) };
        let line = shared.line(behind.line).ok_or(Refusal::Unavailable)?;
        let held = self.queue.place(person).filter(|place| place.line == behind.lobby_id);
        if let Some(held) = held {
            // What happened to it while the order was made is taken in by the round; whoever comes
            // first does it for this one.
            line.places.take_in_entry(&behind.lobby.places, drawn.order, held.number);
            self.queue.settle(person, drawn);
        }
        Ok(())
    }

    /// Before an event of the line is applied that others wrote: its person's place is moved first.
    pub(super) fn settle_person_of(&mut self, shared: &RoundShared, event: &Event) {
        if let Event::Joined { line, person, .. } | Event::Claimed { line, person, .. } = event
            && let Some(behind) = shared.behind(*line)
        {
            let _ = self.settle(shared, &behind, *person);
        }
    }

    /// As the core decides it: for a number that was drawn, by the order of the entries. Nobody is
    /// found to be in a lobby while its list is made.
    pub(super) fn decide_adopt(
        &self,
        shared: &RoundShared,
        person: PersonKey,
        shown: ShownTicket,
        places: &Places,
    ) -> Option<Event> {
        let Some(behind) = shared.behind(shown.line) else {
            return self.queue.decide_adopt(&shared.id, person, shown, places);
        };
        if let Some(drawn) = behind.drawn() {
            return self.queue.decide_adopt_drawn(&shared.id, person, shown, drawn, places);
        }
        let is_being_listed =
            behind.lobby.lobby.is_closing() && behind.lobby.lobby.list().is_none();
        let may_adopt = !(is_being_listed && shown.line == behind.lobby_id);
        let adopted = may_adopt.then(|| self.queue.decide_adopt(&shared.id, person, shown, places));
        adopted.flatten()
    }

    /// Keeps who is in a lobby that still takes people, for its list.
    pub(super) fn note_entry(&mut self, shared: &RoundShared, event: &Event) {
        let Event::Joined { line, number, person, .. } = event else { return };
        let behind = shared.behind(*line).filter(|behind| behind.lobby_id == *line);
        let behind = behind.filter(|behind| behind.lobby.lobby.list().is_none());
        if let Some(behind) = behind {
            behind.lobby.lobby.count_entry();
            self.entries.entry(*line).or_default().push((*number, *person));
        }
    }
}

impl Serve<CloseLobby> for QueueShell {
    type Answer = Vec<Entry>;

    fn serve(&mut self, close: CloseLobby, reply: Reply<Vec<Entry>>, _ctx: &mut Ctx<Self>) {
        // Dropping the reply says that there is no answer: whoever is retired knows no whole list.
        if !self.is_retired {
            // Kept until the list is durable: the lobby may have to be closed once more.
            reply.send(self.entries.get(&close.0).cloned().unwrap_or_default());
        }
    }
}

impl Serve<LobbyClosed> for QueueShell {
    type Answer = ();

    fn serve(&mut self, _: LobbyClosed, reply: Reply<()>, _ctx: &mut Ctx<Self>) {
        if let Some(shared) = self.shared.upgrade() {
            let is_open = |lobby: &LineId| {
                shared.line(*lobby).is_some_and(|line| line.lobby.list().is_none())
            };
            self.entries.retain(|lobby, _| is_open(lobby));
        }
        for (ask, answer) in std::mem::take(&mut self.parked) {
            self.take_place(ask, answer);
        }
        reply.send(());
    }
}
