//! Tests of the policies: which of them holds a line, and by how much.

use super::*;
use crate::tests::samples::{inlet, rows};

#[test]
fn the_smallest_policy_decides() {
    check(
        "
        rate  due open passes max  left taken wanted share | room by
        100.0 0   0    0      900  1000 0     500    1000  | 100  rate
        0.0   0   0    0      900  1000 0     500    1000  | 0    rate
        -3.5  0   0    0      900  1000 0     500    1000  | 0    rate
        900.0 0   0    0      9000 10   0     500    1000  | 27   stock
        900.0 0   0    0      9000 10   20    500    1000  | 7    stock
        900.0 0   0    27     9000 0    0     500    1000  | 0    stock
        900.0 0   0    150    200  1000 150   500    1000  | 50   active
        900.0 30  10   150    200  1000 150   500    1000  | 10   active
        900.0 60  10   150    200  1000 150   500    1000  | 0    active
        100.0 60  10   0      900  1000 0     500    400   | 30   rate
        100.0 0   0    0      900  1000 0     0      1000  | 0    demand
        0.0   0   0    0      900  1000 0     0      1000  | 0    demand
        100.0 0   0    0      900  1000 0     20     1000  | 20   demand
    ",
    );
}

fn base() -> Figures {
    let rate = RateFigures { per_1000_s: 100_000, left_milli: 100_000 };
    Figures {
        is_open: true,
        mode: InletMode::Auto,
        rate,
        latency: None,
        rail: None,
        max_active: 900,
        passes: 0,
        due_milli: 0,
        open: 0,
        stock: StockFigures { purchases_left: 1_000, is_stand_by: false, taken_milli: 0 },
        share: 1_000,
        returned: 0,
        manual_left: 0,
        wanted: 500,
    }
}

/// One line a case: what is left of the rate, who is due, in people; what binds.
fn check(table: &str) {
    for row in rows(table).skip(1) {
        let words: Vec<&str> = row.split_whitespace().filter(|word| *word != "|").collect();
        let number = |index: usize| words[index].parse::<u64>().expect("a number");
        let (whole, tenths) = words[0].split_once('.').expect("with tenths");
        let sign = if whole.starts_with('-') { -1 } else { 1 };
        let whole: i64 = whole.parse().expect("people");
        let left_milli = whole * 1_000 + sign * tenths.parse::<i64>().expect("tenths") * 100;
        let figures = Figures {
            rate: RateFigures { per_1000_s: 100_000, left_milli },
            due_milli: number(1) * 1_000,
            open: number(2),
            passes: number(3),
            max_active: number(4),
            stock: StockFigures {
                purchases_left: number(5),
                is_stand_by: false,
                taken_milli: number(6) * 1_000,
            },
            wanted: number(7),
            share: number(8),
            ..base()
        };
        let (by, room) = figures.binding();
        assert_eq!((room / PERSON, by.word()), (number(9), words[10]), "{row}");
    }
}

#[test]
fn each_policy_can_be_the_one_that_binds_and_says_why() {
    let slow = LatencyFigures {
        rate: RateFigures { per_1000_s: 16_800, left_milli: 3_000 },
        p90_ms: Some(700),
        target_ms: 200,
        errors: 0,
    };
    let rail = RailFigures {
        is_shut: false,
        rate: RateFigures { per_1000_s: 50_000, left_milli: 50_000 },
        purchases_today: 9,
        backlog: 4,
    };
    let stand_by = StockFigures { purchases_left: 2, is_stand_by: true, taken_milli: 1_000 };
    let cases = [
        (Figures { is_open: false, ..base() }, "shut", 0, "no window of this line sells now"),
        (Figures { mode: InletMode::Shut, ..base() }, "shut", 0, "shut by an operator"),
        (
            Figures { mode: InletMode::Manual, manual_left: 12, ..base() },
            "manual",
            12,
            "by hand: 12 people left of the steps",
        ),
        (
            Figures { latency: Some(slow), ..base() },
            "adaptive",
            3,
            "nine in ten purchases take 700 ms at most, 200 ms are wanted, 0 in 1000 fail; that \
             leaves 16.8 a second",
        ),
        (
            Figures { rail: Some(rail), ..base() },
            "rail",
            5,
            "the payment rail takes 50 a second, 4 payments are too many, the day's money pays 9 \
             purchases",
        ),
        (
            Figures { rail: Some(RailFigures { is_shut: true, ..rail }), ..base() },
            "rail",
            0,
            "the payment rail rests, has no room, or its money of the day is spent",
        ),
        (
            Figures { stock: stand_by, ..base() },
            "stock",
            1,
            "stand-by: 2 purchases came back, 1 people may take them already",
        ),
    ];
    for (figures, word, room, why) in cases {
        let (by, _) = figures.binding();
        let all = figures.explain(by);
        let binding: Vec<&Policy> = all.iter().filter(|policy| policy.binds).collect();
        let [binding] = binding[..] else { panic!("one binds: {all:?}") };
        assert_eq!((binding.policy.word(), binding.room), (word, room), "{binding:?}");
        assert_eq!(binding.why, why);
    }
}

#[test]
fn no_rate_is_too_slow_for_the_shortest_tick() {
    for (rate_per_1000_s, tick_millis) in [(1, 1), (1, 50), (19, 50), (999, 1), (14_583, 50)] {
        let mut allowance = Allowance::default();
        let mut entered = 0;
        for _ in 0..1_000_000 / tick_millis {
            allowance.fill(rate_per_1000_s, tick_millis, 0);
            let people = u64::try_from(allowance.milli() / 1_000).unwrap();
            entered += people;
            allowance.pay(people);
        }
        let is_near = (rate_per_1000_s - 1..=rate_per_1000_s).contains(&entered);
        assert!(is_near, "{entered} of {rate_per_1000_s} by ticks of {tick_millis} ms");
    }
}

#[test]
fn unused_rate_is_kept_for_a_second_and_what_is_owed_for_a_minute() {
    let mut allowance = Allowance::default();
    allowance.fill(100_000, 3_600_000, 0);
    assert_eq!(allowance.milli(), 100_000);
    allowance.fill(100_000, 3_600_000, 70_000);
    assert_eq!(allowance.milli(), 170_000, "those who are expected are paid for already");
    allowance.pay(1_000_000);
    allowance.fill(100_000, 0, 0);
    assert_eq!(allowance.milli(), -6_000_000);
    // A rate below one a second saves up a whole person.
    let mut slow = Allowance::default();
    slow.fill(500, 1_900, 0);
    assert_eq!(slow.milli(), 950);
    slow.fill(500, 200, 0);
    assert_eq!(slow.milli(), 1_000);
}

#[test]
fn a_quiet_line_has_room_for_a_burst() {
    let of = |rate_per_1000_s| InletSpec { rate_per_1000_s, ..inlet() };
    assert_eq!([demand(&of(5_000), 10), demand(&of(1), 10)], [15, 11]);
}
