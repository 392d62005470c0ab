//! Tests of what people see: their line over the day, whether it sells to them, where a number
//! stands and how the chances are.

use super::*;
use crate::Refusal;
use crate::round::Step;
use crate::round_spec::InletMode;
use crate::tests::samples::*;
use crate::{Event, PurchaseId};

mod ends;

const ODD: i16 = 1989;
const EVEN: i16 = 1990;

#[test]
fn odd_and_even_people_are_led_through_the_day() {
    check_day(
        "
        09:00     later 10:00    round-not-open 10:00   later 14:00    round-not-open 14:00
        09:29:59  later 10:00    round-not-open 10:00   later 14:00    round-not-open 14:00
        09:30     now odd        round-not-open 10:00   later 14:00    round-not-open 14:00
        10:00     now odd        sells          -       later 14:00    not-eligible   14:00
        13:29:59  now odd        sells          -       later 14:00    not-eligible   14:00
        13:30     now odd        sells          -       now even       not-eligible   14:00
        14:00     later 18:00    not-eligible   18:00   now even       sells          -
        17:29:59  later 18:00    not-eligible   18:00   now even       sells          -
        17:30     now everyone   not-eligible   18:00   now even       sells          -
        18:00     now everyone   sells          -       now everyone   sells          -
        23:59:58  now everyone   sells          -       now everyone   sells          -
        23:59:59  never -        round-not-open -       never -        round-not-open -
    ",
    );
}

/// One line a moment: for people born in odd years and then in even ones, their line, the refusal,
/// when they may buy.
fn check_day(table: &str) {
    let mut sale = Sale::new(second_round());
    for line in rows(table) {
        let words: Vec<&str> = line.split_whitespace().collect();
        sale.tick(words[0]);
        let view = sale.view();
        for (birth_year, expected) in [(ODD, &words[1..5]), (EVEN, &words[5..9])] {
            let choice = match view.line_for(&born_in(birth_year), sale.now) {
                LineChoice::Now(line) => {
                    format!("now {}", view.lines[line.index()].eligibility.class())
                }
                LineChoice::Later(opens_at) => format!("later {}", clock(Some(opens_at))),
                LineChoice::Never => "never -".to_owned(),
            };
            let selling = match view.check_selling(&born_in(birth_year), sale.now, SoldAt::Line) {
                Ok(()) => "sells -".to_owned(),
                Err(Refusal::RoundNotOpen { opens_at, .. }) => {
                    format!("round-not-open {}", clock(opens_at))
                }
                Err(Refusal::NotEligible { opens_at }) => {
                    format!("not-eligible {}", clock(opens_at))
                }
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(format!("{choice} {selling}"), expected.join(" "), "{birth_year}: {line}");
        }
    }
}

fn clock(time: Option<Timestamp>) -> String {
    let Some(time) = time else { return "-".to_owned() };
    let minutes = time.millis_since(MIDNIGHT) / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[test]
fn who_can_buy_nothing_in_a_half_that_is_gone_may_wait_for_the_leftover() {
    let mut sale = Sale::new(second_round());
    sale.tick("14:00");
    sale.buy(1, 1, 250_000);
    let line = |sale: &Sale| sale.view().line_for(&born_in(EVEN), sale.now);
    sale.tick("17:29:59");
    assert_eq!(
        line(&sale),
        LineChoice::Now(LineId(1)),
        "sold out, and nothing else to wait for yet"
    );
    sale.tick("17:30");
    assert_eq!(line(&sale), LineChoice::Now(LineId(2)), "the lobby of what the odd half left over");
}

#[test]
fn a_window_that_is_late_for_a_tick_does_not_sell() {
    let mut sale = Sale::new(second_round());
    sale.tick("13:00");
    let view = sale.view();
    assert_eq!(view.check_selling(&born_in(ODD), at("13:59:59"), SoldAt::Line), Ok(()));
    let opens_at = Some(at("18:00"));
    assert_eq!(
        view.check_selling(&born_in(ODD), at("14:00"), SoldAt::Line),
        Err(Refusal::NotEligible { opens_at })
    );
}

#[test]
fn a_place_says_where_it_stands() {
    let mut sale = Sale::new(second_round());
    sale.people(0, 8);
    let phases = [
        Phase::Waiting,
        Phase::Claimed,
        Phase::Bought,
        Phase::Left,
        Phase::Lapsed,
        Phase::Waiting,
        Phase::Left,
    ];
    for (number, phase) in (1..).zip(phases) {
        sale.places[0].change(number, Phase::Waiting, Phase::Claimed);
        sale.places[0].change(number, Phase::Claimed, phase);
    }
    sale.places[0].change(1, Phase::Claimed, Phase::Waiting);
    let states = |sale: &Sale| -> String {
        let view = sale.view();
        let state = |number| format!("{:?}", view.place(LineId(0), number, &sale.places[0]).state);
        (1..=8).map(state).collect::<Vec<_>>().join(" ").to_lowercase()
    };
    sale.tick("09:45");
    assert_eq!(states(&sale), "lobby lobby bought left lapsed lobby left lobby");
    sale.tick("10:00");
    sale.turn(0, 5);
    assert_eq!(states(&sale), "admitted admitted bought left lapsed waiting left waiting");
    sale.step(Step::Pause);
    assert_eq!(states(&sale), "admitted admitted bought left lapsed waiting left waiting");
    sale.step(Step::Resume);
    sale.buy(0, 3, 240_000);
    let with_leftover = sale.clone();
    sale.buy(0, 3, 10_000);
    assert_eq!(states(&sale), "soldout soldout bought left soldout soldout left soldout");
    sale.tick("14:00");
    assert_eq!(states(&sale), "soldout soldout bought left soldout soldout left soldout");
    let mut sale = with_leftover;
    sale.tick("14:00");
    assert_eq!(states(&sale), "closed closed bought left closed closed left closed");
}

#[test]
fn numbers_that_nobody_holds_neither_wait_nor_are_ahead() {
    let mut sale = Sale::new(second_round());
    sale.people(0, 100);
    sale.tick("10:00");
    sale.turn(0, 10);
    sale.vacant = vec![(1, 4), (8, 12), (20, 29), (50, 200)];
    let view = sale.view();
    let waiting = 100 - 10 - 2 - 10 - 51;
    assert_eq!(view.lines[0].waiting, waiting);
    for (number, ahead) in [
        (1, 0),
        (10, 0),
        (11, 0),
        (13, 0),
        (14, 1),
        (20, 7),
        (25, 7),
        (30, 7),
        (31, 8),
        (50, 27),
        (60, 27),
        (201, 27),
    ] {
        assert_eq!(view.place(LineId(0), number, &sale.places[0]).ahead, ahead, "{number}");
    }
}

#[test]
fn the_outlook_grows_no_better_further_back_and_is_no_only_when_nothing_can_come_back() {
    let spec = round_of(&["everyone 10:00-14:00 40000k"]);
    let mut sale = Sale::new(spec);
    sale.people(0, 300);
    sale.tick("10:00");
    let outlooks = |sale: &Sale| {
        let view = sale.view();
        let of = |number| view.place(LineId(0), number, &sale.places[0]).outlook;
        (1..=300).map(of).collect::<Vec<_>>()
    };
    // A hundred purchases of 400,000 won are left; nine in ten are expected to buy, and little is
    // known yet.
    let before = outlooks(&sale);
    let rank = |outlook: &Outlook| *outlook as u8;
    assert!(before.is_sorted_by_key(rank), "{before:?}");
    let first = |wanted| before.iter().position(|outlook| *outlook == wanted).map(|at| at + 1);
    assert_eq!((first(Outlook::Likely), first(Outlook::No)), (Some(1), None));
    assert_eq!((first(Outlook::Possible), first(Outlook::Unlikely)), (Some(89), Some(134)));
    sale.turn(0, 100);
    (1..=100).for_each(|number| sale.buy(0, number, 400_000));
    let after = outlooks(&sale);
    assert!(after[100..].iter().all(|outlook| *outlook == Outlook::No), "{after:?}");
    assert!(after[..100].iter().all(|outlook| *outlook == Outlook::Likely), "they have bought");
}

#[test]
fn a_window_that_waits_for_leftover_is_not_given_up() {
    let mut sale = Sale::new(second_round());
    sale.tick("17:30");
    sale.people(2, 3);
    let place = |sale: &Sale| sale.view().place(LineId(2), 1, &sale.places[2]);
    assert_eq!(place(&sale).state, PlaceState::Lobby);
    assert_eq!(place(&sale).outlook, Outlook::Likely, "the odd half left all of its stock");
    let mut sale =
        Sale::new(round_of(&["even 14:00-18:00 250_000 > everyone", "everyone 18:00-23:59:59 0"]));
    sale.people(1, 3);
    sale.tick("17:30");
    let place = |sale: &Sale| sale.view().place(LineId(1), 1, &sale.places[1]);
    let seen = (place(&sale).state, place(&sale).outlook);
    assert_eq!(seen, (PlaceState::Lobby, Outlook::Possible), "the half may leave something");
    sale.buy(0, 1, 250_000);
    let seen = (place(&sale).state, place(&sale).outlook);
    assert_eq!(seen, (PlaceState::Lobby, Outlook::No), "it has left nothing");
}

#[test]
fn a_window_that_is_gone_while_leftover_may_come_is_not_sold_out() {
    let mut sale =
        Sale::new(round_of(&["everyone 10:00-20:00 100k", "odd 12:00-14:00 50k > everyone"]));
    sale.people(0, 2);
    sale.tick("12:00");
    sale.buy(0, 1, 100_000);
    let place = |sale: &Sale| sale.view().place(LineId(0), 2, &sale.places[0]);
    let seen = (place(&sale).state, place(&sale).outlook);
    assert_eq!(seen, (PlaceState::Waiting, Outlook::Possible));
    sale.buy(1, 1, 50_000);
    let seen = (place(&sale).state, place(&sale).outlook);
    assert_eq!(seen, (PlaceState::SoldOut, Outlook::No));
}

#[test]
fn who_lapsed_or_left_has_the_chances_of_the_tail() {
    let mut sale = Sale::new(round_of(&["everyone 10:00-14:00 40000k"]));
    sale.people(0, 1_000);
    sale.tick("10:00");
    sale.turn(0, 2);
    sale.places[0].change(1, Phase::Waiting, Phase::Lapsed);
    sale.places[0].change(2, Phase::Waiting, Phase::Left);
    let view = sale.view();
    for number in [1, 2] {
        let place = view.place(LineId(0), number, &sale.places[0]);
        assert_eq!((place.ahead, place.outlook), (0, Outlook::Unlikely));
    }
}

#[test]
fn the_estimate_follows_the_measured_speed_and_is_silent_when_nothing_moves() {
    let speed = |p10: u64, p50: u64, p90: u64| {
        Some(Speed { p10_milli: p10 * 1_000, p50_milli: p50 * 1_000, p90_milli: p90 * 1_000 })
    };
    let mut sale = Sale::new(round_of(&["everyone 10:00-14:00 4000000k"]));
    sale.people(0, 1_000);
    sale.tick("10:00");
    sale.turn(0, 100);
    for (speed, expected) in [
        (speed(5, 10, 20), Some((45, 90, 180))),
        (speed(0, 10, 10), Some((90, 90, 180))),
        (speed(0, 0, 10), None),
        (None, None),
    ] {
        sale.measured.speed = speed;
        let eta = sale.view().place(LineId(0), 1_000, &sale.places[0]).eta;
        let eta = eta.map(|eta| (eta.p10_s, eta.p50_s, eta.p90_s));
        assert_eq!(eta, expected, "{speed:?}");
    }
    sale.measured.speed = speed(5, 10, 20);
    assert_eq!(sale.view().place(LineId(0), 100, &sale.places[0]).eta, None, "it is their turn");
    sale.step(Step::Pause);
    assert_eq!(sale.view().place(LineId(0), 1_000, &sale.places[0]).eta, None, "paused");
    sale.step(Step::Resume);
    let inlet = crate::round_spec::InletSpec { mode: InletMode::Shut, ..inlet() };
    let round = sale.round.spec().id.clone();
    sale.round.apply(&Event::InletChanged { round, inlet });
    assert_eq!(sale.view().place(LineId(0), 1_000, &sale.places[0]).eta, None, "shut");
}

#[test]
fn who_is_near_looks_more_often_and_nobody_all_the_time() {
    let mut sale = Sale::new(round_of(&["everyone 10:00-14:00 40000000k"]));
    sale.people(0, 60_000);
    sale.tick("10:00");
    sale.measured.speed = Some(Speed { p10_milli: 10_000, p50_milli: 10_000, p90_milli: 10_000 });
    let view = sale.view();
    let polls: Vec<u64> = [1, 100, 400, 1_000, 60_000]
        .iter()
        .map(|number| view.place(LineId(0), *number, &sale.places[0]).poll_after_millis)
        .collect();
    assert_eq!(polls, [1_000, 2_500, 10_000, 25_000, 30_000]);
    sale.step(Step::Pause);
    let paused = sale.view().place(LineId(0), 1, &sale.places[0]);
    assert_eq!(paused.poll_after_millis, 10_000);
    let mut sale = Sale::new(round_of(&["everyone 10:00-14:00 40000k"]));
    sale.people(0, 1);
    for (clock, millis) in [("09:30", 30_000), ("09:59", 15_000), ("09:59:50", 5_000)] {
        sale.tick(clock);
        let lobby = sale.view().place(LineId(0), 1, &sale.places[0]);
        assert_eq!(lobby.poll_after_millis, millis, "{clock}");
    }
}

#[test]
fn the_end_of_the_stock_is_looked_out_for_and_there_is_no_estimate_beyond_it() {
    let mut sale = Sale::new(round_of(&["everyone 10:00-14:00 400000k"]));
    sale.people(0, 60_000);
    sale.tick("10:00");
    sale.measured.speed = Some(Speed::even(10_000));
    sale.measured.uptake = Uptake { share_ppm: 1_000_000, turns: 10_000, active_buyers_milli: 0 };
    let place = |sale: &Sale, number| {
        let place = sale.view().place(LineId(0), number, &sale.places[0]);
        (place.outlook, place.eta.map(|eta| eta.p50_s), place.poll_after_millis)
    };
    // A thousand are served; nine hundred at the least, in 90 seconds.
    assert_eq!(place(&sale, 400), (Outlook::Likely, Some(40), 10_000));
    assert_eq!(place(&sale, 1_001), (Outlook::Possible, Some(100), 21_700));
    assert_eq!(place(&sale, 60_000), (Outlook::Unlikely, None, 21_700));
    sale.turn(0, 850);
    (1..=850).for_each(|number| sale.buy(0, number, 400_000));
    assert_eq!(place(&sale, 60_000), (Outlook::Unlikely, None, 3_625));
    let mut view = sale.view();
    let cause = Missing::Store;
    view.interruption = Some(Interruption { cause, since: sale.now });
    let held_up = view.place(LineId(0), 900, &sale.places[0]);
    assert_eq!((held_up.eta, held_up.poll_after_millis), (None, 10_000), "nothing moves");
}

#[test]
fn who_left_while_waiting_is_not_waited_for() {
    let mut sale = Sale::new(round_of(&["everyone 10:00-14:00 40000000k"]));
    sale.people(0, 1_000);
    sale.tick("10:00");
    sale.measured.speed = Some(Speed::even(10_000));
    let p50_s = |sale: &Sale| sale.view().place(LineId(0), 1_000, &sale.places[0]).eta.unwrap();
    assert_eq!(p50_s(&sale).p50_s, 100);
    (1..=400).for_each(|n| assert!(sale.places[0].change(2 * n, Phase::Waiting, Phase::Left)));
    assert_eq!(p50_s(&sale).p50_s, 60);
}

/// A round with its places, seen at one moment after the other.
#[derive(Clone)]
struct Sale {
    round: Round,
    places: Vec<Arc<Places>>,
    vacant: Vec<(u64, u64)>,
    measured: Measured,
    now: Timestamp,
}

impl Sale {
    fn new(spec: RoundSpec) -> Sale {
        let mut round = Round::new(spec);
        let scheduled = round.decide_step(Step::Schedule).unwrap();
        scheduled.iter().for_each(|event| round.apply(event));
        let places: Vec<Arc<Places>> = round.lines().iter().map(|_| Arc::default()).collect();
        let measured = Measured::default();
        Sale { round, places, vacant: vec![], measured, now: MIDNIGHT }
    }

    fn tick(&mut self, clock: &str) {
        self.now = at(clock);
        while let Some(event) = self.round.decide_due(self.now) {
            self.round.apply(&event);
        }
    }

    fn step(&mut self, step: Step) {
        let events = self.round.decide_step(step).unwrap();
        events.iter().for_each(|event| self.round.apply(event));
    }

    fn people(&mut self, line: usize, count: u64) {
        self.places[line].set_reserved(count);
        for _ in 0..count {
            let number = self.places[line].take_number().unwrap();
            self.places[line].change(number, Phase::Unknown, Phase::Waiting);
        }
    }

    fn turn(&mut self, line: u8, to: u64) {
        let round = self.round.spec().id.clone();
        self.round.apply(&Event::WatermarkMoved { round, line: LineId(line), to });
        self.places[usize::from(line)].advance(to);
    }

    fn buy(&mut self, line: u8, number: u64, amount: i64) {
        if self.round.lines()[usize::from(line)].watermark < number {
            self.turn(line, number);
        }
        let order = crate::round::PurchaseOrder {
            id: PurchaseId(u128::from(number)),
            person: person(number),
            channel: channel(),
            amount: Won(amount),
            pass: crate::purchase::PassId { line: LineId(line), number },
            key: key("k"),
            digest: [0; 32],
            month: crate::Month::of(self.now),
            used_after: Won(amount),
            rules: rules().into(),
            at_counter: None,
        };
        let purchase = self.round.decide_purchase(self.now, &order).unwrap();
        self.round.apply(&Event::Issued { purchase });
        self.places[usize::from(line)].buy(number);
        while let Some(event) = self.round.decide_due(self.now) {
            self.round.apply(&event);
        }
    }

    fn view(&self) -> RoundView {
        let parts =
            |line: usize| (Arc::clone(&self.places[line]), (self.measured, self.vacant.clone()));
        RoundView::of(&self.round, Arc::new(program()), 1, 1, self.now, parts)
    }
}
