//! The port to the store: what the actors ask of it. Implementations live at the edge
//! (`src/store/`).
//!
//! One writer per store. A batch states the epoch under which it is written and the sequence number
//! that it begins with; a store accepts it only if both are what it has, in the same transaction as
//! the rows. So a deposed owner can write nothing, and nothing is written twice.

use async_trait::async_trait;
use openrun_core::{
    Event, PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, Timestamp,
};
use tokio::sync::mpsc;

/// The right to write, as handed out by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// Grows by one with each take-over.
    pub epoch: u64,
    /// The sequence number of the next event.
    pub next_seq: u64,
}

/// Events to be written together, in this order, or not at all.
#[derive(Debug)]
pub struct Batch {
    /// Under which epoch.
    pub epoch: u64,
    /// The sequence number of the first event; the others follow without a gap.
    pub first_seq: u64,
    /// What happened and when it was decided.
    pub events: Vec<(Timestamp, Event)>,
}

/// Why a batch did not get a plain yes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Certainly nothing was written.
    #[error("not written: {0}")]
    NotWritten(String),
    /// Perhaps it was written, perhaps not: only reading can tell.
    #[error("perhaps written: {0}")]
    Unknown(String),
    /// Another owner took over: certainly nothing was written, and nothing ever will be under this
    /// epoch.
    #[error("deposed by a newer owner")]
    Deposed,
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("store: {0}")]
pub struct StoreError(pub String);

/// Answers that may be long arrive in chunks.
pub type Chunks<T> = mpsc::Receiver<Result<Vec<T>, StoreError>>;

/// A durable, ordered, append-only memory.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes the right to write from whoever had it.
    async fn take_over(&self) -> Result<Ownership, StoreError>;

    /// Writes a batch. When it answers `Ok`, the batch survives kill -9 and power loss.
    async fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// Every program as it stands.
    async fn programs(&self) -> Result<Vec<Program>, StoreError>;

    /// The ids of all rounds, oldest first.
    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError>;

    /// Every event of a round (its journal, tickets, claims and purchases) in the order of `seq`.
    fn round_events(&self, round: &RoundId) -> Chunks<StoredEvent>;

    /// Everything that a person's limits and keys depend on: `Issued` and `Refused` events in the
    /// order of `seq`.
    async fn person_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError>;

    /// Everybody who signed up.
    fn people(&self) -> Chunks<PersonKey>;

    /// Everybody who has at least one `Issued` or `Refused` event (repeats allowed).
    fn buyers(&self) -> Chunks<PersonKey>;

    /// One purchase.
    async fn purchase(&self, id: PurchaseId) -> Result<Option<Purchase>, StoreError>;

    /// Purchases of a person, newest first, at most `limit`, older than `before` when given.
    async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, StoreError>;

    /// `StaffActed` events, newest first, at most `limit`, with `seq` below `before` when given.
    async fn staff_log(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Whether the store can be reached.
    async fn ping(&self) -> Result<(), StoreError>;
}
