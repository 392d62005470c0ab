//! The long reads of the port: a task and a connection each, answers in chunks, one snapshot from
//! first to last.
//!
//! Whoever asks sets the pace: each table is a portal from which the next rows are fetched only
//! when those before were taken, and everything ends when nobody listens any more. A connection of
//! its own, so that streams opened together cannot wait for each other. Retries nothing: whoever
//! gets an error begins anew.

use super::connect::{self, Purpose};
use super::decode::{
    self, CLAIM, Columns, HOLD, JOURNAL, PAYMENT_STEP, PLACE_END, PURCHASE, TICKET, Table,
    VOUCHER_MOVE,
};
use super::doubts::Doubts;
use super::fault::in_words;
use super::names::{self, Names};
use super::place::Place;
use crate::store::sold::SOLD;
use futures_util::TryStreamExt;
use openrun_actors::store::{Chunks, StoreError};
use openrun_core::settlement::Sold;
use openrun_core::{PersonKey, RoundId, StoredEvent};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_postgres::{Client, Error, IsolationLevel, Portal, Row, RowStream, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Rows in a chunk: about a megabyte of events, a few milliseconds of work on either side.
const CHUNK: usize = 4_096;
/// Chunks made ahead of the one that is being taken: enough to keep both sides busy.
const CHUNKS_AHEAD: usize = 4;
/// How long a stream may take to connect.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// Everybody who signed up.
pub(super) const PEOPLE: [&str; 1] = ["select person, 0::bigint, seq from person"];
/// Everybody who held, bought, was refused for ever or was given something.
pub(super) const BUYERS: [&str; 4] = [
    "select person, stream_id, seq from hold",
    "select person, stream_id, seq from purchase",
    "select person, stream_id, seq from refusal",
    "select receiver, stream_id, seq from voucher_move where receiver is not null",
];

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
enum Stop {
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

/// Puts out the persons of one query after the other.
pub(super) fn persons(
    runtime: &Handle,
    source: Source,
    queries: &'static [&'static str],
) -> Chunks<PersonKey> {
    start(runtime, Arc::clone(&source.doubts), move |mut out| async move {
        let done = read_persons(&source, queries, &mut out).await;
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
    queries: &[&str],
    out: &mut Out<PersonKey>,
) -> Result<(), Stop> {
    let mut client = connect(source).await?;
    let snapshot = begin(&mut client).await?;
    let mut fetched = Fetched::new(&snapshot);
    for (index, sql) in queries.iter().enumerate() {
        let statement = snapshot.prepare(sql).await?;
        fetched.add(snapshot.bind(&statement, &[]).await?);
        while let Some(row) = fetched.next(index).await? {
            let person = Columns::new("person", &row).person(0)?;
            out.push((row.get(1), row.get::<_, i64>(2).unsigned_abs()), person).await?;
        }
    }
    Ok(())
}

async fn read_sold(source: &Source, round: &RoundId, out: &mut Out<Sold>) -> Result<(), Stop> {
    let mut client = connect(source).await?;
    let snapshot = begin(&mut client).await?;
    let Some(number) = number_of(&snapshot, round).await? else { return Ok(()) };
    let names = Names::of(&snapshot.query(names::ALL, &[]).await?);
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
    let Some(number) = number_of(&snapshot, round).await? else { return Ok(()) };
    let names = Names::of(&snapshot.query(names::ALL, &[]).await?);
    let sql = format!(
        "select {}, stream_id from voucher_move
         where round_id = $1 and kind in ('payback_sent', 'paid_back')
         order by stream_id, seq",
        VOUCHER_MOVE.columns
    );
    let mut fetched = Fetched::new(&snapshot);
    let statement = snapshot.prepare(&sql).await?;
    fetched.add(snapshot.bind(&statement, &[&number]).await?);
    while let Some(row) = fetched.next(0).await? {
        let stream: i64 = row.get(row.len() - 1);
        let event = (VOUCHER_MOVE.decode)(&row, &names)?;
        out.push((stream, event.seq), event).await?;
    }
    Ok(())
}

async fn number_of(snapshot: &Transaction<'_>, round: &RoundId) -> Result<Option<i64>, Error> {
    let sql = "select id from name where text = $1";
    Ok(snapshot.query_opt(sql, &[&round.as_str()]).await?.map(|row| row.get(0)))
}

/// The tables that hold a round.
const OF_A_ROUND: [Table; 7] = [JOURNAL, TICKET, PLACE_END, CLAIM, HOLD, PAYMENT_STEP, PURCHASE];

async fn read_round(
    source: &Source,
    round: &RoundId,
    out: &mut Out<StoredEvent>,
) -> Result<(), Stop> {
    let mut client = connect(source).await?;
    let snapshot = begin(&mut client).await?;
    let Some(number) = number_of(&snapshot, round).await? else { return Ok(()) };
    let names = Names::of(&snapshot.query(names::ALL, &[]).await?);
    let mut fetched = Fetched::new(&snapshot);
    for Table { columns, name, .. } in OF_A_ROUND {
        let sql =
            format!("select {columns}, stream_id from {name} where round_id = $1 order by seq");
        let statement = snapshot.prepare(&sql).await?;
        fetched.add(snapshot.bind(&statement, &[&number]).await?);
    }
    let mut heads = Vec::with_capacity(OF_A_ROUND.len());
    for index in 0..OF_A_ROUND.len() {
        heads.push(fetched.next_event(index, &names).await?);
    }
    loop {
        let with_head = heads.iter().enumerate();
        let places = with_head.filter_map(|(index, head)| Some((head.as_ref()?.1.seq, index)));
        let Some((_, earliest)) = places.min() else { return Ok(()) };
        let next = fetched.next_event(earliest, &names).await?;
        if let Some((stream, event)) = std::mem::replace(&mut heads[earliest], next) {
            out.push((stream, event.seq), event).await?;
        }
    }
}

/// Portals of one snapshot, whose rows are fetched by the chunk.
///
/// One chunk is asked for ahead of need, so that the server works while what it sent before is
/// decoded. Never more than one: answers come in the order of the questions, and one that nobody
/// takes would stand before the one that is waited for.
struct Fetched<'s> {
    snapshot: &'s Transaction<'s>,
    portals: Vec<Rows>,
    asked: Option<(usize, Pin<Box<RowStream>>)>,
}

/// The rows of a portal that were fetched and not taken.
struct Rows {
    portal: Portal,
    rows: VecDeque<Row>,
    is_last: bool,
}

impl<'s> Fetched<'s> {
    fn new(snapshot: &'s Transaction<'s>) -> Fetched<'s> {
        Fetched { snapshot, portals: Vec::new(), asked: None }
    }

    fn add(&mut self, portal: Portal) {
        self.portals.push(Rows { portal, rows: VecDeque::new(), is_last: false });
    }

    /// The next event of the portal of a table of a round, and its stream.
    async fn next_event(
        &mut self,
        index: usize,
        names: &Names,
    ) -> Result<Option<(i64, StoredEvent)>, Stop> {
        let Some(row) = self.next(index).await? else { return Ok(None) };
        let stream: i64 = row.get(row.len() - 1);
        Ok(Some((stream, (OF_A_ROUND[index].decode)(&row, names)?)))
    }

    async fn next(&mut self, index: usize) -> Result<Option<Row>, Error> {
        let wanted = &self.portals[index];
        if wanted.rows.len() == CHUNK / 2 && !wanted.is_last && self.asked.is_none() {
            self.ask(index).await?;
        }
        while self.portals[index].rows.is_empty() && !self.portals[index].is_last {
            if self.asked.is_none() {
                self.ask(index).await?;
            }
            self.receive().await?;
        }
        Ok(self.portals[index].rows.pop_front())
    }

    /// Sends the question and waits for nothing.
    async fn ask(&mut self, index: usize) -> Result<(), Error> {
        let most = i32::try_from(CHUNK).expect("a chunk is small");
        let answer = self.snapshot.query_portal_raw(&self.portals[index].portal, most).await?;
        self.asked = Some((index, Box::pin(answer)));
        Ok(())
    }

    /// Takes the whole answer to what was asked.
    async fn receive(&mut self) -> Result<(), Error> {
        let Some((index, mut answer)) = self.asked.take() else { return Ok(()) };
        let portal = &mut self.portals[index];
        let mut count = 0;
        while let Some(row) = answer.try_next().await? {
            portal.rows.push_back(row);
            count += 1;
        }
        portal.is_last = count < CHUNK;
        Ok(())
    }
}
