//! Tests of asks for stock: who may confirm, what is refused, and how the round stands after.

use super::*;
use crate::purchase::PassId;
use crate::round::{PurchaseOrder, Step};
use crate::round_spec::{LineId, RoundSpec};
use crate::tests::samples::*;
use crate::{Month, PurchaseId};

#[test]
fn one_asks_and_another_one_confirms() {
    check(
        "
        10:00     schedule              | open     odd:250k everyone:0
        10:01     ann asks odd 50k      | open     odd:250k everyone:0
        10:02     ann confirms          | second-person-required
        10:03     bob confirms          | open     odd:300k everyone:0
        10:04     bob confirms          | ask-not-found
        10:05     bob asks everyone 10k | open     odd:300k everyone:0
        10:06     ann confirms          | open     odd:300k everyone:10k
        14:00     tick                  | open     odd:0    everyone:310k
    ",
    );
}

#[test]
fn whoever_asked_may_take_it_back_and_the_second_person_may_refuse() {
    check(
        "
        10:00     schedule              | open     odd:250k everyone:0
        10:01     ann asks odd 50k      | open     odd:250k everyone:0
        10:02     ann asks odd 10k      | ask-pending
        10:03     ann refuses           | open     odd:250k everyone:0
        10:04     ann asks odd 10k      | open     odd:250k everyone:0
        10:05     bob refuses           | open     odd:250k everyone:0
        10:06     bob refuses           | ask-not-found
    ",
    );
}

#[test]
fn stock_never_falls_below_what_is_sold_and_held() {
    check(
        "
        10:00     schedule              | open     odd:250k everyone:0
        10:01     buy 100k              | open     odd:150k everyone:0
        10:02     ann asks odd -160k    | insufficient-stock
        10:03     ann asks odd -150k    | open     odd:150k everyone:0
        10:04     buy 10k               | open     odd:140k everyone:0
        10:05     bob confirms          | insufficient-stock
        10:06     bob refuses           | open     odd:140k everyone:0
        10:07     ann asks odd -140k    | open     odd:140k everyone:0
        10:08     bob confirms          | sold_out odd:0    everyone:0
        10:09     buy 10k               | sold-out
        10:10     ann asks odd 20k      | sold_out odd:0    everyone:0
        10:11     bob confirms          | open     odd:20k  everyone:0
        10:12     buy 20k               | sold_out odd:0    everyone:0
    ",
    );
}

#[test]
fn what_makes_no_sense_is_refused_and_an_ask_does_not_stand_for_ever() {
    check(
        "
        09:00     ann asks odd 50k      | wrong-state
        09:00     schedule              | scheduled odd:250k everyone:0
        09:01     ann asks odd 50k      | wrong-state
        09:31     ann asks odd 0k       | malformed
        09:31     ann asks odd 1        | malformed
        09:31     ann asks even 10k     | malformed
        09:32     ann asks odd 50k      | lobby    odd:250k everyone:0
        10:31:59  ann asks odd 50k      | ask-pending
        10:32     bob confirms          | ask-not-found
        10:33     ann asks odd 10k      | open     odd:250k everyone:0
        10:34     bob confirms          | open     odd:260k everyone:0
        13:59     ann asks odd 10k      | open     odd:260k everyone:0
        14:00     bob confirms          | wrong-state
        14:01     ann asks odd 10k      | wrong-state
        14:02     bob refuses           | open     odd:0    everyone:260k
        14:03     close                 | closed   odd:0    everyone:260k
        14:04     ann asks everyone 10k | wrong-state
    ",
    );
}

#[test]
fn the_same_answer_again_changes_nothing_and_another_one_finds_nothing() {
    check(
        "
        10:00     schedule              | open     odd:250k everyone:0
        10:01     bob confirms again    | ask-not-found
        10:02     ann asks odd 50k      | open     odd:250k everyone:0
        10:03     bob confirms          | open     odd:300k everyone:0
        10:04     bob confirms again    | open     odd:300k everyone:0
        10:05     eve confirms again    | open     odd:300k everyone:0
        10:06     ann confirms again    | second-person-required
        10:07     bob refuses again     | ask-not-found
        10:08     ann asks odd 10k      | open     odd:300k everyone:0
        10:09     bob confirms again    | open     odd:300k everyone:0
        10:10     bob refuses           | open     odd:300k everyone:0
        10:11     bob refuses again     | open     odd:300k everyone:0
        10:12     bob confirms again    | ask-not-found
        20:00     bob refuses again     | closed   odd:0    everyone:300k
    ",
    );
}

#[test]
fn a_pause_takes_asks_too() {
    check(
        "
        10:00     schedule              | open     odd:250k everyone:0
        10:01     pause                 | paused   odd:250k everyone:0
        10:02     ann asks odd -50k     | paused   odd:250k everyone:0
        10:03     bob confirms          | paused   odd:200k everyone:0
        10:04     resume                | open     odd:200k everyone:0
    ",
    );
}

fn spec() -> RoundSpec {
    round_of(&["odd 10:00-14:00 250k > everyone", "everyone 14:00-18:00 0"])
}

/// One line a moment: what is due by the clock, then what somebody does, then the refusal or what
/// each window has left. The whole journal gives the same round again, its open ask included.
fn check(table: &str) {
    let mut round = Round::new(spec());
    let (round_id, line) = (spec().id, LineId(0));
    let mut journal = vec![Event::WatermarkMoved { round: round_id, line, to: 1_000 }];
    round.apply(&journal[0]);
    let mut last = Timestamp(0);
    for (number, row) in rows(table).enumerate() {
        let (asked, expected) = row.split_once('|').expect("asked | expected");
        let words: Vec<&str> = asked.split_whitespace().collect();
        last = at(words[0]);
        journal.extend(settled(&mut round, last));
        let answer = match act(&round, last, number as u128, &words[1..]) {
            Err(refusal) => refusal.code().to_owned(),
            Ok(events) => {
                events.iter().for_each(|event| round.apply(event));
                journal.extend(events);
                journal.extend(settled(&mut round, last));
                shown(&round)
            }
        };
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(answer, expected.join(" "), "after: {row}");
    }
    let mut again = Round::new(spec());
    journal.iter().for_each(|event| again.apply(event));
    assert_eq!(shown(&again), shown(&round), "replayed");
    assert_eq!(again.stock_ask(last), round.stock_ask(last), "replayed");
}

fn act(round: &Round, now: Timestamp, id: u128, words: &[&str]) -> Result<Vec<Event>, Refusal> {
    let answer = |is_confirmed| {
        let answered = round.asks.stock.answered.as_ref().map(|(ask, _)| ask.id);
        let pending = round.stock_ask(now).map(|ask| ask.id).filter(|_| words.len() == 2);
        let id = pending.or(answered.filter(|_| words.len() == 3)).unwrap_or(StockAskId(0));
        let answer = StockAnswer { id, by: words[0].to_owned(), is_confirmed };
        round.decide_stock_answer(now, &answer).map(|event| event.into_iter().collect())
    };
    match words {
        [by, "asks", window, change] => {
            let (by, reason) = ((*by).to_owned(), "a test".to_owned());
            let (window, change) = (window_id(window), won(change));
            let ask = StockAsk { id: StockAskId(id), window, change, by, reason, at: now };
            round.decide_stock_ask(rules().unit_won, &ask).map(|event| vec![event])
        }
        [_, "confirms"] | [_, "confirms", "again"] => answer(true),
        [_, "refuses"] | [_, "refuses", "again"] => answer(false),
        ["buy", amount] => {
            let purchase = round.decide_purchase(now, &order(id, won(amount)))?;
            Ok(vec![Event::Issued { purchase }])
        }
        ["tick"] => Ok(vec![]),
        ["schedule"] => round.decide_step(Step::Schedule),
        ["pause"] => round.decide_step(Step::Pause),
        ["resume"] => round.decide_step(Step::Resume),
        ["close"] => round.decide_step(Step::Close),
        other => panic!("unknown: {other:?}"),
    }
}

fn order(id: u128, amount: Won) -> PurchaseOrder {
    let number = u64::try_from(id).expect("small") + 1;
    PurchaseOrder {
        id: PurchaseId(id),
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
    }
}

fn settled(round: &mut Round, now: Timestamp) -> Vec<Event> {
    let mut events = vec![];
    while let Some(event) = round.decide_due(now) {
        round.apply(&event);
        events.push(event);
    }
    events
}

fn shown(round: &Round) -> String {
    let mut words = vec![round.state().word().to_owned()];
    for window in round.windows() {
        let left = window.stock.left.0;
        let left = if left == 0 { "0".to_owned() } else { format!("{}k", left / 1_000) };
        words.push(format!("{}:{left}", window.spec.id));
    }
    words.join(" ")
}
