//! The writer of one stream: a task, its own connection, and a queue of what to write.
//!
//! A batch is one statement. Once it was handed over, nothing of ours cancels it: a caller that
//! stops listening changes nothing, no cancel request is ever sent, and when the deadline is over
//! the socket is dropped and the answer is "perhaps written". After any doubt the writer is gone;
//! who wants to go on takes over again, which waits for what the old connection may still be doing
//! (the row of the stream is locked by it) and is itself a durable write.
//!
//! It does not retry and does not reconnect.

use super::composite::{Hidden, RowArray};
use super::connect::{self, Failure, Purpose, Wire};
use super::doubts::Doubts;
use super::migrate::{KNOWN, LOCK};
use super::place::Place;
use super::rows::{
    JournalRow, PersonRow, PurchaseRow, RefusalRow, Rows, StepRow, TurnRow, VoucherMoveRow,
};
use super::verdict;
use crate::store::chain;
use crate::store::shape::{self, Misfit, whole};
use openrun_actors::store::{Batch, CommitError, Ownership, StoreError};
use openrun_core::StreamId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a commit may take. A healthy one takes milliseconds and a server that checkpoints or
/// fails over takes a second or two; whoever waits longer is better told that nobody knows.
pub(super) const COMMIT_DEADLINE: Duration = Duration::from_secs(5);
/// How long a take-over may take, connecting included; the caller asks again.
pub(super) const TAKE_OVER_DEADLINE: Duration = Duration::from_secs(5);
/// Batches that wait: the committer hands over one at a time, so more is a barrier or a test.
const BATCHES_WAITING: usize = 16;

const TAKE_OVER: &str =
    "select stream_id, epoch, next_seq, hash from openrun.take_over($1, $2, $3)";
const WRITE_BATCH: &str = "select openrun.write_batch(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
const WRITE_VOUCHER_BATCH: &str =
    "select openrun.write_voucher_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Who takes streams over, as the store writes it down: chosen anew each time that it is opened.
pub(super) type ServerId = [u8; 16];

/// The deadlines of a writer; tests take shorter ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) commit: Duration,
    pub(super) take_over: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines { commit: COMMIT_DEADLINE, take_over: TAKE_OVER_DEADLINE }
    }
}

struct Job {
    batch: Batch,
    reply: oneshot::Sender<Result<(), CommitError>>,
}

/// The way to a writer. Dropping it lets the writer finish what it was handed.
#[derive(Debug)]
pub(super) struct WriterHandle {
    jobs: mpsc::Sender<Job>,
    task: tokio::task::AbortHandle,
    number: i64,
    doubts: Arc<Doubts>,
}

/// The way to hand over one batch.
#[derive(Debug)]
pub(super) struct Desk {
    jobs: mpsc::Sender<Job>,
    number: i64,
    doubts: Arc<Doubts>,
}

impl WriterHandle {
    /// Drops the writer's socket, whatever it is doing: what it does is then perhaps done.
    pub(super) fn cut(&self) {
        self.doubts.open(self.number);
        self.task.abort();
    }

    pub(super) fn desk(&self) -> Desk {
        let (jobs, doubts) = (self.jobs.clone(), Arc::clone(&self.doubts));
        Desk { jobs, number: self.number, doubts }
    }
}

impl Desk {
    pub(super) async fn commit(self, batch: Batch) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job { batch, reply }).await.is_err() {
            return Err(CommitError::NotWritten("the connection to the store is lost".to_owned()));
        }
        answer.await.unwrap_or_else(|_| {
            self.doubts.open(self.number);
            Err(CommitError::Unknown("the writer was cut".to_owned()))
        })
    }
}

/// Takes a stream over on a connection of its own and starts its writer. To be called within the
/// runtime that the writer shall live in.
pub(super) async fn take_over(
    place: &Place,
    tls: &MakeRustlsConnect,
    stream: &StreamId,
    server: ServerId,
    deadlines: Deadlines,
    doubts: &Arc<Doubts>,
) -> Result<(Ownership, WriterHandle), StoreError> {
    let taking = Writer::take_over(place, tls, stream, server, deadlines.commit);
    let taken = tokio::time::timeout(deadlines.take_over, taking).await;
    let late = || StoreError(format!("{} did not answer in time", chain::stream_name(stream)));
    let (ownership, writer) = taken.map_err(|_| late())??;
    let (number, doubts) = (writer.number, Arc::clone(doubts));
    // Durable itself, and so is all before it.
    doubts.end(number);
    let (jobs, queue) = mpsc::channel(BATCHES_WAITING);
    let task = tokio::spawn(writer.run(queue, Arc::clone(&doubts))).abort_handle();
    Ok((ownership, WriterHandle { jobs, task, number, doubts }))
}

struct Writer {
    client: Client,
    wire: Wire,
    write_batch: Statement,
    stream: String,
    number: i64,
    /// The chain's hash of all that was written.
    hash: [u8; 32],
    deadline: Duration,
}

impl Writer {
    async fn take_over(
        place: &Place,
        tls: &MakeRustlsConnect,
        stream: &StreamId,
        server: ServerId,
        deadline: Duration,
    ) -> Result<(Ownership, Writer), StoreError> {
        let name = chain::stream_name(stream);
        let said = |error: Error| StoreError(super::fault::in_words(&error));
        let failed = |failure: Failure| StoreError(failure.in_words());
        let application = format!("openrun writer {name}");
        let (client, mut wire) = connect::connect(place, tls, &application).await.map_err(said)?;
        prepare_session(&client, &mut wire).await?;
        let (program, of_vouchers) = match stream {
            StreamId::People => (None, false),
            StreamId::Program(program) => (Some(program.as_str()), false),
            StreamId::Vouchers(program) => (Some(program.as_str()), true),
        };
        let write_batch = if of_vouchers { WRITE_VOUCHER_BATCH } else { WRITE_BATCH };
        let write_batch = wire.drive(client.prepare(write_batch)).await.map_err(failed)?;
        // The rows of the settings are no warnings; what the take-over comes with may be.
        wire.warnings.clear();
        let server = Hidden(&server);
        let whose: [&(dyn ToSql + Sync); 3] = [&program, &of_vouchers, &server];
        let taken = wire.drive(client.query_one(TAKE_OVER, &whose)).await.map_err(failed)?;
        verdict::of_warnings(&wire.warnings).map_err(|doubt| StoreError(doubt.to_string()))?;
        let (number, ownership, hash) = read_taken(&taken).map_err(said)?;
        let hash = hash.ok_or_else(|| StoreError(format!("the hash of {name} is damaged")))?;
        let Ownership { epoch, next_seq } = ownership;
        tracing::info!(stream = name, epoch, next_seq, "took over a stream of the store");
        Ok((ownership, Writer { client, wire, write_batch, stream: name, number, hash, deadline }))
    }

    async fn run(mut self, mut queue: mpsc::Receiver<Job>, doubts: Arc<Doubts>) {
        let number = self.number;
        let lost = loop {
            let job = tokio::select! {
                job = queue.recv() => job,
                cause = self.wire.until_lost() => break cause,
            };
            let Some(Job { batch, reply }) = job else { return self.close().await };
            doubts.begin(number, batch.first_seq);
            let answer = self.commit(&batch).await;
            if let Err(CommitError::Unknown(cause)) = &answer {
                doubts.open(number);
                tracing::error!(stream = self.stream, cause, "a commit failed: perhaps written");
                let cause = cause.clone();
                // The socket first: once the answer is out, nothing more goes through it.
                drop((self.client, self.wire));
                let _ = reply.send(answer);
                return refuse_all(queue, &cause).await;
            }
            doubts.end(number);
            // A caller that no longer listens changes nothing: what it asked for is done.
            let _ = reply.send(answer);
        };
        tracing::warn!(stream = self.stream, cause = lost, "a writer lost its connection");
        refuse_all(queue, &lost).await;
    }

    /// Says goodbye to the server.
    async fn close(mut self) {
        drop(self.client);
        let _ = tokio::time::timeout(self.deadline, self.wire.until_lost()).await;
    }

    async fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let refused = |cause: &dyn std::fmt::Display| CommitError::NotWritten(cause.to_string());
        shape::check(batch).map_err(|cause| refused(&cause))?;
        let [epoch, first, count] = figures(batch).map_err(|cause| refused(&cause))?;
        let rows = Rows::of(batch).map_err(|cause| refused(&cause))?;
        let hash = chain::next(self.hash, batch);
        let at = batch.events.last().map_or(0, |(at, _)| at.0);

        let hashes = (Hidden(&self.hash), Hidden(&hash));
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
            &self.number,
            &epoch,
            &first,
            &count,
            &at,
            &hashes.0,
            &hashes.1,
            &rows.names.texts,
        ];
        let tables = Tables::of(&rows);
        parameters.extend(match batch.stream {
            StreamId::Vouchers(_) => tables.of_vouchers(),
            _ => tables.of_a_sale(),
        });
        self.wire.warnings.clear();
        let answered = tokio::time::timeout(
            self.deadline,
            self.wire.drive(self.client.query_one(&self.write_batch, &parameters)),
        )
        .await;
        let late = || CommitError::Unknown("the store did not answer in time".to_owned());
        let row = answered.map_err(|_| late())?.map_err(|why| verdict::of_failure(&why))?;
        verdict::of_warnings(&self.wire.warnings)?;
        let unread = |_: Error| CommitError::Unknown("the answer cannot be read".to_owned());
        if !row.try_get::<_, bool>(0).map_err(unread)? {
            return Err(CommitError::Deposed);
        }
        self.hash = hash;
        Ok(())
    }
}

/// The tables of a batch, each as one parameter.
struct Tables<'r> {
    journals: RowArray<'r, JournalRow>,
    persons: RowArray<'r, PersonRow<'r>>,
    tickets: RowArray<'r, TurnRow<'r>>,
    place_ends: RowArray<'r, TurnRow<'r>>,
    claims: RowArray<'r, TurnRow<'r>>,
    holds: RowArray<'r, PurchaseRow<'r>>,
    payment_steps: RowArray<'r, StepRow>,
    purchases: RowArray<'r, PurchaseRow<'r>>,
    refusals: RowArray<'r, RefusalRow<'r>>,
    voucher_moves: RowArray<'r, VoucherMoveRow<'r>>,
}

impl<'r> Tables<'r> {
    fn of(rows: &'r Rows<'r>) -> Tables<'r> {
        Tables {
            journals: RowArray(&rows.journals),
            persons: RowArray(&rows.persons),
            tickets: RowArray(&rows.tickets),
            place_ends: RowArray(&rows.place_ends),
            claims: RowArray(&rows.claims),
            holds: RowArray(&rows.holds),
            payment_steps: RowArray(&rows.payment_steps),
            purchases: RowArray(&rows.purchases),
            refusals: RowArray(&rows.refusals),
            voucher_moves: RowArray(&rows.voucher_moves),
        }
    }

    /// In the order of `write_batch`.
    fn of_a_sale(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![
            &self.journals,
            &self.persons,
            &self.tickets,
            &self.place_ends,
            &self.claims,
            &self.holds,
            &self.payment_steps,
            &self.purchases,
            &self.refusals,
        ]
    }

    /// In the order of `write_voucher_batch`: a batch of vouchers has no other rows.
    fn of_vouchers(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.refusals, &self.voucher_moves]
    }
}

/// Makes a session a writer's: its settings, its role, its share in the lock that keeps migrations
/// away, and the proof that the store is one that this program knows.
async fn prepare_session(client: &Client, wire: &mut Wire) -> Result<(), StoreError> {
    let failed = |failure: Failure| StoreError(failure.in_words());
    wire.drive(client.batch_execute(&Purpose::Write.session())).await.map_err(failed)?;
    let shared = "select pg_try_advisory_lock_shared($1)";
    let row = wire.drive(client.query_one(shared, &[&LOCK])).await.map_err(failed)?;
    if !row.get::<_, bool>(0) {
        return Err(StoreError("the store is being migrated".to_owned()));
    }
    let version = "select openrun.store_version()";
    let row = wire.drive(client.query_one(version, &[])).await.map_err(failed)?;
    let found: i64 = row.get(0);
    if found != KNOWN {
        let cause = format!("the store is at version {found}, and this openrun writes {KNOWN}");
        return Err(StoreError(cause));
    }
    Ok(())
}

/// Nothing of what still waits was handed to the server.
async fn refuse_all(mut queue: mpsc::Receiver<Job>, cause: &str) {
    queue.close();
    while let Some(job) = queue.recv().await {
        let _ = job.reply.send(Err(CommitError::NotWritten(cause.to_owned())));
    }
}

/// Epoch, first and count as the store keeps them.
fn figures(batch: &Batch) -> Result<[i64; 3], Misfit> {
    let count = batch.events.len() as u64;
    let next = batch.first_seq.checked_add(count).ok_or(Misfit::TooLarge("a sequence number"))?;
    whole(next, "a sequence number")?;
    Ok([whole(batch.epoch, "an epoch")?, whole(batch.first_seq, "")?, whole(count, "a count")?])
}

type Taken = (i64, Ownership, Option<[u8; 32]>);

fn read_taken(row: &Row) -> Result<Taken, Error> {
    let (epoch, next_seq): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
    let (epoch, next_seq) = (epoch.unsigned_abs(), next_seq.unsigned_abs());
    let hash = row.try_get::<_, &[u8]>(3)?.try_into().ok();
    Ok((row.try_get(0)?, Ownership { epoch, next_seq }, hash))
}
