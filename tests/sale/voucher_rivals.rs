//! Another server has written in between: whatever anybody here knows may be old.

use crate::support::scripted_rail::ScriptedRail;
use crate::support::staff::RoundForm;
use crate::support::stalling_store::{Fate, StallingStore, stream_of};
use crate::support::{TestApp, allowed, checks, on_stage};
use crate::voucher_doubts::{buy, spend, until_answered};
use openrun_core::{Event, Refusal, VoucherId};
use serde_json::json;
use std::time::Duration;

const OTHER: &str = "seoul-other";
/// Longest time for an answer that nothing has to be waited for. Who waits for the rail does so for
/// 5 s.
const AT_ONCE: Duration = Duration::from_millis(4_500);

/// A spend that has the fate, and is asked for again until it is done.
async fn spend_in_doubt(app: &TestApp, store: &StallingStore, voucher: VoucherId, fate: Fate) {
    store.doom(|event| matches!(event, Event::Spent { .. }), fate);
    let name = format!("{fate:?}");
    let ask = async || spend(&app.engine, "ann", voucher, (1_000, &name)).await;
    assert_eq!(ask().await.expect_err("nobody can say").refusal, Refusal::Unavailable);
    until_answered(&ask).await.expect("it is written now");
}

/// Everybody is read anew then. Who is just buying elsewhere is told where their payment stands as
/// soon as the hold is written: nobody would tell them of its end.
#[test]
fn who_is_read_anew_while_buying_does_not_wait_for_an_end_that_nobody_tells() {
    on_stage(async {
        let (rail, (store, audited)) = (ScriptedRail::default(), StallingStore::fresh().await);
        let app = TestApp::start_with_port_paying_by(store.clone(), audited, &rail).await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let form = RoundForm::for_all(100_000_000).with("program_id", json!(OTHER));
        app.operator.define_open("r2", &form).await;
        let voucher = buy(&app, "ann", 100_000).await;
        spend_in_doubt(&app, &store, voucher, Fate::Deposed).await;
        let mut ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        ben.get_pass("r2").await;
        store.stall(&stream_of(OTHER));
        let buying = tokio::spawn({
            let ben = ben.clone();
            async move { ben.buy_until_answered("r2", "key", 100_000).await }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        spend_in_doubt(&app, &store, voucher, Fate::NotWritten).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!buying.is_finished(), "OR-3: nothing is answered that is not durable");
        store.release(&stream_of(OTHER));
        let answer = tokio::time::timeout(AT_ONCE, buying).await.expect("at once");
        let answer = answer.expect("no panic");
        assert!([201, 202].contains(&answer.status), "{answer:?}");
        let again = checks::eventually::some("the payment ends", async || {
            let again = ben.buy_until_answered("r2", "key", 100_000).await;
            Some(again).filter(|it| it.status == 201)
        });
        assert_eq!(again.await.json()["amount_won"], 100_000);
        checks::stop_clean(app, 200_000).await;
    });
}
