//! Opening by two persons, where the round says so.

use crate::support::app::Ending;
use crate::support::staff::RoundForm;
use crate::support::{Operator, TestApp, allowed, checks, eventually, expect, on_stage};
use openrun::trust::Role;
use serde_json::{Value, json};

fn form() -> RoundForm {
    RoundForm::for_all(400_000).with("opening", json!("two_persons"))
}

async fn state(app: &TestApp) -> String {
    app.operator.figures("r1").await["state"].as_str().unwrap_or_default().to_owned()
}

/// S10: an operator asks, an approver who is somebody else confirms; neither does it alone, however
/// often, and whoever kills the server between them kills no ask.
#[test]
fn s10_a_round_that_says_so_is_opened_by_two_persons_and_no_one_alone() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define("r1", &form()).await;
        assert_eq!(app.operator.figures("r1").await["opening"], "two_persons");
        let second = app.staff_named("second", Role::Approver);
        let nothing = second.step("r1", "open").await;
        expect(&nothing, 404, "ask-not-found", &Value::Null);
        let reason = json!({"reason": "a test"});
        let tried = "/v1/admin/rounds/r1/open?dry_run=true";
        let tried = allowed(app.operator.call("POST", tried, Some(reason)).await);
        assert_eq!(tried["changes"], json!([{"field": "opening_ask", "from": null, "to": "open"}]));
        for _ in 0..2 {
            let asked = app.operator.step("r1", "open").await;
            assert_eq!((asked.status, state(&app).await.as_str()), (202, "draft"), "{asked:?}");
            let ask = asked.json()["opening_ask"].clone();
            assert_eq!((&ask["step"], &ask["asked_by"]), (&json!("open"), &json!("tester")));
        }
        let other = app.staff_named("other", Role::Operator).step("r1", "schedule").await;
        expect(&other, 409, "ask-pending", &Value::Null);
        let own = app.staff(Role::Approver).step("r1", "open").await;
        expect(&own, 403, "second-person-required", &Value::Null);
        let viewer = app.staff(Role::Viewer).step("r1", "open").await;
        expect(&viewer, 403, "forbidden", &Value::Null);
        let app = app.restart(Ending::Drop).await;
        let second = app.staff_named("second", Role::Approver);
        let opened = second.step("r1", "open").await;
        assert_eq!((opened.status, &opened.json()["state"]), (200, &json!("open")));
        assert!(opened.json()["opening_ask"].is_null());
        // Only opening takes two; and who confirms does nothing else.
        app.operator.pause("r1").await;
        expect(&second.step("r1", "resume").await, 403, "forbidden", &Value::Null);
        app.operator.resume("r1").await;
        let mut ann = app.buyer("ann");
        ann.buy_through("r1", "ann-1", 300_000).await;
        let log = app.operator.log().await;
        let said =
            |entry: &Value| ["actor", "action"].map(|it| entry[it].as_str().map(str::to_owned));
        let opening: Vec<_> =
            log.iter().map(said).filter(|it| it[1].as_deref() == Some("open")).collect();
        let who: Vec<_> = opening.iter().filter_map(|it| it[0].as_deref()).collect();
        assert_eq!(who, ["second", "tester", "tester"], "each stands in the log: {log:?}");
        checks::stop_clean(app, 300_000).await;
    });
}

#[test]
fn what_two_have_scheduled_the_clock_opens_and_no_one_changes_alone() {
    on_stage(async {
        let app = TestApp::start().await;
        let (opens, closes) = ("2022-07-14T12:00:00+09:00", "2022-07-14T22:00:00+09:00");
        let form = form().times(opens, closes);
        app.operator.define("r1", &form).await;
        let by_one = form.clone().with("opening", json!("one_person"));
        let weaker = app.operator.put_round("r1", &by_one).await;
        expect(&weaker, 403, "second-person-required", &Value::Null);
        let left_out = form.clone().with("opening", Value::Null);
        let weaker = app.operator.put_round("r1", &left_out).await;
        expect(&weaker, 403, "second-person-required", &Value::Null);
        assert_eq!(app.operator.step("r1", "schedule").await.status, 202);
        // Another definition than the one that was asked for: ask again.
        allowed(app.operator.put_round("r1", &form).await);
        let second = app.staff_named("second", Role::Approver);
        expect(&second.step("r1", "schedule").await, 404, "ask-not-found", &Value::Null);
        assert_eq!(app.operator.step("r1", "schedule").await.status, 202);
        assert_eq!(allowed(second.step("r1", "schedule").await)["state"], "scheduled");
        let changed = app.operator.put_round("r1", &form).await;
        expect(&changed, 409, "wrong-state", &json!({"state": "scheduled"}));
        app.clock.go_to(opens);
        eventually::so("the clock opens it", async || state(&app).await == "open").await;
        checks::stop_clean(app, 0).await;
    });
}

#[test]
fn where_one_person_is_enough_nothing_is_otherwise() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define("r1", &RoundForm::for_all(400_000)).await;
        let figures = app.operator.figures("r1").await;
        assert_eq!(
            (&figures["opening"], &figures["opening_ask"]),
            (&json!("one_person"), &Value::Null)
        );
        let approver: Operator = app.staff_named("second", Role::Approver);
        for step in ["schedule", "open"] {
            expect(&approver.step("r1", step).await, 403, "forbidden", &Value::Null);
            assert_eq!(app.operator.step("r1", step).await.status, 200);
        }
        checks::stop_clean(app, 0).await;
    });
}
