//! Two operators, one round: who acts on what somebody else has changed meanwhile is told so and
//! changes nothing (`ETag`, `If-Match`); who says nothing of it acts as ever. F-numbers are those
//! of `docs/failure-modes.md`.

use crate::support::app::Ending;
use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{
    Answer, Operator, Request, TestApp, allowed, checks, expect, join_all, on_stage,
};
use openrun::trust::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ROUND: &str = "/v1/admin/rounds/r1";

/// A call under the condition that this is what stands.
async fn call_if(
    staff: &Operator,
    (method, path): (&'static str, &str),
    tag: &str,
    body: Option<Value>,
) -> Answer {
    let request = Request::new(method, path).bearer(&staff.token).header("if-match", tag);
    let request = body.iter().fold(request, |request, body| request.json(body));
    staff.web.send(&request).await
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap_or_else(|| panic!("no ETag: {answer:?}")).to_owned()
}

async fn tag_of(app: &TestApp, path: &str) -> String {
    tag(&app.operator.get(path).await)
}

/// A round that the clock does not open while a test acts on it.
fn form(stock_won: i64) -> RoundForm {
    let form = RoundForm::for_all(stock_won);
    form.times("2022-07-14T12:00:00+09:00", "2022-07-14T22:00:00+09:00")
}

/// Every call that changes a round, with a good body, in an order in which each can be done.
fn changes() -> Vec<(&'static str, String, Value)> {
    let reason = || json!({"reason": "a test"});
    let step = |step: &str| ("POST", format!("{ROUND}/{step}"), reason());
    let name = json!({"ko": "시험", "en": "Test"});
    let notice = json!({"round_id": "r1", "message": name, "reason": "a test"});
    let inlet = |mode: &str| {
        let body = json!({"rate_per_s": 14.6, "mode": mode, "reason": "a test"});
        ("PATCH", format!("{ROUND}/inlet"), body)
    };
    let people = json!({"people": 10, "reason": "a test"});
    let stock = json!({"change_won": 10_000, "reason": "a test"});
    vec![
        ("PUT", ROUND.to_owned(), form(400_000).0),
        step("schedule"),
        step("open"),
        inlet("manual"),
        ("POST", format!("{ROUND}/inlet/steps"), people),
        ("POST", "/v1/admin/notices".to_owned(), notice),
        ("POST", format!("{ROUND}/stock"), stock),
        step("pause"),
        step("resume"),
        step("close"),
    ]
}

/// S35.
#[test]
fn who_acts_on_an_old_version_is_told_so_and_changes_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define("r1", &form(400_000)).await;
        let mut old = tag_of(&app, ROUND).await;
        // Another operator was faster.
        allowed(app.operator.put_round("r1", &form(500_000)).await);
        for (method, path, body) in changes() {
            let before = app.operator.figures("r1").await;
            let entries = app.operator.log().await.len();
            for stale in [old.as_str(), "\"0\"", "W/\"2\"", "x", ""] {
                let call = (method, path.as_str());
                let refused = call_if(&app.operator, call, stale, Some(body.clone())).await;
                expect(&refused, 412, "version-changed", &Value::Null);
            }
            let after = app.operator.figures("r1").await;
            let same = ["version", "state", "stock_won", "inlet", "notices", "stock_ask"];
            for field in same {
                assert_eq!(after[field], before[field], "{field} after {path}");
            }
            assert_eq!(app.operator.log().await.len(), entries, "{path}");
            let current = tag_of(&app, ROUND).await;
            assert_eq!(current, format!("\"{}\"", after["version"]), "the body says the same");
            let list = format!("\"77777\", {current}");
            let done = call_if(&app.operator, (method, &path), &list, Some(body)).await;
            assert!(done.status < 300, "{path}: {done:?}");
            assert_ne!(tag(&done), current, "{path}");
            assert_eq!(tag(&done), tag_of(&app, ROUND).await, "{path} answers with what stands");
            old = current;
        }
        // A restart knows the same version.
        let stands = tag_of(&app, ROUND).await;
        let app = app.restart(Ending::Drop).await;
        assert_eq!(tag_of(&app, ROUND).await, stands);
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn a_dry_run_and_a_second_person_are_held_to_what_they_saw_too() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let reason = Some(json!({"reason": "a test"}));
        let stock = Some(json!({"change_won": 10_000, "reason": "a test"}));
        let asked = app.operator.call("POST", &format!("{ROUND}/stock"), stock).await;
        let (seen, path) = (tag(&asked), asked.header("location").expect("a place").to_owned());
        let (tried, confirm) = (format!("{ROUND}/pause?dry_run=true"), format!("{path}/confirm"));
        let second = app.staff_named("second", Role::Approver);
        let dry = call_if(&app.operator, ("POST", &tried), &seen, reason.clone()).await;
        assert_eq!((dry.status, tag(&dry)), (200, seen.clone()), "nothing has moved");
        app.operator.pause("r1").await;
        for (staff, path) in [(&app.operator, &tried), (&second, &confirm)] {
            let refused = call_if(staff, ("POST", path), &seen, reason.clone()).await;
            expect(&refused, 412, "version-changed", &Value::Null);
        }
        let now = tag_of(&app, ROUND).await;
        allowed(call_if(&second, ("POST", &confirm), &now, reason).await);
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn programs_and_the_list_of_suspensions_have_versions_of_their_own() {
    on_stage(async {
        let app = TestApp::start().await;
        let program = format!("/v1/admin/programs/{CITYWIDE}");
        let name = json!({"ko": "시험", "en": "Test"});
        let body = json!({"name": name, "issuer": "seoul", "rules": citywide_rules()});
        let put = ("PUT", program.as_str());
        let nothing = call_if(&app.operator, put, "*", Some(body.clone())).await;
        expect(&nothing, 412, "version-changed", &Value::Null);
        let created = app.operator.call("PUT", &program, Some(body.clone())).await;
        assert_eq!((created.status, tag(&created)), (201, "\"1\"".to_owned()));
        let changed = call_if(&app.operator, put, "*", Some(body.clone())).await;
        assert_eq!((changed.status, tag(&changed)), (200, "\"2\"".to_owned()));
        let stale = call_if(&app.operator, put, "\"1\"", Some(body)).await;
        expect(&stale, 412, "version-changed", &Value::Null);
        let app = app.restart(Ending::Drop).await;
        let shown = app.staff(Role::Viewer).get(&program).await;
        assert_eq!((tag(&shown), &shown.json()["version"]), ("\"2\"".to_owned(), &json!(2)));
        assert_eq!(shown.json()["rules"]["monthly_limit_won"], 400_000);
        let all = allowed(app.staff(Role::Viewer).get("/v1/admin/programs").await);
        assert_eq!(all["programs"], json!([shown.json()]));
        let nowhere = app.operator.get("/v1/admin/programs/nowhere").await;
        expect(&nowhere, 404, "program-not-found", &Value::Null);

        let suspensions = "/v1/admin/suspensions";
        let put = ("PUT", suspensions);
        let empty = tag_of(&app, suspensions).await;
        let one =
            json!({"feature": "gifts", "until": "2099-01-01T00:00:00+09:00", "message": name});
        let list = json!({"suspensions": [one], "reason": "a test"});
        let put_one = call_if(&app.operator, put, &empty, Some(list.clone())).await;
        assert_eq!(put_one.status, 200, "{put_one:?}");
        assert_eq!(tag(&put_one), format!("\"{}\"", put_one.json()["version"]));
        let lost = call_if(&app.operator, put, &empty, Some(list)).await;
        expect(&lost, 412, "version-changed", &Value::Null);
        assert_eq!(tag_of(&app, suspensions).await, tag(&put_one));
    });
}

/// S35, F34: fifty operators who all act on what they see: of those who saw the same version one
/// wins, and what the log tells, in its order, is what the round came to.
#[test]
fn f34_fifty_operators_at_once_one_wins_for_each_version_and_the_log_tells_the_whole_story() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let before = app.operator.log().await.len();
        let first = app.operator.figures("r1").await["version"].as_u64().expect("a version");
        let acting = (0..50_u64).map(|number| {
            let staff = app.staff_named(&format!("operator-{number}"), Role::Operator);
            async move {
                let mut won = Vec::new();
                for attempt in 0..3 {
                    let figures = staff.figures("r1").await;
                    let tag = format!("\"{}\"", figures["version"]);
                    let rate = json!({"rate_per_s": 1 + number * 3 + attempt, "reason": "a test"});
                    let reason = json!({"reason": "a test"});
                    let step = if figures["state"] == "paused" { "resume" } else { "pause" };
                    let (method, path, body) = match number % 2 {
                        0 => ("PATCH", format!("{ROUND}/inlet"), rate),
                        _ => ("POST", format!("{ROUND}/{step}"), reason),
                    };
                    let answer = call_if(&staff, (method, &path), &tag, Some(body)).await;
                    match answer.status {
                        200 => won.push((tag, answer.json()["version"].as_u64())),
                        _ => expect(&answer, 412, "version-changed", &Value::Null),
                    }
                }
                won
            }
        });
        let won: Vec<_> = join_all(acting).await.into_iter().flatten().collect();
        let versions: BTreeSet<&str> = won.iter().map(|(tag, _)| tag.as_str()).collect();
        assert_eq!(versions.len(), won.len(), "one wins for each version: {won:?}");
        assert!(!won.is_empty() && won.len() < 150, "{} won", won.len());
        let figures = app.operator.figures("r1").await;
        assert_eq!(figures["version"], first + won.len() as u64, "and nothing else moved it");
        let log = app.operator.log().await;
        assert_eq!(log.len() - before, won.len().min(100 - before), "each stands in the log once");
        // Told in its order, the log ends where the round does, and never repeats a step.
        let steps = log.iter().rev().filter_map(|entry| entry["action"].as_str());
        let steps: Vec<&str> = steps.filter(|it| ["pause", "resume"].contains(it)).collect();
        assert!(steps.windows(2).all(|pair| pair[0] != pair[1]), "{steps:?}");
        let ends = if steps.last() == Some(&"pause") { "paused" } else { "open" };
        assert_eq!(figures["state"], ends, "{steps:?}");
        let app = app.restart(Ending::Drop).await;
        let again = app.operator.figures("r1").await;
        for field in ["version", "state", "inlet"] {
            assert_eq!(again[field], figures[field], "{field} after a restart");
        }
        checks::stop_clean(app, 0).await;
    });
}
