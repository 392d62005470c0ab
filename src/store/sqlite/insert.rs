//! From an event to its row. One statement per table, prepared once per batch.
//!
//! Decides nothing: what a row may be is said by the constraints of the table, what a batch may be
//! by `shape`. Opens and closes no transaction.

use super::names::NumberOfName;
use crate::store::shape::{Misfit, kind_of, whole};
use openrun_core::refusal::Refusal;
use openrun_core::{Event, IdempotencyKey, PersonKey, Purchase, PurchaseId, RoundId, Timestamp};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql, params};

/// Why a row could not be written. Its transaction has to be rolled back.
#[derive(Debug, thiserror::Error)]
pub(super) enum InsertError {
    /// SQLite refused it.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// It cannot be said as JSON.
    #[error("an event cannot be said as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Its row would not say all of it.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// A step of a payment that happens once, by the name of its index: SQLite names its columns
    /// only, which are the same for all steps.
    #[error("constraint failed: {0}")]
    StepAgain(&'static str),
}

const JOURNAL: &str = "
    insert into journal (stream_id, seq, at, kind, round_id, body) values (?1, ?2, ?3, ?4, ?5, ?6)";
const PERSON: &str = "insert into person (person, seq, at, channel_id) values (?1, ?2, ?3, ?4)";
const TICKET: &str = "
    insert into ticket (stream_id, round_id, seq, at, line, number, person, dead_up_to)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const PLACE_END: &str = "
    insert into place_end (stream_id, round_id, seq, at, line, number, person)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const CLAIM: &str = "
    insert into claim (stream_id, round_id, seq, at, line, number, person, expires_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const HOLD: &str = "
    insert into hold (
        stream_id, round_id, seq, at, id, window_id, program_id, person, channel_id, amount, price,
        subsidy, month, line, number, idempotency_key, digest, decided_at, left_after, used_after,
        monthly_limit, pass_expires_at)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
        ?20, ?21, ?22)";
const PAYMENT_STEP: &str = "
    insert into payment_step (stream_id, round_id, seq, at, id, kind, body)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const PURCHASE: &str = "
    insert into purchase (
        stream_id, round_id, seq, at, id, window_id, program_id, person, channel_id, amount, price,
        subsidy, month, line, number, idempotency_key, digest, decided_at, left_after, used_after,
        monthly_limit)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
        ?20, ?21)";
const REFUSAL: &str = "
    insert into refusal (stream_id, person, idempotency_key, seq, at, digest, body)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Where and when a row stands in the order.
#[derive(Debug, Clone, Copy)]
struct Place {
    stream: i64,
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
    stream: i64,
    journal: CachedStatement<'c>,
    person: CachedStatement<'c>,
    ticket: CachedStatement<'c>,
    place_end: CachedStatement<'c>,
    claim: CachedStatement<'c>,
    hold: CachedStatement<'c>,
    payment_step: CachedStatement<'c>,
    purchase: CachedStatement<'c>,
    refusal: CachedStatement<'c>,
}

impl<'c> Inserts<'c> {
    /// For events of the stream of this number.
    pub(super) fn prepare(
        connection: &'c Connection,
        stream: i64,
    ) -> rusqlite::Result<Inserts<'c>> {
        Ok(Inserts {
            connection,
            stream,
            journal: connection.prepare_cached(JOURNAL)?,
            person: connection.prepare_cached(PERSON)?,
            ticket: connection.prepare_cached(TICKET)?,
            place_end: connection.prepare_cached(PLACE_END)?,
            claim: connection.prepare_cached(CLAIM)?,
            hold: connection.prepare_cached(HOLD)?,
            payment_step: connection.prepare_cached(PAYMENT_STEP)?,
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
        let seq = whole(seq, "a sequence number")?;
        let place = Place { stream: self.stream, seq, at: at.0 };
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
            Event::Issued { purchase } => self.taken(names, place, purchase, None)?,
            Event::Held { purchase, pass_expires_at } => {
                self.taken(names, place, purchase, Some(pass_expires_at.0))?;
            }
            Event::PaymentSent { round, purchase, .. }
            | Event::CancelSent { round, purchase, .. }
            | Event::Voided { round, purchase, .. }
            | Event::ReturnSent { round, purchase, .. }
            | Event::Returned { round, purchase } => {
                self.step(names, place, round, *purchase, event)?;
            }
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
            | Event::DrawCommitted { .. }
            | Event::LobbyClosed { .. }
            | Event::ShareGiven { .. }
            | Event::Drawn { .. }
            | Event::InletChanged { .. }
            | Event::InletStepped { .. }
            | Event::CameBack { .. }
            | Event::TurnGiven { .. }
            | Event::NoticePosted { .. }
            | Event::NoticeWithdrawn { .. }
            | Event::OpeningAsked { .. }
            | Event::StockAsked { .. }
            | Event::StockChanged { .. }
            | Event::StockKept { .. }
            | Event::SuspensionsChanged { .. }
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
        self.journal.execute(params![
            place.stream,
            place.seq,
            place.at,
            kind_of(event),
            round,
            body
        ])?;
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
        let Place { stream, seq, at } = place;
        match kind {
            TurnKind::Ticket { dead_up_to } => self
                .ticket
                .execute(params![stream, round, seq, at, turn.line, number, person, dead_up_to])?,
            TurnKind::PlaceEnd => self
                .place_end
                .execute(params![stream, round, seq, at, turn.line, number, person])?,
            TurnKind::Claim { expires_at } => self
                .claim
                .execute(params![stream, round, seq, at, turn.line, number, person, expires_at])?,
        };
        Ok(())
    }

    /// Stock and limit taken: as a hold, which knows until when its pass is good, or as a voucher.
    fn taken(
        &mut self,
        names: &mut NumberOfName,
        place: Place,
        purchase: &Purchase,
        pass_expires_at: Option<i64>,
    ) -> Result<(), InsertError> {
        let connection = self.connection;
        let round = names.number(connection, purchase.round.as_str())?;
        let window = names.number(connection, purchase.window.as_str())?;
        let program = names.number(connection, purchase.program.as_str())?;
        let channel = names.number(connection, purchase.channel.as_str())?;
        let values: [&dyn ToSql; 21] = [
            &place.stream,
            &round,
            &place.seq,
            &place.at,
            // Big endian, so that ids sort as they were made.
            &purchase.id.0.to_be_bytes(),
            &window,
            &program,
            &purchase.person.0,
            &channel,
            &purchase.amount.0,
            &purchase.price.0,
            &purchase.subsidy.0,
            &purchase.month.number(),
            &purchase.pass.line.0,
            &whole(purchase.pass.number, "a place")?,
            &purchase.key.as_str(),
            &purchase.digest,
            &purchase.at.0,
            &purchase.left_after.0,
            &purchase.used_after.0,
            &purchase.monthly_limit.0,
        ];
        match pass_expires_at {
            None => self.purchase.execute(values)?,
            Some(expires_at) => {
                let mut values = values.to_vec();
                values.push(&expires_at);
                self.hold.execute(values.as_slice())?
            }
        };
        Ok(())
    }

    fn step(
        &mut self,
        names: &mut NumberOfName,
        place: Place,
        round: &RoundId,
        purchase: PurchaseId,
        event: &Event,
    ) -> Result<(), InsertError> {
        let round = names.number(self.connection, round.as_str())?;
        let (id, kind) = (purchase.0.to_be_bytes(), kind_of(event));
        let body = serde_json::to_string(event)?;
        let Place { stream, seq, at } = place;
        let added = self.payment_step.execute(params![stream, round, seq, at, id, kind, body]);
        added.map(drop).map_err(|cause| step_again(kind, &cause).unwrap_or_else(|| cause.into()))
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
        let Place { stream, seq, at } = place;
        self.refusal.execute(params![stream, person.0, key.as_str(), seq, at, digest, body])?;
        Ok(())
    }
}

/// The step that there was already, if that is what SQLite says.
fn step_again(kind: &str, cause: &rusqlite::Error) -> Option<InsertError> {
    let is_constraint = cause.sqlite_error_code() == Some(ErrorCode::ConstraintViolation);
    let is_unique = cause.to_string().ends_with("failed: payment_step.id");
    let name = match kind {
        "payment_sent" => "payment_sent_once",
        "cancel_sent" => "cancel_sent_once",
        "voided" => "voided_once",
        _ => return None,
    };
    (is_constraint && is_unique).then_some(InsertError::StepAgain(name))
}

/// Which of the three tables with one shape, and what it has beside the others.
#[derive(Clone, Copy)]
enum TurnKind {
    Ticket { dead_up_to: i64 },
    PlaceEnd,
    Claim { expires_at: i64 },
}
