//! Figures of a round that others reckon with: what a purchase comes to on average, how many a
//! line has made.

use super::Round;
use crate::Won;
use crate::payment::PaymentPhase;
use crate::round_spec::LineId;

/// Purchases that must have been seen before their mean is believed; until then the monthly limit
/// stands in.
const MEAN_NEEDS_PURCHASES: u64 = 100;

impl Round {
    /// The mean of the purchases made, or the monthly limit before there are enough of them.
    #[must_use]
    pub fn mean_purchase(&self, monthly_limit: Won) -> Won {
        let purchases: u64 = self.windows.iter().map(|w| w.purchases).sum();
        if purchases < MEAN_NEEDS_PURCHASES {
            return monthly_limit;
        }
        let sold: Won = self.windows.iter().map(|w| w.stock.sold).sum();
        Won(sold.0 / i64::try_from(purchases).expect("purchases are counted one by one"))
    }

    /// How many people of a line have bought or are paying.
    #[must_use]
    pub fn bought_in(&self, line: LineId) -> u64 {
        let eligibility = &self.lines[line.index()].eligibility;
        let theirs = self.windows.iter().filter(|w| w.spec.eligibility == *eligibility);
        let issued: u64 = theirs.map(|window| window.purchases).sum();
        let is_open = |phase| !matches!(phase, PaymentPhase::Voided | PaymentPhase::Returning);
        let paying = self.payments.values();
        let paying = paying.filter(|p| p.purchase.pass.line == line && is_open(p.phase));
        issued + paying.count() as u64
    }
}
