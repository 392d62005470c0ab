//! Suspensions: features that the operator switches off for a time, so that a sale has the machine
//! to itself.
//!
//! One list for the whole house, replaced as a whole. An entry stands between its two times; one
//! with a level only while more people than that wait, and it lets go at four fifths of the level,
//! so that it does not flutter. Knows nothing of routes and has no clock.

use crate::program::Name;
use crate::{ProgramId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Entries of the list: a day of two halves has four. A longer list is refused, as is a body of
/// more than 16 KiB: 32 entries fit it with messages of about 200 bytes in both languages together.
pub const SUSPENSIONS_MAX: usize = 32;
/// A level lets go when fewer wait than this share of it, in percent.
const LETS_GO_PERCENT: u64 = 80;

/// What can be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Signing up.
    SignUp,
    /// Searching for merchants.
    MerchantSearch,
    /// Giving vouchers away.
    Gifts,
}

impl Feature {
    /// All of them.
    pub const ALL: [Feature; 3] = [Feature::SignUp, Feature::MerchantSearch, Feature::Gifts];

    /// The word for it, as in the contract.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Feature::SignUp => "sign_up",
            Feature::MerchantSearch => "merchant_search",
            Feature::Gifts => "gifts",
        }
    }
}

/// A feature switched off for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// What.
    pub feature: Feature,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// What people are told, in both languages.
    pub message: Name,
    /// For this program alone; for all when absent.
    pub program: Option<ProgramId>,
    /// Only while more people than this wait; always when absent.
    pub when_waiting_over: Option<u64>,
}

impl Suspension {
    /// What is wrong with it, if anything.
    ///
    /// # Errors
    /// The fault in words.
    pub fn check(&self, now: Timestamp) -> Result<(), &'static str> {
        if self.until <= now {
            return Err("until lies ahead");
        }
        if self.until <= self.from {
            return Err("until lies after from");
        }
        if self.feature == Feature::SignUp && self.program.is_some() {
            return Err("people sign up for all programs: sign_up takes no program_id");
        }
        Ok(())
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether it holds for this program, or for everything when none is named.
    fn is_for(&self, program: Option<&ProgramId>) -> bool {
        self.program.is_none() || self.program.as_ref() == program
    }
}

/// The list, and which levels are reached.
#[derive(Debug, Clone, Default)]
pub struct Suspensions {
    entries: Vec<(Suspension, bool)>,
}

impl Suspensions {
    /// A list whose levels nobody has measured yet: none is reached.
    #[must_use]
    pub fn new(all: Vec<Suspension>) -> Suspensions {
        let entry = |one: Suspension| {
            let is_reached = one.when_waiting_over.is_none();
            (one, is_reached)
        };
        Suspensions { entries: all.into_iter().map(entry).collect() }
    }

    /// The list that stands from now on; a level that stays is as it was measured.
    #[must_use]
    pub fn replaced_by(&self, all: Vec<Suspension>) -> Suspensions {
        let mut next = Suspensions::new(all);
        for (one, is_reached) in &mut next.entries {
            let was = self.entries.iter().find(|(former, _)| {
                former.feature == one.feature
                    && former.program == one.program
                    && former.when_waiting_over == one.when_waiting_over
            });
            *is_reached |= was.is_some_and(|(_, was)| *was);
        }
        next
    }

    /// The version of what the operator said: another list has another one, and the same list the
    /// same, whenever it was put. Which levels are reached is no part of it.
    #[must_use]
    pub fn version(&self) -> u64 {
        let mut hash = Sha256::new();
        self.all().for_each(|one| hash.update(format!("{one:?};")));
        let digest: [u8; 32] = hash.finalize().into();
        let (head, _) = digest.split_first_chunk().expect("a hash is longer than a number");
        u64::from_be_bytes(*head)
    }

    /// All that the operator said, in force or not.
    pub fn all(&self) -> impl Iterator<Item = &Suspension> {
        self.entries.iter().map(|(one, _)| one)
    }

    /// Those in force now for this program; with no program, those that hold for everything.
    pub fn in_force(
        &self,
        now: Timestamp,
        program: Option<&ProgramId>,
    ) -> impl Iterator<Item = &Suspension> {
        let entries = self
            .entries
            .iter()
            .filter(move |(one, is_reached)| *is_reached && one.is_due(now) && one.is_for(program));
        entries.map(|(one, _)| one)
    }

    /// Why a feature cannot be used now, if it cannot: of several, the one that lasts longest.
    #[must_use]
    pub fn of(
        &self,
        feature: Feature,
        now: Timestamp,
        program: Option<&ProgramId>,
    ) -> Option<&Suspension> {
        let theirs = self.in_force(now, program).filter(|one| one.feature == feature);
        theirs.max_by_key(|one| one.until)
    }

    /// The list after a look at how many wait, for all programs or for one; `None` when no level
    /// was crossed.
    #[must_use]
    pub fn measured(&self, waiting: impl Fn(Option<&ProgramId>) -> u64) -> Option<Suspensions> {
        let look = |(one, was_reached): &(Suspension, bool)| match one.when_waiting_over {
            None => *was_reached,
            Some(level) => {
                let people = waiting(one.program.as_ref());
                let floor = u128::from(level) * u128::from(LETS_GO_PERCENT) / 100;
                people > level || (*was_reached && u128::from(people) > floor)
            }
        };
        let reached: Vec<bool> = self.entries.iter().map(look).collect();
        let is_same = self.entries.iter().zip(&reached).all(|((_, was), is)| was == is);
        if is_same {
            return None;
        }
        let entries = self.entries.iter().zip(reached);
        let entries = entries.map(|((one, _), is_reached)| (one.clone(), is_reached)).collect();
        Some(Suspensions { entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Suspension {
        let words: Vec<&str> = text.split(' ').collect();
        let [feature, from, until, rest @ ..] = words.as_slice() else { panic!("{text}") };
        let feature = Feature::ALL.into_iter().find(|it| it.word() == *feature);
        let value = |key: &str| rest.iter().find_map(|word| word.strip_prefix(key));
        Suspension {
            feature: feature.expect("a feature"),
            from: Timestamp(from.parse().expect("a time")),
            until: Timestamp(until.parse().expect("a time")),
            message: Name { ko: "중단".to_owned(), en: "suspended".to_owned() },
            program: value("of=").and_then(ProgramId::new),
            when_waiting_over: value("over=").map(|level| level.parse().expect("a number")),
        }
    }

    fn list(entries: &[&str]) -> Suspensions {
        Suspensions::new(entries.iter().map(|text| entry(text)).collect())
    }

    #[test]
    fn a_feature_is_off_between_its_times_and_for_its_program() {
        let list = list(&[
            "sign_up 10 30",
            "sign_up 20 50",
            "gifts 10 50 of=seoul",
            "merchant_search 0 99 over=1000",
        ]);
        let (seoul, busan) = (ProgramId::new("seoul"), ProgramId::new("busan"));
        for (feature, now, program, until) in [
            (Feature::SignUp, 9, &None, None),
            (Feature::SignUp, 10, &None, Some(30)),
            (Feature::SignUp, 25, &None, Some(50)),
            (Feature::SignUp, 49, &seoul, Some(50)),
            (Feature::SignUp, 50, &None, None),
            (Feature::Gifts, 20, &seoul, Some(50)),
            (Feature::Gifts, 20, &busan, None),
            (Feature::Gifts, 20, &None, None),
            (Feature::MerchantSearch, 20, &None, None),
        ] {
            let off = list.of(feature, Timestamp(now), program.as_ref());
            assert_eq!(off.map(|one| one.until.0), until, "{feature:?} at {now} for {program:?}");
        }
    }

    #[test]
    fn a_level_comes_above_its_figure_and_goes_well_below_it() {
        let mut list = list(&["gifts 0 100 over=1000", "merchant_search 0 100 over=50 of=seoul"]);
        for (waiting, of_seoul, gifts, search) in [
            (1_000, 0, false, false),
            (1_001, 0, true, false),
            (1_000, 0, true, false),
            (801, 51, true, true),
            (800, 41, false, true),
            (1_000, 40, false, false),
            (5_000, 0, true, false),
        ] {
            let people = |program: Option<&ProgramId>| program.map_or(waiting, |_| of_seoul);
            list = list.measured(people).unwrap_or(list);
            let is_off = |feature, program: Option<&ProgramId>| {
                list.of(feature, Timestamp(50), program).is_some()
            };
            let seoul = ProgramId::new("seoul");
            let now =
                (is_off(Feature::Gifts, None), is_off(Feature::MerchantSearch, seoul.as_ref()));
            assert_eq!(now, (gifts, search), "{waiting} wait, {of_seoul} of them for seoul");
            assert!(list.measured(people).is_none(), "nothing was crossed since");
        }
    }

    #[test]
    fn a_level_that_stays_is_as_it_was_measured() {
        let list = list(&["gifts 0 100 over=1000"]);
        let list = list.measured(|_| 1_001).expect("it was crossed");
        for (text, is_off) in [
            ("gifts 0 200 over=1000", true),
            ("gifts 0 200 over=1001", false),
            ("merchant_search 0 200 over=1000", false),
            ("gifts 0 200 over=1000 of=seoul", false),
        ] {
            let next = list.replaced_by(vec![entry(text)]);
            let next = next.measured(|_| 900).unwrap_or(next);
            let one = entry(text);
            let off = next.of(one.feature, Timestamp(50), one.program.as_ref());
            assert_eq!(off.is_some(), is_off, "{text}");
        }
    }

    #[test]
    fn an_entry_that_can_never_hold_is_a_fault() {
        for (text, is_good) in [
            ("sign_up 10 11", true),
            ("sign_up 10 10", false),
            ("sign_up 5 10", false),
            ("sign_up 10 11 of=seoul", false),
            ("gifts 10 11 of=seoul over=0", true),
        ] {
            assert_eq!(entry(text).check(Timestamp(10)).is_ok(), is_good, "{text}");
        }
    }
}
