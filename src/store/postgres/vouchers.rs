//! The reads of the port about vouchers after their sale.

use super::composite::Hidden;
use super::decode::{Columns, REFUSAL, VOUCHER_MOVE};
use super::names::Names;
use super::point::{self, placed, select};
use super::reader::{PLACE, Parameter, Query, Reader, hidden, plain};
use crate::store::due::{Due, LookedAt, Validity};
use openrun_actors::store::{DueVouchers, StoreError};
use openrun_core::{PersonKey, StoredEvent, Timestamp, VoucherId};
use tokio_postgres::Row;

/// What is left of a voucher after its last move, if it ever moved.
fn is_left(voucher: &str) -> String {
    format!(
        "coalesce((select last.balance_after from voucher_move as last where last.voucher = {voucher}
                   order by last.move_no desc limit 1), 1) > 0"
    )
}

pub(super) async fn voucher_events(
    reader: &Reader,
    person: PersonKey,
) -> Result<Vec<StoredEvent>, StoreError> {
    let asked = [
        (&VOUCHER_MOVE, "where person = $1"),
        (&VOUCHER_MOVE, "where receiver = $1"),
        (&REFUSAL, "where person = $1 and stream_id < 0"),
    ];
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

pub(super) async fn open_paybacks(reader: &Reader) -> Result<Vec<StoredEvent>, StoreError> {
    // Steps of paybacks are those that name a round, and few beside all moves.
    let which = "where round_id is not null and kind = 'payback_sent'
            and not exists (
                select from voucher_move as ended
                where ended.id = voucher_move.id and ended.kind in ('paid_back', 'payback_refused'))
        order by stream_id, seq";
    of_moves(reader, which, Vec::new()).await
}

async fn of_moves(
    reader: &Reader,
    which: &str,
    parameters: Vec<Parameter>,
) -> Result<Vec<StoredEvent>, StoreError> {
    let found = reader.rows(&select(&VOUCHER_MOVE, which), parameters).await?;
    let events = reader.decode(&found, placed(&VOUCHER_MOVE)).await?;
    Ok(events.into_iter().map(|(_, stored)| stored).collect())
}

/// What was bought by the rules of its day, and what was given by what its gift says. What is not
/// known to be durable is looked at and not found: it is found the next time, and nobody waits for
/// a stream in doubt before the others go on.
pub(super) async fn vouchers_due(
    reader: &Reader,
    until: Timestamp,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<DueVouchers, StoreError> {
    let validity = Validity::of(point::durable_programs(reader).await?);
    let given = given(reader, until, after, limit).await?;
    let bought = match validity.bought_before(until) {
        Some(before) => bought(reader, &validity, (before, until), after, limit).await?,
        None => LookedAt::none(),
    };
    Ok(bought.with(given))
}

/// What is left is only looked up where the time may be over.
async fn bought(
    reader: &Reader,
    validity: &Validity,
    (before, until): (Timestamp, Timestamp),
    after: Option<VoucherId>,
    limit: usize,
) -> Result<LookedAt, StoreError> {
    let sql = format!(
        "select id, person, case when decided_at < $2 and line <> 255 then {} else false end, program_id,
            decided_at, {PLACE}
         from purchase where id > $1 order by id limit $3",
        is_left("purchase.id")
    );
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = reader.seen(&sql, vec![behind(after), plain(before.0), plain(most)]).await?;
    let looked_at = |row: &Row, names: &Names| {
        let (program, at) = (names.program(row.get(3))?, Timestamp(row.get(4)));
        let (due, is_left) = looked_at(row)?;
        let is_over = is_left && validity.is_over(&program, at, until);
        Ok((due, is_over && reader.is_durable(row)))
    };
    Ok(LookedAt::of(reader.decode(&found, looked_at).await?, limit))
}

async fn given(
    reader: &Reader,
    until: Timestamp,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<LookedAt, StoreError> {
    let sql = format!(
        "select id, receiver, case when due_at <= $2 then {} else false end, {PLACE}
         from voucher_move where kind = 'gifted' and id > $1 order by id limit $3",
        is_left("voucher_move.id")
    );
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = reader.seen(&sql, vec![behind(after), plain(until.0), plain(most)]).await?;
    let looked_at = |row: &Row, _: &Names| {
        let (due, is_over) = looked_at(row)?;
        Ok((due, is_over && reader.is_durable(row)))
    };
    Ok(LookedAt::of(reader.decode(&found, looked_at).await?, limit))
}

/// What every id that is looked for is above: nothing is below all of them.
fn behind(after: Option<VoucherId>) -> Parameter {
    Box::new(Hidden(after.map(|id| id.0.to_be_bytes().to_vec()).unwrap_or_default()))
}

/// A voucher with whose it is, and whether it may be due.
fn looked_at(row: &Row) -> Result<(Due, bool), StoreError> {
    let columns = Columns::new("voucher", row);
    let due = (VoucherId(u128::from_be_bytes(columns.bytes(0)?)), columns.person(1)?);
    Ok((due, row.get(2)))
}
