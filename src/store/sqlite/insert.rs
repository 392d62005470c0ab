//! From an event to its row. One statement per table, prepared once per batch.
//!
//! Decides nothing: what a row may be is said by the constraints of the table. Opens and closes no
//! transaction.

use super::names::NumberOfName;
use openrun_core::refusal::Refusal;
use openrun_core::{Event, IdempotencyKey, PersonKey, Purchase, RoundId, Timestamp};
use rusqlite::{CachedStatement, Connection, params};

/// Why a row could not be written. Its transaction has to be rolled back.
#[derive(Debug, thiserror::Error)]
pub(super) enum InsertError {
    /// SQLite refused it.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// It cannot be said as JSON.
    #[error("an event cannot be said as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A count that the store has no room for; counts are below 2^63.
    #[error("{0} is 2^63 or more")]
    TooLarge(&'static str),
}

const JOURNAL: &str =
    "insert into journal (seq, at, kind, round_id, body) values (?1, ?2, ?3, ?4, ?5)";
const PERSON: &str = "insert into person (person, seq, at, channel_id) values (?1, ?2, ?3, ?4)";
const TICKET: &str = "
    insert into ticket (round_id, seq, at, line, number, person, dead_up_to)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const PLACE_END: &str = "
    insert into place_end (round_id, seq, at, line, number, person)
    values (?1, ?2, ?3, ?4, ?5, ?6)";
const CLAIM: &str = "
    insert into claim (round_id, seq, at, line, number, person, expires_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const PURCHASE: &str = "
    insert into purchase (
        round_id, seq, at, id, window_id, program_id, person, channel_id, amount, price, subsidy,
        month, line, number, idempotency_key, digest, decided_at, left_after, used_after,
        monthly_limit, state)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
        ?20, ?21)";
const REFUSAL: &str = "
    insert into refusal (person, idempotency_key, seq, at, digest, body)
    values (?1, ?2, ?3, ?4, ?5, ?6)";

/// Where and when a row stands in the order.
#[derive(Debug, Clone, Copy)]
struct Place {
    seq: i64,
    at: i64,
}

/// A person's place in a line.
struct Turn<'e> {
    round: &'e RoundId,
    line: u8,
    number: u64,
    person: &'e PersonKey,
}

/// The statements of one batch.
pub(super) struct Inserts<'c> {
    connection: &'c Connection,
    journal: CachedStatement<'c>,
    person: CachedStatement<'c>,
    ticket: CachedStatement<'c>,
    place_end: CachedStatement<'c>,
    claim: CachedStatement<'c>,
    purchase: CachedStatement<'c>,
    refusal: CachedStatement<'c>,
}

impl<'c> Inserts<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Inserts<'c>> {
        Ok(Inserts {
            connection,
            journal: connection.prepare_cached(JOURNAL)?,
            person: connection.prepare_cached(PERSON)?,
            ticket: connection.prepare_cached(TICKET)?,
            place_end: connection.prepare_cached(PLACE_END)?,
            claim: connection.prepare_cached(CLAIM)?,
            purchase: connection.prepare_cached(PURCHASE)?,
            refusal: connection.prepare_cached(REFUSAL)?,
        })
    }

    /// Adds the row of one event.
    pub(super) fn event(
        &mut self,
        names: &mut NumberOfName,
        seq: u64,
        at: Timestamp,
        event: &Event,
    ) -> Result<(), InsertError> {
        let place = Place { seq: whole(seq, "a sequence number")?, at: at.0 };
        match event {
            Event::SignedUp { person, channel } => {
                let channel = names.number(self.connection, channel.as_str())?;
                self.person.execute(params![person.0, place.seq, place.at, channel])?;
            }
            Event::Joined { round, line, number, person, dead_up_to } => {
                let turn = Turn { round, line: line.0, number: *number, person };
                let dead_up_to = whole(*dead_up_to, "a place")?;
                self.turn(names, place, &turn, TurnKind::Ticket { dead_up_to })?;
            }
            Event::Left { round, line, number, person } => {
                let turn = Turn { round, line: line.0, number: *number, person };
                self.turn(names, place, &turn, TurnKind::PlaceEnd)?;
            }
            Event::Claimed { round, line, number, person, expires_at } => {
                let turn = Turn { round, line: line.0, number: *number, person };
                self.turn(names, place, &turn, TurnKind::Claim { expires_at: expires_at.0 })?;
            }
            Event::Issued { purchase } => self.purchase(names, place, purchase)?,
            Event::Refused { person, key, digest, refusal } => {
                self.refusal(place, person, key, digest, refusal)?;
            }
            Event::ProgramChanged { .. }
            | Event::RoundDefined { .. }
            | Event::RoundMoved { .. }
            | Event::WindowOpened { .. }
            | Event::WindowClosed { .. }
            | Event::NumbersReserved { .. }
            | Event::WatermarkMoved { .. }
            | Event::InletChanged { .. }
            | Event::StaffActed { .. } => self.journal(names, place, event)?,
        }
        Ok(())
    }

    fn journal(
        &mut self,
        names: &mut NumberOfName,
        place: Place,
        event: &Event,
    ) -> Result<(), InsertError> {
        let round = match event.round() {
            Some(round) => Some(names.number(self.connection, round.as_str())?),
            None => None,
        };
        let body = serde_json::to_string(event)?;
        self.journal.execute(params![place.seq, place.at, kind_of(event), round, body])?;
        Ok(())
    }

    fn turn(
        &mut self,
        names: &mut NumberOfName,
        place: Place,
        turn: &Turn<'_>,
        kind: TurnKind,
    ) -> Result<(), InsertError> {
        let round = names.number(self.connection, turn.round.as_str())?;
        let number = whole(turn.number, "a place")?;
        let person = &turn.person.0;
        match kind {
            TurnKind::Ticket { dead_up_to } => self.ticket.execute(params![
                round, place.seq, place.at, turn.line, number, person, dead_up_to
            ])?,
            TurnKind::PlaceEnd => self
                .place_end
                .execute(params![round, place.seq, place.at, turn.line, number, person])?,
            TurnKind::Claim { expires_at } => self.claim.execute(params![
                round, place.seq, place.at, turn.line, number, person, expires_at
            ])?,
        };
        Ok(())
    }

    fn purchase(
        &mut self,
        names: &mut NumberOfName,
        place: Place,
        purchase: &Purchase,
    ) -> Result<(), InsertError> {
        let connection = self.connection;
        let round = names.number(connection, purchase.round.as_str())?;
        let window = names.number(connection, purchase.window.as_str())?;
        let program = names.number(connection, purchase.program.as_str())?;
        let channel = names.number(connection, purchase.channel.as_str())?;
        self.purchase.execute(params![
            round,
            place.seq,
            place.at,
            // Big endian, so that ids sort as they were made.
            purchase.id.0.to_be_bytes(),
            window,
            program,
            purchase.person.0,
            channel,
            purchase.amount.0,
            purchase.price.0,
            purchase.subsidy.0,
            purchase.month.number(),
            purchase.pass.line.0,
            whole(purchase.pass.number, "a place")?,
            purchase.key.as_str(),
            purchase.digest,
            purchase.at.0,
            purchase.left_after.0,
            purchase.used_after.0,
            purchase.monthly_limit.0,
            purchase.state.word(),
        ])?;
        Ok(())
    }

    fn refusal(
        &mut self,
        place: Place,
        person: &PersonKey,
        key: &IdempotencyKey,
        digest: &[u8; 32],
        refusal: &Refusal,
    ) -> Result<(), InsertError> {
        let body = serde_json::to_string(refusal)?;
        self.refusal.execute(params![person.0, key.as_str(), place.seq, place.at, digest, body])?;
        Ok(())
    }
}

/// Which of the three tables with one shape, and what it has beside the others.
#[derive(Clone, Copy)]
enum TurnKind {
    Ticket { dead_up_to: i64 },
    PlaceEnd,
    Claim { expires_at: i64 },
}

/// A count as SQLite keeps it.
pub(super) fn whole(count: u64, what: &'static str) -> Result<i64, InsertError> {
    i64::try_from(count).map_err(|_| InsertError::TooLarge(what))
}

/// The word of an event of the journal: the tag of its JSON, which a test holds it against.
fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::ProgramChanged { .. } => "program_changed",
        Event::RoundDefined { .. } => "round_defined",
        Event::RoundMoved { .. } => "round_moved",
        Event::WindowOpened { .. } => "window_opened",
        Event::WindowClosed { .. } => "window_closed",
        Event::NumbersReserved { .. } => "numbers_reserved",
        Event::WatermarkMoved { .. } => "watermark_moved",
        Event::InletChanged { .. } => "inlet_changed",
        Event::StaffActed { .. } => "staff_acted",
        Event::SignedUp { .. } => "signed_up",
        Event::Joined { .. } => "joined",
        Event::Left { .. } => "left",
        Event::Claimed { .. } => "claimed",
        Event::Issued { .. } => "issued",
        Event::Refused { .. } => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    #[test]
    fn the_kind_of_an_event_is_the_tag_of_its_json() {
        for event in sample::one_of_each() {
            let body = serde_json::to_value(&event).expect("serialises");
            assert_eq!(body["kind"], kind_of(&event));
        }
    }
}
