//! The truth about one's chances: a person's own result as the journal tells it, and what the
//! server measures of its own honesty.

use crate::support::app::Ending;
use crate::support::staff::RoundForm;
use crate::support::{
    Answer, Buyer, Request, StallingStore, TestApp, allowed, checks, eventually, expect, on_stage,
};
use serde_json::{Value, json};
use std::sync::Arc;

fn shut(stock_won: i64) -> RoundForm {
    RoundForm::for_all(stock_won).inlet("mode", "shut")
}

async fn outcome(buyer: &Buyer, round: &str) -> Answer {
    let request = Request::new("GET", format!("/v1/rounds/{round}/outcome"));
    let ticket = buyer.ticket.clone().unwrap_or_default();
    buyer.web.send(&request.header("openrun-ticket", ticket)).await
}

async fn state_of(buyer: &Buyer, round: &str) -> Value {
    allowed(buyer.where_am_i(round).await)["state"].clone()
}

fn sentence(told: &Value) -> String {
    told["message"]["en"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_result_is_told_from_the_journal_while_waiting_and_after_a_restart() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(400_000)).await;
        let (mut ann, mut bob, mut eve) = (app.buyer("ann"), app.buyer("bob"), app.buyer("eve"));
        for buyer in [&mut ann, &mut bob, &mut eve] {
            allowed(buyer.join("r1").await);
        }
        // A join is answered before it is written down; a result tells what is written.
        eventually::so("bob's join is written", async || {
            allowed(outcome(&bob, "r1").await)["joined_at"].is_string()
        })
        .await;
        let waiting = allowed(outcome(&bob, "r1").await);
        assert_eq!((&waiting["state"], &waiting["is_final"]), (&json!("waiting"), &json!(false)));
        // A store that was silent for a while costs the line some numbers, and nobody a place.
        let number = allowed(bob.where_am_i("r1").await)["number"].clone();
        let so_far = format!("as number {number}; so far the line has reached 0");
        assert!(sentence(&waiting).ends_with(&so_far), "{waiting}");
        assert_eq!(waiting["claimed_at"], json!([]));
        allowed(eve.leave("r1").await);
        allowed(ann.sign_up().await);
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        ann.await_turn("r1").await;
        assert_eq!(ann.buy("r1", "ann-1", 400_000).await.status, 201);
        eventually::so("bob is told", async || state_of(&bob, "r1").await == "sold_out").await;
        let told = told_of(&[&ann, &bob, &eve]).await;
        let app = app.restart(Ending::Stop).await;
        let again: Vec<Buyer> = [ann, bob, eve]
            .into_iter()
            .map(|buyer| Buyer { web: app.web.clone(), ..buyer })
            .collect();
        let all: Vec<&Buyer> = again.iter().collect();
        assert_eq!(told_of(&all).await, told, "a restart changes nothing of what happened");
        checks::stop_clean(app, 400_000).await;
    });
}

/// What ann, who bought, bob, who went without, and eve, who left, are told.
async fn told_of(buyers: &[&Buyer]) -> Vec<Value> {
    let mut told = Vec::new();
    for (buyer, state) in buyers.iter().zip(["bought", "sold_out", "left"]) {
        let answer = allowed(outcome(buyer, "r1").await);
        assert_eq!((&answer["state"], &answer["is_final"]), (&json!(state), &json!(true)));
        assert!(answer["joined_at"].is_string(), "{answer}");
        told.push(answer);
    }
    let [ann, bob, eve] = &told[..] else { panic!("three people") };
    assert_eq!(ann["purchases"][0]["state"], "issued", "{ann}");
    assert_eq!(ann["claimed_at"].as_array().map(Vec::len), Some(1), "{ann}");
    assert!(sentence(ann).contains("; you bought 400,000 won at "), "{ann}");
    assert!(bob["stock_ended_at"].is_string(), "{bob}");
    let reached = format!("the line reached {} when the stock ended at ", bob["watermark_at_end"]);
    assert!(sentence(bob).contains(&reached), "{bob}");
    assert!(bob["message"]["ko"].as_str().unwrap_or_default().contains("2번"), "{bob}");
    assert!(sentence(eve).contains("you gave the place up at "), "{eve}");
    assert!(eve["left_at"].is_string(), "{eve}");
    told
}

#[test]
fn who_missed_the_turn_and_whom_the_closing_met_are_told_so() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(1_000_000).inlet("claim_window_s", 1);
        app.operator.define_open("r1", &form.inlet("mode", "shut")).await;
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        allowed(ann.join("r1").await);
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        eventually::so("ann lapses", async || state_of(&ann, "r1").await == "lapsed").await;
        let lapsed = allowed(outcome(&ann, "r1").await);
        assert!(sentence(&lapsed).ends_with("your turn came and was not used in time"), "{lapsed}");
        app.operator.set_inlet("r1", json!({"mode": "shut"})).await;
        app.operator.define_open("r2", &shut(1_000_000)).await;
        allowed(bob.join("r2").await);
        app.operator.close("r2").await;
        let closed = allowed(outcome(&bob, "r2").await);
        assert_eq!(closed["state"], "closed");
        assert!(sentence(&closed).contains("the line reached 0 when the sale closed"), "{closed}");
        assert_eq!(closed["stock_ended_at"], Value::Null);
        // A ticket of another round, and none at all.
        expect(&outcome(&bob, "r1").await, 403, "ticket-invalid", &Value::Null);
        expect(&outcome(&app.buyer("eve"), "r1").await, 403, "ticket-invalid", &Value::Null);
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn the_document_and_where_am_i_say_the_same_of_the_chances() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &shut(4_000_000)).await;
        let mut crowd: Vec<Buyer> = (0..30).map(|n| app.buyer(&format!("person-{n}"))).collect();
        for buyer in &mut crowd {
            allowed(buyer.join("r1").await);
        }
        let request = Request::new("GET", "/v1/rounds/r1/watermark");
        let mut seen = std::collections::BTreeSet::new();
        eventually::so("all thirty stand in the document", async || {
            allowed(app.web.send(&request).await)["lines"][0]["last_number"] == 30
        })
        .await;
        let document = allowed(app.web.send(&request).await);
        let line = &document["lines"][0];
        let [likely_to, possible_to] =
            ["likely_to", "possible_to"].map(|key| line[key].as_u64().unwrap_or_default());
        for buyer in &crowd {
            let place = allowed(buyer.where_am_i("r1").await);
            let number = place["number"].as_u64().unwrap_or_default();
            let outlook = match number {
                _ if number <= likely_to => "likely",
                _ if number <= possible_to => "possible",
                _ => "unlikely",
            };
            assert_eq!(place["outlook"], outlook, "{place} by {line}");
            assert_eq!(place["eta"], Value::Null, "the inlet is shut: {place}");
            seen.insert(outlook);
        }
        assert_eq!(seen.len(), 3, "ten purchases for thirty people: {line}");
        assert_eq!((&line["speed_per_s"], &line["stock_ends_in_s"]), (&Value::Null, &Value::Null));
        assert_eq!(line["turn_up_percent"], json!(90), "before anything was measured");
        app.operator.set_inlet("r1", json!({"mode": "auto", "rate_per_s": 1})).await;
        eventually::so("there is an estimate from the planned rate", async || {
            let place = allowed(crowd[8].where_am_i("r1").await);
            place["eta"]["p50_s"].as_u64().is_some_and(|s| (1..=14).contains(&s))
        })
        .await;
        let honesty = app.operator.figures("r1").await["honesty"].clone();
        assert!(honesty["since"].is_string(), "{honesty}");
        assert_eq!(honesty["outlooks"]["no"]["told"], 0, "{honesty}");
        let metrics = app.operator.metrics().await;
        for name in ["openrun_estimate_error_ratio", "openrun_outlook_brier_score"] {
            assert!(metrics.contains(name), "{name}");
        }
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn an_entry_of_a_lobby_and_its_number_tell_one_story() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-14T09:35:00+09:00").await;
        app.operator.define("r1", &shut(1_000_000).with("order", json!("draw"))).await;
        allowed(app.operator.step("r1", "schedule").await);
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        allowed(ann.join("r1").await);
        allowed(bob.join("r1").await);
        // The ticket of the lobby, kept beside the one that the draw makes of it.
        let of_lobby = ann.ticket.clone();
        let before = eventually::some("the join is stored", async || {
            Some(allowed(outcome(&ann, "r1").await)).filter(|told| told["joined_at"].is_string())
        })
        .await;
        assert_eq!((&before["number"], &before["state"]), (&Value::Null, &json!("lobby")));
        assert!(sentence(&before).contains(", in the lobby; "), "{before}");
        app.clock.go_to("2022-07-14T10:00:00+09:00");
        eventually::so("it is drawn", async || state_of(&ann, "r1").await == "waiting").await;
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        allowed(ann.sign_up().await);
        ann.await_turn("r1").await;
        assert_eq!(ann.buy("r1", "ann-1", 10_000).await.status, 201);
        let shown = Buyer { web: app.web.clone(), ticket: of_lobby.clone(), ..app.buyer("ann") };
        let place = allowed(shown.where_am_i("r1").await);
        let (number, renewed) = (&place["number"], place["ticket"].as_str().map(str::to_owned));
        assert_ne!(of_lobby, renewed);
        for ticket in [of_lobby, renewed] {
            let shown = Buyer { web: app.web.clone(), ticket, ..app.buyer("ann") };
            let told = allowed(outcome(&shown, "r1").await);
            assert_eq!((&told["number"], &told["joined_at"]), (number, &before["joined_at"]));
            assert_eq!(told["claimed_at"].as_array().map(Vec::len), Some(1), "{told}");
            assert_eq!(told["purchases"].as_array().map(Vec::len), Some(1), "{told}");
        }
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn while_the_store_is_away_a_result_is_not_guessed() {
    on_stage(async {
        let (port, store) = StallingStore::fresh().await;
        let moment = "2022-07-14T10:00:00+09:00";
        let app = TestApp::start_with_port(Arc::clone(&port) as _, store, moment).await;
        app.operator.define_open("r1", &shut(400_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.join("r1").await);
        allowed(outcome(&ann, "r1").await);
        port.go_away(true);
        let away = outcome(&ann, "r1").await;
        assert_eq!((away.status, away.code().as_str()), (503, "unavailable"), "{away:?}");
        assert_eq!(state_of(&ann, "r1").await, "waiting", "the place needs no store");
        port.go_away(false);
        allowed(outcome(&ann, "r1").await);
        checks::stop_clean(app, 0).await;
    });
}
