//! Payments that must be waited for: held, sent, issued or voided, whatever the rail and the server
//! do meanwhile. F-numbers are those of the project's list of failure modes.

use crate::support::app::Ending;
use crate::support::checks::{self, eventually};
use crate::support::scripted_rail::{FINALITY, Play, ScriptedRail};
use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::{Answer, Buyer, Request, TestApp, allowed, expect, join_all, on_stage};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn a_payment_is_held_sent_and_issued() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        let bought = allowed(ann.buy("r1", "ann-1", 300_000).await);
        assert_eq!(bought["state"], "issued", "{bought}");
        assert_eq!(rail.net_won(), 279_000, "7 percent less than the face value");
        assert_eq!(checks::money(&app, "r1").await, (300_000, 0, 100_000, 1));
        let again = ann.buy("r1", "ann-1", 300_000).await;
        assert!(again.is_replay());
        assert_eq!(again.json(), bought, "the same answer again");
        assert_eq!(rail.most_authorisations_of_one(), 1);
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn f2_a_lost_answer_is_neither_yes_nor_no_until_the_rail_was_asked() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        rail.plays([Play::LoseAnswer]);
        let bought = allowed(ann.buy("r1", "ann-1", 300_000).await);
        assert_eq!(bought["state"], "issued", "{bought}");
        assert_eq!(rail.net_won(), 279_000);
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn f2_a_lost_request_is_barred_at_the_rail_before_stock_and_limit_are_free_again() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        rail.plays([Play::LoseRequest]);
        let voided = ann.until_answered(&ann.buy_request("r1", "ann-1", 400_000)).await;
        expect(&voided, 402, "payment-declined", &Value::Null);
        assert_eq!((rail.barred(), rail.net_won()), (1, 0));
        assert_eq!(checks::money(&app, "r1").await, (0, 0, 400_000, 0));
        let bought = allowed(ann.buy("r1", "ann-2", 400_000).await);
        assert_eq!(bought["state"], "issued", "the pass stayed valid: {bought}");
        checks::stop_clean(app, 400_000).await;
    });
}

#[test]
fn f3_an_approval_that_comes_late_finds_its_hold() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        rail.plays([Play::ArriveLate(FINALITY / 3)]);
        let bought = allowed(ann.buy("r1", "ann-1", 400_000).await);
        assert_eq!(bought["state"], "issued", "{bought}");
        assert_eq!(rail.net_won(), 372_000);
        checks::stop_clean(app, 400_000).await;
    });
}

#[test]
fn f5_no_clock_releases_a_payment_that_was_sent() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        let mut ben = app.buyer("ben");
        allowed(ben.sign_up().await);
        ben.get_pass("r1").await;
        rail.plays([Play::Hang]);
        let paying = allowed(ann.buy("r1", "ann-1", 400_000).await);
        assert!(paying["state"] == "paying" || paying["state"] == "held", "{paying}");
        // The hold's own time is long over, and the rail still owes its answer.
        app.clock.advance(3_600_000);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(checks::money(&app, "r1").await, (0, 400_000, 0, 0));
        let limits = ann.limits(CITYWIDE).await;
        assert_eq!(limits["allowance_won"], 0, "{limits}");
        assert_eq!(limits["held_won"], 400_000, "{limits}");
        rail.go_on();
        let bought = settled(&ann, &paying).await;
        assert_eq!(bought["state"], "issued", "{bought}");
        assert_eq!(checks::money(&app, "r1").await, (400_000, 0, 0, 1));
        checks::stop_clean(app, 400_000).await;
    });
}

#[test]
fn who_waits_too_long_for_the_rail_is_told_where_to_look() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        rail.plays([Play::Hang]);
        let paying = ann.buy("r1", "ann-1", 400_000).await;
        assert_eq!(paying.status, 202, "{paying:?}");
        let place = paying.header("location").expect("202 names a place").to_owned();
        assert_eq!(place, format!("/v1/purchases/{}", paying.json()["id"].as_str().unwrap()));
        rail.go_on();
        let bought = settled(&ann, &paying.json()).await;
        assert_eq!(bought["state"], "issued");
        let again = ann.buy("r1", "ann-1", 400_000).await;
        assert_eq!((again.status, again.is_replay()), (201, true), "the end is the answer");
        checks::stop_clean(app, 400_000).await;
    });
}

#[test]
fn f6_copies_of_one_request_wait_for_one_payment() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        rail.plays([Play::ArriveLate(FINALITY / 4)]);
        let copies = (0..50).map(|_| {
            let ann = ann.clone();
            async move { ann.buy("r1", "ann-1", 100_000).await }
        });
        let answers = join_all(copies).await;
        let first = answers[0].json();
        assert!(answers.iter().all(|answer| answer.status == 201 && answer.json() == first));
        assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1);
        assert_eq!((rail.net_won(), rail.most_authorisations_of_one()), (93_000, 1));
        checks::stop_clean(app, 100_000).await;
    });
}

#[test]
fn f12_another_amount_than_asked_for_is_taken_back() {
    on_stage(async {
        let (rail, app, ann) = begin(400_000).await;
        rail.plays([Play::WrongAmount]);
        let voided = ann.until_answered(&ann.buy_request("r1", "ann-1", 400_000)).await;
        expect(&voided, 402, "payment-declined", &Value::Null);
        assert_eq!((rail.net_won(), rail.given_back_won()), (0, 371_999));
        assert_eq!(checks::money(&app, "r1").await, (0, 0, 400_000, 0));
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn f13_while_the_rail_is_silent_nothing_new_is_held_and_it_goes_on_by_itself() {
    on_stage(async {
        let (rail, app, _ann) = begin(10_000_000).await;
        rail.is_down(true);
        let mut crowd = Vec::new();
        for number in 0..30 {
            let mut buyer = app.buyer(&format!("crowd-{number}"));
            allowed(buyer.sign_up().await);
            buyer.get_pass("r1").await;
            crowd.push(buyer);
        }
        let tries = |crowd: &[Buyer]| {
            let tries = crowd.iter().cloned().enumerate().map(|(number, buyer)| async move {
                tokio::time::sleep(Duration::from_millis(number as u64 * 20)).await;
                buyer.buy("r1", "try", 100_000).await
            });
            join_all(tries.collect::<Vec<_>>())
        };
        // What is on its way already is paid for when the till notices.
        let (first, later) = crowd.split_at(20);
        let mut answers = tries(first).await;
        eventually::so("the till notices", async || {
            watermark(&app).await["interruption"]["cause"] == "payment"
        })
        .await;
        answers.extend(tries(later).await);
        let refused = answers.iter().filter(|answer| answer.status == 503).count();
        assert!(refused > 0, "the till noticed: {:?}", statuses(&answers));
        rail.is_down(false);
        eventually::some("the rail is used again", async || {
            let document = watermark(&app).await;
            (document["interruption"] == Value::Null && document["held_won"] == 0).then_some(())
        })
        .await;
        let tries = crowd
            .iter()
            .cloned()
            .map(|buyer| async move { buyer.buy("r1", "again", 100_000).await.status });
        for status in join_all(tries).await {
            assert!([201, 402, 403].contains(&status), "bought now, or bought before: {status}");
        }
        let (sold, held, _, _) = checks::money(&app, "r1").await;
        assert_eq!((held, sold * 93 / 100), (0, rail.net_won()));
        checks::stop_clean(app, sold).await;
    });
}

#[test]
fn f1_a_server_that_dies_while_the_rail_is_paying_finds_out_and_issues_once() {
    on_stage(async {
        let (rail, mut app, ann) = begin(10_000_000).await;
        for (round, play) in
            [Play::LoseAnswer, Play::Hang, Play::LoseRequest, Play::Approve].into_iter().enumerate()
        {
            let mut buyer = app.buyer(&format!("buyer-{round}"));
            allowed(buyer.sign_up().await);
            buyer.get_pass("r1").await;
            rail.plays([play]);
            let _buying = tokio::spawn({
                let buyer = buyer.clone();
                async move { buyer.buy("r1", "once", 100_000).await }
            });
            eventually::some("the money is on its way", async || {
                (rail.authorisations() > round).then_some(())
            })
            .await;
            app = app.restart(Ending::Drop).await;
            rail.go_on();
            let buyer = Buyer { web: app.web.clone(), ..buyer };
            let again = eventually::some("its end", async || {
                let answer = buyer.buy("r1", "once", 100_000).await;
                [201, 402].contains(&answer.status).then_some(answer)
            })
            .await;
            // A request that hangs goes with the connection that it came on.
            let is_lost = [Play::LoseRequest, Play::Hang].contains(&play);
            assert_eq!(again.status == 402, is_lost, "{play:?}: {again:?}");
        }
        let _ = ann;
        let (sold, held, _, purchases) = checks::money(&app, "r1").await;
        assert_eq!((sold, held, purchases), (200_000, 0, 2));
        assert_eq!((rail.net_won(), rail.most_authorisations_of_one()), (186_000, 1));
        checks::stop_clean(app, 200_000).await;
    });
}

/// A round with this stock that pays by a scripted rail, and somebody with a pass.
async fn begin(stock_won: i64) -> (ScriptedRail, TestApp, Buyer) {
    let rail = ScriptedRail::default();
    let app = TestApp::start_paying_by(&rail).await;
    app.operator.define_open("r1", &RoundForm::for_all(stock_won)).await;
    let mut ann = app.buyer("ann");
    allowed(ann.sign_up().await);
    ann.get_pass("r1").await;
    (rail, app, ann)
}

/// What became of a purchase, once it is neither held nor being paid.
async fn settled(buyer: &Buyer, purchase: &Value) -> Value {
    let path = format!("/v1/purchases/{}", purchase["id"].as_str().expect("an id"));
    eventually::some("the end of a payment", async || {
        let now = allowed(buyer.get(&path).await);
        (now["state"] != json!("held") && now["state"] != json!("paying")).then_some(now)
    })
    .await
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

/// What everybody who waits reads.
async fn watermark(app: &TestApp) -> Value {
    allowed(app.web.send(&Request::new("GET", "/v1/rounds/r1/watermark")).await)
}
