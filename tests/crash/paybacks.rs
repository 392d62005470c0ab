//! Money that goes back for a voucher while the process ends between two steps: before the rail is
//! asked, and before it is written what the rail said. The next process finds what is open in the
//! store, and the rail's ledger says that it was given back once.
#![cfg(feature = "failpoints")]

use crate::house::{CHANNELS, House, PATIENT_FINALITY, ROUND, free_port};
use crate::support::{Buyer, TestRail, Web, allowed, eventually};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;
use tokio::time::sleep;

/// Longest time from the request to the end of the process that it ends.
const DIES_WITHIN: Duration = Duration::from_secs(30);

/// F1, F14: nothing of it is lost, nothing is given back twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payback_outlives_the_end_of_the_process_before_and_after_the_call() {
    for word in ["end-after-payback-sent", "end-after-payback-heard"] {
        let rail = block_in_place(|| TestRail::start_on(free_port(), "none"));
        let mut house = House::new().await.paying_by(&rail, PATIENT_FINALITY).without(word);
        let mut server = house.serve().await;
        house.open_round().await;
        let token = house.person_token("ann", CHANNELS[0]);
        let mut ann = Buyer::new(Web::new(house.public), "ann", token);
        let id = ann.get_voucher(ROUND, "buy", 100_000).await;
        let paid = rail.ledger().await.net_won;
        assert_eq!(paid, 93_000, "{word}");
        // Its answer is lost with the process.
        let asking = tokio::spawn({
            let (ann, id) = (ann.clone(), id.clone());
            async move { ann.web.try_send(&ann.cancel_request(&id, "cancel")).await.is_ok() }
        });
        let began = Instant::now();
        while server.is_up() {
            assert!(began.elapsed() < DIES_WITHIN, "{word}: it still runs\n{}", house.log_end());
            sleep(Duration::from_millis(5)).await;
        }
        asking.abort();
        let kept = rail.ledger().await.net_won;
        assert_eq!(kept == 0, word == "end-after-payback-heard", "{word}: {kept}");
        house = house.without("");
        let server = house.serve().await;
        eventually::so("the money is back", async || {
            ann.voucher(&id).await["state"] == "cancelled"
        })
        .await;
        assert_eq!(rail.ledger().await.net_won, 0, "{word}: OR-7");
        // And its key says so.
        let again = allowed(ann.cancel(&id, "cancel").await);
        assert_eq!((&again["state"], &again["price_won"]), (&json!("paid_back"), &json!(93_000)));
        server.kill().await;
        house.assert_audit_is_clean().await;
    }
}
