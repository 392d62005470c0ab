//! S26, S27: what answers where the bank should be, and is none.

use super::adapters::{APPROVED, HASTY_MS, KINDS, PATIENT_MS, TEN, fresh_id, order, order_at};
use super::support::{TestRail, on_stage};
use openrun::rail::RailSettings;
use openrun_actors::rail::{PayBy, Rail};
use openrun_core::payment::RailAnswer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// How bytes come out.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// At once, then the connection is closed.
    AtOnce,
    /// A byte each 20 ms: never so slow that nothing comes, never whole in time.
    Drop,
    /// At once, and then more of the last byte for ever.
    Flood,
}

/// Listens, reads a little of each request, and answers bytes.
struct Rude {
    address: SocketAddr,
    calls: Arc<AtomicU64>,
}

impl Rude {
    async fn answering(bytes: String, pace: Pace) -> Rude {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let calls = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let bytes = bytes.clone();
                tokio::spawn(async move {
                    let mut request = [0; 4_096];
                    let _ = stream.read(&mut request).await;
                    match pace {
                        Pace::AtOnce => drop(stream.write_all(bytes.as_bytes()).await),
                        Pace::Drop => {
                            for byte in bytes.bytes() {
                                tokio::time::sleep(Duration::from_millis(20)).await;
                                if stream.write_all(&[byte]).await.is_err() {
                                    return;
                                }
                            }
                        }
                        Pace::Flood => {
                            let more = bytes[bytes.len() - 1..].repeat(64 * 1024);
                            let mut sent = stream.write_all(bytes.as_bytes()).await;
                            while sent.is_ok() {
                                sent = stream.write_all(more.as_bytes()).await;
                            }
                        }
                    }
                    let _ = stream.shutdown().await;
                });
            }
        });
        Rude { address, calls }
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

/// An adapter that has the bank's key and calls this address.
fn adapter(bank: &TestRail, kind: &str, address: SocketAddr, timeout_ms: u64) -> Arc<dyn Rail> {
    let rail = format!("{kind}:http://{address}");
    let settings = RailSettings { rail, timeout_ms, ..bank.settings(kind) };
    match bank.pay_by(&settings) {
        PayBy::Waiting(rail) => rail,
        PayBy::AtOnce(_) => panic!("it is called over HTTP"),
    }
}

/// A whole answer of HTTP/1.1.
fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

const JSON: &str = "content-type: application/json\r\n";

#[test]
fn s26_no_redirect_is_followed() {
    on_stage(async {
        let bank = TestRail::start("none");
        let elsewhere = Rude::answering(http("200 OK", JSON, "{}"), Pace::AtOnce).await;
        for kind in KINDS {
            for status in ["301", "302", "303", "307", "308"] {
                let to = format!("location: http://{}/v1/authorisations\r\n", elsewhere.address);
                let answer = http(&format!("{status} Moved"), &(to + JSON), "{}");
                let rude = Rude::answering(answer, Pace::AtOnce).await;
                let rail = adapter(&bank, kind, rude.address, PATIENT_MS);
                let request = order(&rail);
                assert_eq!(rail.authorise(&request).await, RailAnswer::Unknown, "{kind} {status}");
                assert_eq!(rail.inquire(&request).await, RailAnswer::Unknown, "{kind} {status}");
                assert_eq!(rail.cancel(&request).await, RailAnswer::Unknown, "{kind} {status}");
                assert_eq!(rude.calls(), 3, "{kind} {status}: each asked once, none repeated");
            }
        }
        assert_eq!(elsewhere.calls(), 0, "the address that was named was never called");
    });
}

#[test]
fn s27_huge_slow_and_unsigned_answers_say_nothing_and_hold_nobody_up() {
    on_stage(async {
        let bank = TestRail::start("none");
        let id = "\"order_id\":\"ID\"";
        let yes =
            format!("{{{id},\"status\":\"approved\",\"amount_won\":93000,\"refunded_won\":0}}");
        let no = format!("{{{id},\"code\":\"no-such-order\"}}");
        let declined =
            format!("{{{id},\"status\":\"declined\",\"amount_won\":0,\"refunded_won\":0}}");
        let forged = format!("{JSON}rail-signature: v1=AAAA\r\n");
        let spaces = " ".repeat(20_000);
        let table: Vec<(&str, String, Pace)> = vec![
            ("a perfect answer, unsigned", http("200 OK", JSON, &yes), Pace::AtOnce),
            ("the same, with a made-up signature", http("200 OK", &forged, &yes), Pace::AtOnce),
            ("an unsigned 404", http("404 Not Found", JSON, &no), Pace::AtOnce),
            ("an unsigned decline", http("402 Payment Required", JSON, &declined), Pace::AtOnce),
            (
                "more than the bound, and said so",
                http("200 OK", JSON, &(yes.clone() + &spaces)),
                Pace::AtOnce,
            ),
            ("a body without end", format!("HTTP/1.1 200 OK\r\n{JSON}\r\n{yes} "), Pace::Flood),
            ("headers without end", format!("HTTP/1.1 200 OK\r\n{JSON}x: y"), Pace::Flood),
            ("a byte now and then", http("200 OK", JSON, &yes), Pace::Drop),
            ("nothing", String::new(), Pace::AtOnce),
            ("half a head", "HTTP/1.1 200 O".to_owned(), Pace::AtOnce),
            (
                "less than was promised",
                http("200 OK", JSON, &yes).replace("length: ", "length: 9"),
                Pace::AtOnce,
            ),
            ("not HTTP", "220 mail.example ESMTP\r\n".to_owned(), Pace::AtOnce),
            ("a page", http("200 OK", "content-type: text/html\r\n", "<html>"), Pace::AtOnce),
            ("no content", "HTTP/1.1 204 No Content\r\n\r\n".to_owned(), Pace::AtOnce),
        ];
        for (what, bytes, pace) in table {
            for kind in KINDS {
                let purchase = fresh_id();
                let bytes = bytes.replace("ID", &String::from(purchase));
                let length = |text: &str| text.matches(&String::from(purchase)).count() * 30;
                // The id is 30 bytes longer than its place: so is the body.
                let bytes = relength(&bytes, length(&bytes));
                let rude = Rude::answering(bytes, pace).await;
                let rail = adapter(&bank, kind, rude.address, HASTY_MS);
                let request = order_at(&rail, purchase, TEN);
                let began = Instant::now();
                assert_eq!(rail.authorise(&request).await, RailAnswer::Unknown, "{kind}: {what}");
                assert_eq!(rail.inquire(&request).await, RailAnswer::Unknown, "{kind}: {what}");
                assert_eq!(rail.cancel(&request).await, RailAnswer::Unknown, "{kind}: {what}");
                // Three calls of at most 0.9 s, and a machine that is busy.
                assert!(began.elapsed() < Duration::from_secs(15), "{kind}: {what}");
            }
        }
    });
}

/// The answer with a content-length that is larger by so much.
fn relength(answer: &str, more: usize) -> String {
    let Some((head, rest)) = answer.split_once("content-length: ") else {
        return answer.to_owned();
    };
    let (length, body) = rest.split_once("\r\n").expect("a header ends");
    let length: usize = length.parse().expect("a length");
    format!("{head}content-length: {}\r\n{body}", length + more)
}

/// The control: the same bytes signed by the bank itself are believed.
#[test]
fn s27_the_banks_own_answer_is_believed_through_the_same_adapter() {
    on_stage(async {
        let bank = TestRail::start("none");
        let address = bank.url.trim_start_matches("http://").parse().expect("an address");
        for kind in KINDS {
            let rail = adapter(&bank, kind, address, PATIENT_MS);
            assert_eq!(rail.authorise(&order(&rail)).await, APPROVED, "{kind}");
        }
    });
}

#[test]
fn another_key_gets_no_answer_and_gives_none() {
    on_stage(async {
        let bank = TestRail::start("none");
        let other = TestRail::start("none");
        for kind in KINDS {
            let rail = format!("{kind}:{}", other.url);
            let settings = RailSettings { rail, ..bank.settings(kind) };
            let PayBy::Waiting(rail) = bank.pay_by(&settings) else { panic!("it is called") };
            let request = order(&rail);
            assert_eq!(rail.authorise(&request).await, RailAnswer::Unknown, "{kind}");
            assert_eq!(rail.cancel(&request).await, RailAnswer::Unknown, "{kind}");
        }
        assert_eq!(other.ledger().await.orders, 0, "a bank does nothing for a stranger");
    });
}
