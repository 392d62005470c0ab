//! Tests of what lines and counters sell: each from its own stock, paper with numbers.

use super::super::*;
use super::PassId;
use crate::round_spec::{LineId, SoldAt, SpecFault};
use crate::tests::samples::*;

/// A line and a counter for everybody, and a second counter for odd birth years.
const ONE_AFTER_THE_OTHER: [&str; 3] = [
    "everyone 09:00-14:00 50_000",
    "all-paper 09:00-12:00 30_000 > everyone",
    "odd-paper 12:00-14:00 20_000",
];

/// The same with both counters at once.
const SIDE_BY_SIDE: [&str; 3] =
    ["everyone 09:00-14:00 50_000", "all-paper 09:00-14:00 30_000", "odd-paper 09:00-14:00 50_000"];

fn with_counters() -> Round {
    opened(&ONE_AFTER_THE_OTHER)
}

fn opened(windows: &[&str]) -> Round {
    let spec = round_of(windows);
    assert_eq!(spec.check(Won(10_000)), Ok(()));
    let mut round = Round::new(spec);
    due(&mut round, "08:59");
    for event in round.decide_step(Step::Open).expect("a draft opens") {
        round.apply(&event);
    }
    let line = LineId(0);
    round.apply(&Event::WatermarkMoved { round: round.spec.id.clone(), line, to: 20 });
    round
}

fn due(round: &mut Round, clock: &str) {
    while let Some(event) = round.decide_due(at(clock)) {
        round.apply(&event);
    }
}

fn order(number: u64, birth_year: i16, amount: Won, is_counter: bool) -> PurchaseOrder {
    let pass = PassId { line: LineId(0), number };
    PurchaseOrder {
        id: PurchaseId(u128::from(number)),
        person: person(number),
        channel: channel(),
        amount,
        pass: if is_counter { PassId::AT_COUNTER } else { pass },
        key: key("k"),
        digest: [0; 32],
        month: Month::of(at("10:00")),
        used_after: amount,
        rules: rules().into(),
        at_counter: is_counter.then(|| born_in(birth_year)),
    }
}

#[test]
fn a_line_and_a_counter_sell_from_their_own_stock_and_paper_is_numbered() {
    check(
        &ONE_AFTER_THE_OTHER,
        "
        09:10  counter  1991  10k  issued paper 1      open everyone 50 all-paper 20 odd-paper 20
        09:20  line     1991  20k  issued pass         open everyone 30 all-paper 20 odd-paper 20
        09:30  counter  1990  30k  insufficient-stock 20k open everyone 30 all-paper 20 odd-paper 20
        09:40  counter  1990  20k  issued paper 2      open everyone 30 all-paper 0 odd-paper 20
        09:50  counter  1990  10k  sold-out            open everyone 30 all-paper 0 odd-paper 20
        10:00  line     1991  30k  issued pass         sold_out everyone 0 all-paper 0 odd-paper 20
        10:10  line     1991  10k  sold-out            sold_out everyone 0 all-paper 0 odd-paper 20
        12:10  counter  1990  10k  not-eligible        sold_out everyone 0 all-paper 0 odd-paper 20
        12:20  counter  1991  10k  issued paper 3      sold_out everyone 0 all-paper 0 odd-paper 10
        12:30  line     1991  10k  sold-out            sold_out everyone 0 all-paper 0 odd-paper 10
        14:00  counter  1991  10k  round-not-open      closed everyone 0 all-paper 0 odd-paper 10
    ",
    );
}

#[test]
fn what_a_counter_leaves_over_goes_where_its_window_says_and_brings_the_line_back() {
    check(
        &ONE_AFTER_THE_OTHER,
        "
        09:10  counter  1991  10k  issued paper 1      open everyone 50 all-paper 20 odd-paper 20
        09:20  line     1991  50k  issued pass         sold_out everyone 0 all-paper 20 odd-paper 20
        11:59  line     1991  10k  sold-out            sold_out everyone 0 all-paper 20 odd-paper 20
        12:00  line     1991  20k  issued pass         sold_out everyone 0 all-paper 0 odd-paper 20
    ",
    );
}

#[test]
fn a_counter_sells_from_whichever_of_its_windows_still_has_enough() {
    check(
        &SIDE_BY_SIDE,
        "
        09:10  counter  1991  20k  issued paper 1         open everyone 50 all-paper 10 odd-paper 50
        09:20  counter  1991  20k  issued paper 2         open everyone 50 all-paper 10 odd-paper 30
        09:30  counter  1990  20k  insufficient-stock 10k open everyone 50 all-paper 10 odd-paper 30
        09:40  counter  1991  40k  insufficient-stock 30k open everyone 50 all-paper 10 odd-paper 30
        09:50  counter  1990  10k  issued paper 3         open everyone 50 all-paper 0 odd-paper 30
        10:00  counter  1990  10k  sold-out               open everyone 50 all-paper 0 odd-paper 30
        10:10  counter  1991  10k  issued paper 4         open everyone 50 all-paper 0 odd-paper 20
        10:20  counter  1991  30k  insufficient-stock 20k open everyone 50 all-paper 0 odd-paper 20
        10:30  counter  1991  20k  issued paper 5         open everyone 50 all-paper 0 odd-paper 0
        10:40  counter  1991  10k  sold-out               open everyone 50 all-paper 0 odd-paper 0
    ",
    );
}

/// One line a purchase: when, where, by somebody of which year, for how much; what is answered, and
/// what the round and its windows (in thousands) have left. Each line has a pass of its own.
fn check(windows: &[&str], table: &str) {
    let mut round = opened(windows);
    for (number, row) in (1..).zip(rows(table)) {
        let words: Vec<&str> = row.split_whitespace().collect();
        due(&mut round, words[0]);
        let year = words[2].parse().expect("a year");
        let order = order(number, year, won(words[3]), words[1] == "counter");
        let answer = match round.decide_purchase(at(words[0]), &order) {
            Err(Refusal::InsufficientStock { remaining_won }) => {
                format!("insufficient-stock {}k", remaining_won.0 / 1_000)
            }
            Err(refusal) => refusal.code().to_owned(),
            Ok(purchase) => {
                round.apply(&Event::Issued { purchase: purchase.clone() });
                let serial = purchase.serial_number();
                serial.map_or("issued pass".to_owned(), |serial| format!("issued paper {serial}"))
            }
        };
        due(&mut round, words[0]);
        let left = round.windows.iter().map(|w| (w.spec.id.to_string(), w.stock.left.0 / 1_000));
        let left: Vec<String> = left.map(|(id, left)| format!("{id} {left}")).collect();
        let stands = format!("{answer} {} {}", round.state.word(), left.join(" "));
        assert_eq!(stands, words[4..].join(" "), "{row}");
    }
}

/// S5, the round's part: no order of a line reaches the counter's stock, whatever pass it names.
#[test]
fn no_pass_opens_what_is_set_aside_for_the_counter() {
    let round = with_counters();
    for pass in [PassId::AT_COUNTER, PassId::serial(1), PassId { line: LineId(1), number: 1 }] {
        let order = PurchaseOrder { pass, ..order(1, 1991, Won(10_000), false) };
        let answer = round.decide_purchase(at("09:10"), &order);
        assert_eq!(answer, Err(Refusal::NotEligible { opens_at: None }), "{pass:?}");
    }
    let mean = round.mean_purchase(Won(400_000));
    assert_eq!(mean, Won(400_000), "nothing was sold");
    assert_eq!(round.spec.lines().len(), 1, "counters have no line");
}

/// The negative control of the numbers: paper that was left out, or numbered twice, is found out.
#[test]
#[should_panic(expected = "OR-6: a serial number left out")]
fn a_serial_number_that_is_left_out_is_a_defect() {
    let mut round = with_counters();
    let order = order(1, 1991, Won(10_000), true);
    let mut purchase = round.decide_purchase(at("09:10"), &order).expect("there is stock");
    purchase.pass = PassId::serial(2);
    round.apply(&Event::Issued { purchase });
}

#[test]
fn a_round_opens_with_its_line_and_counters_overlap_it_but_not_each_other() {
    for (windows, fault) in [
        (&["all-paper 09:00-12:00 0", "everyone 09:00-12:00 0"][..], SpecFault::CounterFirst),
        (
            &["everyone 09:00-12:00 0", "a-paper 09:00-12:00 0", "b-paper 10:00-12:00 0"],
            SpecFault::WindowsOverlap,
        ),
    ] {
        assert_eq!(round_of(windows).check(Won(10_000)), Err(fault), "{windows:?}");
    }
    let text = serde_json::to_string(&round_of(&["everyone 09:00-12:00 0"])).expect("written");
    assert!(!text.contains("sold_at"), "as before there were counters: {text}");
    let paper = window("all-paper 09:00-12:00 0");
    let text = serde_json::to_string(&paper).expect("written");
    assert!(text.contains(r#""sold_at":"counter""#), "{text}");
    assert_eq!(serde_json::from_str::<WindowSpec>(&text).expect("read"), paper);
    assert_eq!(paper.sold_at, SoldAt::Counter);
}
