//! Who of the numbers ahead of a watermark is still there, by looking at a few of them.
//!
//! Numbers whose people left, and numbers that were never given, are passed over for nothing: a
//! forecast that counted them would be wrong by as many. Reads phases, changes nothing, and costs
//! the same however long the line is.

use crate::places::{Phase, Places};

/// So many numbers are looked at, evenly spread: with one in ten gone the count is right to half a
/// percent, and looking takes a few hundredths of a millisecond.
const LOOKS: u64 = 4_096;

/// What was seen of the numbers after `after`, up to `last`.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    after: u64,
    last: u64,
    /// Each look stands for so many numbers.
    stride: u64,
    is_there: Vec<bool>,
}

impl Ahead {
    /// Looks at the numbers between the watermark and the last one given.
    #[must_use]
    pub fn of(places: &Places) -> Ahead {
        let (after, last) = (places.watermark(), places.last_number());
        let (stride, looked) = looks(after, last);
        let is_there = looked.map(|number| !places.phase(number).is_ended()).collect();
        Ahead { after, last, stride, is_there }
    }

    /// How many people still wait.
    #[must_use]
    pub fn people(&self) -> u64 {
        let there = self.is_there.iter().filter(|is_there| **is_there).count() as u64;
        (there * self.stride).min(self.last.saturating_sub(self.after))
    }

    /// The share of the numbers ahead that somebody still waits with, in millionths, those in
    /// `vacant` ranges left out: whoever counts has left them out already.
    #[must_use]
    pub fn share_ppm(&self, vacant: &[(u64, u64)]) -> u64 {
        let (mut there, mut all) = (0, 0);
        for (index, is_there) in self.is_there.iter().enumerate() {
            let number = self.after + 1 + index as u64 * self.stride;
            if vacant.iter().any(|(from, to)| (*from..=*to).contains(&number)) {
                continue;
            }
            all += 1;
            there += u64::from(*is_there);
        }
        if all == 0 { 1_000_000 } else { there * 1_000_000 / all }
    }

    /// The number that the watermark has reached when so many `people` have had their turn; beyond
    /// the last number everybody who may come counts.
    #[must_use]
    pub fn reach(&self, people: u64) -> u64 {
        if people == 0 {
            return self.after;
        }
        let mut counted = 0;
        for (index, is_there) in self.is_there.iter().enumerate() {
            counted += if *is_there { self.stride } else { 0 };
            if counted >= people {
                let end = self.after + (index as u64 + 1) * self.stride;
                return (end - (counted - people)).min(self.last.max(self.after + 1));
            }
        }
        self.last.max(self.after).saturating_add(people - counted)
    }
}

/// How many of the numbers after `after` up to `up_to` are in this phase, by looking at a few.
#[must_use]
pub fn count(places: &Places, phase: Phase, after: u64, up_to: u64) -> u64 {
    let (stride, looked) = looks(after, up_to);
    let found = looked.filter(|number| places.phase(*number) == phase).count() as u64;
    (found * stride).min(up_to.saturating_sub(after))
}

/// Which numbers are looked at, and how many each stands for.
fn looks(after: u64, up_to: u64) -> (u64, impl Iterator<Item = u64>) {
    let stride = up_to.saturating_sub(after).div_ceil(LOOKS).max(1);
    let step = usize::try_from(stride).unwrap_or(usize::MAX);
    (stride, (after + 1..=up_to).step_by(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(people: u64, has_left: impl Fn(u64) -> bool) -> Places {
        let places = Places::default();
        places.set_reserved(people);
        for number in 1..=people {
            assert_eq!(places.take_number(), Some(number));
            places.change(number, Phase::Unknown, Phase::Waiting);
            if has_left(number) {
                places.change(number, Phase::Waiting, Phase::Left);
            }
        }
        places
    }

    #[test]
    fn a_short_line_is_counted_exactly() {
        let places = line(100, |number| number % 10 == 0);
        places.advance(20);
        let ahead = Ahead::of(&places);
        assert_eq!((ahead.people(), ahead.share_ppm(&[])), (72, 900_000));
        assert_eq!(ahead.share_ppm(&[(30, 30), (40, 100)]), 1_000_000);
        for (people, number) in
            [(0, 20), (1, 21), (9, 29), (10, 31), (72, 99), (73, 101), (80, 108)]
        {
            assert_eq!(ahead.reach(people), number, "{people}");
        }
        assert_eq!(count(&places, Phase::Left, 20, 100), 8);
    }

    #[test]
    fn a_long_line_is_counted_to_a_percent() {
        let places = line(300_000, |number| number * 2_654_435_761 % 1_000 < 150);
        places.advance(10_000);
        let ahead = Ahead::of(&places);
        let people = places.entering(10_000, 300_000);
        assert!(ahead.people().abs_diff(people) < people / 100, "{} of {people}", ahead.people());
        for people in [1, 1_000, 100_000, 200_000] {
            let number = places.reach(10_000, people, 300_000);
            let reached = ahead.reach(people);
            let slack = number / 100 + 80;
            assert!(reached.abs_diff(number) < slack, "{people}: {reached}, really {number}");
        }
        assert!((1..).take(300).map(|people| ahead.reach(people)).is_sorted());
    }

    #[test]
    fn an_empty_line_reaches_whoever_may_come() {
        let ahead = Ahead::of(&Places::default());
        assert_eq!((ahead.people(), ahead.share_ppm(&[]), ahead.reach(5)), (0, 1_000_000, 5));
    }
}
