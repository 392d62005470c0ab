//! Each predicate tells a sound case from a broken one.

use super::*;
use crate::purchase::{PassId, PurchaseState};
use crate::round_spec::LineId;
use crate::tests::samples::*;
use crate::{Month, PurchaseId};

#[test]
fn inversions_are_found_only_where_time_proves_them() {
    // (sent, answered, number)
    let mut overlapping = [(0, 10, 2), (5, 12, 1)];
    assert_eq!(order_inversions(&mut overlapping), 0);
    let mut inverted = [(0, 4, 2), (5, 12, 1)];
    assert_eq!(order_inversions(&mut inverted), 1);
    let mut ordered = [(0, 4, 1), (5, 12, 2), (6, 7, 3)];
    assert_eq!(order_inversions(&mut ordered), 0);
}

#[test]
fn stock_that_does_not_add_up_is_found() {
    let mut stock = Stock::new(Won(10));
    assert!(stock_is_conserved(&stock));
    stock.left = Won(9);
    assert!(!stock_is_conserved(&stock));
    stock.sold = Won(11);
    stock.left = Won(-1);
    assert!(!stock_is_conserved(&stock));
}

#[test]
fn undersell_needs_both_stock_and_somebody_without() {
    for (left, refused, waiting, fine) in
        [(0, 9, 9, true), (10, 0, 0, true), (10, 1, 0, false), (10, 0, 1, false)]
    {
        assert_eq!(nothing_was_withheld(Won(left), refused, waiting), fine);
    }
}

#[test]
fn a_number_given_twice_is_found() {
    assert!(numbers_are_given_once([(0, 1), (0, 2), (1, 1)]));
    assert!(!numbers_are_given_once([(0, 1), (1, 1), (0, 1)]));
}

#[test]
fn order_is_judged_by_time_alone() {
    check_order(
        "
        sent:answered:number ...             inversions
        0:4:1  5:9:2  10:14:3                0
        0:4:3  5:9:1  10:14:2                2
        0:9:2  0:9:1                         0
        0:5:2  5:9:1                         0
        0:4:2  5:9:1                         1
        5:9:1  0:4:2                         1
        0:90:9 1:2:1  3:4:2  5:6:3           0
        0:2:9  3:4:1  5:6:2  7:8:3           3
    ",
    );
}

fn check_order(table: &str) {
    for line in rows(table).skip(1) {
        let (joins, expected) = line.rsplit_once(' ').expect("joins and a count");
        let mut joins: Vec<(u64, u64, u64)> = joins
            .split_whitespace()
            .map(|join| {
                let parts: Vec<u64> = join.split(':').map(|part| part.parse().unwrap()).collect();
                (parts[0], parts[1], parts[2])
            })
            .collect();
        assert_eq!(order_inversions(&mut joins).to_string(), expected, "{line}");
    }
}

#[test]
fn a_purchase_above_its_limit_is_found() {
    for (used_after, limit, fine) in [
        (100_000, 400_000, true),
        (400_000, 400_000, true),
        (410_000, 400_000, false),
        (90_000, 400_000, false),
    ] {
        let mut purchase = purchase(1);
        purchase.used_after = Won(used_after);
        purchase.monthly_limit = Won(limit);
        assert_eq!(purchase_is_within_limit(&purchase), fine, "{used_after} of {limit}");
    }
}

#[test]
fn a_purchase_that_was_answered_and_is_not_stored_is_found() {
    let answered = [purchase(1), purchase(2)];
    assert!(answered_but_lost(&answered, &[purchase(2), purchase(1), purchase(3)]).is_empty());
    let stored = [purchase(1)];
    let lost = answered_but_lost(&answered, &stored);
    assert_eq!(lost, [&answered[1]]);
}

#[test]
fn a_key_with_two_purchases_is_found() {
    let (first, mut second) = (purchase(1), purchase(2));
    assert!(keys_have_one_effect(&[first.clone(), second.clone()]));
    second.key = first.key.clone();
    assert!(!keys_have_one_effect(&[first.clone(), second.clone()]));
    second.person = person(2);
    assert!(keys_have_one_effect(&[first, second]), "another's key of the same name");
}

#[test]
fn a_pass_with_two_purchases_is_found() {
    let (first, mut second) = (purchase(1), purchase(2));
    assert!(passes_are_used_once(&[first.clone(), second.clone()]));
    second.pass = first.pass;
    assert!(!passes_are_used_once(&[first.clone(), second.clone()]));
    second.round = round_id("another");
    assert!(passes_are_used_once(&[first, second]), "the same number of another round");
}

#[test]
fn money_that_does_not_add_up_is_found() {
    for (price, subsidy, fine) in [
        (93_000, 7_000, true),
        (100_000, 0, true),
        (0, 100_000, true),
        (93_000, 6_999, false),
        (107_000, -7_000, false),
        (-7_000, 107_000, false),
    ] {
        let mut purchase = purchase(1);
        (purchase.price, purchase.subsidy) = (Won(price), Won(subsidy));
        assert_eq!(money_adds_up(&purchase), fine, "{price} + {subsidy}");
    }
}

fn purchase(number: u64) -> Purchase {
    Purchase {
        id: PurchaseId(u128::from(number)),
        round: second_round().id,
        window: window_id("odd"),
        program: program().id,
        person: person(1),
        channel: channel(),
        amount: Won(100_000),
        price: Won(93_000),
        subsidy: Won(7_000),
        month: Month::of(at("10:00")),
        pass: PassId { line: LineId(0), number },
        key: key(&format!("k-{number}")),
        digest: [0; 32],
        at: at("10:00"),
        left_after: Won::ZERO,
        used_after: Won(100_000),
        monthly_limit: Won(400_000),
        state: PurchaseState::Issued,
    }
}
