//! A cache in front: it carries the crowd, goes on when the server is gone, and never gives
//! somebody what is another's.

use crate::nginx::Nginx;
use crate::support::process::Process;
use crate::support::staff::{CITYWIDE, RoundForm};
use crate::support::{Buyer, Request, TestApp, allowed, alone, checks, eventually, on_stage};
use crate::support::{expect, join_all};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const WATERMARK: &str = "/v1/rounds/r1/watermark";
const COUNT: &str = "openrun_http_request_seconds_count{route=\"/v1/rounds/{round}/watermark\"";

/// 20,000 looks of 200 clients: the server is asked about once a second, and makes no more
/// documents than that.
#[test]
fn a_crowd_at_the_cache_costs_the_server_a_document_a_second() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let nginx = Nginx::before(app.public).await;
        let figures = async || {
            let text = app.operator.metrics().await;
            (checks::metric(&text, COUNT), checks::metric(&text, "openrun_watermark_renders_total"))
        };
        // A machine that does something else for two seconds lets everybody through once.
        let mut seen = Vec::new();
        while !seen.iter().any(|(asked, made, most)| asked <= most && *made <= asked + 1.0) {
            assert!(
                seen.len() < 3,
                "looks that came through, documents, and how many may: {seen:?}"
            );
            seen.push(crowd_at(&nginx, &figures).await);
        }
    });
}

/// 20,000 looks through the cache: how many came through, how many documents were made, and how
/// many looks may come through in that time.
async fn crowd_at(nginx: &Nginx, figures: &impl AsyncFn() -> (f64, f64)) -> (f64, f64, f64) {
    let (before, began) = (figures().await, Instant::now());
    let askers = (0..200).map(|asker| {
        let web = nginx.web.clone();
        async move {
            for look in 0..100 {
                // Nobody makes it ask more often by asking differently.
                let request = Request::new("GET", format!("{WATERMARK}?{asker}={look}"));
                let request = request.header("cookie", format!("a={asker}"));
                let answer = web.send(&request.header("accept-language", "fr")).await;
                assert_eq!(answer.status, 200, "{answer:?}");
            }
        }
    });
    join_all(askers).await;
    let (after, took) = (figures().await, began.elapsed());
    let (asked, made) = (after.0 - before.0, after.1 - before.1);
    println!("20,000 looks in {took:?}: {asked} at the server, {made} documents");
    assert!(asked >= 1.0, "somebody has to ask");
    (asked, made, took.as_secs_f64() * 1.5 + 5.0)
}

#[test]
fn when_the_server_is_killed_the_last_document_is_still_there() {
    on_stage(async {
        let server = Process::start("info").await;
        let now = jiff::Timestamp::now();
        let hours = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
        let form = RoundForm::for_all(1_000_000).times(&hours(-1), &hours(5));
        server.operator.define("r1", &form).await;
        server.operator.open("r1").await;
        let nginx = Nginx::before(server.public).await;
        let mut ann = Buyer { web: nginx.web.clone(), ..server.buyer("ann") };
        allowed(ann.join("r1").await);
        let board = Request::new("GET", "/v1/rounds/r1/board").header("accept-language", "ko");
        let keys = Request::new("GET", "/.well-known/jwks.json");
        let look = Request::new("GET", WATERMARK);
        let round = Request::new("GET", "/v1/rounds/r1");
        for request in [&look, &board, &keys, &round] {
            assert_eq!(nginx.web.send(request).await.status, 200);
        }
        let _data = server.kill();
        let mut documents = Vec::new();
        let (began, mut is_stale) = (Instant::now(), false);
        while began.elapsed() < Duration::from_secs(4) {
            let answer = nginx.web.send(&look).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            is_stale |= answer.header("x-cache") == Some("STALE");
            documents.push(answer.text());
            eventually::pause().await;
        }
        documents.dedup();
        assert!(is_stale, "longer than a second it is the last one");
        assert!(documents.len() <= 2, "it does not change any more");
        assert!(documents[0].contains(",\"signature\":{"), "and still proves itself");
        for request in [&board, &round] {
            let answer = nginx.web.send(request).await;
            assert_eq!((answer.status, answer.header("x-cache")), (200, Some("STALE")));
        }
        assert_eq!(nginx.web.send(&keys).await.status, 200);
        // Whoever wants something of their own is told so, in the form of the contract.
        let away = ann.where_am_i("r1").await;
        expect(&away, 503, "unavailable", &json!({}));
        assert!(away.header("retry-after").is_some(), "{away:?}");
    });
}

/// A server that says how long it may be shown, with shorter times than ours.
async fn stand_in(kept: &'static str) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let serving = tokio::spawn(async move {
        while let Ok((mut asked, _)) = listener.accept().await {
            let mut head = [0; 4_096];
            let _ = asked.read(&mut head).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nCache-Control: {kept}\r\nContent-Length: 2\r\n\
                 Connection: close\r\n\r\nok"
            );
            let _ = asked.write_all(answer.as_bytes()).await;
        }
    });
    (address, serving)
}

/// What the server says of stale answers is honoured, and is the bound.
#[test]
fn nothing_is_shown_for_longer_than_the_server_said() {
    on_stage(async {
        let kept = "public, max-age=1, stale-while-revalidate=1, stale-if-error=4";
        let (address, serving) = stand_in(kept).await;
        let nginx = Nginx::before(address).await;
        let paths = [WATERMARK, "/v1/rounds/r1/board", "/v1/rounds/r1", "/v1/rounds/r1/draw"];
        let look = async |path: &str| {
            let answer = nginx.web.send(&Request::new("GET", path)).await;
            let cached = answer.header("x-cache").map(str::to_owned);
            (answer.status, cached)
        };
        for path in paths {
            assert_eq!(look(path).await, (200, Some("MISS".to_owned())), "{path}");
            assert_eq!(look(path).await, (200, Some("HIT".to_owned())), "{path}");
        }
        serving.abort();
        let _ = serving.await;
        for path in paths {
            let is_stale = async || look(path).await == (200, Some("STALE".to_owned()));
            eventually::so("the last one is shown", is_stale).await;
        }
        for path in paths {
            eventually::so("and no longer", async || look(path).await.0 == 503).await;
        }
    });
}

#[test]
fn a_transcript_is_kept_and_nothing_else_beneath_the_draw() {
    on_stage(async {
        let (address, serving) = stand_in("public, max-age=31536000, immutable").await;
        let nginx = Nginx::before(address).await;
        for (path, is_kept) in [
            ("/v1/rounds/r1/draw/everyone/transcript", true),
            ("/v1/rounds/r1/draw/born-1990/transcript", true),
            ("/v1/rounds/r1/tickets/me/proof", false),
            ("/v1/rounds/r1/draw/everyone/other", false),
        ] {
            let request = Request::new("GET", path);
            assert_eq!(nginx.web.send(&request).await.status, 200, "{path}");
            let again = nginx.web.send(&request).await;
            assert_eq!(again.header("x-cache") == Some("HIT"), is_kept, "{path}: {again:?}");
        }
        serving.abort();
    });
}

/// S22: a thousand looks of two people at what is theirs, mixed with what is everybody's.
#[test]
fn s22_nobody_is_given_what_is_another_s() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(10_000_000)).await;
        let documented = Nginx::before(app.public).await;
        mixed(&app, &documented, "documented").await;
        // What is personal says so itself: it is kept by no cache, also where everything may be.
        let all = |text: String| {
            let changed = text.replace("proxy_cache off;", "proxy_cache openrun;");
            assert_ne!(changed, text);
            changed
        };
        let careless = Nginx::changed(app.public, all).await;
        mixed(&app, &careless, "careless").await;
    });
}

async fn mixed(app: &TestApp, nginx: &Nginx, name: &str) {
    let mut two = [(); 2].map(|()| None::<(Buyer, Value, Value)>);
    for (index, slot) in two.iter_mut().enumerate() {
        let buyer = app.buyer(&format!("{name}-{index}"));
        let mut buyer = Buyer { web: nginx.web.clone(), ..buyer };
        let amount = 100_000 * (1 + i64::try_from(index).expect("two"));
        let bought = buyer.buy_through("r1", "key", amount).await.json();
        let place = allowed(buyer.where_am_i("r1").await);
        *slot = Some((buyer, bought, place));
    }
    let two = two.map(|it| it.expect("both are there"));
    assert_ne!(two[0].2["number"], two[1].2["number"]);
    let looks = (0..1_000).map(|look| {
        let (buyer, bought, place) = two[look % 2].clone();
        async move { look_once(look / 2, &buyer, &bought, &place).await }
    });
    join_all(looks).await;
}

/// What the person gets must be theirs, and say that nobody may keep it.
async fn look_once(look: usize, buyer: &Buyer, bought: &Value, place: &Value) {
    let own = match look % 6 {
        0 => {
            let answer = buyer.where_am_i("r1").await;
            assert_eq!(answer.json()["number"], place["number"], "{answer:?}");
            answer
        }
        1 => {
            let answer = buyer.get("/v1/purchases").await;
            let listed = answer.json()["purchases"].as_array().cloned().expect("a list");
            assert_eq!(listed.len(), 1, "{answer:?}");
            assert_eq!(listed[0]["id"], bought["id"], "{answer:?}");
            answer
        }
        2 => {
            let id = bought["id"].as_str().expect("an id");
            let answer = buyer.get(&format!("/v1/purchases/{id}")).await;
            assert_eq!(answer.json()["amount_won"], bought["amount_won"], "{answer:?}");
            answer
        }
        3 => {
            let used = buyer.limits(CITYWIDE).await["used_won"].clone();
            assert_eq!(used, bought["amount_won"]);
            buyer.get("/v1/people/me/limits").await
        }
        4 => buyer.get("/v1/people/me").await,
        _ => {
            for path in [WATERMARK, "/v1/rounds/r1/board", "/v1/rounds/r1"] {
                let answer = buyer.get(path).await;
                let kept = answer.header("cache-control").unwrap_or_default().to_owned();
                assert!(answer.status == 200 && kept.starts_with("public"), "{answer:?}");
                assert!(!answer.text().contains(bought["id"].as_str().expect("an id")));
            }
            return;
        }
    };
    assert_eq!((own.status, own.header("cache-control")), (200, Some("no-store")), "{own:?}");
    assert!(own.header("x-cache").is_none_or(|it| it != "HIT"), "{own:?}");
}
