//! Tests of the forecast: tables of thresholds, what holds of all of them, and whole virtual sales.

use super::*;
use crate::Timestamp;
use crate::places::{Phase, Places};
use crate::speed::{Flow, SpeedMeter};
use crate::uptake::UptakeMeter;
use std::collections::VecDeque;

/// A small generator: the same seed, the same sale.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % bound
    }
}

fn line(people: u64) -> Places {
    let places = Places::default();
    places.set_reserved(people);
    for number in 1..=people {
        places.take_number();
        places.change(number, Phase::Unknown, Phase::Waiting);
    }
    places
}

fn figures(left: i64) -> Figures {
    Figures {
        left: Won(left),
        held: Won::ZERO,
        in_reach: Won(left),
        sold: Won::ZERO,
        purchases: 0,
        squares: 0,
        limit: Won(400_000),
        uptake: Uptake::default(),
        speed: Some(Speed::even(10_000)),
    }
}

/// Figures after `purchases` of 400,000 won each by nine in ten of those who had their turn.
fn known(left: i64, purchases: u64) -> Figures {
    let sold = 400_000 * i64::try_from(purchases).unwrap();
    let uptake = Uptake { turns: purchases * 10 / 9, ..Uptake::default() };
    let squares = u128::from(purchases) * 400_000 * 400_000;
    Figures { sold: Won(sold), purchases, squares, uptake, ..figures(left) }
}

#[test]
fn the_thresholds_follow_the_stock_and_the_band_is_what_is_not_known() {
    let ahead = Ahead::of(&line(3_000));
    for (what, figures, likely_to, possible_to) in [
        ("nothing is left", figures(0), 0, 0),
        ("before anything was seen", figures(400_000_000), 909, 1_312),
        ("after a hundred purchases", known(400_000_000, 100), 1_032, 1_190),
        ("after ten thousand", known(400_000_000, 10_000), 1_077, 1_145),
        ("one purchase left", known(400_000, 10_000), 1, 1),
    ] {
        let chances = figures.chances(&ahead);
        let is_near = |found: u64, wanted: u64| found.abs_diff(wanted) * 100 <= wanted;
        let both =
            is_near(chances.likely_to, likely_to) && is_near(chances.possible_to, possible_to);
        assert!(both, "{what}: {chances:?}");
    }
}

#[test]
fn the_band_is_at_least_three_percent_to_either_side() {
    let uptake = Uptake { share_ppm: 1_000_000, turns: 100_000, ..Uptake::default() };
    let sure = Figures { uptake, ..known(40_000_000_000, 1_000_000) };
    let chances = sure.chances(&Ahead::of(&line(3_000)));
    assert_eq!((chances.likely_to, chances.possible_to), (97_000, 103_000));
}

#[test]
fn who_has_their_turn_comes_first() {
    let places = line(3_000);
    places.advance(500);
    let ahead = Ahead::of(&places);
    let with = |active_buyers_milli| {
        let uptake = Uptake { active_buyers_milli, turns: 10_000, ..Uptake::default() };
        let chances = Figures { uptake, ..known(40_000_000, 10_000) }.chances(&ahead);
        (chances.likely_to, chances.possible_to)
    };
    // A hundred purchases are left.
    assert_eq!(with(0), (602, 619));
    assert_eq!(with(50_000), (547, 563));
    assert_eq!(with(99_000), (0, 509), "not all of those who have their turn may get one");
    assert_eq!(with(200_000), (0, 500), "and nobody beyond them will");
}

#[test]
fn what_is_held_is_a_hope_and_what_others_leave_over_too() {
    let ahead = Ahead::of(&line(3_000));
    let held = Figures { left: Won::ZERO, held: Won(40_000_000), ..known(40_000_000, 10_000) };
    let chances = held.chances(&ahead);
    assert_eq!((chances.likely_to, chances.stock_ends), (0, held.chances(&ahead).stock_ends));
    assert!((1..=8).contains(&chances.possible_to), "{chances:?}");
    let leftover = Figures { left: Won::ZERO, ..known(40_000_000, 10_000) };
    let chances = leftover.chances(&ahead);
    assert_eq!((chances.likely_to, chances.stock_ends), (0, None));
    assert!((100..130).contains(&chances.possible_to), "{chances:?}");
}

#[test]
fn the_end_of_the_stock_is_said_only_when_those_in_line_buy_it() {
    let ends = |people: u64, speed| {
        let figures = Figures { speed, ..known(400_000_000, 10_000) };
        let ends = figures.chances(&Ahead::of(&line(people))).stock_ends;
        ends.map(|ends| [ends.p10_millis, ends.p50_millis, ends.p90_millis].map(|ms| ms / 1_000))
    };
    let speed = Speed { p10_milli: 5_000, p50_milli: 10_000, p90_milli: 20_000 };
    assert_eq!(ends(3_000, Some(speed)), Some([53, 111, 228]));
    assert_eq!(ends(3_000, None), None, "nothing moves");
    assert_eq!(ends(1_000, Some(speed)), None, "too few");
}

#[test]
fn the_thresholds_are_ordered_and_grow_with_the_stock() {
    let mut chance = Chance(7);
    for case in 0..400 {
        let people = 1 + chance.below(2_000);
        let places = line(people);
        places.advance(chance.below(people));
        for number in 1..=people {
            if chance.below(5) == 0 {
                places.change(number, Phase::Waiting, Phase::Left);
            }
        }
        let ahead = Ahead::of(&places);
        let purchases = chance.below(500);
        let each = 10_000 * (1 + chance.below(40));
        let uptake = Uptake {
            share_ppm: 10_000 + chance.below(990_001),
            turns: chance.below(5_000),
            active_buyers_milli: chance.below(400_000),
        };
        let mut before = Chances::default();
        for step in 0..60 {
            let left = Won(step * step * 400_000);
            let figures = Figures {
                in_reach: left,
                sold: Won(i64::try_from(each * purchases).unwrap()),
                purchases,
                squares: u128::from(each) * u128::from(each) * u128::from(purchases),
                uptake,
                ..figures(left.0)
            };
            let chances = figures.chances(&ahead);
            assert!(chances.likely_to <= chances.possible_to, "{case}: {chances:?}");
            let has_grown =
                before.likely_to <= chances.likely_to && before.possible_to <= chances.possible_to;
            assert!(has_grown, "{case}, {left}: {before:?} then {chances:?}");
            before = chances;
        }
    }
}

/// How a virtual sale went.
#[derive(Debug, Default)]
struct Told {
    /// Of the sampled estimates: the error in percent.
    errors: Vec<u64>,
    unlikely: u64,
    unlikely_and_bought: u64,
    likely: u64,
    likely_and_bought: u64,
    without: u64,
    without_and_told: u64,
}

/// A sale to a line of 10,000: shares in percent of those who buy, mean in units of 10,000 won.
fn virtual_sale(seed: u64, share: u64, least: u64, most: u64, rate: u64) -> Told {
    let mut chance = Chance(seed);
    let places = line(10_000);
    let (mut left, mut sold, mut squares, mut bought) = (Won(1_200_000_000), Won::ZERO, 0, 0);
    let (mut uptake, mut speed) = (UptakeMeter::default(), SpeedMeter::default());
    let mut claims: VecDeque<(u64, u64)> = VecDeque::new();
    let mut clock: VecDeque<(u64, u64)> = VecDeque::new();
    let mut turned_at = vec![0; 10_001];
    let mut estimates: Vec<(u64, u64, u64)> = Vec::new();
    let (mut said_at_20, mut has) = (Vec::new(), vec![false; 10_001]);
    let buys: Vec<bool> = (0..=10_000).map(|_| chance.below(100) < share).collect();
    let wants: Vec<u64> =
        (0..=10_000).map(|_| 10_000 * (least + chance.below(most - least + 1))).collect();
    for tick in 1..200_000_u64 {
        let now = Timestamp(i64::try_from(tick * 100).unwrap());
        let before = places.watermark();
        let people = rate * tick / 10 - rate * (tick - 1) / 10;
        let to = places.reach(before, people, 10_000);
        places.advance(to);
        speed.entered(people);
        for number in before + 1..=to {
            turned_at[usize::try_from(number).unwrap()] = tick;
            claims.push_back((tick + 5 + chance.below(15), number));
        }
        while claims.front().is_some_and(|(due, _)| *due <= tick) {
            let (_, number) = claims.pop_front().unwrap();
            if buys[usize::try_from(number).unwrap()] {
                places.change(number, Phase::Waiting, Phase::Claimed);
                clock.push_back((tick + chance.below(30), number));
            }
        }
        while clock.front().is_some_and(|(due, _)| *due <= tick) {
            let (_, number) = clock.pop_front().unwrap();
            let index = usize::try_from(number).unwrap();
            let want = Won(i64::try_from(wants[index]).unwrap());
            if want <= left {
                (left, sold) = (left.minus(want), sold.plus(want));
                squares += u128::from(wants[index]) * u128::from(wants[index]);
                (bought, has[index]) = (bought + 1, true);
                places.buy(number);
            }
        }
        if tick > 600 {
            places.lapse(places.watermark().saturating_sub(rate * 60));
        }
        speed.observe(now, Flow::Planned, rate * 1_000);
        let uptake = uptake.observe(now, &places, bought, 60);
        let (purchases, limit) = (bought, Won(400_000));
        let speed = speed.speed();
        let in_reach = left;
        let held = Won::ZERO;
        let figures =
            Figures { left, held, in_reach, sold, purchases, squares, limit, uptake, speed };
        let chances = figures.chances(&Ahead::of(&places));
        if tick == 200 {
            said_at_20 = vec![(chances.likely_to, chances.possible_to)];
        }
        if tick % 10 == 0 && tick > 50 {
            let within = chances.possible_to.saturating_sub(places.watermark());
            let number = places.watermark() + 1 + chance.below(within.max(1));
            if number <= chances.possible_to {
                let ahead = places.entering(places.watermark(), number);
                let millis = millis_for(ahead, speed.unwrap().p50_milli).unwrap();
                estimates.push((number, tick, millis / 100));
            }
        }
        if left < Won(i64::try_from(least * 10_000).unwrap()) || places.watermark() == 10_000 {
            break;
        }
    }
    let mut told = Told::default();
    for (number, tick, estimate) in estimates {
        let turned = turned_at[usize::try_from(number).unwrap()];
        if turned > tick + 10 {
            told.errors.push(estimate.abs_diff(turned - tick) * 100 / (turned - tick));
        }
    }
    told.errors.sort_unstable();
    let (likely_to, possible_to) = said_at_20[0];
    for number in 1..=10_000_u64 {
        let index = usize::try_from(number).unwrap();
        told.unlikely += u64::from(number > possible_to);
        told.unlikely_and_bought += u64::from(number > possible_to && has[index]);
        // Who does not want one is no judge of whether the stock would have reached them.
        let is_judge = buys[index];
        told.likely += u64::from(number <= likely_to && is_judge);
        told.likely_and_bought += u64::from(number <= likely_to && has[index]);
        let is_without = turned_at[index] == 0;
        told.without += u64::from(is_without);
        told.without_and_told += u64::from(is_without && number > possible_to);
    }
    told
}

#[test]
fn a_virtual_sale_is_told_right_from_its_first_seconds() {
    for (seed, share, least, most, rate) in
        [(1, 97, 30, 40, 40), (2, 70, 20, 40, 60), (3, 40, 30, 40, 50), (4, 90, 10, 40, 25)]
    {
        let told = virtual_sale(seed, share, least, most, rate);
        let what = format!(
            "seed {seed}: {} of {} unlikely bought, {} of {} likely, told {} of {} without",
            told.unlikely_and_bought,
            told.unlikely,
            told.likely_and_bought,
            told.likely,
            told.without_and_told,
            told.without
        );
        assert!(told.unlikely_and_bought * 20 <= told.unlikely, "{what}");
        assert!(told.likely_and_bought * 100 >= told.likely * 97, "{what}");
        // After 20 seconds the band is still as wide as a twentieth of the line.
        assert!(told.without_and_told + 500 >= told.without, "{what}");
        let at = |percent: usize| told.errors[(told.errors.len() - 1) * percent / 100];
        assert!(told.errors.len() > 20, "{what}: {} estimates", told.errors.len());
        assert!(at(50) <= 20 && at(90) <= 50, "{what}: errors {} and {}", at(50), at(90));
    }
}
