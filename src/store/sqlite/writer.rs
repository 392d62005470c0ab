//! The one writer: a thread, its connection, and a queue of what to write.
//!
//! It serves all streams in the order in which they ask: the file has one lock, so more writers
//! would only wait for each other. A batch is one transaction: the fence, the rows, their hash, the
//! commit, and only then the answer. Batches of several streams that wait share one transaction and
//! its flush, as long as nothing is wrong with any of them; else each is tried alone.
//!
//! Failures are sorted by the one question that matters to the caller, whether the rows can be
//! there: everything before `commit` is rolled back and certainly not written, and so is a `commit`
//! for which the disk had no room; any other `commit` that fails, a rollback that fails and a
//! writer that is gone are unknown.
//!
//! Bad data gets an answer, not a panic. The queue has no bound of its own: there is one committer
//! for each stream, and each has one batch in flight.

use super::checkpoint::Checkpoints;
use super::file::Lock;
use super::insert::{InsertError, Inserts};
use super::names::{NumberOfName, PEOPLE, said};
use crate::store::chain;
use crate::store::shape::{self, Misfit, whole};
use openrun_actors::store::{Batch, CommitError, Ownership, StoreError};
use openrun_core::StreamId;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

const GONE: &str = "the writer is gone";

/// Events of several streams in one transaction: with more, whoever came first would wait longer
/// for the others' rows than for a flush of their own.
const TOGETHER_MAX: usize = 256;

type Committed = oneshot::Sender<Result<(), CommitError>>;

enum Job {
    TakeOver(StreamId, oneshot::Sender<Result<Ownership, StoreError>>),
    Commit(Batch, Committed),
}

/// Takes what waits already and fits into one transaction; answers the first job that does not.
fn gather(
    queue: &Receiver<Job>,
    batches: &mut Vec<Batch>,
    replies: &mut Vec<Committed>,
) -> Option<Job> {
    while let Ok(job) = queue.try_recv() {
        let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
        // A second batch of a stream builds on the first.
        let fits = |batch: &Batch| {
            events + batch.events.len() <= TOGETHER_MAX
                && batches.iter().all(|other| other.stream != batch.stream)
        };
        match job {
            Job::Commit(batch, reply) if fits(&batch) => {
                batches.push(batch);
                replies.push(reply);
            }
            other => return Some(other),
        }
    }
    None
}

/// The way to the writer. Dropping it waits until what was handed over is written, and gives the
/// lock back.
#[derive(Debug)]
pub(super) struct WriterHandle {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl WriterHandle {
    /// Starts the writer, and with `second` what moves its log; the lock is held until both are
    /// closed.
    pub(super) fn start(
        connection: Connection,
        second: Connection,
        lock: Lock,
    ) -> Result<WriterHandle, StoreError> {
        let cannot = |cause| StoreError(format!("the writer cannot start: {cause}"));
        let mut writer = Writer::new(connection).map_err(said)?;
        let (mut checkpoints, mover) = Checkpoints::start(second).map_err(cannot)?;
        let (jobs, queue) = channel();
        let run = move || {
            writer.run(&queue, &mut checkpoints);
            drop((writer, checkpoints));
            let _ = mover.join();
            drop(lock);
        };
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(run);
        Ok(WriterHandle { jobs: Some(jobs), thread: Some(thread.map_err(cannot)?) })
    }

    pub(super) async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(Job::TakeOver(stream.clone(), reply));
        answer.await.unwrap_or_else(|_| Err(StoreError(GONE.to_owned())))
    }

    pub(super) async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(Job::Commit(batch, reply));
        answer.await.unwrap_or_else(|_| Err(CommitError::Unknown(GONE.to_owned())))
    }

    /// A job that nobody takes is dropped with its reply, which the caller sees.
    fn hand_over(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }
}

impl Drop for WriterHandle {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}

struct Writer {
    connection: Connection,
    /// Who takes streams over here, as the store writes it down.
    server: [u8; 16],
    names: NumberOfName,
    /// Of each stream that was written to: the hash after its last batch, as its row has it.
    hashes: HashMap<i64, [u8; 32]>,
}

/// Why a batch stops before its commit.
#[derive(Debug)]
enum Stop {
    Deposed,
    Failed(String),
}

impl From<rusqlite::Error> for Stop {
    fn from(cause: rusqlite::Error) -> Stop {
        Stop::Failed(in_words(&cause))
    }
}

impl From<InsertError> for Stop {
    fn from(cause: InsertError) -> Stop {
        match cause {
            InsertError::Sql(cause) => cause.into(),
            InsertError::Json(_) | InsertError::Misfit(_) | InsertError::StepAgain(_) => {
                Stop::Failed(cause.to_string())
            }
        }
    }
}

impl From<Misfit> for Stop {
    fn from(cause: Misfit) -> Stop {
        Stop::Failed(cause.to_string())
    }
}

impl Writer {
    fn new(connection: Connection) -> rusqlite::Result<Writer> {
        let names = NumberOfName::load(&connection)?;
        Ok(Writer { connection, server: rand::random(), names, hashes: HashMap::new() })
    }

    fn run(&mut self, queue: &Receiver<Job>, checkpoints: &mut Checkpoints) {
        // A caller that no longer listens changes nothing: what it asked for is done.
        let mut next = None;
        while let Some(job) = next.take().or_else(|| queue.recv().ok()) {
            match job {
                Job::TakeOver(stream, reply) => drop(reply.send(self.take_over(&stream))),
                Job::Commit(batch, reply) => {
                    let (mut batches, mut replies) = (vec![batch], vec![reply]);
                    next = gather(queue, &mut batches, &mut replies);
                    for (reply, answer) in replies.into_iter().zip(self.commit_all(&batches)) {
                        let _ = reply.send(answer);
                    }
                    let events = batches.iter().map(|batch| batch.events.len()).sum();
                    checkpoints.committed(&self.connection, events);
                }
            }
        }
    }

    /// A barrier: once it is durable, no older epoch can write to the stream.
    fn take_over(&mut self, stream: &StreamId) -> Result<Ownership, StoreError> {
        let failed = |cause: rusqlite::Error| StoreError(in_words(&cause));
        self.leave_transaction().and_then(|()| self.execute("begin immediate")).map_err(failed)?;
        let taken = grow(&self.connection, &mut self.names, stream)
            .and_then(|taken| self.write_down(taken.0).map(|()| taken))
            .and_then(|taken| self.execute("commit").map(|()| taken));
        let (number, ownership, hash) = match taken {
            Ok(taken) => taken,
            Err(cause) => {
                self.names.forget();
                // If this fails too, the next job tries it again before it begins.
                let _ = self.leave_transaction();
                return Err(failed(cause));
            }
        };
        self.names.keep();
        self.hashes.insert(number, hash);
        let Ownership { epoch, next_seq } = ownership;
        let stream = chain::stream_name(stream);
        tracing::info!(stream, epoch, next_seq, "took over a stream of the store");
        Ok(ownership)
    }

    /// Who owns a stream from where on, and where the other stream of its program stood then.
    fn write_down(&self, stream: i64) -> rusqlite::Result<()> {
        let sql = "insert into ownership (stream_id, epoch, server, at, from_seq, other_seq)
                   select id, epoch, ?2, cast(unixepoch('subsec') * 1000 as integer), next_seq,
                       coalesce((select other.next_seq from stream as other
                           where other.id = -stream.id and other.id <> 0), 1)
                   from stream where id = ?1";
        self.connection.prepare_cached(sql)?.execute(params![stream, self.server]).map(drop)
    }

    /// Batches of different streams, in one transaction when they can be.
    fn commit_all(&mut self, batches: &[Batch]) -> Vec<Result<(), CommitError>> {
        let each_alone = |writer: &mut Writer| {
            batches.iter().map(|batch| writer.commit(batch)).collect::<Vec<_>>()
        };
        let has_begun = |writer: &Writer| {
            writer.leave_transaction().and_then(|()| writer.execute("begin immediate")).is_ok()
        };
        if batches.len() == 1 || !has_begun(self) {
            return each_alone(self);
        }
        let written = batches.iter().map(|batch| self.write(batch)).collect::<Result<Vec<_>, _>>();
        let written = match written.map_err(|stop| self.roll_back(stop)) {
            Ok(written) => written,
            Err(unknown @ CommitError::Unknown(_)) => return vec![Err(unknown); batches.len()],
            // What is wrong with one of them is no concern of the others.
            Err(_) => return each_alone(self),
        };
        if let Err(cause) = self.execute("commit") {
            let each = written.iter().zip(batches);
            return each
                .map(|((number, _), batch)| Err(self.not_committed(*number, batch, &cause)))
                .collect();
        }
        self.names.keep();
        self.hashes.extend(written);
        vec![Ok(()); batches.len()]
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let begun = self.leave_transaction().and_then(|()| self.execute("begin immediate"));
        if let Err(cause) = begun {
            return Err(CommitError::NotWritten(in_words(&cause)));
        }
        let (number, hash) = match self.write(batch) {
            Ok(written) => written,
            Err(stop) => return Err(self.roll_back(stop)),
        };
        if let Err(cause) = self.execute("commit") {
            return Err(self.not_committed(number, batch, &cause));
        }
        self.names.keep();
        self.hashes.insert(number, hash);
        Ok(())
    }

    /// A commit that failed, sorted. The log may hold the rows: they are there once their last page
    /// is in it whole, whatever is said about making it durable. When there was no room for that
    /// page, it never will be; all else is unknown.
    fn not_committed(
        &mut self,
        stream: i64,
        batch: &Batch,
        cause: &rusqlite::Error,
    ) -> CommitError {
        self.names.forget();
        self.hashes.remove(&stream);
        let is_full = cause.sqlite_error_code() == Some(ErrorCode::DiskFull);
        let is_undone = self.leave_transaction().is_ok();
        let words = in_words(cause);
        if is_full && is_undone && self.stands_at(stream) == Some(batch.first_seq) {
            return CommitError::NotWritten(words);
        }
        tracing::error!(%cause, "a commit failed: perhaps written");
        CommitError::Unknown(words)
    }

    fn stands_at(&self, stream: i64) -> Option<u64> {
        let sql = "select next_seq from stream where id = ?1";
        let next_seq = self.connection.query_row(sql, [stream], |row| row.get::<_, i64>(0));
        next_seq.ok().map(i64::unsigned_abs)
    }

    /// The fence and the rows of one batch, in a transaction that is open. Answers the number of
    /// its stream and the hash after it.
    fn write(&mut self, batch: &Batch) -> Result<(i64, [u8; 32]), Stop> {
        shape::check(batch)?;
        let count = batch.events.len() as u64;
        let first = whole(batch.first_seq, "a sequence number")?;
        let next = batch.first_seq.checked_add(count);
        let next = whole(next.ok_or(Misfit::TooLarge("a sequence number"))?, "a count")?;
        let epoch = whole(batch.epoch, "an epoch")?;
        let Some(stream) = number_of(&self.names, &batch.stream) else { return Err(Stop::Deposed) };
        let connection = &self.connection;
        let before = match self.hashes.get(&stream) {
            Some(hash) => *hash,
            None => hash_of(connection, stream)?.ok_or(Stop::Deposed)?,
        };
        let hash = chain::next(before, batch);

        let fence = "update stream set next_seq = ?1, hash = ?2
                     where id = ?3 and epoch = ?4 and next_seq = ?5";
        let fence =
            connection.prepare_cached(fence)?.execute(params![next, hash, stream, epoch, first])?;
        if fence != 1 {
            return Err(Stop::Deposed);
        }
        // No events: the fence alone, which is a barrier.
        let Some((at, _)) = batch.events.last() else { return Ok((stream, hash)) };
        let row = "insert into batch (stream_id, first_seq, count, epoch, at, hash)
                   values (?1, ?2, ?3, ?4, ?5, ?6)";
        connection.prepare_cached(row)?.execute(params![
            stream,
            first,
            next - first,
            epoch,
            at.0,
            hash
        ])?;
        let mut inserts = Inserts::prepare(connection, stream)?;
        for (seq, (at, event)) in (batch.first_seq..).zip(&batch.events) {
            inserts.event(&mut self.names, seq, *at, event)?;
        }
        Ok((stream, hash))
    }

    fn roll_back(&mut self, stop: Stop) -> CommitError {
        self.names.forget();
        if let Err(cause) = self.leave_transaction() {
            tracing::error!(%cause, "a rollback failed");
            return CommitError::Unknown(in_words(&cause));
        }
        match stop {
            Stop::Deposed => CommitError::Deposed,
            Stop::Failed(cause) => CommitError::NotWritten(cause),
        }
    }

    /// SQLite rolls back by itself on some failures (disk full, no memory) and not on others.
    fn leave_transaction(&self) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() { Ok(()) } else { self.execute("rollback") }
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}

/// Makes the row of a stream if there is none, and gives it its next epoch.
fn grow(
    connection: &Connection,
    names: &mut NumberOfName,
    stream: &StreamId,
) -> rusqlite::Result<(i64, Ownership, [u8; 32])> {
    let number = match stream {
        StreamId::People => PEOPLE,
        StreamId::Program(program) => names.number(connection, program.as_str())?,
        StreamId::Vouchers(program) => -names.number(connection, program.as_str())?,
    };
    connection
        .prepare_cached(
            "insert into stream (id, epoch, next_seq, hash) values (?1, 0, 1, ?2)
             on conflict (id) do nothing",
        )?
        .execute(params![number, chain::BEGINNING])?;
    let grow = "update stream set epoch = epoch + 1 where id = ?1 returning epoch, next_seq, hash";
    let (epoch, next_seq, hash): (i64, i64, [u8; 32]) = connection
        .prepare_cached(grow)?
        .query_row([number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (epoch, next_seq) = (epoch.unsigned_abs(), next_seq.unsigned_abs());
    Ok((number, Ownership { epoch, next_seq }, hash))
}

/// A stream whose name has no number was never taken over.
fn number_of(names: &NumberOfName, stream: &StreamId) -> Option<i64> {
    match stream {
        StreamId::People => Some(PEOPLE),
        StreamId::Program(program) => names.find(program.as_str()),
        StreamId::Vouchers(program) => names.find(program.as_str()).map(|number| -number),
    }
}

fn hash_of(connection: &Connection, stream: i64) -> rusqlite::Result<Option<[u8; 32]>> {
    let sql = "select hash from stream where id = ?1";
    connection.prepare_cached(sql)?.query_row([stream], |row| row.get(0)).optional()
}

/// SQLite names the columns of a unique constraint; people and tests know it by its name.
const UNIQUE: [(&str, &str); 22] = [
    ("ownership.stream_id, ownership.epoch", "ownership_in_order"),
    ("journal.stream_id, journal.seq", "journal_in_order"),
    ("hold.round_id, hold.seq", "hold_in_order"),
    ("hold.person, hold.idempotency_key", "hold_key_used_once"),
    ("hold.id", "hold_id_given_once"),
    ("payment_step.round_id, payment_step.seq", "payment_step_in_order"),
    ("ticket.round_id, ticket.line, ticket.number", "ticket_number_given_once"),
    ("ticket.round_id, ticket.seq", "ticket_in_order"),
    ("claim.round_id, claim.seq", "claim_in_order"),
    ("place_end.round_id, place_end.seq", "place_end_in_order"),
    ("purchase.round_id, purchase.line, purchase.number", "purchase_pass_used_once"),
    ("purchase.round_id, purchase.seq", "purchase_in_order"),
    ("purchase.person, purchase.idempotency_key", "purchase_key_used_once"),
    ("purchase.id", "purchase_id_given_once"),
    ("refusal.person, refusal.idempotency_key", "refusal_key_used_once"),
    ("person.person", "person_signs_up_once"),
    ("voucher_move.stream_id, voucher_move.seq", "voucher_move_in_order"),
    ("voucher_move.voucher, voucher_move.move_no", "voucher_move_once"),
    ("voucher_move.id, voucher_move.kind", "voucher_move_step_once"),
    ("voucher_move.person, voucher_move.idempotency_key", "voucher_key_used_once"),
    ("voucher_move.voucher", "voucher_ended_once"),
    ("voucher_move.id", "payback_ended_once"),
];

/// What went wrong, without a word of what was to be written.
fn in_words(cause: &rusqlite::Error) -> String {
    match cause.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            let text = cause.to_string();
            let unique = text.strip_prefix("UNIQUE constraint failed: ");
            let name = unique.and_then(|columns| UNIQUE.iter().find(|(of, _)| *of == columns));
            let name = name.map(|(_, name)| format!("constraint failed: {name}"));
            name.unwrap_or(text)
        }
        Some(ErrorCode::DiskFull) => "no space is left on the disk of the store".to_owned(),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
