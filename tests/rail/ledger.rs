//! The bank's own promise: what it answered is in its ledger, also after kill -9.

use super::adapters::{APPROVED, PATIENT_MS, PRICE, SOON, TEN, fresh_id, order, order_at};
use super::support::{TestRail, eventually, join_all, on_stage};
use openrun::rail::RailSettings;
use openrun_actors::rail::{PayBy, Rail};
use openrun_core::PurchaseId;
use openrun_core::payment::RailAnswer;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Deaths of the bank.
const DEATHS: usize = 20;
/// Who pay at once, one payment after the other.
const PAYERS: usize = 8;

/// Pays and takes every third payment back, until told to stop; reports each definite answer.
async fn pay_on(rail: Arc<dyn Rail>, report: mpsc::UnboundedSender<(PurchaseId, RailAnswer)>) {
    for round in 0_u64.. {
        let id = fresh_id();
        let request = order_at(&rail, id, TEN);
        let mut said = rail.authorise(&request).await;
        if round.is_multiple_of(3) && said == APPROVED {
            said = match rail.cancel(&request).await {
                // Whether it was given back is not known, and that it was paid no longer says.
                RailAnswer::Unknown => continue,
                definite => definite,
            };
        }
        let is_definite = said != RailAnswer::Unknown;
        if is_definite && report.send((id, said)).is_err() {
            return;
        }
        if !is_definite {
            // The bank is away: others want the processor.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[test]
fn f1_a_bank_killed_twenty_times_has_all_that_it_answered() {
    on_stage(async {
        let mut bank = TestRail::start("decline=10,drop_answer=5");
        let rail = bank.adapter("http", PATIENT_MS);
        let (report, mut reports) = mpsc::unbounded_channel();
        let payers: Vec<_> =
            (0..PAYERS).map(|_| tokio::spawn(pay_on(rail.clone(), report.clone()))).collect();
        drop(report);
        let mut answered = HashMap::new();
        for death in 0..DEATHS {
            // Another moment each time, and never one that a clock picks.
            for _ in 0..20 + death * 7 {
                let (id, said) = reports.recv().await.expect("payers go on");
                answered.insert(id, said);
            }
            bank = bank.kill_and_restart();
        }
        drop(payers.into_iter().map(|payer| payer.abort()).collect::<Vec<_>>());
        while let Some((id, said)) = reports.recv().await {
            answered.insert(id, said);
        }
        // What a payer had sent when it was ended may still be at work.
        let (orders, ledger) = loop {
            let (before, orders) = (bank.ledger().await, bank.orders().await);
            let ledger = bank.ledger().await;
            if (before.net_won, before.orders) == (ledger.net_won, ledger.orders) {
                break (orders, ledger);
            }
        };
        let found: HashMap<_, _> =
            orders.iter().map(|line| (line["order_id"].as_str().expect("an id"), line)).collect();
        assert_eq!(found.len(), orders.len(), "no order stands twice");
        for (id, said) in &answered {
            let line = found.get(String::from(*id).as_str());
            let line = line.unwrap_or_else(|| panic!("{said:?} was answered and is lost"));
            let status = match said {
                RailAnswer::Approved { amount } => {
                    assert_eq!(line["net_won"], amount.0, "{line}");
                    "approved"
                }
                RailAnswer::Declined => "declined",
                RailAnswer::Cancelled => "cancelled",
                other => panic!("{other:?} was not to come"),
            };
            assert_eq!(line["status"], status, "{line}");
        }
        let kept = orders.iter().filter(|line| line["status"] == "approved").count();
        assert_eq!(ledger.net_won, PRICE.0 * i64::try_from(kept).expect("few"), "{ledger:?}");
        assert!(answered.len() >= DEATHS * 20, "{}", answered.len());
    });
}

/// Its ledger is synced for many at once: a bank must not be what a rehearsal measures.
#[test]
fn a_rush_of_payments_is_captured_to_the_won() {
    const PAYMENTS: usize = 4_000;
    const AT_ONCE: usize = 64;
    on_stage(async {
        let bank = TestRail::start("none");
        let settings = RailSettings {
            confirm: false,
            timeout_ms: PATIENT_MS,
            finality_s: 60,
            ..bank.settings("http")
        };
        let PayBy::Waiting(rail) = bank.pay_by(&settings) else { panic!("it is called") };
        let began = Instant::now();
        let pay = |_| {
            let rail = rail.clone();
            async move {
                for _ in 0..PAYMENTS / AT_ONCE {
                    assert_eq!(rail.authorise(&order(&rail)).await, APPROVED);
                }
            }
        };
        join_all((0..AT_ONCE).map(pay)).await;
        let paid = PAYMENTS / AT_ONCE * AT_ONCE;
        let rate = paid as f64 / began.elapsed().as_secs_f64();
        eprintln!("{paid} payments, {rate:.0} a second");
        let ledger = bank.ledger().await;
        let sum = PRICE.0 * i64::try_from(paid).expect("few");
        assert_eq!((ledger.approved_won, ledger.net_won), (sum, sum));
        assert_eq!(bank.terminate(), Some(0));
    });
}

#[test]
fn a_bank_that_is_told_to_stop_answers_what_is_under_way() {
    on_stage(async {
        let bank = TestRail::start("slow=100");
        let settings =
            RailSettings { confirm: false, timeout_ms: PATIENT_MS, ..bank.settings("http") };
        let PayBy::Waiting(rail) = bank.pay_by(&settings) else { panic!("it is called") };
        let (request, sent) = (order(&rail), Instant::now());
        let paying = {
            let (rail, request) = (rail.clone(), request.clone());
            tokio::spawn(async move { rail.authorise(&request).await })
        };
        let captured = async || (bank.ledger().await.approved == 1).then_some(());
        eventually::some("the payment in the ledger", captured).await;
        let is_under_way = !paying.is_finished() || sent.elapsed() > SOON;
        assert!(is_under_way, "its answer is under way for a second at least");
        let code = tokio::task::spawn_blocking(move || bank.terminate()).await.expect("it ends");
        assert_eq!(code, Some(0));
        assert_eq!(paying.await.expect("it does not panic"), APPROVED);
        assert_eq!(rail.inquire(&request).await, RailAnswer::Unknown, "nobody is there any more");
    });
}

#[test]
fn a_ledger_in_use_or_a_mode_that_is_none_is_told_in_one_line() {
    on_stage(async {
        let bank = TestRail::start("none");
        let ledger = bank.key_file.to_string_lossy().trim_end_matches(".key").to_owned();
        for (arguments, code, word) in [
            (vec!["--ledger", &ledger], 1, "ledger of a rail that runs"),
            (vec!["--mode", "fly"], 2, "no mode"),
        ] {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_openrun"));
            command.args(["rail", "--listen", "127.0.0.1:0"]).args(&arguments);
            let output = command.output().expect("the program was built");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{said}");
            assert!(said.contains(word), "{said}");
        }
    });
}
