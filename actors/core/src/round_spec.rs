//! What an operator says a round is: windows, eligibility, order, inlet. Data only;
//! [`crate::round`] runs it.

use crate::opening::Opening;
use crate::program::Name;
use crate::{ProgramId, RoundId, Timestamp, WindowId, Won};
use serde::{Deserialize, Serialize};

mod order;

pub use crate::eligibility::{AgeSpan, Districts, Eligibility, Parity};
pub use order::{DrawSpec, Order};

/// Most windows in one round: a day in halves with a rest is three; more is a mistake.
pub const WINDOWS_MAX: usize = 16;
/// Most people active at once that an inlet may name.
pub const ACTIVE_MAX: u64 = 10_000_000;
/// Longest latency that an inlet may be steered by, a minute: above it nothing is steered.
pub const LATENCY_TARGET_MAX_MS: u32 = 60_000;
/// Longest claim window and pass, a day.
pub const SECONDS_MAX: u32 = 86_400;

/// Which line of a round: an index into [`RoundSpec::lines`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LineId(pub u8);

impl LineId {
    /// No line: what is sold at a counter has a serial number where others have a place.
    pub const COUNTER: LineId = LineId(u8::MAX);

    /// As an index.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Where the stock of a window is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoldAt {
    /// In a line, through the channels of the program.
    #[default]
    Line,
    /// Over the program's counters, on paper, without a line: set aside from what the line sells.
    Counter,
}

impl SoldAt {
    /// Whether it is as nobody needs to say.
    #[must_use]
    pub fn is_line(&self) -> bool {
        *self == SoldAt::Line
    }
}

/// Times, eligibility and stock of one part of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSpec {
    /// Its id within the round.
    pub id: WindowId,
    /// Who may buy.
    pub eligibility: Eligibility,
    /// From when.
    pub opens_at: Timestamp,
    /// Until when.
    pub closes_at: Timestamp,
    /// How much is sold.
    pub stock_won: Won,
    /// Which later window gets what is left at closing; nothing moves when absent.
    pub leftover_to: Option<WindowId>,
    /// Where.
    #[serde(default, skip_serializing_if = "SoldAt::is_line")]
    pub sold_at: SoldAt,
}

impl WindowSpec {
    /// Whether it sells to the line of this eligibility.
    #[must_use]
    pub fn is_of_line(&self, eligibility: &Eligibility) -> bool {
        self.sold_at.is_line() && self.eligibility == *eligibility
    }
}

/// What joining again without the ticket gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejoin {
    /// The same place.
    Keep,
    /// A new place at the tail; the old one dies (Seoul, from the second round on).
    Tail,
}

/// How the inlet is steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InletMode {
    /// The watermark moves by the policies.
    Auto,
    /// The watermark moves by an operator's steps only, as far as the policies allow.
    Manual,
    /// The watermark stands still.
    Shut,
}

/// How fast people are let in. Every figure can be changed live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InletSpec {
    /// People let in per 1,000 seconds (an integer, so that 14.6 a second can be said exactly).
    pub rate_per_1000_s: u64,
    /// People who may be between their turn and its end at once.
    pub max_active: u64,
    /// How long a turn waits to be claimed, in seconds.
    pub claim_window_s: u32,
    /// How long a pass lives, in seconds.
    pub pass_ttl_s: u32,
    /// Steered by policies, by hand, or shut.
    pub mode: InletMode,
    /// Purchases that take longer than this, in milliseconds, slow the inlet down. Absent: they do
    /// not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_target_ms: Option<u32>,
}

/// Why a round makes no sense. In the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecFault {
    /// No window, or more than [`WINDOWS_MAX`].
    WindowCount,
    /// Two windows with one id.
    WindowIdTwice,
    /// A window that closes before it opens.
    WindowClosesFirst,
    /// Windows not in the order of their opening.
    WindowsOutOfOrder,
    /// A first window that is sold at a counter: a round opens with its line.
    CounterFirst,
    /// Two windows of one eligibility open at once: one line would not know which stock it sells
    /// from.
    WindowsOverlap,
    /// An age or districts that nobody can have.
    EligibilityOutOfBounds,
    /// Two lines that would be called by one word.
    ClassTwice,
    /// A negative stock, or one that is not a multiple of the program's unit, or too large.
    StockNotMultipleOfUnit,
    /// Leftover that moves to a window that is not there or does not close later.
    LeftoverNowhere,
    /// A lobby that opens after the first window.
    LobbyAfterOpening,
    /// A rate, bound or duration of the inlet that is zero or too large.
    InletOutOfBounds,
    /// Shares of a draw without names of their own, or in another form than theirs.
    SharesNotSound,
    /// Shares in a round that is drawn more than once: revealed for the first class, they would be
    /// known before the next one's lobby closes.
    SharesOfSeveralClasses,
    /// A time for shares of zero or more than a day.
    SharesWithinOutOfBounds,
}

impl SpecFault {
    /// The fault in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            SpecFault::WindowCount => "a round has 1 to 16 windows",
            SpecFault::WindowIdTwice => "each window has an id of its own",
            SpecFault::WindowClosesFirst => "a window closes after it opens",
            SpecFault::WindowsOutOfOrder => "windows stand in the order of opens_at",
            SpecFault::CounterFirst => "the first window is sold in a line, not at a counter",
            SpecFault::WindowsOverlap => "windows of one eligibility do not overlap",
            SpecFault::EligibilityOutOfBounds => {
                "age is from at most to, and to at most 150; district names 1 to 64"
            }
            SpecFault::ClassTwice => "two lines would have one name: name their districts apart",
            SpecFault::StockNotMultipleOfUnit => "stock_won is a multiple of the program's unit",
            SpecFault::LeftoverNowhere => "leftover_to names a window that closes later",
            SpecFault::LobbyAfterOpening => "lobby_opens_at is not after the first opens_at",
            SpecFault::InletOutOfBounds => {
                "rate_per_s and max_active are positive; claim_window_s and pass_ttl_s are 1 to 86400; \
                 latency_target_ms is 1 to 60000"
            }
            SpecFault::SharesNotSound => {
                "each of at most 16 shares has a name of its own, and a commitment or a source"
            }
            SpecFault::SharesOfSeveralClasses => {
                "shares need a round whose windows are all of one eligibility"
            }
            SpecFault::SharesWithinOutOfBounds => "shares_within_s is 1 to 86400",
        }
    }
}

impl InletSpec {
    /// Whether every figure is within bounds.
    #[must_use]
    pub fn is_within_bounds(&self) -> bool {
        let seconds = 1..=SECONDS_MAX;
        (1..=ACTIVE_MAX * 1_000).contains(&self.rate_per_1000_s)
            && (1..=ACTIVE_MAX).contains(&self.max_active)
            && seconds.contains(&self.claim_window_s)
            && seconds.contains(&self.pass_ttl_s)
            && self.latency_target_ms.is_none_or(|ms| (1..=LATENCY_TARGET_MAX_MS).contains(&ms))
    }
}

/// Everything an operator says about a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundSpec {
    /// Its id.
    pub id: RoundId,
    /// What is sold.
    pub program_id: ProgramId,
    /// Its name.
    pub name: Name,
    /// In which order.
    pub order: Order,
    /// What joining again gives.
    pub rejoin: Rejoin,
    /// From when people can join.
    pub lobby_opens_at: Timestamp,
    /// Its windows, in the order of their opening.
    pub windows: Vec<WindowSpec>,
    /// How fast people are let in.
    pub inlet: InletSpec,
    /// How many persons it takes to open it.
    #[serde(default, skip_serializing_if = "Opening::is_usual")]
    pub opening: Opening,
}

impl RoundSpec {
    /// Whether this round can stand, for a program sold in multiples of `unit`.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self, unit: Won) -> Result<(), SpecFault> {
        if self.windows.is_empty() || self.windows.len() > WINDOWS_MAX {
            return Err(SpecFault::WindowCount);
        }
        for (index, window) in self.windows.iter().enumerate() {
            let earlier = &self.windows[..index];
            if earlier.iter().any(|other| other.id == window.id) {
                return Err(SpecFault::WindowIdTwice);
            }
            if window.closes_at <= window.opens_at {
                return Err(SpecFault::WindowClosesFirst);
            }
            if earlier.last().is_some_and(|before| before.opens_at > window.opens_at) {
                return Err(SpecFault::WindowsOutOfOrder);
            }
            if index == 0 && !window.sold_at.is_line() {
                return Err(SpecFault::CounterFirst);
            }
            let is_same_line = |other: &&WindowSpec| {
                other.eligibility == window.eligibility && other.sold_at == window.sold_at
            };
            if earlier.iter().filter(is_same_line).any(|other| other.closes_at > window.opens_at) {
                return Err(SpecFault::WindowsOverlap);
            }
            if !window.eligibility.is_sound() {
                return Err(SpecFault::EligibilityOutOfBounds);
            }
            let is_namesake = |other: &&WindowSpec| {
                other.eligibility != window.eligibility
                    && other.eligibility.class() == window.eligibility.class()
            };
            if earlier.iter().any(|other| is_namesake(&other)) {
                return Err(SpecFault::ClassTwice);
            }
            let stock = window.stock_won;
            if stock < Won::ZERO || stock > Won::MAX_REQUEST || stock.0 % unit.0 != 0 {
                return Err(SpecFault::StockNotMultipleOfUnit);
            }
            if let Some(target) = &window.leftover_to {
                let later = self.windows.iter().find(|other| other.id == *target);
                if later.is_none_or(|other| other.closes_at <= window.closes_at) {
                    return Err(SpecFault::LeftoverNowhere);
                }
            }
        }
        if self.lobby_opens_at > self.windows[0].opens_at {
            return Err(SpecFault::LobbyAfterOpening);
        }
        if !self.inlet.is_within_bounds() {
            return Err(SpecFault::InletOutOfBounds);
        }
        self.check_order()
    }

    /// The eligibility classes in the order of their first window; each is one line. What is sold
    /// at a counter has none.
    #[must_use]
    pub fn lines(&self) -> Vec<Eligibility> {
        let mut lines = Vec::new();
        for window in self.windows.iter().filter(|window| window.sold_at.is_line()) {
            if !lines.contains(&window.eligibility) {
                lines.push(window.eligibility.clone());
            }
        }
        lines
    }

    /// How long before each window its lobby opens, in milliseconds: as for the first one.
    #[must_use]
    pub fn lobby_lead_millis(&self) -> i64 {
        self.windows[0].opens_at.millis_since(self.lobby_opens_at)
    }
}

#[cfg(test)]
mod tests;
