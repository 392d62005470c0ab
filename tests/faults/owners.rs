//! Two servers that both think the store is theirs: one was paused, or started by mistake.

use crate::crowd::Sale;
use crate::support::app::MORNING;
use crate::support::postgres::TestDatabase;
use crate::support::store::audit;
use crate::support::{Answer, RoundForm, TestApp, TestStore, allowed, expect, on_stage};
use serde_json::json;

/// F38: each has sold what it promised, whoever had the right to write in between; nothing is
/// written under a right that was taken.
#[test]
fn two_servers_on_one_database_lose_and_double_nothing() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let store = TestStore::At(database.url());
        let mut first = Sale::on(store.clone(), 5).await;
        first.flows().await;
        let newer = TestApp::start_on(store, MORNING).await;
        let mut second = Sale::going_on(newer, "other", 5);
        for _ in 0..3 {
            second.flows().await;
            first.flows().await;
        }
        first.is_over().await;
        second.is_over().await;
        let audited = audit(&database.url()).await;
        audited.assert_clean();
        let (one, other) = (first.bought(), second.bought());
        assert_eq!(audited.purchases, (one + other) as u64, "OR-3: sold is what was answered");
        println!("owners: {one} and {other} purchases kept");
    });
}

/// Somebody who never bought here buys all that they may have from another server. Then this one
/// has the right to write again, and they ask for more here: the answer.
async fn asked_for_more_after_all_of_it_elsewhere(database: &TestDatabase) -> Answer {
    let store = TestStore::At(database.url());
    let first = TestApp::start_on(store.clone(), MORNING).await;
    for round in ["r1", "r2"] {
        first.operator.define_open(round, &RoundForm::for_all(100_000_000)).await;
    }
    let (mut ann, mut ben) = (first.buyer("ann"), first.buyer("ben"));
    for buyer in [&mut ann, &mut ben] {
        allowed(buyer.sign_up().await);
        buyer.get_pass("r2").await;
    }
    let second = TestApp::start_on(store, MORNING).await;
    let mut elsewhere = second.buyer("ann");
    elsewhere.get_pass("r1").await;
    let bought = elsewhere.buy_until_answered("r1", "all-of-it", 400_000).await;
    assert_eq!(bought.status, 201, "{bought:?}");
    // Takes the right to write back.
    let bought = ben.buy_until_answered("r2", "key", 10_000).await;
    assert_eq!(bought.status, 201, "{bought:?}");
    ann.buy_until_answered("r2", "more", 10_000).await
}

/// F38, OR-2: of somebody who never bought here this server knows nothing, and the other one has
/// sold them all that they may have.
#[test]
fn who_has_bought_from_the_other_server_is_at_their_limit_here_too() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let refused = asked_for_more_after_all_of_it_elsewhere(&database).await;
        expect(&refused, 409, "monthly-limit-exceeded", &json!({"allowance_won": 0}));
        audit(&database.url()).await.assert_clean();
    });
}

/// F38, OR-2, with the guard off.
#[cfg(feature = "failpoints")]
#[test]
fn without_the_guard_the_other_servers_buyer_gets_more_and_the_audit_finds_it() {
    use crate::support::Switched;
    use openrun_actors::failpoints::RIVALS_OVERLOOKED;
    crate::support::alone(async {
        let database = TestDatabase::create().await;
        let _off = Switched::on(&RIVALS_OVERLOOKED);
        let bought = asked_for_more_after_all_of_it_elsewhere(&database).await;
        assert_eq!(bought.status, 201, "the test does not see what it is for: {bought:?}");
        let findings = audit(&database.url()).await.findings;
        let broken: Vec<&str> = findings.iter().filter_map(|it| it["rule"].as_str()).collect();
        assert_eq!(broken, ["or2-monthly-limit", "or2-used-after"], "{findings:#?}");
    });
}
