//! Tests of a till: order of work, bounds, rests and pauses, as a table of what happens when.

use super::*;
use crate::tests::samples::rows;

#[test]
fn payments_are_sent_in_order_as_many_at_once_as_the_rail_allows() {
    check(
        TERMS,
        "
        0    offer 1 100      -
        0    offer 2 100      -
        0    offer 3 100      -
        0    next             send 1
        0    next             send 2
        0    next             nothing
        5    ended 1          -
        5    next             send 3
        5    next             nothing
    ",
    );
}

#[test]
fn what_has_no_answer_is_asked_about_again_after_a_pause_that_doubles() {
    check(
        TERMS,
        "
        0     offer 1 100     -
        0     next            send 1
        10    again 1         -
        109   next            nothing
        110   next            ask 1
        120   again 1         -
        319   next            nothing
        320   next            ask 1
        330   ended 1         -
        9999  next            nothing
    ",
    );
}

#[test]
fn a_hold_that_waits_too_long_to_be_sent_expires_and_one_that_was_sent_never_does() {
    check(
        TillTerms { concurrency: 1, ..TERMS },
        "
        0     offer 1 100     -
        0     next            send 1
        0     offer 2 100     -
        999   next            nothing
        1000  next            expire 2
        1000  ended 2         -
        5000  next            nothing
        5000  again 1         -
        5100  next            ask 1
    ",
    );
}

#[test]
fn the_rate_and_the_money_of_a_day_bound_what_is_begun() {
    check(
        TillTerms { concurrency: 99, rate_per_s: 2, daily_limit: Won(250), ..TERMS },
        "
        0     offer 1 100     -
        0     offer 2 100     -
        0     offer 3 100     -
        0     next            send 1
        0     next            send 2
        0     next            nothing
        500   shut            yes
        999   next            nothing
    ",
    );
    check(
        TillTerms { concurrency: 99, rate_per_s: 2, ..TERMS },
        "
        0     offer 1 100     -
        0     offer 2 100     -
        0     offer 3 100     -
        0     next            send 1
        0     next            send 2
        499   next            nothing
        500   next            send 3
        500   shut            no
    ",
    );
}

#[test]
fn a_new_day_in_seoul_has_its_own_money() {
    let mut till =
        Till::new(TillTerms { daily_limit: Won(100), hold_ttl_millis: 1 << 40, ..TERMS });
    let midnight = Timestamp(15 * 3_600_000);
    till.count_begun(midnight.plus_millis(-2), Won(50));
    till.offer(midnight.plus_millis(-2), PurchaseId(1), Won(60));
    assert_eq!(till.next(midnight.plus_millis(-1)), None);
    assert_eq!(till.next(midnight), Some(Work::Send(PurchaseId(1))));
}

#[test]
fn a_silent_rail_gets_a_rest_and_is_probed_by_one_call() {
    check(
        TERMS,
        "
        0     offer 1 100     -
        0     offer 2 100     -
        0     silent 10       -
        0     shut            yes
        0     next            nothing
        499   next            nothing
        500   next            send 1
        500   next            nothing
        510   silent 1        -
        510   again 1         -
        999   next            nothing
        1510  next            expire 2
        1510  ended 2         -
        1510  next            ask 1
        1510  answered        -
        1510  ended 1         -
        1510  shut            no
    ",
    );
}

#[test]
fn a_hint_brings_the_next_question_forward_and_never_makes_two_calls() {
    check(
        TERMS,
        "
        0     offer 1 100     -
        0     hint 1          -
        0     next            send 1
        0     hint 1          -
        0     next            nothing
        10    again 1         -
        20    hint 1          -
        20    next            ask 1
        20    next            nothing
    ",
    );
}

const TERMS: TillTerms = TillTerms {
    concurrency: 2,
    rate_per_s: 1_000,
    daily_limit: Won(1_000_000),
    hold_ttl_millis: 1_000,
    ask_again_millis: 100,
};

/// One line a step: when (ms), what, and what comes of it.
fn check(terms: TillTerms, table: &str) {
    let mut till = Till::new(terms);
    for line in rows(table) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |index: usize| words[index].parse::<i64>().expect("a number");
        let id = || PurchaseId(number(2).unsigned_abs().into());
        let now = Timestamp(number(0));
        let (outcome, expected) = match words[1] {
            "offer" => {
                till.offer(now, id(), Won(number(3)));
                ("-".to_owned(), 4)
            }
            "ended" => {
                till.ended(id());
                ("-".to_owned(), 3)
            }
            "again" => {
                till.again(now, id());
                ("-".to_owned(), 3)
            }
            "hint" => {
                till.ask_at(now, id());
                ("-".to_owned(), 3)
            }
            "silent" => {
                (0..number(2)).for_each(|_| till.heard(now, false));
                ("-".to_owned(), 3)
            }
            "answered" => {
                till.heard(now, true);
                ("-".to_owned(), 2)
            }
            "shut" => ((if till.is_shut(now) { "yes" } else { "no" }).to_owned(), 2),
            "next" => {
                let said = match till.next(now) {
                    None => "nothing".to_owned(),
                    Some(Work::Send(id)) => format!("send {}", id.0),
                    Some(Work::Ask(id)) => format!("ask {}", id.0),
                    Some(Work::Expire(id)) => format!("expire {}", id.0),
                };
                (said, 2)
            }
            other => panic!("unknown step: {other}"),
        };
        assert_eq!(outcome, words[expected..].join(" "), "{line}");
    }
}
