//! A purchase on its way to the actor of its person.

use crate::permits::Permit;
use crate::shared::RoundRef;
use openrun_core::person::Ask;
use openrun_core::{ChannelId, PurchaseId, Refusal};

/// A purchase as asked for, with what the round will need.
pub(crate) struct Purchasing {
    pub id: PurchaseId,
    pub channel: ChannelId,
    pub ask: Ask,
    pub round: Option<RoundRef>,
    /// Of the stream of the round's program; goes once the round's answer is durable.
    pub permit: Option<Permit>,
}

impl Purchasing {
    pub fn new(
        id: PurchaseId,
        channel: ChannelId,
        ask: Ask,
        round: Option<RoundRef>,
    ) -> Purchasing {
        Purchasing { id, channel, ask, round, permit: None }
    }

    /// Takes a permit of the stream, once it is this purchase's turn: who waits behind their own
    /// purchases keeps nobody else's.
    pub fn enter(&mut self) -> Result<(), Refusal> {
        if let (None, Some(round)) = (&self.permit, &self.round) {
            self.permit = Some(round.0.journal.enter()?);
        }
        Ok(())
    }
}
