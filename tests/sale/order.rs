//! Order in real time: who was answered before another asked has the smaller number.

use crate::support::staff::RoundForm;
use crate::support::{TestApp, join_all, on_stage};
use openrun_core::invariants::{numbers_are_given_once, order_inversions};
use std::time::Instant;

/// Many join at once, and a few one after the other among them. Answers (sent, answered, number).
async fn join_in_a_crowd(app: &TestApp, people: usize) -> Vec<(u64, u64, u64)> {
    let started = Instant::now();
    let now = move || u64::try_from(started.elapsed().as_nanos()).expect("a test ends");
    let arrivals = (0..people).map(|person| {
        let mut buyer = app.buyer(&format!("joiner-{person}"));
        async move {
            // Spread over many turns of the scheduler: some are answered before others ask.
            for _ in 0..person / 16 {
                tokio::task::yield_now().await;
            }
            let sent = now();
            let answer = buyer.join("r1").await;
            let number = answer.json()["number"].as_u64();
            (sent, now(), number.unwrap_or_else(|| panic!("no place: {answer:?}")))
        }
    });
    join_all(arrivals).await
}

#[test]
fn nobody_who_was_answered_before_another_asked_stands_behind_them() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut joins = join_in_a_crowd(&app, 2_000).await;
        assert!(numbers_are_given_once(joins.iter().map(|(_, _, number)| (0, *number))));
        let mut numbers: Vec<u64> = joins.iter().map(|(_, _, number)| *number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=2_000).collect::<Vec<u64>>(), "no number is left out");
        let (mut sent, mut answered): (Vec<u64>, Vec<u64>) =
            joins.iter().map(|(sent, answered, _)| (*sent, *answered)).unzip();
        sent.sort_unstable();
        answered.sort_unstable();
        assert!(answered[100] < sent[1_900], "everybody asked at once: this says nothing");
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
        let mut joins = Vec::new();
        for person in 0..20 {
            let started = u64::try_from(joins.len()).expect("a small number") * 2;
            let joined = app.buyer(&format!("joiner-{person}")).join("r1").await;
            let number = joined.json()["number"].as_u64().expect("a place");
            joins.push((started, started + 1, number));
        }
        assert!(order_inversions(&mut joins) > 0, "the check does not see what it is for");
        assert!(app.operator.figures("r1").await["inversions"].as_u64() > Some(0));
    });
}
