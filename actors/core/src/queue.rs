//! Who holds which place: one shard of a round's people.
//!
//! Decides what joining, claiming and leaving mean for a person; the numbers come from the line's
//! one sequence and the phase of each number stands in [`Places`]. Gives out no number of its own
//! and never moves a watermark.

use crate::ids::HashPeople;
use crate::places::{Phase, Places};
use crate::round_spec::{LineId, Rejoin};
use crate::stops::Stops;
use crate::{Event, PersonKey, Refusal, RoundId, Timestamp};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// How long a place waits to be claimed that was taken behind the watermark, where turns have
/// lapsed already. Joining there claims at once, so only what went wrong comes to this; without it
/// such a slot would stay taken for ever.
const LATE_CLAIM_MILLIS: i64 = 300_000;

/// A place that somebody holds or held last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In which line.
    pub line: LineId,
    /// The number.
    pub number: u64,
    /// Numbers of this person in this line up to this one are dead.
    pub dead_up_to: u64,
    /// Until when the pass is good, once claimed.
    pub expires_at: Timestamp,
    /// How long the sale had stood still when it was claimed, in milliseconds.
    pub stopped_at: i64,
    /// Whether it lapsed and came back: it does so once.
    pub has_returned: bool,
    /// Whether its pass was given anew while one was out: what is answered of such a pass is
    /// durable, for the store knows of another one.
    pub is_renewed: bool,
    /// Whether it was taken behind the watermark while people who came back were waiting: they
    /// come first (OR-5).
    pub is_late: bool,
}

/// A ticket as shown by its person: its signature was checked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShownTicket {
    /// In which line.
    pub line: LineId,
    /// The number.
    pub number: u64,
}

/// What joining comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinDecision {
    /// The person holds this place already.
    Held(Place),
    /// The place lapsed and comes back to the head of the line: the event to persist and apply.
    Back(Place),
    /// A new number is to be taken from the line; older ones of this person up to `dead_up_to` are
    /// dead.
    New {
        /// Numbers up to this one are dead.
        dead_up_to: u64,
    },
}

/// What claiming comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimDecision {
    /// Claimed before; the same pass again.
    Again {
        /// Until when it is good.
        expires_at: Timestamp,
    },
    /// A pass is to be given.
    New,
    /// The sale stood still while the pass was out: it is given anew for as long as it would have
    /// been good. To be answered once it is durable, and so is whatever is answered of it later
    /// ([`Place::is_renewed`]).
    Renewed {
        /// Until when it is good.
        expires_at: Timestamp,
    },
    /// The place lapsed and comes back to the head of the line; no pass yet.
    Back,
}

/// When a number lapses if it still stands in this phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Deadline {
    at: Timestamp,
    /// How long the sale had stood still when it was noted.
    stopped_at: i64,
    line: LineId,
    number: u64,
    phase: Phase,
    person: PersonKey,
}

/// One shard of a round's people.
#[derive(Debug, Default)]
pub struct Queue {
    places: HashMap<PersonKey, Place, HashPeople>,
    deadlines: BinaryHeap<Reverse<Deadline>>,
    late: Vec<(LineId, u64, PersonKey)>,
    stops: Stops,
}

impl Queue {
    /// How many people are known here.
    #[must_use]
    pub fn people(&self) -> usize {
        self.places.len()
    }

    /// How long the sale has stood still, before anything is decided or applied.
    pub fn see(&mut self, stops: Stops) {
        self.stops = stops;
    }

    /// The place that a person holds, whatever became of it.
    #[must_use]
    pub fn place(&self, person: PersonKey) -> Option<Place> {
        self.places.get(&person).copied()
    }

    /// What joining `line` comes to. Never gives a better place than the one held, nor two.
    #[must_use]
    pub fn decide_join(
        &self,
        person: PersonKey,
        line: LineId,
        shown: Option<ShownTicket>,
        rejoin: Rejoin,
        places: &Places,
    ) -> JoinDecision {
        let Some(place) = self.places.get(&person).filter(|place| place.line == line) else {
            return JoinDecision::New { dead_up_to: 0 };
        };
        let is_shown = shown == Some(ShownTicket { line, number: place.number });
        match places.phase(place.number) {
            // At the tail, by the rule of Seoul, unless the ticket is shown.
            Phase::Lapsed if !place.has_returned && (is_shown || rejoin == Rejoin::Keep) => {
                JoinDecision::Back(*place)
            }
            Phase::Bought | Phase::Left | Phase::Lapsed => {
                JoinDecision::New { dead_up_to: place.number }
            }
            Phase::Waiting if rejoin == Rejoin::Tail && !is_shown => {
                JoinDecision::New { dead_up_to: place.number }
            }
            _ => JoinDecision::Held(*place),
        }
    }

    /// Whether a ticket is for a place that this process lost and may take up again: given before a
    /// restart, its join had not reached the store. The event to apply and persist, if so.
    #[must_use]
    pub fn decide_adopt(
        &self,
        round: &RoundId,
        person: PersonKey,
        shown: ShownTicket,
        places: &Places,
    ) -> Option<Event> {
        if places.phase(shown.number) != Phase::Vacant {
            return None;
        }
        let mut dead_up_to = 0;
        let is_honoured = match self.places.get(&person) {
            None => true,
            // Lines stand in the order of their windows: a later one is not given up for an earlier
            // one.
            Some(held) if held.line != shown.line => held.line < shown.line,
            Some(held) => {
                // A later number was answered because this one had come to its end.
                let is_later = shown.number > held.number;
                dead_up_to = if is_later { held.number } else { held.dead_up_to };
                match places.phase(held.number) {
                    Phase::Waiting => shown.number > held.dead_up_to,
                    Phase::Claimed | Phase::Returned | Phase::Called => false,
                    _ => is_later,
                }
            }
        };
        is_honoured.then(|| Event::Joined {
            round: round.clone(),
            line: shown.line,
            number: shown.number,
            person,
            dead_up_to,
        })
    }

    /// Whether the turn of this ticket can be claimed.
    ///
    /// # Errors
    /// `NotYet` before the turn; `TurnPassed` for a place that is dead, left, lapsed, or already
    /// used.
    pub fn decide_claim(
        &self,
        now: Timestamp,
        person: PersonKey,
        shown: ShownTicket,
        places: &Places,
    ) -> Result<ClaimDecision, Refusal> {
        let held = self.places.get(&person).copied();
        let is_held = |place: &Place| place.line == shown.line && place.number == shown.number;
        let Some(place) = held.filter(is_held) else {
            return Err(Refusal::TurnPassed);
        };
        let watermark = places.watermark();
        match places.phase(place.number) {
            Phase::Waiting if place.number > watermark => {
                let ahead = place.number - 1 - watermark + places.returned();
                Err(Refusal::NotYet { ahead })
            }
            Phase::Waiting if place.is_late && places.returned() > 0 => {
                Err(Refusal::NotYet { ahead: places.returned() })
            }
            Phase::Waiting | Phase::Called => Ok(ClaimDecision::New),
            Phase::Returned => Err(Refusal::NotYet { ahead: places.returned_before(place.number) }),
            Phase::Claimed => self.decide_claim_again(now, &place),
            Phase::Lapsed if !place.has_returned => Ok(ClaimDecision::Back),
            _ => Err(Refusal::TurnPassed),
        }
    }

    /// What claiming again comes to while the pass is out, or just ran out.
    fn decide_claim_again(&self, now: Timestamp, place: &Place) -> Result<ClaimDecision, Refusal> {
        match self.stops.until(place.expires_at, place.stopped_at) {
            // It does not age now; how much longer it is good is said when the sale goes on.
            None => Ok(ClaimDecision::Again { expires_at: place.expires_at }),
            Some(until) if now < until && until == place.expires_at => {
                Ok(ClaimDecision::Again { expires_at: until })
            }
            Some(until) if now < until => Ok(ClaimDecision::Renewed { expires_at: until }),
            Some(_) if !place.has_returned => Ok(ClaimDecision::Back),
            Some(_) => Err(Refusal::TurnPassed),
        }
    }

    /// The event by which a lapsed place comes back.
    #[must_use]
    pub fn came_back(round: &RoundId, place: &ShownTicket, person: PersonKey) -> Event {
        let ShownTicket { line, number } = *place;
        Event::CameBack { round: round.clone(), line, number, person }
    }

    /// Whether a place can be given up.
    ///
    /// # Errors
    /// `TurnPassed` for a place that is dead or has ended otherwise.
    pub fn decide_leave(
        &self,
        round: &RoundId,
        person: PersonKey,
        shown: ShownTicket,
        places: &Places,
    ) -> Result<Option<Event>, Refusal> {
        let held = self.places.get(&person);
        if held.is_none_or(|place| place.line != shown.line || place.number != shown.number) {
            return Err(Refusal::TurnPassed);
        }
        match places.phase(shown.number) {
            Phase::Left => Ok(None),
            Phase::Waiting | Phase::Claimed | Phase::Returned | Phase::Called => {
                Ok(Some(Event::Left {
                    round: round.clone(),
                    line: shown.line,
                    number: shown.number,
                    person,
                }))
            }
            _ => Err(Refusal::TurnPassed),
        }
    }

    /// Takes an event in: live, and in recovery with the events of every shard (others' people are
    /// skipped by the caller). `places` is that of the event's line. An event that is known already
    /// changes nothing: a purchase may have written it as well.
    ///
    /// # Panics
    /// When the event contradicts what stands: the actor is then rebuilt from the store.
    pub fn apply(&mut self, event: &Event, places: &Places) {
        match event {
            Event::Joined { line, number, person, dead_up_to, .. } => {
                let place = Place {
                    line: *line,
                    number: *number,
                    dead_up_to: *dead_up_to,
                    expires_at: Timestamp::default(),
                    stopped_at: self.stops.total_millis,
                    has_returned: false,
                    is_renewed: false,
                    is_late: false,
                };
                self.join(*person, place, places);
            }
            Event::Claimed { line, number, person, expires_at, .. } => {
                let stopped_at = self.stops.total_millis;
                let is_theirs = |place: &&mut Place| place.line == *line && place.number == *number;
                if let Some(place) = self.places.get_mut(person).filter(is_theirs) {
                    place.is_renewed = places.phase(*number) == Phase::Claimed;
                    (place.expires_at, place.stopped_at) = (*expires_at, stopped_at);
                }
                let (at, line, number, person) = (*expires_at, *line, *number, *person);
                let phase = Phase::Claimed;
                self.deadlines.push(Reverse(Deadline {
                    at,
                    stopped_at,
                    line,
                    number,
                    phase,
                    person,
                }));
                // Lapsing is no event: who joined again after it has given the place up as far as a
                // replay knows, and may still have bought with a pass whose claim was lost.
                let before =
                    [Phase::Waiting, Phase::Called, Phase::Lapsed, Phase::Left, Phase::Returned];
                let is_claimed =
                    before.into_iter().any(|from| places.change(number, from, Phase::Claimed))
                        || matches!(places.phase(number), Phase::Claimed | Phase::Bought);
                assert!(is_claimed, "OR-9: number {number} was claimed out of turn");
            }
            Event::CameBack { line, number, person, .. } => {
                let is_theirs = |place: &&mut Place| place.line == *line && place.number == *number;
                if let Some(place) = self.places.get_mut(person).filter(is_theirs) {
                    place.has_returned = true;
                }
                // Lapsing is no event: a replay finds the place as it was before.
                let before = [Phase::Lapsed, Phase::Waiting, Phase::Claimed];
                for from in before {
                    if places.change(*number, from, Phase::Returned) {
                        break;
                    }
                }
                let is_given = !matches!(places.phase(*number), Phase::Unknown | Phase::Vacant);
                assert!(is_given, "OR-5: number {number} came back and was never given");
            }
            Event::Left { number, .. } => {
                // The place may have lapsed or bought on another thread since it was given up: it
                // has ended all the same.
                let before =
                    [Phase::Waiting, Phase::Claimed, Phase::Lapsed, Phase::Returned, Phase::Called];
                let is_over =
                    before.into_iter().any(|from| places.change(*number, from, Phase::Left))
                        || matches!(places.phase(*number), Phase::Left | Phase::Bought);
                assert!(is_over, "OR-5: number {number} left without having been given");
            }
            _ => {}
        }
    }

    fn join(&mut self, person: PersonKey, place: Place, places: &Places) {
        let former = self.places.get(&person).copied().filter(|former| former.line == place.line);
        if former.is_some_and(|former| former.number == place.number) {
            return;
        }
        let Place { line, number, .. } = place;
        if let Some(former) = former {
            // Joining again gives the former place up: nobody waits there any more.
            // A pass that is out had run out, though lapsing is no event.
            for from in [Phase::Waiting, Phase::Returned, Phase::Called, Phase::Claimed] {
                let _ = places.change(former.number, from, Phase::Left);
            }
        }
        let is_late = number <= places.watermark() && places.returned() > 0;
        self.places.insert(person, Place { is_late, ..place });
        let is_fresh = places.change(number, Phase::Unknown, Phase::Waiting)
            || places.change(number, Phase::Vacant, Phase::Waiting)
            || places.phase(number) == Phase::Bought;
        assert!(is_fresh, "OR-6: number {number} was given twice");
        if number <= places.watermark() {
            self.late.push((line, number, person));
        }
    }

    /// Ends the passes whose time is over; none while the sale stands still. Answers how many
    /// numbers lapsed.
    pub fn expire(&mut self, now: Timestamp, lines: &[std::sync::Arc<Places>]) -> u64 {
        let at = now.plus_millis(LATE_CLAIM_MILLIS);
        let (stopped_at, phase) = (self.stops.total_millis, Phase::Waiting);
        for (line, number, person) in self.late.drain(..) {
            self.deadlines.push(Reverse(Deadline { at, stopped_at, line, number, phase, person }));
        }
        let mut lapsed = 0;
        while let Some(Reverse(due)) = self.deadlines.peek().copied() {
            if due.at > now || self.stops.is_stopped {
                break;
            }
            self.deadlines.pop();
            let until = self.until(&due);
            if until > now {
                let stopped_at = self.stops.total_millis;
                self.deadlines.push(Reverse(Deadline { at: until, stopped_at, ..due }));
                continue;
            }
            let places = &lines[due.line.index()];
            lapsed += u64::from(places.change(due.number, due.phase, Phase::Lapsed));
        }
        assert!(self.late.is_empty(), "a place without a deadline");
        lapsed
    }

    /// Until when something is good whose time seemed to be over: the sale may have stood still
    /// since, and the pass may have been given anew.
    fn until(&self, due: &Deadline) -> Timestamp {
        let is_theirs = |place: &&Place| place.line == due.line && place.number == due.number;
        let place = self.places.get(&due.person).filter(is_theirs);
        let (at, stopped_at) = match place.filter(|_| due.phase == Phase::Claimed) {
            Some(place) => (place.expires_at, place.stopped_at),
            None => (due.at, due.stopped_at),
        };
        self.stops.until(at, stopped_at).unwrap_or(due.at)
    }
}

mod drawn;

pub use drawn::DrawnLine;

#[cfg(test)]
mod rejoin_tests;
#[cfg(test)]
mod tests;
