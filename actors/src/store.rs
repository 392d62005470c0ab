//! The port to the store: what the actors ask of it. Implementations live at the edge
//! (`src/store/`).
//!
//! One writer per stream: the people's, and two for each program, of its sales and of its vouchers.
//! A batch states the epoch under which it is written and the sequence number that it begins with;
//! a store accepts it only if both are what it has for that stream, in the same transaction as the
//! rows. So a deposed owner can write nothing, nothing is written twice, and a stream whose writer
//! is stuck holds up no other.

use async_trait::async_trait;
use openrun_core::purchase::PassId;
use openrun_core::settlement::Sold;
use openrun_core::{
    Event, PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, StreamId, Suspension,
    Timestamp, VoucherId,
};
use tokio::sync::mpsc;

/// The right to write to a stream, as handed out by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// Grows by one with each take-over.
    pub epoch: u64,
    /// The sequence number of the next event.
    pub next_seq: u64,
}

/// Where a stream stands: what has been written to it, in three figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Under which epoch it is written now.
    pub epoch: u64,
    /// The sequence number of the next event.
    pub next_seq: u64,
    /// The hash over everything before it, which chains each batch to the one before.
    pub hash: [u8; 32],
}

/// Events to be written together, in this order, or not at all.
#[derive(Debug)]
pub struct Batch {
    /// Of which stream.
    pub stream: StreamId,
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

/// Where an event stands among those of all streams: by time, and by something fixed where times
/// are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPlace {
    /// When.
    pub at: Timestamp,
    /// Its place in its stream.
    pub seq: u64,
    /// The store's number for the stream.
    pub stream: u64,
}

/// Some of the vouchers whose time may be over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DueVouchers {
    /// Each with whose it is, in the order of their ids. One too many does no harm: the person
    /// decides.
    pub found: Vec<(VoucherId, PersonKey)>,
    /// Behind which id the next ones lie; nothing when all were looked at.
    pub next: Option<VoucherId>,
}

/// Answers that may be long arrive in chunks.
pub type Chunks<T> = mpsc::Receiver<Result<Vec<T>, StoreError>>;

/// A durable, ordered, append-only memory.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes the right to write to a stream from whoever had it. A stream that is not there begins.
    async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError>;

    /// Writes a batch. When it answers `Ok`, the batch survives kill -9 and power loss.
    async fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// Where a stream stands; nothing when nobody ever took it over.
    async fn standing(&self, stream: &StreamId) -> Result<Option<Standing>, StoreError>;

    /// The hash over everything before the event `next_seq` of a stream: that of the batch which
    /// ends there. 32 zero bytes at 1, where a stream begins; nothing when no batch ends there.
    async fn hash_at(
        &self,
        stream: &StreamId,
        next_seq: u64,
    ) -> Result<Option<[u8; 32]>, StoreError>;

    /// Every program as it stands.
    async fn programs(&self) -> Result<Vec<Program>, StoreError>;

    /// What is switched off for a time, as the newest `SuspensionsChanged` says; nothing before the
    /// first.
    async fn suspensions(&self) -> Result<Vec<Suspension>, StoreError>;

    /// The ids of all rounds, oldest first.
    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError>;

    /// Every event of a round (its journal, tickets, claims and purchases) in the order of `seq`.
    fn round_events(&self, round: &RoundId) -> Chunks<StoredEvent>;

    /// Everything that a person's limits and keys depend on: their `Held`, `PaymentSent`, `Voided`,
    /// `Issued` and `Refused` events; those of one program in the order of `seq`.
    async fn person_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError>;

    /// Everything that became of a person's vouchers after they were bought: each `Spent`,
    /// `PaybackSent`, `PaidBack`, `PaybackRefused`, `Gifted` (given and received) and `Expired` of
    /// this person, and each `Refused` of a vouchers' stream; those of one program in the order of
    /// `seq`.
    async fn voucher_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError>;

    /// Every `PaybackSent` whose end is to come.
    async fn open_paybacks(&self) -> Result<Vec<StoredEvent>, StoreError>;

    /// Vouchers that may have a balance, whose time was over by `until` and whose end is not
    /// written. Looks at `limit` vouchers that were bought and as many that were given, at most, in
    /// the order of their ids, those with an id above `after` when given: so it takes as long
    /// wherever it is in however many, and however few of them are due.
    async fn vouchers_due(
        &self,
        until: Timestamp,
        after: Option<VoucherId>,
        limit: usize,
    ) -> Result<DueVouchers, StoreError>;

    /// Every `PaybackSent` and `PaidBack` for vouchers of a round, in the order of `seq`: as many
    /// as were cancelled and refunded.
    fn paybacks_of(&self, round: &RoundId) -> Chunks<StoredEvent>;

    /// What one person's place came to, in the order of `seq`: its `Joined`, `Left` and `Claimed`
    /// events, the `CameBack` and `TurnGiven` that name it, the `Held`, `PaymentSent`, `Voided` and
    /// `Issued` of what was bought with it, and every `RoundMoved` of the round.
    async fn place_events(
        &self,
        round: &RoundId,
        place: PassId,
        person: PersonKey,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Everybody who signed up.
    fn people(&self) -> Chunks<PersonKey>;

    /// Everybody who has at least one `Refused` event, or was given something (repeats allowed).
    /// Who held or bought stands in the events of the rounds.
    fn refused_or_given(&self) -> Chunks<PersonKey>;

    /// One purchase, in the state in which it stands now: `Held`, `Paying` (sent), `Issued`,
    /// `Voided`, or `Cancelled` once a cancel was paid back.
    async fn purchase(&self, id: PurchaseId) -> Result<Option<Purchase>, StoreError>;

    /// Purchases of a person with their state, largest id (newest) first, at most `limit`, with an
    /// id below `before` when given.
    async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, StoreError>;

    /// What a round has sold, added up by day of Seoul, channel and window, in any order: a part
    /// may come in several pieces.
    fn sold_of(&self, round: &RoundId) -> Chunks<Sold>;

    /// `StaffActed` events of all streams, newest first (largest place), at most `limit`, with a
    /// place below `before` when given.
    async fn staff_log(
        &self,
        before: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError>;

    /// Whether the store can be reached.
    async fn ping(&self) -> Result<(), StoreError>;
}
