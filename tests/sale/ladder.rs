//! The refusals of a purchase in their order of precedence: one request that is wrong in
//! everything is put right rung by rung, and each time the next rung answers.

use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::wire::Request;
use crate::support::{Buyer, TestApp, allowed, checks, eventually, expect, on_stage};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

/// F7 is the last of them: a key that comes back with another body.
#[test]
fn every_rung_answers_before_the_next_one() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-28T09:00:00+09:00").await;
        app.operator.define("halves", &RoundForm::in_halves(1_000_000)).await;
        // Somebody born in an even year, who has not signed up, in an app that does not sell.
        let zoe = app.buyer_in("zoe", "chak", "1990-01-01");
        shape(&zoe).await;
        round_and_person(&app, &zoe).await;
    });
}

/// What is wrong with the request itself.
async fn shape(zoe: &Buyer) {
    let path = "/v1/rounds/no-such-round/purchases";
    let good = |amount: i64| json!({"amount_won": amount, "payment": {"method": "account"}});
    let request = Request::new("POST", path).body("text/plain", "[");
    let answer = zoe.web.send(&request).await;
    expect(&answer, 401, "unauthenticated", &NOTHING);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    let request = request.bearer(&zoe.token);
    expect(&zoe.web.send(&request).await, 415, "unsupported-media-type", &NOTHING);
    let request = request.body("application/json", "[".repeat(17 * 1024));
    expect(&zoe.web.send(&request).await, 413, "body-too-large", &NOTHING);
    let request = request.body("application/json", "[");
    expect(&zoe.web.send(&request).await, 400, "malformed", &NOTHING);
    let request = request.json(&good(9_999));
    expect(&zoe.web.send(&request).await, 400, "idempotency-key-required", &NOTHING);
    let request = request.header("idempotency-key", "zoe-1");
    expect(&zoe.web.send(&request.clone().json(&good(0))).await, 422, "invalid-amount", &NOTHING);
    let request = request.json(&good(300_000));
    expect(&zoe.web.send(&request).await, 404, "round-not-found", &NOTHING);
}

/// What is wrong with the person, the round or the moment.
async fn round_and_person(app: &TestApp, zoe: &Buyer) {
    let facts = json!({"unit_won": 10_000, "monthly_limit_won": 400_000});
    for amount in [i64::MIN, -10_000, 0, 1, 9_999, 15_000, 410_000, i64::MAX] {
        let answer = zoe.buy("halves", "zoe-2", amount).await;
        expect(&answer, 422, "invalid-amount", &facts);
    }
    expect(&zoe.buy("halves", "zoe-3", 300_000).await, 403, "not-registered", &NOTHING);
    allowed(zoe.sign_up().await);
    expect(&zoe.buy("halves", "zoe-3", 300_000).await, 403, "channel-not-allowed", &NOTHING);
    let zoe = app.buyer_in("zoe", "moneytree", "1990-01-01");
    let own = "2022-07-28T14:00:00+09:00";
    let in_state = |state: &str| json!({"state": state, "opens_at": own});
    let answer = zoe.buy("halves", "zoe-3", 300_000).await;
    expect(&answer, 409, "round-not-open", &in_state("draft"));
    assert!(answer.header("retry-after").is_some(), "it may open");
    allowed(app.operator.step("halves", "schedule").await);
    let answer = zoe.buy("halves", "zoe-3", 300_000).await;
    expect(&answer, 409, "round-not-open", &in_state("scheduled"));
    app.clock.go_to("2022-07-28T10:00:00+09:00");
    eventually::so("the round opens by itself", async || {
        app.operator.figures("halves").await["state"] == "open"
    })
    .await;
    let answer = zoe.buy("halves", "zoe-3", 300_000).await;
    expect(&answer, 403, "not-eligible", &json!({"opens_at": own}));
    app.operator.pause("halves").await;
    let answer = zoe.buy("halves", "zoe-3", 300_000).await;
    expect(&answer, 409, "round-not-open", &in_state("paused"));
    app.operator.resume("halves").await;
    app.clock.go_to(own);
    eventually::so("the half of even years opens", async || {
        app.operator.figures("halves").await["windows"][1]["phase"] == "open"
    })
    .await;
    let zoe = app.buyer_in("zoe", "moneytree", "1990-01-01");
    expect(&zoe.buy("halves", "zoe-3", 300_000).await, 403, "pass-required", &NOTHING);
    passes(app, zoe).await;
}

/// What is wrong with the pass, and then with the limits.
async fn passes(app: &TestApp, mut zoe: Buyer) {
    let mut yan = app.buyer_in("yan", "shinhan-sol", "1988-01-01");
    yan.get_pass("halves").await;
    zoe.pass = yan.pass.clone();
    expect(&zoe.buy("halves", "zoe-3", 300_000).await, 403, "pass-invalid", &NOTHING);
    zoe.get_pass("halves").await;
    checks::clocks_run(app, "halves").await;
    app.clock.advance(601_000);
    expect(&zoe.buy("halves", "zoe-3", 300_000).await, 403, "pass-expired", &NOTHING);
    eventually::so("the place has lapsed", async || {
        zoe.where_am_i("halves").await.json()["state"] == "lapsed"
    })
    .await;
    zoe.get_pass("halves").await;
    let bought = zoe.buy("halves", "zoe-3", 300_000).await;
    assert_eq!((bought.status, bought.is_replay()), (201, false), "{bought:?}");
    // A key that was refused for what can change was not used up; now it is.
    let other = zoe.buy("halves", "zoe-3", 200_000).await;
    expect(&other, 422, "idempotency-key-reused", &NOTHING);
    expect(&zoe.buy("halves", "zoe-4", 300_000).await, 403, "pass-used", &NOTHING);
    zoe.get_pass("halves").await;
    let facts = json!({"allowance_won": 100_000});
    let answer = zoe.buy("halves", "zoe-5", 110_000).await;
    expect(&answer, 409, "monthly-limit-exceeded", &facts);
    assert!(answer.header("retry-after").is_none(), "the same key never succeeds");
    let again = zoe.buy("halves", "zoe-5", 110_000).await;
    assert!(again.is_replay() && !answer.is_replay());
    assert_eq!((again.status, &again.body), (answer.status, &answer.body));
    assert_eq!(zoe.buy("halves", "zoe-6", 100_000).await.status, 201, "the pass was still good");
}

#[test]
fn holding_and_stock_are_the_last_rungs() {
    on_stage(async {
        let app = TestApp::start().await;
        let mut rules = citywide_rules();
        rules["holding_limit_won"] = json!(500_000);
        allowed(app.operator.put_program(CITYWIDE, rules).await);
        let (july, august) = (RoundForm::for_all(400_000), RoundForm::for_all(250_000));
        let august = august.times("2022-08-01T10:00:00+09:00", "2022-08-01T22:00:00+09:00");
        for (round, form) in [("july", &july), ("august", &august)] {
            allowed(app.operator.put_round(round, form).await);
        }
        app.operator.open("july").await;
        let mut ann = app.buyer("ann");
        let mut bob = app.buyer("bob");
        allowed(bob.sign_up().await);
        bob.get_pass("july").await;
        ann.buy_through("july", "ann-1", 400_000).await;
        let answer = bob.buy("july", "bob-1", 10_000).await;
        expect(&answer, 409, "sold-out", &NOTHING);
        assert!(bob.buy("july", "bob-1", 10_000).await.is_replay(), "a refusal is remembered");
        app.clock.go_to("2022-08-01T10:00:00+09:00");
        app.operator.open("august").await;
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        ann.get_pass("august").await;
        bob.get_pass("august").await;
        let answer = ann.buy("august", "ann-2", 110_000).await;
        expect(&answer, 409, "holding-limit-exceeded", &json!({"room_won": 100_000}));
        let answer = bob.buy("august", "bob-2", 260_000).await;
        expect(&answer, 409, "insufficient-stock", &json!({"remaining_won": 250_000}));
        checks::stop_clean(app, 400_000).await;
    });
}

/// S14.
#[test]
fn a_key_is_one_to_64_visible_characters() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        let with_key =
            |key: Option<&str>| ann.buy_request("r1", "x", 10_000).replaced("idempotency-key", key);
        for (key, code) in [
            (None, "idempotency-key-required"),
            (Some(""), "idempotency-key-required"),
            (Some("   "), "idempotency-key-required"),
            (Some("two words"), "malformed"),
            (Some("\u{e9}"), "malformed"),
            (Some("tab\there"), "malformed"),
            (Some("k".repeat(65).as_str()), "malformed"),
        ] {
            expect(&app.web.send(&with_key(key)).await, 400, code, &NOTHING);
        }
        let raw = with_key(Some("KEY")).bytes();
        let at = raw.windows(3).position(|three| three == b"KEY").expect("it was put there");
        for control in [0u8, 1, 8, 11, 27, 127] {
            let bytes = [&raw[..at], &[b'k', control, b'y'], &raw[at + 3..]].concat();
            let answer = app.web.send_bytes(&bytes).await;
            let status = answer.map_or(400, |answer| answer.status);
            assert_eq!(status, 400, "control character {control}");
        }
        assert_eq!(checks::money(&app, "r1").await.0, 0, "nothing was bought");
        let bought = app.web.send(&with_key(Some(&"k".repeat(64)))).await;
        assert_eq!(bought.status, 201, "{bought:?}");
        checks::stop_clean(app, 10_000).await;
    });
}
