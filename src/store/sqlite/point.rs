//! The short reads of the port, each one question to one snapshot.

use super::decode::{self, HOLD, JOURNAL, PAYMENT_STEP, PURCHASE, REFUSAL, Table};
use super::names::{NameOfNumber, PEOPLE, said};
use super::reader::Reader;
use openrun_actors::store::{LogPlace, Standing, StoreError};
use openrun_core::purchase::PurchaseState;
use openrun_core::{
    Event, PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, StreamId, Suspension,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql, params};
use std::collections::HashMap;

/// Every program as its newest change left it, in the order in which they came to be.
pub(super) fn programs(reader: &mut Reader) -> Result<Vec<Program>, StoreError> {
    let mut programs: HashMap<u64, (LogPlace, Program)> = HashMap::new();
    for (place, stored) in journal_of_kind(reader, "program_changed")? {
        let Event::ProgramChanged { program } = stored.event else { continue };
        // A stream is a program's, and its rows come in their order: the last one stands.
        match programs.get_mut(&place.stream) {
            Some((_, newest)) => *newest = program,
            None => drop(programs.insert(place.stream, (place, program))),
        }
    }
    Ok(oldest_first(programs.into_values().collect()))
}

/// Every round in the order of its first definition.
pub(super) fn rounds(reader: &mut Reader) -> Result<Vec<RoundId>, StoreError> {
    let mut rounds: HashMap<RoundId, LogPlace> = HashMap::new();
    for (place, stored) in journal_of_kind(reader, "round_defined")? {
        let Event::RoundDefined { spec } = stored.event else { continue };
        rounds.entry(spec.id).or_insert(place);
    }
    Ok(oldest_first(rounds.into_iter().map(|(id, place)| (place, id)).collect()))
}

/// What is switched off for a time, as the newest change says.
pub(super) fn suspensions(reader: &mut Reader) -> Result<Vec<Suspension>, StoreError> {
    let changes = journal_of_kind(reader, "suspensions_changed")?;
    let newest = changes.into_iter().next_back().map(|(_, stored)| stored.event);
    Ok(match newest {
        Some(Event::SuspensionsChanged { suspensions }) => suspensions,
        _ => Vec::new(),
    })
}

fn oldest_first<T>(mut placed: Vec<(LogPlace, T)>) -> Vec<T> {
    placed.sort_unstable_by_key(|(place, _)| (place.at, place.stream, place.seq));
    placed.into_iter().map(|(_, item)| item).collect()
}

/// Those of one stream in their order.
fn journal_of_kind(
    reader: &mut Reader,
    kind: &'static str,
) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
    let sql = select(&JOURNAL, "where kind = ?1 order by stream_id, seq");
    reader.snapshot(|connection, names| placed(connection, names, &JOURNAL, &sql, [kind]))
}

/// What a person held, bought and was refused, those of one program in the order of `seq`.
pub(super) fn person_events(
    reader: &mut Reader,
    person: PersonKey,
) -> Result<Vec<StoredEvent>, StoreError> {
    let steps = "where kind in ('payment_sent', 'voided')
                 and id in (select id from hold where person = ?1)";
    let of_person = "where person = ?1";
    let refused = "where person = ?1 and stream_id > 0";
    reader.snapshot(|connection, names| {
        let mut events = Vec::new();
        for (table, which) in [
            (&HOLD, of_person),
            (&PAYMENT_STEP, steps),
            (&PURCHASE, of_person),
            (&REFUSAL, refused),
        ] {
            let sql = select(table, which);
            events.extend(placed(connection, names, table, &sql, [person.0])?);
        }
        events.sort_unstable_by_key(|(place, _)| (place.stream, place.seq));
        Ok(events.into_iter().map(|(_, stored)| stored).collect())
    })
}

/// A purchase that was issued stands in `purchase`, whatever else there is of it; what became of a
/// hold is said by its steps.
pub(super) fn purchase(
    reader: &mut Reader,
    id: PurchaseId,
) -> Result<Option<Purchase>, StoreError> {
    let id = id.0.to_be_bytes();
    reader.snapshot(|connection, names| {
        let issued = bought(connection, names, "where id = ?1", &[&id])?;
        let found = match issued.is_empty() {
            true => held(connection, names, "where id = ?1", &[&id])?,
            false => issued,
        };
        Ok(found.into_iter().next())
    })
}

/// A cursor that is not a purchase of this person has nothing before it.
pub(super) fn purchases_of(
    reader: &mut Reader,
    person: PersonKey,
    before: Option<PurchaseId>,
    limit: usize,
) -> Result<Vec<Purchase>, StoreError> {
    let before = before.map(|id| id.0.to_be_bytes());
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let page = "where person = ?1 and (?2 is null or id < (
            select max(id) from (
                select id from purchase where id = ?2 and person = ?1
                union all select id from hold where id = ?2 and person = ?1)))
         order by id desc limit ?3";
    let not_issued = page.replacen(
        "where",
        "where not exists (select 1 from purchase where id = hold.id) and",
        1,
    );
    reader.snapshot(|connection, names| {
        let of_person: [&dyn ToSql; 3] = [&person.0, &before, &most];
        let mut found = bought(connection, names, page, &of_person)?;
        found.extend(held(connection, names, &not_issued, &of_person)?);
        found.sort_unstable_by_key(|purchase| std::cmp::Reverse(purchase.id));
        found.truncate(limit);
        Ok(found)
    })
}

fn bought(
    connection: &Connection,
    names: &NameOfNumber,
    which: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<Purchase>, StoreError> {
    let cancelled = "exists (
        select 1 from voucher_move as paid_back
        where paid_back.voucher = purchase.id and paid_back.kind = 'paid_back'
            and paid_back.cause = 'cancel')";
    let sql = format!("select {}, {cancelled} from purchase {which}", PURCHASE.columns);
    rows(connection, &sql, parameters, |row| {
        let state = match row.get(CANCELLED).map_err(said)? {
            true => PurchaseState::Cancelled,
            false => PurchaseState::Issued,
        };
        decode::purchase("purchase", row, names, state)
    })
}

/// Where the answer whether it was cancelled stands behind the columns of a purchase.
const CANCELLED: usize = 20;

/// Holds that were not issued, in the state in which their steps left them.
fn held(
    connection: &Connection,
    names: &NameOfNumber,
    which: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<Purchase>, StoreError> {
    let has = |kind: &str| {
        format!("exists (select 1 from payment_step where id = hold.id and kind = '{kind}')")
    };
    let (voided, sent) = (has("voided"), has("payment_sent"));
    let sql = format!("select {}, {voided}, {sent} from hold {which}", HOLD.columns);
    let (voided, sent) = (HELD_VOIDED, HELD_VOIDED + 1);
    rows(connection, &sql, parameters, |row| {
        let state = match (row.get(voided).map_err(said)?, row.get(sent).map_err(said)?) {
            (true, _) => PurchaseState::Voided,
            (false, true) => PurchaseState::Paying,
            (false, false) => PurchaseState::Held,
        };
        decode::purchase("hold", row, names, state)
    })
}

/// Where the first of the two answers about its steps stands behind the columns of a hold.
const HELD_VOIDED: usize = 21;

pub(super) fn staff_log(
    reader: &mut Reader,
    before: Option<LogPlace>,
    limit: usize,
) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
    let most = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let newest =
        "where kind = 'staff_acted' and (?1 is null or (at, seq, stream_id) < (?1, ?2, ?3))
                  order by at desc, seq desc, stream_id desc limit ?4";
    let sql = select(&JOURNAL, newest);
    let (at, seq, stream) = match before {
        Some(place) => (Some(place.at.0), most(place.seq), most(place.stream)),
        None => (None, 0, 0),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    reader.snapshot(|connection, names| {
        placed(connection, names, &JOURNAL, &sql, params![at, seq, stream, limit])
    })
}

pub(super) fn standing(
    reader: &mut Reader,
    stream: &StreamId,
) -> Result<Option<Standing>, StoreError> {
    let sql = "select epoch, next_seq, hash from stream where id = ?1";
    reader.snapshot(|connection, _| {
        let Some(number) = number_of(connection, stream)? else { return Ok(None) };
        let read = |row: &Row<'_>| {
            let (epoch, next_seq): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (epoch, next_seq) = (epoch.unsigned_abs(), next_seq.unsigned_abs());
            Ok(Standing { epoch, next_seq, hash: row.get(2)? })
        };
        let mut statement = connection.prepare_cached(sql).map_err(said)?;
        statement.query_row([number], read).optional().map_err(said)
    })
}

pub(super) fn hash_at(
    reader: &mut Reader,
    stream: &StreamId,
    next_seq: u64,
) -> Result<Option<[u8; 32]>, StoreError> {
    // The one batch that can end there is the last that begins before.
    let batch = "select hash from (
            select first_seq, count, hash from batch where stream_id = ?1 and first_seq < ?2
            order by first_seq desc limit 1
        ) where first_seq + count = ?2";
    let beginning = "select zeroblob(32) from stream where id = ?1 and ?2 = 1";
    let sql = if next_seq == 1 { beginning } else { batch };
    reader.snapshot(|connection, _| {
        let Some(number) = number_of(connection, stream)? else { return Ok(None) };
        let Ok(next_seq) = i64::try_from(next_seq) else { return Ok(None) };
        let mut statement = connection.prepare_cached(sql).map_err(said)?;
        statement.query_row([number, next_seq], |row| row.get(0)).optional().map_err(said)
    })
}

fn number_of(connection: &Connection, stream: &StreamId) -> Result<Option<i64>, StoreError> {
    let (program, sign) = match stream {
        StreamId::People => return Ok(Some(PEOPLE)),
        StreamId::Program(program) => (program, 1),
        StreamId::Vouchers(program) => (program, -1),
    };
    let sql = "select id * ?2 from name where text = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(said)?;
    statement.query_row(params![program.as_str(), sign], |row| row.get(0)).optional().map_err(said)
}

/// Reads the one thing that every store has from its first migration on.
pub(super) fn ping(reader: &mut Reader) -> Result<(), StoreError> {
    reader.snapshot(|connection, _| {
        let sql = "select count(*) from migration";
        connection.query_row(sql, [], |row| row.get(0)).map(|_: i64| ()).map_err(said)
    })
}

/// The events of a table, each with its stream behind the columns.
pub(super) fn select(table: &Table, which: &str) -> String {
    format!("select {}, stream_id from {} {which}", table.columns, table.name)
}

pub(super) fn placed(
    connection: &Connection,
    names: &NameOfNumber,
    table: &Table,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
    rows(connection, sql, parameters, |row| {
        let stored = (table.decode)(row, names)?;
        let stream: i64 = row.get("stream_id").map_err(said)?;
        let (at, seq, stream) = (stored.at, stored.seq, stream.unsigned_abs());
        Ok((LogPlace { at, seq, stream }, stored))
    })
}

pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    decode: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(said)?;
    let mut found = statement.query(parameters).map_err(said)?;
    let mut decoded = Vec::new();
    while let Some(row) = found.next().map_err(said)? {
        decoded.push(decode(row)?);
    }
    Ok(decoded)
}
