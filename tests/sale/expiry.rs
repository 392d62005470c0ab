//! Vouchers whose time is over, of programs whose streams know nothing of each other.

use crate::support::app::MORNING;
use crate::support::checks::{self, eventually};
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::stalling_store::StallingStore;
use crate::support::{TestApp, allowed, on_stage};
use openrun_core::{ProgramId, StreamId};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A second program of the same town.
const OTHER: &str = "seoul-other";
/// Who has a voucher of the first: more than are woken up at once.
const OF_THE_FIRST: [&str; 10] =
    ["ann", "ben", "cai", "dan", "eve", "fay", "gil", "han", "ida", "jin"];
/// Longest time for what a stuck stream must not hold up: a small part of the 30 s for which a call
/// waits for it.
const SOON: Duration = Duration::from_secs(10);

/// A round of each program, whose vouchers are good for a day.
async fn good_for_a_day(app: &TestApp) {
    let mut rules = citywide_rules();
    rules["valid_days"] = json!(1);
    for (program, round) in [(CITYWIDE, "r1"), (OTHER, "r2")] {
        allowed(app.operator.put_program(program, rules.clone()).await);
        let form = RoundForm::for_all(10_000_000).with("program_id", json!(program));
        allowed(app.operator.put_round(round, &form).await);
        app.operator.open(round).await;
    }
}

async fn is_expired(app: &TestApp, person: &str) -> bool {
    let vouchers: Vec<Value> = app.buyer(person).vouchers().await;
    assert_eq!(vouchers.len(), 1, "{vouchers:?}");
    vouchers[0]["state"] == "expired" && vouchers[0]["balance_won"] == 0
}

/// OR-10: what falls to the issuer of one program waits for no stream of another, neither in the
/// pass that finds it stuck nor in the next; what was left is swept once the stream goes on.
#[test]
fn a_stuck_stream_keeps_no_other_program_from_expiring() {
    on_stage(async {
        let (store, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port(store.clone(), audited, MORNING).await;
        good_for_a_day(&app).await;
        for person in OF_THE_FIRST {
            app.buyer(person).buy_through("r1", "key", 100_000).await;
        }
        app.buyer("zoe").buy_through("r2", "key", 100_000).await;
        app.clock.go_to("2022-07-16T00:00:01+09:00");
        let stuck = StreamId::Vouchers(ProgramId::new(CITYWIDE).expect("a slug"));
        store.stall(&stuck);
        // Of whoever is not written within a second the next pass finds that it was.
        let mut expired = 0;
        eventually::so("those of the other program are swept", async || {
            let began = Instant::now();
            expired += app.engine.expire_due().await.expect("it goes on");
            assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
            is_expired(&app, "zoe").await
        })
        .await;
        assert!(expired <= 1, "nothing that is not durable counts: {expired}");
        // It owes an answer by now: nobody is put behind it any more.
        let began = Instant::now();
        assert_eq!(app.engine.expire_due().await, Ok(0), "nothing that is not durable counts");
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        store.release(&stuck);
        let mut swept = 0;
        for person in OF_THE_FIRST {
            eventually::so("the rest is swept", async || {
                swept += app.engine.expire_due().await.unwrap_or_default();
                is_expired(&app, person).await
            })
            .await;
        }
        assert!(swept > 0, "what is swept is counted");
        checks::stop_clean(app, 1_100_000).await;
    });
}
