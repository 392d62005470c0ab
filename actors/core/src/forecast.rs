//! Whom the stock will reach, and when it will end: thresholds as numbers of a line.
//!
//! From what is left, what people take and how much that differs, how many of those who have their
//! turn buy, and who of the line is still there. The band between `likely_to` and `possible_to` is
//! what chance and too little knowledge leave open: each holds 99 times in 100. Whole numbers only.
//! Decides nothing about a sale: it says what it expects, and [`crate::honesty`] holds it to that.

use crate::Won;
use crate::ahead::Ahead;
use crate::speed::{Speed, millis_for};
use crate::uptake::{Uptake, WHOLE_PPM};

/// How many purchases the monthly limit weighs as a first guess at their mean.
const PRIOR_PURCHASES: u64 = 20;
/// How much purchases differ before any was seen: a quarter of the mean; its square in millionths
/// squared.
const PRIOR_SPREAD: u128 = 62_500_000_000;
/// Half the width of the band, in standard deviations, in thousandths: the stock ends short of
/// `likely_to` once in a hundred times, and reaches beyond `possible_to` once in a hundred.
const DEVIATIONS_MILLI: u64 = 2_326;
/// The band is never narrower than this on either side, in millionths: who turns up later may
/// differ from who was there first.
const LEAST_BAND_PPM: u64 = 30_000;
/// Nor wider: beyond it nothing would be said at all.
const MOST_BAND_PPM: u64 = 400_000;
/// Of what is held for payments under way so much may come back, in percent.
const COMES_BACK_PERCENT: i64 = 5;

/// What a forecast is made from.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// What can be bought in the window of the line.
    pub left: Won,
    /// What is set aside there for payments under way.
    pub held: Won,
    /// What may still move there from other windows, with what the window has itself.
    pub in_reach: Won,
    /// What was bought in the round.
    pub sold: Won,
    /// By how many purchases.
    pub purchases: u64,
    /// The sum of their squares.
    pub squares: u128,
    /// The monthly limit: the mean purchase before any was seen.
    pub limit: Won,
    /// What is known of turns.
    pub uptake: Uptake,
    /// How fast people are let in; nothing while nothing moves.
    pub speed: Option<Speed>,
}

/// A spread in time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// One in ten is sooner.
    pub p10_millis: u64,
    /// Half are sooner.
    pub p50_millis: u64,
    /// Nine in ten are sooner.
    pub p90_millis: u64,
}

/// What can be said of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chances {
    /// A place at or under it will most probably be reached by the stock; 0 when that can be said
    /// of nobody.
    pub likely_to: u64,
    /// A place at or under it may be; beyond it most probably not.
    pub possible_to: u64,
    /// When the stock will end, if those in line are enough to buy it.
    pub stock_ends: Option<Spread>,
}

/// Three figures of one thing: at the least, as expected, at the most.
#[derive(Debug, Clone, Copy)]
struct Range {
    least: u64,
    expected: u64,
    most: u64,
}

impl Figures {
    /// Whom the stock will reach.
    #[must_use]
    pub fn chances(&self, ahead: &Ahead) -> Chances {
        let own = self.left.plus(self.held);
        if self.in_reach == Won::ZERO {
            return Chances::default();
        }
        let people = self.people_served(own);
        let watermark = ahead.reach(0);
        let possible_to = people.map_or(watermark, |people| ahead.reach(people.most));
        let mut likely_to = 0;
        if own > Won::ZERO {
            let sure = people.filter(|people| people.least > 0 || self.is_enough_for_active());
            likely_to = sure.map_or(0, |people| ahead.reach(people.least));
        }
        // What others may leave over is a hope, not a stock.
        let stock_ends = people.filter(|_| own > Won::ZERO);
        let stock_ends = stock_ends.and_then(|people| self.stock_ends(people, ahead));
        assert!(likely_to <= possible_to, "likely up to {likely_to}, possible to {possible_to}");
        Chances { likely_to, possible_to, stock_ends }
    }

    /// How many of those who still wait come to their turn before the stock ends; nothing when
    /// those who have their turn now are expected to buy it all.
    fn people_served(&self, own: Won) -> Option<Range> {
        let stock = self.purchases_served(own);
        let active = self.uptake.active_buyers_milli;
        let people = |milli: u64| {
            milli.saturating_sub(active).saturating_mul(1_000) / self.uptake.share_ppm.max(1)
        };
        // Whoever is alone with the stock gets what there is.
        let first = u64::from(active == 0 && self.left > Won::ZERO);
        let least = people(stock.least).max(first);
        let (expected, most) = (people(stock.expected).max(first), people(stock.most).max(1));
        assert!(least <= expected && expected <= most, "a range out of order");
        // As long as anything may come back the first in line may get it.
        let is_open = stock.most > active || active == 0;
        is_open.then_some(Range { least, expected, most })
    }

    fn is_enough_for_active(&self) -> bool {
        let own = self.left.plus(self.held);
        self.purchases_served(own).least >= self.uptake.active_buyers_milli
    }

    /// How many purchases the stock is good for, in thousandths of a purchase.
    fn purchases_served(&self, own: Won) -> Range {
        let mean = self.mean().max(1);
        let of = |won: Won| {
            let milli = i128::from(won.0.max(0)) * 1_000 / i128::from(mean);
            u64::try_from(milli).unwrap_or(u64::MAX)
        };
        let (least, most) = if own == Won::ZERO {
            (self.in_reach, self.in_reach)
        } else {
            let back = Won(self.held.0 * COMES_BACK_PERCENT / 100);
            (self.left, self.left.plus(back))
        };
        let band = self.band_ppm(of(least));
        let share = |milli: u64, ppm: u64| {
            let scaled = u128::from(milli) * u128::from(ppm) / u128::from(WHOLE_PPM);
            u64::try_from(scaled).unwrap_or(u64::MAX)
        };
        Range {
            least: share(of(least), WHOLE_PPM - band),
            expected: of(least),
            most: share(of(most), WHOLE_PPM + band).max(1),
        }
    }

    /// The mean purchase to reckon with, in won.
    fn mean(&self) -> i64 {
        let guess = i128::from(self.limit.0) * i128::from(PRIOR_PURCHASES);
        let seen = i128::from(self.purchases + PRIOR_PURCHASES);
        i64::try_from((i128::from(self.sold.0) + guess) / seen).unwrap_or(i64::MAX)
    }

    /// Half the width of the band, for a stock of so many thousandths of a purchase, in millionths.
    fn band_ppm(&self, purchases_milli: u64) -> u64 {
        let whole = u128::from(WHOLE_PPM);
        let spread = self.spread();
        // What chance leaves open: many purchases even out.
        let misses = (whole - u128::from(self.uptake.share_ppm)) * whole;
        let chance = (spread + misses) * 1_000 / u128::from(purchases_milli.max(1_000));
        // What is not known well enough yet: the mean, and the share that turns up.
        let of_mean = spread / u128::from(self.purchases + PRIOR_PURCHASES);
        let variance = chance + of_mean + self.uptake.relative_variance();
        let deviation = u64::try_from(variance.isqrt()).unwrap_or(u64::MAX);
        let band = deviation.saturating_mul(DEVIATIONS_MILLI) / 1_000;
        band.clamp(LEAST_BAND_PPM, MOST_BAND_PPM)
    }

    /// How much purchases differ: their relative variance, in millionths squared, with the first
    /// guess in it.
    fn spread(&self) -> u128 {
        let whole = u128::from(WHOLE_PPM) * u128::from(WHOLE_PPM);
        let (count, guess) = (u128::from(self.purchases), u128::from(PRIOR_PURCHASES));
        let sold = u128::from(self.sold.0.unsigned_abs());
        if count == 0 || sold == 0 {
            return PRIOR_SPREAD;
        }
        // Of the squares over the square of the sum, so that no square of a mean is rounded.
        let ratio = (self.squares / sold).saturating_mul(count).saturating_mul(whole) / sold;
        (ratio.saturating_sub(whole) * count + PRIOR_SPREAD * guess) / (count + guess)
    }

    fn stock_ends(&self, people: Range, ahead: &Ahead) -> Option<Spread> {
        let speed = self.speed?;
        if ahead.people() < people.most {
            return None;
        }
        let p50_millis = millis_for(people.expected, speed.p50_milli)?;
        let p10 = millis_for(people.least, speed.p90_milli)?;
        let p90 = millis_for(people.most, speed.p10_milli);
        Some(Spread {
            p10_millis: p10.min(p50_millis),
            p50_millis,
            p90_millis: p90.unwrap_or(p50_millis.saturating_mul(2)).max(p50_millis),
        })
    }
}

#[cfg(test)]
mod tests;
