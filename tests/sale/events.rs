//! The document as server-sent events: the same text, sent when there is news; bounded, and ended
//! in good order.

use crate::support::staff::RoundForm;
use crate::support::{
    Request, Stream, TestApp, allowed, alone, checks, eventually, expect, on_stage,
};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

const EVENTS: &str = "/v1/rounds/r1/events";
/// A document comes once a second; a change of state waits for no second.
const BEFORE_THE_NEXT_SECOND: Duration = Duration::from_millis(900);

async fn open(address: SocketAddr, headers: &str) -> Stream {
    Stream::open(address, EVENTS, headers).await
}

async fn streams(app: &TestApp) -> f64 {
    checks::metric(&app.operator.metrics().await, "openrun_event_streams")
}

#[test]
fn the_same_text_comes_by_itself_and_a_change_of_state_at_once() {
    on_stage(async {
        // Once the machine may be busy with something else.
        let mut took = Vec::new();
        while took.iter().all(|took| *took >= BEFORE_THE_NEXT_SECOND) {
            assert!(took.len() < 5, "sold out is told after {took:?}");
            took.push(sold_out_is_told().await);
        }
    });
}

/// How long after it began a stream says that all was bought, which happened meanwhile.
async fn sold_out_is_told() -> Duration {
    let app = TestApp::start().await;
    app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
    let mut ann = app.buyer("ann");
    allowed(ann.sign_up().await);
    ann.get_pass("r1").await;
    // Who looks at nothing but the time sends the next document a second after the stream began.
    let began = Instant::now();
    let mut stream = open(app.public, "").await;
    for wanted in [
        "http/1.1 200",
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
    ] {
        assert!(stream.head.contains(wanted), "{wanted}: {}", stream.head);
    }
    let first = stream.next().await.expect("it begins with what stands");
    let document = first.json();
    assert_eq!(first.event, "watermark");
    assert_eq!(first.id, format!("{}-{}", document["epoch"], document["serial"]));
    assert!(first.data.starts_with("{\"document\":\"openrun/watermark/v1\","));
    assert!(first.data.contains(",\"signature\":{\"kid\":"));
    assert_eq!(ann.buy("r1", "ann-1", 400_000).await.status, 201);
    let mut serial = document["serial"].as_u64();
    loop {
        let sent = stream.next().await.expect("the stream goes on").json();
        assert!(sent["serial"].as_u64() > serial, "each is newer: {sent}");
        serial = sent["serial"].as_u64();
        if sent["state"] == "sold_out" {
            break;
        }
    }
    began.elapsed()
}

#[test]
fn who_comes_back_gets_only_what_is_new_and_a_head_is_a_head() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut first = open(app.public, "").await;
        let seen = first.next().await.expect("what stands").id;
        // As long as nothing has changed there is nothing to send again.
        let mut back = open(app.public, &format!("last-event-id: {seen}\r\n")).await;
        allowed(
            app.operator
                .call("POST", "/v1/admin/rounds/r1/pause", Some(json!({"reason": "a test"})))
                .await,
        );
        loop {
            let next = back.next().await.expect("the stream goes on");
            assert_ne!(next.id, seen);
            if next.json()["state"] == "paused" {
                break;
            }
        }
        let mut lost = open(app.public, "last-event-id: never\r\n").await;
        assert_eq!(lost.next().await.expect("what stands").json()["state"], "paused");
        let head = app.web.send(&Request::new("HEAD", EVENTS)).await;
        assert_eq!((head.status, head.body.len()), (200, 0), "{head:?}");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        let nowhere = app.web.send(&Request::new("GET", "/v1/rounds/nowhere/events")).await;
        expect(&nowhere, 404, "round-not-found", &json!({}));
    });
}

/// One document for all of them, and when the server stops each stream ends in good order.
#[test]
fn a_hundred_streams_share_one_document_and_end_with_the_server() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut all = Vec::new();
        for _ in 0..100 {
            let mut stream = open(app.public, "").await;
            stream.next().await.expect("what stands");
            all.push(stream);
        }
        eventually::so("no other is counted", async || streams(&app).await == 100.0).await;
        let frames =
            async || checks::metric(&app.operator.metrics().await, "openrun_event_frames_total");
        let before = frames().await;
        app.operator.pause("r1").await;
        let mut ids = Vec::new();
        for stream in &mut all {
            let paused = loop {
                let sent = stream.next().await.expect("the stream goes on");
                if sent.json()["state"] == "paused" {
                    break sent;
                }
            };
            ids.push((paused.id, paused.data));
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "all got the same bytes");
        assert!(frames().await - before <= 10.0, "made once for all");
        let ending = tokio::spawn(async move {
            for stream in &mut all {
                while stream.next().await.is_some() {}
            }
        });
        app.stop().await.assert_clean();
        ending.await.expect("every stream ended with its last chunk");
    });
}

#[test]
fn there_are_only_so_many_and_one_that_goes_makes_room() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut all = Vec::new();
        while all.len() < openrun::http::events::STREAMS_MAX {
            let stream = open(app.public, "").await;
            assert!(stream.head.starts_with("http/1.1 200"), "{}: {}", all.len(), stream.head);
            all.push(stream);
        }
        let refused = app.web.send(&Request::new("GET", EVENTS)).await;
        expect(&refused, 503, "overloaded", &json!({}));
        assert!(refused.header("retry-after").is_some());
        // Whoever polls still finds a connection.
        let request = Request::new("GET", "/v1/rounds/r1/watermark");
        assert_eq!(app.web.send(&request).await.status, 200);
        drop(all);
        eventually::so("those who went are noticed", async || {
            app.operator.set_inlet("r1", json!({"rate_per_s": 1_000})).await;
            app.buyer("somebody").join("r1").await;
            open(app.public, "").await.head.starts_with("http/1.1 200")
        })
        .await;
    });
}

/// Who opens a stream and reads nothing costs one document and is cut off. Half a minute: only in
/// long runs.
#[test]
fn who_reads_nothing_is_cut_off() {
    if std::env::var_os("OPENRUN_LONG").is_none() {
        return;
    }
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000_000)).await;
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let mut unread = socket.connect(app.public).await.expect("the server listens");
        let request = format!("GET {EVENTS} HTTP/1.1\r\nhost: openrun\r\n\r\n");
        unread.write_all(request.as_bytes()).await.expect("the server reads");
        eventually::so("it is open", async || streams(&app).await == 1.0).await;
        // Something new each time, until its buffers are full and half a minute is over.
        let (mut number, began) = (0, Instant::now());
        while streams(&app).await > 0.0 {
            number += 1;
            assert!(began.elapsed() < Duration::from_secs(500), "it is still open");
            app.buyer(&format!("person-{number}")).join("r1").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(began.elapsed() > Duration::from_secs(20), "{:?}", began.elapsed());
    });
}
