//! PostgreSQL under audit: one snapshot of one connection, as the role that reads.
//!
//! Blocks: the audit is a command of its own. Long reads go through cursors, so that no more of a
//! store is in memory than a few thousand rows of each table. Waits for no writer, and no writer
//! waits for it.

use super::connect::{self, Purpose};
use super::decode::{
    self, CLAIM, HOLD, JOURNAL, PAYMENT_STEP, PERSON, PLACE_END, PURCHASE, REFUSAL, TICKET, Table,
    VOUCHER_MOVE,
};
use super::fault::{Fault, in_words};
use super::names::{self, Names, PEOPLE};
use super::place::Place;
use super::reader::SNAPSHOT;
use super::tls;
use crate::store::audit::{BatchRow, Examined, Found, OwnRule, Piece, StreamRow};
use futures_util::TryStreamExt;
use openrun_core::{ProgramId, StreamId};
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Error, Row};

/// What keeps rows from being changed, and what keeps wrong ones out, is there and in force.
const GUARDS_RULE: OwnRule =
    ("store-guards-intact", include_str!("../../../sql/postgres/audit/store-guards-intact.sql"));
/// The tables of events, in no order that matters.
const TABLES: [Table; 10] = [
    JOURNAL,
    PERSON,
    TICKET,
    PLACE_END,
    CLAIM,
    HOLD,
    PAYMENT_STEP,
    PURCHASE,
    REFUSAL,
    VOUCHER_MOVE,
];
const BATCHES: &str = "select first_seq, stream_id, count, epoch, hash from batch
                       order by stream_id, first_seq";
/// Rows fetched at once from each table.
const FETCHED: usize = 4_096;

/// What the first question is answered with where nothing was ever migrated: no role, no table.
const NO_TABLES: [&SqlState; 2] = [&SqlState::INVALID_PARAMETER_VALUE, &SqlState::UNDEFINED_TABLE];

/// A store under audit, as it stood when it was opened.
pub struct PostgresExamined {
    runtime: Runtime,
    client: Client,
}

impl PostgresExamined {
    /// Connects to the store that `url` names and takes the snapshot.
    ///
    /// # Errors
    /// What is wrong with the store, and what to do about it.
    pub fn open(url: &str) -> Result<PostgresExamined, Fault> {
        let mut place = Place::parse(url)?;
        // A standby is as good to read, and better for the primary.
        place.config.target_session_attrs(TargetSessionAttrs::Any);
        let tls = tls::connector(&place)?;
        let away = |cause: std::io::Error| Fault::Away {
            place: place.to_string(),
            cause: cause.to_string(),
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(away)?;
        let of = |error: Error| Fault::of(&place, &error);
        let first = |error: Error| match error.code() {
            Some(code) if NO_TABLES.contains(&code) => Fault::Empty { place: place.to_string() },
            _ => of(error),
        };
        let client = runtime.block_on(async {
            let (client, mut wire) =
                connect::connect(&place, &tls, "openrun audit").await.map_err(of)?;
            tokio::spawn(async move { wire.until_lost().await });
            client.batch_execute(&Purpose::Audit.session()).await.map_err(first)?;
            // The snapshot is that of the first read, and lasts until the connection ends.
            client.batch_execute(SNAPSHOT).await.map_err(of)?;
            client.batch_execute("select count(*) from migration").await.map_err(first)?;
            Ok(client)
        })?;
        Ok(PostgresExamined { runtime, client })
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
        self.runtime.block_on(work).map_err(|error| in_words(&error))
    }
}

impl Examined for PostgresExamined {
    fn own_rules(&self) -> &'static [OwnRule] {
        &[GUARDS_RULE]
    }

    fn ask(&mut self, sql: &str, told: usize) -> Result<Found, String> {
        self.wait(find(&self.client, sql, told))
    }

    fn streams(&mut self) -> Result<Vec<StreamRow>, String> {
        let sql = "select stream.id, stream.next_seq, stream.hash, name.text
                   from stream left join name on name.id = abs(stream.id)";
        let rows = self.wait(self.client.query(sql, &[]))?;
        let read = |row: &Row| {
            let number: i64 = row.get(0);
            let name: Option<&str> = row.get(3);
            let program = name.and_then(ProgramId::new);
            let stream = match number.cmp(&PEOPLE) {
                Ordering::Equal => Some(StreamId::People),
                Ordering::Greater => program.map(StreamId::Program),
                Ordering::Less => program.map(StreamId::Vouchers),
            };
            StreamRow { number, stream, next_seq: count(row, 1), hash: hash(row, 2) }
        };
        Ok(rows.iter().map(read).collect())
    }

    fn replay(&mut self, each: &mut dyn FnMut(i64, Piece)) -> Result<(), String> {
        self.wait(merge(&self.client, each))
    }
}

/// The rows of a query in words, each value as the server says it but for bytes.
async fn find(client: &Client, sql: &str, told: usize) -> Result<Found, Error> {
    let asked = client.prepare(sql).await?;
    let columns = asked.columns().iter().enumerate().map(|(index, column)| {
        let name = format!("\"{}\"", column.name().replace('"', "\"\""));
        match *column.type_() {
            // People, ids and hashes are bytes: said to be there, never said.
            Type::BYTEA => format!("'(' || length({name}) || ' bytes)' as c{index}"),
            _ => format!("{name}::text as c{index}"),
        }
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let in_words = format!("select {columns} from (\n{sql}\n) as asked");
    let none: [&str; 0] = [];
    let mut rows = pin!(client.query_raw(&in_words, none).await?);
    let mut found = Found::default();
    while let Some(row) = rows.try_next().await? {
        found.count += 1;
        if found.first.len() < told {
            let values = asked.columns().iter().enumerate();
            let values = values.map(|(index, column)| {
                Ok((column.name().to_owned(), row.try_get::<_, Option<String>>(index)?))
            });
            found.first.push(values.collect::<Result<_, Error>>()?);
        }
    }
    Ok(found)
}

/// Every row of every table, in the order of stream and place.
async fn merge(client: &Client, each: &mut dyn FnMut(i64, Piece)) -> Result<(), Error> {
    let names = Names::of(&client.query(names::ALL, &[]).await?);
    let mut sources = Vec::with_capacity(TABLES.len() + 1);
    // Batches first: of two pieces of the same place the first source goes first.
    for table in std::iter::once(None).chain(TABLES.into_iter().map(Some)) {
        let (name, sql) = match &table {
            None => ("batch", BATCHES.to_owned()),
            Some(table) => (table.name, every_row_of(table)),
        };
        client.batch_execute(&format!("declare every_{name} no scroll cursor for {sql}")).await?;
        let fetch = format!("fetch {FETCHED} from every_{name}");
        let mut source = Source { fetch, rows: VecDeque::new(), is_last: false, table, head: None };
        source.take(client, &names).await?;
        sources.push(source);
    }
    loop {
        let with_head = sources.iter_mut().filter(|source| source.head.is_some());
        let place = |source: &&mut Source| source.head.as_ref().map(|head| head.place);
        let Some(earliest) = with_head.min_by_key(place) else { break };
        if let Some(Head { place: (stream, _), piece }) = earliest.take(client, &names).await? {
            each(stream, piece);
        }
    }
    client.batch_execute("close all").await
}

/// Sign-ups lie in the people's stream without saying so.
fn every_row_of(table: &Table) -> String {
    let is_person = table.name == PERSON.name;
    let stream = if is_person { "0::bigint as stream_id" } else { "stream_id" };
    let Table { name, columns, .. } = table;
    format!("select {columns}, {stream} from {name} order by stream_id, seq")
}

/// One table, read in the order of stream and place.
struct Source {
    fetch: String,
    rows: VecDeque<Row>,
    is_last: bool,
    /// None: the batches.
    table: Option<Table>,
    head: Option<Head>,
}

struct Head {
    place: (i64, u64),
    piece: Piece,
}

impl Source {
    /// Gives the head away and reads the next.
    async fn take(&mut self, client: &Client, names: &Names) -> Result<Option<Head>, Error> {
        if self.rows.is_empty() && !self.is_last {
            self.rows = client.query(&self.fetch, &[]).await?.into();
            self.is_last = self.rows.len() < FETCHED;
        }
        let next = self.rows.pop_front().map(|row| self.read(&row, names));
        Ok(std::mem::replace(&mut self.head, next))
    }

    fn read(&self, row: &Row, names: &Names) -> Head {
        let seq = count(row, 0);
        let stream: i64 = row.get("stream_id");
        let piece = match &self.table {
            None => Piece::Batch(BatchRow {
                first_seq: seq,
                count: count(row, 2),
                epoch: count(row, 3),
                hash: hash(row, 4),
            }),
            Some(table) => match table.event(decode::Source::Row(row), names) {
                Ok(stored) => Piece::Event(stored),
                Err(cause) => Piece::Damaged { seq, problem: cause.0 },
            },
        };
        Head { place: (stream, seq), piece }
    }
}

/// What is no count is none: no place, no event, no epoch.
fn count(row: &Row, column: usize) -> u64 {
    read::<i64>(row, column).and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

fn hash(row: &Row, column: usize) -> Option<[u8; 32]> {
    read::<&[u8]>(row, column).and_then(|bytes| bytes.try_into().ok())
}

fn read<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Option<T> {
    row.try_get(column).ok()
}
