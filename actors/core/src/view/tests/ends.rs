//! Tests of how a sale ends for a person: when the stock of their own window ended, that a place
//! whose turn lapsed ends with the sale, and that nothing is estimated before a draw.

use super::*;
use crate::draw::Digest;
use crate::round_spec::{DrawSpec, Order};

#[test]
fn each_half_of_28_july_is_told_its_own_end() {
    let mut sale = Sale::new(second_round());
    sale.tick("11:30");
    sale.buy(0, 7, 250_000);
    assert_eq!(ends(&sale), "11:30 at 7, -, -");
    sale.tick("16:00");
    sale.turn(0, 9);
    sale.buy(1, 3, 200_000);
    assert_eq!(ends(&sale), "11:30 at 7, -, -", "the even half has something left");
    let with_leftover = sale.clone();
    sale.tick("16:30");
    sale.buy(1, 4, 50_000);
    sale.turn(1, 20);
    for clock in ["16:31", "18:00", "23:59:59"] {
        sale.tick(clock);
        assert_eq!(ends(&sale), "11:30 at 7, 16:30 at 4, -", "{clock}");
    }
    let mut sale = with_leftover;
    sale.tick("18:30");
    assert_eq!(ends(&sale), "11:30 at 7, -, -", "what the even half left moved on");
    sale.buy(2, 5, 50_000);
    assert_eq!(ends(&sale), "11:30 at 7, -, 18:30 at 5");
}

/// When the stock of the window of each line ended, and where its watermark stood.
fn ends(sale: &Sale) -> String {
    let view = sale.view();
    let end = |line| match view.window_of(LineId(line)).stock_end {
        Some(end) => format!("{} at {}", clock(Some(end.at)), end.watermark),
        None => "-".to_owned(),
    };
    (0..3).map(end).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_place_whose_turn_lapsed_ends_with_the_sale() {
    let mut sale = Sale::new(second_round());
    sale.people(0, 3);
    sale.tick("10:00");
    sale.turn(0, 2);
    sale.places[0].change(1, Phase::Waiting, Phase::Lapsed);
    let seen = |sale: &Sale| {
        let place = sale.view().place(LineId(0), 1, &sale.places[0]);
        format!("{:?} {:?}", place.state, place.outlook)
    };
    assert!(seen(&sale).starts_with("Lapsed"), "it may come back");
    let mut closed = sale.clone();
    closed.step(Step::Close);
    assert_eq!(seen(&closed), "Closed No");
    let mut over = sale.clone();
    over.tick("14:00");
    assert_eq!(seen(&over), "Closed No");
    sale.buy(0, 2, 250_000);
    assert_eq!(seen(&sale), "SoldOut No");
}

#[test]
fn nothing_is_estimated_while_a_draw_waits_for_its_shares() {
    let spec = RoundSpec {
        order: Order::Draw(DrawSpec::default()),
        ..round_of(&["everyone 10:00-14:00 4000000k"])
    };
    let mut sale = Sale::new(spec);
    sale.people(0, 100);
    sale.measured.speed = Some(Speed::even(10_000));
    sale.tick("10:00");
    let eta = |sale: &Sale| sale.view().place(LineId(0), 100, &sale.places[0]).eta;
    let ends = |sale: &Sale| sale.view().stock_ends(&sale.view().lines[0]);
    assert_eq!((eta(&sale), ends(&sale)), (None, None), "who came later waits for the draw, too");
    let (round, line, lobby) = (sale.round.spec().id.clone(), LineId(0), LineId(1));
    let (root, at) = (Digest([2; 32]), sale.now);
    let commitment = crate::draw::commitment(&[1; 32]);
    sale.round.apply(&Event::DrawCommitted { round: round.clone(), line, commitment, at });
    sale.round.apply(&Event::LobbyClosed { round, line, lobby, count: 9, root, at });
    assert_eq!(eta(&sale), None);
    let drawn = sale.round.decide_draw(at, line, [1; 32]);
    sale.round.apply(&drawn);
    assert_eq!(eta(&sale).map(|eta| eta.p50_s), Some(10));
}
