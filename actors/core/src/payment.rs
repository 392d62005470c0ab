//! A payment through a rail that must be waited for: what an answer of the rail comes to.
//!
//! A hold whose payment was sent is never released by a clock: only by a definite answer, or once
//! the rail's finality window is over and the rail has confirmed that the order can never be paid
//! any more. Knows nothing of stock, limits or calls: the round owns the first, the person the
//! second, the till the third.

use crate::purchase::Purchase;
use crate::{Timestamp, Won};
use serde::{Deserialize, Serialize};

/// Why a purchase was voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// The rail said no.
    Declined,
    /// It was never sent to the rail in the time allowed for that.
    Expired,
    /// The rail never confirmed it, and will not any more.
    Unanswered,
    /// The rail approved another amount than was asked for; it was taken back.
    WrongAmount,
}

impl VoidReason {
    /// As a word, for metrics and rows.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            VoidReason::Declined => "declined",
            VoidReason::Expired => "expired",
            VoidReason::Unanswered => "unanswered",
            VoidReason::WrongAmount => "wrong_amount",
        }
    }

    /// Whether the rail had been asked for the money.
    #[must_use]
    pub fn was_sent(self) -> bool {
        self != VoidReason::Expired
    }

    /// Whether money may still turn up: the rail had been asked and never said no itself.
    #[must_use]
    pub fn is_watched(self) -> bool {
        matches!(self, VoidReason::Unanswered | VoidReason::WrongAmount)
    }
}

/// What a rail says of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RailAnswer {
    /// Paid, this much.
    Approved {
        /// How much.
        amount: Won,
    },
    /// Not paid, for good.
    Declined,
    /// Paid and given back in full, or barred from ever being paid.
    Cancelled,
    /// No such order, as far as the rail knows now.
    NotFound,
    /// The rail knows it and has not decided.
    Pending,
    /// No answer, or one that cannot be read: says nothing.
    Unknown,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentPhase {
    /// Stock and limit are held; the rail does not know of it.
    Held,
    /// The rail may have been asked, from this moment on.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It will not be issued: what the rail may have taken is being taken back.
    Cancelling {
        /// When the rail was first asked to pay.
        sent_at: Timestamp,
        /// Why.
        reason: VoidReason,
    },
    /// Voided. Money that turns up now goes back.
    Voided,
    /// Voided, and money turned up: it is going back.
    Returning,
}

/// A payment under way, or voided after the rail had been asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// What is bought.
    pub purchase: Purchase,
    /// Until when its pass is good.
    pub pass_expires_at: Timestamp,
    /// Where it stands.
    pub phase: PaymentPhase,
    /// The exact request that the rail got or will get, once it is fixed.
    pub request: Option<Box<str>>,
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Paid: the voucher is issued.
    Issue,
    /// Not paid: stock and limit are free again.
    Void(VoidReason),
    /// It must not be issued: cancel at the rail, then void.
    Cancel(VoidReason),
    /// Money turned up for what was voided: it must go back.
    Return,
    /// It went back.
    Returned,
    /// Nothing is decided: ask again later.
    AskAgain,
}

impl Payment {
    /// Whether the rail was never asked: the only phase that a clock may end.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        self.phase == PaymentPhase::Held
    }

    /// Whether its end is still to come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase != PaymentPhase::Voided
    }

    /// What an answer of the rail comes to. `asked_at`: when the rail was asked, not when its
    /// answer is looked at, for one that waited in a mailbox says nothing of what was approved
    /// meanwhile. `finality_millis`: how long after it was sent an order may still be approved that
    /// the rail does not know yet.
    #[must_use]
    pub fn judge(&self, asked_at: Timestamp, finality_millis: i64, answer: RailAnswer) -> Verdict {
        use PaymentPhase::{Cancelling, Held, Returning, Sent, Voided};
        let is_final = |sent: Timestamp| asked_at.millis_since(sent) >= finality_millis;
        match (self.phase, answer) {
            (_, RailAnswer::Unknown) | (Held, _) => Verdict::AskAgain,
            (Sent { .. }, RailAnswer::Approved { amount }) if amount == self.purchase.price => {
                Verdict::Issue
            }
            (Sent { .. }, RailAnswer::Approved { .. }) => Verdict::Cancel(VoidReason::WrongAmount),
            (Sent { .. }, RailAnswer::Declined) => Verdict::Void(VoidReason::Declined),
            (Sent { .. }, RailAnswer::Cancelled) => Verdict::Void(VoidReason::Unanswered),
            // A rail that does not know it now may still approve it: only a bar ends that.
            (Sent { at }, RailAnswer::NotFound | RailAnswer::Pending) if is_final(at) => {
                Verdict::Cancel(VoidReason::Unanswered)
            }
            (Sent { .. }, RailAnswer::NotFound | RailAnswer::Pending) => Verdict::AskAgain,
            (Cancelling { reason, .. }, RailAnswer::Cancelled) => Verdict::Void(reason),
            (Cancelling { .. }, RailAnswer::Declined) => Verdict::Void(VoidReason::Declined),
            (Cancelling { reason, sent_at }, RailAnswer::NotFound) if is_final(sent_at) => {
                Verdict::Void(reason)
            }
            (Cancelling { .. }, _) => Verdict::AskAgain,
            (Voided, RailAnswer::Approved { .. }) => Verdict::Return,
            (Voided, _) => Verdict::AskAgain,
            (Returning, RailAnswer::Cancelled | RailAnswer::Declined) => Verdict::Returned,
            (Returning, _) => Verdict::AskAgain,
        }
    }
}

#[cfg(test)]
mod tests;
