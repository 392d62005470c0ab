//! The reads of the port about vouchers after their sale, each one question to one snapshot.

use super::decode::{Columns, REFUSAL, VOUCHER_MOVE};
use super::names::said;
use super::point::{self, placed, rows, select};
use super::reader::Reader;
use crate::store::due::{Due, LookedAt, Validity};
use openrun_actors::store::{DueVouchers, StoreError};
use openrun_core::{PersonKey, StoredEvent, Timestamp, VoucherId};
use rusqlite::{Connection, Row, ToSql, params};

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
) -> Result<DueVouchers, StoreError> {
    let validity = Validity::of(point::programs(reader)?);
    let given = given(reader, until, after, limit)?;
    let bought = match validity.bought_before(until) {
        Some(before) => bought(reader, &validity, (before, until), after, limit)?,
        None => LookedAt::none(),
    };
    Ok(bought.with(given))
}

/// What is left is only looked up where the time may be over.
fn bought(
    reader: &mut Reader,
    validity: &Validity,
    (before, until): (Timestamp, Timestamp),
    after: Option<VoucherId>,
    limit: usize,
) -> Result<LookedAt, StoreError> {
    let sql = format!(
        "select id, person, case when decided_at < ?2 and line <> 255 then {} else 0 end, program_id, decided_at
         from purchase where id > ?1 order by id limit ?3",
        is_left("purchase.id")
    );
    let (from, most) = (behind(after), i64::try_from(limit).unwrap_or(i64::MAX));
    let all = reader.snapshot(|connection, names| {
        rows(connection, &sql, params![from, before.0, most], |row| {
            let program = names.program(row.get(3).map_err(said)?)?;
            let at = Timestamp(row.get(4).map_err(said)?);
            let (due, is_left) = looked_at("purchase", row)?;
            Ok((due, is_left && validity.is_over(&program, at, until)))
        })
    })?;
    Ok(LookedAt::of(all, limit))
}

fn given(
    reader: &mut Reader,
    until: Timestamp,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<LookedAt, StoreError> {
    let sql = format!(
        "select id, receiver, case when due_at <= ?2 then {} else 0 end
         from voucher_move indexed by voucher_given
         where kind = 'gifted' and id > ?1 order by id limit ?3",
        is_left("voucher_move.id")
    );
    let (from, most) = (behind(after), i64::try_from(limit).unwrap_or(i64::MAX));
    let all = reader.snapshot(|connection: &Connection, _| {
        rows(connection, &sql, params![from, until.0, most], |row| looked_at("voucher_move", row))
    })?;
    Ok(LookedAt::of(all, limit))
}

/// What every id that is looked for is above: nothing is below all of them.
fn behind(after: Option<VoucherId>) -> Vec<u8> {
    after.map(|id| id.0.to_be_bytes().to_vec()).unwrap_or_default()
}

/// A voucher with whose it is, and whether it may be due.
fn looked_at(table: &'static str, row: &Row<'_>) -> Result<(Due, bool), StoreError> {
    let id: [u8; 16] = row.get(0).map_err(said)?;
    let person = Columns::new(table, row).person(1)?;
    Ok(((VoucherId(u128::from_be_bytes(id)), person), row.get(2).map_err(said)?))
}
