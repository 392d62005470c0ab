//! Which sentence says what: states of rounds, windows, places and purchases by the names of their
//! sentences. Every one is in both languages; nothing else is decided here.

use openrun_core::round::{LifeCycle, WindowPhase};

/// How a round stands.
pub fn state_key(state: LifeCycle) -> &'static str {
    match state {
        LifeCycle::Draft => "page-state-draft",
        LifeCycle::Scheduled => "page-state-scheduled",
        LifeCycle::Lobby => "page-state-lobby",
        LifeCycle::Open => "page-state-open",
        LifeCycle::Paused => "page-state-paused",
        LifeCycle::SoldOut => "page-state-sold-out",
        LifeCycle::Closed => "page-state-closed",
    }
}

/// In which tone the badge of a round is.
pub fn state_tone(state: LifeCycle) -> &'static str {
    match state {
        LifeCycle::Open => "badge good",
        LifeCycle::Lobby | LifeCycle::Scheduled => "badge brand",
        LifeCycle::Paused => "badge warn",
        LifeCycle::Draft | LifeCycle::SoldOut | LifeCycle::Closed => "badge",
    }
}

/// Whether a window sells.
pub fn phase_key(phase: WindowPhase) -> &'static str {
    match phase {
        WindowPhase::Ahead => "page-phase-ahead",
        WindowPhase::Open => "page-phase-open",
        WindowPhase::Over => "page-phase-over",
    }
}
