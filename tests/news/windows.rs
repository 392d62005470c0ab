//! Windows as data: another half first, other hours, a gap at lunch, an age, a district. Whoever
//! comes for a window that is not theirs is told when theirs opens.

use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, allowed, checks, eventually, expect, on_stage};
use openrun_core::ChannelId;
use serde_json::{Value, json};

const ROUND: &str = "windows";

fn at(time: &str) -> String {
    format!("2022-07-28T{time}:00+09:00")
}

/// One window of each row: eligibility, opens at, closes at, stock; what is left of it goes to the
/// last one.
fn form(rows: &[(Value, &str, &str, i64)]) -> RoundForm {
    let last = format!("w{}", rows.len() - 1);
    let window = |(index, row): (usize, &(Value, &str, &str, i64))| {
        let (eligibility, opens, closes, stock) = row;
        let id = format!("w{index}");
        let leftover_to = (id != last).then_some(&last);
        json!({"id": id, "eligibility": eligibility, "opens_at": at(opens),
            "closes_at": at(closes), "stock_won": stock, "leftover_to": leftover_to})
    };
    let windows: Vec<Value> = rows.iter().enumerate().map(window).collect();
    RoundForm::for_all(0).with("lobby_opens_at", json!(at("08:45"))).with("windows", json!(windows))
}

async fn sale(rows: &[(Value, &str, &str, i64)]) -> TestApp {
    let app = TestApp::start_at("2022-07-28T08:00:00+09:00").await;
    app.operator.define(ROUND, &form(rows)).await;
    allowed(app.operator.step(ROUND, "schedule").await);
    app
}

/// The clock goes on, and the windows stand as said.
async fn until(app: &TestApp, time: &str, phases: &[&str]) {
    app.clock.go_to(&at(time));
    eventually::so("the windows stand as their times say", async || {
        let windows = app.operator.figures(ROUND).await["windows"].clone();
        let windows = windows.as_array().cloned().unwrap_or_default();
        windows.iter().map(|window| &window["phase"]).eq(phases)
    })
    .await;
}

fn resident(app: &TestApp, person: &str, birthdate: &str, district: Option<&str>) -> Buyer {
    let channel = ChannelId::new("seoul-pay").expect("a slug");
    let now = app.now();
    let token = app.keys.make_resident_token(person, &channel, birthdate, district, now, 86_400);
    Buyer::new(app.web.clone(), person, token.expect("a development channel"))
}

/// Joining says when the own window opens, and so does buying.
async fn is_told(buyer: &Buyer, opens_at: &str) {
    allowed(buyer.sign_up().await);
    let joined = buyer.other_device().join(ROUND).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    let told = joined.json();
    assert_eq!(
        (&told["state"], &told["opens_at"]),
        (&json!("ineligible_now"), &json!(at(opens_at)))
    );
    assert_eq!((&told["ticket"], &told["number"]), (&Value::Null, &Value::Null));
    let refused = buyer.buy(ROUND, &format!("{}-{opens_at}", buyer.person), 10_000).await;
    expect(&refused, 403, "not-eligible", &json!({"opens_at": at(opens_at)}));
}

#[test]
fn the_even_half_first_at_other_hours_with_an_hour_for_lunch() {
    on_stage(async {
        let even = json!({"birth_year": "even"});
        let app = sale(&[
            (even, "09:00", "11:00", 300_000),
            (json!({"birth_year": "odd"}), "12:00", "14:00", 200_000),
            (json!("all"), "15:00", "16:00", 0),
        ])
        .await;
        let (odd, even) = ("1991-07-28", "1990-07-28");
        let born = |person: &str, birthdate: &str| resident(&app, person, birthdate, None);
        until(&app, "09:00", &["open", "ahead", "ahead"]).await;
        born("even", even).buy_through(ROUND, "even", 200_000).await;
        is_told(&born("odd", odd), "12:00").await;
        // Nobody's hour: even people are told of the leftover, odd ones of their own half.
        until(&app, "11:00", &["over", "ahead", "ahead"]).await;
        is_told(&born("odd", odd), "12:00").await;
        is_told(&born("late", even), "15:00").await;
        until(&app, "12:00", &["over", "open", "ahead"]).await;
        born("odd", odd).buy_through(ROUND, "odd", 200_000).await;
        // The hour between 14:00 and 15:00 is closed to everybody.
        until(&app, "14:00", &["over", "over", "ahead"]).await;
        for (person, birthdate) in [("late", even), ("later", odd)] {
            let waiting = born(person, birthdate);
            allowed(waiting.sign_up().await);
            let refused = waiting.buy(ROUND, "in-the-gap", 10_000).await;
            expect(&refused, 403, "not-eligible", &json!({"opens_at": at("15:00")}));
        }
        until(&app, "15:00", &["over", "over", "open"]).await;
        born("late", even).buy_through(ROUND, "late", 50_000).await;
        born("later", odd).buy_through(ROUND, "later", 50_000).await;
        eventually::so("what was left over is sold", async || {
            app.operator.figures(ROUND).await["state"] == "sold_out"
        })
        .await;
        checks::stop_clean(app, 500_000).await;
    });
}

#[test]
fn the_old_first_by_the_age_of_the_day_in_seoul() {
    on_stage(async {
        let app = sale(&[
            (json!({"age": {"from": 65, "to": 120}}), "09:00", "12:00", 200_000),
            (json!("all"), "13:00", "18:00", 100_000),
        ])
        .await;
        until(&app, "09:00", &["open", "ahead"]).await;
        // Sixty-five on this day, and on the next.
        let mut old = resident(&app, "old", "1957-07-28", None);
        old.buy_through(ROUND, "old", 100_000).await;
        assert_eq!(old.where_am_i(ROUND).await.json()["class"], "age-65-120");
        is_told(&resident(&app, "young", "1957-07-29", None), "13:00").await;
        until(&app, "13:00", &["over", "open"]).await;
        resident(&app, "young", "1957-07-29", None).buy_through(ROUND, "young", 200_000).await;
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn a_district_first_and_who_lives_nowhere_waits_for_the_rest() {
    on_stage(async {
        let app = sale(&[
            (json!({"district": ["jung", "jongno"]}), "09:00", "12:00", 200_000),
            (json!("all"), "13:00", "18:00", 0),
        ])
        .await;
        until(&app, "09:00", &["open", "ahead"]).await;
        let living = |person: &str, district| resident(&app, person, "1991-03-01", district);
        let mut near = living("near", Some("jongno"));
        near.buy_through(ROUND, "near", 100_000).await;
        assert_eq!(near.where_am_i(ROUND).await.json()["class"], "district-jongno-jung");
        is_told(&living("far", Some("jungnang")), "13:00").await;
        is_told(&living("nowhere", None), "13:00").await;
        until(&app, "13:00", &["over", "open"]).await;
        living("nowhere", None).buy_through(ROUND, "nowhere", 100_000).await;
        checks::stop_clean(app, 200_000).await;
    });
}

#[test]
fn windows_that_cannot_be_are_refused_in_words() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-28T08:00:00+09:00").await;
        allowed(
            app.operator
                .put_program("seoul-citywide", crate::support::staff::citywide_rules())
                .await,
        );
        for (eligibility, words) in [
            (json!({"age": {"from": 65, "to": 64}}), "age is from at most to"),
            (json!({"age": {"from": 0, "to": 151}}), "age is from at most to"),
            (json!({"district": []}), "district names 1 to 64"),
            (json!({"age": {"from": 65}}), ""),
            (json!({"age": {"from": -1, "to": 3}}), ""),
            (json!({"district": ["Jongno"]}), ""),
            (json!({"district": "jongno"}), ""),
        ] {
            let form = form(&[(eligibility.clone(), "09:00", "12:00", 10_000)]);
            let refused = app.operator.put_round(ROUND, &form).await;
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (400, "malformed"),
                "{eligibility}"
            );
            let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(detail.contains(words), "{eligibility}: {detail}");
        }
        let none = app.operator.get(&format!("/v1/admin/rounds/{ROUND}")).await;
        assert_eq!(none.status, 404, "nothing was changed");
    });
}
