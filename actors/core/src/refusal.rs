//! Why not: one ordered, closed enum for every answer that says no.
//!
//! Declaration order is precedence: of several refusals that apply, the first declared is the
//! answer. Names and codes are the contract of the HTTP API; a refusal carries exactly the facts
//! that its reader needs and nobody else's.

use crate::program::Name;
use crate::round::LifeCycle;
use crate::{ChannelId, Feature, Timestamp, Won};
use serde::{Deserialize, Serialize};

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// The operator has switched this off for a time: nothing else is looked at, to spare the work.
    Suspended {
        /// What.
        feature: Feature,
        /// Until when.
        until: Timestamp,
        /// What the operator says about it.
        message: Name,
        /// Whether it may end before, when fewer people wait.
        by_load: bool,
    },
    /// The token is missing, expired, of another issuer, or signed by an unknown key.
    Unauthenticated,
    /// The token is good but does not give this right.
    Forbidden,
    /// Who asked for this may not confirm it as well.
    SecondPersonRequired,
    /// The body is larger than 16 KiB.
    BodyTooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// The request cannot be read.
    Malformed {
        /// What is wrong, without a word of what was sent.
        detail: String,
    },
    /// A request that moves money came without its key.
    IdempotencyKeyRequired,
    /// The key was used for another request.
    IdempotencyKeyReused,
    /// Not a positive multiple of the unit, or above the monthly limit.
    InvalidAmount {
        /// Amounts are multiples of this; absent when the round is unknown.
        unit_won: Option<Won>,
        /// The most that a person may buy in a month.
        monthly_limit_won: Option<Won>,
    },
    /// There is no such program.
    ProgramNotFound,
    /// There is no such round.
    RoundNotFound,
    /// There is no such purchase, or it is somebody else's.
    PurchaseNotFound,
    /// There is no such notice, or its time is over.
    NoticeNotFound,
    /// Nobody asked for this, or its time is over.
    AskNotFound,
    /// There is no such page.
    NotFound,
    /// The path is there, the method is not.
    MethodNotAllowed,
    /// It is not any more as it was when it was looked at.
    VersionChanged,
    /// The person never signed up.
    NotRegistered,
    /// The program is not sold through this channel.
    ChannelNotAllowed {
        /// Through which it is.
        channels: Vec<ChannelId>,
    },
    /// The round is not selling now.
    RoundNotOpen {
        /// What it is instead.
        state: LifeCycle,
        /// When it opens, if that is known and ahead.
        opens_at: Option<Timestamp>,
    },
    /// The round cannot go from its state to the one asked for.
    WrongState {
        /// The state it is in.
        state: LifeCycle,
    },
    /// A round has as many notices as anybody reads.
    TooManyNotices,
    /// Something asked for in this round still waits for its second person.
    AskPending,
    /// No window for this person is open now.
    NotEligible {
        /// When the person's own window opens, if one is ahead.
        opens_at: Option<Timestamp>,
    },
    /// The ticket is missing, forged, another's or of another round.
    TicketInvalid,
    /// The turn has not come.
    NotYet {
        /// How many are ahead.
        ahead: u64,
    },
    /// The turn has passed: not claimed in time, left, or already used.
    TurnPassed,
    /// A purchase came without a pass.
    PassRequired,
    /// The pass is forged, another's or of another round.
    PassInvalid,
    /// The pass came too late.
    PassExpired,
    /// The pass has already bought something.
    PassUsed,
    /// More than is left of the month's limit.
    MonthlyLimitExceeded {
        /// What may still be bought this month.
        allowance_won: Won,
    },
    /// More than there is room for under the holding limit.
    HoldingLimitExceeded {
        /// What may still be held.
        room_won: Won,
    },
    /// Nothing is left.
    SoldOut,
    /// Less is left than was asked for.
    InsufficientStock {
        /// What is left.
        remaining_won: Won,
    },
    /// The payment was declined; stock and limit are free again and the pass stays valid.
    PaymentDeclined,
    /// A bound was hit: nothing was done, later it may succeed.
    Overloaded,
    /// The store is away or an actor is being rebuilt: nothing is known to have been done; ask
    /// again with the same key.
    Unavailable,
}

impl Refusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Suspended { .. } => "suspended",
            Refusal::Unauthenticated => "unauthenticated",
            Refusal::Forbidden => "forbidden",
            Refusal::SecondPersonRequired => "second-person-required",
            Refusal::BodyTooLarge => "body-too-large",
            Refusal::UnsupportedMediaType => "unsupported-media-type",
            Refusal::Malformed { .. } => "malformed",
            Refusal::IdempotencyKeyRequired => "idempotency-key-required",
            Refusal::IdempotencyKeyReused => "idempotency-key-reused",
            Refusal::InvalidAmount { .. } => "invalid-amount",
            Refusal::ProgramNotFound => "program-not-found",
            Refusal::RoundNotFound => "round-not-found",
            Refusal::PurchaseNotFound => "purchase-not-found",
            Refusal::NoticeNotFound => "notice-not-found",
            Refusal::AskNotFound => "ask-not-found",
            Refusal::NotFound => "not-found",
            Refusal::MethodNotAllowed => "method-not-allowed",
            Refusal::VersionChanged => "version-changed",
            Refusal::NotRegistered => "not-registered",
            Refusal::ChannelNotAllowed { .. } => "channel-not-allowed",
            Refusal::RoundNotOpen { .. } => "round-not-open",
            Refusal::WrongState { .. } => "wrong-state",
            Refusal::TooManyNotices => "too-many-notices",
            Refusal::AskPending => "ask-pending",
            Refusal::NotEligible { .. } => "not-eligible",
            Refusal::TicketInvalid => "ticket-invalid",
            Refusal::NotYet { .. } => "not-yet",
            Refusal::TurnPassed => "turn-passed",
            Refusal::PassRequired => "pass-required",
            Refusal::PassInvalid => "pass-invalid",
            Refusal::PassExpired => "pass-expired",
            Refusal::PassUsed => "pass-used",
            Refusal::MonthlyLimitExceeded { .. } => "monthly-limit-exceeded",
            Refusal::HoldingLimitExceeded { .. } => "holding-limit-exceeded",
            Refusal::SoldOut => "sold-out",
            Refusal::InsufficientStock { .. } => "insufficient-stock",
            Refusal::PaymentDeclined => "payment-declined",
            Refusal::Overloaded => "overloaded",
            Refusal::Unavailable => "unavailable",
        }
    }

    /// One of each, in order of precedence: for tests, metrics and documentation.
    #[must_use]
    pub fn one_of_each() -> Vec<Refusal> {
        let state = LifeCycle::Paused;
        let message = Name { ko: String::new(), en: String::new() };
        vec![
            Refusal::Suspended {
                feature: Feature::SignUp,
                until: Timestamp(0),
                message,
                by_load: false,
            },
            Refusal::Unauthenticated,
            Refusal::Forbidden,
            Refusal::SecondPersonRequired,
            Refusal::BodyTooLarge,
            Refusal::UnsupportedMediaType,
            Refusal::Malformed { detail: String::new() },
            Refusal::IdempotencyKeyRequired,
            Refusal::IdempotencyKeyReused,
            Refusal::InvalidAmount { unit_won: None, monthly_limit_won: None },
            Refusal::ProgramNotFound,
            Refusal::RoundNotFound,
            Refusal::PurchaseNotFound,
            Refusal::NoticeNotFound,
            Refusal::AskNotFound,
            Refusal::NotFound,
            Refusal::MethodNotAllowed,
            Refusal::VersionChanged,
            Refusal::NotRegistered,
            Refusal::ChannelNotAllowed { channels: Vec::new() },
            Refusal::RoundNotOpen { state, opens_at: None },
            Refusal::WrongState { state },
            Refusal::TooManyNotices,
            Refusal::AskPending,
            Refusal::NotEligible { opens_at: None },
            Refusal::TicketInvalid,
            Refusal::NotYet { ahead: 0 },
            Refusal::TurnPassed,
            Refusal::PassRequired,
            Refusal::PassInvalid,
            Refusal::PassExpired,
            Refusal::PassUsed,
            Refusal::MonthlyLimitExceeded { allowance_won: Won::ZERO },
            Refusal::HoldingLimitExceeded { room_won: Won::ZERO },
            Refusal::SoldOut,
            Refusal::InsufficientStock { remaining_won: Won::ZERO },
            Refusal::PaymentDeclined,
            Refusal::Overloaded,
            Refusal::Unavailable,
        ]
    }

    /// Whether the same key must get this answer for ever: it depended on the moment of the
    /// decision.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        matches!(
            self,
            Refusal::MonthlyLimitExceeded { .. }
                | Refusal::HoldingLimitExceeded { .. }
                | Refusal::SoldOut
                | Refusal::InsufficientStock { .. }
                | Refusal::PaymentDeclined
        )
    }

    /// Whether the same request may succeed later, so that the answer carries `Retry-After`.
    #[must_use]
    pub fn may_pass_later(&self) -> bool {
        matches!(
            self,
            Refusal::Overloaded
                | Refusal::Unavailable
                | Refusal::Suspended { .. }
                | Refusal::NotYet { .. }
                | Refusal::RoundNotOpen { .. }
                | Refusal::NotEligible { opens_at: Some(_) }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declaration_order_is_precedence_and_codes_are_unique() {
        let all = Refusal::one_of_each();
        for pair in all.windows(2) {
            assert!(pair[0] < pair[1], "{:?} is declared before {:?}", pair[0], pair[1]);
        }
        let mut codes: Vec<&str> = all.iter().map(Refusal::code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all.len());
    }

    #[test]
    fn the_stored_form_names_the_code_and_comes_back() {
        for refusal in Refusal::one_of_each() {
            let text = serde_json::to_string(&refusal).expect("serialises");
            assert!(text.contains(&format!("\"code\":\"{}\"", refusal.code())), "{text}");
            assert_eq!(serde_json::from_str::<Refusal>(&text).expect("reads"), refusal);
        }
    }
}
