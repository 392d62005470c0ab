//! The reads of the port about vouchers after their sale.

use super::composite::Hidden;
use super::decode::{Columns, REFUSAL, VOUCHER_MOVE};
use super::names::Names;
use super::point::{self, placed, select};
use super::reader::{PLACE, Parameter, Query, Reader, hidden, plain};
use crate::store::due::{Due, Validity};
use openrun_actors::store::StoreError;
use openrun_core::{PersonKey, ProgramId, RoundId, StoredEvent, Timestamp, VoucherId};
use tokio_postgres::Row;

/// Purchases looked at together when vouchers are looked for whose time is over.
const LOOKED_AT: usize = 4_096;

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

pub(super) async fn paybacks_of(
    reader: &Reader,
    round: &RoundId,
) -> Result<Vec<StoredEvent>, StoreError> {
    let which = "where round_id = (select id from name where text = $1)
            and kind in ('payback_sent', 'paid_back')
        order by stream_id, seq";
    of_moves(reader, which, vec![plain(round.to_string())]).await
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

/// What was bought by the rules of its day, and what was given by what its gift says.
pub(super) async fn vouchers_due(
    reader: &Reader,
    until: Timestamp,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<Vec<Due>, StoreError> {
    let validity = Validity::of(point::programs(reader).await?);
    let mut due = given(reader, until, after, limit).await?;
    let Some(bought_before) = validity.bought_before(until) else { return Ok(due) };
    let sql = format!(
        "select id, person, program_id, decided_at, {PLACE} from purchase
         where id > $1 and decided_at < $2 and line <> 255 and {} order by id limit $3",
        is_left("purchase.id")
    );
    let most = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
    let mut bought = Vec::new();
    let mut after = after;
    while bought.len() < limit {
        let from = behind(after);
        let page = vec![from, plain(bought_before.0), plain(most)];
        let looked_at = reader.rows(&sql, page).await?;
        let looked_at = reader.decode(&looked_at, Bought::of).await?;
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

async fn given(
    reader: &Reader,
    until: Timestamp,
    after: Option<VoucherId>,
    limit: usize,
) -> Result<Vec<Due>, StoreError> {
    let sql = format!(
        "select id, receiver, {PLACE} from voucher_move
         where kind = 'gifted' and id > $1 and due_at <= $2 and {}
         order by id limit $3",
        is_left("voucher_move.id")
    );
    let from = behind(after);
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = reader.rows(&sql, vec![from, plain(until.0), plain(most)]).await?;
    reader.decode(&found, |row, _| due_of(row)).await
}

/// What every id that is looked for is above: nothing is below all of them.
fn behind(after: Option<VoucherId>) -> Parameter {
    Box::new(Hidden(after.map(|id| id.0.to_be_bytes().to_vec()).unwrap_or_default()))
}

fn due_of(row: &Row) -> Result<Due, StoreError> {
    let columns = Columns::new("voucher", row);
    Ok((VoucherId(u128::from_be_bytes(columns.bytes(0)?)), columns.person(1)?))
}

/// A purchase whose voucher may be over.
struct Bought {
    due: Due,
    program: ProgramId,
    at: Timestamp,
}

impl Bought {
    fn of(row: &Row, names: &Names) -> Result<Bought, StoreError> {
        let (program, at) = (names.program(row.get(2))?, Timestamp(row.get(3)));
        Ok(Bought { due: due_of(row)?, program, at })
    }
}
