//! Tests of the honesty meter: what it counts, and that it stays small.

use super::*;
use crate::round::{PurchaseOrder, Round, Step};
use crate::speed::Speed;
use crate::tests::samples::*;
use crate::uptake::Uptake;
use crate::view::Measured;
use crate::{Event, Month, PurchaseId, Won};
use std::sync::Arc;

#[test]
fn a_tally_is_right_to_a_sixteenth() {
    let mut tally = Tally::new();
    assert_eq!(tally.at(50), None);
    (1..=10_000).for_each(|value| tally.count(value));
    for percent in [1, 10, 50, 90, 99] {
        let (value, real) = (tally.at(percent).unwrap(), percent * 100);
        assert!(value.abs_diff(real) * 16 <= real, "{percent} %: {value}");
    }
    tally.count(u64::MAX);
    assert!(tally.at(100).unwrap() > 400_000);
}

/// A sale to a line of people of whom ten a second are let in.
struct Sale {
    round: Round,
    places: Arc<Places>,
    now: Timestamp,
    meter: HonestyMeter,
    speed: u64,
}

impl Sale {
    fn new(people: u64, stock_k: u64) -> Sale {
        let window = format!("everyone 10:00-14:00 {stock_k}k");
        let mut round = Round::new(round_of(&[window.as_str()]));
        for step in [Step::Schedule, Step::Open] {
            round.decide_step(step).unwrap().iter().for_each(|event| round.apply(event));
        }
        let places = Arc::<Places>::default();
        places.set_reserved(people);
        for _ in 0..people {
            let number = places.take_number().unwrap();
            places.change(number, Phase::Unknown, Phase::Waiting);
        }
        let meter = HonestyMeter::default();
        Sale { round, places, now: at("10:00"), meter, speed: 10 }
    }

    /// A tick: one more has the turn and, if they can, buys.
    fn tick(&mut self, amount: i64) {
        self.now = self.now.plus_millis(100);
        let from = self.places.watermark();
        let to = (from + 1).min(self.places.last_number());
        if to > from && self.round.windows()[0].stock.left > Won::ZERO {
            let round = self.round.spec().id.clone();
            self.round.apply(&Event::WatermarkMoved { round, line: LineId(0), to });
            self.places.advance(to);
            (from + 1..=to).for_each(|number| self.buy(number, amount));
        }
        while let Some(event) = self.round.decide_due(self.now) {
            self.round.apply(&event);
        }
        let speed = Some(Speed::even(self.speed * 1_000));
        let uptake = Uptake { share_ppm: 1_000_000, turns: 10_000, active_buyers_milli: 0 };
        let parts = |_: usize| (Arc::clone(&self.places), (Measured { speed, uptake }, vec![]));
        let program = Arc::new(program());
        let view = crate::view::RoundView::of(&self.round, program, 1, 1, self.now, parts);
        self.meter.observe(&view, |_| &self.places);
    }

    fn buy(&mut self, number: u64, amount: i64) {
        let order = PurchaseOrder {
            id: PurchaseId(u128::from(number)),
            person: person(number),
            channel: channel(),
            amount: Won(amount),
            pass: crate::purchase::PassId { line: LineId(0), number },
            key: key("k"),
            digest: [0; 32],
            month: Month::of(self.now),
            used_after: Won(amount),
            rules: rules().into(),
            at_counter: None,
        };
        let Ok(purchase) = self.round.decide_purchase(self.now, &order) else { return };
        self.round.apply(&Event::Issued { purchase });
        self.places.buy(number);
    }
}

#[test]
fn a_sale_that_goes_as_told_scores_well() {
    let mut sale = Sale::new(2_000, 400_000);
    (0..1_500).for_each(|_| sale.tick(400_000));
    let honesty = sale.meter.honesty();
    assert!(honesty.estimates > 100, "{honesty:?}");
    assert!(honesty.error_p90_permille.unwrap() <= 100, "{honesty:?}");
    assert!(honesty.brier_permille.unwrap() <= 20, "{honesty:?}");
    let [likely, _, unlikely, _] = honesty.outlooks;
    assert_eq!((likely.told, unlikely.bought), (likely.bought, 0), "{honesty:?}");
    assert_eq!(honesty.right_after_p50_millis, Some(0), "{honesty:?}");
    assert_eq!(honesty.since, Some(at("10:00").plus_millis(100)));
}

/// The negative control: whoever promises twice the speed is found out.
#[test]
fn a_wrong_estimate_is_found_out() {
    let mut sale = Sale::new(2_000, 400_000);
    sale.speed = 20;
    (0..1_500).for_each(|_| sale.tick(400_000));
    let error = sale.meter.honesty().error_p50_permille.unwrap();
    assert!((400..=600).contains(&error), "half of the wait: {error}");
}

#[test]
fn a_wrong_outlook_is_found_out() {
    let mut sale = Sale::new(2_000, 400_000);
    // Half of the stock goes to others: those who were told likely go without.
    (0..100).for_each(|_| sale.tick(400_000));
    let likely = sale.meter.probes.iter().filter(|probe| probe.side == Some(true)).count();
    assert!(likely > 10, "{likely}");
    (1_000..1_890).for_each(|number| {
        let round = sale.round.spec().id.clone();
        if sale.places.watermark() < number {
            sale.round.apply(&Event::WatermarkMoved { round, line: LineId(0), to: number });
            sale.places.advance(number);
        }
        sale.buy(number, 400_000);
    });
    (0..1_000).for_each(|_| sale.tick(400_000));
    let honesty = sale.meter.honesty();
    let [likely, ..] = honesty.outlooks;
    assert!(likely.bought < likely.told * 9 / 10, "{honesty:?}");
    assert!(honesty.brier_permille.unwrap() > 100, "{honesty:?}");
}

#[test]
fn who_gives_up_is_no_judge_and_memory_is_bounded() {
    let mut sale = Sale::new(50_000, 400_000);
    for _ in 0..2_000 {
        sale.tick(0);
    }
    assert_eq!(sale.meter.probes.len(), PROBES);
    let before = sale.meter.honesty();
    for number in 1..=50_000 {
        sale.places.change(number, Phase::Waiting, Phase::Left);
    }
    sale.tick(0);
    assert_eq!(sale.meter.probes.len(), 0);
    assert_eq!(sale.meter.honesty().outlooks, before.outlooks);
}
