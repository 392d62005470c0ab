//! The document as server-sent events: the same text, sent when there is news; bounded, and ended
//! in good order.

use crate::support::staff::RoundForm;
use crate::support::{Request, TestApp, allowed, alone, checks, eventually, expect, on_stage};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const EVENTS: &str = "/v1/rounds/r1/events";
/// Longer than any pause between two events.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is being read.
struct Stream {
    socket: TcpStream,
    head: String,
    /// What came and was not read yet, without the marks of chunks.
    text: String,
    raw: Vec<u8>,
    has_ended: bool,
}

#[derive(Debug)]
struct Sent {
    id: String,
    data: String,
}

impl Sent {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("a document is JSON")
    }
}

impl Stream {
    async fn open(address: SocketAddr, headers: &str) -> Stream {
        let mut socket = TcpStream::connect(address).await.expect("the server listens");
        let request = format!("GET {EVENTS} HTTP/1.1\r\nhost: openrun\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).await.expect("the server reads");
        let mut raw = Vec::new();
        let end = loop {
            if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            let read = tokio::time::timeout(PATIENCE, socket.read_buf(&mut raw)).await;
            assert!(read.expect("in time").expect("an answer") > 0, "closed before an answer");
        };
        let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
        let raw = raw.split_off(end + 4);
        Stream { socket, head, text: String::new(), raw, has_ended: false }
    }

    /// Moves whole chunks from what came to the text.
    fn unchunk(&mut self) {
        while let Some(line) = self.raw.windows(2).position(|two| two == b"\r\n") {
            let size = String::from_utf8_lossy(&self.raw[..line]).into_owned();
            let size = usize::from_str_radix(&size, 16).expect("a size of a chunk");
            if self.raw.len() < line + 4 + size {
                return;
            }
            self.text.push_str(&String::from_utf8_lossy(&self.raw[line + 2..line + 2 + size]));
            self.raw.drain(..line + 4 + size);
            self.has_ended |= size == 0;
        }
    }

    /// The next block of lines; nothing when the stream has ended in good order.
    async fn block(&mut self) -> Option<String> {
        loop {
            self.unchunk();
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            if self.has_ended {
                return None;
            }
            let read = tokio::time::timeout(PATIENCE, self.socket.read_buf(&mut self.raw)).await;
            let read = read.expect("an event in time").expect("the stream is read");
            assert!(read > 0, "the stream was cut");
        }
    }

    async fn next(&mut self) -> Option<Sent> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let found = block.lines().find_map(|line| line.strip_prefix(name));
                found.map(str::to_owned)
            };
            if let Some(data) = field("data: ") {
                assert_eq!(field("event: ").as_deref(), Some("watermark"), "{block}");
                return Some(Sent { id: field("id: ").expect("an id"), data });
            }
            assert!(block.starts_with("retry: "), "{block}");
        }
    }
}

async fn streams(app: &TestApp) -> f64 {
    checks::metric(&app.operator.metrics().await, "openrun_event_streams")
}

#[test]
fn the_same_text_comes_by_itself_and_a_change_of_state_at_once() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(400_000)).await;
        let mut stream = Stream::open(app.public, "").await;
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
        assert_eq!(first.id, format!("{}-{}", document["epoch"], document["serial"]));
        assert!(first.data.starts_with("{\"document\":\"openrun/watermark/v1\","));
        assert!(first.data.contains(",\"signature\":{\"kid\":"));
        let mut ann = app.buyer("ann");
        ann.buy_through("r1", "ann-1", 400_000).await;
        let sold = Instant::now();
        let mut serial = document["serial"].as_u64();
        loop {
            let sent = stream.next().await.expect("the stream goes on").json();
            assert!(sent["serial"].as_u64() > serial, "each is newer: {sent}");
            serial = sent["serial"].as_u64();
            if sent["state"] == "sold_out" {
                break;
            }
        }
        assert!(sold.elapsed() < Duration::from_millis(900), "{:?}", sold.elapsed());
    });
}

#[test]
fn who_comes_back_gets_only_what_is_new_and_a_head_is_a_head() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut first = Stream::open(app.public, "").await;
        let seen = first.next().await.expect("what stands").id;
        // As long as nothing has changed there is nothing to send again.
        let mut back = Stream::open(app.public, &format!("last-event-id: {seen}\r\n")).await;
        allowed(
            app.operator
                .call("POST", "/v1/admin/rounds/r1/pause", Some(json!({"reason": "a test"})))
                .await,
        );
        let next = back.next().await.expect("the stream goes on");
        assert_ne!(next.id, seen);
        let mut lost = Stream::open(app.public, "last-event-id: never\r\n").await;
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
            let mut stream = Stream::open(app.public, "").await;
            stream.next().await.expect("what stands");
            all.push(stream);
        }
        assert_eq!(streams(&app).await, 100.0);
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
        assert!(frames().await - before <= 3.0, "made once for all");
        let began = Instant::now();
        let ending = tokio::spawn(async move {
            for stream in &mut all {
                while stream.next().await.is_some() {}
            }
        });
        app.stop().await.assert_clean();
        ending.await.expect("every stream ended with its last chunk");
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    });
}

#[test]
fn there_are_only_so_many_and_one_that_goes_makes_room() {
    alone(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut all = Vec::new();
        while all.len() < openrun::http::events::STREAMS_MAX {
            let stream = Stream::open(app.public, "").await;
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
            Stream::open(app.public, "").await.head.starts_with("http/1.1 200")
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
