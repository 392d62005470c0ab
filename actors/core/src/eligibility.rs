//! Who may buy in a window, as data: everybody, halves by birth year, an age, a district.
//!
//! Decides from what a token says of a person and the day on which a window opens. Knows nothing
//! of tokens, and takes a person whose token does not say where they live for nobody's neighbour.

use crate::ids::SLUG_MAX;
use crate::time::Date;
use crate::{DistrictId, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Greatest age that a window may name: nobody was ever older than 122.
pub const AGE_MAX: u8 = 150;
/// Most districts of one window: Seoul has 25. A window that names more is refused.
pub const DISTRICTS_MAX: usize = 64;

/// What the rules of a window need to know of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// When they were born.
    pub birthdate: Date,
    /// Where they live, if their token says so.
    pub district: Option<DistrictId>,
}

/// Whose birth years a window is for: parity of the last digit, which is that of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// 1, 3, 5, 7, 9.
    Odd,
    /// 0, 2, 4, 6, 8.
    Even,
}

/// Ages in completed years, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeSpan {
    /// The youngest.
    pub from: u8,
    /// The oldest.
    pub to: u8,
}

/// Districts, in the order of their names and each once: the same ones are the same line in
/// whatever order they were said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<DistrictId>", into = "Vec<DistrictId>")]
pub struct Districts(Arc<[DistrictId]>);

impl From<Vec<DistrictId>> for Districts {
    fn from(mut names: Vec<DistrictId>) -> Districts {
        names.sort();
        names.dedup();
        Districts(names.into())
    }
}

impl From<Districts> for Vec<DistrictId> {
    fn from(districts: Districts) -> Vec<DistrictId> {
        districts.0.to_vec()
    }
}

/// Who may buy in a window. Each distinct eligibility of a round is one line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// Everybody.
    All,
    /// People born in odd or in even years.
    BirthYear(Parity),
    /// People of these ages on the day in Seoul on which the window opens.
    Age(AgeSpan),
    /// People who live in one of these districts.
    District(Districts),
}

impl Eligibility {
    /// Whether `who` may buy in a window of this eligibility that opens at `opens_at`.
    #[must_use]
    pub fn admits(&self, who: &Who, opens_at: Timestamp) -> bool {
        let is_odd = who.birthdate.year.rem_euclid(2) == 1;
        match self {
            Eligibility::All => true,
            Eligibility::BirthYear(Parity::Odd) => is_odd,
            Eligibility::BirthYear(Parity::Even) => !is_odd,
            Eligibility::Age(AgeSpan { from, to }) => {
                let age = who.birthdate.years_until(Date::of(opens_at));
                (i32::from(*from)..=i32::from(*to)).contains(&age)
            }
            Eligibility::District(Districts(names)) => {
                who.district.as_ref().is_some_and(|district| names.binary_search(district).is_ok())
            }
        }
    }

    /// The word for the line of this eligibility: a slug. Two lines of one round never share one
    /// (`SpecFault::ClassTwice`).
    #[must_use]
    pub fn class(&self) -> Arc<str> {
        match self {
            Eligibility::All => "everyone".into(),
            Eligibility::BirthYear(Parity::Odd) => "odd".into(),
            Eligibility::BirthYear(Parity::Even) => "even".into(),
            Eligibility::Age(AgeSpan { from, to }) => format!("age-{from}-{to}").into(),
            Eligibility::District(Districts(names)) => class_of_districts(names).into(),
        }
    }

    /// Whether there can be somebody whom it admits.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Eligibility::All | Eligibility::BirthYear(_) => true,
            Eligibility::Age(AgeSpan { from, to }) => from <= to && *to <= AGE_MAX,
            Eligibility::District(Districts(names)) => (1..=DISTRICTS_MAX).contains(&names.len()),
        }
    }
}

/// All names, or the first and how many more when they are too many for a slug.
fn class_of_districts(names: &[DistrictId]) -> String {
    let whole = names.iter().fold("district".to_owned(), |word, name| format!("{word}-{name}"));
    if whole.len() <= SLUG_MAX {
        return whole;
    }
    let more = match names.len() {
        0 | 1 => String::new(),
        names => format!("-and-{}-more", names - 1),
    };
    let first = &whole[..("district-".len() + names[0].as_str().len()).min(SLUG_MAX - more.len())];
    format!("{first}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::is_slug;
    use crate::tests::samples::rows;

    fn who(text: &str) -> Who {
        let (birthdate, district) = text.split_once('@').unwrap_or((text, ""));
        let number = |part: &str| part.parse::<i16>().unwrap();
        let parts: Vec<i16> = birthdate.split('-').map(number).collect();
        let (month, day) = (u8::try_from(parts[1]).unwrap(), u8::try_from(parts[2]).unwrap());
        let birthdate = Date { year: parts[0], month, day };
        Who { birthdate, district: DistrictId::new(district) }
    }

    /// Who may buy when a window opens on 28 July 2022 at 00:00 in Seoul, when it is still the 27th
    /// elsewhere.
    #[test]
    fn a_window_admits_by_year_age_or_district() {
        let opens_at = Timestamp(1_658_934_000_000);
        for line in rows(
            r#"
            "all"                            2022-07-28           yes
            {"birth_year":"odd"}             1991-01-01           yes
            {"birth_year":"odd"}             1990-12-31           no
            {"birth_year":"even"}            2000-02-29           yes
            {"age":{"from":65,"to":120}}     1957-07-28           yes
            {"age":{"from":65,"to":120}}     1957-07-29           no
            {"age":{"from":65,"to":120}}     1901-07-29           yes
            {"age":{"from":65,"to":120}}     1901-07-28           no
            {"age":{"from":0,"to":18}}       2022-07-28           yes
            {"age":{"from":0,"to":18}}       2022-07-29           no
            {"age":{"from":0,"to":18}}       2003-07-29           yes
            {"age":{"from":0,"to":18}}       2003-07-28           no
            {"district":["jung","jongno"]}   1990-01-01@jongno    yes
            {"district":["jung","jongno"]}   1990-01-01@jung      yes
            {"district":["jung","jongno"]}   1990-01-01@jungnang  no
            {"district":["jung","jongno"]}   1990-01-01           no
            {"district":[]}                  1990-01-01@jung      no
        "#,
        ) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let eligibility: Eligibility = serde_json::from_str(words[0]).expect("an eligibility");
            assert_eq!(eligibility.admits(&who(words[1]), opens_at), words[2] == "yes", "{line}");
        }
    }

    #[test]
    fn every_class_is_a_slug_that_says_who_stands_there() {
        let many = |count: usize, name: &str| {
            let name = |index: usize| DistrictId::new(&format!("{name}{index:02}")).unwrap();
            Eligibility::District((0..count).map(name).collect::<Vec<_>>().into())
        };
        let age = |from, to| Eligibility::Age(AgeSpan { from, to });
        let long = "x".repeat(62);
        for (eligibility, class, is_sound) in [
            (Eligibility::All, "everyone", true),
            (Eligibility::BirthYear(Parity::Odd), "odd", true),
            (age(65, 120), "age-65-120", true),
            (age(66, 65), "age-66-65", false),
            (age(0, 255), "age-0-255", false),
            (many(0, "x"), "district", false),
            (many(2, "gu"), "district-gu00-gu01", true),
            (many(25, "gu"), "district-gu00-and-24-more", true),
            (many(64, &long), &format!("district-{}-and-63-more", "x".repeat(43)), true),
            (many(65, "gu"), "district-gu00-and-64-more", false),
            (many(1, &long), &format!("district-{}", "x".repeat(55)), true),
        ] {
            assert_eq!(&*eligibility.class(), class);
            assert!(is_slug(class), "{class}");
            assert_eq!(eligibility.is_sound(), is_sound, "{class}");
        }
    }

    #[test]
    fn the_same_districts_are_the_same_line() {
        let read = |text: &str| serde_json::from_str::<Eligibility>(text).expect("reads");
        let one = read(r#"{"district":["jung","jongno","jung"]}"#);
        assert_eq!(one, read(r#"{"district":["jongno","jung"]}"#));
        let text = serde_json::to_string(&one).expect("serialises");
        assert_eq!(text, r#"{"district":["jongno","jung"]}"#);
        for wrong in [r#"{"district":["Jung"]}"#, r#"{"district":"jung"}"#, r#"{"age":{"from":1}}"#]
        {
            assert!(serde_json::from_str::<Eligibility>(wrong).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<Eligibility>(r#"{"age":{"from":1,"to":2,"x":3}}"#).is_err());
    }
}
