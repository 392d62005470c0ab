//! The embedded store: one SQLite file, one writer thread, two reader threads, a thread for each
//! long read.
//!
//! * All streams share the one writer: the file has one lock, so a second would only wait for it.
//!   Each stream has its own order, epoch and chain all the same. What must not wait for another
//!   program's commit belongs into PostgreSQL.
//! * A commit is answered when its rows are in the write-ahead log and the log is on the disk
//!   (`synchronous=FULL`).
//! * A read sees what was committed before it began, and waits neither for the writer nor for a
//!   long read.
//! * One process at a time: a lock on `PATH.lock`, held until the writer's connection is closed.
//!
//! It does not retry: whoever gets [`CommitError::Unknown`] takes over again and reads what is
//! there.

mod at_place;
mod checkpoint;
mod decode;
#[cfg(test)]
mod disk_tests;
mod examine;
mod file;
mod insert;
mod merchants;
mod migrate;
mod names;
mod point;
mod reader;
mod stream;
mod vouchers;
mod writer;

pub use examine::SqliteExamined;
pub use merchants::SqliteMerchants;

use super::OpenError;
use async_trait::async_trait;
use openrun_actors::store::{
    Batch, Chunks, CommitError, DueVouchers, LogPlace, Ownership, Standing, Store, StoreError,
};
use openrun_core::purchase::PassId;
use openrun_core::settlement::Sold;
use openrun_core::{
    PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, StreamId, Suspension,
    Timestamp, VoucherId,
};
use reader::Readers;
use std::path::{Path, PathBuf};
use writer::WriterHandle;

/// An embedded store, open and locked.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    readers: Readers,
    writer: WriterHandle,
}

impl SqliteStore {
    /// Opens the data file at `path`, made when it is not there, and brings its tables up to date.
    /// Blocks.
    ///
    /// # Errors
    /// What is wrong with the file, and what to do about it.
    pub fn open(path: &Path) -> Result<SqliteStore, OpenError> {
        let lock = file::prepare(path)?;
        let mut connection = file::open_to_write(path)?;
        migrate::run(&mut connection, path)?;
        checkpoint::move_all(&connection);
        let broken = |cause: StoreError| OpenError::Broken { path: path.into(), cause: cause.0 };
        let second = file::open_to_write(path)?;
        let writer = WriterHandle::start(connection, second, lock).map_err(broken)?;
        let readers = Readers::start(path).map_err(broken)?;
        Ok(SqliteStore { path: path.to_path_buf(), readers, writer })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError> {
        self.writer.take_over(stream).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.writer.commit(batch).await
    }

    async fn standing(&self, stream: &StreamId) -> Result<Option<Standing>, StoreError> {
        let stream = stream.clone();
        self.readers.ask(move |reader| point::standing(reader, &stream)).await
    }

    async fn hash_at(
        &self,
        stream: &StreamId,
        next_seq: u64,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let stream = stream.clone();
        self.readers.ask(move |reader| point::hash_at(reader, &stream, next_seq)).await
    }

    async fn programs(&self) -> Result<Vec<Program>, StoreError> {
        self.readers.ask(point::programs).await
    }

    async fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        self.readers.ask(point::suspensions).await
    }

    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError> {
        self.readers.ask(point::rounds).await
    }

    fn round_events(&self, round: &RoundId) -> Chunks<StoredEvent> {
        let (path, round) = (self.path.clone(), round.clone());
        stream::start(&self.path, move |reader, out| {
            stream::round_events(&path, reader, &round, out)
        })
    }

    async fn person_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.readers.ask(move |reader| point::person_events(reader, person)).await
    }

    async fn voucher_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.readers.ask(move |reader| vouchers::voucher_events(reader, person)).await
    }

    async fn open_paybacks(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.readers.ask(vouchers::open_paybacks).await
    }

    async fn vouchers_due(
        &self,
        until: Timestamp,
        after: Option<VoucherId>,
        limit: usize,
    ) -> Result<DueVouchers, StoreError> {
        self.readers.ask(move |reader| vouchers::vouchers_due(reader, until, after, limit)).await
    }

    fn paybacks_of(&self, round: &RoundId) -> Chunks<StoredEvent> {
        let round = round.clone();
        stream::start(&self.path, move |reader, out| stream::paybacks_of(reader, &round, out))
    }

    async fn place_events(
        &self,
        round: &RoundId,
        place: PassId,
        person: PersonKey,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let round = round.clone();
        let ask = move |reader: &mut _| at_place::place_events(reader, &round, place, person);
        self.readers.ask(ask).await
    }

    fn people(&self) -> Chunks<PersonKey> {
        stream::start(&self.path, |reader, out| stream::persons(reader, &[stream::PEOPLE], out))
    }

    fn refused_or_given(&self) -> Chunks<PersonKey> {
        stream::start(&self.path, |reader, out| {
            stream::persons(reader, &stream::REFUSED_OR_GIVEN, out)
        })
    }

    async fn purchase(&self, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        self.readers.ask(move |reader| point::purchase(reader, id)).await
    }

    async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, StoreError> {
        self.readers.ask(move |reader| point::purchases_of(reader, person, before, limit)).await
    }

    fn sold_of(&self, round: &RoundId) -> Chunks<Sold> {
        let round = round.clone();
        stream::start(&self.path, move |reader, out| stream::sold_of(reader, &round, out))
    }

    async fn staff_log(
        &self,
        before: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
        self.readers.ask(move |reader| point::staff_log(reader, before, limit)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.readers.ask(point::ping).await
    }
}
