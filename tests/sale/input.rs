//! Bad input: each kind gets the documented answer, and nothing changes.

use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, allowed, checks, eventually, expect, on_stage};
use openrun::trust::{Keys, Role};
use openrun_core::ChannelId;
use serde_json::{Value, json};

use crate::forgery;

const NOTHING: Value = Value::Null;

/// The figures that must not move, once the first people have been let in.
async fn figures(app: &TestApp, round: &str) -> Value {
    let all = app.operator.figures(round).await;
    let kept = ["stock_won", "left_won", "held_won", "sold_won", "purchases", "waiting", "active"];
    let kept = kept.into_iter().chain(["last_number", "inversions", "state"]);
    kept.map(|field| (field.to_owned(), all[field].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// An open round and somebody with a pass, and the figures that stand then.
async fn ready(app: &TestApp) -> (Buyer, Value) {
    app.operator.define_open("r1", &RoundForm::for_all(4_000_000)).await;
    let mut ann = app.buyer("ann");
    allowed(ann.sign_up().await);
    ann.get_pass("r1").await;
    let mut before = figures(app, "r1").await;
    eventually::so("the claim is in the figures", async || {
        before = figures(app, "r1").await;
        (&before["last_number"], &before["waiting"]) == (&json!(1), &json!(0))
    })
    .await;
    (ann, before)
}

/// After all that was refused: nothing has changed, and the pass still buys.
async fn unharmed(app: TestApp, ann: &Buyer, before: &Value) {
    app.clock.advance(500);
    eventually::pause().await;
    let mut after = figures(&app, "r1").await;
    after["active"] = before["active"].clone();
    assert_eq!(&after, before);
    assert_eq!(ann.purchases().await, Vec::<Value>::new());
    assert_eq!(ann.buy("r1", "ann-good", 10_000).await.status, 201);
    checks::stop_clean(app, 10_000).await;
}

/// S12, F26 and everything else that is no purchase.
#[test]
fn a_bad_body_is_refused_and_changes_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, before) = ready(&app).await;
        let amount =
            |text: &str| format!(r#"{{"amount_won": {text}, "payment": {{"method": "account"}}}}"#);
        let padded = |bytes: usize| format!("{}{}", amount("10000"), " ".repeat(bytes));
        for (body, status, code) in [
            (String::new(), 400, "malformed"),
            ("{".to_owned(), 400, "malformed"),
            ("null".to_owned(), 400, "malformed"),
            ("[10000, {\"method\": \"account\"}]".to_owned(), 400, "malformed"),
            ("\u{feff}{}".to_owned(), 400, "malformed"),
            (r#"{"amount_won": 10000}"#.to_owned(), 400, "malformed"),
            (amount("10000").replace("}}", r#"}, "discount": 100}"#), 400, "malformed"),
            (amount("10000").replace("account\"", "account\", \"x\": 1"), 400, "malformed"),
            (amount("10000").replace("account", "card"), 400, "malformed"),
            (amount(r#""10000""#), 400, "malformed"),
            (amount("true"), 400, "malformed"),
            (amount("null"), 400, "malformed"),
            (amount("10000.5"), 400, "malformed"),
            (amount("NaN"), 400, "malformed"),
            (amount("Infinity"), 400, "malformed"),
            (amount("1e309"), 400, "malformed"),
            (amount("9223372036854775808"), 400, "malformed"),
            (amount("-9223372036854775809"), 400, "malformed"),
            (amount("010000"), 400, "malformed"),
            (amount("10000").replace("}}", r#"}, "amount_won": 1}"#), 400, "malformed"),
            (format!("{}{}", "[".repeat(8_000), "]".repeat(8_000)), 400, "malformed"),
            (amount("0"), 422, "invalid-amount"),
            (amount("-10000"), 422, "invalid-amount"),
            (amount("9999"), 422, "invalid-amount"),
            (amount("410000"), 422, "invalid-amount"),
            (amount("9223372036854775807"), 422, "invalid-amount"),
            (amount("-9223372036854775808"), 422, "invalid-amount"),
            (padded(17 * 1024), 413, "body-too-large"),
        ] {
            let good = ann.buy_request("r1", "ann-bad", 10_000);
            let answer = app.web.send(&good.body("application/json", body.clone())).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body:.80}");
            expect(&answer, status, code, &NOTHING);
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
            let good = ann.buy_request("r1", "ann-bad", 10_000).body(kind, amount("10000"));
            expect(&app.web.send(&good).await, 415, "unsupported-media-type", &NOTHING);
        }
        let zipped = ann.buy_request("r1", "ann-bad", 10_000).header("content-encoding", "gzip");
        expect(&app.web.send(&zipped).await, 415, "unsupported-media-type", &NOTHING);
        unharmed(app, &ann, &before).await;
    });
}

/// S1, S30.
#[test]
fn a_bad_person_token_is_refused_everywhere_and_changes_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, before) = ready(&app).await;
        let mut bad = forgery::of_jwt(&ann.token);
        bad.extend(foreign_tokens(&app, &ann));
        for (what, header) in bad {
            for request in [
                ann.buy_request("r1", "ann-bad", 10_000),
                ann.join_request("r1"),
                ann.sign_up_request("110"),
                crate::support::Request::new("GET", "/v1/people/me/limits"),
            ] {
                let request = request.replaced("authorization", Some(&header));
                let answer = app.web.send(&request).await;
                assert_eq!(answer.status, 401, "{what}: {}", answer.text());
                expect(&answer, 401, "unauthenticated", &NOTHING);
            }
        }
        unharmed(app, &ann, &before).await;
    });
}

/// Tokens that are well made and still not this person's of this server.
fn foreign_tokens(app: &TestApp, ann: &Buyer) -> Vec<(String, String)> {
    let elsewhere = tempfile::tempdir().expect("tests can write to a folder");
    let foreign = Keys::open(elsewhere.path(), true).expect("development keys are made");
    let channel = ChannelId::new("seoul-pay").expect("a slug");
    let now = app.now();
    let by = |keys: &Keys, at: i64, ttl_s: i64| {
        let at = now.plus_millis(at * 1_000);
        keys.make_person_token("ann", &channel, "1991-03-01", at, ttl_s).expect("a known channel")
    };
    let secret = forgery::channel_secret(&app.data(), "seoul-pay");
    let now_s = now.0 / 1_000;
    let times = json!({"iat": now_s, "exp": now_s + 600});
    let claims = |iss: &str, sub: &str, birthdate: &str| {
        let mut claims = times.clone();
        claims["iss"] = json!(iss);
        claims["sub"] = json!(sub);
        claims["birthdate"] = json!(birthdate);
        claims
    };
    let signed = |claims: &Value| forgery::sign_hs256("seoul-pay-1", claims, &secret);
    let good = ["seoul-pay", "ann", "1991-03-01"];
    let staff = app.keys.make_staff_token("tester", Role::Operator, now, 600).expect("staff");
    [
        ("of another server", by(&foreign, 0, 600)),
        ("expired", by(&app.keys, -700, 600)),
        ("from the future", by(&app.keys, 700, 600)),
        ("of another issuer", signed(&claims("moneytree", good[1], good[2]))),
        ("of nobody", signed(&claims(good[0], "", good[2]))),
        ("with a long name", signed(&claims(good[0], &"a".repeat(65), good[2]))),
        ("with a strange name", signed(&claims(good[0], "ann'; drop", good[2]))),
        ("with no birthdate", signed(&claims(good[0], good[1], "1991-02-30"))),
        ("with no end", signed(&json!({"iss": good[0], "sub": good[1], "iat": now_s}))),
        ("of the staff", staff),
        ("a pass", ann.pass.clone().expect("it was claimed")),
        ("a ticket", ann.ticket.clone().expect("it was given")),
    ]
    .map(|(what, token)| (what.to_owned(), format!("Bearer {token}")))
    .to_vec()
}

#[test]
fn a_bad_ticket_gives_no_place_and_no_pass() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, before) = ready(&app).await;
        app.operator.define_open("r2", &RoundForm::for_all(1_000_000)).await;
        let mut there = app.buyer("ann");
        allowed(there.join("r2").await);
        let good = ann.ticket.clone().expect("it was given");
        let mut bad = forgery::every_character_changed(&good);
        bad.extend(["", " ", "or1", "or1...", "or1.x.y.z", &good[4..]].map(str::to_owned));
        bad.push(there.ticket.clone().expect("it was given"));
        bad.push(ann.token.clone());
        bad.push(ann.pass.clone().expect("it was claimed"));
        bad.push(good.repeat(20));
        for ticket in bad {
            let mut forger = Buyer { ticket: Some(ticket), pass: None, ..ann.clone() };
            for answer in
                [forger.where_am_i("r1").await, forger.claim("r1").await, forger.leave("r1").await]
            {
                expect(&answer, 403, "ticket-invalid", &NOTHING);
            }
        }
        let none = Buyer { ticket: None, ..ann.clone() };
        expect(&none.where_am_i("r1").await, 403, "ticket-invalid", &NOTHING);
        unharmed(app, &ann, &before).await;
    });
}

/// S1, S3.
#[test]
fn a_bad_pass_buys_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        let (ann, before) = ready(&app).await;
        app.operator.define_open("r2", &RoundForm::for_all(1_000_000)).await;
        let mut there = app.buyer("ann");
        there.get_pass("r2").await;
        let good = ann.pass.clone().expect("it was claimed");
        let mut bad = forgery::every_character_changed(&good);
        let jwt = forgery::of_jwt(&good).into_iter();
        bad.extend(jwt.filter_map(|(_, header)| Some(header.strip_prefix("Bearer ")?.to_owned())));
        bad.push(there.pass.clone().expect("it was claimed"));
        bad.push(ann.token.clone());
        bad.push(ann.ticket.clone().expect("it was given"));
        bad.extend(forgery::pass_under_public_key(&app, &good).await);
        for pass in bad {
            let forger = Buyer { pass: Some(pass.clone()), ..ann.clone() };
            let answer = forger.buy("r1", "ann-bad", 10_000).await;
            assert_eq!(answer.code(), "pass-invalid", "{pass}");
        }
        // Another person with her pass, and with her ticket: a place of their own, no pass of hers.
        let mut eve = app.buyer("eve");
        allowed(eve.sign_up().await);
        (eve.pass, eve.ticket) = (ann.pass.clone(), ann.ticket.clone());
        expect(&eve.buy("r1", "eve-1", 10_000).await, 403, "pass-invalid", &NOTHING);
        allowed(eve.claim("r1").await);
        expect(&eve.buy("r1", "eve-2", 10_000).await, 403, "pass-invalid", &NOTHING);
        let own = allowed(eve.join("r1").await);
        assert_eq!(own["number"], 2, "{own}");
        eventually::so("eve's place is in the figures", async || {
            figures(&app, "r1").await["last_number"] == 2
        })
        .await;
        let mut before = before;
        before["last_number"] = json!(2);
        unharmed(app, &ann, &before).await;
    });
}
