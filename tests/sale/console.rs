//! What the operator's console stands on: stock by two persons, dry runs, a purchase looked up for
//! a reason, and live figures as events.

use crate::support::app::Ending;
use crate::support::staff::RoundForm;
use crate::support::{
    Operator, Request, Stream, TestApp, allowed, alone, checks, eventually, expect, on_stage,
};
use openrun::trust::Role;
use serde_json::{Value, json};

const STOCK: &str = "/v1/admin/rounds/r1/stock";

fn change(won: i64) -> Value {
    json!({"change_won": won, "reason": "a test"})
}

async fn post(staff: &Operator, path: &str, body: Value) -> crate::support::Answer {
    staff.call("POST", path, Some(body)).await
}

/// Asks, and answers with the path of the ask.
async fn asked(app: &TestApp, won: i64) -> String {
    let answer = post(&app.operator, STOCK, change(won)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let body = answer.json();
    assert_eq!((&body["change_won"], &body["asked_by"]), (&json!(won), &json!("tester")));
    assert_eq!(body["window_id"], "all", "the only one need not be named");
    let path = answer.header("location").expect("it says where").to_owned();
    assert_eq!(path, format!("{STOCK}/{}", body["id"].as_str().expect("an id")));
    path
}

async fn stock(app: &TestApp) -> (i64, i64) {
    let figures = app.operator.figures("r1").await;
    let won = |field: &str| figures[field].as_i64().expect("won");
    assert_eq!(won("sold_won") + won("held_won") + won("left_won"), won("stock_won"), "OR-1");
    (won("stock_won"), won("left_won"))
}

/// S10.
#[test]
fn stock_changes_when_a_second_person_confirms_and_not_before() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut ann = app.buyer("ann");
        ann.buy_through("r1", "ann-1", 300_000).await;
        checks::sold_is(&app, "r1", 300_000).await;
        let reason = json!({"reason": "as agreed"});
        let path = asked(&app, 500_000).await;
        assert_eq!(stock(&app).await, (400_000, 100_000), "nothing changes by asking");
        let figures = app.operator.figures("r1").await;
        assert_eq!(figures["stock_ask"]["change_won"], 500_000);
        let confirm = format!("{path}/confirm");
        for (staff, status, code) in [
            (app.operator.clone(), 403, "forbidden"),
            (app.staff(Role::Viewer), 403, "forbidden"),
            (app.staff(Role::Approver), 403, "second-person-required"),
        ] {
            let refused = post(&staff, &confirm, reason.clone()).await;
            expect(&refused, status, code, &Value::Null);
        }
        let again = post(&app.operator, STOCK, change(10_000)).await;
        expect(&again, 409, "ask-pending", &Value::Null);
        let second = app.staff_named("second", Role::Approver);
        let stands = allowed(post(&second, &confirm, reason.clone()).await);
        assert_eq!((&stands["stock_won"], &stands["left_won"]), (&json!(900_000), &json!(600_000)));
        assert!(stands["stock_ask"].is_null());
        // Whoever lost the answer asks again and hears it again; nothing is added twice.
        let twice = allowed(post(&second, &confirm, reason.clone()).await);
        assert_eq!((&twice["stock_won"], &twice["version"]), (&json!(900_000), &stands["version"]));
        let changed_mind = post(&second, &format!("{path}/refuse"), reason.clone()).await;
        expect(&changed_mind, 404, "ask-not-found", &Value::Null);
        let own = post(&app.staff(Role::Approver), &confirm, reason).await;
        expect(&own, 403, "second-person-required", &Value::Null);
        // What is new can be bought, and every rule of the store holds.
        let mut bob = app.buyer("bob");
        bob.buy_through("r1", "bob-1", 400_000).await;
        let log = app.operator.log().await;
        let of_stock: Vec<_> = log.iter().filter(|entry| is_of_stock(entry)).collect();
        let said = |entry: &Value| {
            ["actor", "role", "action", "target", "reason"].map(|field| entry[field].clone())
        };
        assert_eq!(
            of_stock.iter().map(|entry| said(entry)).collect::<Vec<_>>(),
            [
                ["second", "approver", "confirm-stock", "r1", "as agreed"],
                ["second", "approver", "confirm-stock", "r1", "all +500000 won: as agreed"],
                ["tester", "operator", "ask-stock", "r1", "all +500000 won: a test"],
            ]
            .map(|words| words.map(Value::from))
        );
        checks::stop_clean(app, 700_000).await;
    });
}

fn is_of_stock(entry: &Value) -> bool {
    entry["action"].as_str().is_some_and(|action| action.ends_with("-stock"))
}

#[test]
fn stock_never_falls_below_what_is_sold_and_a_restart_forgets_no_ask() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut ann = app.buyer("ann");
        ann.buy_through("r1", "ann-1", 300_000).await;
        checks::sold_is(&app, "r1", 300_000).await;
        let too_much = post(&app.operator, STOCK, change(-110_000)).await;
        expect(&too_much, 409, "insufficient-stock", &json!({"remaining_won": 100_000}));
        for wrong in [change(0), change(5), json!({"change_won": 10_000}), json!({"reason": "x"})] {
            let refused = post(&app.operator, STOCK, wrong).await;
            expect(&refused, 400, "malformed", &Value::Null);
        }
        let path = asked(&app, -100_000).await;
        // Whoever kills the server kills no ask, and no answer.
        let app = app.restart(Ending::Drop).await;
        assert_eq!(stock(&app).await, (400_000, 100_000));
        let second = app.staff_named("second", Role::Approver);
        let body = json!({"reason": "as agreed"});
        allowed(post(&second, &format!("{path}/confirm"), body.clone()).await);
        let app = app.restart(Ending::Drop).await;
        assert_eq!(stock(&app).await, (300_000, 0));
        eventually::so("nothing is left", async || {
            app.operator.figures("r1").await["state"] == "sold_out"
        })
        .await;
        let path = asked(&app, 50_000).await;
        let second = app.staff_named("second", Role::Approver);
        allowed(post(&second, &format!("{path}/refuse"), body.clone()).await);
        let path = asked(&app, 50_000).await;
        allowed(post(&app.operator, &format!("{path}/refuse"), body.clone()).await);
        assert_eq!(stock(&app).await, (300_000, 0));
        let path = asked(&app, 50_000).await;
        app.clock.advance(60 * 60 * 1_000);
        let (second, confirm) = (app.staff_named("second", Role::Approver), path + "/confirm");
        let late = post(&second, &confirm, body).await;
        expect(&late, 404, "ask-not-found", &Value::Null);
        checks::stop_clean(app, 300_000).await;
    });
}

/// The changes that a dry run tells of, as `field: from > to`.
fn told(answer: &Value) -> Vec<String> {
    assert_eq!(answer["dry_run"], true, "{answer}");
    let changes = answer["changes"].as_array().expect("a list");
    let word = |it: &Value| format!("{}: {} > {}", it["field"], it["from"], it["to"]);
    changes.iter().map(|it| word(it).replace('"', "")).collect()
}

#[test]
fn a_dry_run_tells_what_would_happen_and_changes_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        let form = RoundForm::for_all(400_000);
        let form = form.times("2022-07-14T12:00:00+09:00", "2022-07-14T22:00:00+09:00");
        app.operator.define("r1", &form).await;
        let reason = json!({"reason": "a test"});
        let entries = app.operator.log().await.len();
        let path = |step: &str| format!("/v1/admin/rounds/r1/{step}?dry_run=true");
        let step =
            async |step: &str| app.operator.call("POST", &path(step), Some(reason.clone())).await;
        let opened = told(&allowed(step("open").await));
        assert_eq!(opened, ["state: draft > open", "windows.all.phase: ahead > open"]);
        expect(&step("resume").await, 409, "wrong-state", &json!({"state": "draft"}));
        assert_eq!(app.operator.figures("r1").await["state"], "draft");
        let really = app.operator.step("r1", "schedule?dry_run=false").await;
        assert_eq!(allowed(really)["state"], "scheduled");
        app.operator.open("r1").await;
        let inlet = json!({"rate_per_s": 14.6, "max_active": 100_000});
        let inlet = app.operator.call("PATCH", &path("inlet"), Some(inlet)).await;
        let rates = told(&allowed(inlet));
        assert_eq!(rates, ["inlet.rate_per_s: 100000.0 > 14.6"], "what stays is left out");
        let stock = told(&allowed(post(&app.operator, &path("stock"), change(-400_000)).await));
        let want = ["windows.all.stock_won: 400000 > 0", "windows.all.left_won: 400000 > 0"];
        assert_eq!(stock, want);
        let refused = post(&app.operator, &path("stock"), change(-410_000)).await;
        expect(&refused, 409, "insufficient-stock", &json!({"remaining_won": 400_000}));
        let people = json!({"people": 1, "reason": "x"});
        let manual = post(&app.operator, &path("inlet/steps"), people).await;
        expect(&manual, 409, "wrong-state", &Value::Null);
        let figures = app.operator.figures("r1").await;
        assert_eq!(figures["inlet"]["rate_per_s"], 100_000);
        assert!(figures["stock_ask"].is_null() && figures["left_won"] == 400_000);
        let ask = asked(&app, 10_000).await.replace("/v1/admin/rounds/r1/", "");
        let second = app.staff_named("second", Role::Approver);
        let confirm = post(&second, &path(&format!("{ask}/confirm")), reason.clone()).await;
        let want =
            ["windows.all.stock_won: 400000 > 410000", "windows.all.left_won: 400000 > 410000"];
        assert_eq!(told(&allowed(confirm)), want);
        assert_eq!(app.operator.figures("r1").await["left_won"], 400_000);
        assert_eq!(app.operator.log().await.len(), entries + 3, "schedule, open, ask");
        let viewer = app.staff(Role::Viewer).call("POST", &path("close"), Some(reason)).await;
        expect(&viewer, 403, "forbidden", &Value::Null);
        // Who misspells it, or asks for it where there is none, must not find it done.
        for odd in ["dry_run=perhaps", "dryrun=true", "dry_run=true&", "Dry_run=true"] {
            let answer = app.operator.step("r1", &format!("pause?{odd}")).await;
            expect(&answer, 400, "malformed", &Value::Null);
        }
        let suspensions = Some(json!({"suspensions": [], "reason": "tried"}));
        let nothing = "/v1/admin/suspensions?dry_run=true";
        let answer = app.operator.call("PUT", nothing, suspensions).await;
        expect(&answer, 400, "malformed", &Value::Null);
    });
}

/// S19.
#[test]
fn whoever_looks_a_purchase_up_says_why_and_that_stands_in_the_log() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut ann = app.buyer("ann-of-the-canary");
        let bought = ann.buy_through("r1", "canary-key", 300_000).await.json();
        let id = bought["id"].as_str().expect("an id");
        let path = format!("/v1/admin/purchases/{id}");
        let viewer = app.staff_named("desk", Role::Viewer);
        for wrong in ["", "?reason=", "?why=x"] {
            let refused = viewer.get(&format!("{path}{wrong}")).await;
            expect(&refused, 400, "malformed", &Value::Null);
        }
        let nowhere = "/v1/admin/purchases/01890000-0000-7000-8000-000000000000?reason=x";
        expect(&viewer.get(nowhere).await, 404, "purchase-not-found", &Value::Null);
        assert!(app.operator.log().await.iter().all(|it| it["action"] != "look-up-purchase"));
        let korean = "%EB%AC%B8%EC%9D%98+1588";
        let answer = viewer.get(&format!("{path}?reason={korean}")).await;
        let text = answer.text();
        for word in ["canary", "ann-of", "person", "token", "key"] {
            assert!(!text.contains(word), "{word} stands in {text}");
        }
        let found = allowed(answer);
        for field in ["id", "state", "amount_won", "price_won", "channel", "created_at"] {
            assert_eq!(found[field], bought[field], "{field}");
        }
        assert_eq!((&found["window_id"], &found["class"]), (&json!("all"), &json!("everyone")));
        assert_eq!((&found["number"], &found["left_after_won"]), (&json!(1), &json!(100_000)));
        let newest = &app.operator.log().await[0];
        assert_eq!((&newest["actor"], &newest["role"]), (&json!("desk"), &json!("viewer")));
        assert_eq!(newest["action"], "look-up-purchase");
        assert_eq!((&newest["target"], &newest["reason"]), (&json!(id), &json!("문의 1588")));
        let nobody = app.web.send(&Request::new("GET", format!("{path}?reason=x"))).await;
        expect(&nobody, 404, "not-found", &Value::Null);
    });
}

async fn live(app: &TestApp, path: &str, staff: &Operator) -> Stream {
    Stream::open(app.ops, path, &format!("authorization: Bearer {}\r\n", staff.token)).await
}

/// Whether figures of the house say how long a purchase and a commit take.
fn tells_how_long(told: &Value) -> bool {
    let routes = told["routes"].as_array().expect("a list");
    let purchases = "/v1/rounds/{round}/purchases";
    let buying = routes.iter().find(|it| it["route"] == purchases && it["method"] == "POST");
    buying.is_some_and(|it| it["p99_ms"].as_f64() > Some(0.0))
        && told["store"]["p50_ms"].as_f64() > Some(0.0)
}

/// Whether they count who asked for a round that is none.
fn tells_of_refusals(told: &Value) -> bool {
    let refusals = told["refusals"].as_array().expect("a list");
    refusals.iter().any(|it| it["name"] == "round-not-found")
}

#[test]
fn figures_come_by_themselves_of_a_round_and_of_the_house() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let viewer = app.staff(Role::Viewer);
        let mut round = live(&app, "/v1/admin/rounds/r1/events", &viewer).await;
        assert!(round.head.contains("content-type: text/event-stream"), "{}", round.head);
        let first = round.next().await.expect("what stands");
        assert_eq!(first.event, "round");
        let (sent, asked) = (first.json(), app.operator.figures("r1").await);
        let fields = |it: &Value| it.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>());
        assert_eq!(fields(&sent), fields(&asked), "the same figures as when asked");
        let tells_of_actors =
            |it: &Value| it["actors"].as_array().is_some_and(|actors| actors.len() > 1);
        // An actor that does not answer in time is left out, and there the next time.
        let mut told = sent;
        while !tells_of_actors(&told) {
            told = round.next().await.expect("it goes on").json();
        }
        let mut house = live(&app, "/v1/admin/events", &viewer).await;
        assert_eq!(house.next().await.expect("what stands").event, "house");
        app.buyer("ann").buy_through("r1", "ann-1", 300_000).await;
        expect(&app.buyer("bob").join("nowhere").await, 404, "round-not-found", &Value::Null);
        while round.next().await.expect("it goes on").json()["sold_won"] != 300_000 {}
        // What took time and who was refused is told for some seconds, sold before it is answered.
        let (mut is_timed, mut is_refused) = (false, false);
        let told = loop {
            let told = house.next().await.expect("it goes on").json();
            let is_there = told["rounds"].as_array().is_some_and(|rounds| {
                rounds.iter().any(|round| round["id"] == "r1" && round["sold_won"] == 300_000)
            });
            is_timed |= tells_how_long(&told);
            is_refused |= tells_of_refusals(&told);
            if is_there && is_timed && is_refused && told["store"]["is_up"] == true {
                break told;
            }
        };
        let actors = told["actors"].as_array().expect("a list");
        let round = actors.iter().find(|it| it["actor"] == "round").expect("it is there");
        assert!(round["permits_bound"].as_f64() > Some(0.0), "{round}");
    });
}

#[test]
fn a_stream_ends_with_its_token_and_with_the_server() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        for path in ["/v1/admin/rounds/r1/events", "/v1/admin/events"] {
            let bare = app.operator.web.send(&Request::new("GET", path)).await;
            expect(&bare, 401, "unauthenticated", &Value::Null);
            let ann = Operator { token: app.buyer("ann").token, ..app.operator.clone() };
            expect(&ann.get(path).await, 401, "unauthenticated", &Value::Null);
        }
        let nowhere = app.operator.get("/v1/admin/rounds/nowhere/events").await;
        expect(&nowhere, 404, "round-not-found", &Value::Null);
        let mut short = live(&app, "/v1/admin/rounds/r1/events", &app.operator).await;
        short.next().await.expect("what stands");
        app.clock.advance(41 * 86_400 * 1_000);
        while short.next().await.is_some() {}
        let fresh = app.staff(Role::Viewer);
        let mut last = live(&app, "/v1/admin/events", &fresh).await;
        last.next().await.expect("what stands");
        let ending = tokio::spawn(async move { while last.next().await.is_some() {} });
        app.stop().await.assert_clean();
        ending.await.expect("it ended with its last chunk");
    });
}

#[test]
fn there_are_only_so_many_consoles_and_one_that_goes_makes_room() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut all = Vec::new();
        while all.len() < openrun::http::admin::live::STREAMS_MAX {
            let stream = live(&app, "/v1/admin/events", &app.operator).await;
            assert!(stream.head.starts_with("http/1.1 200"), "{}: {}", all.len(), stream.head);
            all.push(stream);
        }
        let refused = app.operator.get("/v1/admin/rounds/r1/events").await;
        expect(&refused, 503, "overloaded", &json!({}));
        let open =
            async || checks::metric(&app.operator.metrics().await, "openrun_console_streams");
        eventually::so("no other is counted", async || open().await == 64.0).await;
        // Whoever has to stop the sale still can.
        app.operator.pause("r1").await;
        all.truncate(1);
        eventually::so("those who went are noticed", async || open().await == 1.0).await;
    });
}
