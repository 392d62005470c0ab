//! A store for tests, in between the server and a real one: it can hold up the commits of one
//! stream, let a chosen commit fail in each way in which a store may, and hold up reads.
//!
//! Nothing is invented: what it says was written was written by the store within, and a stream that
//! it calls deposed was really taken over. Faults that last ([`StallingStore::stall`],
//! [`StallingStore::stall_reads`]) hold until they are taken back; a [`Fate`] springs once.

use super::TestStore;
use super::ports::folder;
use openrun_actors::store::{
    Batch, Chunks, CommitError, DueVouchers, LogPlace, Ownership, Standing, Store, StoreError,
};
use openrun_core::purchase::PassId;
use openrun_core::settlement::Sold;
use openrun_core::{
    Event, PersonKey, Program, ProgramId, Purchase, PurchaseId, RoundId, StoredEvent, StreamId,
    Suspension, Timestamp, VoucherId,
};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is written, and that is said.
    NotWritten,
    /// It is written, and nobody can say so.
    UnknownApplied,
    /// Nothing is written, and nobody can say so.
    UnknownNotApplied,
    /// Another owner takes the stream over just before.
    Deposed,
    /// Nobody can say, and it is written later: just before the stream is taken over, which is
    /// when [`StallingStore::land`] says so. As with a server that still works for a client that is
    /// gone.
    Late,
}

/// All of them that end at once.
pub const FATES: [Fate; 4] =
    [Fate::NotWritten, Fate::UnknownApplied, Fate::UnknownNotApplied, Fate::Deposed];

/// What is held up now.
#[derive(Debug, Clone, Default)]
struct Stalled {
    streams: HashSet<StreamId>,
    /// Whether what is late stays on its way.
    is_flying: bool,
    reads: bool,
    has_gone: bool,
}

/// Which commit: the next one with such an event.
type Picks = fn(&Event) -> bool;

/// The store; see the head of this file.
pub struct StallingStore {
    within: Arc<dyn Store>,
    stalled: watch::Sender<Stalled>,
    fates: Mutex<Vec<(Picks, Fate)>>,
    late: Mutex<Option<Batch>>,
    /// Where a store in a file lies.
    _folder: Arc<TempDir>,
}

/// The stream of a program.
pub fn stream_of(program: &str) -> StreamId {
    StreamId::Program(ProgramId::new(program).expect("a slug"))
}

impl StallingStore {
    /// One around an empty store of the kind that this run is about, and where that can be audited.
    pub async fn fresh() -> (Arc<StallingStore>, TestStore) {
        let (folder, store) = (folder(), TestStore::fresh().await);
        let url = store.url(folder.path());
        if openrun::store::postgres::is_url(&url) {
            openrun::store::migrate(&url).await.expect("an empty database");
        }
        let within = openrun::store::open(&url).await.expect("an empty store");
        let (stalled, _) = watch::channel(Stalled::default());
        let audited = match store {
            TestStore::File => TestStore::At(url),
            other => other,
        };
        let (fates, late) = (Mutex::default(), Mutex::default());
        (Arc::new(StallingStore { within, stalled, fates, late, _folder: folder }), audited)
    }

    /// From now on no commit of this stream comes to an end.
    pub fn stall(&self, stream: &StreamId) {
        self.stalled.send_modify(|stalled| {
            stalled.streams.insert(stream.clone());
        });
    }

    /// What was held up goes on.
    pub fn release(&self, stream: &StreamId) {
        self.stalled.send_modify(|stalled| {
            stalled.streams.remove(stream);
        });
    }

    /// From now on nothing can be read, or everything again.
    pub fn stall_reads(&self, are_stalled: bool) {
        self.stalled.send_modify(|stalled| stalled.reads = are_stalled);
    }

    /// From now on asking what came of a place fails at once, or is answered again.
    pub fn go_away(&self, is_away: bool) {
        self.stalled.send_modify(|stalled| stalled.has_gone = is_away);
    }

    /// The next commit with such an event has this fate.
    pub fn doom(&self, picks: Picks, fate: Fate) {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner).push((picks, fate));
    }

    /// What is late arrives, and its stream can be taken over.
    pub fn land(&self) {
        self.stalled.send_modify(|stalled| stalled.is_flying = false);
    }

    fn late(&self) -> MutexGuard<'_, Option<Batch>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all fates have sprung.
    pub fn has_struck(&self) -> bool {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn fate_of(&self, batch: &Batch) -> Option<Fate> {
        let mut fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
        let picked = |(picks, _): &(Picks, Fate)| batch.events.iter().any(|(_, it)| picks(it));
        let at = fates.iter().position(picked)?;
        Some(fates.remove(at).1)
    }

    async fn until(&self, goes_on: impl FnMut(&Stalled) -> bool) {
        let mut stalled = self.stalled.subscribe();
        stalled.wait_for(goes_on).await.expect("the store is there as long as its calls");
    }

    async fn until_read(&self) {
        self.until(|stalled| !stalled.reads).await;
    }

    fn chunks<T: Send + 'static>(&self, mut within: Chunks<T>) -> Chunks<T> {
        let (sender, receiver) = mpsc::channel(1);
        let mut stalled = self.stalled.subscribe();
        tokio::spawn(async move {
            while let Some(chunk) = within.recv().await {
                let goes_on = stalled.wait_for(|stalled| !stalled.reads).await.is_ok();
                if !goes_on || sender.send(chunk).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

#[async_trait::async_trait]
impl Store for StallingStore {
    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.until(|stalled| !stalled.streams.contains(&batch.stream)).await;
        let unknown = || CommitError::Unknown("the line went dead".to_owned());
        match self.fate_of(&batch) {
            None => self.within.commit(batch).await,
            Some(Fate::NotWritten) => Err(CommitError::NotWritten("no room".to_owned())),
            Some(Fate::UnknownApplied) => {
                self.within.commit(batch).await?;
                Err(unknown())
            }
            Some(Fate::UnknownNotApplied) => Err(unknown()),
            Some(Fate::Deposed) => {
                let taken = self.within.take_over(&batch.stream).await;
                taken.map_err(|error| CommitError::NotWritten(error.to_string()))?;
                self.within.commit(batch).await
            }
            Some(Fate::Late) => {
                self.stalled.send_modify(|stalled| stalled.is_flying = true);
                *self.late() = Some(batch);
                Err(unknown())
            }
        }
    }

    async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError> {
        if self.late().as_ref().is_some_and(|batch| batch.stream == *stream) {
            self.until(|stalled| !stalled.is_flying).await;
            let late = self.late().take();
            if let Some(batch) = late {
                self.within.commit(batch).await.map_err(|error| StoreError(error.to_string()))?;
            }
        }
        self.within.take_over(stream).await
    }

    async fn standing(&self, stream: &StreamId) -> Result<Option<Standing>, StoreError> {
        self.until_read().await;
        self.within.standing(stream).await
    }

    async fn hash_at(
        &self,
        stream: &StreamId,
        next_seq: u64,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        self.until_read().await;
        self.within.hash_at(stream, next_seq).await
    }

    async fn programs(&self) -> Result<Vec<Program>, StoreError> {
        self.until_read().await;
        self.within.programs().await
    }

    async fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        self.until_read().await;
        self.within.suspensions().await
    }

    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError> {
        self.until_read().await;
        self.within.rounds().await
    }

    fn round_events(&self, round: &RoundId) -> Chunks<StoredEvent> {
        self.chunks(self.within.round_events(round))
    }

    async fn person_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.until_read().await;
        self.within.person_events(person).await
    }

    async fn voucher_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.until_read().await;
        self.within.voucher_events(person).await
    }

    async fn open_paybacks(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.until_read().await;
        self.within.open_paybacks().await
    }

    async fn vouchers_due(
        &self,
        until: Timestamp,
        after: Option<VoucherId>,
        limit: usize,
    ) -> Result<DueVouchers, StoreError> {
        self.until_read().await;
        self.within.vouchers_due(until, after, limit).await
    }

    fn paybacks_of(&self, round: &RoundId) -> Chunks<StoredEvent> {
        self.chunks(self.within.paybacks_of(round))
    }

    async fn place_events(
        &self,
        round: &RoundId,
        place: PassId,
        person: PersonKey,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.until_read().await;
        if self.stalled.borrow().has_gone {
            return Err(StoreError("the line went dead".to_owned()));
        }
        self.within.place_events(round, place, person).await
    }

    fn people(&self) -> Chunks<PersonKey> {
        self.chunks(self.within.people())
    }

    fn refused_or_given(&self) -> Chunks<PersonKey> {
        self.chunks(self.within.refused_or_given())
    }

    async fn purchase(&self, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        self.until_read().await;
        self.within.purchase(id).await
    }

    async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, StoreError> {
        self.until_read().await;
        self.within.purchases_of(person, before, limit).await
    }

    fn sold_of(&self, round: &RoundId) -> Chunks<Sold> {
        self.chunks(self.within.sold_of(round))
    }

    async fn staff_log(
        &self,
        before: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
        self.until_read().await;
        self.within.staff_log(before, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.until_read().await;
        self.within.ping().await
    }
}
