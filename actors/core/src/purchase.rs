//! A purchase: the facts of one voucher bought, as decided.

use crate::round_spec::LineId;
use crate::{
    ChannelId, Event, IdempotencyKey, Month, PersonKey, ProgramId, PurchaseId, RoundId, Timestamp,
    WindowId, Won,
};
use serde::{Deserialize, Serialize};

/// Where a purchase stands: held → paying → issued or voided. With a rail that answers at once it
/// is issued in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseState {
    /// Stock and limit are held.
    Held,
    /// The rail was asked.
    Paying,
    /// Paid; the voucher is issued.
    Issued,
    /// Not paid; stock and limit are free again.
    Voided,
    /// Cancelled in full after it was issued.
    Cancelled,
}

impl PurchaseState {
    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            PurchaseState::Held => "held",
            PurchaseState::Paying => "paying",
            PurchaseState::Issued => "issued",
            PurchaseState::Voided => "voided",
            PurchaseState::Cancelled => "cancelled",
        }
    }
}

/// Which pass a purchase was made with: unique within a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PassId {
    /// The line.
    pub line: LineId,
    /// The number in that line.
    pub number: u64,
}

impl PassId {
    /// Where others have a pass: a counter sells without one. The round puts the serial number in.
    pub const AT_COUNTER: PassId = PassId::serial(0);

    /// A serial number in the place of a pass.
    #[must_use]
    pub const fn serial(number: u64) -> PassId {
        PassId { line: LineId::COUNTER, number }
    }

    /// Whether it stands for a sale over the counter.
    #[must_use]
    pub fn is_at_counter(self) -> bool {
        self.line == LineId::COUNTER
    }
}

/// A purchase as decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// Its id; the voucher that it issues bears the same.
    pub id: PurchaseId,
    /// Where.
    pub round: RoundId,
    /// From which window's stock.
    pub window: WindowId,
    /// Of which program.
    pub program: ProgramId,
    /// By whom.
    pub person: PersonKey,
    /// Through which channel.
    pub channel: ChannelId,
    /// Face value.
    pub amount: Won,
    /// What the person pays.
    pub price: Won,
    /// What the issuer adds.
    pub subsidy: Won,
    /// The month whose limit it counts against, fixed at the hold.
    pub month: Month,
    /// With which pass; at a counter, the serial number of what was handed over.
    pub pass: PassId,
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked, to tell a repeat from another request under the same key.
    pub digest: [u8; 32],
    /// When it was decided.
    pub at: Timestamp,
    /// What the window had left after it.
    pub left_after: Won,
    /// What the person had used of the month after it.
    pub used_after: Won,
    /// The limit that `used_after` was held against.
    pub monthly_limit: Won,
    /// Where it stands.
    pub state: PurchaseState,
}

impl Purchase {
    /// The purchase in an event that says all of it: held, or issued.
    #[must_use]
    pub fn in_event(event: &Event) -> Option<&Purchase> {
        match event {
            Event::Held { purchase, .. } | Event::Issued { purchase } => Some(purchase),
            _ => None,
        }
    }

    /// The serial number of a voucher on paper, unique in its round; nothing for one that lives in
    /// an app.
    #[must_use]
    pub fn serial_number(&self) -> Option<u64> {
        self.pass.is_at_counter().then_some(self.pass.number)
    }
}
