//! Claims as people live them: turns that nobody takes, one return, passes over a pause, stand-by,
//! and the policies of the inlet as an operator sees and steers them.

use crate::support::scripted_rail::ScriptedRail;
use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::stalling_store::{StallingStore, stream_of};
use crate::support::{Buyer, TestApp, allowed, checks, eventually, expect, on_stage};
use serde_json::{Value, json};
use std::sync::Arc;

/// Who never claims costs the next in line nothing: with one slot, and a claim window of five
/// minutes, forty of fifty never come.
#[test]
fn f31_people_who_never_come_keep_nobody_waiting() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(100_000_000).inlet("max_active", 20);
        app.operator.define_open("r1", &form.inlet("mode", "shut")).await;
        let mut people: Vec<Buyer> =
            (0..100).map(|index| app.buyer(&format!("person-{index}"))).collect();
        for buyer in &mut people {
            allowed(buyer.join("r1").await);
        }
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        // Twenty are let in and never come; the clock goes on, second by second, as it does.
        eventually::so("twenty are let in", async || watermark(&people[0]).await == 20).await;
        let policies = policies(&app).await;
        assert!(policies.contains(&("active".to_owned(), true)), "{policies:?}");
        let mut seconds = 0;
        while watermark(&people[0]).await < 60 {
            app.clock.advance(1_000);
            seconds += 1;
            assert!(seconds < 60, "ghosts hold the slots: {}", watermark(&people[0]).await);
            tick(&app).await;
        }
        // Nobody has lapsed: whoever comes late within the claim window still has their turn.
        let late = allowed(people[3].claim("r1").await);
        assert_eq!(late["state"], "admitted", "{late}");
        assert!(late["pass"].is_string(), "{late}");
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn a_turn_that_lapsed_comes_back_once_to_the_head_of_the_line() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(10_000_000).inlet("mode", "shut");
        app.operator.define_open("r1", &form.inlet("claim_window_s", 60)).await;
        let mut people = ["ann", "bob", "cid", "dee"].map(|who| app.buyer(who));
        for buyer in &mut people {
            allowed(buyer.join("r1").await);
        }
        app.operator.set_inlet("r1", json!({"mode": "manual"})).await;
        step(&app, 2).await;
        let [ann, bob, cid, dee] = &mut people;
        is(ann, "admitted").await;
        checks::clocks_run(&app, "r1").await;
        app.clock.advance(61_000);
        is(ann, "lapsed").await;
        is(bob, "lapsed").await;
        // Bob first, and on another device; ann by claiming. By hand nobody new is let in.
        let mut tablet = bob.other_device();
        let back = tablet.join("r1").await;
        assert_eq!((back.status, &back.json()["number"]), (200, &json!(2)), "{back:?}");
        let again = allowed(ann.claim("r1").await);
        assert_eq!((&again["number"], &again["pass"]), (&json!(1), &Value::Null), "{again}");
        is(ann, "admitted").await;
        is(bob, "admitted").await;
        is(cid, "waiting").await;
        assert!(allowed(ann.claim("r1").await)["pass"].is_string());
        checks::clocks_run(&app, "r1").await;
        app.clock.advance(61_000);
        is(bob, "lapsed").await;
        expect(&bob.claim("r1").await, 409, "turn-passed", &Value::Null);
        let tail = bob.join("r1").await;
        assert_eq!(
            (tail.status, &tail.json()["number"]),
            (201, &json!(5)),
            "a second lapse is one"
        );
        allowed(ann.sign_up().await);
        assert_eq!(ann.buy("r1", "ann-1", 10_000).await.status, 201);
        let _ = dee;
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn a_pass_does_not_age_during_a_pause() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(10_000_000).inlet("pass_ttl_s", 600);
        app.operator.define_open("r1", &form.inlet("claim_window_s", 300)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        app.clock.advance(100_000);
        tick(&app).await;
        app.operator.pause("r1").await;
        tick(&app).await;
        app.clock.advance(3_600_000);
        tick(&app).await;
        is(&ann, "admitted").await;
        app.operator.resume("r1").await;
        tick(&app).await;
        let refused = ann.buy("r1", "too-old", 10_000).await;
        expect(&refused, 403, "pass-expired", &Value::Null);
        let again = allowed(ann.claim("r1").await);
        assert!(again["pass"].is_string(), "{again}");
        // What was left before: 500 seconds.
        let until = again["pass_expires_at"].as_str().expect("a time").to_owned();
        app.clock.advance(490_000);
        tick(&app).await;
        is(&ann, "admitted").await;
        let same = allowed(ann.claim("r1").await);
        assert_eq!(same["pass_expires_at"], until.as_str(), "the same pass again");
        assert_eq!(ann.buy("r1", "ann-1", 10_000).await.status, 201);
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn by_hand_people_are_let_in_step_by_step() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(10_000_000).inlet("mode", "manual");
        app.operator.define_open("r1", &form).await;
        let mut people: Vec<Buyer> =
            (0..10).map(|index| app.buyer(&format!("person-{index}"))).collect();
        for buyer in &mut people {
            let place = allowed(buyer.join("r1").await);
            assert_eq!(place["state"], "waiting", "{place}");
        }
        let path = "/v1/admin/rounds/r1/inlet/steps";
        for (body, status) in [
            (json!({"people": 0, "reason": "none"}), 400),
            (json!({"people": 100_001, "reason": "too many"}), 400),
            (json!({"people": 3}), 400),
            (json!({"people": 3, "reason": "x", "speed": 1}), 400),
        ] {
            let answer = app.operator.call("POST", path, Some(body.clone())).await;
            assert_eq!(answer.status, status, "{body}: {answer:?}");
        }
        assert_eq!(watermark(&people[0]).await, 0);
        step(&app, 3).await;
        is(&people[2], "admitted").await;
        is(&people[3], "waiting").await;
        assert!(policies(&app).await.contains(&("manual".to_owned(), true)));
        step(&app, 2).await;
        is(&people[4], "admitted").await;
        is(&people[5], "waiting").await;
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        is(&people[9], "admitted").await;
        let answer =
            app.operator.call("POST", path, Some(json!({"people": 3, "reason": "late"}))).await;
        expect(&answer, 409, "wrong-state", &Value::Null);
        checks::stop_clean(app, 0).await;
    });
}

/// All of the stock is held for one payment; those who wait stand by. It comes to nothing: what
/// comes back is offered to the lowest number, and not to the one behind.
#[test]
fn what_comes_back_is_offered_to_the_lowest_number_that_stands_by() {
    on_stage(async {
        let rail = ScriptedRail::default();
        let app = TestApp::start_paying_by(&rail).await;
        let form = RoundForm::for_all(400_000).inlet("max_active", 1);
        app.operator.define_open("r1", &form).await;
        let [mut ann, mut bob, mut cid] = ["ann", "bob", "cid"].map(|who| app.buyer(who));
        for buyer in [&ann, &bob] {
            allowed(buyer.sign_up().await);
        }
        ann.get_pass("r1").await;
        for buyer in [&mut bob, &mut cid] {
            assert_eq!(allowed(buyer.join("r1").await)["state"], "waiting");
        }
        rail.is_down(true);
        let stand_by = async {
            is(&bob, "standby").await;
            is(&cid, "standby").await;
            let place = allowed(bob.where_am_i("r1").await);
            assert_ne!(place["outlook"], "no", "it may come back: {place}");
            // What is not sent yet could still come to something.
            eventually::so("the bank was asked", async || rail.authorisations() > 0).await;
            app.operator.set_inlet("r1", json!({"max_active": 100})).await;
            rail.is_down(false);
        };
        let (bought, ()) = tokio::join!(ann.buy("r1", "ann-1", 400_000), stand_by);
        assert!(matches!(bought.status, 202 | 402), "{bought:?}");
        is(&bob, "admitted").await;
        for _ in 0..3 {
            tick(&app).await;
            assert_eq!(allowed(cid.where_am_i("r1").await)["state"], "waiting");
        }
        bob.await_turn("r1").await;
        assert_eq!(bob.buy("r1", "bob-1", 400_000).await.status, 201);
        is(&cid, "sold_out").await;
        assert_eq!(allowed(cid.where_am_i("r1").await)["outlook"], "no");
        checks::stop_clean(app, 400_000).await;
    });
}

/// A store that stalls brings the rate down within seconds; when it is well again it grows back.
#[test]
fn slow_purchases_slow_the_inlet_down_and_it_recovers() {
    on_stage(async {
        let (port, store) = StallingStore::fresh().await;
        let stream = stream_of(CITYWIDE);
        let moment = "2022-07-14T10:00:00+09:00";
        let app = TestApp::start_with_port(Arc::clone(&port) as _, store, moment).await;
        let form = RoundForm::for_all(10_000_000).inlet("rate_per_s", 100);
        app.operator.define_open("r1", &form).await;
        app.operator.set_inlet("r1", json!({"latency_target_ms": 200})).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        port.stall(&stream);
        let slowed = async {
            eventually::so("the rate is cut", async || {
                app.clock.advance(500);
                rate_left(&app).await.is_some_and(|rate| rate < 20.0)
            })
            .await;
            port.release(&stream);
        };
        let (bought, ()) = tokio::join!(ann.buy("r1", "ann-1", 10_000), slowed);
        assert!(matches!(bought.status, 201 | 503), "{bought:?}");
        eventually::so("the rate is whole again", async || {
            app.clock.advance(500);
            rate_left(&app).await == Some(100.0)
        })
        .await;
        app.operator.set_inlet("r1", json!({"latency_target_ms": null})).await;
        assert_eq!(rate_left(&app).await, None, "nothing is steered by it any more");
        let bought = ann.buy_until_answered("r1", "ann-1", 10_000).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        checks::stop_clean(app, 10_000).await;
    });
}

/// What the latency of purchases leaves of the rate, by its own words.
async fn rate_left(app: &TestApp) -> Option<f64> {
    let figures = app.operator.figures("r1").await;
    let policies = figures["inlet_policies"].as_array()?.clone();
    let adaptive = policies.iter().find(|policy| policy["policy"] == "adaptive")?;
    let (_, left) = adaptive["why"].as_str()?.split_once("leaves ")?;
    left.strip_suffix(" a second")?.parse().ok()
}

async fn step(app: &TestApp, people: u64) {
    let body = json!({"people": people, "reason": "the hall has room"});
    let path = "/v1/admin/rounds/r1/inlet/steps";
    allowed(app.operator.call("POST", path, Some(body)).await);
}

async fn is(buyer: &Buyer, state: &str) {
    eventually::so(&format!("the state is {state}"), async || {
        buyer.where_am_i("r1").await.json()["state"] == state
    })
    .await;
}

async fn watermark(buyer: &Buyer) -> u64 {
    allowed(buyer.where_am_i("r1").await)["watermark"].as_u64().expect("a number")
}

/// The policies of the inlet, and which of them binds.
async fn policies(app: &TestApp) -> Vec<(String, bool)> {
    let figures = app.operator.figures("r1").await;
    let policies = figures["inlet_policies"].as_array().expect("a list").clone();
    let of = |policy: &Value| {
        assert!(policy["why"].as_str().is_some_and(|why| !why.is_empty()), "{policy}");
        assert!(policy["room"].is_u64() && policy["class"] == "everyone", "{policy}");
        (policy["policy"].as_str().unwrap_or_default().to_owned(), policy["binds"] == true)
    };
    let all: Vec<_> = policies.iter().map(of).collect();
    assert_eq!(all.iter().filter(|(_, binds)| *binds).count(), 1, "one binds: {figures}");
    all
}

/// Until the round has looked at the clock again.
async fn tick(app: &TestApp) {
    let serial = async || app.operator.figures("r1").await["serial"].as_u64();
    // Asking makes a snapshot of its own: two more are a tick at least.
    let before = serial().await.map(|serial| serial + 3);
    eventually::so("a tick", async || serial().await > before).await;
}
