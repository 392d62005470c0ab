//! F2, F12, F13: whatever goes wrong on the way says neither yes nor no.

use super::adapters::{APPROVED, HASTY_MS, KINDS, PATIENT_MS, PRICE, fresh_id, order};
use super::support::{TestRail, eventually, on_stage};
use openrun::rail::RailSettings;
use openrun_actors::rail::PayBy;
use openrun_core::Won;
use openrun_core::payment::RailAnswer::{self, Approved, Cancelled, Declined, NotFound, Unknown};

#[test]
fn a_payment_is_made_once_found_again_and_given_back_once() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("none");
            let rail = bank.adapter(kind, PATIENT_MS);
            let request = order(&rail);
            assert_eq!(rail.inquire(&request).await, NotFound, "{kind}");
            for _ in 0..3 {
                assert_eq!(rail.authorise(&request).await, APPROVED, "{kind}");
            }
            assert_eq!(rail.inquire(&request).await, APPROVED, "{kind}");
            let ledger = bank.ledger().await;
            assert_eq!((ledger.approved, ledger.net_won), (1, PRICE.0), "{ledger:?}");
            for _ in 0..3 {
                assert_eq!(rail.cancel(&request).await, Cancelled, "{kind}");
            }
            assert_eq!(rail.inquire(&request).await, Cancelled, "{kind}");
            assert_eq!(rail.authorise(&request).await, Cancelled, "{kind}: it stays so");
            let ledger = bank.ledger().await;
            assert_eq!((ledger.cancelled, ledger.net_won), (1, 0), "{ledger:?}");
        }
    });
}

/// With each fault on every call, every call says nothing; once the fault is over an inquiry tells
/// what the ledger has.
#[test]
fn f2_every_fault_says_neither_yes_nor_no() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("none");
            let patient = bank.adapter(kind, PATIENT_MS);
            for (mode, timeout_ms, truth) in [
                ("drop_request=100", PATIENT_MS, NotFound),
                ("drop_answer=100", PATIENT_MS, APPROVED),
                ("garble=100", PATIENT_MS, APPROVED),
                ("500_after=100", PATIENT_MS, APPROVED),
                ("slow=100", HASTY_MS, APPROVED),
                ("redirect=100", PATIENT_MS, NotFound),
                ("brownout=100", HASTY_MS, NotFound),
            ] {
                let what = format!("{kind} {mode}");
                let rail = bank.adapter(kind, timeout_ms);
                bank.modes(mode).await;
                let request = order(&rail);
                assert_eq!(rail.authorise(&request).await, Unknown, "{what}");
                assert_eq!(rail.inquire(&request).await, Unknown, "{what}: inquire");
                bank.modes("none").await;
                // Who gave up early may be ahead of the ledger.
                let told = async || (patient.inquire(&request).await == truth).then_some(());
                eventually::some(&what, told).await;
                bank.modes(mode).await;
                let refunded = rail.refund(&request, fresh_id(), Won(10_000)).await;
                assert_eq!(refunded, Unknown, "{what}: refund");
                assert_eq!(rail.cancel(&request).await, Unknown, "{what}: cancel");
            }
        }
    });
}

#[test]
fn f2_an_approval_without_capture_is_believed_only_by_whoever_does_not_confirm() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("200_without_capture=100");
            let rail = bank.adapter(kind, PATIENT_MS);
            let request = order(&rail);
            assert_eq!(rail.authorise(&request).await, Unknown, "{kind}");
            assert_eq!(rail.inquire(&request).await, NotFound, "{kind}");
            // The control: without the second question the lie goes through.
            let careless = RailSettings { confirm: false, ..bank.settings(kind) };
            let PayBy::Waiting(careless) = bank.pay_by(&careless) else { panic!("it is called") };
            assert_eq!(careless.authorise(&request).await, APPROVED, "{kind}");
            assert_eq!(bank.ledger().await.orders, 0, "{kind}: nothing was ever captured");
        }
    });
}

/// All forms of garbled answers come up among so many orders.
#[test]
fn f2_s27_no_form_of_garbled_answer_is_believed() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("garble=100");
            let rail = bank.adapter(kind, PATIENT_MS);
            for _ in 0..60 {
                let request = order(&rail);
                assert_eq!(rail.authorise(&request).await, Unknown, "{kind}");
                assert_eq!(rail.inquire(&request).await, Unknown, "{kind}");
                assert_eq!(rail.cancel(&request).await, Unknown, "{kind}");
            }
            let ledger = bank.ledger().await;
            assert_eq!((ledger.approved, ledger.cancelled), (60, 60), "{kind} {ledger:?}");
        }
    });
}

#[test]
fn a_decline_is_definite_and_moves_no_money() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("decline=100");
            let rail = bank.adapter(kind, PATIENT_MS);
            let request = order(&rail);
            for _ in 0..2 {
                assert_eq!(rail.authorise(&request).await, Declined, "{kind}");
                assert_eq!(rail.inquire(&request).await, Declined, "{kind}");
                assert_eq!(rail.cancel(&request).await, Declined, "{kind}");
                bank.modes("none").await;
            }
            let ledger = bank.ledger().await;
            assert_eq!((ledger.declined, ledger.approved_won), (1, 0), "{ledger:?}");
        }
    });
}

#[test]
fn f12_another_amount_is_reported_as_it_is_and_a_tampered_request_changes_nothing() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("wrong_amount=100");
            let rail = bank.adapter(kind, PATIENT_MS);
            let request = order(&rail);
            let wrong = Approved { amount: PRICE.plus(Won(1_000)) };
            assert_eq!(rail.authorise(&request).await, wrong, "{kind}: for the round to compare");
            assert_eq!(rail.inquire(&request).await, wrong, "{kind}");
            assert_eq!(rail.cancel(&request).await, Cancelled, "{kind}");
            bank.modes("none").await;
            let request = order(&rail);
            assert_eq!(rail.authorise(&request).await, APPROVED, "{kind}");
            let tampered = request.replace("93000", "10");
            assert_ne!(tampered, request);
            assert_eq!(rail.authorise(&tampered).await, Unknown, "{kind}");
            assert_eq!(bank.ledger().await.net_won, PRICE.0, "{kind}");
        }
    });
}

#[test]
fn f13_above_the_banks_daily_limit_it_declines_and_a_brownout_ends() {
    on_stage(async {
        let bank = TestRail::start(&format!("daily_limit={}", PRICE.0 * 2));
        let rail = bank.adapter("http", PATIENT_MS);
        let mut said: Vec<RailAnswer> = Vec::new();
        for _ in 0..3 {
            said.push(rail.authorise(&order(&rail)).await);
        }
        assert_eq!(said, [APPROVED, APPROVED, Declined]);
        bank.modes("brownout=100").await;
        let request = order(&rail);
        assert_eq!(bank.adapter("http", HASTY_MS).authorise(&request).await, Unknown);
        bank.modes("none").await;
        assert_eq!(rail.inquire(&request).await, NotFound);
        assert_eq!(rail.authorise(&request).await, APPROVED, "the same order, later");
    });
}

#[test]
fn a_bank_that_is_not_there_says_nothing() {
    on_stage(async {
        let mut bank = TestRail::start("none");
        let rail = bank.adapter("http", PATIENT_MS);
        let request = order(&rail);
        assert_eq!(rail.authorise(&request).await, APPROVED);
        bank.kill();
        assert_eq!(rail.inquire(&request).await, Unknown);
        let bank = bank.kill_and_restart();
        assert_eq!(rail.inquire(&request).await, APPROVED, "and is found again");
        assert_eq!(bank.terminate(), Some(0));
    });
}

#[test]
fn a_request_that_was_not_written_by_the_adapter_is_not_sent() {
    on_stage(async {
        for kind in KINDS {
            let bank = TestRail::start("none");
            let rail = bank.adapter(kind, PATIENT_MS);
            for text in ["", "{}", "null", "[1]", "{\"order_id\":\"../../ledger\"}"] {
                assert_eq!(rail.authorise(text).await, Unknown, "{kind} {text}");
                assert_eq!(rail.inquire(text).await, Unknown, "{kind} {text}");
                assert_eq!(rail.cancel(text).await, Unknown, "{kind} {text}");
            }
            assert_eq!(bank.ledger().await.orders, 0, "{kind}");
        }
    });
}
