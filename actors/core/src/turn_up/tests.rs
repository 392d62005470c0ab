//! Tests of the estimate: what is learned of those who come and those who do not.

use super::*;
use crate::tests::samples::rows;

#[test]
fn until_it_is_measured_everybody_is_expected_to_come() {
    let mut turn_up = TurnUp::new(32);
    assert_eq!((turn_up.share(), turn_up.expected_milli()), (1_000, 0));
    assert_eq!(turn_up.begin(Timestamp(0)), Some(0));
    turn_up.admitted(100);
    assert_eq!(turn_up.begin(Timestamp(900)), None, "of the same cohort");
    turn_up.admitted(20);
    assert_eq!(turn_up.begin(Timestamp(1_000)), Some(1));
    let nobody = |_| CohortCount::default();
    for second in 1..GRACE_S as i64 {
        turn_up.observe(Timestamp(second * 1_000), GRACE_S, nobody);
        assert_eq!(turn_up.expected_milli(), 120_000, "second {second}");
    }
    // Nobody came in fifteen seconds: nobody is expected any more, and of those to come the least.
    turn_up.observe(Timestamp(15_000), GRACE_S, nobody);
    assert_eq!((turn_up.expected_milli(), turn_up.share()), (0, LEAST));
}

#[test]
fn a_shorter_claim_window_ends_the_expectation_sooner() {
    let mut turn_up = TurnUp::new(32);
    turn_up.begin(Timestamp(0));
    turn_up.admitted(10);
    (1..=3).for_each(|s| turn_up.observe(Timestamp(s * 1_000), 3, |_| CohortCount::default()));
    assert_eq!(turn_up.unclaimed(), 0);
}

#[test]
fn nothing_ages_while_the_sale_stands_still() {
    let mut turn_up = TurnUp::new(32);
    turn_up.begin(Timestamp(0));
    turn_up.admitted(10);
    turn_up.stand_still(60_000);
    turn_up.observe(Timestamp(60_500), GRACE_S, |_| CohortCount::default());
    assert_eq!(turn_up.expected_milli(), 10_000);
}

/// Each cohort is of a hundred people; `after` tells how many of them have claimed after one, two
/// and three seconds. After so many cohorts: what is expected of the next, of those who have not
/// claimed after one second, and after three.
#[test]
fn the_share_that_comes_is_learned_by_age() {
    check(
        "
        cohorts after      | now  1s   3s
        20      100 100 100 | 1000 1000 1000
        20      40  40  40  | 400  0    0
        20      0   20  40  | 400  400  0
        20      10  30  90  | 900  888  0
    ",
    );
}

fn check(table: &str) {
    for row in rows(table).skip(1) {
        let words: Vec<&str> = row.split_whitespace().filter(|word| *word != "|").collect();
        let number = |index: usize| words[index].parse::<u64>().expect("a number");
        let mut turn_up = TurnUp::new(32);
        let mut begun: Vec<(usize, u64)> = Vec::new();
        for second in 0..number(0) + GRACE_S as u64 {
            let now = Timestamp(i64::try_from(second * 1_000).unwrap());
            turn_up.observe(now, GRACE_S, |slot| {
                let age = second - begun.iter().rev().find(|(s, _)| *s == slot).unwrap().1;
                let claimed = if age == 0 { 0 } else { number(age.min(3) as usize) };
                CohortCount { claimed, gone: 0 }
            });
            if let Some(slot) = turn_up.begin(now).filter(|_| second < number(0)) {
                begun.push((slot, second));
                turn_up.admitted(100);
            } else if second >= number(0) {
                let slot = (turn_up.next_slot + turn_up.slots - 1) % turn_up.slots;
                begun.push((slot, second));
            }
        }
        let found = [turn_up.still[0], turn_up.still[1], turn_up.still[3]];
        for (found, index) in found.into_iter().zip(4..) {
            // Ages at which nobody was left to be seen tell nothing.
            assert!(found.abs_diff(number(index)) <= 2, "{row}: {:?}", turn_up.still);
        }
    }
}

#[test]
fn a_share_that_changes_is_followed_and_few_people_do_not_steer() {
    let mut age = Age::default();
    (0..100).for_each(|_| age.learn(100, 90));
    assert_eq!(age.share(), 900);
    (0..8).for_each(|_| age.learn(100, 10));
    assert!(age.share() < 400, "{}", age.share());
    (0..16).for_each(|_| age.learn(100, 10));
    assert!((100..=160).contains(&age.share()), "{}", age.share());
    let mut few = Age::default();
    (0..200).for_each(|_| few.learn(1, 1));
    few.learn(1, 0);
    assert!(few.share() > 950, "one of sixty-four: {}", few.share());
}
