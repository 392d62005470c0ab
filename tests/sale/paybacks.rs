//! Cancels and refunds through a rail that must be waited for: on its way is neither yes nor no,
//! money goes back once, and the rail's ledger agrees to the won.

use crate::support::app::Ending;
use crate::support::checks::{self, eventually};
use crate::support::scripted_rail::{Play, ScriptedRail};
use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::{Answer, Buyer, TestApp, TestRail, allowed, expect, join_all, on_stage};
use openrun::rail::RailSettings;
use serde_json::{Value, json};
use tokio::task::block_in_place;

/// A round that pays by a scripted rail, and somebody with a voucher of 300,000 won.
async fn begin() -> (ScriptedRail, TestApp, Buyer, String) {
    let rail = ScriptedRail::default();
    let app = TestApp::start_paying_by(&rail).await;
    app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
    let mut ann = app.buyer("ann");
    let id = ann.get_voucher("r1", "buy", 300_000).await;
    (rail, app, ann, id)
}

async fn state(buyer: &Buyer, id: &str) -> Value {
    buyer.voucher(id).await["state"].clone()
}

#[test]
fn money_goes_back_through_the_rail_that_took_it() {
    on_stage(async {
        let (rail, app, ann, id) = begin().await;
        assert_eq!(rail.net_won(), 279_000);
        let cancelled = ann.until_answered(&ann.cancel_request(&id, "cancel")).await;
        assert_eq!(cancelled.status, 201, "{cancelled:?}");
        assert_eq!((rail.net_won(), rail.given_back_won(), rail.refunds()), (0, 279_000, 1));
        let mut ben = app.buyer("ben");
        let id = ben.get_voucher("r1", "buy", 300_000).await;
        allowed(ben.spend(&id, "spend", 180_000).await);
        let refunded = ben.until_answered(&ben.refund_request(&id, "refund")).await;
        assert_eq!(refunded.json()["price_won"], 111_600, "{refunded:?}");
        assert_eq!(rail.net_won(), 279_000 - 111_600, "OR-7");
        checks::stop_clean(app, 600_000).await;
    });
}

/// F14: a refund whose answer is lost is asked for again under its own id.
#[test]
fn f14_a_payback_whose_answer_or_request_is_lost_is_made_once() {
    on_stage(async {
        let (rail, app, ann, id) = begin().await;
        rail.plays_refunds([Play::LoseRequest, Play::LoseAnswer, Play::LoseAnswer]);
        let cancelled = ann.until_answered(&ann.cancel_request(&id, "cancel")).await;
        assert_eq!(cancelled.status, 201, "{cancelled:?}");
        assert_eq!((rail.given_back_won(), rail.refunds()), (279_000, 1), "once");
        assert!(rail.refund_calls() >= 3, "nothing was put to the test");
        checks::stop_clean(app, 300_000).await;
    });
}

/// What `/readyz` says that somebody should look at, of a server that is ready.
async fn warnings(app: &TestApp) -> Value {
    let ready = allowed(app.operator.get("/readyz").await);
    ready["warnings"].clone()
}

/// A server whose settings name another rail cannot know what became of money that is on its way:
/// it says so, and the rail that it was sent to ends it.
#[test]
fn a_payback_whose_rail_is_not_named_any_more_is_told_and_waits_for_it() {
    on_stage(async {
        let (rail, app, ann, id) = begin().await;
        rail.plays_refunds([Play::LoseRequest, Play::Hang]);
        let asked = ann.cancel(&id, "cancel").await;
        assert_eq!((asked.status, warnings(&app).await), (202, json!([])), "{asked:?}");
        let app = app.restart_paying_by(Ending::Drop, None).await;
        let ann = Buyer { web: app.web.clone(), ..ann };
        let words = json!(["1 paybacks wait for a rail that the settings do not name"]);
        assert_eq!(warnings(&app).await, words);
        assert_eq!(state(&ann, &id).await, "paying_back");
        rail.go_on();
        let app = app.restart_paying_by(Ending::Stop, Some(rail.port())).await;
        let ann = Buyer { web: app.web.clone(), ..ann };
        eventually::so("the money is back", async || state(&ann, &id).await == "cancelled").await;
        assert_eq!((warnings(&app).await, rail.net_won()), (json!([]), 0), "OR-7");
        checks::stop_clean(app, 300_000).await;
    });
}

/// F22: while the money is on its way the voucher is neither spent, given nor paid back again.
#[test]
fn f22_a_voucher_whose_money_is_on_its_way_cannot_be_used() {
    on_stage(async {
        let (rail, app, ann, id) = begin().await;
        allowed(app.buyer("ben").sign_up().await);
        allowed(ann.spend(&id, "spend", 200_000).await);
        rail.plays_refunds([Play::Hang]);
        let asked = ann.refund(&id, "refund").await;
        assert_eq!(asked.status, 202, "{asked:?}");
        assert_eq!(asked.header("location"), Some(format!("/v1/vouchers/{id}").as_str()));
        assert_eq!(asked.json()["state"], "paying_back", "{asked:?}");
        assert_eq!(state(&ann, &id).await, "paying_back");
        // The clock decides nothing.
        app.clock.advance(3_600_000);
        let none = Value::Null;
        expect(&ann.spend(&id, "late", 1).await, 409, "voucher-not-active", &none);
        expect(&ann.give(&id, "gift", "ben", 10_000).await, 409, "voucher-not-active", &none);
        expect(&ann.refund(&id, "again").await, 409, "voucher-not-active", &none);
        assert_eq!(rail.given_back_won(), 0);
        rail.go_on();
        let done = ann.until_answered(&ann.refund_request(&id, "refund")).await;
        assert_eq!((done.status, done.is_replay()), (201, true), "the end is the answer: {done:?}");
        assert_eq!(state(&ann, &id).await, "refunded");
        assert_eq!((rail.given_back_won(), rail.refunds()), (93_000, 1));
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn a_payback_that_the_rail_refuses_leaves_the_voucher_as_it_was() {
    on_stage(async {
        let (rail, app, ann, id) = begin().await;
        rail.plays_refunds([Play::Decline]);
        let refused = ann.until_answered(&ann.cancel_request(&id, "cancel")).await;
        expect(&refused, 409, "payback-declined", &Value::Null);
        let again = ann.cancel(&id, "cancel").await;
        assert!(again.is_replay() && again.body == refused.body, "{again:?}");
        let voucher = ann.voucher(&id).await;
        let told = (&voucher["state"], &voucher["balance_won"], &voucher["history"][0]["kind"]);
        assert_eq!(told, (&json!("active"), &json!(300_000), &json!("payback_refused")));
        let limits = ann.limits(CITYWIDE).await;
        let told = (&limits["allowance_won"], &limits["holding_won"]);
        assert_eq!(told, (&json!(100_000), &json!(300_000)), "{limits}");
        allowed(ann.spend(&id, "spend", 1_000).await);
        assert_eq!((rail.net_won(), rail.refunds()), (279_000, 0));
        checks::stop_clean(app, 300_000).await;
    });
}

/// F1: the server dies while the rail is paying back: it finds out, and the money goes back once.
#[test]
fn f1_a_server_that_dies_during_a_payback_goes_on_with_it() {
    on_stage(async {
        let (rail, mut app, mut ann, first) = begin().await;
        let plays = [Play::LoseAnswer, Play::Hang, Play::LoseRequest, Play::Decline];
        let mut ids = vec![(first, ann.clone())];
        for number in 1..plays.len() {
            let mut buyer = app.buyer(&format!("person-{number}"));
            ids.push((buyer.get_voucher("r1", "buy", 300_000).await, buyer));
        }
        let mut back = 0;
        for ((id, buyer), play) in ids.iter().zip(plays) {
            let buyer = Buyer { web: app.web.clone(), ..buyer.clone() };
            let calls = rail.refund_calls();
            rail.plays_refunds([play]);
            let _asking = tokio::spawn({
                let (buyer, id) = (buyer.clone(), id.clone());
                async move { buyer.web.try_send(&buyer.cancel_request(&id, "cancel")).await.ok() }
            });
            let is_asked = async || rail.refund_calls() > calls;
            eventually::so("the rail is asked", is_asked).await;
            app = app.restart(Ending::Drop).await;
            rail.go_on();
            let buyer = Buyer { web: app.web.clone(), ..buyer };
            let ended = buyer.until_answered(&buyer.cancel_request(id, "cancel")).await;
            // A no that nobody heard is no answer: asked again, the rail says yes.
            assert!([201, 409].contains(&ended.status), "{play:?}: {ended:?}");
            back += if ended.status == 201 { 279_000 } else { 0 };
            assert_eq!(rail.given_back_won(), back, "{play:?}: {ended:?}");
        }
        ann.web = app.web.clone();
        assert_eq!(state(&ann, &ids[0].0).await, "cancelled");
        checks::stop_clean(app, 1_200_000).await;
    });
}

/// A bank with every fault at once, and everybody cancels or has the rest refunded: what it keeps
/// is what was bought, less what the answers say went back.
#[test]
fn f14_a_bank_with_every_fault_agrees_to_the_won() {
    on_stage(async {
        let bank = block_in_place(|| TestRail::start("none"));
        let settings = RailSettings { timeout_ms: 700, ..bank.settings("http") };
        let app = TestApp::start_with_rail(bank.pay_by(&settings)).await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let mut people = Vec::new();
        for number in 0..16 {
            let mut buyer = app.buyer(&format!("person-{number}"));
            let id = buyer.get_voucher("r1", "buy", 100_000).await;
            if number % 2 == 1 {
                allowed(buyer.spend(&id, "spend", 60_000 + number).await);
            }
            people.push((number, buyer, id));
        }
        assert_eq!(bank.ledger().await.net_won, 16 * 93_000);
        bank.modes("drop_request=20,drop_answer=20,garble=10,500_after=15,latency=20").await;
        let asked = people.iter().map(|(number, buyer, id)| {
            let request = match number % 2 {
                0 => buyer.cancel_request(id, "back"),
                _ => buyer.refund_request(id, "back"),
            };
            let buyer = buyer.clone();
            async move { buyer.until_answered(&request).await }
        });
        let answers: Vec<Answer> = join_all(asked).await;
        bank.modes("none").await;
        let back = answers.iter().map(|answer| {
            assert_eq!(answer.status, 201, "{answer:?}");
            answer.json()["price_won"].as_i64().expect("in won")
        });
        let back: i64 = back.sum();
        let ledger = bank.ledger().await;
        assert_eq!(ledger.net_won, 16 * 93_000 - back, "OR-7: {ledger:?}");
        for (_, buyer, id) in &people {
            let state = state(buyer, id).await;
            assert!(state == "cancelled" || state == "refunded", "{state}");
        }
        checks::stop_clean(app, 1_600_000).await;
    });
}
