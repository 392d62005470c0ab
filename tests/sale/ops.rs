//! The ops listener: who may do what, what is written down, what is measured; and that none of it
//! is to be had on the public one.

use crate::support::staff::{CITYWIDE, RoundForm, citywide_rules};
use crate::support::{
    Operator, Request, TestApp, allowed, alone, eventually, expect, join_all, on_stage,
};
use openrun::trust::Role;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Every call of the admin API with a good body, and whether it changes something.
fn admin_calls() -> Vec<(&'static str, &'static str, Option<Value>, bool)> {
    let name = json!({"ko": "시험", "en": "Test"});
    let program = json!({"name": name, "issuer": "seoul", "rules": citywide_rules()});
    let reason = || Some(json!({"reason": "a test"}));
    let inlet = json!({"rate_per_s": 14.6, "reason": "a test"});
    let notice = json!({"round_id": "r1", "message": name, "reason": "a test"});
    let suspensions = json!({"suspensions": [], "reason": "a test"});
    vec![
        ("PUT", "/v1/admin/programs/seoul-citywide", Some(program), true),
        ("PUT", "/v1/admin/rounds/r1", Some(RoundForm::for_all(1_000_000).0), true),
        ("POST", "/v1/admin/rounds/r1/schedule", reason(), true),
        ("POST", "/v1/admin/rounds/r1/open", reason(), true),
        ("PATCH", "/v1/admin/rounds/r1/inlet", Some(inlet), true),
        ("POST", "/v1/admin/rounds/r1/pause", reason(), true),
        ("POST", "/v1/admin/rounds/r1/resume", reason(), true),
        ("POST", "/v1/admin/rounds/r1/close", reason(), true),
        ("POST", "/v1/admin/notices", Some(notice), true),
        ("PUT", "/v1/admin/suspensions", Some(suspensions), true),
        ("GET", "/v1/admin/suspensions", None, false),
        ("GET", "/v1/admin/channels", None, false),
        ("GET", "/v1/admin/rounds/r1", None, false),
        ("GET", "/v1/admin/rounds", None, false),
        ("GET", "/v1/admin/log", None, false),
    ]
}

#[test]
fn only_operators_change_and_all_staff_may_look() {
    on_stage(async {
        let app = TestApp::start().await;
        let nobody =
            Operator { token: app.token("ann", "seoul-pay", "1991-03-01"), ..app.operator.clone() };
        let other = TestApp::start().await;
        let foreign = Operator { token: other.operator.token.clone(), ..app.operator.clone() };
        let (viewer, approver) = (app.staff(Role::Viewer), app.staff(Role::Approver));
        for (method, path, body, changes) in admin_calls() {
            for stranger in [&nobody, &foreign] {
                let answer = stranger.call(method, path, body.clone()).await;
                expect(&answer, 401, "unauthenticated", &Value::Null);
            }
            for staff in [&viewer, &approver] {
                let answer = staff.call(method, path, body.clone()).await;
                match changes {
                    true => expect(&answer, 403, "forbidden", &Value::Null),
                    false => assert_eq!(answer.status, 200, "{method} {path}: {answer:?}"),
                }
            }
            let answer = app.operator.call(method, path, body).await;
            assert!(answer.status < 300, "{method} {path}: {answer:?}");
        }
    });
}

#[test]
fn the_log_holds_every_change_with_who_what_and_why() {
    on_stage(async {
        let app = TestApp::start().await;
        for (method, path, body, _) in admin_calls() {
            let answer = app.operator.call(method, path, body).await;
            assert!(answer.status < 300, "{method} {path}: {answer:?}");
        }
        let refused = app.operator.step("r1", "open").await;
        expect(&refused, 409, "wrong-state", &json!({"state": "closed"}));
        let entries = app.operator.log().await;
        let mut written: Vec<(&str, &str)> = Vec::new();
        for entry in entries.iter().rev() {
            assert_eq!((&entry["actor"], &entry["role"]), (&json!("tester"), &json!("operator")));
            assert!(entry["at"].is_string() && entry["reason"].is_string(), "{entry}");
            let word = |field: &str| entry[field].as_str().unwrap_or_default();
            written.push((word("action"), word("target")));
        }
        // Of another stream: where two are of the same millisecond their order says nothing.
        let is_of_program = |(action, _): &(&str, &str)| *action != "set-suspensions";
        assert!(written.contains(&("set-suspensions", "suspensions")), "{written:?}");
        written.retain(is_of_program);
        let of_round = ["put-round", "schedule", "open", "set-inlet", "pause", "resume", "close"];
        let mut want = vec![("put-program", CITYWIDE)];
        want.extend(of_round.map(|action| (action, "r1")));
        want.push(("post-notice", "r1"));
        assert_eq!(written, want);
        assert!(entries.iter().filter(|entry| entry["reason"] == "a test").count() >= 6);
        // A page at a time gives the same.
        let first = allowed(app.operator.get("/v1/admin/log?limit=3").await);
        assert_eq!(first["entries"], Value::from(entries[..3].to_vec()));
        let next = first["next_cursor"].as_str().expect("there is more");
        let next =
            allowed(app.operator.get(&format!("/v1/admin/log?limit=100&cursor={next}")).await);
        assert_eq!(next["entries"], Value::from(entries[3..].to_vec()));
        assert!(next["next_cursor"].is_null());
    });
}

#[test]
fn health_readiness_and_version_are_told_to_anybody_at_the_ops_listener() {
    on_stage(async {
        let app = TestApp::start().await;
        let web = &app.operator.web;
        let get = async |path: &str| allowed(web.send(&Request::new("GET", path)).await);
        assert_eq!(get("/healthz").await, json!({"status": "ok"}));
        let ready = json!({"status": "ready", "reasons": [], "warnings": []});
        assert_eq!(get("/readyz").await, ready);
        assert_eq!(get("/version").await["version"], env!("CARGO_PKG_VERSION"));
        app.engine.stop().await;
        let stopping = web.send(&Request::new("GET", "/readyz")).await;
        assert_eq!((stopping.status, stopping.json()["status"].clone()), (503, json!("not_ready")));
        assert_eq!(get("/healthz").await, json!({"status": "ok"}), "alive all the same");
    });
}

/// S20.
#[test]
fn the_public_listener_knows_nothing_of_operators() {
    on_stage(async {
        let app = TestApp::start().await;
        let public = Operator { web: app.web.clone(), token: app.operator.token.clone() };
        let mut calls = admin_calls();
        for path in ["/metrics", "/healthz", "/readyz", "/version", "/v1/admin", "/v1/admin/"] {
            calls.push(("GET", path, None, false));
        }
        for path in ["//metrics", "/v1/../metrics", "/v1/%61dmin/log", "/V1/ADMIN/LOG"] {
            calls.push(("GET", path, None, false));
        }
        for (method, path, body, _) in calls {
            let answer = public.call(method, path, body).await;
            expect(&answer, 404, "not-found", &Value::Null);
        }
        let ann = app.buyer("ann");
        let strayed = crate::support::Buyer { web: app.operator.web.clone(), ..ann };
        assert_eq!(strayed.sign_up().await.status, 404, "nor the other way round");
    });
}

#[test]
fn the_watermark_is_the_same_bytes_for_all_and_cheap_to_ask_for_again() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let request = Request::new("GET", "/v1/rounds/r1/watermark");
        let (mut quick, mut unchanged) = (0, 0);
        // Only what is asked again before it is made anew can be the same.
        while quick < 20 {
            let began = Instant::now();
            let first = app.web.send(&request).await;
            assert_eq!(first.status, 200);
            assert_eq!(
                first.header("cache-control"),
                Some("public, max-age=1, stale-while-revalidate=1, stale-if-error=600")
            );
            let etag = first.header("etag").expect("it has a version").to_owned();
            assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
            let ann = request.clone().bearer(&app.buyer("ann").token);
            let again = app.web.send(&ann).await;
            let same = again.header("etag") == Some(&etag);
            assert!(!same || again.body == first.body, "one version, two bodies");
            let known = app.web.send(&request.clone().header("if-none-match", &etag)).await;
            let is_quick = began.elapsed() < Duration::from_millis(100);
            quick += u32::from(is_quick);
            if known.status == 304 {
                assert_eq!((known.body.len(), known.header("etag")), (0, Some(etag.as_str())));
                assert_eq!(
                    known.header("cache-control"),
                    Some("public, max-age=1, stale-while-revalidate=1, stale-if-error=600")
                );
                unchanged += u32::from(is_quick);
            }
            let other = request.clone().header("if-none-match", "\"0-0\"");
            assert_eq!(app.web.send(&other).await.status, 200);
        }
        assert!(unchanged >= 10, "{unchanged} of 20: it is remade more often than every 200 ms");
    });
}

/// S20.
#[test]
fn a_thousand_people_add_no_series() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(100_000_000)).await;
        let mut first = app.buyer("somebody-first");
        first.buy_through("r1", "canary-key", 10_000).await;
        let before = series(&app.operator.metrics().await);
        let crowd = (0..1_000).map(|person| {
            let mut buyer = app.buyer(&format!("somebody-{person}"));
            async move {
                allowed(buyer.sign_up().await);
                allowed(buyer.join("r1").await);
            }
        });
        join_all(crowd).await;
        eventually::so("a thousand are counted", async || {
            let figures = app.operator.figures("r1").await;
            figures["last_number"].as_u64() == Some(1_001)
        })
        .await;
        let text = app.operator.metrics().await;
        for word in ["somebody-", "canary"] {
            assert!(!text.contains(word), "{word} stands in a label");
        }
        let after = series(&text);
        for (name, labels) in &after {
            let of_one = labels.iter().map(|it| it.split("le=").next()).collect::<BTreeSet<_>>();
            assert!(of_one.len() < 200, "{name} has {} series", of_one.len());
            let new = before.get(name).map_or(labels.len(), |old| labels.difference(old).count());
            assert!(new <= 40, "{name} grew by {new} series");
        }
    });
}

/// The labels of every series, by the name of the metric.
fn series(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (head, _) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = head.split_once('{').unwrap_or((head, ""));
        all.entry(name.to_owned()).or_default().insert(labels.to_owned());
    }
    assert!(all.len() > 20, "these are not the metrics: {text}");
    all
}
