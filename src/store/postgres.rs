//! The store for production: PostgreSQL, with a connection of its own for each stream that is
//! written.
//!
//! * A batch is one statement of one function that the writing role may call; a program whose
//!   connection is stuck holds up no other.
//! * A commit is answered when the server has answered, `synchronous_commit` on and without a
//!   warning; whatever else happens is sorted in `verdict`.
//! * A take-over waits for what the former connection may still be doing, and is durable itself.
//! * Short reads share a pool; long reads have a connection each. All see the primary, and what was
//!   committed before they began; what is seen and in doubt is not answered (`doubts`).
//! * All of it runs on two threads of its own: a busy arbiter delays no commit and no answer.
//!
//! It does not retry a write: whoever gets [`CommitError::Unknown`] takes over again and reads what
//! is there. Several programs may have the store open; each stream has one owner at a time.

mod at_place;
mod composite;
mod connect;
mod decode;
mod doubts;
mod examine;
mod fault;
mod fetched;
mod merchants;
mod migrate;
mod names;
mod packed;
mod password;
mod place;
mod point;
mod reader;
mod rows;
mod scratch;
mod stream;
mod tls;
mod verdict;
mod vouchers;
mod writer;

pub use examine::PostgresExamined;
pub use fault::Fault;
pub use merchants::PostgresMerchants;
pub use scratch::Scratch;

use async_trait::async_trait;
use doubts::Doubts;
use migrate::When;
use openrun_actors::store::{
    Batch, Chunks, CommitError, DueVouchers, LogPlace, Ownership, Standing, Store, StoreError,
};
use openrun_core::purchase::PassId;
use openrun_core::settlement::Sold;
use openrun_core::{
    PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, StreamId, Suspension,
    Timestamp, VoucherId,
};
use place::Place;
use reader::Reader;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres_rustls::MakeRustlsConnect;
use writer::{Deadlines, ServerId, WriterHandle};

/// Threads of the store: encoding and decoding for two streams at once; the rest is waiting.
const THREADS: usize = 2;

/// Whether a store is one of this kind.
#[must_use]
pub fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Whether `url` can be used, as far as it can tell by itself.
///
/// # Errors
/// What is wrong with it.
pub fn check_url(url: &str) -> Result<(), Fault> {
    Place::parse(url).map(drop)
}

/// The URL without its password, to be shown.
///
/// # Errors
/// It cannot be read.
pub fn shown(url: &str) -> Result<String, Fault> {
    Place::parse(url).map(|place| place.to_string())
}

/// Brings the tables of the store that `url` names up to date, unless an openrun is using it.
///
/// # Errors
/// What is wrong with the store, and what to do about it.
pub async fn migrate(url: &str) -> Result<(), Fault> {
    let place = Place::parse(url)?;
    migrate::run(&place, &tls::connector(&place)?, When::Asked).await
}

/// Gives an empty database its tables; one that a former version made is refused.
///
/// # Errors
/// What is wrong with the store, and what to do about it.
pub async fn make_if_empty(url: &str) -> Result<(), Fault> {
    let place = Place::parse(url)?;
    migrate::run(&place, &tls::connector(&place)?, When::Empty).await
}

/// A store in PostgreSQL, open.
pub struct PostgresStore {
    // Gone only while it is dropped.
    runtime: Option<Runtime>,
    inner: Arc<Inner>,
}

struct Inner {
    handle: Handle,
    place: Place,
    tls: MakeRustlsConnect,
    server: ServerId,
    deadlines: Deadlines,
    reader: Reader,
    doubts: Arc<Doubts>,
    /// One at a time takes a stream over, and what is there is what the last one made.
    streams: Mutex<HashMap<StreamId, Arc<tokio::sync::Mutex<()>>>>,
    writers: Mutex<HashMap<StreamId, WriterHandle>>,
}

impl PostgresStore {
    /// Opens the store that `url` names. An empty database gets its tables; one that a former
    /// version made is refused: an operator migrates it when no openrun uses it any more.
    ///
    /// # Errors
    /// What is wrong with the store, and what to do about it.
    pub async fn open(url: &str) -> Result<PostgresStore, Fault> {
        PostgresStore::open_with(url, Deadlines::default()).await
    }

    async fn open_with(url: &str, deadlines: Deadlines) -> Result<PostgresStore, Fault> {
        let place = Place::parse(url)?;
        let tls = tls::connector(&place)?;
        migrate::run(&place, &tls, When::Empty).await?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(|cause| Fault::Broken {
                place: place.to_string(),
                cause: cause.to_string(),
            })?;
        let (handle, doubts) = (runtime.handle().clone(), Arc::<Doubts>::default());
        let reader = Reader::new(&place, &tls, Arc::clone(&doubts));
        let (streams, writers) = (Mutex::default(), Mutex::default());
        let server = rand::random();
        let inner =
            Inner { handle, place, tls, server, deadlines, reader, doubts, streams, writers };
        Ok(PostgresStore { runtime: Some(runtime), inner: Arc::new(inner) })
    }

    /// Runs a piece of work on the threads of the store, to its end whoever stops listening.
    async fn run<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let task = self.inner.handle.spawn(work(Arc::clone(&self.inner)));
        task.await.unwrap_or_else(|_| Err(StoreError("the store is closing".to_owned())))
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // Not the blocking way: a store may be dropped where threads must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Inner {
    async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError> {
        let turn = {
            let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(streams.entry(stream.clone()).or_default())
        };
        let _turn = turn.lock().await;
        // The old socket goes first: what it may still bring is fenced off or waited for.
        let former = self.writers.lock().unwrap_or_else(PoisonError::into_inner).remove(stream);
        if let Some(former) = former {
            former.cut();
        }
        self.reader.forget_names();
        let (place, tls, deadlines) = (&self.place, &self.tls, self.deadlines);
        let taken =
            writer::take_over(place, tls, stream, self.server, deadlines, &self.doubts).await;
        let (ownership, writer) = taken?;
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        writers.insert(stream.clone(), writer);
        Ok(ownership)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError> {
        let stream = stream.clone();
        self.run(|inner| async move { inner.take_over(&stream).await }).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let desk = {
            let writers = self.inner.writers.lock().unwrap_or_else(PoisonError::into_inner);
            writers.get(&batch.stream).map(WriterHandle::desk)
        };
        match desk {
            Some(desk) => desk.commit(batch).await,
            None => Err(self.inner.no_writer(&batch.stream)),
        }
    }

    async fn standing(&self, stream: &StreamId) -> Result<Option<Standing>, StoreError> {
        let stream = stream.clone();
        self.run(|inner| async move { point::standing(&inner.reader, &stream).await }).await
    }

    async fn hash_at(
        &self,
        stream: &StreamId,
        next_seq: u64,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        let stream = stream.clone();
        self.run(move |inner| async move { point::hash_at(&inner.reader, &stream, next_seq).await })
            .await
    }

    async fn programs(&self) -> Result<Vec<Program>, StoreError> {
        self.run(|inner| async move { point::programs(&inner.reader).await }).await
    }

    async fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        self.run(|inner| async move { point::suspensions(&inner.reader).await }).await
    }

    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError> {
        self.run(|inner| async move { point::rounds(&inner.reader).await }).await
    }

    fn round_events(&self, round: &RoundId) -> Chunks<StoredEvent> {
        stream::round_events(&self.inner.handle, self.inner.source(), round.clone())
    }

    async fn person_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.run(move |inner| async move { point::person_events(&inner.reader, person).await })
            .await
    }

    async fn voucher_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.run(move |inner| async move { vouchers::voucher_events(&inner.reader, person).await })
            .await
    }

    async fn open_paybacks(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.run(|inner| async move { vouchers::open_paybacks(&inner.reader).await }).await
    }

    async fn vouchers_due(
        &self,
        until: Timestamp,
        after: Option<VoucherId>,
        limit: usize,
    ) -> Result<DueVouchers, StoreError> {
        self.run(move |inner| async move {
            vouchers::vouchers_due(&inner.reader, until, after, limit).await
        })
        .await
    }

    fn paybacks_of(&self, round: &RoundId) -> Chunks<StoredEvent> {
        stream::paybacks_of(&self.inner.handle, self.inner.source(), round.clone())
    }

    async fn place_events(
        &self,
        round: &RoundId,
        place: PassId,
        person: PersonKey,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let round = round.clone();
        let ask = move |inner: Arc<Inner>| async move {
            at_place::place_events(&inner.reader, &round, place, person).await
        };
        self.run(ask).await
    }

    fn people(&self) -> Chunks<PersonKey> {
        stream::persons(&self.inner.handle, self.inner.source(), &stream::PEOPLE)
    }

    fn refused_or_given(&self) -> Chunks<PersonKey> {
        stream::persons(&self.inner.handle, self.inner.source(), &stream::REFUSED_OR_GIVEN)
    }

    async fn purchase(&self, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        self.run(move |inner| async move { point::purchase(&inner.reader, id).await }).await
    }

    async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, StoreError> {
        self.run(move |inner| async move {
            point::purchases_of(&inner.reader, person, before, limit).await
        })
        .await
    }

    fn sold_of(&self, round: &RoundId) -> Chunks<Sold> {
        stream::sold_of(&self.inner.handle, self.inner.source(), round.clone())
    }

    async fn staff_log(
        &self,
        before: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
        self.run(move |inner| async move { point::staff_log(&inner.reader, before, limit).await })
            .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.run(|inner| async move { point::ping(&inner.reader).await }).await
    }
}

impl Inner {
    /// Why nobody writes to a stream: its last take-over failed, or there was none, and so whoever
    /// means to own it does not.
    fn no_writer(&self, stream: &StreamId) -> CommitError {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        match streams.contains_key(stream) {
            true => CommitError::NotWritten("the stream has to be taken over anew".to_owned()),
            false => CommitError::Deposed,
        }
    }

    fn source(&self) -> stream::Source {
        let doubts = Arc::clone(&self.doubts);
        stream::Source { place: self.place.clone(), tls: self.tls.clone(), doubts }
    }
}

#[cfg(test)]
mod tests;
