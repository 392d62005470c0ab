//! What staff may ask of a round: each wish can be tried, and what is done stands in the log.

use super::{Engine, acted, unavailable};
use crate::requests::{Staff, Wish};
use crate::round::{Act, Try};
use openrun_core::round::Step;
use openrun_core::view::RoundView;
use openrun_core::{Event, Purchase, PurchaseId, Refusal, RoundId};
use std::sync::Arc;

impl Engine {
    /// Does what staff wish; answers with the round as it stands then.
    ///
    /// # Errors
    /// `RoundNotFound`; `VersionChanged` when it is not as they saw it; those of the core;
    /// `Unavailable` when the store is away.
    pub async fn act(
        &self,
        staff: &Staff,
        id: &RoundId,
        wish: Wish,
        reason: &str,
    ) -> Result<Arc<RoundView>, Refusal> {
        let round = self.round(id).ok_or(Refusal::RoundNotFound)?;
        let staff = acted(staff, wish.action(), id.as_str(), reason);
        round.0.round.command(Act { wish, staff }).await??;
        Ok(round.view())
    }

    /// What would happen if staff did this. Nothing changes, and nothing is written.
    ///
    /// # Errors
    /// Those that [`Engine::act`] would answer with now.
    pub async fn rehearse(
        &self,
        staff: &Staff,
        id: &RoundId,
        wish: Wish,
    ) -> Result<Vec<Event>, Refusal> {
        let round = self.round(id).ok_or(Refusal::RoundNotFound)?;
        round.0.round.command(Try { wish, seen: staff.seen.clone() }).await?
    }

    /// Takes a round a step on in its life.
    ///
    /// # Errors
    /// `RoundNotFound`, `WrongState`, `Unavailable`.
    pub async fn step_round(
        &self,
        staff: &Staff,
        id: &RoundId,
        step: Step,
        reason: &str,
    ) -> Result<Arc<RoundView>, Refusal> {
        self.act(staff, id, Wish::Step(step, staff.by()), reason).await
    }

    /// Anybody's purchase, for staff who say why. That they looked is durable before they see it;
    /// `target` is how the log names the purchase.
    ///
    /// # Errors
    /// `PurchaseNotFound`; `Unavailable` when the store is away.
    pub async fn look_up(
        &self,
        staff: &Staff,
        id: PurchaseId,
        target: &str,
        reason: &str,
    ) -> Result<Purchase, Refusal> {
        let found = self.0.store.purchase(id).await.map_err(unavailable)?;
        let purchase = found.ok_or(Refusal::PurchaseNotFound)?;
        let round = self.round(&purchase.round).ok_or(Refusal::RoundNotFound)?;
        let wish = Wish::LookUp(id);
        let staff = acted(staff, wish.action(), target, reason);
        round.0.round.command(Act { wish, staff }).await??;
        Ok(purchase)
    }
}
