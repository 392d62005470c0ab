//! Complaints of those who wanted to be paid, and of those who wanted to pay.

use crate::support::app::MORNING;
use crate::support::checks::eventually;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::stalling_store::stream_of;
use crate::support::{Buyer, StallingStore, TestApp, allowed, join_all, on_stage};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longest time for one payment while others rush, on a machine that may do something else for
/// seconds: who waits for a store that hangs does so for 30 s.
const AT_ONCE: Duration = Duration::from_secs(10);
/// People who rush.
const CROWD: usize = 1_000;

/// Pays one won after the other until told to stop: how many times, and the longest wait.
async fn pay_on(
    buyer: Buyer,
    id: String,
    is_over: Arc<AtomicBool>,
    paid: Arc<AtomicU64>,
) -> Duration {
    let mut longest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        let key = format!("spend-{}", paid.load(Ordering::Relaxed));
        let began = Instant::now();
        let spent = buyer.spend(&id, &format!("{}-{key}", buyer.person), 1).await;
        assert_eq!(spent.status, 201, "spending was refused: {spent:?}");
        longest = longest.max(began.elapsed());
        paid.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    longest
}

/// Waits until a good number of payments has gone through since now.
async fn payments_go_on(paid: &AtomicU64, during: &str) {
    let before = paid.load(Ordering::Relaxed);
    eventually::so(&format!("payments while {during}"), async || {
        paid.load(Ordering::Relaxed) >= before + 20
    })
    .await;
}

/// 004: in March 2025 shops could not take payment because others were logging in and buying.
#[test]
fn merchants_can_take_payment_while_others_rush() {
    on_stage(async {
        let (store, audited) = StallingStore::fresh().await;
        let app = TestApp::start_with_port(store.clone(), audited, MORNING).await;
        let mut rules = citywide_rules();
        rules["monthly_limit_won"] = json!(1_000_000);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        allowed(app.operator.put_round("r1", &RoundForm::for_all(1_000_000_000)).await);
        app.operator.open("r1").await;
        let (is_over, paid) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut paying = Vec::new();
        for number in 0..4 {
            let mut shopper = app.buyer(&format!("shopper-{number}"));
            let id = shopper.get_voucher("r1", "buy", 100_000).await;
            let (is_over, paid) = (Arc::clone(&is_over), Arc::clone(&paid));
            paying.push(tokio::spawn(pay_on(shopper, id, is_over, paid)));
        }
        payments_go_on(&paid, "nothing else happens").await;
        let rush = (0..CROWD).map(|person| {
            let mut buyer = app.buyer(&format!("person-{person}"));
            async move {
                buyer.join_until_answered("r1").await;
                let _ = buyer.sign_up().await;
                if buyer.pass.is_some() {
                    let _ = buyer.buy_until_answered("r1", "key", 10_000).await;
                }
            }
        });
        let rush: Vec<_> = rush.collect();
        let rushing = tokio::spawn(join_all(rush));
        payments_go_on(&paid, "everybody else rushes").await;
        rushing.await.expect("no panic");
        app.operator.pause("r1").await;
        payments_go_on(&paid, "the sale is paused").await;
        app.operator.resume("r1").await;
        let mut late = app.buyer("late");
        allowed(late.sign_up().await);
        late.get_pass("r1").await;
        store.stall(&stream_of(CITYWIDE));
        let stuck =
            tokio::spawn(async move { late.buy_until_answered("r1", "late", 10_000).await });
        payments_go_on(&paid, "the store of the sale hangs").await;
        assert!(!stuck.is_finished(), "the sale hangs indeed");
        store.release(&stream_of(CITYWIDE));
        assert_eq!(stuck.await.expect("no panic").status, 201);
        is_over.store(true, Ordering::Relaxed);
        for task in paying {
            let longest = task.await.expect("every payment succeeded");
            assert!(longest < AT_ONCE, "{longest:?} for one payment");
        }
        app.stop().await.assert_clean();
    });
}
