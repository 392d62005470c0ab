//! The long reads of the port: a thread and a connection each, answers in chunks, one snapshot from
//! first to last.
//!
//! Whoever asks sets the pace: the thread waits when [`CHUNKS_AHEAD`] chunks are not taken yet, and
//! ends when nobody listens any more. A thread of its own, so that streams opened together cannot
//! wait for each other.

use super::decode::{
    self, CLAIM, Columns, HOLD, JOURNAL, PAYMENT_STEP, PLACE_END, PURCHASE, TICKET, Table,
    VOUCHER_MOVE,
};
use super::names::{NameOfNumber, said};
use super::reader::Reader;
use crate::store::sold::SOLD;
use openrun_actors::store::{Chunks, StoreError};
use openrun_core::settlement::Sold;
use openrun_core::{PersonKey, RoundId, StoredEvent};
use rusqlite::{Connection, OptionalExtension, Rows};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tokio::sync::mpsc;

/// Rows in a chunk: about a megabyte of events, a few milliseconds of work on either side.
const CHUNK: usize = 4_096;
/// Chunks made ahead of the one that is being taken: enough to keep both sides busy.
const CHUNKS_AHEAD: usize = 4;

/// Everybody who signed up.
pub(super) const PEOPLE: &str = "select person from person";
/// Everybody who was refused for ever or was given something, from the indexes alone.
pub(super) const REFUSED_OR_GIVEN: [&str; 2] = [
    "select distinct person from refusal",
    "select distinct receiver from voucher_move where receiver is not null",
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
        let all = || Reader::open(&path).and_then(|mut reader| read(&mut reader, &mut out));
        // An end without an error says that this was all.
        let done = catch_unwind(AssertUnwindSafe(all))
            .unwrap_or_else(|_| Err(StoreError("a stream ended by a panic".to_owned())));
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

/// The tables that hold a round, in two parts whose rows cost about the same to read.
const PLACES_OF_A_ROUND: [Table; 5] = [JOURNAL, TICKET, PLACE_END, CLAIM, PAYMENT_STEP];
const PURCHASES_OF_A_ROUND: [Table; 2] = [HOLD, PURCHASE];

/// Puts out every event of a round: its tables, each in order, merged by `seq`.
///
/// Two connections read at once, so that millions of rows keep two cores busy. Rows are only ever
/// added, in the order of `seq`: what lies before the end that the first one saw is the same to the
/// second, whose snapshot is taken later.
pub(super) fn round_events(
    path: &Path,
    reader: &mut Reader,
    round: &RoundId,
    out: &mut Out<StoredEvent>,
) -> Result<(), StoreError> {
    reader.snapshot(|connection, names| {
        let Some(part) = Part::of(connection, round)? else { return Ok(()) };
        let purchases = start(path, move |reader, out| {
            reader.snapshot(|connection, names| {
                part.read(connection, names, &PURCHASES_OF_A_ROUND, None, out)
            })
        });
        part.read(connection, names, &PLACES_OF_A_ROUND, Some(purchases), out)
    })
}

/// The rows of a round before where its stream ended when the reading began.
#[derive(Debug, Clone, Copy)]
struct Part {
    round: i64,
    end: i64,
}

impl Part {
    fn of(connection: &Connection, round: &RoundId) -> Result<Option<Part>, StoreError> {
        let tables = PLACES_OF_A_ROUND.iter().chain(&PURCHASES_OF_A_ROUND);
        let any = tables.map(|Table { name, .. }| {
            format!("(select stream_id from {name} where round_id = name.id limit 1)")
        });
        let any: Vec<String> = any.collect();
        let sql = format!(
            "select name.id, stream.next_seq from name join stream on stream.id = coalesce({})
            where name.text = ?1",
            any.join(", ")
        );
        let mut statement = connection.prepare_cached(&sql).map_err(said)?;
        let part = statement
            .query_row([round.as_str()], |row| Ok(Part { round: row.get(0)?, end: row.get(1)? }));
        part.optional().map_err(said)
    }

    /// Puts out the rows of these tables, and what is read beside them, merged by `seq`.
    fn read(
        self,
        connection: &Connection,
        names: &NameOfNumber,
        tables: &[Table],
        beside: Option<Chunks<StoredEvent>>,
        out: &mut Out<StoredEvent>,
    ) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(tables.len());
        for Table { name, columns, .. } in tables {
            let sql = format!(
                "select {columns} from {name} where round_id = ?1 and seq < ?2 order by seq"
            );
            statements.push(connection.prepare_cached(&sql).map_err(said)?);
        }
        let mut sources = Vec::with_capacity(tables.len() + 1);
        for (statement, table) in statements.iter_mut().zip(tables) {
            let rows = statement.query([self.round, self.end]).map_err(said)?;
            sources.push(Source { events: Events::Rows { rows, table: *table }, head: None });
        }
        let beside = beside.map(|chunks| Events::Read { chunks, chunk: Vec::new().into_iter() });
        sources.extend(beside.map(|events| Source { events, head: None }));
        for source in &mut sources {
            source.take(names)?;
        }
        while let Some(event) = take_earliest(&mut sources, names)? {
            if out.push(event).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Events in the order of `seq`.
enum Events<'s> {
    /// Those of one table.
    Rows { rows: Rows<'s>, table: Table },
    /// Those that another thread reads.
    Read { chunks: Chunks<StoredEvent>, chunk: std::vec::IntoIter<StoredEvent> },
}

impl Events<'_> {
    fn next(&mut self, names: &NameOfNumber) -> Result<Option<StoredEvent>, StoreError> {
        match self {
            Events::Rows { rows, table } => match rows.next().map_err(said)? {
                Some(row) => (table.decode)(row, names).map(Some),
                None => Ok(None),
            },
            Events::Read { chunks, chunk } => {
                while chunk.len() == 0 {
                    match chunks.blocking_recv() {
                        Some(next) => *chunk = next?.into_iter(),
                        None => return Ok(None),
                    }
                }
                Ok(chunk.next())
            }
        }
    }
}

/// Events of which the first is at hand.
struct Source<'s> {
    events: Events<'s>,
    head: Option<StoredEvent>,
}

impl Source<'_> {
    /// Gives the head away and reads the next.
    fn take(&mut self, names: &NameOfNumber) -> Result<Option<StoredEvent>, StoreError> {
        let next = self.events.next(names)?;
        Ok(std::mem::replace(&mut self.head, next))
    }
}

/// Puts out what a round has sold.
pub(super) fn sold_of(
    reader: &mut Reader,
    round: &RoundId,
    out: &mut Out<Sold>,
) -> Result<(), StoreError> {
    reader.snapshot(|connection, names| {
        let Some(part) = Part::of(connection, round)? else { return Ok(()) };
        let mut statement = connection.prepare_cached(SOLD).map_err(said)?;
        let mut rows = statement.query([part.round]).map_err(said)?;
        while let Some(row) = rows.next().map_err(said)? {
            if out.push(decode::sold(row, names)?).is_err() {
                return Ok(());
            }
        }
        Ok(())
    })
}

/// Puts out what was sent back and came back of a round.
pub(super) fn paybacks_of(
    reader: &mut Reader,
    round: &RoundId,
    out: &mut Out<StoredEvent>,
) -> Result<(), StoreError> {
    let sql = format!(
        "select {} from voucher_move
         where round_id = (select id from name where text = ?1)
            and kind in ('payback_sent', 'paid_back')
         order by stream_id, seq",
        VOUCHER_MOVE.columns
    );
    reader.snapshot(|connection, names| {
        let mut statement = connection.prepare_cached(&sql).map_err(said)?;
        let mut rows = statement.query([round.as_str()]).map_err(said)?;
        while let Some(row) = rows.next().map_err(said)? {
            if out.push((VOUCHER_MOVE.decode)(row, names)?).is_err() {
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
