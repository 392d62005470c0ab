//! What every answer of both listeners has in common, over real sockets: problems, headers, bounds.

use crate::app::{self, Running};
use crate::config::Config;
use crate::trust::Role;
use openrun_core::ChannelId;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PROGRAM: &str = r#"{"name": {"ko": "시험", "en": "Test"}, "issuer": "test",
    "rules": {"effective_from": "2022-01-01T00:00:00+09:00", "discount_bps": 700,
        "unit_won": 10000, "monthly_limit_won": 400000, "holding_limit_won": 1000000,
        "refund_threshold_bps": 6000, "regions": ["seoul"], "channels": ["seoul-pay"]}}"#;
const ROUND: &str = r#"{"program_id": "p", "name": {"ko": "시험", "en": "Test"},
    "windows": [{"id": "w", "eligibility": "all", "opens_at": "2022-07-28T10:00:00+09:00",
        "closes_at": "2099-07-28T14:00:00+09:00", "stock_won": 1000000}]}"#;

struct Site {
    running: Running,
    person: String,
    _data: tempfile::TempDir,
}

/// A server on free ports with one open round, `r`.
async fn site() -> Site {
    let data = tempfile::tempdir().unwrap();
    let config = Config {
        public: SocketAddr::from(([127, 0, 0, 1], 0)),
        ops: SocketAddr::from(([127, 0, 0, 1], 0)),
        store: format!("sqlite:{}/openrun.db", data.path().display()),
        data: data.path().to_owned(),
        dev: true,
        workers: 1,
        ..Config::default()
    };
    let running = app::start(&config).await.unwrap();
    let now = running.engine.now();
    let channel = ChannelId::new("seoul-pay").unwrap();
    let person = running.keys.make_person_token("kim", &channel, "1990-01-01", now, 600).unwrap();
    let staff = running.keys.make_staff_token("lee", Role::Operator, now, 600).unwrap();
    let token = format!("authorization: Bearer {staff}");
    for (line, body) in [
        ("PUT /v1/admin/programs/p", PROGRAM),
        ("PUT /v1/admin/rounds/r", ROUND),
        ("POST /v1/admin/rounds/r/schedule", r#"{"reason": "a test"}"#),
        ("POST /v1/admin/rounds/r/open", r#"{"reason": "a test"}"#),
    ] {
        let answer = call(running.ops, line, &[&token, JSON], body).await;
        assert!(answer.status < 300, "{line}: {answer:?}");
    }
    Site { running, person, _data: data }
}

const JSON: &str = "content-type: application/json";

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// One request on a connection of its own.
async fn call(address: SocketAddr, line: &str, headers: &[&str], body: &str) -> Answer {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut text = format!("{line} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n");
    headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A server that refuses an unread body may reset the connection after its answer.
    let _ = socket.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

#[actix_web::test]
async fn whatever_is_refused_is_refused_as_a_problem_with_its_code() {
    let site = site().await;
    let token = format!("authorization: Bearer {}", site.person);
    let long = format!("{{\"x\": \"{}\"}}", "a".repeat(17 * 1_024));
    let buy = "POST /v1/rounds/r/purchases";
    let good = r#"{"amount_won": 10000, "payment": {"method": "account"}}"#;
    let key = "idempotency-key: k";
    for (line, headers, body, status, code) in [
        ("GET /nothing", vec![], "", 404, "not-found"),
        ("GET /v1/rounds/r/", vec![], "", 404, "not-found"),
        ("POST /v1/rounds", vec![], "", 405, "method-not-allowed"),
        ("GET /v1/rounds/none", vec![], "", 404, "round-not-found"),
        ("GET /v1/rounds/NONE/watermark", vec![], "", 404, "round-not-found"),
        ("GET /v1/programs/none", vec![], "", 404, "program-not-found"),
        ("GET /v1/rounds/r/tickets/me", vec![], "", 403, "ticket-invalid"),
        ("GET /v1/people/me", vec![], "", 401, "unauthenticated"),
        ("GET /v1/people/me", vec!["authorization: Basic eA=="], "", 401, "unauthenticated"),
        ("GET /v1/people/me", vec![&token], "", 403, "not-registered"),
        ("GET /v1/purchases/none", vec![&token], "", 404, "purchase-not-found"),
        ("GET /v1/purchases?limit=0", vec![&token], "", 400, "malformed"),
        (buy, vec![JSON, key], good, 401, "unauthenticated"),
        (buy, vec![&token, key], good, 415, "unsupported-media-type"),
        (buy, vec![&token, "content-type: text/plain"], good, 415, "unsupported-media-type"),
        (buy, vec![&token, JSON, "content-encoding: gzip"], good, 415, "unsupported-media-type"),
        (buy, vec![&token, JSON, key], &long, 413, "body-too-large"),
        (buy, vec![&token, JSON, key], "{", 400, "malformed"),
        (buy, vec![&token, JSON], good, 400, "idempotency-key-required"),
        (buy, vec![&token, JSON, "idempotency-key: a b"], good, 400, "malformed"),
        (buy, vec![&token, JSON, key], good, 403, "not-registered"),
        ("POST /v1/rounds/r/tickets", vec![&token, JSON], "{\"x\": 1}", 400, "malformed"),
    ] {
        let answer = call(site.running.public, line, &headers, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{line} {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{line}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{line}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{line}");
    }
    let answer = call(site.running.public, "POST /v1/rounds", &[], "").await;
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    let answer = call(site.running.public, "GET /v1/people/me", &[], "").await;
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    site.running.stop().await;
}

#[actix_web::test]
async fn the_watermark_document_is_the_same_bytes_until_it_changes() {
    let site = site().await;
    let path = "GET /v1/rounds/r/watermark";
    let mut seen = call(site.running.public, path, &[], "").await;
    assert_eq!(
        seen.header("cache-control"),
        Some("public, max-age=1, stale-while-revalidate=1, stale-if-error=600")
    );
    let mut unchanged = 0;
    for _ in 0..50 {
        let etag = seen.header("etag").expect("a version").to_owned();
        let known = format!("if-none-match: W/\"x\", {etag}");
        let again = call(site.running.public, path, &[&known], "").await;
        match again.status {
            304 => {
                assert_eq!((again.header("etag"), again.body.as_str()), (Some(etag.as_str()), ""));
                unchanged += 1;
            }
            200 => {
                assert_ne!(again.header("etag"), Some(etag.as_str()));
                assert_ne!(again.body, seen.body);
                seen = again;
            }
            other => panic!("{other}"),
        }
    }
    assert!(unchanged > 0, "50 looks within a moment, and never the same document");
    let document: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!((&document["round_id"], &document["left_won"]), (&"r".into(), &1_000_000.into()));
    let head = call(site.running.public, "HEAD /v1/rounds/r/watermark", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    site.running.stop().await;
}

#[actix_web::test]
async fn a_place_is_the_same_ticket_and_the_same_pass_however_often_it_is_asked_for() {
    let site = site().await;
    let public = site.running.public;
    let token = format!("authorization: Bearer {}", site.person);
    let parsed = |answer: &Answer| serde_json::from_str::<Value>(&answer.body).unwrap();
    let join = call(public, "POST /v1/rounds/r/tickets", &[&token], "").await;
    assert_eq!(join.status, 201);
    assert_eq!(join.header("location"), Some("/v1/rounds/r/tickets/me"));
    let first = parsed(&join);
    let again = call(public, "POST /v1/rounds/r/tickets", &[&token, JSON], "{}").await;
    assert_eq!(again.status, 200);
    let again = parsed(&again);
    let ticket = format!("openrun-ticket: {}", first["ticket"].as_str().unwrap());
    let shown = parsed(&call(public, "GET /v1/rounds/r/tickets/me", &[&ticket], "").await);
    let claimed = parsed(&call(public, "POST /v1/rounds/r/passes", &[&ticket], "").await);
    for place in [&again, &shown, &claimed] {
        for field in ["ticket", "round_id", "number", "class"] {
            assert_eq!(place[field], first[field], "{field}");
        }
    }
    assert_eq!(claimed["pass"], again["pass"]);
    assert_eq!(claimed["pass_expires_at"], again["pass_expires_at"]);
    site.running.stop().await;
}

#[actix_web::test]
async fn a_request_id_is_kept_when_it_is_plain_and_made_when_it_is_not() {
    let site = site().await;
    for (sent, kept) in [("abc-1.2_3", true), ("two words", false), ("<script>", false)] {
        let header = format!("x-request-id: {sent}");
        let answer = call(site.running.public, "GET /v1/people/me", &[&header], "").await;
        let given = answer.header("x-request-id").expect("always one");
        assert_eq!(given == sent, kept, "{sent}: {given}");
    }
    let answer = call(site.running.public, "GET /nothing", &["accept-language: ko-KR"], "").await;
    assert_eq!(answer.header("content-language"), Some("ko"));
    site.running.stop().await;
}

#[actix_web::test]
async fn pages_are_shown_under_a_policy_and_load_nothing_from_elsewhere() {
    let site = site().await;
    for address in [site.running.public, site.running.ops] {
        for path in ["/", "/docs", "/docs?lang=ko", "/docs/page.css"] {
            let answer = call(address, &format!("GET {path}"), &[], "").await;
            assert_eq!(answer.status, 200, "{path}");
            let policy = answer.header("content-security-policy").expect(path);
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(!policy.contains("http"), "{policy}");
        }
        let answer = call(address, "GET /docs/", &[], "").await;
        assert_eq!((answer.status, answer.header("location")), (308, Some("/docs")));
        for path in ["/docs/../../etc/passwd", "/docs/%2e%2e%2fCargo.toml", "/docs/none"] {
            let answer = call(address, &format!("GET {path}"), &[], "").await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
    site.running.stop().await;
}

#[actix_web::test]
async fn only_an_operator_changes_and_only_staff_looks() {
    let site = site().await;
    let ops = site.running.ops;
    let now = site.running.engine.now();
    let token = |role| site.running.keys.make_staff_token("lee", role, now, 600).unwrap();
    let person = site.person.clone();
    for (token, looks, changes) in [
        (Some(token(Role::Viewer)), 200, 403),
        (Some(token(Role::Operator)), 200, 200),
        (Some(token(Role::Approver)), 200, 403),
        (Some(person), 401, 401),
        (None, 401, 401),
    ] {
        let header = token.map(|token| format!("authorization: Bearer {token}"));
        let headers: Vec<&str> = header.iter().map(String::as_str).chain([JSON]).collect();
        let look = call(ops, "GET /v1/admin/rounds/r", &headers, "").await;
        let body = r#"{"rate_per_s": 14.6}"#;
        let change = call(ops, "PATCH /v1/admin/rounds/r/inlet", &headers, body).await;
        assert_eq!((look.status, change.status), (looks, changes), "{look:?} {change:?}");
    }
    for path in ["/v1/admin/rounds/r", "/healthz", "/readyz", "/metrics"] {
        let answer = call(site.running.public, &format!("GET {path}"), &[], "").await;
        assert_eq!(answer.status, 404, "{path} is not on the public listener");
    }
    let ready = call(ops, "GET /readyz", &[], "").await;
    assert_eq!(
        (ready.status, ready.body.as_str()),
        (200, r#"{"status":"ready","reasons":[],"warnings":[]}"#)
    );
    site.running.stop().await;
}
