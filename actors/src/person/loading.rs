//! How a person that bought before is read from the store.

use crate::committer::Journal;
use crate::people::Fences;
use crate::round::Fence;
use crate::store::{Store, StoreError};
use openrun_core::person::Person;
use openrun_core::{PersonKey, StoredEvent};
use std::sync::Arc;

/// What is needed to read a person.
pub(crate) struct Loading {
    pub store: Arc<dyn Store>,
    /// What may still hold something of a former actor of this person.
    pub fences: Arc<Fences>,
}

/// A person as the store knows them.
pub(crate) struct Read {
    pub person: Person,
    /// Streams that were in doubt: what a former actor wrote there may appear after this was read.
    pub unsure: Vec<Journal>,
}

impl Loading {
    /// Waits for what a former actor sent, then reads.
    ///
    /// Nothing is written to a stream that was in doubt on top of what is read here, for its doubt
    /// ends after this began. But a limit is over two streams: the other one takes no notice, and
    /// so it must be known which were in doubt.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn load(self, key: PersonKey) -> Result<Read, StoreError> {
        let mut unsure: Vec<Journal> = Vec::new();
        let of_rounds = self.fences.rounds.iter().map(|round| &round.0.journal);
        for round in self.fences.rounds.iter() {
            // A round that died decides nothing more of what it was sent.
            let _ = round.0.round.command(Fence).await;
        }
        for journal in of_rounds.chain(self.fences.journals.iter()) {
            if unsure.iter().any(|known| known.is_same(journal)) {
                continue;
            }
            if journal.barrier().await.is_err() {
                unsure.push(journal.of_nobody());
            }
        }
        // Nobody writes to this person's streams meanwhile.
        let events = self.store.person_events(key).await?;
        let moves = self.store.voucher_events(key).await?;
        Ok(Read { person: Person::replay_with_moves(key, &events, &moves), unsure })
    }
}

/// Reads of a person that are begun anew because something was written between them: nobody buys
/// and spends that fast.
const READS_MAX: usize = 10;

/// What the store knows of a person whose actor may be writing: what was bought, and what became of
/// it. The two are read one after the other, so the second is read twice and must be the same.
pub(crate) async fn read_beside(
    store: &dyn Store,
    key: PersonKey,
) -> Result<(Vec<StoredEvent>, Vec<StoredEvent>), StoreError> {
    let mut moves = store.voucher_events(key).await?;
    for _ in 0..READS_MAX {
        let events = store.person_events(key).await?;
        let again = store.voucher_events(key).await?;
        if again.len() == moves.len() {
            return Ok((events, moves));
        }
        moves = again;
    }
    Err(StoreError("a person was never the same twice".to_owned()))
}
