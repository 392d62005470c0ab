//! Personal limits under four channel apps and a thousand people at once.

use crate::support::staff::{CHANNELS, CITYWIDE, RoundForm};
use crate::support::{Buyer, TestApp, allowed, checks, expect, join_all, on_stage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Barrier;

/// What each wants from each channel: two of them fit under the monthly limit.
const WANTED_WON: i64 = 200_000;
const LIMIT_WON: i64 = 400_000;

/// Four rounds of one program, and everybody with a pass in each, from another app each time.
async fn gather(app: &TestApp, people: usize) -> Vec<(Buyer, &'static str)> {
    let stock = WANTED_WON * 4 * i64::try_from(people).expect("a small number");
    for round in CHANNELS {
        app.operator.define_open(round, &RoundForm::for_all(stock)).await;
    }
    let signed_up = (0..people).map(|person| {
        let buyer = app.buyer(&format!("person-{person}"));
        async move { allowed(buyer.sign_up().await) }
    });
    join_all(signed_up).await;
    let with_pass = (0..people * 4).map(|index| {
        let channel = CHANNELS[index % 4];
        let person = format!("person-{}", index / 4);
        let mut buyer = app.buyer_in(&person, channel, "1991-03-01");
        async move {
            buyer.get_pass(channel).await;
            (buyer, channel)
        }
    });
    join_all(with_pass).await
}

/// All at once; answers with what each person was told they bought.
async fn rush(buyers: Vec<(Buyer, &'static str)>) -> BTreeMap<String, i64> {
    let barrier = Arc::new(Barrier::new(buyers.len()));
    let purchases = buyers.into_iter().map(|(buyer, channel)| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            let answer = buyer.buy_until_answered(channel, channel, WANTED_WON).await;
            (buyer.person, answer)
        }
    });
    let mut bought = BTreeMap::new();
    for (person, answer) in join_all(purchases).await {
        let won = bought.entry(person).or_insert(0);
        match answer.status {
            201 => *won += WANTED_WON,
            _ => expect(&answer, 409, "monthly-limit-exceeded", &json!({"allowance_won": 0})),
        }
    }
    bought
}

/// OR-2: who bought more than the limit.
fn above_limit(bought: &BTreeMap<String, i64>) -> Vec<&String> {
    bought.iter().filter(|(_, won)| **won > LIMIT_WON).map(|(person, _)| person).collect()
}

/// F9, F19: for each of them these four are the first purchases of all.
#[test]
fn a_thousand_people_in_four_apps_at_once_stay_within_their_limit() {
    on_stage(async {
        let app = TestApp::start().await;
        let buyers = gather(&app, 1_000).await;
        let bought = rush(buyers).await;
        assert_eq!(above_limit(&bought), Vec::<&String>::new());
        let all_of_it = bought.values().all(|won| *won == LIMIT_WON);
        assert!(all_of_it, "and nobody was kept from what the limit allows");
        let limits = app.buyer("person-7").limits(CITYWIDE).await;
        assert_eq!((&limits["used_won"], &limits["held_won"]), (&json!(LIMIT_WON), &json!(0)));
        for person in ["person-0", "person-999"] {
            let purchases = app.buyer(person).purchases().await;
            let sum: i64 = purchases.iter().filter_map(|it| it["amount_won"].as_i64()).sum();
            assert_eq!(sum, LIMIT_WON, "{}", Value::from(purchases));
        }
        checks::stop_clean(app, LIMIT_WON * 1_000).await;
    });
}

/// F9, F19, with the guard off.
#[cfg(feature = "failpoints")]
#[test]
fn without_the_guard_the_same_check_finds_people_above_their_limit() {
    use crate::support::Switched;
    use openrun_actors::failpoints::LIMITS_OFF;
    crate::support::alone(async {
        let app = TestApp::start().await;
        let buyers = gather(&app, 50).await;
        let _off = Switched::on(&LIMITS_OFF);
        let bought = rush(buyers).await;
        assert_eq!(above_limit(&bought).len(), 50, "the check does not see what it is for");
    });
}
