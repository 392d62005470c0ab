//! The long reads of the port: a thread and a connection each, answers in chunks, one snapshot from
//! first to last.
//!
//! Whoever asks sets the pace: the thread waits when [`CHUNKS_AHEAD`] chunks are not taken yet, and
//! ends when nobody listens any more. A thread of its own, so that streams opened together cannot
//! wait for each other.

use super::decode::{
    self, CLAIM, Columns, HOLD, JOURNAL, PAYMENT_STEP, PLACE_END, PURCHASE, TICKET, Table,
};
use super::names::{NameOfNumber, said};
use super::reader::Reader;
use crate::store::sold::SOLD;
use openrun_actors::store::{Chunks, StoreError};
use openrun_core::settlement::Sold;
use openrun_core::{PersonKey, RoundId, StoredEvent};
use rusqlite::{Connection, OptionalExtension, Rows};
use std::path::Path;
use tokio::sync::mpsc;

/// Rows in a chunk: about a megabyte of events, a few milliseconds of work on either side.
const CHUNK: usize = 4_096;
/// Chunks made ahead of the one that is being taken: enough to keep both sides busy.
const CHUNKS_AHEAD: usize = 4;

/// Everybody who signed up.
pub(super) const PEOPLE: &str = "select person from person";
/// Everybody who bought, held or was refused for ever, from the indexes alone.
pub(super) const BUYERS: [&str; 3] = [
    "select distinct person from purchase",
    "select distinct person from hold",
    "select distinct person from refusal",
];

/// Where a stream puts its rows.
pub(super) struct Out<T> {
    chunk: Vec<T>,
    chunks: mpsc::Sender<Result<Vec<T>, StoreError>>,
}

/// Nobody takes the chunks any more.
#[derive(Debug)]
struct NobodyListens;

impl<T> Out<T> {
    fn push(&mut self, item: T) -> Result<(), NobodyListens> {
        self.chunk.push(item);
        if self.chunk.len() < CHUNK {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), NobodyListens> {
        let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.chunks.blocking_send(Ok(full)).map_err(|_| NobodyListens)
    }
}

/// Starts a stream of what `read` puts out.
pub(super) fn start<T: Send + 'static>(
    path: &Path,
    read: impl FnOnce(&mut Reader, &mut Out<T>) -> Result<(), StoreError> + Send + 'static,
) -> Chunks<T> {
    let (chunks, receiver) = mpsc::channel(CHUNKS_AHEAD);
    let path = path.to_path_buf();
    let failed = chunks.clone();
    let run = move || {
        let mut out = Out { chunk: Vec::with_capacity(CHUNK), chunks };
        let done = Reader::open(&path).and_then(|mut reader| read(&mut reader, &mut out));
        // What was read before an error goes first; if nobody listens, there is nobody to tell.
        if !out.chunk.is_empty() && out.flush().is_err() {
            return;
        }
        if let Err(cause) = done {
            let _ = out.chunks.blocking_send(Err(cause));
        }
    };
    let started = std::thread::Builder::new().name("store-stream".to_owned()).spawn(run);
    if let Err(cause) = started {
        // The channel is empty, so there is room for this.
        let _ = failed.try_send(Err(StoreError(format!("a stream cannot start: {cause}"))));
    }
    receiver
}

/// Puts out the persons of one query after the other.
pub(super) fn persons(
    reader: &mut Reader,
    queries: &[&str],
    out: &mut Out<PersonKey>,
) -> Result<(), StoreError> {
    reader.snapshot(|connection, _| {
        for sql in queries {
            let mut statement = connection.prepare_cached(sql).map_err(said)?;
            let mut rows = statement.query([]).map_err(said)?;
            while let Some(row) = rows.next().map_err(said)? {
                if out.push(Columns::new("person", row).person(0)?).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}

/// The tables that hold a round.
const OF_A_ROUND: [Table; 7] = [JOURNAL, TICKET, PLACE_END, CLAIM, HOLD, PAYMENT_STEP, PURCHASE];

/// One table of a round, read in the order of `seq`.
struct Source<'s> {
    rows: Rows<'s>,
    table: Table,
    head: Option<StoredEvent>,
}

impl Source<'_> {
    /// Gives the head away and reads the next.
    fn take(&mut self, names: &NameOfNumber) -> Result<Option<StoredEvent>, StoreError> {
        let next = match self.rows.next().map_err(said)? {
            Some(row) => Some((self.table.decode)(row, names)?),
            None => None,
        };
        Ok(std::mem::replace(&mut self.head, next))
    }
}

/// Puts out every event of a round: its tables, each in order, merged by `seq`.
pub(super) fn round_events(
    reader: &mut Reader,
    round: &RoundId,
    out: &mut Out<StoredEvent>,
) -> Result<(), StoreError> {
    reader.snapshot(|connection, names| {
        let Some(number) = number_of(connection, round)? else { return Ok(()) };
        let mut statements = Vec::with_capacity(OF_A_ROUND.len());
        for Table { name, columns, .. } in OF_A_ROUND {
            let sql = format!("select {columns} from {name} where round_id = ?1 order by seq");
            statements.push(connection.prepare_cached(&sql).map_err(said)?);
        }
        let mut sources = Vec::with_capacity(OF_A_ROUND.len());
        for (statement, table) in statements.iter_mut().zip(OF_A_ROUND) {
            let rows = statement.query([number]).map_err(said)?;
            let mut source = Source { rows, table, head: None };
            source.take(names)?;
            sources.push(source);
        }
        while let Some(event) = take_earliest(&mut sources, names)? {
            if out.push(event).is_err() {
                return Ok(());
            }
        }
        Ok(())
    })
}

/// Puts out what a round has sold.
pub(super) fn sold_of(
    reader: &mut Reader,
    round: &RoundId,
    out: &mut Out<Sold>,
) -> Result<(), StoreError> {
    reader.snapshot(|connection, names| {
        let Some(number) = number_of(connection, round)? else { return Ok(()) };
        let mut statement = connection.prepare_cached(SOLD).map_err(said)?;
        let mut rows = statement.query([number]).map_err(said)?;
        while let Some(row) = rows.next().map_err(said)? {
            if out.push(decode::sold(row, names)?).is_err() {
                return Ok(());
            }
        }
        Ok(())
    })
}

fn take_earliest(
    sources: &mut [Source<'_>],
    names: &NameOfNumber,
) -> Result<Option<StoredEvent>, StoreError> {
    let with_head = sources.iter_mut().filter(|source| source.head.is_some());
    let earliest = with_head.min_by_key(|source| source.head.as_ref().map(|stored| stored.seq));
    match earliest {
        Some(source) => source.take(names),
        None => Ok(None),
    }
}

fn number_of(connection: &Connection, round: &RoundId) -> Result<Option<i64>, StoreError> {
    let sql = "select id from name where text = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(said)?;
    statement.query_row([round.as_str()], |row| row.get(0)).optional().map_err(said)
}
