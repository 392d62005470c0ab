//! The embedded store under audit: its file, read from outside through one snapshot.
//!
//! Takes no lock, so that a server can go on writing to it. Long sorts go to files beside memory
//! (`temp_store`): a store may be larger than the memory of the machine that audits it.

use super::decode::{
    CLAIM, HOLD, JOURNAL, PAYMENT_STEP, PERSON, PLACE_END, PURCHASE, REFUSAL, TICKET, Table,
    VOUCHER_MOVE,
};
use super::file::open_to_read;
use super::names::{NameOfNumber, PEOPLE};
use crate::store::audit::{BatchRow, Examined, Found, OwnRule, Piece, StreamRow};
use openrun_core::{ProgramId, StreamId};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows};
use std::cmp::Ordering;
use std::path::Path;

/// SQLite's own check of pages and indexes. (It would check constraints too, but a connection that
/// only reads does not even load them: `store-rows-whole` does that.)
const FILE_RULE: OwnRule = (
    "store-file-intact",
    "select integrity_check as problem from pragma_integrity_check where integrity_check <> 'ok'",
);
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

/// A data file under audit, as it stood when it was opened.
pub struct SqliteExamined {
    connection: Connection,
}

impl SqliteExamined {
    /// Opens the data file at `path` and takes the snapshot.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn open(path: &Path) -> Result<SqliteExamined, String> {
        let said = |cause: rusqlite::Error| cause.to_string();
        let connection = open_to_read(path).map_err(said)?;
        // The snapshot is that of the first read, and lasts as long as the transaction: until this
        // is dropped.
        let snapshot = "pragma temp_store = file; begin; select count(*) from sqlite_schema;";
        connection.execute_batch(snapshot).map_err(said)?;
        Ok(SqliteExamined { connection })
    }

    fn find(&self, sql: &str, told: usize) -> rusqlite::Result<Found> {
        let mut statement = self.connection.prepare(sql)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        let mut found = Found::default();
        while let Some(row) = rows.next()? {
            found.count += 1;
            if found.first.len() < told {
                let mut values = Vec::with_capacity(columns.len());
                for (index, name) in columns.iter().enumerate() {
                    values.push((name.clone(), in_words(row.get_ref(index)?)));
                }
                found.first.push(values);
            }
        }
        Ok(found)
    }

    fn standings(&self) -> rusqlite::Result<Vec<StreamRow>> {
        let sql = "select stream.id, stream.next_seq, stream.hash, name.text
                   from stream left join name on name.id = abs(stream.id)";
        let mut statement = self.connection.prepare(sql)?;
        let read = |row: &Row<'_>| {
            let number: i64 = row.get(0)?;
            let name = row.get_ref(3)?.as_str().unwrap_or_default();
            let program = ProgramId::new(name);
            let stream = match number.cmp(&PEOPLE) {
                Ordering::Equal => Some(StreamId::People),
                Ordering::Greater => program.map(StreamId::Program),
                Ordering::Less => program.map(StreamId::Vouchers),
            };
            Ok(StreamRow { number, stream, next_seq: count(row, 1), hash: hash(row, 2) })
        };
        statement.query_map([], read)?.collect()
    }

    fn merge(&self, each: &mut dyn FnMut(i64, Piece)) -> rusqlite::Result<()> {
        let mut names = NameOfNumber::default();
        // Names that are damaged are missing, which the rows that bear them will say.
        let _ = names.refresh(&self.connection);
        let mut statements = vec![self.connection.prepare(BATCHES)?];
        for table in TABLES {
            statements.push(self.connection.prepare(&every_row_of(&table))?);
        }
        let mut sources = Vec::with_capacity(statements.len());
        // Batches first: of two pieces of the same place the first source goes first.
        let kinds = std::iter::once(None).chain(TABLES.into_iter().map(Some));
        for (statement, table) in statements.iter_mut().zip(kinds) {
            let mut source = Source { rows: statement.query([])?, table, head: None };
            source.take(&names)?;
            sources.push(source);
        }
        loop {
            let with_head = sources.iter_mut().filter(|source| source.head.is_some());
            let place = |source: &&mut Source<'_>| source.head.as_ref().map(|head| head.place);
            let Some(earliest) = with_head.min_by_key(place) else { return Ok(()) };
            if let Some(Head { place: (stream, _), piece }) = earliest.take(&names)? {
                each(stream, piece);
            }
        }
    }
}

impl Examined for SqliteExamined {
    fn own_rules(&self) -> &'static [OwnRule] {
        &[FILE_RULE]
    }

    fn ask(&mut self, sql: &str, told: usize) -> Result<Found, String> {
        self.find(sql, told).map_err(|cause| cause.to_string())
    }

    fn streams(&mut self) -> Result<Vec<StreamRow>, String> {
        self.standings().map_err(|cause| cause.to_string())
    }

    fn replay(&mut self, each: &mut dyn FnMut(i64, Piece)) -> Result<(), String> {
        self.merge(each).map_err(|cause| cause.to_string())
    }
}

/// Sign-ups lie in the people's stream without saying so.
fn every_row_of(table: &Table) -> String {
    let stream = if table.name == PERSON.name { "0 as stream_id" } else { "stream_id" };
    let Table { name, columns, .. } = table;
    format!("select {columns}, {stream} from {name} order by stream_id, seq")
}

/// One table, read in the order of stream and place.
struct Source<'s> {
    rows: Rows<'s>,
    /// None: the batches.
    table: Option<Table>,
    head: Option<Head>,
}

struct Head {
    place: (i64, u64),
    piece: Piece,
}

impl Source<'_> {
    /// Gives the head away and reads the next.
    fn take(&mut self, names: &NameOfNumber) -> rusqlite::Result<Option<Head>> {
        let next = match self.rows.next()? {
            None => None,
            Some(row) => {
                let seq = count(row, 0);
                let stream: i64 = row.get("stream_id").unwrap_or_default();
                let piece = match &self.table {
                    None => Piece::Batch(BatchRow {
                        first_seq: seq,
                        count: count(row, 2),
                        epoch: count(row, 3),
                        hash: hash(row, 4),
                    }),
                    Some(table) => match (table.decode)(row, names) {
                        Ok(stored) => Piece::Event(stored),
                        Err(cause) => Piece::Damaged { seq, problem: cause.0 },
                    },
                };
                Some(Head { place: (stream, seq), piece })
            }
        };
        Ok(std::mem::replace(&mut self.head, next))
    }
}

/// What is no count is none: no place, no event, no epoch.
fn count(row: &Row<'_>, column: usize) -> u64 {
    row.get(column).ok().and_then(|number: i64| u64::try_from(number).ok()).unwrap_or_default()
}

fn hash(row: &Row<'_>, column: usize) -> Option<[u8; 32]> {
    row.get(column).ok()
}

fn in_words(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        // People, ids and hashes are blobs: said to be there, never said.
        ValueRef::Blob(bytes) => Some(format!("({} bytes)", bytes.len())),
    }
}
