//! The policies that are steered: by hand, by latency, by the payment rail; and changes on the way.

use super::*;

#[test]
fn by_hand_the_watermark_moves_only_as_far_as_the_steps() {
    let inlet = InletSpec { mode: InletMode::Manual, rate_per_1000_s: 10_000, ..inlet() };
    let mut sale = Sale::new(1, inlet);
    sale.join(1_000);
    (2..=11).for_each(|number| {
        assert!(sale.places[0].change(number, Phase::Waiting, Phase::Left));
    });
    sale.run(5, |_| 0);
    assert_eq!((sale.places[0].watermark(), sale.limiter()), (0, Limiter::Manual));
    for bad in [0, 100_001] {
        assert!(sale.round.decide_inlet_step(bad, &sale.places).is_err());
    }
    let step = sale.round.decide_inlet_step(20, &sale.places).expect("it is open");
    sale.round.apply(&step);
    sale.run(1, |_| 0);
    let left = sale.gate.view(&sale.round, &sale.places).lines[0].figures.manual_left;
    assert!((1..20).contains(&left), "at the rate: {left} are left of the step");
    sale.run(9, |_| 0);
    assert_eq!(sale.places[0].watermark(), 30, "twenty people, and ten who had left");
    // Two steps at once add up.
    for _ in 0..2 {
        let step = sale.round.decide_inlet_step(5, &sale.places).expect("it is open");
        sale.round.apply(&step);
    }
    sale.run(9, |_| 0);
    assert_eq!((sale.places[0].watermark(), sale.limiter()), (40, Limiter::Manual));
    let round = sale.round.spec().id.clone();
    let auto = InletSpec { mode: InletMode::Auto, ..sale.round.spec().inlet.clone() };
    sale.round.apply(&Event::InletChanged { round, inlet: auto });
    assert!(sale.round.decide_inlet_step(5, &sale.places).is_err(), "it is not steered by hand");
    sale.run(2, |_| 0);
    assert!(sale.places[0].watermark() > 40);
}

#[test]
fn slow_purchases_bring_the_rate_down_within_seconds_and_up_again_after() {
    let inlet = InletSpec {
        rate_per_1000_s: 20_000,
        latency_target_ms: Some(200),
        max_active: 100_000,
        ..inlet()
    };
    let mut sale = Sale::new(1, inlet);
    sale.join(100_000);
    sale.run(60, |_| 0);
    let owed = Timestamp(sale.now);
    sale.gate.meter.begin(owed);
    sale.run(15, |_| 0);
    assert_eq!(sale.limiter(), Limiter::Adaptive, "a purchase is owed for fifteen seconds");
    let slow = sale.throughput(68, 74);
    assert!(slow < 10_000, "{slow}: it was 20,000");
    sale.gate.meter.end(owed, Timestamp(sale.now), true);
    sale.run(60, |_| 0);
    let again = sale.throughput(105, 134);
    assert!((19_000..=21_000).contains(&again), "{again}");
}

#[test]
fn nobody_is_let_in_beyond_what_the_payment_rail_can_take() {
    let room =
        RailRoom { is_shut: false, rate_per_s: 5, left_today: Won(1_000_000_000_000), waiting: 0 };
    let inlet = InletSpec { rate_per_1000_s: 20_000, max_active: 100_000, ..inlet() };
    let mut sale = Sale::new(1, inlet);
    sale.rail = Some(room);
    sale.join(100_000);
    sale.run(100, |_| 60);
    assert_eq!(sale.limiter(), Limiter::Rail);
    let found = sale.throughput(20, 100);
    assert!((4_500..=5_500).contains(&found), "{found}");
    // Money of the day for no purchase more.
    sale.rail = Some(RailRoom { left_today: Won::ZERO, ..room });
    let before = sale.places[0].watermark();
    sale.run(10, |_| 60);
    assert_eq!((sale.places[0].watermark(), sale.limiter()), (before, Limiter::Rail));
    sale.rail = Some(RailRoom { is_shut: true, ..room });
    sale.run(10, |_| 60);
    assert_eq!(sale.places[0].watermark(), before);
    sale.rail = Some(room);
    sale.run(20, |_| 60);
    assert!(sale.places[0].watermark() > before);
}

#[test]
fn a_rate_that_is_changed_on_the_way_counts_at_once() {
    let mut sale = Sale::new(2, InletSpec { rate_per_1000_s: 10_000, ..inlet() });
    sale.join(100_000);
    sale.run(60, |_| 40);
    let round = sale.round.spec().id.clone();
    let inlet = InletSpec { rate_per_1000_s: 40_000, ..sale.round.spec().inlet.clone() };
    sale.round.apply(&Event::InletChanged { round, inlet });
    sale.run(60, |_| 40);
    let found = sale.throughput(66, 120);
    assert!((38_000..=42_000).contains(&found), "{found}");
}
