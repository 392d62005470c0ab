//! The short reads of the port, each one question to one snapshot.

use super::decode;
use super::names::{NameOfNumber, said};
use super::reader::Reader;
use openrun_actors::store::StoreError;
use openrun_core::{Event, PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent};
use rusqlite::{Connection, Params, Row, params};
use std::collections::HashSet;

/// Every program as its newest change left it, in the order in which they came to be.
pub(super) fn programs(reader: &mut Reader) -> Result<Vec<Program>, StoreError> {
    let mut programs: Vec<Program> = Vec::new();
    for stored in journal_of_kind(reader, "program_changed")? {
        let Event::ProgramChanged { program } = stored.event else { continue };
        match programs.iter_mut().find(|known| known.id == program.id) {
            Some(known) => *known = program,
            None => programs.push(program),
        }
    }
    Ok(programs)
}

/// Every round in the order of its first definition.
pub(super) fn rounds(reader: &mut Reader) -> Result<Vec<RoundId>, StoreError> {
    let defined = journal_of_kind(reader, "round_defined")?;
    let ids = defined.iter().filter_map(|stored| stored.event.round().cloned());
    let mut seen = HashSet::new();
    Ok(ids.filter(|id| seen.insert(id.clone())).collect())
}

fn journal_of_kind(
    reader: &mut Reader,
    kind: &'static str,
) -> Result<Vec<StoredEvent>, StoreError> {
    let columns = decode::JOURNAL_COLUMNS;
    let sql = format!("select {columns} from journal where kind = ?1 order by seq");
    reader.snapshot(|connection, _| rows(connection, &sql, [kind], decode::journal))
}

/// What a person bought and was refused, in the order of `seq`.
pub(super) fn person_events(
    reader: &mut Reader,
    person: PersonKey,
) -> Result<Vec<StoredEvent>, StoreError> {
    let columns = decode::PURCHASE_COLUMNS;
    let bought = format!("select {columns} from purchase where person = ?1");
    let columns = decode::REFUSAL_COLUMNS;
    let refused = format!("select {columns} from refusal where person = ?1");
    reader.snapshot(|connection, names| {
        let issued = |row: &Row<'_>| decode::issued(row, names);
        let mut events = rows(connection, &bought, [person.0], issued)?;
        let not = |row: &Row<'_>| decode::refused(row, person);
        events.extend(rows(connection, &refused, [person.0], not)?);
        events.sort_unstable_by_key(|stored| stored.seq);
        Ok(events)
    })
}

pub(super) fn purchase(
    reader: &mut Reader,
    id: PurchaseId,
) -> Result<Option<Purchase>, StoreError> {
    let sql = format!("select {} from purchase where id = ?1", decode::PURCHASE_COLUMNS);
    reader.snapshot(|connection, names| {
        let found = purchases(connection, names, &sql, [id.0.to_be_bytes()])?;
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
    let columns = decode::PURCHASE_COLUMNS;
    let newest = format!(
        "select {columns} from purchase where person = ?1 and (?2 is null or seq < (
            select seq from purchase where id = ?2 and person = ?1))
         order by seq desc limit ?3"
    );
    let before = before.map(|id| id.0.to_be_bytes());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    reader.snapshot(|connection, names| {
        purchases(connection, names, &newest, params![person.0, before, limit])
    })
}

pub(super) fn staff_log(
    reader: &mut Reader,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let columns = decode::JOURNAL_COLUMNS;
    let newest = format!(
        "select {columns} from journal where kind = 'staff_acted' and seq < ?1
         order by seq desc limit ?2"
    );
    let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    reader.snapshot(|connection, _| {
        rows(connection, &newest, params![before, limit], decode::journal)
    })
}

/// Reads the one row that is always there.
pub(super) fn ping(reader: &mut Reader) -> Result<(), StoreError> {
    reader.snapshot(|connection, _| {
        let sql = "select epoch from ownership";
        connection.query_row(sql, [], |row| row.get(0)).map(|_: i64| ()).map_err(said)
    })
}

fn purchases(
    connection: &Connection,
    names: &NameOfNumber,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<Purchase>, StoreError> {
    rows(connection, sql, parameters, |row| decode::purchase(row, names))
}

fn rows<T>(
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
