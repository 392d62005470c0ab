//! Moments as the contract writes them: RFC 3339 in Korean time (`+09:00`).
//!
//! Reads any offset, writes only one. Milliseconds are written when there are some.

use jiff::tz::Offset;
use openrun_core::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use utoipa::ToSchema;

const SEOUL: Offset = Offset::constant(9);
/// The last millisecond that is still in the year 9999 in every offset: RFC 3339 has four digits
/// for a year.
const LAST: i64 = 253_402_207_199_999;

/// A moment: RFC 3339 with offset, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2022-07-14T10:00:00+09:00")]
pub struct Moment(pub Timestamp);

impl Moment {
    /// The moment that `text` names, if it lies in the years 1970 to 9999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Moment> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        let millis = instant.as_millisecond();
        (0..=LAST).contains(&millis).then_some(Moment(Timestamp(millis)))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.0.clamp(0, LAST);
        let instant = jiff::Timestamp::from_millisecond(millis).map_err(|_| fmt::Error)?;
        let at = SEOUL.to_datetime(instant);
        write!(f, "{:04}-{:02}-{:02}T", at.year(), at.month(), at.day())?;
        write!(f, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())?;
        match at.millisecond() {
            0 => {}
            millis => write!(f, ".{millis:03}")?,
        }
        f.write_str("+09:00")
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Moment {
        Moment(at)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let wanted = "a time is RFC 3339 with offset, in the years 1970 to 9999";
        Moment::parse(&text).ok_or_else(|| serde::de::Error::custom(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_any_offset_and_written_in_korean_time() {
        for (text, written) in [
            ("2022-07-14T10:00:00+09:00", "2022-07-14T10:00:00+09:00"),
            ("2022-07-14T01:00:00Z", "2022-07-14T10:00:00+09:00"),
            ("2022-07-14T01:00:00.5Z", "2022-07-14T10:00:00.500+09:00"),
            ("2022-07-13T18:00:00.0019-07:00", "2022-07-14T10:00:00.001+09:00"),
            ("1970-01-01T00:00:00Z", "1970-01-01T09:00:00+09:00"),
            ("9999-12-30T21:59:59Z", "9999-12-31T06:59:59+09:00"),
        ] {
            let moment = Moment::parse(text).expect(text);
            assert_eq!(moment.to_string(), written, "{text}");
            assert_eq!(serde_json::to_string(&moment).unwrap(), format!("\"{written}\""));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in
            ["", "2022-07-14", "2022-07-14T10:00:00", "1969-12-31T23:59:59Z", "now", "1657760400"]
        {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert!(serde_json::from_str::<Moment>("1657760400").is_err());
        assert_eq!(Moment(Timestamp(i64::MAX)).to_string(), "9999-12-31T06:59:59.999+09:00");
    }
}
