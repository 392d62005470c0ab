//! A small sale from the first arrival to sold out: the watermark against demand, rate, people
//! active and stock.

use super::samples::*;
use crate::gate::Gate;
use crate::inlet::Limiter;
use crate::places::{Phase, Places};
use crate::purchase::PassId;
use crate::round::{LifeCycle, PurchaseOrder, Round, Step};
use crate::round_spec::{InletMode, InletSpec, LineId};
use crate::*;
use std::sync::Arc;

const TICK_MILLIS: i64 = 100;

#[test]
fn a_quiet_line_lets_everybody_in_at_once() {
    let mut sale = Sale::new(100_000_000, InletSpec { rate_per_1000_s: 5_000, ..inlet() });
    sale.run(12);
    assert_eq!((sale.places.watermark(), sale.limiter), (5, Limiter::Demand));
    sale.join(3);
    assert!(sale.places.last_number() <= sale.places.watermark(), "nobody waits");
    sale.run(12);
    assert_eq!((sale.places.watermark(), sale.limiter), (8, Limiter::Demand));
}

#[test]
fn a_rush_is_let_in_at_the_rate() {
    let mut sale = Sale::new(100_000_000_000, InletSpec { rate_per_1000_s: 14_600, ..inlet() });
    sale.join(10_000);
    (0..1_000).for_each(|_| {
        sale.run(1);
        sale.claim_all();
    });
    // One second's worth of burst at the most, beyond 14.6 people a second for 100 s.
    let watermark = sale.places.watermark();
    assert!((1_460..=1_475).contains(&watermark), "{watermark}");
    assert_eq!(sale.limiter, Limiter::Rate);
}

#[test]
fn no_more_people_are_active_than_may_be() {
    let mut sale = Sale::new(100_000_000_000, InletSpec { max_active: 50, ..inlet() });
    sale.join(1_000);
    sale.run(20);
    assert_eq!((sale.places.watermark(), sale.limiter), (50, Limiter::Active));
    sale.claim_all();
    (1..=20).for_each(|number| sale.buy(number, 400_000));
    sale.leave(21);
    sale.run(20);
    assert_eq!((sale.places.watermark(), sale.limiter), (71, Limiter::Active));
    assert_eq!((sale.places.passes(), sale.places.active()), (29, 50));
}

#[test]
fn hardly_more_people_are_let_in_than_the_stock_can_serve() {
    let mut sale = Sale::new(40_000_000, inlet());
    sale.join(10_000);
    sale.run(100);
    // A hundred purchases at the limit, a tenth more and sixteen on top.
    assert_eq!((sale.places.watermark(), sale.limiter), (126, Limiter::Stock));
    sale.claim_all();
    (1..=100).for_each(|number| sale.buy(number, 200_000));
    sale.run(100);
    // A hundred more at the mean that was seen, on top of the twenty-six who are still in.
    assert_eq!((sale.places.watermark(), sale.limiter), (226, Limiter::Stock));
    sale.claim_all();
    (101..=200).for_each(|number| sale.buy(number, 200_000));
    assert_eq!((sale.round.state(), sale.places.watermark()), (LifeCycle::SoldOut, 226));
    sale.run(100);
    assert_eq!((sale.places.watermark(), sale.limiter), (226, Limiter::Shut));
}

#[test]
fn an_inlet_that_is_shut_or_a_round_that_is_paused_lets_nobody_in() {
    let mut sale = Sale::new(100_000_000, inlet());
    sale.join(1_000);
    sale.leave(1);
    sale.set(InletSpec { mode: InletMode::Shut, ..inlet() });
    sale.run(20);
    assert_eq!((sale.places.watermark(), sale.limiter), (0, Limiter::Shut));
    sale.set(inlet());
    sale.step(Step::Pause);
    sale.run(20);
    assert_eq!((sale.places.watermark(), sale.limiter), (0, Limiter::Shut));
    sale.step(Step::Resume);
    sale.run(20);
    assert!(sale.places.watermark() > 0);
}

#[test]
fn numbers_lost_by_a_restart_cost_nobody_time() {
    let mut sale = Sale::new(100_000_000, InletSpec { rate_per_1000_s: 14_600, ..inlet() });
    let reserved = crate::round::NUMBER_BLOCK;
    sale.places.skip_to(reserved);
    for number in 1..=reserved {
        sale.places.change(number, Phase::Unknown, Phase::Vacant);
    }
    sale.join(10);
    sale.run(10);
    assert!(sale.places.watermark() >= reserved + 10, "{}", sale.places.watermark());
    assert_eq!(sale.places.active(), 10);
}

#[test]
fn a_whole_sale_ends_at_nothing_left_with_the_watermark_only_ever_growing() {
    for seed in 1..=5 {
        let mut chance = Chance(seed);
        let mut sale =
            Sale::new(50_000_000, InletSpec { rate_per_1000_s: 40_000, max_active: 60, ..inlet() });
        let (mut claimed, mut ticks) = (0, 0);
        while sale.round.state() != LifeCycle::SoldOut {
            ticks += 1;
            assert!(ticks < 10_000, "seed {seed}: nothing moves, {:?}", sale.limiter);
            if sale.places.last_number() < 500 {
                sale.join(chance.below(20));
            }
            let before = sale.places.watermark();
            sale.run(1);
            assert!(sale.places.watermark() >= before, "OR-6");
            let active = sale.places.watermark() - sale.places.ended();
            assert!(active <= 60, "seed {seed}: {active} active");
            let turns = sale.places.watermark().min(sale.places.last_number());
            for number in claimed + 1..=turns {
                match chance.below(10) {
                    0 => sale.leave(number),
                    1 => assert!(sale.places.change(number, Phase::Waiting, Phase::Lapsed)),
                    _ => sale.buy(number, 10_000 * i64::try_from(chance.below(40) + 1).unwrap()),
                }
            }
            claimed = turns.max(claimed);
        }
        let stock = sale.round.windows()[0].stock;
        assert_eq!((stock.left, stock.sold), (Won::ZERO, Won(50_000_000)), "seed {seed}");
    }
}

struct Sale {
    round: Round,
    places: Arc<Places>,
    gate: Gate,
    now: Timestamp,
    limiter: Limiter,
}

impl Sale {
    fn new(stock: i64, inlet: InletSpec) -> Sale {
        let mut spec = round_of(&["everyone 10:00-14:00 0"]);
        spec.windows[0].stock_won = Won(stock);
        spec.inlet = inlet;
        let (round, now) = (Round::new(spec), at("10:00"));
        let gate = Gate::new(now, &round, 0);
        let (places, limiter) = (Arc::default(), Limiter::Shut);
        let mut sale = Sale { round, places, gate, now, limiter };
        sale.step(Step::Open);
        sale
    }

    fn step(&mut self, step: Step) {
        let events = self.round.decide_step(step).unwrap();
        events.iter().for_each(|event| self.round.apply(event));
    }

    fn set(&mut self, inlet: InletSpec) {
        let round = self.round.spec().id.clone();
        self.round.apply(&Event::InletChanged { round, inlet });
    }

    fn join(&mut self, count: u64) {
        for _ in 0..count {
            let last = self.places.last_number();
            if let Some(event) = self.round.decide_reserve(LineId(0), last) {
                self.round.apply(&event);
                self.places.set_reserved(self.round.lines()[0].reserved);
            }
            let number = self.places.take_number().unwrap();
            assert!(self.places.change(number, Phase::Unknown, Phase::Waiting));
        }
    }

    /// So many ticks, as the round's actor does them.
    fn run(&mut self, ticks: u64) {
        for _ in 0..ticks {
            self.now = self.now.plus_millis(TICK_MILLIS);
            let (places, limit) = ([Arc::clone(&self.places)], rules().monthly_limit_won);
            self.gate.tick(self.now, &self.round, &places, limit, (None, false));
            let events = self.gate.decide(LineId(0), &self.round, &places, limit);
            self.limiter = self.gate.limiters()[0];
            events.iter().for_each(|event| self.round.apply(event));
            if !events.is_empty() {
                self.gate.written(self.now, LineId(0), &events, &self.places);
            }
        }
    }

    /// Everybody who has their turn claims it.
    fn claim_all(&mut self) {
        for number in 1..=self.places.watermark() {
            self.places.change(number, Phase::Waiting, Phase::Claimed);
        }
    }

    fn leave(&mut self, number: u64) {
        let from = [Phase::Waiting, Phase::Claimed];
        assert!(from.into_iter().any(|from| self.places.change(number, from, Phase::Left)));
    }

    /// Buys, or what is left when that is less.
    fn buy(&mut self, number: u64, amount: i64) {
        let order = |amount| PurchaseOrder {
            id: PurchaseId(u128::from(number)),
            person: person(number),
            channel: channel(),
            amount,
            pass: PassId { line: LineId(0), number },
            key: key("k"),
            digest: [0; 32],
            month: Month::of(at("10:00")),
            used_after: amount,
            rules: rules().into(),
            at_counter: None,
        };
        let decided = self.round.decide_purchase(at("10:00"), &order(Won(amount)));
        let purchase = match decided {
            Ok(purchase) => purchase,
            Err(Refusal::InsufficientStock { remaining_won }) => {
                self.round.decide_purchase(at("10:00"), &order(remaining_won)).unwrap()
            }
            Err(Refusal::SoldOut) => return,
            Err(other) => panic!("{other:?}"),
        };
        self.round.apply(&Event::Issued { purchase });
        self.places.buy(number);
        while let Some(event) = self.round.decide_due(at("10:00")) {
            self.round.apply(&event);
        }
    }
}
