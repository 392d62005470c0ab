//! F14: a refund is made once, however often it is asked for and whatever became of the answers.

use super::adapters::{APPROVED, HASTY_MS, KINDS, PATIENT_MS, PRICE, fresh_id, order};
use super::support::{TestRail, eventually, on_stage};
use openrun_core::Won;
use openrun_core::payment::RailAnswer::{Approved, Cancelled, Declined, NotFound, Unknown};

#[test]
fn f14_a_refund_asked_for_again_is_not_made_again() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("none");
            let rail = bank.adapter(kind, PATIENT_MS);
            let request = order(&rail);
            let (first, second) = (fresh_id(), fresh_id());
            assert_eq!(rail.refund(&request, first, Won(10_000)).await, NotFound, "{kind}");
            assert_eq!(rail.authorise(&request).await, APPROVED, "{kind}");
            let left = |won| Approved { amount: Won(won) };
            for _ in 0..3 {
                assert_eq!(rail.refund(&request, first, Won(10_000)).await, left(83_000));
            }
            assert_eq!(rail.refund(&request, first, Won(20_000)).await, Declined, "{kind}");
            assert_eq!(rail.refund(&request, second, Won(83_001)).await, Declined, "{kind}");
            assert_eq!(rail.inquire(&request).await, APPROVED, "{kind}: what was paid is no less");
            assert_eq!(rail.refund(&request, second, Won(83_000)).await, Cancelled, "{kind}");
            let ledger = bank.ledger().await;
            assert_eq!((ledger.refunded, ledger.refunded_won), (2, PRICE.0), "{kind} {ledger:?}");
            assert_eq!(ledger.net_won, 0, "{kind} {ledger:?}");
        }
    });
}

#[test]
fn f14_a_refund_whose_answer_was_lost_is_asked_for_again_under_its_own_id() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("none");
            let rail = bank.adapter(kind, PATIENT_MS);
            for (mode, timeout_ms, is_made) in [
                ("drop_request=100", PATIENT_MS, 0),
                ("drop_answer=100", PATIENT_MS, 1),
                ("garble=100", PATIENT_MS, 1),
                ("500_after=100", PATIENT_MS, 1),
                ("slow=100", HASTY_MS, 1),
                ("brownout=100", HASTY_MS, 0),
            ] {
                let request = order(&rail);
                let before = bank.ledger().await.refunded;
                assert_eq!(rail.authorise(&request).await, APPROVED, "{kind} {mode}");
                bank.modes(mode).await;
                let refund = fresh_id();
                let troubled = bank.adapter(kind, timeout_ms);
                let lost = troubled.refund(&request, refund, Won(10_000)).await;
                assert_eq!(lost, Unknown, "{kind} {mode}");
                bank.modes("none").await;
                let made = async || bank.ledger().await.refunded - before;
                let as_told = async || (made().await == is_made).then_some(());
                eventually::some(mode, as_told).await;
                let again = rail.refund(&request, refund, Won(10_000)).await;
                assert_eq!(again, Approved { amount: Won(83_000) }, "{kind} {mode}");
                assert_eq!(bank.ledger().await.refunded - before, 1, "{kind} {mode}");
            }
        }
    });
}

#[test]
fn f14_what_was_refunded_in_part_is_cancelled_for_the_rest() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("none");
            let rail = bank.adapter(kind, PATIENT_MS);
            let request = order(&rail);
            assert_eq!(rail.authorise(&request).await, APPROVED, "{kind}");
            let refunded = rail.refund(&request, fresh_id(), Won(10_000)).await;
            assert_eq!(refunded, Approved { amount: Won(83_000) }, "{kind}");
            assert_eq!(rail.cancel(&request).await, Cancelled, "{kind}");
            let after = rail.refund(&request, fresh_id(), Won(10_000)).await;
            assert_eq!(after, Declined, "{kind}: nothing is left");
            let ledger = bank.ledger().await;
            assert_eq!((ledger.refunded_won, ledger.cancelled_won), (10_000, 83_000), "{kind}");
            assert_eq!(ledger.net_won, 0, "{kind}");
        }
    });
}
