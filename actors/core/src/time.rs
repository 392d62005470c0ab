//! Time as an argument: milliseconds since the Unix epoch, and months of the Korean calendar.
//!
//! Korea has kept UTC+9 without daylight saving since 1988, so a month key needs no time-zone data.
//! Parsing and printing of RFC 3339 belong to the edge.

use serde::{Deserialize, Serialize};
use std::fmt;

const MILLIS_PER_DAY: i64 = 86_400_000;
const KST_OFFSET_MILLIS: i64 = 9 * 3_600_000;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment and `millis` more.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when it lies ahead.
    #[must_use]
    pub fn millis_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A month of the Korean calendar (Asia/Seoul), the period of the monthly limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Month(i32);

impl Month {
    /// The month in Seoul at this moment.
    #[must_use]
    pub fn of(now: Timestamp) -> Month {
        let days = (now.0 + KST_OFFSET_MILLIS).div_euclid(MILLIS_PER_DAY);
        let (year, month) = civil_month_from_days(days);
        Month(year * 100 + month)
    }

    /// As stored: `202207` for July 2022.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// Back from its stored number.
    #[must_use]
    pub fn from_number(number: i32) -> Month {
        Month(number)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Year and month of a day count since 1970-01-01 (Howard Hinnant's `civil_from_days`, public
/// domain).
fn civil_month_from_days(days: i64) -> (i32, i32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let narrow = |n: i64| i32::try_from(n).expect("a year within an i64 of milliseconds fits i32");
    (narrow(year), narrow(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_turn_at_midnight_in_seoul() {
        // 2022-07-31T23:59:59.999+09:00 is 1_659_279_599_999.
        for (millis, month) in [
            (0, "1970-01"),
            (1_657_760_400_000, "2022-07"),
            (1_659_279_599_999, "2022-07"),
            (1_659_279_600_000, "2022-08"),
            (1_709_132_400_000, "2024-02"),
            (1_709_218_799_999, "2024-02"),
            (1_709_218_800_000, "2024-03"),
            (1_735_657_200_000, "2025-01"),
        ] {
            assert_eq!(Month::of(Timestamp(millis)).to_string(), month, "{millis}");
        }
    }
}
