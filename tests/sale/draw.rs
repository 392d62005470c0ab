//! Rounds that are drawn: the lobby, the opening, shares, restarts at every step, and what anybody
//! can recompute of it.

use crate::support::app::Ending;
use crate::support::staff::RoundForm;
use crate::support::{Buyer, Request, TestApp, allowed, checks, eventually, expect, on_stage};
use openrun_core::draw::{Digest, DrawnOrder, Fault, Proof, Transcript, share_commitment, verify};
use openrun_core::{PersonKey, RoundId};
use serde_json::{Value, json};

const LOBBY: &str = "2022-07-14T09:35:00+09:00";
const OPENING: &str = "2022-07-14T10:00:00+09:00";

fn drawn_round() -> RoundForm {
    RoundForm::for_all(1_000_000).with("order", json!("draw"))
}

/// A drawn round nobody of which is let in.
fn shut() -> RoundForm {
    drawn_round().inlet("mode", "shut")
}

/// With a share of the council, whose value is `00ff…`, and one of a beacon.
fn with_shares(form: RoundForm, within_s: u32) -> RoundForm {
    let round = RoundId::new("r1").expect("a slug");
    let commitment = share_commitment(&round, "council", &COUNCIL).to_string();
    let shares = json!([{"name": "council", "commitment": commitment},
        {"name": "beacon", "source": "drand quicknet round 12345678"}]);
    form.with("order", json!({"draw": {"shares": shares, "shares_within_s": within_s}}))
}

const COUNCIL: [u8; 16] = [0x5a; 16];

fn council() -> String {
    "5a".repeat(16)
}

async fn in_lobby(form: &RoundForm) -> TestApp {
    let app = TestApp::start_at(LOBBY).await;
    app.operator.define("r1", form).await;
    assert_eq!(allowed(app.operator.step("r1", "schedule").await)["state"], "lobby");
    app
}

async fn draw(app: &TestApp) -> Value {
    allowed(app.web.send(&Request::new("GET", "/v1/rounds/r1/draw")).await)
}

async fn draw_is(app: &TestApp, state: &str) -> Value {
    eventually::some(&format!("the draw is {state}"), async || {
        Some(draw(app).await).filter(|draw| draw["state"] == state)
    })
    .await
}

async fn transcript(app: &TestApp) -> Transcript {
    let path = "/v1/rounds/r1/draw/everyone/transcript";
    let answer = app.web.send(&Request::new("GET", path)).await;
    assert!(answer.header("cache-control").is_some_and(|it| it.contains("immutable")));
    serde_json::from_value(allowed(answer)).expect("a transcript as the core reads it")
}

async fn joined(app: &TestApp, people: std::ops::Range<u32>) -> Vec<Buyer> {
    let mut buyers = Vec::new();
    for person in people {
        let mut buyer = app.buyer(&format!("person-{person}"));
        // Right after a start no numbers are reserved yet: who comes is told to come again.
        let answer = buyer.join_until_answered("r1").await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let place = answer.json();
        assert_eq!((&place["state"], &place["number"]), (&json!("lobby"), &Value::Null), "{place}");
        buyers.push(buyer);
    }
    buyers
}

fn proof(place: &Value) -> Proof {
    serde_json::from_value(place["draw_proof"].clone()).expect("a proof as the core reads it")
}

async fn share(app: &TestApp, name: &str, value: &str) -> crate::support::Answer {
    let body = json!({"name": name, "value": value, "reason": "revealed"});
    app.operator.call("POST", "/v1/admin/rounds/r1/draw/shares", Some(body)).await
}

#[test]
fn who_is_in_the_lobby_is_drawn_and_who_comes_later_stands_behind() {
    on_stage(async {
        let app = in_lobby(&shut()).await;
        let mut crowd = joined(&app, 0..20).await;
        let before = eventually::some("all are counted", async || {
            Some(draw(&app).await).filter(|draw| draw["classes"][0]["people"] == 20)
        })
        .await;
        assert_eq!(before["state"], "committed", "{before}");
        assert!(before["classes"][0]["key"].is_null(), "nobody can see the key: {before}");
        let none =
            app.web.send(&Request::new("GET", "/v1/rounds/r1/draw/everyone/transcript")).await;
        expect(&none, 404, "not-found", &Value::Null);
        assert_eq!(allowed(crowd[3].leave("r1").await)["state"], "left");
        expect(&crowd[4].claim("r1").await, 409, "not-yet", &json!({"ahead": 0}));
        let lobbies = allowed(app.web.send(&Request::new("GET", "/v1/rounds/r1/watermark")).await);
        assert_eq!(lobbies["lines"].as_array().map(Vec::len), Some(1), "a lobby is no line");

        app.clock.go_to(OPENING);
        let after = draw_is(&app, "drawn").await;
        assert_eq!(after["classes"][0]["commitment"], before["classes"][0]["commitment"]);
        let transcript = transcript(&app).await;
        let verified = verify(&transcript).expect("it holds");
        assert_eq!((verified.count, verified.empty), (20, 0));
        for (index, buyer) in crowd.iter().enumerate() {
            let place = allowed(buyer.where_am_i("r1").await);
            let state = if index == 3 { "left" } else { "waiting" };
            assert_eq!(place["state"], state, "{place}");
            let proof = proof(&place);
            assert_eq!(proof.person, PersonKey::of_subject(&buyer.person));
            assert_eq!(place["number"], proof.number_in(&transcript).expect("in the list"));
        }
        let mut late = app.buyer("late");
        let place = allowed(late.join("r1").await);
        assert_eq!((&place["number"], &place["draw_proof"]), (&json!(21), &Value::Null));
        sell_in_order(app, crowd, late, &transcript).await;
    });
}

/// Everybody has a turn by their number; who left is passed over.
async fn sell_in_order(app: TestApp, mut crowd: Vec<Buyer>, mut late: Buyer, drawn: &Transcript) {
    expect(&crowd[3].claim("r1").await, 409, "turn-passed", &Value::Null);
    let first = usize::try_from(drawn.entries_by_number[0]).expect("an entry") - 1;
    app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
    // The draw may have put one of the others first: everybody buys once.
    for index in std::collections::BTreeSet::from([first, 7, 11]) {
        if index != 3 {
            allowed(crowd[index].sign_up().await);
            // With the ticket of the lobby, as it was given before the opening.
            crowd[index].await_turn("r1").await;
            assert_eq!(crowd[index].buy("r1", "only", 10_000).await.status, 201);
        }
    }
    allowed(late.sign_up().await);
    late.get_pass("r1").await;
    assert_eq!(late.buy("r1", "only", 10_000).await.status, 201);
    let sold = app.operator.figures("r1").await["sold_won"].as_i64().expect("a figure");
    checks::stop_clean(app, sold).await;
}

/// Negative control: an order that another seed gave, or a seed that does not follow, is found.
#[test]
fn an_order_of_another_seed_is_found() {
    on_stage(async {
        let app = in_lobby(&shut()).await;
        joined(&app, 0..12).await;
        app.clock.go_to(OPENING);
        draw_is(&app, "drawn").await;
        let honest = transcript(&app).await;
        assert!(verify(&honest).is_ok());
        let other = Digest([7; 32]);
        let order = DrawnOrder::shuffle(&other, honest.count).entries_by_number().to_vec();
        let reordered = Transcript { entries_by_number: order, ..honest.clone() };
        assert!(matches!(verify(&reordered), Err(Fault::OrderDoesNotFollow { .. })));
        let reseeded = Transcript { seed: other, ..reordered };
        assert_eq!(verify(&reseeded), Err(Fault::SeedDoesNotFollow));
    });
}

#[test]
fn two_phones_and_toggles_gain_nothing_in_the_lobby() {
    on_stage(async {
        let app = in_lobby(&shut()).await;
        let mut ann = joined(&app, 0..1).await.remove(0);
        let entry = |place: &Value| place["draw_proof"]["entry"].clone();
        let mut tablet = app.buyer_in("person-0", "tmoney-pay", "1991-03-01");
        for again in
            [ann.join("r1").await, ann.other_device().join("r1").await, tablet.join("r1").await]
        {
            assert_eq!((again.status, entry(&again.json())), (200, json!(1)), "{again:?}");
        }
        app.clock.go_to(OPENING);
        draw_is(&app, "drawn").await;
        let place = allowed(ann.other_device().join("r1").await);
        assert_eq!((&place["number"], &place["state"]), (&json!(1), &json!("waiting")), "{place}");
    });
}

#[test]
fn with_rejoin_tail_the_last_entry_alone_lives() {
    on_stage(async {
        let app = in_lobby(&shut().with("rejoin", json!("tail"))).await;
        let mut ann = joined(&app, 0..1).await.remove(0);
        let mut toggled = ann.other_device();
        assert_eq!(toggled.join("r1").await.json()["draw_proof"]["entry"], 2);
        assert_eq!(allowed(ann.where_am_i("r1").await)["state"], "left", "one live entry");
        app.clock.go_to(OPENING);
        draw_is(&app, "drawn").await;
        assert_eq!(allowed(ann.where_am_i("r1").await)["state"], "left");
        let place = allowed(toggled.where_am_i("r1").await);
        assert_eq!(place["state"], "waiting", "{place}");
        // Shown once more, the dead ticket brings nothing but the place that is held already.
        let number = place["number"].clone();
        assert_eq!(allowed(toggled.join("r1").await)["number"], number);
        expect(&ann.claim("r1").await, 409, "turn-passed", &Value::Null);
    });
}

#[test]
fn shares_are_checked_waited_for_and_hashed() {
    on_stage(async {
        let app = in_lobby(&with_shares(shut(), 3_600)).await;
        let crowd = joined(&app, 0..5).await;
        let early = share(&app, "council", &council()).await;
        expect(&early, 409, "wrong-state", &json!({"state": "lobby"}));
        app.clock.go_to(OPENING);
        let closed = draw_is(&app, "closed").await;
        assert!(closed["classes"][0]["root"].is_string(), "{closed}");
        assert_eq!(allowed(crowd[0].where_am_i("r1").await)["state"], "lobby");
        let late = allowed(app.buyer("late").join("r1").await);
        assert_eq!((&late["state"], &late["number"]), (&json!("waiting"), &json!(6)), "{late}");
        for (name, value) in
            [("council", "5b".repeat(16)), ("council", "5A".repeat(16)), ("mayor", council())]
        {
            expect(&share(&app, name, &value).await, 400, "malformed", &Value::Null);
        }
        for _ in 0..2 {
            let given = allowed(share(&app, "council", &council()).await);
            assert_eq!(given["shares"][0]["value"], council(), "{given}");
        }
        assert_eq!(draw(&app).await["state"], "closed", "the beacon is waited for");
        allowed(share(&app, "beacon", "0102").await);
        draw_is(&app, "drawn").await;
        let verified = verify(&transcript(&app).await).expect("it holds");
        assert_eq!(
            (verified.missing_shares, verified.beacons),
            (vec![], vec!["beacon".to_owned()])
        );
        expect(&share(&app, "beacon", "0103").await, 400, "malformed", &Value::Null);
    });
}

#[test]
fn a_share_that_does_not_come_is_said_to_be_missing() {
    on_stage(async {
        let app = in_lobby(&with_shares(shut(), 60)).await;
        joined(&app, 0..3).await;
        app.clock.go_to(OPENING);
        draw_is(&app, "closed").await;
        allowed(share(&app, "council", &council()).await);
        app.clock.advance(60_000);
        draw_is(&app, "drawn").await;
        let verified = verify(&transcript(&app).await).expect("it holds");
        assert_eq!(verified.missing_shares, ["beacon"]);
        let late = share(&app, "beacon", "0102").await;
        expect(&late, 409, "wrong-state", &Value::Null);
    });
}

#[test]
fn a_pause_in_the_lobby_or_after_it_draws_once() {
    on_stage(async {
        let app = in_lobby(&shut()).await;
        let crowd = joined(&app, 0..4).await;
        app.operator.pause("r1").await;
        assert_eq!(app.operator.resume("r1").await["state"], "lobby");
        app.operator.pause("r1").await;
        app.clock.go_to(OPENING);
        let seed = draw_is(&app, "drawn").await["classes"][0]["seed"].clone();
        let number = allowed(crowd[2].where_am_i("r1").await)["number"].clone();
        app.operator.resume("r1").await;
        app.operator.pause("r1").await;
        app.operator.resume("r1").await;
        assert_eq!(draw(&app).await["classes"][0]["seed"], seed);
        assert_eq!(allowed(crowd[2].where_am_i("r1").await)["number"], number);
    });
}

#[test]
fn opened_at_once_a_round_draws_nobody_and_goes_on_by_arrival() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &drawn_round()).await;
        draw_is(&app, "drawn").await;
        let mut ann = app.buyer("ann");
        ann.buy_through("r1", "only", 10_000).await;
        assert_eq!(allowed(ann.where_am_i("r1").await)["number"], 1);
        assert_eq!(verify(&transcript(&app).await).expect("it holds").count, 0);
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn a_restart_between_any_two_steps_changes_nothing() {
    on_stage(async {
        let mut app = in_lobby(&with_shares(shut(), 3_600)).await;
        let mut crowd = joined(&app, 0..6).await;
        app = again(app, Ending::Stop, &mut crowd).await;
        crowd.extend(joined(&app, 6..10).await);
        // What the store did not get is proved by the tickets.
        app = again(app, Ending::Drop, &mut crowd).await;
        for buyer in &mut crowd {
            let place = allowed(buyer.join_until_answered("r1").await);
            assert_eq!((&place["state"], &place["number"]), (&json!("lobby"), &Value::Null));
        }
        app.clock.go_to(OPENING);
        let closed = draw_is(&app, "closed").await["classes"][0].clone();
        app = again(app, Ending::Drop, &mut crowd).await;
        assert_eq!(draw_is(&app, "closed").await["classes"][0], closed);
        allowed(share(&app, "council", &council()).await);
        app = again(app, Ending::Drop, &mut crowd).await;
        allowed(share(&app, "beacon", "0102").await);
        let drawn = draw_is(&app, "drawn").await;
        let numbers = places(&crowd).await;
        app = again(app, Ending::Drop, &mut crowd).await;
        assert_eq!(draw(&app).await, drawn);
        assert_eq!(places(&crowd).await, numbers);
        let transcript = transcript(&app).await;
        assert!(verify(&transcript).is_ok());
        for (buyer, number) in crowd.iter().zip(&numbers) {
            let place = allowed(buyer.where_am_i("r1").await);
            assert_eq!(proof(&place).number_in(&transcript), Ok(*number));
        }
        let late = allowed(app.buyer("late").join_until_answered("r1").await);
        assert!(late["number"].as_u64() > Some(transcript.count), "{late}");
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        for buyer in &mut crowd {
            allowed(buyer.sign_up().await);
            buyer.await_turn("r1").await;
            assert_eq!(buyer.buy("r1", "only", 10_000).await.status, 201);
        }
        checks::stop_clean(app, 100_000).await;
    });
}

/// The same people at another server on the same store.
async fn again(app: TestApp, ending: Ending, crowd: &mut [Buyer]) -> TestApp {
    let app = app.restart(ending).await;
    crowd.iter_mut().for_each(|buyer| buyer.web = app.web.clone());
    app
}

async fn places(crowd: &[Buyer]) -> Vec<u64> {
    let mut numbers = Vec::new();
    for buyer in crowd {
        let place = allowed(buyer.where_am_i("r1").await);
        assert_eq!(place["state"], "waiting", "{place}");
        numbers.push(place["number"].as_u64().expect("a number"));
    }
    numbers
}
