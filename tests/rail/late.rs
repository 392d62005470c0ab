//! F3, F4: payments that arrive after they were asked about, and after they were taken back.

use super::adapters::{APPROVED, PATIENT_MS, PRICE, SOON, order};
use super::support::{TestRail, eventually, on_stage};
use openrun_core::payment::RailAnswer::{Cancelled, NotFound, Unknown};
use std::time::Instant;

/// Every payment is lost, and arrives so many seconds later: after all that a test does before.
const LATE: &str = "late_approval=100,late_s=5-5";
/// How often it is tried to overtake a payment.
const TRIES: usize = 20;

#[test]
fn f3_a_payment_that_the_bank_does_not_know_may_still_arrive_unless_it_was_barred() {
    on_stage(async {
        let bank = TestRail::start(LATE);
        let rail = bank.adapter("http", PATIENT_MS);
        let barred = order(&rail);
        let arrives = order(&rail);
        for request in [&barred, &arrives] {
            assert_eq!(rail.authorise(request).await, Unknown);
            assert_eq!(rail.inquire(request).await, NotFound);
        }
        assert_eq!(rail.cancel(&barred).await, Cancelled);
        let arrived = async || (rail.inquire(&arrives).await == APPROVED).then_some(());
        eventually::some("the late payment", arrived).await;
        // It was sent after the other: had that one not been barred, it would be there by now.
        assert_eq!(rail.inquire(&barred).await, Cancelled);
        assert_eq!(rail.authorise(&barred).await, Cancelled, "the bar outlasts a second request");
        let ledger = bank.ledger().await;
        assert_eq!((ledger.approved, ledger.late, ledger.net_won), (1, 0, PRICE.0), "{ledger:?}");
    });
}

#[test]
fn f3_a_bar_is_put_up_for_an_order_that_was_never_heard_of() {
    on_stage(async {
        let bank = TestRail::start("drop_request=100");
        let rail = bank.adapter("http", PATIENT_MS);
        let request = order(&rail);
        assert_eq!(rail.authorise(&request).await, Unknown);
        bank.modes("none").await;
        assert_eq!(rail.cancel(&request).await, Cancelled);
        let bank = bank.kill_and_restart();
        bank.modes("none").await;
        assert_eq!(rail.authorise(&request).await, Cancelled, "also after the bank died");
        let ledger = bank.ledger().await;
        assert_eq!((ledger.barred, ledger.approved), (1, 0), "{ledger:?}");
    });
}

#[test]
fn f3_where_nothing_can_be_barred_the_payment_arrives_and_is_cancelled_then() {
    on_stage(async {
        let bank = TestRail::start(LATE);
        let rail = bank.adapter("toss", PATIENT_MS);
        let request = order(&rail);
        assert_eq!(rail.authorise(&request).await, Unknown);
        assert_eq!(rail.cancel(&request).await, NotFound);
        let cancelled = async || (rail.cancel(&request).await == Cancelled).then_some(());
        eventually::some("the late payment", cancelled).await;
        let ledger = bank.ledger().await;
        assert_eq!((ledger.approved, ledger.cancelled, ledger.net_won), (1, 1, 0), "{ledger:?}");
    });
}

#[test]
fn f3_a_late_payment_survives_the_death_of_the_bank() {
    on_stage(async {
        let bank = TestRail::start(LATE);
        let rail = bank.adapter("http", PATIENT_MS);
        let request = order(&rail);
        assert_eq!(rail.authorise(&request).await, Unknown);
        let _bank = bank.kill_and_restart();
        let arrived = async || (rail.inquire(&request).await == APPROVED).then_some(());
        eventually::some("the late payment", arrived).await;
    });
}

/// Takes a payment back that waits at the bank's door; answers whether it was in time to overtake
/// it.
async fn overtakes() -> bool {
    let bank = TestRail::start("reorder=100");
    let rail = bank.adapter("http", PATIENT_MS);
    let (request, sent) = (order(&rail), Instant::now());
    let paying = {
        let (rail, request) = (rail.clone(), request.clone());
        tokio::spawn(async move { rail.authorise(&request).await })
    };
    assert_eq!(rail.cancel(&request).await, Cancelled);
    if sent.elapsed() > SOON {
        return false;
    }
    assert_eq!(rail.inquire(&request).await, Cancelled);
    let waits = !paying.is_finished() || sent.elapsed() > SOON;
    assert!(waits, "the payment waits at the bank's door");
    assert_eq!(paying.await.expect("it does not panic"), Cancelled);
    let ledger = bank.ledger().await;
    assert_eq!((ledger.barred, ledger.approved), (1, 0), "{ledger:?}");
    true
}

#[test]
fn f4_a_cancel_that_overtakes_its_payment_bars_it() {
    on_stage(async {
        for _ in 0..TRIES {
            if overtakes().await {
                return;
            }
        }
        panic!("no cancel was answered within {SOON:?}");
    });
}
