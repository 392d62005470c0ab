//! What a round measures of its lines at each tick: how fast they move, and how many of those who
//! have their turn buy. Decides nothing.

use super::RoundShell;
use crate::shared::LineShared;
use openrun_core::Timestamp;
use openrun_core::inlet::Limiter;
use openrun_core::round::LifeCycle;
use openrun_core::round_spec::LineId;
use openrun_core::speed::Flow;

impl RoundShell {
    pub(super) fn measure(&mut self, id: LineId, line: &LineShared, now: Timestamp) {
        let inlet = &self.round.spec().inlet;
        let limiter = self.gate.limiter(id);
        // Of those let in some never come: the line moves so much faster than people do.
        let planned = inlet.rate_per_1000_s.saturating_mul(1_000) / self.gate.share(id);
        let places = &line.places;
        let drive = &mut self.drives[id.index()];
        let is_selling = self.round.state() == LifeCycle::Open && self.interruption.is_none();
        let flow = match limiter {
            _ if !is_selling || places.watermark() >= places.last_number() => Flow::Still,
            Limiter::Shut | Limiter::Manual | Limiter::Stock | Limiter::Demand => Flow::Still,
            Limiter::Rate => Flow::Planned,
            Limiter::Active | Limiter::Adaptive | Limiter::Rail => Flow::Bound,
        };
        drive.meter.observe(now, flow, planned);
        let bought = self.round.bought_in(id);
        drive.uptake.observe(now, places, bought, inlet.claim_window_s);
    }
}
