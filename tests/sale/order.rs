//! Order in real time: who was answered before another asked has the smaller number.

use crate::support::staff::RoundForm;
use crate::support::{TestApp, join_all, on_stage};
use openrun_core::invariants::{numbers_are_given_once, order_inversions};
use std::time::Instant;

/// People come in rows: those of a row one after the other, all rows at once. Answers (sent,
/// answered, number) of each.
async fn join_in_rows(app: &TestApp, rows: usize, in_a_row: usize) -> Vec<(u64, u64, u64)> {
    let started = Instant::now();
    let now = move || u64::try_from(started.elapsed().as_nanos()).expect("a test ends");
    let rows = (0..rows).map(|row| {
        let name = |place| format!("joiner-{row}-{place}");
        let people: Vec<_> = (0..in_a_row).map(|place| app.buyer(&name(place))).collect();
        async move {
            let mut joins = Vec::with_capacity(people.len());
            for mut buyer in people {
                let sent = now();
                let answer = buyer.join("r1").await;
                let number = answer.json()["number"].as_u64();
                joins.push((sent, now(), number.unwrap_or_else(|| panic!("{answer:?}"))));
            }
            joins
        }
    });
    join_all(rows).await.concat()
}

#[test]
fn nobody_who_was_answered_before_another_asked_stands_behind_them() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut joins = join_in_rows(&app, 100, 20).await;
        assert!(numbers_are_given_once(joins.iter().map(|(_, _, number)| (0, *number))));
        let mut numbers: Vec<u64> = joins.iter().map(|(_, _, number)| *number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=2_000).collect::<Vec<u64>>(), "no number is left out");
        assert_eq!(order_inversions(&mut joins), 0);
        assert_eq!(app.operator.figures("r1").await["inversions"], 0);
    });
}

#[cfg(feature = "failpoints")]
#[test]
fn with_numbers_out_of_order_the_same_check_finds_inversions() {
    use crate::support::Switched;
    use openrun_actors::failpoints::NUMBERS_IN_SHARDS;
    crate::support::alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let _on = Switched::on(&NUMBERS_IN_SHARDS);
        // One after the other: numbers swapped between people who ask at once break no promise.
        let mut joins = join_in_rows(&app, 1, 20).await;
        assert!(order_inversions(&mut joins) > 0, "the check does not see what it is for");
        assert!(app.operator.figures("r1").await["inversions"].as_u64() > Some(0));
    });
}
