//! Whether a round sells to somebody now: in its lines, or at its counters.

use super::{RoundView, WindowView};
use crate::round::WindowPhase;
use crate::round_spec::SoldAt;
use crate::{Refusal, Timestamp, Who};

impl RoundView {
    /// When a window of a line for this person opens next.
    #[must_use]
    pub fn opens_at_for(&self, who: &Who) -> Option<Timestamp> {
        self.next_opening(who, SoldAt::Line)
    }

    /// Why this round does not sell to this person now: `RoundNotOpen`, then `NotEligible`.
    ///
    /// # Errors
    /// The first that applies.
    pub fn check_selling(&self, who: &Who, now: Timestamp, sold_at: SoldAt) -> Result<(), Refusal> {
        let opens_at = self.next_opening(who, sold_at);
        if !self.state.is_selling() {
            return Err(Refusal::RoundNotOpen { state: self.state, opens_at });
        }
        let is_open = |w: &WindowView| w.phase == WindowPhase::Open && now < w.closes_at;
        if !self.windows_for(who, sold_at).any(is_open) {
            return Err(Refusal::NotEligible { opens_at });
        }
        Ok(())
    }

    fn next_opening(&self, who: &Who, sold_at: SoldAt) -> Option<Timestamp> {
        let ahead = |w: &&WindowView| w.phase == WindowPhase::Ahead;
        self.windows_for(who, sold_at).filter(ahead).map(|w| w.opens_at).min()
    }

    /// The windows that are sold there.
    pub fn windows_at(&self, sold_at: SoldAt) -> impl Iterator<Item = &WindowView> {
        self.windows.iter().filter(move |window| window.sold_at == sold_at)
    }

    pub(super) fn windows_for<'v>(
        &'v self,
        who: &'v Who,
        sold_at: SoldAt,
    ) -> impl Iterator<Item = &'v WindowView> {
        let is_theirs = move |w: &&WindowView| w.eligibility.admits(who, w.opens_at);
        self.windows_at(sold_at).filter(is_theirs)
    }
}
