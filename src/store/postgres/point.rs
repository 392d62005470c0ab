//! The short reads of the port, each one question to one snapshot.

use super::decode::{self, HOLD, JOURNAL, PAYMENT_STEP, PURCHASE, REFUSAL, Source, Table};
use super::names::Names;
use super::reader::{PLACE, Query, Reader, hidden, hidden_or_none, plain};
use openrun_actors::store::{LogPlace, Standing, StoreError};
use openrun_core::{
    Event, PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, StreamId, Suspension,
};
use std::collections::HashMap;
use tokio_postgres::Row;

pub(super) type Placed = (LogPlace, StoredEvent);

/// Events of one kind in the journal, those of one stream in their order.
const OF_KIND: &str = "where kind = $1 order by stream_id, seq";
/// What makes a program, and what changes it.
const PROGRAM_CHANGED: &str = "program_changed";

/// Every program as its newest change left it, in the order in which they came to be.
pub(super) async fn programs(reader: &Reader) -> Result<Vec<Program>, StoreError> {
    Ok(newest_of(journal_of_kind(reader, PROGRAM_CHANGED).await?))
}

/// Every program as its newest change left it that is known to be durable. Waits for none: one
/// whose stream is in doubt keeps no other back.
pub(super) async fn durable_programs(reader: &Reader) -> Result<Vec<Program>, StoreError> {
    let sql = select(&JOURNAL, OF_KIND);
    let mut found = reader.seen(&sql, vec![plain(PROGRAM_CHANGED)]).await?;
    found.retain(|row| reader.is_durable(row));
    Ok(newest_of(reader.decode(&found, placed(&JOURNAL)).await?))
}

/// Of changes in the order of their streams.
fn newest_of(changes: Vec<Placed>) -> Vec<Program> {
    let mut programs: HashMap<u64, (LogPlace, Program)> = HashMap::new();
    for (place, stored) in changes {
        let Event::ProgramChanged { program } = stored.event else { continue };
        // A stream is a program's, and its rows come in their order: the last one stands.
        match programs.get_mut(&place.stream) {
            Some((_, newest)) => *newest = program,
            None => drop(programs.insert(place.stream, (place, program))),
        }
    }
    oldest_first(programs.into_values().collect())
}

/// Every round in the order of its first definition.
pub(super) async fn rounds(reader: &Reader) -> Result<Vec<RoundId>, StoreError> {
    let mut rounds: HashMap<RoundId, LogPlace> = HashMap::new();
    for (place, stored) in journal_of_kind(reader, "round_defined").await? {
        let Event::RoundDefined { spec } = stored.event else { continue };
        rounds.entry(spec.id).or_insert(place);
    }
    Ok(oldest_first(rounds.into_iter().map(|(id, place)| (place, id)).collect()))
}

/// What is switched off for a time, as the newest change says.
pub(super) async fn suspensions(reader: &Reader) -> Result<Vec<Suspension>, StoreError> {
    let changes = journal_of_kind(reader, "suspensions_changed").await?;
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
async fn journal_of_kind(reader: &Reader, kind: &'static str) -> Result<Vec<Placed>, StoreError> {
    let sql = select(&JOURNAL, OF_KIND);
    let found = reader.rows(&sql, vec![plain(kind)]).await?;
    reader.decode(&found, placed(&JOURNAL)).await
}

/// What a person held, bought and was refused, those of one program in the order of `seq`.
pub(super) async fn person_events(
    reader: &Reader,
    person: PersonKey,
) -> Result<Vec<StoredEvent>, StoreError> {
    let steps = "where kind in ('payment_sent', 'voided')
                 and id in (select id from hold where person = $1)";
    let of_person = "where person = $1";
    let refused = "where person = $1 and stream_id > 0";
    let asked =
        [(&HOLD, of_person), (&PAYMENT_STEP, steps), (&PURCHASE, of_person), (&REFUSAL, refused)];
    let queries = asked.map(|(table, which)| Query {
        sql: select(table, which),
        parameters: vec![hidden(person.0)],
    });
    let mut events = Vec::new();
    for ((table, _), found) in asked.iter().zip(reader.ask(&queries).await?) {
        events.extend(reader.decode(&found, placed(table)).await?);
    }
    events.sort_unstable_by_key(|(place, _)| (place.stream, place.seq));
    Ok(events.into_iter().map(|(_, stored)| stored).collect())
}

/// Whether the money for a purchase went back.
const CANCELLED: &str = "exists (
    select from voucher_move as paid_back
    where paid_back.voucher = purchase.id and paid_back.kind = 'paid_back'
        and paid_back.cause = 'cancel')";

/// A purchase that was issued stands in `purchase`, whatever else there is of it; what became of a
/// hold is said by its steps. One statement, and so one snapshot.
fn purchases_where(which: &str) -> String {
    let has = |kind: &str| {
        format!(
            "exists (select from payment_step
                     where payment_step.id = hold.id and payment_step.kind = '{kind}')"
        )
    };
    let (voided, sent, columns) = (has("voided"), has("payment_sent"), PURCHASE.columns);
    format!(
        "select {columns}, case when {CANCELLED} then 'cancelled' else 'issued' end as state, {PLACE}
         from purchase where {which}
         union all
         select {columns},
             case when {voided} then 'voided' when {sent} then 'paying' else 'held' end,
             stream_id, greatest(seq, (
                 select max(step.seq) from payment_step as step where step.id = hold.id))
         from hold
         where {which} and not exists (select from purchase where purchase.id = hold.id)"
    )
}

pub(super) async fn purchase(
    reader: &Reader,
    id: PurchaseId,
) -> Result<Option<Purchase>, StoreError> {
    let sql = purchases_where("id = $1");
    let found = reader.rows(&sql, vec![hidden(id.0.to_be_bytes())]).await?;
    let found = reader.decode(&found, decode::standing_purchase).await?;
    Ok(found.into_iter().next())
}

/// A cursor that is not a purchase of this person has nothing before it.
pub(super) async fn purchases_of(
    reader: &Reader,
    person: PersonKey,
    before: Option<PurchaseId>,
    limit: usize,
) -> Result<Vec<Purchase>, StoreError> {
    let which = "person = $1 and ($2::bytea is null or id < (
            select cursor.id from (
                select id, person from purchase union all select id, person from hold
            ) as cursor where cursor.id = $2 and cursor.person = $1 limit 1))";
    let sql = format!("{} order by id desc limit $3", purchases_where(which));
    let before = before.map(|id| id.0.to_be_bytes());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let page = vec![hidden(person.0), hidden_or_none(before), plain(limit)];
    let found = reader.rows(&sql, page).await?;
    reader.decode(&found, decode::standing_purchase).await
}

pub(super) async fn staff_log(
    reader: &Reader,
    before: Option<LogPlace>,
    limit: usize,
) -> Result<Vec<Placed>, StoreError> {
    let most = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let newest = "where kind = 'staff_acted' and (at, seq, stream_id) < ($1, $2, $3)
                  order by at desc, seq desc, stream_id desc limit $4";
    let (at, seq, stream) = match before {
        Some(place) => (place.at.0, most(place.seq), most(place.stream)),
        None => (i64::MAX, i64::MAX, i64::MAX),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let page = vec![plain(at), plain(seq), plain(stream), plain(limit)];
    let found = reader.rows(&select(&JOURNAL, newest), page).await?;
    reader.decode(&found, placed(&JOURNAL)).await
}

/// The number of the stream whose program is `$1`, of the people's, or of a program's vouchers.
fn stream_number(stream: &StreamId) -> &'static str {
    match stream {
        StreamId::Vouchers(_) => "(select -id from name where text = $1)",
        _ => "(case when $1::text is null then 0 else (select id from name where text = $1) end)",
    }
}

fn program_of(stream: &StreamId) -> Option<String> {
    match stream {
        StreamId::People => None,
        StreamId::Program(program) | StreamId::Vouchers(program) => Some(program.to_string()),
    }
}

pub(super) async fn standing(
    reader: &Reader,
    stream: &StreamId,
) -> Result<Option<Standing>, StoreError> {
    // Also while in doubt: a witness asks this before a take-over, and that settles the doubt.
    let number = stream_number(stream);
    let sql = format!("select hash, epoch, next_seq from stream where id = {number}");
    let found = reader.rows(&sql, vec![plain(program_of(stream))]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let (epoch, next_seq): (i64, i64) = (row.get(1), row.get(2));
    let (epoch, next_seq) = (epoch.unsigned_abs(), next_seq.unsigned_abs());
    Ok(Some(Standing { epoch, next_seq, hash: hash_of(row)? }))
}

pub(super) async fn hash_at(
    reader: &Reader,
    stream: &StreamId,
    next_seq: u64,
) -> Result<Option<[u8; 32]>, StoreError> {
    let Ok(next_seq) = i64::try_from(next_seq) else { return Ok(None) };
    let number = stream_number(stream);
    // The one batch that can end there is the last that begins before.
    let sql = format!(
        "select hash from (
             select first_seq, count, hash from batch
             where stream_id = {number} and first_seq < $2
             order by first_seq desc limit 1
         ) as last where first_seq + count = $2
         union all
         select decode(repeat('00', 32), 'hex') from stream
         where id = {number} and $2 = 1"
    );
    let found = reader.rows(&sql, vec![plain(program_of(stream)), plain(next_seq)]).await?;
    found.first().map(hash_of).transpose()
}

fn hash_of(row: &Row) -> Result<[u8; 32], StoreError> {
    let hash: &[u8] = row.get(0);
    hash.try_into().map_err(|_| StoreError("a hash of the chain is damaged".to_owned()))
}

/// Reads what a server asks for first, so that it says more than that somebody listens.
pub(super) async fn ping(reader: &Reader) -> Result<(), StoreError> {
    reader.rows("select store_version()", Vec::new()).await.map(drop)
}

/// The events of a table, each with its place behind the columns.
pub(super) fn select(table: &Table, which: &str) -> String {
    format!("select {}, {PLACE} from {} {which}", table.columns, table.name)
}

pub(super) fn placed(table: &Table) -> impl Fn(&Row, &Names) -> Result<Placed, StoreError> + use<> {
    let table = *table;
    move |row, names| {
        let stored = table.event(Source::Row(row), names)?;
        let stream: i64 = row.get("stream_id");
        let (at, seq, stream) = (stored.at, stored.seq, stream.unsigned_abs());
        Ok((LogPlace { at, seq, stream }, stored))
    }
}
