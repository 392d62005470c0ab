//! What a draw does to the people of a shard: their place in the lobby becomes one in the line.
//!
//! Every ticket of the lobby is honoured at the number that was drawn for it, also one whose join
//! the store had lost; and of several entries of one person only the last one lives, as before the
//! draw, so that nobody can choose between two numbers.

use super::{Queue, ShownTicket};
use crate::draw::DrawnOrder;
use crate::places::{Phase, Places};
use crate::round_spec::LineId;
use crate::{Event, PersonKey, RoundId};

/// A line and its lobby, drawn.
#[derive(Debug, Clone, Copy)]
pub struct DrawnLine<'o> {
    /// The line.
    pub line: LineId,
    /// The line of its lobby.
    pub lobby: LineId,
    /// Who stands where.
    pub order: &'o DrawnOrder,
}

impl DrawnLine<'_> {
    /// The ticket as one of the line: a ticket of the lobby is one of the number drawn for it.
    #[must_use]
    pub fn renewed(&self, shown: ShownTicket) -> ShownTicket {
        let number = self.order.number_of(shown.number).filter(|_| shown.line == self.lobby);
        number.map_or(shown, |number| ShownTicket { line: self.line, number })
    }

    /// The event as it happened to the line: what happens to an entry after the draw happens to the
    /// number drawn for it.
    #[must_use]
    pub fn renewed_event(&self, event: &Event) -> Option<Event> {
        let mut renewed = event.clone();
        let (Event::Joined { line, number, .. } | Event::Left { line, number, .. }) = &mut renewed
        else {
            return None;
        };
        if *line != self.lobby {
            return None;
        }
        *number = self.order.number_of(*number)?;
        *line = self.line;
        if let Event::Joined { dead_up_to, .. } = &mut renewed {
            *dead_up_to = 0;
        }
        Some(renewed)
    }
}

impl Queue {
    /// A person's place in the lobby becomes the one drawn for it.
    pub fn settle(&mut self, person: PersonKey, drawn: DrawnLine<'_>) {
        if let Some(place) = self.places.get_mut(&person).filter(|it| it.line == drawn.lobby)
            && let Some(number) = drawn.order.number_of(place.number)
        {
            place.line = drawn.line;
            place.number = number;
            // Entries are dead in their own order, which numbers do not follow: see below.
            place.dead_up_to = 0;
        }
    }

    /// The same for everybody of this shard.
    pub fn settle_all(&mut self, drawn: DrawnLine<'_>) {
        let people: Vec<PersonKey> = self.places.keys().copied().collect();
        people.into_iter().for_each(|person| self.settle(person, drawn));
    }

    /// As [`Queue::decide_adopt`], for a ticket whose number was drawn. Its join was lost, so its
    /// entry counts as it would have in the lobby: a later one of the same person has ended it.
    #[must_use]
    pub fn decide_adopt_drawn(
        &self,
        round: &RoundId,
        person: PersonKey,
        shown: ShownTicket,
        drawn: DrawnLine<'_>,
        places: &Places,
    ) -> Option<Event> {
        let Some(entry) = drawn.order.entry_at(shown.number) else {
            return self.decide_adopt(round, person, shown, places);
        };
        if places.phase(shown.number) != Phase::Vacant {
            return None;
        }
        let is_honoured = match self.places.get(&person) {
            None => true,
            Some(held) if held.line != shown.line => held.line < shown.line,
            Some(held) => match drawn.order.entry_at(held.number) {
                Some(held_entry) => {
                    let is_open = matches!(
                        places.phase(held.number),
                        Phase::Waiting | Phase::Left | Phase::Lapsed
                    );
                    entry > held_entry && is_open
                }
                // Came again after the opening without showing the ticket: it is the better place,
                // unless one in this line was given up since.
                None => held.dead_up_to == 0 && places.phase(held.number) == Phase::Waiting,
            },
        };
        is_honoured.then(|| Event::Joined {
            round: round.clone(),
            line: shown.line,
            number: shown.number,
            person,
            dead_up_to: 0,
        })
    }
}
