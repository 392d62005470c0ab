//! Who comes in by which door: every route of both listeners, as the router declares them, against
//! everybody who should not. S-numbers are those of `docs/security.md`.
//!
//! What a route does for those who may is for the other tests to say.

use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::{Answer, Buyer, Request, TestApp, Web, allowed, checks, expect, on_stage};
use openrun::http::api::Declared;
use openrun::http::router;
use openrun::http::terms::Who;
use openrun::trust::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NOTHING: Value = Value::Null;
/// An id that nothing has.
const NO_ID: &str = "01890000-0000-7000-8000-000000000000";

/// A path of a route with names that are there, as far as a test has made them.
fn path(route: &Declared) -> String {
    let named = |segment: &str| match segment {
        "{round}" => "r1".to_owned(),
        "{program}" => CITYWIDE.to_owned(),
        "{id}" => NO_ID.to_owned(),
        "{step}" => "pause".to_owned(),
        "{answer}" => "confirm".to_owned(),
        "{act}" => "buy".to_owned(),
        "{class}" => "everyone".to_owned(),
        "{merchant}" => "bakery".to_owned(),
        "{name}" | "{file}" => "none.css".to_owned(),
        other => other.to_owned(),
    };
    route.path.split('/').map(named).collect::<Vec<_>>().join("/")
}

fn method(route: &Declared) -> &'static str {
    let all = ["GET", "PUT", "POST", "PATCH", "DELETE"];
    all.into_iter().find(|name| *name == route.method.as_str()).expect("a method of ours")
}

fn routes(listener: openrun::http::api::Api) -> Vec<Declared> {
    let all = listener.declared();
    assert!(all.len() > 20, "these are not the routes");
    all
}

async fn ask(web: &Web, route: &Declared, token: Option<&str>) -> Answer {
    let request = Request::new(method(route), path(route));
    let request = token.iter().fold(request, |request, token| request.bearer(token));
    let is_read = route.method.as_str() == "GET";
    web.send(&if is_read { request } else { request.json(&json!({"reason": "x"})) }).await
}

/// Roles that may call a route, as its terms say.
fn may(who: Who) -> &'static [Role] {
    match who {
        Who::Viewer => &[Role::Viewer, Role::Operator, Role::Approver],
        Who::Operator => &[Role::Operator],
        Who::Approver => &[Role::Approver],
        Who::Anyone | Who::Person | Who::Ticket => &[],
    }
}

/// S10: each route of the ops listener against each role, a person, a stranger and nobody; and what
/// anybody may see there is a closed list.
#[test]
fn s10_every_route_of_the_ops_listener_takes_its_roles_and_nobody_else() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let stranger = TestApp::start().await;
        let (ann, foreign) = (app.buyer("ann").token, stranger.operator.token.clone());
        let (web, mut open, mut checked) = (&app.operator.web, BTreeSet::new(), 0);
        for route in routes(router::ops()) {
            if route.terms.who == Who::Anyone {
                open.insert(route.path.clone());
                continue;
            }
            let name = format!("{} {}", route.method, route.path);
            for token in [None, Some(ann.as_str()), Some(foreign.as_str()), Some("x.y.z")] {
                let answer = ask(web, &route, token).await;
                let got = (answer.status, answer.code());
                assert_eq!(got, (401, "unauthenticated".to_owned()), "{name}: {answer:?}");
            }
            for role in [Role::Viewer, Role::Operator, Role::Approver] {
                let is_allowed = may(route.terms.who).contains(&role);
                // A stream that is allowed has no end to wait for.
                if is_allowed && route.path.ends_with("/events") {
                    continue;
                }
                let answer = ask(web, &route, Some(&app.staff(role).token)).await;
                match is_allowed {
                    true => assert!(![401, 403].contains(&answer.status), "{name}: {answer:?}"),
                    false => expect(&answer, 403, "forbidden", &NOTHING),
                }
                checked += 1;
            }
        }
        assert!(checked > 40, "{checked} of roles and routes");
        let want = ["/", "/assets/{name}", "/docs", "/docs/{file}", "/healthz", "/metrics"];
        let want = want.into_iter().chain(["/openapi.json", "/readyz", "/version"]);
        assert_eq!(open, want.map(str::to_owned).collect(), "what anybody may see");
    });
}

/// S10: what changes something on the public listener is for a person, a ticket, or checks its
/// caller in another way, and that is a closed list.
#[test]
fn s10_what_anybody_may_send_to_the_public_listener_is_a_closed_list() {
    let sent = routes(router::public(false))
        .into_iter()
        .filter(|route| route.method.as_str() != "GET" && route.terms.who == Who::Anyone);
    let paths: BTreeSet<String> = sent.map(|route| route.path).collect();
    let forms =
        ["/enter", "/exit", "/me/vouchers/{id}/{act}", "/pay/{merchant}", "/rounds/{round}/{act}"];
    let want = forms.into_iter().chain(["/v1/rail/webhooks"]);
    let want: BTreeSet<String> = want.map(str::to_owned).collect();
    assert_eq!(paths, want);
}

/// S24: servers say nothing to each other. What the paths of both listeners begin with is a closed
/// list without a word for it, and what servers of a cluster would ask for is found at neither, by
/// nobody.
#[test]
fn s24_no_route_is_for_another_server() {
    on_stage(async {
        let app = TestApp::start().await;
        let people = ".well-known assets docs enter exit me openapi.json pay rounds v1";
        let staff = "assets docs healthz metrics openapi.json readyz v1 version";
        for (web, listener, want) in
            [(&app.web, router::public(false), people), (&app.operator.web, router::ops(), staff)]
        {
            let all = routes(listener);
            let first = all.iter().map(|route| route.path.split('/').nth(1).unwrap_or_default());
            let found: BTreeSet<&str> = first.filter(|word| !word.is_empty()).collect();
            assert_eq!(found, want.split(' ').collect::<BTreeSet<&str>>());
            for path in ["/internal", "/internal/epoch", "/cluster/join", "/v1/internal/streams"] {
                for token in [None, Some(app.operator.token.as_str())] {
                    let request = Request::new("POST", path).json(&json!({}));
                    let request = token.iter().fold(request, |it, token| it.bearer(token));
                    expect(&web.send(&request).await, 404, "not-found", &NOTHING);
                }
            }
        }
    });
}

/// Everything that somebody without the right to buy may try, on one route.
async fn tries(web: &Web, route: &Declared, who: &Buyer, pass: Option<&str>, key: &str) -> Answer {
    let body = json!({"amount_won": 10_000, "payment": {"method": "account"}});
    let request = Request::new(method(route), path(route)).bearer(&who.token);
    let request = request.header("idempotency-key", key).json(&body);
    let request = pass.iter().fold(request, |request, pass| request.header("openrun-pass", *pass));
    web.send(&request).await
}

/// S5, S4: whatever route somebody takes, with no pass, a forged one, one of another round, of
/// another person or an old one, nothing is held and nothing is sold.
#[test]
fn s5_no_route_holds_or_sells_without_a_pass_of_ones_own() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        app.operator.define_open("r2", &RoundForm::for_all(1_000_000)).await;
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        allowed(ann.sign_up().await);
        allowed(bob.sign_up().await);
        bob.get_pass("r1").await;
        let of_bob = bob.pass.clone().expect("it was claimed");
        ann.get_pass("r2").await;
        let of_r2 = ann.pass.clone().expect("it was claimed");
        let forged = format!("{}A", &of_bob[..of_bob.len() - 1]);
        let passes =
            [None, Some(""), Some(forged.as_str()), Some(of_r2.as_str()), Some(of_bob.as_str())];
        let mut tried = 0;
        for route in routes(router::public(false)) {
            if route.method.as_str() == "GET" || route.path.ends_with("/tickets/me") {
                continue;
            }
            for (number, pass) in passes.iter().enumerate() {
                let key = format!("try-{tried}-{number}");
                let answer = tries(&app.web, &route, &ann, *pass, &key).await;
                let is_purchase = route.path == "/v1/rounds/{round}/purchases";
                if is_purchase || answer.text().contains("issued") {
                    assert_eq!(answer.status, 403, "{} {}: {answer:?}", route.method, route.path);
                    assert!(answer.code().starts_with("pass-"), "{answer:?}");
                }
                assert_ne!(answer.status, 201, "{} {}: {answer:?}", route.method, route.path);
            }
            tried += 1;
        }
        assert!(tried >= 8, "{tried} routes");
        let (sold, held, _, purchases) = checks::money(&app, "r1").await;
        assert_eq!((sold, held, purchases), (0, 0, 0));
        // Bob's pass took no harm; once its time is over it is worth nothing either.
        app.clock.advance(601_000);
        let late = bob.buy("r1", "late", 10_000).await;
        expect(&late, 403, "pass-expired", &NOTHING);
        bob = app.buyer("bob");
        bob.get_pass("r1").await;
        allowed(bob.buy("r1", "in-time", 10_000).await);
        checks::stop_clean(app, 10_000).await;
    });
}

/// S7: who somebody is, is in the token alone; a header or a field that says otherwise is refused
/// or says nothing.
#[test]
fn s7_who_somebody_is_stands_in_the_token_alone() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define("halves", &RoundForm::in_halves(1_000_000)).await;
        app.clock.go_to("2022-07-28T10:30:00+09:00");
        app.operator.open("halves").await;
        // Born in an even year: not this half, whatever the request says beside the token.
        let eve = app.buyer_in("eve", "seoul-pay", "1990-03-01");
        allowed(eve.sign_up().await);
        let join = eve.join_request("halves");
        for (name, value) in [
            ("x-user", "ann"),
            ("x-forwarded-user", "ann"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-birthdate", "1991-03-01"),
            ("x-role", "operator"),
        ] {
            let answer = allowed(app.web.send(&join.clone().header(name, value)).await);
            assert_eq!(answer["state"], "ineligible_now", "{name}");
        }
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("halves").await;
        for (name, value) in [("person", json!("eve")), ("birth_year", json!("even"))] {
            let mut body = json!({"amount_won": 10_000, "payment": {"method": "account"}});
            body[name] = value;
            let request = ann.buy_request("halves", name, 10_000).json(&body);
            expect(&app.web.send(&request).await, 400, "malformed", &NOTHING);
        }
        let bought = ann.buy_request("halves", "own", 10_000).header("x-user", "eve");
        allowed(app.web.send(&bought).await);
        assert_eq!((ann.purchases().await.len(), eve.purchases().await.len()), (1, 0));
        checks::stop_clean(app, 10_000).await;
    });
}

/// S8, S14: what is somebody's is theirs: another person who knows its id, or uses its key, finds
/// nothing of it.
#[test]
fn s8_an_id_or_a_key_of_another_person_opens_nothing() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let (mut ann, mut bob) = (app.buyer("ann"), app.buyer("bob"));
        let of_ann = ann.buy_through("r1", "the-same-key", 300_000).await.json();
        let id = of_ann["id"].as_str().expect("an id");
        assert_eq!(allowed(ann.get(&format!("/v1/purchases/{id}")).await)["id"], id);
        allowed(bob.sign_up().await);
        for id in [id, NO_ID, "x"] {
            let foreign = bob.get(&format!("/v1/purchases/{id}")).await;
            expect(&foreign, 404, "purchase-not-found", &NOTHING);
        }
        assert!(bob.purchases().await.is_empty());
        let cursor = bob.get(&format!("/v1/purchases?cursor={id}")).await;
        assert!(!cursor.text().contains(id), "{cursor:?}");
        // The same key under another name is another attempt, with an answer of its own.
        let of_bob = bob.buy_through("r1", "the-same-key", 100_000).await;
        assert!(!of_bob.is_replay(), "{of_bob:?}");
        assert_eq!(of_bob.json()["amount_won"], 100_000);
        let again = ann.buy("r1", "the-same-key", 300_000).await;
        assert!(again.is_replay() && again.json()["id"] == id, "{again:?}");
        checks::stop_clean(app, 400_000).await;
    });
}

/// S21: the headers of every route, of both listeners, that a browser or a cache acts on.
#[test]
fn s21_every_answer_has_the_headers_of_its_kind() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let listeners = [(&app.web, router::public(false)), (&app.operator.web, router::ops())];
        for (web, listener) in listeners {
            for route in routes(listener) {
                if route.path.ends_with("/events") {
                    continue;
                }
                let answer = ask(web, &route, Some(&app.operator.token)).await;
                let name = format!("{} {}: {:?}", route.method, route.path, answer.headers);
                let is = |header: &str, want: &str| answer.header(header) == Some(want);
                assert!(is("x-content-type-options", "nosniff"), "{name}");
                let kind = answer.header("content-type").unwrap_or_default();
                if kind.starts_with("text/html") {
                    let policy = answer.header("content-security-policy").unwrap_or_default();
                    assert!(policy.contains("default-src 'none'"), "{name}");
                    assert!(policy.contains("frame-ancestors 'none'"), "{name}");
                    assert!(!policy.contains("unsafe"), "{name}");
                    let referrer = answer.header("referrer-policy").unwrap_or_default();
                    assert!(["same-origin", "no-referrer"].contains(&referrer), "{name}");
                }
                // What is nobody else's is kept by nobody.
                let is_own = route.terms.who != Who::Anyone || answer.status >= 400;
                let keep = answer.header("cache-control").unwrap_or_default();
                assert!(!is_own || keep == "no-store", "{name}");
                assert!(answer.header("server").is_none(), "{name}");
                assert!(answer.header("access-control-allow-origin").is_none(), "{name}");
            }
        }
    });
}
