//! What a sale asks of a machine at its busiest: calls a second, people, purchases.
//!
//! Arithmetic alone. The formulae, their units and where their figures come from stand in
//! `docs/sizing.md`; both change together.

use openrun_core::view::POLL;
use serde::Serialize;

/// The mean purchase of 14 July 2022, in won: 25,000,000,000 by 64,650 buyers.
pub const MEAN_PURCHASE_WON: u64 = 387_000;
/// Of all who come so many come in the first minutes: 124,000 of 200,000 on 14 July 2022.
const RUSH_SHARE: f64 = 0.62;
/// How long these minutes are, in seconds.
const RUSH_S: f64 = 240.0;
/// The busiest second of a rush over its mean.
const RUSH_PEAK: f64 = 4.0;
/// Of those whose turn comes so many buy, as the operators' page has it.
const BUYING_SHARE: f64 = 0.95;

/// A sale, as somebody asks for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sale {
    /// Who come.
    pub people: u64,
    /// What is to be sold, in won.
    pub stock_won: u64,
    /// In how long, in seconds.
    pub seconds: f64,
    /// What one buys, in won.
    pub mean_purchase_won: u64,
    /// Joins in the busiest second, where that is known: else those of a rush as in 2022.
    pub joins_per_s: Option<f64>,
    /// Payments a second that the bank has agreed to, if it was asked.
    pub rail_per_s: Option<f64>,
}

/// What a sale asks at its busiest. Rates are calls a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Demand {
    /// Purchases in all: as many as the stock is enough for, and one a person at most.
    pub purchases: f64,
    /// Joins.
    pub joins_per_s: f64,
    /// Turns claimed.
    pub claims_per_s: f64,
    /// Purchases.
    pub purchases_per_s: f64,
    /// Looks at the own place, with everybody waiting.
    pub looks_per_s: f64,
    /// Looks in the last seconds before the stock ends: everybody who still waits wants to know.
    pub last_looks_per_s: f64,
    /// People who wait at once.
    pub waiting: f64,
}

impl Demand {
    /// What `sale` asks.
    #[must_use]
    pub fn of(sale: &Sale) -> Demand {
        assert!(sale.seconds > 0.0 && sale.mean_purchase_won > 0, "a sale takes time and sells");
        let people = sale.people as f64;
        let purchases = (sale.stock_won as f64 / sale.mean_purchase_won as f64).min(people);
        let purchases_per_s = purchases / sale.seconds;
        let claims_per_s = purchases_per_s / BUYING_SHARE;
        let rush = people * RUSH_SHARE / RUSH_S * RUSH_PEAK;
        let least_s = POLL.least_millis as f64 / 1_000.0;
        Demand {
            purchases,
            joins_per_s: sale.joins_per_s.unwrap_or(rush),
            claims_per_s,
            purchases_per_s,
            looks_per_s: looks_per_s(people, claims_per_s),
            last_looks_per_s: (people - purchases) / least_s,
            waiting: people,
        }
    }
}

/// Looks a second of so many people in a line that lets in so many a second, each looking again
/// after the share of their wait that the server names, within its bounds.
///
/// Of those with a wait between `w` and `w + dw` there are `served × dw`; the sum over the line is
/// that of 1 / pause: of the least pause, of the share of the wait, of the most.
fn looks_per_s(waiting: f64, served_per_s: f64) -> f64 {
    let (least_s, most_s) = (POLL.least_millis as f64 / 1e3, POLL.most_millis as f64 / 1e3);
    if served_per_s <= 0.0 {
        return waiting / most_s;
    }
    let share = POLL.share_percent as f64 / 100.0;
    let (near_s, far_s) = (least_s / share, most_s / share);
    let longest_s = waiting / served_per_s;
    let near = longest_s.min(near_s) / least_s;
    let between = (longest_s.clamp(near_s, far_s) / near_s).ln() / share;
    let far = (longest_s - far_s).max(0.0) / most_s;
    served_per_s * (near + between + far)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(people: u64, stock_won: u64, minutes: u64) -> Sale {
        Sale {
            people,
            stock_won,
            seconds: minutes as f64 * 60.0,
            mean_purchase_won: MEAN_PURCHASE_WON,
            joins_per_s: None,
            rail_per_s: None,
        }
    }

    #[test]
    fn demand_follows_from_people_stock_and_time() {
        // people, won, minutes: purchases, joins, claims, purchases, looks, last looks a second.
        let table = "
            200_000 25_000_000_000 10:  64_599 2_067 113 108  8_209 135_401
            300_000 50_000_000_000 10: 129_199 3_100 227 215 13_084 170_801
            1_000   50_000_000_000 10:   1_000    10   2   2     57       0
            300_000              0 10:       0 3_100   0   0 10_000 300_000
            10      50_000_000_000  1:      10     0   0   0      3       0";
        for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
            let figures: Vec<u64> = row
                .split([' ', ':'])
                .filter(|word| !word.is_empty())
                .map(|word| word.replace('_', "").parse().unwrap())
                .collect();
            let demand = Demand::of(&sale(figures[0], figures[1], figures[2]));
            let got = [
                demand.purchases,
                demand.joins_per_s,
                demand.claims_per_s,
                demand.purchases_per_s,
                demand.looks_per_s,
                demand.last_looks_per_s,
            ];
            let got: Vec<u64> = got.iter().map(|figure| figure.round() as u64).collect();
            assert_eq!(got, figures[3..], "{row}");
        }
    }

    #[test]
    fn looks_by_the_formula_are_those_of_everybody_one_by_one() {
        for (waiting, served_per_s) in [(300_000_u32, 226.0), (5_000, 50.0), (100, 100.0)] {
            let pause_s = |place: u32| {
                let wait_millis = f64::from(place) / served_per_s * 1e3;
                let share = wait_millis * POLL.share_percent as f64 / 100.0;
                share.clamp(POLL.least_millis as f64, POLL.most_millis as f64) / 1e3
            };
            let one_by_one: f64 = (0..waiting).map(|place| 1.0 / pause_s(place)).sum();
            let formula = looks_per_s(f64::from(waiting), served_per_s);
            let off = (formula - one_by_one).abs() / one_by_one;
            assert!(off < 0.01, "{waiting} at {served_per_s}: {formula} and {one_by_one}");
        }
    }

    #[test]
    fn an_own_curve_of_arrivals_goes_before_that_of_2022() {
        let own = Sale { joins_per_s: Some(77.0), ..sale(200_000, 1_000_000, 10) };
        assert!((Demand::of(&own).joins_per_s - 77.0).abs() < f64::EPSILON);
    }
}
