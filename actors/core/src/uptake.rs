//! The share of turns that end in a purchase, measured while the sale runs.
//!
//! A turn that has not ended says something too: who has claimed will most probably buy, who has
//! not claimed for a while will most probably not, and who has only just been let in says nothing
//! yet. Counts numbers, knows nobody; starts anew with the process and then reckons with a share
//! that the first hundred turns correct.

use crate::Timestamp;
use crate::ahead::count;
use crate::places::{Phase, Places};
use std::collections::VecDeque;

/// Millionths.
pub const WHOLE_PPM: u64 = 1_000_000;
/// The share before anything was measured, in millionths.
const PRIOR_PPM: u64 = 900_000;
/// How many turns the share before measuring weighs: after a hundred turns it has less than a
/// third of the say.
const PRIOR_TURNS: u64 = 40;
/// The least share to reckon with, in millionths: below it nothing could be said of anybody.
const LEAST_PPM: u64 = 10_000;
/// How probably somebody who has claimed buys, in thousandths.
const CLAIMED_MILLI: u64 = 900;
/// How probably somebody still buys who has not claimed for a while, in thousandths.
const SILENT_MILLI: u64 = 20;
/// A turn that is not claimed for this part of the claim window says something...
const GRACE_PART: i64 = 20;
/// ...within these bounds, in milliseconds: clients look again after a second near their turn.
const GRACE_MILLIS: (i64, i64) = (1_000, 15_000);
/// Turns between two marks, and how many marks are kept: the share is that of the last few
/// thousand turns, so that a change on the way is followed.
const MARK_TURNS: u64 = 1_000;
const MARKS: usize = 4;
/// How many ticks are remembered of when the watermark stood where: more than the longest grace.
const MOVES: usize = 256;

/// What is known of the turns of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptake {
    /// The share of turns that end in a purchase, in millionths.
    pub share_ppm: u64,
    /// How many turns this was measured by.
    pub turns: u64,
    /// How many of those who have their turn now are expected to buy, in thousandths.
    pub active_buyers_milli: u64,
}

impl Default for Uptake {
    fn default() -> Uptake {
        Uptake { share_ppm: PRIOR_PPM, turns: 0, active_buyers_milli: 0 }
    }
}

impl Uptake {
    /// How uncertain the share is: its relative variance, in millionths squared.
    #[must_use]
    pub fn relative_variance(&self) -> u128 {
        let (share, whole) = (u128::from(self.share_ppm), u128::from(WHOLE_PPM));
        (whole - share) * whole * whole / share / u128::from(self.turns + PRIOR_TURNS)
    }
}

/// Turns and purchases since the process started.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    turns: u64,
    bought_milli: u64,
}

/// Measures the uptake of one line.
#[derive(Debug, Clone, Default)]
pub struct UptakeMeter {
    start: Option<Start>,
    passed_over: u64,
    /// When the watermark stood where, newest last.
    moves: VecDeque<(Timestamp, u64)>,
    marks: VecDeque<Counted>,
    now: Uptake,
}

#[derive(Debug, Clone, Copy)]
struct Start {
    watermark: u64,
    active: u64,
    bought: u64,
}

impl UptakeMeter {
    /// The watermark moved on and passed over so many numbers whose people had gone.
    pub fn passed_over(&mut self, numbers: u64) {
        self.passed_over = self.passed_over.saturating_add(numbers);
    }

    /// A tick: how many of the line have bought or are paying, and how long a turn waits.
    pub fn observe(
        &mut self,
        now: Timestamp,
        places: &Places,
        bought: u64,
        claim_window_s: u32,
    ) -> Uptake {
        let watermark = places.watermark().min(places.last_number());
        let active = places.active();
        let start = *self.start.get_or_insert(Start { watermark, active, bought });
        let grace = i64::from(claim_window_s) * 1_000 / GRACE_PART;
        let grace = grace.clamp(GRACE_MILLIS.0, GRACE_MILLIS.1);
        let settled = self.settled_up_to(now, watermark, grace).unwrap_or(start.watermark);
        let young = count(places, Phase::Waiting, settled, watermark).min(active);
        let silent = count(places, Phase::Waiting, places.lapsed_up_to(), settled);
        let silent = silent.min(active - young);
        let claimed = active - young - silent;
        let given = watermark.saturating_sub(start.watermark).saturating_sub(self.passed_over);
        let counted = Counted {
            turns: (given + start.active).saturating_sub(young),
            bought_milli: bought.saturating_sub(start.bought) * 1_000
                + claimed * CLAIMED_MILLI
                + silent * SILENT_MILLI,
        };
        let (turns, bought_milli) = self.lately(counted);
        let share_ppm = (bought_milli * 1_000 + PRIOR_TURNS * PRIOR_PPM) / (turns + PRIOR_TURNS);
        let share_ppm = share_ppm.clamp(LEAST_PPM, WHOLE_PPM);
        let active_buyers_milli =
            young * share_ppm / 1_000 + claimed * CLAIMED_MILLI + silent * SILENT_MILLI;
        self.now = Uptake { share_ppm, turns, active_buyers_milli };
        assert!(self.moves.len() <= MOVES && self.marks.len() <= MARKS);
        self.now
    }

    /// What was found at the last tick.
    #[must_use]
    pub fn uptake(&self) -> Uptake {
        self.now
    }

    /// Where the watermark stood `grace` ago.
    fn settled_up_to(&mut self, now: Timestamp, watermark: u64, grace: i64) -> Option<u64> {
        if self.moves.back().is_none_or(|(_, stood)| *stood != watermark) {
            if self.moves.len() == MOVES {
                self.moves.pop_front();
            }
            self.moves.push_back((now, watermark));
        }
        let is_old = |(at, _): &(Timestamp, u64)| now.millis_since(*at) >= grace;
        // The newest of the old ones stays: it says where the watermark stood then.
        while self.moves.len() > 1 && is_old(&self.moves[1]) {
            self.moves.pop_front();
        }
        self.moves.front().filter(|oldest| is_old(oldest)).map(|(_, stood)| *stood)
    }

    /// Of all that was counted, the last few thousand turns.
    fn lately(&mut self, counted: Counted) -> (u64, u64) {
        let newest = self.marks.back().map_or(0, |mark| mark.turns);
        if counted.turns >= newest + MARK_TURNS {
            if self.marks.len() == MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back(counted);
        }
        // Until that many marks are there, everything counts.
        let base = match self.marks.len() {
            MARKS => self.marks.front().copied().unwrap_or_default(),
            _ => Counted::default(),
        };
        let turns = counted.turns.saturating_sub(base.turns);
        (turns, counted.bought_milli.saturating_sub(base.bought_milli))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with `people` in it, of whom each buys, claims or stays silent by its number.
    struct Crowd {
        places: Places,
        meter: UptakeMeter,
        now: i64,
        bought: u64,
    }

    impl Crowd {
        fn new(people: u64) -> Crowd {
            let places = Places::default();
            places.set_reserved(people);
            for number in 1..=people {
                places.take_number();
                places.change(number, Phase::Unknown, Phase::Waiting);
            }
            Crowd { places, meter: UptakeMeter::default(), now: 0, bought: 0 }
        }

        /// Ten more each tick; those for whom `buys` says so have bought after a second, the turns
        /// of the others end after 20.
        fn run(&mut self, ticks: u64, buys: impl Fn(u64) -> bool) -> Uptake {
            for _ in 0..ticks {
                let watermark = self.places.watermark() + 10;
                self.places.advance(watermark);
                for number in watermark.saturating_sub(109)..=watermark.saturating_sub(100) {
                    if number > 0 && buys(number) {
                        self.places.change(number, Phase::Waiting, Phase::Claimed);
                        self.bought += u64::from(self.places.buy(number).is_some());
                    }
                }
                self.places.lapse(watermark.saturating_sub(2_000));
                self.now += 100;
                let now = Timestamp(self.now);
                self.meter.observe(now, &self.places, self.bought, 20);
            }
            self.meter.uptake()
        }
    }

    fn percent(uptake: Uptake) -> u64 {
        uptake.share_ppm / 10_000
    }

    #[test]
    fn the_share_is_a_guess_first_and_then_what_was_seen() {
        for (buys, least, most) in [(10, 97, 100), (6, 58, 64), (2, 20, 25), (0, 1, 3)] {
            let mut crowd = Crowd::new(100_000);
            let mut meter = crowd.meter.clone();
            assert_eq!(percent(meter.observe(Timestamp(0), &crowd.places, 0, 20)), 90);
            let early = percent(crowd.run(30, |number| number % 10 < buys));
            assert!((least.min(85)..=most.max(92)).contains(&early), "{buys}: {early} early");
            let late = percent(crowd.run(600, |number| number % 10 < buys));
            assert!((least..=most).contains(&late), "{buys}: {late}");
        }
    }

    #[test]
    fn a_share_that_changes_on_the_way_is_followed() {
        let mut crowd = Crowd::new(200_000);
        crowd.run(1_000, |_| true);
        let changed = percent(crowd.run(600, |number| number % 2 == 0));
        assert!((48..=56).contains(&changed), "{changed}");
    }

    #[test]
    fn who_left_before_the_turn_is_no_turn_that_came_to_nothing() {
        let mut crowd = Crowd::new(100_000);
        for number in (1..100_000).filter(|number| number % 2 == 0) {
            crowd.places.change(number, Phase::Waiting, Phase::Left);
        }
        for _ in 0..500 {
            let from = crowd.places.watermark();
            crowd.meter.passed_over(10 - crowd.places.entering(from, from + 10));
            crowd.run(1, |number| number % 2 == 1);
        }
        let share = percent(crowd.meter.uptake());
        assert!(share >= 96, "{share}");
    }

    #[test]
    fn the_first_guess_is_known_to_be_one() {
        let guess = Uptake::default().relative_variance();
        let known = Uptake { turns: 4_000, ..Uptake::default() }.relative_variance();
        // A twentieth and half a hundredth of the share, squared.
        assert!((40_000..60_000).contains(&guess.isqrt()), "{guess}");
        assert!((4_000..6_000).contains(&known.isqrt()), "{known}");
    }
}
