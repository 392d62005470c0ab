//! Joining, claiming and leaving: the shards of a round's people. A join is answered without
//! waiting for the store, for its signed ticket proves it; leaving is answered once it is written.

use super::SHARDS;
use super::committer::{Append, Done};
use super::round::RoundActor;
use crate::sim::people::key_of;
use crate::sim::world::World;
use openrun_core::queue::{ClaimDecision, JoinDecision, Queue, ShownTicket};
use openrun_core::round_spec::LineId;
use openrun_core::view::LineChoice;
use openrun_core::{ChannelId, Event, PersonKey, Refusal, Timestamp};
use std::sync::Arc;

/// A place taken or held.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim) struct Placed {
    pub is_new: bool,
    pub line: LineId,
    pub number: u64,
    pub pass_expires_at: Option<Timestamp>,
}

impl World {
    /// A person joins a round's line.
    pub(in crate::sim) fn join(
        &mut self,
        round: usize,
        person: u32,
        channel: &ChannelId,
        shown: Option<ShownTicket>,
    ) -> Result<Placed, Refusal> {
        let (now, stream) = (self.now, self.stream_of_round(round));
        let house = self.house.as_mut().ok_or(Refusal::Unavailable)?;
        let view = Arc::clone(&house.rounds[round].view);
        let channels = &view.program.rules_at(now).channels;
        if !channels.contains(channel) {
            return Err(Refusal::ChannelNotAllowed { channels: channels.clone() });
        }
        let who = &self.people[person as usize].who;
        if !view.state.takes_joins() {
            return Err(Refusal::RoundNotOpen { state: view.state, opens_at: None });
        }
        let LineChoice::Now(line) = view.line_for(who, now) else {
            return Err(Refusal::NotEligible { opens_at: None });
        };
        let actor = house.rounds[round].actor.as_mut().ok_or(Refusal::Unavailable)?;
        let under = Some(actor.under);
        let shard = key_of(person).shard(SHARDS);
        let (mut events, key) = (Vec::new(), key_of(person));
        if let Some(shown) = shown.filter(|shown| shown.line == line) {
            events.extend(adopt(actor, key, shown));
        }
        let rejoin = view.spec.rejoin;
        let places = Arc::clone(&actor.places[line.index()]);
        actor.queues[shard].see(view.gate.stops);
        let placed = match actor.queues[shard].decide_join(key, line, shown, rejoin, &places) {
            JoinDecision::Held(place) => {
                let is_out = now < place.expires_at && !place.is_renewed;
                let pass_expires_at = is_out.then_some(place.expires_at);
                let number = place.number;
                Ok(Placed { is_new: false, line, number, pass_expires_at })
            }
            JoinDecision::Back(place) => {
                let number = place.number;
                let back = Queue::came_back(&view.spec.id, &ShownTicket { line, number }, key);
                actor.queues[shard].apply(&back, &places);
                events.push(back);
                Ok(Placed { is_new: false, line, number, pass_expires_at: None })
            }
            JoinDecision::New { dead_up_to } => match places.take_number() {
                None => Err(Refusal::Overloaded),
                Some(number) => {
                    let id = view.spec.id.clone();
                    let joined =
                        Event::Joined { round: id.clone(), line, number, person: key, dead_up_to };
                    actor.queues[shard].apply(&joined, &places);
                    events.push(joined);
                    let is_next = number <= places.watermark() && places.returned() == 0;
                    let has_turn = is_next && view.state.is_selling();
                    let life = view.gate.pass_life_millis;
                    let pass_expires_at = has_turn.then(|| now.plus_millis(life));
                    if let Some(expires_at) = pass_expires_at {
                        let claimed =
                            Event::Claimed { round: id, line, number, person: key, expires_at };
                        actor.queues[shard].apply(&claimed, &places);
                        events.push(claimed);
                    }
                    Ok(Placed { is_new: true, line, number, pass_expires_at })
                }
            },
        };
        if !events.is_empty() {
            self.append(stream, Append { at: now, events, under, done: Done::Nothing });
        }
        self.reserve_when_low(round, line.index());
        placed
    }

    /// A person claims the turn of a ticket. A pass that is given anew is answered once it is
    /// written: nothing is answered here.
    pub(in crate::sim) fn claim(
        &mut self,
        round: usize,
        person: u32,
        shown: ShownTicket,
        request: u64,
    ) -> Result<Option<Option<Timestamp>>, Refusal> {
        let (now, stream) = (self.now, self.stream_of_round(round));
        let house = self.house.as_mut().ok_or(Refusal::Unavailable)?;
        let view = Arc::clone(&house.rounds[round].view);
        if !view.state.takes_joins() {
            return Err(Refusal::RoundNotOpen { state: view.state, opens_at: None });
        }
        let actor = house.rounds[round].actor.as_mut().ok_or(Refusal::Unavailable)?;
        let (under, key) = (Some(actor.under), key_of(person));
        let mut events: Vec<Event> = adopt(actor, key, shown).into_iter().collect();
        let places = Arc::clone(&actor.places[shown.line.index()]);
        let queue = &mut actor.queues[key.shard(SHARDS)];
        queue.see(view.gate.stops);
        let life = view.gate.pass_life_millis;
        let (id, ShownTicket { line, number }) = (view.spec.id.clone(), shown);
        let decided = queue.decide_claim(now, key, shown, &places);
        let is_renewed = match &decided {
            Ok(ClaimDecision::Renewed { .. }) => true,
            Ok(ClaimDecision::Again { .. }) => queue.place(key).is_some_and(|it| it.is_renewed),
            _ => false,
        };
        let (answer, event) = match decided {
            Ok(ClaimDecision::Again { expires_at }) => (Ok(Some(expires_at)), None),
            Ok(ClaimDecision::Back) => (Ok(None), Some(Queue::came_back(&id, &shown, key))),
            Ok(decision) => {
                let expires_at = match decision {
                    ClaimDecision::Renewed { expires_at } => expires_at,
                    _ => now.plus_millis(life),
                };
                let claimed = Event::Claimed { round: id, line, number, person: key, expires_at };
                (Ok(Some(expires_at)), Some(claimed))
            }
            Err(refusal) => (Err(refusal), None),
        };
        if let Some(event) = event {
            queue.apply(&event, &places);
            events.push(event);
        }
        if let (true, Ok(Some(expires_at))) = (is_renewed, &answer) {
            let done = Done::Renewed { request, expires_at: *expires_at };
            self.append(stream, Append { at: now, events, under, done });
            return Ok(None);
        }
        if !events.is_empty() {
            self.append(stream, Append { at: now, events, under, done: Done::Nothing });
        }
        answer.map(Some)
    }

    /// A person gives a place up; the answer comes when that is written.
    pub(in crate::sim) fn leave(
        &mut self,
        round: usize,
        person: u32,
        shown: ShownTicket,
        request: u64,
    ) {
        let (now, stream) = (self.now, self.stream_of_round(round));
        let Some(house) = &mut self.house else { return };
        let seat = &mut house.rounds[round];
        let id = seat.view.spec.id.clone();
        let Some(actor) = &mut seat.actor else {
            return self.answer_left(request);
        };
        let (under, key) = (Some(actor.under), key_of(person));
        let adopted = adopt(actor, key, shown);
        let places = Arc::clone(&actor.places[shown.line.index()]);
        let queue = &mut actor.queues[key.shard(SHARDS)];
        let decided = queue.decide_leave(&id, key, shown, &places);
        if let Ok(Some(left)) = &decided {
            queue.apply(left, &places);
        }
        if let Some(adopted) = adopted {
            let events = vec![adopted];
            self.append(stream, Append { at: now, events, under, done: Done::Nothing });
        }
        match decided {
            Err(_) | Ok(None) => self.answer_left(request),
            Ok(Some(left)) => {
                let (events, done) = (vec![left], Done::Left { request });
                self.append(stream, Append { at: now, events, under, done });
            }
        }
    }
}

/// Takes up a place whose join was answered but lost: its ticket is the proof.
fn adopt(actor: &mut RoundActor, person: PersonKey, shown: ShownTicket) -> Option<Event> {
    let places = Arc::clone(&actor.places[shown.line.index()]);
    let round = actor.round.spec().id.clone();
    let queue = &mut actor.queues[person.shard(SHARDS)];
    let joined = queue.decide_adopt(&round, person, shown, &places)?;
    queue.apply(&joined, &places);
    Some(joined)
}
