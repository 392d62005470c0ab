//! Complaints of those who waited.

use crate::support::app::Ending;
use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, allowed, checks, expect, join_all, on_stage};
use openrun_core::ChannelId;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A round in which nobody is let in until the test says so.
fn shut(stock_won: i64) -> RoundForm {
    RoundForm::for_all(stock_won).inlet("mode", "shut")
}

/// So many people in line, one after the other.
async fn line_up(app: &TestApp, round: &str, people: usize) -> Vec<Buyer> {
    let mut all = Vec::new();
    for person in 0..people {
        let mut buyer = app.buyer(&format!("person-{person}"));
        assert_eq!(allowed(buyer.join(round).await)["number"], person + 1);
        all.push(buyer);
    }
    all
}

/// S34: 000, 001, 003: switching the phone to airplane mode and back let people in without waiting.
#[test]
fn airplane_mode_gains_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("july-14", &shut(1_000_000)).await;
        let tail = shut(1_000_000).with("rejoin", json!("tail"));
        app.operator.define_open("july-28", &tail).await;
        for round in ["july-14", "july-28"] {
            line_up(&app, round, 5).await;
        }
        let first = app.buyer("person-1");
        for _ in 0..10 {
            // A new connection, no cookie, no ticket: a phone that was off the network.
            let place = allowed(first.other_device().join("july-14").await);
            assert_eq!((&place["number"], &place["pass"]), (&json!(2), &Value::Null));
        }
        let mut dead = Vec::new();
        for time in 0..10 {
            let mut toggled = first.other_device();
            let place = allowed(toggled.join("july-28").await);
            assert_eq!((&place["number"], &place["pass"]), (&json!(6 + time), &Value::Null));
            dead.push(toggled);
        }
        // All that came of it is one place at the end: the nine before it are dead.
        let mut last = dead.pop().expect("ten were made");
        app.operator.set_inlet("july-28", json!({"mode": "auto"})).await;
        last.await_turn("july-28").await;
        for mut toggled in dead {
            let claim = toggled.claim("july-28").await;
            expect(&claim, 409, "turn-passed", &Value::Null);
        }
    });
}

/// S36: 001: people were logged out for "long inactivity" when they were let in at last.
#[test]
fn waiting_never_logs_you_out() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(1_000_000)).await;
        let channel = ChannelId::new("shinhan-sol").expect("a slug");
        let token = |ttl_s| {
            let made = app.keys.make_person_token("ann", &channel, "1991-03-01", app.now(), ttl_s);
            made.expect("a development channel")
        };
        let mut ann = Buyer::new(app.web.clone(), "ann", token(600));
        allowed(ann.sign_up().await);
        allowed(ann.join("r1").await);
        app.clock.advance(3 * 3_600_000);
        expect(&ann.get("/v1/people/me").await, 401, "unauthenticated", &Value::Null);
        let place = allowed(ann.where_am_i("r1").await);
        assert_eq!((&place["state"], &place["number"]), (&json!("waiting"), &json!(1)));
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        ann.await_turn("r1").await;
        // The app signs its person in again meanwhile; the pass waited for that.
        let ann = Buyer { token: token(600), ..ann };
        assert_eq!(ann.buy("r1", "ann-1", 400_000).await.status, 201);
        checks::stop_clean(app, 400_000).await;
    });
}

/// 000: thrown out while waiting, the place lost.
#[test]
fn dropped_connection_keeps_the_place() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(1_000_000)).await;
        let mut crowd = line_up(&app, "r1", 20).await;
        for (index, buyer) in crowd.iter().enumerate() {
            for with_reset in [true, false] {
                let request = buyer.join_request("r1");
                buyer.web.hang_up(&request, with_reset, std::time::Duration::ZERO).await;
            }
            // Every connection from here on is a new one, as after a change of network.
            let web = crate::support::Web::new(app.public);
            let buyer = Buyer { web, ..buyer.clone() };
            let place = allowed(buyer.where_am_i("r1").await);
            assert_eq!((&place["number"], &place["state"]), (&json!(index + 1), &json!("waiting")));
        }
        assert_eq!(allowed(crowd[19].join("r1").await)["number"], 20);
        assert_eq!(app.operator.figures("r1").await["inversions"], 0);
    });
}

/// 000: connections refused, endless loading.
#[test]
fn everyone_gets_an_answer_and_a_place() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(25_000_000)).await;
        let crowd = (0..3_000).map(|person| {
            let mut buyer = app.buyer(&format!("person-{person}"));
            async move {
                let joined = buyer.join("r1").await;
                assert_eq!(joined.status, 201, "{joined:?}");
                let place = allowed(buyer.where_am_i("r1").await);
                assert!(place["poll_after_ms"].as_u64() > Some(0), "{place}");
                place["number"].as_u64().expect("a place")
            }
        });
        let numbers: BTreeSet<u64> = join_all(crowd).await.into_iter().collect();
        assert_eq!(numbers, (1..=3_000).collect::<BTreeSet<u64>>());
    });
}

/// 000: "124,000 people ahead, 1,036 minutes to wait", and no word of the stock that would be gone.
#[test]
fn the_wait_shown_is_honest_about_stock() {
    on_stage(async {
        let app = TestApp::start().await;
        // Ten people a second, and 100 purchases of 400,000 won to be made.
        let form = RoundForm::for_all(40_000_000).inlet("rate_per_s", 10);
        app.operator.define("r1", &form.inlet("max_active", 1)).await;
        app.operator.open("r1").await;
        let crowd = line_up(&app, "r1", 400).await;
        checks::eventually::so("the figures know of them", async || {
            app.operator.figures("r1").await["last_number"] == 400
        })
        .await;
        let shown = async |person: usize| allowed(crowd[person].where_am_i("r1").await);
        // While the store owes an answer nobody knows how fast it goes.
        let (near, middle, far) = checks::eventually::some("the rate is known", async || {
            let all = (shown(40).await, shown(105).await, shown(399).await);
            let is_known = |place: &Value| !place["eta"].is_null();
            (is_known(&all.0) && is_known(&all.1)).then_some(all)
        })
        .await;
        assert_eq!(near["outlook"], "likely", "{near}");
        assert_eq!(middle["outlook"], "possible", "{middle}");
        assert_eq!(far["outlook"], "unlikely", "{far}");
        for place in [&near, &middle, &far] {
            let ahead = place["ahead"].as_u64().expect("a count");
            let number = place["number"].as_u64().expect("a place");
            let watermark = place["watermark"].as_u64().expect("a watermark");
            assert_eq!(ahead, number - 1 - watermark, "{place}");
        }
        for place in [&near, &middle] {
            let eta = |of: &str| place["eta"][of].as_u64().expect("the rate is known");
            assert!(eta("p10_s") <= eta("p50_s") && eta("p50_s") <= eta("p90_s"), "{place}");
        }
        let nearer = near["eta"]["p50_s"].as_u64() <= middle["eta"]["p50_s"].as_u64();
        assert!(nearer, "{near} {middle}");
        assert!(far["eta"].is_null(), "no wait is shown to whom the stock will not reach: {far}");
    });
}

/// 000: a place was worth nothing once the server had been restarted.
#[test]
fn restarted_server_honours_every_ticket() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(1_000_000)).await;
        let crowd = line_up(&app, "r1", 50).await;
        let app = app.restart(Ending::Drop).await;
        for (index, buyer) in crowd.into_iter().enumerate() {
            let mut buyer = Buyer { web: app.web.clone(), ..buyer };
            let place = allowed(buyer.where_am_i("r1").await);
            assert_eq!(place["number"], index + 1, "{place}");
            assert_eq!(allowed(buyer.join("r1").await)["number"], index + 1);
        }
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        let mut late = app.buyer("late");
        assert!(allowed(late.join("r1").await)["number"].as_u64() > Some(50));
    });
}

/// 000: nobody said that it was over; people went on waiting for nothing.
#[test]
fn sold_out_is_said_at_once() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut last = app.buyer("last");
        allowed(last.sign_up().await);
        last.get_pass("r1").await;
        let waiting = join_all((0..50).map(|person| {
            let mut buyer = app.buyer(&format!("person-{person}"));
            async move {
                allowed(buyer.join("r1").await);
                buyer
            }
        }));
        let waiting = waiting.await;
        assert_eq!(last.buy("r1", "last-1", 400_000).await.status, 201);
        let sold = std::time::Instant::now();
        for buyer in &waiting {
            while allowed(buyer.where_am_i("r1").await)["state"] != "sold_out" {
                assert!(sold.elapsed().as_secs() < 10, "{} still waits", buyer.person);
            }
            assert_eq!(allowed(buyer.where_am_i("r1").await)["outlook"], "no");
        }
        checks::stop_clean(app, 400_000).await;
    });
}
