//! Notices and suspensions: what operators tell everybody and what they switch off, shown wherever
//! people look, and durable.

use crate::support::app::Ending;
use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::{Request, TestApp, allowed, eventually, expect, on_stage};
use openrun::trust::Role;
use serde_json::{Value, json};

const NOTICES: &str = "/v1/admin/notices";
const SUSPENSIONS: &str = "/v1/admin/suspensions";

fn notice(english: &str) -> Value {
    let message = json!({"ko": "안내 말씀", "en": english});
    json!({"round_id": "r1", "message": message, "reason": "a test"})
}

async fn post(app: &TestApp, body: Value) -> Value {
    let answer = app.operator.call("POST", NOTICES, Some(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// What the document, the round and the board say, in English.
async fn shown(app: &TestApp) -> [Vec<String>; 3] {
    let mut shown = [const { Vec::new() }; 3];
    for (said, path) in shown.iter_mut().zip(["/watermark", "", "/board"]) {
        let request = Request::new("GET", format!("/v1/rounds/r1{path}"));
        let answer = app.web.send(&request.header("accept", "application/json")).await;
        let all = allowed(answer)["notices"].as_array().cloned().expect("a list");
        said.extend(all.iter().map(|it| it["message"]["en"].as_str().expect("text").to_owned()));
    }
    shown
}

async fn all_show(app: &TestApp, wanted: &[&str]) {
    eventually::so("the notices are shown", async || {
        shown(app).await.iter().all(|said| said == wanted)
    })
    .await;
}

#[test]
fn a_notice_is_shown_everywhere_until_it_is_withdrawn_or_over() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let first = post(&app, notice("first")).await;
        assert!(first["until"].is_null() && first["id"].is_string(), "{first}");
        let mut short = notice("short");
        short["until"] = json!("2022-07-14T10:30:00+09:00");
        post(&app, short).await;
        all_show(&app, &["first", "short"]).await;
        app.clock.go_to("2022-07-14T10:30:00+09:00");
        all_show(&app, &["first"]).await;
        // Whoever kills the server kills no notice.
        let app = app.restart(Ending::Drop).await;
        all_show(&app, &["first"]).await;
        let path = format!("{NOTICES}/{}", first["id"].as_str().expect("an id"));
        let left = allowed(app.operator.call("DELETE", &path, None).await);
        assert_eq!(left["notices"], json!([]));
        all_show(&app, &[]).await;
        let gone = app.operator.call("DELETE", &path, None).await;
        expect(&gone, 404, "notice-not-found", &json!({}));
        let log = app.operator.log().await;
        let actions: Vec<_> = log.iter().take(3).map(|it| it["action"].clone()).collect();
        assert_eq!(actions, ["withdraw-notice", "post-notice", "post-notice"]);
        app.stop().await.assert_clean();
    });
}

#[test]
fn a_notice_that_makes_no_sense_is_refused_and_changes_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let with = |field: &str, value: Value| {
            let mut body = notice("never");
            body[field] = value;
            body
        };
        for (body, status, code) in [
            (with("round_id", json!("nowhere")), 404, "round-not-found"),
            (with("round_id", json!("No Slug")), 400, "malformed"),
            (with("until", json!("2022-07-14T09:59:59+09:00")), 400, "malformed"),
            (with("until", json!("soon")), 400, "malformed"),
            (with("message", json!({"ko": "안내"})), 400, "malformed"),
            (with("message", json!({"ko": "안내", "en": ""})), 400, "malformed"),
            (with("message", json!({"ko": "안내", "en": "a\nb"})), 400, "malformed"),
            (with("message", json!({"ko": "안내", "en": "x".repeat(201)})), 400, "malformed"),
            (with("message", json!(["안내", "told"])), 400, "malformed"),
            (with("reason", json!("")), 400, "malformed"),
            (with("colour", json!("red")), 400, "malformed"),
        ] {
            let refused = app.operator.call("POST", NOTICES, Some(body)).await;
            expect(&refused, status, code, &json!({}));
        }
        for staff in [Role::Viewer, Role::Approver] {
            let refused = app.staff(staff).call("POST", NOTICES, Some(notice("never"))).await;
            expect(&refused, 403, "forbidden", &json!({}));
        }
        all_show(&app, &[]).await;
        for number in 0..4 {
            post(&app, notice(&format!("number {number}"))).await;
        }
        let refused = app.operator.call("POST", NOTICES, Some(notice("a fifth"))).await;
        expect(&refused, 409, "too-many-notices", &json!({}));
        let never = format!("{NOTICES}/0181f9a3-8f00-7a3c-9d1e-5b6f0c2a4e11");
        let refused = app.operator.call("DELETE", &never, None).await;
        expect(&refused, 404, "notice-not-found", &json!({}));
    });
}

fn suspended(feature: &str, from: &str, until: &str) -> Value {
    let day = |time: &str| format!("2022-07-14T{time}:00+09:00");
    let message = json!({"ko": "가입을 잠시 중단합니다", "en": "sign-up rests during the sale"});
    json!({"feature": feature, "from": day(from), "until": day(until), "message": message})
}

async fn put(app: &TestApp, list: Value) -> Value {
    let body = json!({"suspensions": list, "reason": "a test"});
    allowed(app.operator.call("PUT", SUSPENSIONS, Some(body)).await)
}

/// 003: sign-up and merchant search rest from 30 minutes before each half, for two hours.
#[test]
fn sign_up_rests_on_a_schedule_and_comes_back_by_itself() {
    on_stage(async {
        let app = TestApp::start_at("2022-07-14T09:29:00+09:00").await;
        app.operator.define("r1", &RoundForm::for_all(1_000_000)).await;
        let list = json!([
            suspended("sign_up", "09:30", "11:30"),
            suspended("merchant_search", "09:30", "11:30"),
            suspended("gifts", "10:00", "18:00")
        ]);
        let stands = put(&app, list.clone()).await;
        assert_eq!(stands["suspensions"].as_array().map(Vec::len), Some(3), "{stands}");
        let early = app.buyer("early");
        assert_eq!(early.sign_up().await.status, 201, "not before its time");
        app.clock.go_to("2022-07-14T09:30:00+09:00");
        let (ann, until) = (app.buyer("ann"), "2022-07-14T11:30:00+09:00");
        let refused = ann.sign_up().await;
        expect(&refused, 409, "suspended", &json!({"feature": "sign_up", "until": until}));
        assert_eq!(refused.json()["detail"], "sign-up rests during the sale");
        let after: i64 =
            refused.header("retry-after").and_then(|it| it.parse().ok()).expect("when");
        assert!((1..=3_700).contains(&after), "{after}");
        let korean = ann.sign_up_request("110").header("accept-language", "ko");
        assert_eq!(app.web.send(&korean).await.json()["detail"], "가입을 잠시 중단합니다");
        let of_round = async |app: &TestApp| {
            let round = allowed(app.web.send(&Request::new("GET", "/v1/rounds/r1")).await);
            let all = round["suspensions"].as_array().cloned().expect("a list");
            all.iter().map(|it| it["feature"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(of_round(&app).await, ["sign_up", "merchant_search"]);
        // Joining is no sign-up.
        app.operator.open("r1").await;
        assert!(app.buyer("early").join("r1").await.status < 300);
        let app = app.restart(Ending::Drop).await;
        expect(&app.buyer("ann").sign_up().await, 409, "suspended", &json!({"until": until}));
        app.clock.go_to("2022-07-14T11:30:00+09:00");
        assert_eq!(app.buyer("ann").sign_up().await.status, 201);
        assert_eq!(of_round(&app).await, ["gifts"]);
        assert_eq!(put(&app, json!([])).await["suspensions"], json!([]));
        assert_eq!(app.operator.log().await[0]["action"], "set-suspensions");
        app.stop().await.assert_clean();
    });
}

/// A level by load: in force while more people wait than it says, and well below it no more.
#[test]
fn a_level_switches_off_by_itself_and_on_again() {
    on_stage(async {
        let app = TestApp::start().await;
        let shut = RoundForm::for_all(1_000_000).inlet("mode", "shut");
        app.operator.define_open("r1", &shut).await;
        let mut level = suspended("sign_up", "09:00", "18:00");
        level["when_waiting_over"] = json!(4);
        put(&app, json!([level])).await;
        let mut crowd: Vec<_> = (0..5).map(|it| app.buyer(&format!("person-{it}"))).collect();
        for buyer in &mut crowd[..4] {
            allowed(buyer.join("r1").await);
        }
        assert_eq!(app.buyer("before").sign_up().await.status, 201);
        allowed(crowd[4].join("r1").await);
        let mut tries = 0;
        eventually::so("the level is reached", async || {
            tries += 1;
            app.buyer(&format!("try-{tries}")).sign_up().await.status == 409
        })
        .await;
        app.operator.set_inlet("r1", json!({"mode": "auto"})).await;
        eventually::so("nobody waits", async || app.buyer("after").sign_up().await.status < 300)
            .await;
    });
}

#[test]
fn a_list_that_makes_no_sense_is_refused_as_a_whole() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define("r1", &RoundForm::for_all(1_000_000)).await;
        let good = suspended("sign_up", "09:00", "18:00");
        put(&app, json!([good])).await;
        let with = |field: &str, value: Value| {
            let mut entry = suspended("gifts", "09:00", "18:00");
            entry[field] = value;
            json!([good, entry])
        };
        let mut of_sign_up = good.clone();
        of_sign_up["program_id"] = json!(CITYWIDE);
        for (list, status, code) in [
            (with("feature", json!("purchase")), 400, "malformed"),
            (with("until", json!("2022-07-14T09:00:00+09:00")), 400, "malformed"),
            (with("program_id", json!("nowhere")), 404, "program-not-found"),
            (with("program_id", json!("No Slug")), 400, "malformed"),
            (with("when_waiting_over", json!(-1)), 400, "malformed"),
            (with("message", json!("told")), 400, "malformed"),
            (with("for_ever", json!(true)), 400, "malformed"),
            (json!([of_sign_up]), 400, "malformed"),
            (json!(vec![good.clone(); 33]), 400, "malformed"),
            (json!([["sign_up"]]), 400, "malformed"),
        ] {
            let body = json!({"suspensions": list, "reason": "a test"});
            let refused = app.operator.call("PUT", SUSPENSIONS, Some(body)).await;
            expect(&refused, status, code, &json!({}));
        }
        let body = Some(json!({"suspensions": []}));
        let refused = app.operator.call("PUT", SUSPENSIONS, body).await;
        expect(&refused, 400, "malformed", &json!({}));
        let stands = allowed(app.staff(Role::Viewer).get(SUSPENSIONS).await);
        assert_eq!(stands["suspensions"].as_array().map(Vec::len), Some(1), "{stands}");
        let body = Some(json!({"suspensions": [], "reason": "a test"}));
        let refused = app.staff(Role::Viewer).call("PUT", SUSPENSIONS, body).await;
        expect(&refused, 403, "forbidden", &json!({}));
    });
}
