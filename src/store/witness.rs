//! A witness against a store that was set back: restored from an old copy, failed over to a replica
//! that was behind, or put in the place of another.
//!
//! It stands before the store and notes where each stream was when a batch was last acknowledged.
//! Now and then, and when it is stopped, it writes that down in a file of its own (`book`), which
//! does not go back when the store does. At the next start, and whenever a stream is taken over, it
//! holds the store against what it noted: a store that stands behind, or that has another hash
//! where it stood, has lost what people were told is theirs. It is not sold from until an operator
//! says so at the start of the process, naming the loss: no call and no click lifts it, and what
//! was said of one loss says nothing of another.
//!
//! It changes nothing of what the store answers, and a file that cannot be written holds up
//! nothing. What was acknowledged after the last writing it does not know after a crash; a store
//! that is set back by less than that goes unseen. It does not know what another server wrote.

mod book;

use async_trait::async_trait;
use book::{Book, Mark};
use openrun_actors::store::{
    Batch, Chunks, CommitError, DueVouchers, LogPlace, Ownership, Standing, Store, StoreError,
};
use openrun_core::purchase::PassId;
use openrun_core::settlement::Sold;
use openrun_core::{
    PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, StreamId, Suspension,
    Timestamp, VoucherId,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

pub use book::path_in;

use super::chain::stream_name;

/// How often the file is written at most: a second of what was acknowledged may go unwitnessed in a
/// crash, and one small file a second is nothing beside a commit every few milliseconds.
const WRITTEN_EVERY: Duration = Duration::from_secs(1);

/// How a stream shows that the store was set back.
#[derive(Debug, thiserror::Error)]
enum SetBack {
    #[error(
        "the store was set back: stream {stream} is at {stands}, and was at {stood} when it was \
         last seen"
    )]
    Behind { stream: String, stands: String, stood: String },
    #[error(
        "the store was set back and written on: stream {stream} holds another history up to \
         {stood} than the one that was acknowledged"
    )]
    OtherHistory { stream: String, stood: String },
}

/// Why a store is not believed: one line each, with cause and cure.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// It stands behind what it acknowledged, or has something else there.
    #[error(
        "{how}; restore the copy that holds it, or, if it is lost for good, start with \
         --accept-rewound-store={loss}"
    )]
    SetBack {
        /// What shows it.
        how: String,
        /// Names what is lost, in all streams: see [`Accepted::Loss`].
        loss: String,
    },
    /// The file cannot be read.
    #[error(
        "witness {path} cannot be read: {cause}; check the disk, or move the file away if the \
         store is known to be whole"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The store could not be asked.
    #[error("the store cannot say where it stands: {0}; check that it can be reached")]
    Store(#[from] StoreError),
}

/// What an operator said of a store that was set back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Nothing: it is not sold from.
    Nothing,
    /// To go on without what this names: 16 digits over where each stream stood and stands, hashes
    /// and all, as the refusal says them. Another loss has another name, so that what is left in a
    /// settings file accepts nothing later.
    Loss(String),
    /// To go on whatever it lost: what is tried out may be thrown away.
    Everything,
}

/// A stream as it was last acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    epoch: u64,
    next_seq: u64,
    /// The last place of which the hash is known, and that hash: at or before `next_seq`.
    proven: Option<(u64, [u8; 32])>,
}

/// What stands before the store.
#[derive(Debug)]
pub struct Witness {
    inner: Arc<Inner>,
    ticker: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    store: Arc<dyn Store>,
    book: Book,
    /// Also under a running server.
    accepts_everything: bool,
    seen: Mutex<BTreeMap<StreamId, Seen>>,
    /// One writes at a time, and knows what was written last.
    written: tokio::sync::Mutex<BTreeMap<StreamId, Mark>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("book", &self.book).finish_non_exhaustive()
    }
}

impl Witness {
    /// Holds the store against the file at `path`, if there is one, and puts itself before it. A
    /// store that was set back is refused, or told of in the log if that is `accepted`.
    ///
    /// To be called within a runtime, which it writes on from time to time.
    ///
    /// # Errors
    /// The store was set back, or it or the file cannot be read.
    pub async fn open(
        store: Arc<dyn Store>,
        path: &Path,
        accepted: &Accepted,
    ) -> Result<Witness, WitnessError> {
        Witness::open_with(store, path, accepted, WRITTEN_EVERY).await
    }

    async fn open_with(
        store: Arc<dyn Store>,
        path: &Path,
        accepted: &Accepted,
        every: Duration,
    ) -> Result<Witness, WitnessError> {
        let book = Book::at(path);
        let accepts_everything = *accepted == Accepted::Everything;
        let marks = match book.read() {
            Ok(marks) => marks,
            Err(cause) if accepts_everything => {
                tracing::warn!(cause, "the witness cannot be read, and the store is accepted");
                BTreeMap::new()
            }
            Err(cause) => return Err(WitnessError::Unreadable { path: path.into(), cause }),
        };
        let (mut seen, mut found, mut loss) = (BTreeMap::new(), Vec::new(), Sha256::new());
        for (stream, mark) in &marks {
            let standing = store.standing(stream).await?;
            let how = hold_against(&store, stream, &Seen::from(mark), standing).await?;
            if let Some(how) = how {
                loss.update(book::in_words(stream, mark, standing.as_ref()));
                found.push(how.to_string());
            }
            seen.extend(standing.map(|standing| (stream.clone(), Seen::from(&standing))));
        }
        let loss = book::hex(&loss.finalize()[..8]);
        let is_accepted = accepts_everything || *accepted == Accepted::Loss(loss.clone());
        if let (Some(how), false) = (found.first(), is_accepted) {
            return Err(WitnessError::SetBack { how: how.clone(), loss });
        }
        for how in found {
            tracing::warn!(how, loss, "accepted as the operator said");
        }
        let (seen, written) = (Mutex::new(seen), tokio::sync::Mutex::new(marks));
        let inner = Arc::new(Inner { store, book, accepts_everything, seen, written });
        if is_accepted {
            // Before anything is written to the store: as soon as it goes on it is another loss,
            // and whoever dies before the next writing would have to ask for its name once more.
            inner.write().await;
        }
        let ticker = tokio::spawn(write_now_and_then(Arc::downgrade(&inner), every));
        Ok(Witness { inner, ticker: Mutex::new(Some(ticker)) })
    }

    /// Writes down what is known, a last time. To be called when nothing is written to the store
    /// any more; without it the next start knows what was known a moment ago.
    pub async fn stop(&self) {
        if let Some(ticker) = self.take_ticker() {
            ticker.abort();
            // Cut short or not, what it held is free when this is back.
            let _ = ticker.await;
        }
        self.inner.write().await;
    }

    fn take_ticker(&self) -> Option<JoinHandle<()>> {
        self.ticker.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(ticker) = self.take_ticker() {
            ticker.abort();
        }
    }
}

/// Holds the store while it writes and no longer, so that a store that is let go is closed.
async fn write_now_and_then(inner: Weak<Inner>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        inner.write().await;
    }
}

/// What is wrong with a store that once stood at `seen`, if something is.
async fn hold_against(
    store: &Arc<dyn Store>,
    stream: &StreamId,
    seen: &Seen,
    standing: Option<Standing>,
) -> Result<Option<SetBack>, StoreError> {
    let place = |epoch, next_seq| format!("event {next_seq} of epoch {epoch}");
    let (name, stood) = (stream_name(stream), place(seen.epoch, seen.next_seq));
    let stands = match standing {
        Some(at) if at.next_seq >= seen.next_seq && at.epoch >= seen.epoch => {
            let Some((proven, hash)) = seen.proven else { return Ok(None) };
            let is_same = store.hash_at(stream, proven).await? == Some(hash);
            let other = SetBack::OtherHistory { stream: name, stood };
            return Ok((!is_same).then_some(other));
        }
        Some(at) => place(at.epoch, at.next_seq),
        None => "nothing at all".to_owned(),
    };
    Ok(Some(SetBack::Behind { stream: name, stands, stood }))
}

impl Inner {
    fn seen(&self) -> MutexGuard<'_, BTreeMap<StreamId, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store acknowledged.
    fn note(&self, stream: &StreamId, epoch: u64, next_seq: u64) {
        let mut seen = self.seen();
        match seen.get_mut(stream) {
            Some(known) => (known.epoch, known.next_seq) = (epoch, next_seq),
            None => {
                seen.insert(stream.clone(), Seen { epoch, next_seq, proven: None });
            }
        }
    }

    /// Writes the file if anything was acknowledged since the last time. What goes wrong is tried
    /// again the next time.
    async fn write(&self) {
        let mut written = self.written.lock().await;
        let seen = self.seen().clone();
        let mut marks = BTreeMap::new();
        for (stream, at) in seen {
            match self.mark(&stream, at, written.get(&stream)).await {
                Ok(mark) => marks.extend(mark.map(|mark| (stream, mark))),
                Err(cause) => {
                    return tracing::warn!(%cause, "the witness could not ask the store");
                }
            }
        }
        if marks == *written {
            return;
        }
        match self.book.write(&marks).await {
            Ok(()) => *written = marks,
            Err(cause) => tracing::warn!(cause, "the witness could not be written"),
        }
    }

    /// A stream with its hash; as it was written last if the store no longer has that place, which
    /// the next start then finds out.
    async fn mark(
        &self,
        stream: &StreamId,
        at: Seen,
        last: Option<&Mark>,
    ) -> Result<Option<Mark>, StoreError> {
        let Seen { epoch, next_seq, proven } = at;
        let known = proven.filter(|(place, _)| *place == next_seq).map(|(_, hash)| hash);
        let hash = match known {
            Some(hash) => Some(hash),
            None => self.store.hash_at(stream, next_seq).await?,
        };
        let Some(hash) = hash else {
            let stream = stream_name(stream);
            tracing::error!(stream, next_seq, "the store no longer has what it acknowledged");
            return Ok(last.copied());
        };
        if let Some(seen) = self.seen().get_mut(stream) {
            seen.proven = Some((next_seq, hash));
        }
        Ok(Some(Mark { epoch, next_seq, hash }))
    }
}

impl From<&Mark> for Seen {
    fn from(mark: &Mark) -> Seen {
        let Mark { epoch, next_seq, hash } = *mark;
        Seen { epoch, next_seq, proven: Some((next_seq, hash)) }
    }
}

impl From<&Standing> for Seen {
    fn from(standing: &Standing) -> Seen {
        let Standing { epoch, next_seq, hash } = *standing;
        Seen { epoch, next_seq, proven: Some((next_seq, hash)) }
    }
}

#[async_trait]
impl Store for Witness {
    /// A stream that was set back is not taken over: not even its epoch moves.
    async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError> {
        let inner = &self.inner;
        let seen = inner.seen().get(stream).copied();
        if let Some(seen) = seen {
            let standing = inner.store.standing(stream).await?;
            if let Some(fault) = hold_against(&inner.store, stream, &seen, standing).await? {
                if !inner.accepts_everything {
                    tracing::error!(%fault, "a stream is not taken over");
                    return Err(StoreError(fault.to_string()));
                }
                tracing::warn!(%fault, "accepted as the operator said");
                inner.seen().remove(stream);
            }
        }
        let ownership = inner.store.take_over(stream).await?;
        inner.note(stream, ownership.epoch, ownership.next_seq);
        Ok(ownership)
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let (stream, epoch) = (batch.stream.clone(), batch.epoch);
        let next_seq = batch.first_seq.saturating_add(batch.events.len() as u64);
        self.inner.store.commit(batch).await?;
        self.inner.note(&stream, epoch, next_seq);
        Ok(())
    }

    async fn standing(&self, stream: &StreamId) -> Result<Option<Standing>, StoreError> {
        self.inner.store.standing(stream).await
    }

    async fn hash_at(
        &self,
        stream: &StreamId,
        next_seq: u64,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        self.inner.store.hash_at(stream, next_seq).await
    }

    async fn programs(&self) -> Result<Vec<Program>, StoreError> {
        self.inner.store.programs().await
    }

    async fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        self.inner.store.suspensions().await
    }

    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError> {
        self.inner.store.rounds().await
    }

    fn round_events(&self, round: &RoundId) -> Chunks<StoredEvent> {
        self.inner.store.round_events(round)
    }

    async fn person_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.store.person_events(person).await
    }

    async fn voucher_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.store.voucher_events(person).await
    }

    async fn open_paybacks(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.store.open_paybacks().await
    }

    async fn vouchers_due(
        &self,
        until: Timestamp,
        after: Option<VoucherId>,
        limit: usize,
    ) -> Result<DueVouchers, StoreError> {
        self.inner.store.vouchers_due(until, after, limit).await
    }

    fn paybacks_of(&self, round: &RoundId) -> Chunks<StoredEvent> {
        self.inner.store.paybacks_of(round)
    }

    async fn place_events(
        &self,
        round: &RoundId,
        place: PassId,
        person: PersonKey,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.store.place_events(round, place, person).await
    }

    fn people(&self) -> Chunks<PersonKey> {
        self.inner.store.people()
    }

    fn refused_or_given(&self) -> Chunks<PersonKey> {
        self.inner.store.refused_or_given()
    }

    async fn purchase(&self, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        self.inner.store.purchase(id).await
    }

    async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, StoreError> {
        self.inner.store.purchases_of(person, before, limit).await
    }

    fn sold_of(&self, round: &RoundId) -> Chunks<Sold> {
        self.inner.store.sold_of(round)
    }

    async fn staff_log(
        &self,
        before: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
        self.inner.store.staff_log(before, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.store.ping().await
    }
}

#[cfg(test)]
mod tests;
