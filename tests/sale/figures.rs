//! What a round says of itself in metrics. Each test has a round of its own name: all servers of
//! this process share one recorder.

use crate::support::app::MORNING;
use crate::support::checks::metric;
use crate::support::staff::RoundForm;
use crate::support::{TestApp, allowed, eventually, on_stage};
use serde_json::json;

/// Before the windows open, which is at `MORNING`.
const LOBBY: &str = "2022-07-14T09:35:00+09:00";

/// A metric of this round, with its last label; none before the round was first looked at.
async fn of(app: &TestApp, name: &str, round: &str, label: &str) -> Option<f64> {
    let text = app.operator.metrics().await;
    let start = format!("{name}{{program=\"seoul-citywide\",round=\"{round}\"{label}}} ");
    text.lines().any(|line| line.starts_with(&start)).then(|| metric(&text, &start))
}

/// Exactly this state reads one.
async fn state_is(app: &TestApp, round: &str, state: &str) {
    eventually::so(&format!("the metrics say {state}"), async || {
        let all = ["draft", "scheduled", "lobby", "open", "paused", "sold_out", "closed"];
        for one in all {
            let label = format!(",state=\"{one}\"");
            let is_one = of(app, "openrun_round_state", round, &label).await;
            if is_one != Some(f64::from(u8::from(one == state))) {
                return false;
            }
        }
        true
    })
    .await;
}

#[test]
fn the_state_of_a_round_and_its_notices_are_metrics() {
    on_stage(async {
        let round = "told-in-figures";
        let app = TestApp::start().await;
        app.operator.define(round, &RoundForm::for_all(1_000_000)).await;
        state_is(&app, round, "draft").await;
        app.operator.open(round).await;
        state_is(&app, round, "open").await;
        app.operator.pause(round).await;
        state_is(&app, round, "paused").await;
        assert_eq!(of(&app, "openrun_round_notices", round, "").await, Some(0.0));
        let message = json!({"ko": "잠시 멈췄습니다", "en": "paused for a moment"});
        let notice = json!({"round_id": round, "message": message, "reason": "a test"});
        allowed(app.operator.call("POST", "/v1/admin/notices", Some(notice)).await);
        eventually::so("the notice is counted", async || {
            of(&app, "openrun_round_notices", round, "").await == Some(1.0)
        })
        .await;
        app.operator.resume(round).await;
        app.operator.close(round).await;
        state_is(&app, round, "closed").await;
        let causes = [",cause=\"store\"", ",cause=\"payment\""];
        for cause in causes {
            assert_eq!(of(&app, "openrun_round_interrupted", round, cause).await, Some(0.0));
        }
    });
}

#[test]
fn a_draw_that_waits_for_a_share_is_due_until_it_is_drawn() {
    on_stage(async {
        let round = "drawn-in-figures";
        let app = TestApp::start_at(LOBBY).await;
        let shares = json!([{"name": "beacon", "source": "drand quicknet round 12345678"}]);
        let order = json!({"draw": {"shares": shares, "shares_within_s": 3_600}});
        app.operator.define(round, &RoundForm::for_all(1_000_000).with("order", order)).await;
        allowed(app.operator.step(round, "schedule").await);
        allowed(app.buyer("ann").sign_up().await);
        allowed(app.buyer("ann").join(round).await);
        state_is(&app, round, "lobby").await;
        assert_eq!(of(&app, "openrun_round_draws_due", round, "").await, Some(0.0));
        app.clock.go_to(MORNING);
        eventually::so("the draw is due", async || {
            of(&app, "openrun_round_draws_due", round, "").await == Some(1.0)
        })
        .await;
        let given = json!({"name": "beacon", "value": "0102", "reason": "a test"});
        let path = format!("/v1/admin/rounds/{round}/draw/shares");
        eventually::so("the share is taken", async || {
            app.operator.call("POST", &path, Some(given.clone())).await.status < 300
        })
        .await;
        eventually::so("nothing is due", async || {
            of(&app, "openrun_round_draws_due", round, "").await == Some(0.0)
        })
        .await;
    });
}
