//! Callers that do not speak HTTP as they should: they get a no, or nothing, and the others notice
//! nothing.

use crate::support::staff::RoundForm;
use crate::support::{Request, TestApp, allowed, checks, on_stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// S13.
#[test]
fn bytes_that_are_no_request_harm_nobody() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(200_000));
        let many = (0..1_000).map(|index| format!("x-{index}: y\r\n")).collect::<String>();
        let ann = app.buyer("ann");
        let half = ann.buy_request("r1", "half", 10_000).bytes();
        let lying = String::from_utf8_lossy(&half).replace("content-length: ", "content-length: 9");
        let post = "POST /v1/rounds/r1/purchases HTTP/1.1\r\nhost: x\r\n";
        for bytes in [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            b"\0\0\0\0\r\n\r\n".to_vec(),
            b"GET\r\n\r\n".to_vec(),
            b"GET / HTTP/9.9\r\n\r\n".to_vec(),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            long.into_bytes(),
            format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n").into_bytes(),
            format!("{post}content-length: 5\r\ncontent-length: 6\r\n\r\n{{}}").into_bytes(),
            format!("{post}content-length: -1\r\n\r\n{{}}").into_bytes(),
            format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n").into_bytes(),
            half[..half.len() / 2].to_vec(),
            lying.into_bytes(),
        ] {
            let mut stream = TcpStream::connect(app.public).await.expect("it listens");
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            let answer = String::from_utf8_lossy(&answer);
            let start = answer.get(..12).unwrap_or_default();
            assert!(!start.contains(" 2") && !start.contains(" 5"), "{answer}");
        }
        assert_eq!(checks::money(&app, "r1").await, (0, 0, 1_000_000, 0));
        app.buyer("bob").buy_through("r1", "bob-1", 10_000).await;
        checks::stop_clean(app, 10_000).await;
    });
}

#[test]
fn requests_sent_without_waiting_for_answers_are_answered_in_order() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let mut ann = app.buyer("ann");
        allowed(ann.sign_up().await);
        ann.get_pass("r1").await;
        let one = ann.buy_request("r1", "piped", 10_000).bytes();
        let last = Request::new("GET", "/v1/rounds").header("connection", "close").bytes();
        let mut stream = TcpStream::connect(app.public).await.expect("it listens");
        stream.write_all(&[one.repeat(5), last].concat()).await.expect("it reads");
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).await.expect("it closes after the last");
        let answers = String::from_utf8_lossy(&answers);
        let statuses: Vec<&str> = answers.matches("HTTP/1.1 201").collect();
        assert_eq!(statuses.len(), 5, "{answers}");
        assert_eq!(answers.matches("idempotency-replayed: true").count(), 4, "{answers}");
        assert!(answers.contains("HTTP/1.1 200"), "{answers}");
        checks::stop_clean(app, 10_000).await;
    });
}
