//! Tests of a round's payments: who may release what is held, in every order in which they may
//! come, and to which window it goes. F-numbers are those of `docs/failure-modes.md`.

use super::*;
use crate::purchase::PassId;
use crate::round::Step;
use crate::round_spec::{LineId, RoundSpec};
use crate::stock::Stock;
use crate::tests::samples::*;
use crate::{Month, PurchaseId};

/// How long the rail may still approve an order that it does not know, in milliseconds.
const FINALITY: i64 = 60_000;

/// What may come to a payment, in any order and more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// The till begins to send it.
    Send,
    /// It has waited too long to be sent.
    Expire,
    /// The rail says no.
    Declined,
    /// The rail says yes.
    Approved,
    /// The rail has not heard of it, long after.
    NotFound,
    /// It was taken back at the rail.
    Cancelled,
}

/// F17: expiry, a decline and a cancel, each of them twice, around a payment that is sent: in all
/// of their 5,040 orders what is held comes back at most once.
#[test]
fn f17_three_releases_in_every_order_release_once() {
    use Comes::{Cancelled, Declined, Expire, NotFound, Send};
    let all = [Send, Expire, Expire, Declined, NotFound, Cancelled, Cancelled];
    let mut orders = 0;
    for_every_order(&all, &mut |order| {
        orders += 1;
        let (round, events) = play(order);
        let voids = count(&events, |event| matches!(event, Event::Voided { .. }));
        assert_eq!(voids, 1, "after {order:?}: {events:?}");
        assert_eq!(round.windows()[0].stock, Stock::new(Won(250_000)), "after {order:?}");
    });
    assert_eq!(orders, 5_040);
}

/// F5: a hold whose payment was sent is released by no clock, and a late approval of one that was
/// released before it was sent cannot be, in every order of sending, expiring and answering.
#[test]
fn f5_expiry_and_sending_exclude_each_other_in_every_order() {
    use Comes::{Approved, Expire, Send};
    for_every_order(&[Send, Send, Expire, Expire, Approved, Approved], &mut |order| {
        let (round, events) = play(order);
        let sent = count(&events, |event| matches!(event, Event::PaymentSent { .. }));
        let voided = count(&events, |event| matches!(event, Event::Voided { .. }));
        let issued = count(&events, |event| matches!(event, Event::Issued { .. }));
        assert_eq!(sent + voided, 1, "after {order:?}: {events:?}");
        assert!(issued <= sent, "after {order:?}: {events:?}");
        let stock = round.windows()[0].stock;
        let expected = match (voided, issued) {
            (1, _) => (250_000, 0, 0),
            (_, 1) => (240_000, 0, 10_000),
            _ => (240_000, 10_000, 0),
        };
        assert_eq!((stock.left.0, stock.held.0, stock.sold.0), expected, "after {order:?}");
    });
}

/// F17, the negative control: a release that asks nobody is found at once.
#[test]
#[should_panic(expected = "OR-3: a step of a payment that was never held")]
fn f17_a_release_that_is_applied_twice_is_a_defect() {
    let mut round = holding();
    let voided = round.decide_expire(ID).expect("it is held");
    round.apply(&voided);
    round.apply(&voided);
}

/// F17 and F5: a release by the clock of what was sent is found at once.
#[test]
#[should_panic(expected = "OR-1: voided as Expired")]
fn f5_a_clock_that_releases_what_was_sent_is_a_defect() {
    let mut round = holding();
    let expired = round.decide_expire(ID).expect("it is held");
    let sent = round.decide_send(at("10:00"), ID, "request".to_owned()).expect("it is held");
    round.apply(&sent);
    round.apply(&expired);
}

/// F25: returns go to the window that can still sell them: their own, or the one that the leftover
/// went to.
#[test]
fn f25_returns_after_the_edge_go_where_the_leftover_went() {
    check(
        second_round(),
        "
        10:00     hold odd 1 100k      | odd 150+100+0  even 250+0+0  everyone 0+0+0
        10:01     hold odd 2 150k      | odd 0+250+0    even 250+0+0  everyone 0+0+0
        13:59:59  void 1               | odd 100+150+0  even 250+0+0  everyone 0+0+0
        13:59:59  hold odd 3 20k       | odd 80+170+0   even 250+0+0  everyone 0+0+0
        14:00     tick                 | odd 0+170+0    even 250+0+0  everyone 80+0+0
        14:00     void 3               | odd 0+150+0    even 250+0+0  everyone 100+0+0
        14:01     hold even 4 250k     | odd 0+150+0    even 0+250+0  everyone 100+0+0
        15:00     void 4               | odd 0+150+0    even 250+0+0  everyone 100+0+0
        15:01     hold even 5 30k      | odd 0+150+0    even 220+30+0 everyone 100+0+0
        18:00     pay 5                | odd 0+150+0    even 0+0+30   everyone 320+0+0
        18:01     hold everyone 6 320k | odd 0+150+0    even 0+0+30   everyone 0+320+0
        19:00     void 2               | odd 0+0+0      even 0+0+30   everyone 150+320+0
        20:00     hold everyone 7 150k | odd 0+0+0      even 0+0+30   everyone 0+470+0
        21:00     pay 6                | odd 0+0+0      even 0+0+30   everyone 0+150+320
        23:59:59  void 7               | odd 0+0+0      even 0+0+30   everyone 150+0+320
    ",
    );
}

/// F25: with a chain of windows the return follows it past those that are over, and where nothing
/// sells any more it stays with the window that it was bought from.
#[test]
fn f25_a_return_follows_the_leftover_past_windows_that_are_over() {
    check(
        round_of(&[
            "everyone-1 10:00-11:00 100k > everyone-2",
            "everyone-2 11:00-12:00 100k > everyone-3",
            "everyone-3 12:00-13:00 100k",
        ]),
        "
        10:00  hold everyone 1 100k | everyone-1 0+100+0 everyone-2 100+0+0 everyone-3 100+0+0
        10:30  hold-none everyone   | everyone-1 0+100+0 everyone-2 100+0+0 everyone-3 100+0+0
        12:30  void 1               | everyone-1 0+0+0   everyone-2 0+0+0   everyone-3 300+0+0
        12:31  hold everyone 2 300k | everyone-1 0+0+0   everyone-2 0+0+0   everyone-3 0+300+0
        13:00  void 2               | everyone-1 0+0+0   everyone-2 0+0+0   everyone-3 300+0+0
    ",
    );
}

const ID: PurchaseId = PurchaseId(1);

fn holding() -> Round {
    let mut round = opened(second_round());
    let held = hold(&round, at("10:00"), "odd", 1, Won(10_000)).expect("there is enough");
    round.apply(&held);
    round
}

fn opened(spec: RoundSpec) -> Round {
    let mut round = Round::new(spec);
    for line in 0..round.lines().len() {
        let line = LineId(u8::try_from(line).expect("few lines"));
        let round_id = round.spec().id.clone();
        round.apply(&Event::WatermarkMoved { round: round_id, line, to: 1_000 });
    }
    let steps = round.decide_step(Step::Schedule).expect("a draft can be scheduled");
    steps.iter().for_each(|event| round.apply(event));
    settle(&mut round, at("10:00"));
    round
}

fn settle(round: &mut Round, now: Timestamp) {
    while let Some(event) = round.decide_due(now) {
        round.apply(&event);
    }
}

fn hold(
    round: &Round,
    now: Timestamp,
    class: &str,
    number: u64,
    amount: Won,
) -> Result<Event, Refusal> {
    let line = round.lines().iter().position(|line| &*line.eligibility.class() == class);
    let line = LineId(u8::try_from(line.expect("a line of this class")).expect("few lines"));
    let order = PurchaseOrder {
        id: PurchaseId(u128::from(number)),
        person: person(number),
        channel: channel(),
        amount,
        pass: PassId { line, number },
        key: key("k"),
        digest: [0; 32],
        month: Month::of(now),
        used_after: amount,
        rules: rules().into(),
        at_counter: None,
    };
    let purchase = round.decide_hold(now, &order)?;
    Ok(Event::Held { purchase, pass_expires_at: Timestamp(i64::MAX) })
}

/// All that happens to one hold when these come in this order; each is decided and applied at once,
/// as the round's mailbox has it.
fn play(order: &[Comes]) -> (Round, Vec<Event>) {
    let mut round = holding();
    let mut events = Vec::new();
    let says = |round: &Round, answer| {
        let long_after = at("10:00").plus_millis(FINALITY * 2);
        round.decide_answer(long_after, ID, FINALITY, answer)
    };
    // What came to nothing is tried again by whoever tried it: until nobody has anything to do.
    for _ in 0..3 {
        for comes in order {
            let price = Won(9_300);
            let decided = match comes {
                Comes::Send => round.decide_send(at("10:00"), ID, "request".to_owned()),
                Comes::Expire => round.decide_expire(ID),
                Comes::Declined => says(&round, RailAnswer::Declined),
                Comes::Approved => says(&round, RailAnswer::Approved { amount: price }),
                Comes::NotFound => says(&round, RailAnswer::NotFound),
                Comes::Cancelled => says(&round, RailAnswer::Cancelled),
            };
            if let Some(event) = decided {
                round.apply(&event);
                events.push(event);
            }
        }
    }
    (round, events)
}

fn count(events: &[Event], is: fn(&Event) -> bool) -> usize {
    events.iter().filter(|event| is(event)).count()
}

/// Every order of these, also where two are alike (Heap's algorithm).
fn for_every_order(all: &[Comes], play: &mut impl FnMut(&[Comes])) {
    fn arrange(all: &mut [Comes], size: usize, play: &mut impl FnMut(&[Comes])) {
        if size <= 1 {
            return play(all);
        }
        for index in 0..size {
            arrange(all, size - 1, play);
            all.swap(if size.is_multiple_of(2) { index } else { 0 }, size - 1);
        }
    }
    let mut all = all.to_vec();
    let size = all.len();
    arrange(&mut all, size, play);
}

/// One line a moment: what the clock makes due, then what is asked, then each window as
/// `left+held+sold` in thousands. The stock of all windows together never changes.
fn check(spec: RoundSpec, table: &str) {
    let total: Won = spec.windows.iter().map(|window| window.stock_won).sum();
    let mut round = opened(spec);
    for line in rows(table) {
        let (asked, expected) = line.split_once('|').expect("asked | expected");
        let words: Vec<&str> = asked.split_whitespace().collect();
        let now = at(words[0]);
        settle(&mut round, now);
        for event in asked_for(&round, now, &words[1..]) {
            round.apply(&event);
        }
        settle(&mut round, now);
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(shown(&round), expected.join(" "), "after: {line}");
        let sum: Won = round.windows().iter().map(|window| window.stock.total).sum();
        assert_eq!(sum, total, "OR-1 after: {line}");
    }
}

fn asked_for(round: &Round, now: Timestamp, words: &[&str]) -> Vec<Event> {
    let id = |word: &str| PurchaseId(word.parse().expect("a number"));
    match words {
        ["tick"] => vec![],
        ["hold", class, number, amount] => {
            let number = number.parse().expect("a number");
            vec![hold(round, now, class, number, won(amount)).expect("there is enough")]
        }
        ["hold-none", class] => {
            let refusal = hold(round, now, class, 99, Won(10_000)).expect_err("nothing is left");
            assert_eq!(refusal, Refusal::SoldOut);
            vec![]
        }
        ["void", number] => vec![round.decide_expire(id(number)).expect("it is held")],
        ["pay", number] => {
            let purchase = &round.payment(id(number)).expect("it is held").purchase;
            let (amount, mut paying) = (purchase.price, round.clone());
            let sent = paying.decide_send(now, id(number), "request".to_owned()).expect("unsent");
            paying.apply(&sent);
            let answer = RailAnswer::Approved { amount };
            let issued = paying.decide_answer(now, id(number), FINALITY, answer);
            vec![sent, issued.expect("approved as asked for")]
        }
        other => panic!("unknown: {other:?}"),
    }
}

fn shown(round: &Round) -> String {
    let words = round.windows().iter().map(|window| {
        let stock = window.stock;
        let thousands = [stock.left, stock.held, stock.sold].map(|won| (won.0 / 1_000).to_string());
        format!("{} {}", window.spec.id, thousands.join("+"))
    });
    words.collect::<Vec<_>>().join(" ")
}
