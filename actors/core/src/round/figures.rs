//! Figures of a round that others reckon with: what a purchase comes to on average, how many a
//! line has made, when the stock of a window ended.

use super::{Round, Window};
use crate::payment::PaymentPhase;
use crate::round_spec::LineId;
use crate::{Timestamp, Won};

/// Purchases that must have been seen before their mean is believed; until then the monthly limit
/// stands in.
const MEAN_NEEDS_PURCHASES: u64 = 100;

/// The end of a window's stock: the last of it was taken, and has not come back since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockEnd {
    /// When the purchase that took it was decided.
    pub at: Timestamp,
    /// Where the watermark of the window's line stood.
    pub watermark: u64,
}

impl Window {
    /// When its stock ended; nothing while some is left or held, and nothing when what was left
    /// moved on.
    #[must_use]
    pub fn stock_end(&self) -> Option<StockEnd> {
        self.last_taken.filter(|_| self.stock.is_gone())
    }

    /// Something was taken from its stock.
    pub(super) fn taken(&mut self, at: Timestamp, watermark: u64) {
        self.last_taken = Some(StockEnd { at, watermark });
    }

    /// Something that nobody took goes to another window.
    pub(crate) fn passed_on(&mut self, amount: Won) {
        self.stock.move_out(amount);
        if amount > Won::ZERO {
            self.last_taken = None;
        }
    }
}

impl Round {
    /// The mean of the purchases made in its lines, or the monthly limit before there are enough of
    /// them.
    #[must_use]
    pub fn mean_purchase(&self, monthly_limit: Won) -> Won {
        let of_lines = || self.windows.iter().filter(|w| w.spec.sold_at.is_line());
        let purchases: u64 = of_lines().map(|w| w.purchases).sum();
        if purchases < MEAN_NEEDS_PURCHASES {
            return monthly_limit;
        }
        let sold: Won = of_lines().map(|w| w.stock.sold).sum();
        Won(sold.0 / i64::try_from(purchases).expect("purchases are counted one by one"))
    }

    /// How many people of a line have bought or are paying.
    #[must_use]
    pub fn bought_in(&self, line: LineId) -> u64 {
        let eligibility = &self.lines[line.index()].eligibility;
        let theirs = self.windows.iter().filter(|w| w.spec.is_of_line(eligibility));
        let issued: u64 = theirs.map(|window| window.purchases).sum();
        let is_open = |phase| !matches!(phase, PaymentPhase::Voided | PaymentPhase::Returning);
        let paying = self.payments.values();
        let paying = paying.filter(|p| p.purchase.pass.line == line && is_open(p.phase));
        issued + paying.count() as u64
    }
}
