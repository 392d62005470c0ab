//! The line as people live it: joining again, leaving, two phones, pauses, the end of the stock.

use crate::support::staff::RoundForm;
use crate::support::{Request, TestApp, allowed, checks, eventually, expect, on_stage};
use serde_json::{Value, json};

const SHUT: &str = "shut";

fn shut(stock_won: i64) -> RoundForm {
    RoundForm::for_all(stock_won).inlet("mode", SHUT)
}

/// S11.
#[test]
fn joining_again_keeps_the_place_on_any_device_and_channel() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(1_000_000)).await;
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        let first = ann.join("r1").await;
        assert_eq!((first.status, first.json()["state"].clone()), (201, json!("waiting")));
        assert_eq!(first.header("location"), Some("/v1/rounds/r1/tickets/me"));
        assert_eq!(allowed(bob.join("r1").await)["number"], 2);
        let mut tablet = app.buyer_in("ann", "tmoney-pay", "1991-03-01");
        for again in
            [ann.join("r1").await, ann.other_device().join("r1").await, tablet.join("r1").await]
        {
            assert_eq!((again.status, again.json()["number"].clone()), (200, json!(1)));
        }
        assert_eq!(allowed(tablet.where_am_i("r1").await)["number"], 1);
        let claim = bob.claim("r1").await;
        expect(&claim, 409, "not-yet", &json!({"ahead": 1}));
        assert!(claim.header("retry-after").is_some());
    });
}

#[test]
fn with_rejoin_tail_who_comes_without_the_ticket_goes_to_the_end() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(1_000_000).with("rejoin", json!("tail"))).await;
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        allowed(ann.join("r1").await);
        allowed(bob.join("r1").await);
        let with_ticket = ann.join("r1").await;
        assert_eq!((with_ticket.status, with_ticket.json()["number"].clone()), (200, json!(1)));
        let mut toggled = ann.other_device();
        let without = toggled.join("r1").await;
        assert_eq!((without.status, without.json()["number"].clone()), (201, json!(3)));
        assert_eq!(allowed(ann.where_am_i("r1").await)["state"], "left", "the old place is dead");
        // The dead ticket brings nobody back to the front: it is as if none were shown.
        assert_eq!(ann.join("r1").await.json()["number"].as_u64().max(Some(3)), Some(4));
    });
}

#[test]
fn who_leaves_is_out_and_comes_back_at_the_end() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(1_000_000)).await;
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        allowed(ann.join("r1").await);
        allowed(bob.join("r1").await);
        for _ in 0..2 {
            assert_eq!(allowed(ann.leave("r1").await)["state"], "left");
        }
        expect(&ann.claim("r1").await, 409, "turn-passed", &Value::Null);
        assert_eq!(allowed(ann.join("r1").await)["number"], 3);
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        allowed(ann.sign_up().await);
        ann.await_turn("r1").await;
        assert_eq!(ann.buy("r1", "ann-1", 10_000).await.status, 201);
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn a_pause_keeps_every_place_and_sells_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        assert_eq!(app.operator.pause("r1").await["state"], "paused");
        let refused = ann.buy("r1", "ann-1", 10_000).await;
        expect(&refused, 409, "round-not-open", &json!({"state": "paused"}));
        let mut bob = app.buyer("bob");
        let joined = bob.join("r1").await;
        assert_eq!((joined.status, joined.json()["number"].clone()), (201, json!(2)));
        assert!(joined.json()["pass"].is_null(), "nobody is let in during a pause");
        app.operator.resume("r1").await;
        assert_eq!(ann.buy("r1", "ann-1", 10_000).await.status, 201, "the key was not used up");
        allowed(bob.sign_up().await);
        bob.await_turn("r1").await;
        assert_eq!(bob.buy("r1", "bob-1", 10_000).await.status, 201);
        checks::stop_clean(app, 20_000).await;
    });
}

#[test]
fn when_nothing_is_left_everybody_is_told() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let (mut ann, mut bob, mut eve) = (app.buyer("ann"), app.buyer("bob"), app.buyer("eve"));
        allowed(bob.sign_up().await);
        bob.get_pass("r1").await;
        ann.buy_through("r1", "ann-1", 400_000).await;
        // Two ticks are 200 ms; a machine may do something else for seconds.
        eventually::so("who waits is told", async || {
            allowed(bob.where_am_i("r1").await)["state"] == "sold_out"
        })
        .await;
        let place = allowed(bob.where_am_i("r1").await);
        assert_eq!(place["outlook"], "no", "{place}");
        expect(&bob.buy("r1", "bob-1", 10_000).await, 409, "sold-out", &Value::Null);
        let late = eve.join("r1").await;
        assert!(late.status < 300, "{late:?}");
        assert_eq!(late.json()["outlook"], "no", "{late:?}");
        let request = Request::new("GET", "/v1/rounds/r1/watermark");
        let document = allowed(app.web.send(&request).await);
        assert_eq!((&document["state"], &document["left_won"]), (&json!("sold_out"), &json!(0)));
        assert_eq!(allowed(ann.where_am_i("r1").await)["state"], "bought");
        checks::stop_clean(app, 400_000).await;
    });
}

#[test]
fn in_the_wrong_half_there_is_no_place_yet_and_a_time_for_it() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-28T10:00:00+09:00").await;
        app.operator.define("halves", &RoundForm::in_halves(1_000_000)).await;
        allowed(app.operator.step("halves", "schedule").await);
        eventually::so("the first half opens", async || {
            app.operator.figures("halves").await["windows"][0]["phase"] == "open"
        })
        .await;
        let mut even = app.buyer_in("even", "seoul-pay", "1990-12-31");
        let answer = even.join("halves").await;
        let body = answer.json();
        assert_eq!((answer.status, &body["state"]), (200, &json!("ineligible_now")), "{body}");
        assert_eq!(body["opens_at"], "2022-07-28T14:00:00+09:00");
        for field in ["ticket", "number", "class", "pass", "watermark", "ahead", "eta"] {
            assert!(body[field].is_null(), "{field} of {body}");
        }
        let mut odd = app.buyer_in("odd", "seoul-pay", "1991-12-31");
        assert_eq!(allowed(odd.join("halves").await)["class"], "odd");
        // The lobby of the second half opens half an hour before it, as that of the first did.
        app.clock.go_to("2022-07-28T13:30:00+09:00");
        let body = allowed(even.join("halves").await);
        assert_eq!((&body["state"], &body["class"]), (&json!("lobby"), &json!("even")), "{body}");
        assert_eq!(body["number"], 1);
    });
}

#[test]
fn the_lobby_is_let_in_by_number_when_the_round_opens() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-14T09:45:00+09:00").await;
        let form = RoundForm::for_all(10_000_000).inlet("rate_per_s", 2);
        app.operator.define("r1", &form).await;
        let early = app.buyer("early").join("r1").await;
        expect(&early, 409, "round-not-open", &json!({"state": "draft"}));
        allowed(app.operator.step("r1", "schedule").await);
        eventually::so("the lobby opens", async || {
            app.operator.figures("r1").await["state"] == "lobby"
        })
        .await;
        let mut people = Vec::new();
        for person in 0..40 {
            let mut buyer = app.buyer(&format!("person-{person}"));
            let place = allowed(buyer.join("r1").await);
            assert_eq!((&place["state"], &place["pass"]), (&json!("lobby"), &Value::Null));
            assert_eq!(place["number"], person + 1);
            people.push(buyer);
        }
        expect(&people[0].claim("r1").await, 409, "not-yet", &json!({"ahead": 0}));
        app.clock.go_to("2022-07-14T10:00:00+09:00");
        people[0].await_turn("r1").await;
        let far = allowed(people[39].where_am_i("r1").await);
        assert_eq!(far["state"], "waiting", "two a second: {far}");
        let watermark = far["watermark"].as_u64().expect("it moves");
        for (index, buyer) in people.iter().enumerate() {
            let place = allowed(buyer.where_am_i("r1").await);
            if (index as u64) < watermark {
                assert_eq!(place["state"], "admitted", "{place}");
            }
            assert!(place["watermark"].as_u64() >= Some(watermark), "OR-6: {place}");
        }
    });
}

#[test]
fn a_turn_that_is_not_used_goes_to_the_next() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(10_000_000).inlet("max_active", 1);
        app.operator
            .define_open("r1", &form.inlet("claim_window_s", 60).inlet("pass_ttl_s", 60))
            .await;
        let mut people = ["never-claims", "never-buys", "leaves", "buys"].map(|who| app.buyer(who));
        for buyer in &mut people {
            let joined = buyer.join("r1").await;
            assert!(joined.status < 300, "{joined:?}");
        }
        let [idle, slow, gone, last] = &mut people;
        let is_lapsed = async |buyer: &crate::support::Buyer| {
            eventually::so("the turn is over", async || {
                buyer.where_am_i("r1").await.json()["state"] == "lapsed"
            })
            .await;
        };
        // The first may have been let in with the pass at once, or a tick later.
        eventually::so("the first is let in", async || {
            idle.where_am_i("r1").await.json()["state"] == "admitted"
        })
        .await;
        expect(&last.claim("r1").await, 409, "not-yet", &Value::Null);
        checks::clocks_run(&app, "r1").await;
        app.clock.advance(61_000);
        is_lapsed(idle).await;
        slow.await_turn("r1").await;
        checks::clocks_run(&app, "r1").await;
        app.clock.advance(61_000);
        is_lapsed(slow).await;
        allowed(slow.sign_up().await);
        let late = slow.buy("r1", "late", 10_000).await;
        expect(&late, 403, "pass-expired", &Value::Null);
        gone.await_turn("r1").await;
        allowed(gone.leave("r1").await);
        allowed(gone.sign_up().await);
        expect(&gone.buy("r1", "gone", 10_000).await, 403, "pass-invalid", &Value::Null);
        allowed(last.sign_up().await);
        last.await_turn("r1").await;
        assert_eq!(last.buy("r1", "last", 10_000).await.status, 201);
        checks::stop_clean(app, 10_000).await;
    });
}
