//! The reads of the port about vouchers after their sale, each one question to one snapshot.

use super::decode::{Columns, REFUSAL, VOUCHER_MOVE};
use super::names::said;
use super::point::{self, placed, rows, select};
use super::reader::Reader;
use crate::store::due::{Due, Validity};
use openrun_actors::store::StoreError;
use openrun_core::{PersonKey, ProgramId, RoundId, StoredEvent, Timestamp, VoucherId};
use rusqlite::{Connection, Row, ToSql, params};

/// Purchases looked at together when vouchers are looked for whose time is over.
const LOOKED_AT: usize = 4_096;

/// What is left of a voucher after its last move, if it ever moved.
fn is_left(voucher: &str) -> String {
    format!(
        "coalesce((select last.balance_after from voucher_move as last where last.voucher = {voucher}
                   order by last.move_no desc limit 1), 1) > 0"
    )
}

pub(super) fn voucher_events(
    reader: &mut Reader,
    person: PersonKey,
) -> Result<Vec<StoredEvent>, StoreError> {
    reader.snapshot(|connection, names| {
        let mut events = Vec::new();
        for (table, which) in [
            (&VOUCHER_MOVE, "where person = ?1"),
            (&VOUCHER_MOVE, "where receiver = ?1"),
            (&REFUSAL, "where person = ?1 and stream_id < 0"),
        ] {
            let sql = select(table, which);
            events.extend(placed(connection, names, table, &sql, [person.0])?);
        }
        events.sort_unstable_by_key(|(place, _)| (place.stream, place.seq));
        Ok(events.into_iter().map(|(_, stored)| stored).collect())
    })
}

pub(super) fn open_paybacks(reader: &mut Reader) -> Result<Vec<StoredEvent>, StoreError> {
    // Steps of paybacks are those that name a round, and few beside all moves: found by that index.
    let which =
        "indexed by voucher_move_by_round where round_id is not null and kind = 'payback_sent'
            and not exists (
                select 1 from voucher_move as ended
                where ended.id = voucher_move.id and ended.kind in ('paid_back', 'payback_refused'))
        order by stream_id, seq";
    of_moves(reader, which, &[])
}

pub(super) fn paybacks_of(
    reader: &mut Reader,
    round: &RoundId,
) -> Result<Vec<StoredEvent>, StoreError> {
    let which = "where round_id = (select id from name where text = ?1)
            and kind in ('payback_sent', 'paid_back')
        order by stream_id, seq";
    of_moves(reader, which, &[&round.as_str()])
}

fn of_moves(
    reader: &mut Reader,
    which: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = select(&VOUCHER_MOVE, which);
    reader.snapshot(|connection, names| {
        let events = placed(connection, names, &VOUCHER_MOVE, &sql, parameters)?;
        Ok(events.into_iter().map(|(_, stored)| stored).collect())
    })
}

/// What was bought by the rules of its day, and what was given by what its gift says.
pub(super) fn vouchers_due(
    reader: &mut Reader,
    until: Timestamp,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<Vec<(VoucherId, PersonKey)>, StoreError> {
    let validity = Validity::of(point::programs(reader)?);
    let mut due = given(reader, until, after, limit)?;
    let Some(bought_before) = validity.bought_before(until) else { return Ok(due) };
    let sql = format!(
        "select id, person, program_id, decided_at from purchase
         where id > ?1 and decided_at < ?2 and line <> 255 and {} order by id limit ?3",
        is_left("purchase.id")
    );
    let most = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
    let mut bought = Vec::new();
    let mut after = after;
    while bought.len() < limit {
        let from = behind(after);
        let looked_at: Vec<Bought> = reader.snapshot(|connection, names| {
            rows(connection, &sql, params![from, bought_before.0, most], |row| {
                Bought::of(row, |number| names.program(number))
            })
        })?;
        let is_last = looked_at.len() < LOOKED_AT;
        after = looked_at.last().map(|last| last.due.0);
        let over =
            looked_at.into_iter().filter(|one| validity.is_over(&one.program, one.at, until));
        bought.extend(over.map(|one| one.due));
        if is_last {
            break;
        }
    }
    due.extend(bought);
    due.sort_unstable_by_key(|(id, _)| *id);
    due.truncate(limit);
    Ok(due)
}

fn given(
    reader: &mut Reader,
    until: Timestamp,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<Vec<Due>, StoreError> {
    let sql = format!(
        "select id, receiver from voucher_move
         where kind = 'gifted' and id > ?1 and due_at <= ?2 and {}
         order by id limit ?3",
        is_left("voucher_move.id")
    );
    let from = behind(after);
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    reader.snapshot(|connection: &Connection, _| {
        rows(connection, &sql, params![from, until.0, most], |row| due_of("voucher_move", row))
    })
}

/// What every id that is looked for is above: nothing is below all of them.
fn behind(after: Option<VoucherId>) -> Vec<u8> {
    after.map(|id| id.0.to_be_bytes().to_vec()).unwrap_or_default()
}

fn due_of(table: &'static str, row: &Row<'_>) -> Result<Due, StoreError> {
    let id: [u8; 16] = row.get(0).map_err(said)?;
    Ok((VoucherId(u128::from_be_bytes(id)), Columns::new(table, row).person(1)?))
}

/// A purchase whose voucher may be over.
struct Bought {
    due: Due,
    program: ProgramId,
    at: Timestamp,
}

impl Bought {
    fn of(
        row: &Row<'_>,
        program: impl FnOnce(i64) -> Result<ProgramId, StoreError>,
    ) -> Result<Bought, StoreError> {
        let number: i64 = row.get(2).map_err(said)?;
        let at = Timestamp(row.get(3).map_err(said)?);
        Ok(Bought { due: due_of("purchase", row)?, program: program(number)?, at })
    }
}
