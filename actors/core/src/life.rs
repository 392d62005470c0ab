//! The life of a round: draft → scheduled → lobby → open ⇄ paused, sold out ⇄ open, closed; and
//! what moves it on.
//!
//! Words only. Which step leads where is decided by [`crate::round::Round`].

use serde::{Deserialize, Serialize};

/// Where a round is in its life.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LifeCycle {
    /// Being prepared.
    #[default]
    Draft,
    /// Will open by itself.
    Scheduled,
    /// People can join; nobody is let in yet.
    Lobby,
    /// Selling.
    Open,
    /// Stopped by an operator; everybody keeps their place.
    Paused,
    /// Nothing is left in any open window and nothing can come back.
    SoldOut,
    /// Over.
    Closed,
}

impl LifeCycle {
    /// Every state, in the order of a sale.
    pub const ALL: [LifeCycle; 7] = [
        LifeCycle::Draft,
        LifeCycle::Scheduled,
        LifeCycle::Lobby,
        LifeCycle::Open,
        LifeCycle::Paused,
        LifeCycle::SoldOut,
        LifeCycle::Closed,
    ];

    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LifeCycle::Draft => "draft",
            LifeCycle::Scheduled => "scheduled",
            LifeCycle::Lobby => "lobby",
            LifeCycle::Open => "open",
            LifeCycle::Paused => "paused",
            LifeCycle::SoldOut => "sold_out",
            LifeCycle::Closed => "closed",
        }
    }

    /// Whether a window may sell in this state.
    #[must_use]
    pub fn is_selling(self) -> bool {
        matches!(self, LifeCycle::Open | LifeCycle::SoldOut)
    }

    /// Whether people may join.
    #[must_use]
    pub fn takes_joins(self) -> bool {
        matches!(self, LifeCycle::Lobby | LifeCycle::Open | LifeCycle::Paused | LifeCycle::SoldOut)
    }
}

/// What an operator can tell a round to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Draft → scheduled.
    Schedule,
    /// Open now, whatever the time.
    Open,
    /// Stop selling; keep all places.
    Pause,
    /// Sell again.
    Resume,
    /// End.
    Close,
}

impl Step {
    /// The word of the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Step::Schedule => "schedule",
            Step::Open => "open",
            Step::Pause => "pause",
            Step::Resume => "resume",
            Step::Close => "close",
        }
    }
}
