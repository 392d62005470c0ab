//! What a round came to, for those who settle it: read from the store on connections of its own, so
//! that no purchase waits for it.

use super::{Engine, unavailable};
use crate::store::StoreError;
use openrun_core::settlement::Settlement;
use openrun_core::time::Date;
use openrun_core::{Event, Refusal, RoundId};
use std::time::Duration;

/// How long a store may take to add a round up: far more than a million purchases need, and short
/// enough that a store that hangs keeps nobody waiting for an answer that will not come.
const PATIENCE: Duration = Duration::from_secs(60);

impl Engine {
    /// What a round came to so far, from what is durable.
    ///
    /// # Errors
    /// `RoundNotFound`; `Unavailable` when the store is away: half a settlement is none.
    pub async fn settlement(&self, id: &RoundId) -> Result<Settlement, Refusal> {
        self.round(id).ok_or(Refusal::RoundNotFound)?;
        let adding = tokio::time::timeout(PATIENCE, self.added_up(id)).await;
        let late = |_| StoreError("a round was not added up in time".to_owned());
        adding.map_err(late).and_then(|added| added).map_err(unavailable)
    }

    async fn added_up(&self, id: &RoundId) -> Result<Settlement, StoreError> {
        let mut settlement = Settlement::default();
        let mut parts = self.0.store.sold_of(id);
        while let Some(chunk) = parts.recv().await {
            chunk?.into_iter().for_each(|sold| settlement.sell(sold));
        }
        let mut paybacks = self.0.store.paybacks_of(id);
        while let Some(chunk) = paybacks.recv().await {
            for stored in chunk? {
                if let Event::PaidBack { payback, .. } = &stored.event {
                    settlement.give_back(Date::of(stored.at), payback);
                }
            }
        }
        Ok(settlement)
    }
}
