//! Money: a whole number of won, checked. Never a float, never a silent wrap.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;

/// A count of won. Negative only as a difference; amounts that people send are checked before they
/// get here.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Won(pub i64);

impl Won {
    /// No money.
    pub const ZERO: Won = Won(0);
    /// The largest amount that one request may name: far above any limit, far below overflow of any
    /// sum.
    pub const MAX_REQUEST: Won = Won(1_000_000_000_000_000);

    /// The sum; overflow is a defect and panics (release builds too).
    #[must_use]
    pub fn plus(self, other: Won) -> Won {
        Won(self.0.checked_add(other.0).expect("sums of won stay far below 2^63"))
    }

    /// The difference; overflow is a defect and panics.
    #[must_use]
    pub fn minus(self, other: Won) -> Won {
        Won(self.0.checked_sub(other.0).expect("differences of won stay far above -2^63"))
    }

    /// The share of this amount in basis points (1/10,000), rounded down to a whole won.
    #[must_use]
    pub fn share_bps(self, bps: u32) -> Won {
        let share = i128::from(self.0) * i128::from(bps) / 10_000;
        Won(i64::try_from(share).expect("a share is no larger than the whole times 2^32"))
    }

    /// Whether this is a positive whole multiple of `unit`.
    #[must_use]
    pub fn is_positive_multiple_of(self, unit: Won) -> bool {
        self.0 > 0 && unit.0 > 0 && self.0 % unit.0 == 0
    }

    /// The larger of this and nothing.
    #[must_use]
    pub fn or_zero(self) -> Won {
        Won(self.0.max(0))
    }
}

impl Sum for Won {
    fn sum<I: Iterator<Item = Won>>(iter: I) -> Won {
        iter.fold(Won::ZERO, Won::plus)
    }
}

impl fmt::Display for Won {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_down_to_a_whole_won() {
        for (amount, bps, share) in [(10_000, 700, 700), (400_000, 700, 28_000), (9_999, 1, 0)] {
            assert_eq!(Won(amount).share_bps(bps), Won(share), "{amount} at {bps}");
        }
    }

    #[test]
    fn only_positive_multiples_of_the_unit_count() {
        for (amount, fits) in
            [(0, false), (-10_000, false), (9_999, false), (10_000, true), (i64::MAX, false)]
        {
            assert_eq!(Won(amount).is_positive_multiple_of(Won(10_000)), fits, "{amount}");
        }
    }
}
