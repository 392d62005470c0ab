//! Time as an argument: milliseconds since the Unix epoch, and months and days of the Korean
//! calendar.
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

    /// The end of the day in Seoul that lies `days` after the day of this moment: midnight, the
    /// first moment that is not of it.
    #[must_use]
    pub fn end_of_day_after(self, days: u32) -> Timestamp {
        let last = days_in_seoul(self).saturating_add(i64::from(days));
        let midnight = last.saturating_add(1).saturating_mul(MILLIS_PER_DAY);
        Timestamp(midnight.saturating_sub(KST_OFFSET_MILLIS))
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
        let (year, month, _) = civil_from_days(days_in_seoul(now));
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

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Date {
    /// The day in Seoul at this moment; the last of the year 32767 for any after that.
    #[must_use]
    pub fn of(now: Timestamp) -> Date {
        let (year, month, day) = civil_from_days(days_in_seoul(now));
        let narrow = |part: i32| u8::try_from(part).expect("months and days are below 32");
        match i16::try_from(year) {
            Ok(year) => Date { year, month: narrow(month), day: narrow(day) },
            Err(_) => Date { year: i16::MAX, month: 12, day: 31 },
        }
    }

    /// How many years are complete on `day` since this one; who was born on 29 February completes
    /// them on 1 March where there is none. Negative when this day is still to come.
    #[must_use]
    pub fn years_until(self, day: Date) -> i32 {
        let is_incomplete = (day.month, day.day) < (self.month, self.day);
        i32::from(day.year) - i32::from(self.year) - i32::from(is_incomplete)
    }
}

fn days_in_seoul(now: Timestamp) -> i64 {
    now.0.saturating_add(KST_OFFSET_MILLIS).div_euclid(MILLIS_PER_DAY)
}

/// Year, month and day of a day count since 1970-01-01 (Howard Hinnant's `civil_from_days`, public
/// domain).
fn civil_from_days(days: i64) -> (i32, i32, i32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let narrow = |n: i64| i32::try_from(n).expect("a year within an i64 of milliseconds fits i32");
    (narrow(year), narrow(month), narrow(day))
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

    #[test]
    fn years_are_complete_on_the_birthday_in_seoul() {
        let born = |year, month, day| Date { year, month, day };
        for (millis, today, birthdate, years) in [
            (1_658_933_999_999, born(2022, 7, 27), born(1957, 7, 28), 64),
            (1_658_934_000_000, born(2022, 7, 28), born(1957, 7, 28), 65),
            (1_709_132_400_000, born(2024, 2, 29), born(2004, 2, 29), 20),
            (1_740_668_400_000, born(2025, 2, 28), born(2004, 2, 29), 20),
            (1_740_754_800_000, born(2025, 3, 1), born(2004, 2, 29), 21),
            (0, born(1970, 1, 1), born(1970, 1, 2), -1),
        ] {
            assert_eq!(Date::of(Timestamp(millis)), today, "{millis}");
            assert_eq!(birthdate.years_until(today), years, "{millis}");
        }
        assert_eq!(Date::of(Timestamp(i64::MAX)), born(i16::MAX, 12, 31));
    }
}
