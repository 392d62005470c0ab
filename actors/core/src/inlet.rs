//! The inlet: how many people may be let into a line now. The minimum of composable policies; each
//! can be named and says why.
//!
//! Rate is paid by claims: who is let in and never comes costs nothing. Knows figures only, in
//! thousandths of a person. It never moves the watermark itself, and never back.

use crate::round_spec::{InletMode, InletSpec};

mod words;

pub use words::Policy;

/// Extra people let in beyond what the stock would serve, in percent: some of those admitted buy
/// less or nothing.
const STOCK_MARGIN_PERCENT: u64 = 10;
/// And so many more on top, so that the last few won of a stock find a buyer without a tick for
/// each of them.
pub const STOCK_MARGIN_PEOPLE: u64 = 16;
/// How long unused rate is kept: a second's worth may enter at once, so that a quiet line admits
/// without a wait.
const BURST_MILLIS: u64 = 1_000;
/// How long a line makes up for people who came all the same: what is owed beyond a minute's worth
/// of the rate is forgiven, so that a sale never stands still for longer.
const DEBT_MILLIS: u64 = 60_000;

/// Which policy holds the watermark where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limiter {
    /// The operator shut the inlet, or nothing is sold now.
    Shut,
    /// The operator lets people in by hand, and all of the last step are in.
    Manual,
    /// The payment rail rests, is at its rate, or its money of the day is spent.
    Rail,
    /// Nothing is left that more people could buy.
    Stock,
    /// As many are active as may be.
    Active,
    /// Purchases take too long, or fail.
    Adaptive,
    /// The rate is used up.
    Rate,
    /// Nobody waits.
    Demand,
}

impl Limiter {
    /// Every policy.
    pub const ALL: [Limiter; 8] = [
        Limiter::Shut,
        Limiter::Manual,
        Limiter::Rail,
        Limiter::Stock,
        Limiter::Active,
        Limiter::Adaptive,
        Limiter::Rate,
        Limiter::Demand,
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Limiter::Shut => "shut",
            Limiter::Manual => "manual",
            Limiter::Rail => "rail",
            Limiter::Stock => "stock",
            Limiter::Active => "active",
            Limiter::Adaptive => "adaptive",
            Limiter::Rate => "rate",
            Limiter::Demand => "demand",
        }
    }
}

/// A person, in the thousandths that room is counted in.
pub const PERSON: u64 = 1_000;
/// In millionths: the rate is people per 1,000 seconds and ticks are counted in milliseconds, so
/// that not even the slowest rate loses anything to rounding.
const PERSON_MILLIONTHS: i64 = 1_000_000;
const MILLIONTHS_IN_MILLI: i64 = 1_000;

/// How many people a rate allows: it fills with time, and each claim takes one. Below nothing when
/// more came than were expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    millionths: i64,
}

impl Allowance {
    /// Fills for `millis` at this rate. `due_milli` thousandths of people have been let in and are
    /// expected to claim; what is beyond them is kept up to the burst.
    pub fn fill(&mut self, rate_per_1000_s: u64, millis: u64, due_milli: u64) {
        let of = |millis: u64| signed(rate_per_1000_s.saturating_mul(millis));
        let burst = of(BURST_MILLIS).max(PERSON_MILLIONTHS);
        let due = signed(due_milli).saturating_mul(MILLIONTHS_IN_MILLI);
        let most = burst.saturating_add(due);
        let least = -of(DEBT_MILLIS).max(PERSON_MILLIONTHS);
        self.millionths = self.millionths.saturating_add(of(millis)).clamp(least, most);
        assert!(self.millionths <= most, "more rate kept than the burst");
    }

    /// So many people claimed.
    pub fn pay(&mut self, claims: u64) {
        let before = self.millionths;
        self.millionths = before.saturating_sub(signed(claims).saturating_mul(PERSON_MILLIONTHS));
        assert!(self.millionths <= before, "paying filled the allowance");
    }

    /// In thousandths of a person.
    #[must_use]
    pub fn milli(&self) -> i64 {
        self.millionths.div_euclid(MILLIONTHS_IN_MILLI)
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// How far beyond the last number the watermark may stand: what may enter in one burst, so that a
/// quiet line has room for the next who come. At least one.
#[must_use]
pub fn demand(inlet: &InletSpec, last_number: u64) -> u64 {
    let burst = inlet.rate_per_1000_s.saturating_mul(BURST_MILLIS) / 1_000_000;
    last_number.saturating_add(burst.max(1))
}

/// A rate with what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateFigures {
    /// People in 1,000 seconds.
    pub per_1000_s: u64,
    /// What is left of it, in thousandths of a person.
    pub left_milli: i64,
}

/// What the latency of purchases allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyFigures {
    /// The rate that it leaves.
    pub rate: RateFigures,
    /// Nine in ten purchases took no longer, in milliseconds.
    pub p90_ms: Option<u64>,
    /// What it should be.
    pub target_ms: u32,
    /// Failures in a thousand.
    pub errors: u64,
}

/// What the payment rail allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailFigures {
    /// Whether nobody new should begin to pay.
    pub is_shut: bool,
    /// The rate at which payments may begin.
    pub rate: RateFigures,
    /// How many mean purchases the money that is left of the day can pay.
    pub purchases_today: u64,
    /// How many payments wait beyond what the rail takes in a second.
    pub backlog: u64,
}

/// What the stock of a line's window allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockFigures {
    /// How many average purchases what is left can serve.
    pub purchases_left: u64,
    /// Whether nothing was left and only what comes back is offered.
    pub is_stand_by: bool,
    /// Who may buy from it already, in thousandths of a person: with a pass, or expected to claim.
    pub taken_milli: u64,
}

/// What the inlet looks at, for one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Whether the round and a window of this line are open.
    pub is_open: bool,
    /// How the inlet is steered.
    pub mode: InletMode,
    /// The rate that the operator set.
    pub rate: RateFigures,
    /// What the latency leaves of it; absent when nothing is steered by it.
    pub latency: Option<LatencyFigures>,
    /// The payment rail, when there is one that must be waited for.
    pub rail: Option<RailFigures>,
    /// People who may be active at once in the round.
    pub max_active: u64,
    /// Passes that are out, in all lines.
    pub passes: u64,
    /// Who was let in and is expected to claim, in all lines, in thousandths of a person.
    pub due_milli: u64,
    /// Numbers at or under a watermark that nobody has yet, in all lines.
    pub open: u64,
    /// The stock of this line.
    pub stock: StockFigures,
    /// Of those let in now, how many can be expected to claim, in thousandths.
    pub share: u64,
    /// Who came back and waits at the head of this line.
    pub returned: u64,
    /// With mode `manual`: how many people are left of what the operator let in by hand.
    pub manual_left: u64,
    /// How many more numbers are wanted: who waits, and room for a burst.
    pub wanted: u64,
}

impl Figures {
    /// What is let in and not paid yet, in thousandths.
    fn unpaid(&self) -> i64 {
        signed(self.due_milli).saturating_add(signed(self.open.saturating_mul(PERSON)))
    }

    fn by_rate(&self, rate: &RateFigures) -> i64 {
        rate.left_milli.saturating_sub(self.unpaid())
    }

    fn active_milli(&self) -> i64 {
        signed(self.passes.saturating_mul(PERSON)).saturating_add(self.unpaid())
    }

    fn by_stock(&self) -> i64 {
        let StockFigures { purchases_left, is_stand_by, taken_milli } = self.stock;
        let served = match (purchases_left, is_stand_by) {
            (0, _) => return 0,
            // Exactly what came back, to the lowest number.
            (left, true) => left,
            (left, false) => {
                let margin = left.saturating_mul(STOCK_MARGIN_PERCENT) / 100;
                left.saturating_add(margin).saturating_add(STOCK_MARGIN_PEOPLE)
            }
        };
        signed(served.saturating_mul(PERSON)).saturating_sub(signed(taken_milli))
    }

    fn by_rail(&self, rail: &RailFigures) -> i64 {
        if rail.is_shut {
            return 0;
        }
        let backlog = signed(rail.backlog.saturating_mul(PERSON));
        let by_rate = self.by_rate(&rail.rate);
        let today = signed(rail.purchases_today.saturating_mul(PERSON));
        by_rate.min(today.saturating_sub(self.active_milli())).saturating_sub(backlog)
    }

    /// The room of a policy in thousandths of a person; nothing when it does not apply.
    #[must_use]
    pub fn room(&self, policy: Limiter) -> Option<u64> {
        let room = match policy {
            Limiter::Shut => {
                let is_shut = self.mode == InletMode::Shut || !self.is_open;
                return is_shut.then_some(0);
            }
            Limiter::Manual => {
                let is_manual = self.mode == InletMode::Manual;
                // Who comes back was let in before.
                let left = self.manual_left.saturating_add(self.returned);
                return is_manual.then(|| left.saturating_mul(PERSON));
            }
            Limiter::Rail => self.by_rail(self.rail.as_ref()?),
            Limiter::Stock => self.by_stock(),
            Limiter::Active => {
                signed(self.max_active.saturating_mul(PERSON)).saturating_sub(self.active_milli())
            }
            Limiter::Adaptive => self.by_rate(&self.latency.as_ref()?.rate),
            Limiter::Rate => self.by_rate(&self.rate),
            Limiter::Demand => {
                return Some(self.wanted.saturating_add(self.returned).saturating_mul(PERSON));
            }
        };
        Some(u64::try_from(room).unwrap_or(0))
    }

    /// The policy that holds the line, and its room in thousandths of a person. Those that are used
    /// up come before those that are not, and of these nobody waiting comes first.
    #[must_use]
    pub fn binding(&self) -> (Limiter, u64) {
        let nobody = Some(Limiter::Demand).filter(|_| self.wanted == 0 && self.returned == 0);
        let first = self.room(Limiter::Shut).map(|_| Limiter::Shut).or(nobody);
        if let Some(policy) = first {
            return (policy, 0);
        }
        let rooms =
            Limiter::ALL.into_iter().filter_map(|policy| Some((policy, self.room(policy)?)));
        rooms.min_by_key(|(_, room)| *room).expect("rate and demand always apply")
    }
}

#[cfg(test)]
mod tests;
