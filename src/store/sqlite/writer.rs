//! The one writer: a thread, its connection, and a queue of what to write.
//!
//! A batch is one transaction: the fence, the rows, the commit, and only then the answer. Failures
//! are sorted by the one question that matters to the caller, whether the rows can be there:
//! everything before `commit` is rolled back and certainly not written; a `commit` that fails, a
//! rollback that fails and a writer that is gone are unknown.
//!
//! Bad data gets an answer, not a panic. The queue has no bound of its own: the committer has one
//! batch in flight.

use super::checkpoint::Checkpoints;
use super::file::Lock;
use super::insert::{InsertError, Inserts, whole};
use super::names::{NumberOfName, said};
use openrun_actors::store::{Batch, CommitError, Ownership, StoreError};
use rusqlite::{Connection, ErrorCode, params};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

const GONE: &str = "the writer is gone";

enum Job {
    TakeOver(oneshot::Sender<Result<Ownership, StoreError>>),
    Commit(Batch, oneshot::Sender<Result<(), CommitError>>),
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

    pub(super) async fn take_over(&self) -> Result<Ownership, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(Job::TakeOver(reply));
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
    names: NumberOfName,
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
            InsertError::Json(_) | InsertError::TooLarge(_) => Stop::Failed(cause.to_string()),
        }
    }
}

impl Writer {
    fn new(connection: Connection) -> rusqlite::Result<Writer> {
        let names = NumberOfName::load(&connection)?;
        Ok(Writer { connection, names })
    }

    fn run(&mut self, queue: &Receiver<Job>, checkpoints: &mut Checkpoints) {
        // A caller that no longer listens changes nothing: what it asked for is done.
        while let Ok(job) = queue.recv() {
            match job {
                Job::TakeOver(reply) => drop(reply.send(self.take_over())),
                Job::Commit(batch, reply) => {
                    let _ = reply.send(self.commit(&batch));
                    checkpoints.committed(&self.connection, batch.events.len());
                }
            }
        }
    }

    /// One statement, and a barrier: once it is durable, no older epoch can write.
    fn take_over(&mut self) -> Result<Ownership, StoreError> {
        self.leave_transaction().map_err(said)?;
        let grow = "update ownership set epoch = epoch + 1 returning epoch, next_seq";
        let (epoch, next_seq): (i64, i64) = self
            .connection
            .query_row(grow, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(said)?;
        tracing::info!(epoch, next_seq, "took over the store");
        Ok(Ownership { epoch: epoch.unsigned_abs(), next_seq: next_seq.unsigned_abs() })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let begun = self.leave_transaction().and_then(|()| self.execute("begin immediate"));
        if let Err(cause) = begun {
            return Err(CommitError::NotWritten(in_words(&cause)));
        }
        if let Err(stop) = write(&self.connection, &mut self.names, batch) {
            return Err(self.roll_back(stop));
        }
        if let Err(cause) = self.execute("commit") {
            self.names.forget();
            // Whether this succeeds or not: the log may already hold the rows.
            let _ = self.leave_transaction();
            tracing::error!(%cause, "a commit failed: perhaps written");
            return Err(CommitError::Unknown(in_words(&cause)));
        }
        self.names.keep();
        Ok(())
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

/// The fence and the rows of one batch, in a transaction that is open.
fn write(connection: &Connection, names: &mut NumberOfName, batch: &Batch) -> Result<(), Stop> {
    let count = batch.events.len() as u64;
    let first = whole(batch.first_seq, "a sequence number")?;
    let next = batch.first_seq.checked_add(count);
    let next = whole(next.ok_or(InsertError::TooLarge("a sequence number"))?, "a count")?;
    let epoch = whole(batch.epoch, "an epoch")?;

    let fence = "update ownership set next_seq = ?1 where epoch = ?2 and next_seq = ?3";
    if connection.prepare_cached(fence)?.execute(params![next, epoch, first])? != 1 {
        return Err(Stop::Deposed);
    }
    // No events: the fence alone, which is a barrier.
    let Some((at, _)) = batch.events.last() else { return Ok(()) };
    connection
        .prepare_cached("insert into batch (first_seq, count, epoch, at) values (?1, ?2, ?3, ?4)")?
        .execute(params![first, next - first, epoch, at.0])?;
    let mut inserts = Inserts::prepare(connection)?;
    for (seq, (at, event)) in (batch.first_seq..).zip(&batch.events) {
        inserts.event(names, seq, *at, event)?;
    }
    Ok(())
}

/// SQLite names the columns of a unique constraint; people and tests know it by its name.
const UNIQUE: [(&str, &str); 10] = [
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
