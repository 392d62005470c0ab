//! The long reads of the port: a task and a connection each, answers in chunks, one snapshot from
//! first to last.
//!
//! Whoever asks sets the pace: of each table the next rows are fetched only when those before were
//! taken (`fetched`), and everything ends when nobody listens any more. A connection of its own, so
//! that streams opened together cannot wait for each other. Retries nothing: whoever gets an error
//! begins anew.

use super::connect::{self, Purpose};
use super::decode::{
    self, CLAIM, HOLD, JOURNAL, PAYMENT_STEP, PLACE_END, PURCHASE, TICKET, Table, VOUCHER_MOVE,
};
use super::doubts::Doubts;
use super::fault::in_words;
use super::fetched::Fetched;
use super::names::{self, Names, PEOPLE as PEOPLE_STREAM};
use super::place::Place;
use super::reader::hidden;
use crate::store::sold::SOLD;
use openrun_actors::store::{Chunks, StoreError};
use openrun_core::settlement::Sold;
use openrun_core::{PersonKey, RoundId, StoredEvent};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_postgres::{Client, Error, IsolationLevel, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Rows in a chunk: about a megabyte of events, a few milliseconds of work on either side.
pub(super) const CHUNK: usize = 4_096;
/// Chunks made ahead of the one that is being taken: enough to keep both sides busy.
const CHUNKS_AHEAD: usize = 4;
/// How long a stream may take to connect.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// A column of persons, each with an index of its own.
#[derive(Debug)]
pub(super) struct PersonColumn {
    table: &'static str,
    column: &'static str,
    /// Whether its rows are in the people's stream; else they may be in any other.
    of_people: bool,
}

const fn person_column(table: &'static str, column: &'static str) -> PersonColumn {
    PersonColumn { table, column, of_people: false }
}

/// Everybody who signed up.
pub(super) const PEOPLE: [PersonColumn; 1] =
    [PersonColumn { table: "person", column: "person", of_people: true }];
/// Everybody who was refused for ever or was given something.
pub(super) const REFUSED_OR_GIVEN: [PersonColumn; 2] =
    [person_column("refusal", "person"), person_column("voucher_move", "receiver")];

/// Where streams come from.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) place: Place,
    pub(super) tls: MakeRustlsConnect,
    pub(super) doubts: Arc<Doubts>,
}

/// Where a stream puts its rows.
pub(super) struct Out<T> {
    chunk: Vec<T>,
    /// The last place of each stream that the chunk holds.
    last: HashMap<i64, u64>,
    doubts: Arc<Doubts>,
    chunks: mpsc::Sender<Result<Vec<T>, StoreError>>,
}

/// Why a stream ends before its last row.
pub(super) enum Stop {
    /// Nobody takes the chunks any more.
    NobodyListens,
    Failed(StoreError),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(StoreError(in_words(&error)))
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Failed(error)
    }
}

impl<T> Out<T> {
    async fn push(&mut self, (stream, seq): (i64, u64), item: T) -> Result<(), Stop> {
        let last = self.last.entry(stream).or_default();
        *last = seq.max(*last);
        self.add(item).await
    }

    /// The same for what is known to be durable.
    async fn add(&mut self, item: T) -> Result<(), Stop> {
        self.chunk.push(item);
        if self.chunk.len() < CHUNK { Ok(()) } else { self.flush().await }
    }

    /// Hands the chunk out, once all of it is known to be durable.
    async fn flush(&mut self) -> Result<(), Stop> {
        for (stream, seq) in self.last.drain() {
            self.doubts.settled(stream, seq).await?;
        }
        let full = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        self.chunks.send(Ok(full)).await.map_err(|_| Stop::NobodyListens)
    }
}

/// Starts a stream of what `read` puts out, on the runtime of the store.
fn start<T: Send + 'static, F>(
    runtime: &Handle,
    doubts: Arc<Doubts>,
    read: impl FnOnce(Out<T>) -> F + Send + 'static,
) -> Chunks<T>
where
    F: Future<Output = (Out<T>, Result<(), Stop>)> + Send,
{
    let (chunks, receiver) = mpsc::channel(CHUNKS_AHEAD);
    runtime.spawn(async move {
        let chunk = Vec::with_capacity(CHUNK);
        let out = Out { chunk, last: HashMap::new(), doubts, chunks };
        let (mut out, done) = read(out).await;
        let done = match done {
            Ok(()) if !out.chunk.is_empty() => out.flush().await,
            done => done,
        };
        // If nobody listens, there is nobody to tell.
        if let Err(Stop::Failed(cause)) = done {
            let _ = out.chunks.send(Err(cause)).await;
        }
    });
    receiver
}

/// Puts out every event of a round: its tables, each in order, merged by `seq`.
pub(super) fn round_events(
    runtime: &Handle,
    source: Source,
    round: RoundId,
) -> Chunks<StoredEvent> {
    start(runtime, Arc::clone(&source.doubts), move |mut out| async move {
        let done = read_round(&source, &round, &mut out).await;
        (out, done)
    })
}

/// Puts out the persons of one column after the other.
pub(super) fn persons(
    runtime: &Handle,
    source: Source,
    columns: &'static [PersonColumn],
) -> Chunks<PersonKey> {
    start(runtime, Arc::clone(&source.doubts), move |mut out| async move {
        let done = read_persons(&source, columns, &mut out).await;
        (out, done)
    })
}

/// Puts out what a round has sold.
pub(super) fn sold_of(runtime: &Handle, source: Source, round: RoundId) -> Chunks<Sold> {
    start(runtime, Arc::clone(&source.doubts), move |mut out| async move {
        let done = read_sold(&source, &round, &mut out).await;
        (out, done)
    })
}

/// Starts a stream of what was sent back and came back of a round.
pub(super) fn paybacks_of(runtime: &Handle, source: Source, round: RoundId) -> Chunks<StoredEvent> {
    start(runtime, Arc::clone(&source.doubts), move |mut out| async move {
        let done = read_paybacks(&source, &round, &mut out).await;
        (out, done)
    })
}

/// A connection for one stream, driven by a task that ends with it.
async fn connect(source: &Source) -> Result<Client, Stop> {
    let connecting = async {
        let (client, mut wire) =
            connect::connect(&source.place, &source.tls, "openrun stream").await?;
        tokio::spawn(async move { wire.until_lost().await });
        client.batch_execute(&Purpose::Stream.session()).await?;
        Ok(client)
    };
    let connected = tokio::time::timeout(CONNECT_DEADLINE, connecting).await;
    let late = || StoreError("the store did not answer in time".to_owned());
    connected.map_err(|_| late())?
}

async fn begin(client: &mut Client) -> Result<Transaction<'_>, Error> {
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    snapshot.read_only(true).start().await
}

async fn read_persons(
    source: &Source,
    columns: &[PersonColumn],
    out: &mut Out<PersonKey>,
) -> Result<(), Stop> {
    let mut client = connect(source).await?;
    let snapshot = begin(&mut client).await?;
    // Whatever of these streams is in the snapshot is durable before the first of it is told.
    for row in snapshot.query("select id, next_seq from stream", &[]).await? {
        let (stream, next_seq): (i64, i64) = (row.get(0), row.get(1));
        if columns.iter().any(|column| (stream == PEOPLE_STREAM) == column.of_people) {
            source.doubts.settled(stream, next_seq.unsigned_abs().saturating_sub(1)).await?;
        }
    }
    for PersonColumn { table, column, .. } in columns {
        let sql = format!(
            "select string_agg({column}, '') from (
                select {column} from {table}
                where {column} > $1 order by {column} limit {CHUNK}) as part"
        );
        let statement = snapshot.prepare(&sql).await?;
        let damaged = || StoreError(format!("a row of {table} is damaged in column {column}"));
        let mut last = hidden([]);
        loop {
            let row = snapshot.query_one(&statement, &[&*last]).await?;
            let bytes: &[u8] = row.get::<_, Option<&[u8]>>(0).unwrap_or_default();
            let (persons, rest) = bytes.as_chunks::<16>();
            if !rest.is_empty() {
                return Err(damaged().into());
            }
            for person in persons {
                out.add(PersonKey(*person)).await?;
            }
            let Some(highest) = persons.last().filter(|_| persons.len() == CHUNK) else { break };
            last = hidden(*highest);
        }
    }
    Ok(())
}

async fn read_sold(source: &Source, round: &RoundId, out: &mut Out<Sold>) -> Result<(), Stop> {
    let mut client = connect(source).await?;
    let snapshot = begin(&mut client).await?;
    let Some((number, names)) = known_in(&snapshot, round).await? else { return Ok(()) };
    for row in snapshot.query(SOLD, &[&number]).await? {
        let place = |column: usize| row.get::<_, i64>(column).unsigned_abs();
        out.push((row.get(7), place(8)), decode::sold(&row, &names)?).await?;
    }
    Ok(())
}

async fn read_paybacks(
    source: &Source,
    round: &RoundId,
    out: &mut Out<StoredEvent>,
) -> Result<(), Stop> {
    let mut client = connect(source).await?;
    let snapshot = begin(&mut client).await?;
    let Some((number, names)) = known_in(&snapshot, round).await? else { return Ok(()) };
    let mut fetched = Fetched::new(&snapshot);
    let which = "kind in ('payback_sent', 'paid_back') order by stream_id, seq";
    fetched.add_rows(VOUCHER_MOVE, number, which).await?;
    while let Some((stream, event)) = fetched.next(0, &names).await? {
        out.push((stream, event.seq), event).await?;
    }
    Ok(())
}

/// The number of a round and the names that its rows use; nothing of a round that has none.
async fn known_in(
    snapshot: &Transaction<'_>,
    round: &RoundId,
) -> Result<Option<(i64, Names)>, Error> {
    let sql = "select id from name where text = $1";
    let Some(row) = snapshot.query_opt(sql, &[&round.as_str()]).await? else { return Ok(None) };
    Ok(Some((row.get(0), Names::of(&snapshot.query(names::ALL, &[]).await?))))
}

/// The tables that hold a round, and whether their rows come packed: those of which there are
/// millions.
const OF_A_ROUND: [(Table, bool); 7] = [
    (JOURNAL, false),
    (TICKET, true),
    (PLACE_END, true),
    (CLAIM, true),
    (HOLD, true),
    (PAYMENT_STEP, false),
    (PURCHASE, true),
];

async fn read_round(
    source: &Source,
    round: &RoundId,
    out: &mut Out<StoredEvent>,
) -> Result<(), Stop> {
    let mut client = connect(source).await?;
    let snapshot = begin(&mut client).await?;
    let Some((number, names)) = known_in(&snapshot, round).await? else { return Ok(()) };
    let mut fetched = Fetched::new(&snapshot);
    for (table, is_packed) in OF_A_ROUND {
        if is_packed {
            fetched.add_packed(table, number).await?;
        } else {
            fetched.add_rows(table, number, "true order by seq").await?;
        }
    }
    let mut heads = Vec::with_capacity(OF_A_ROUND.len());
    for index in 0..OF_A_ROUND.len() {
        heads.push(fetched.next(index, &names).await?);
    }
    loop {
        let with_head = heads.iter().enumerate();
        let places = with_head.filter_map(|(index, head)| Some((head.as_ref()?.1.seq, index)));
        let Some((_, earliest)) = places.min() else { return Ok(()) };
        let next = fetched.next(earliest, &names).await?;
        if let Some((stream, event)) = std::mem::replace(&mut heads[earliest], next) {
            out.push((stream, event.seq), event).await?;
        }
    }
}
