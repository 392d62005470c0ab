//! Bytes that two programs in a row may read in two ways: a second request hidden in what one of
//! them takes for the body of the first. Each is sent to the server itself and to the documented
//! cache in front of it, over real sockets.
//!
//! What is hidden signs somebody up. It must not have happened, but where the bytes are plainly two
//! requests in a row: those rows show that the test would see it.

use crate::nginx::Nginx;
use crate::support::staff::RoundForm;
use crate::support::{Buyer, TestApp, checks, join_all, on_stage};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the other end may say nothing before it is taken to have said everything.
const SILENCE: Duration = Duration::from_secs(4);

/// What is sent and what must come of it; how it is written stands at its head.
const CORPUS: &str = include_str!("smuggling.txt");

/// One row.
struct Case {
    name: String,
    bytes: Vec<u8>,
    statuses: Vec<u16>,
    is_closed: bool,
    is_executed: bool,
    may_be_headless: bool,
    /// Whom the hidden request signs up, and whom the other one.
    hidden: Buyer,
    outer: Buyer,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    statuses: Vec<u16>,
    is_closed: bool,
}

/// S13.
#[test]
fn s13_no_request_is_hidden_in_the_body_of_another() {
    on_stage(async {
        let app = TestApp::start().await;
        app.operator.define_open("r1", &RoundForm::for_all(1_000_000)).await;
        let nginx = Nginx::before(app.public).await;
        let (here, there) = (app.public, nginx.web.address());
        let direct = cases(&app, "direct").into_iter().map(|case| check_direct(here, case));
        let found = join_all(direct).await.into_iter().flatten();
        let cached = cases(&app, "cached").into_iter().map(|case| check_cached(there, case));
        let found: Vec<_> = found.chain(join_all(cached).await.into_iter().flatten()).collect();
        assert!(found.is_empty(), "\n{}", found.join("\n"));
        checks::stop_clean(app, 0).await;
    });
}

/// Exactly the documented outcome; else what is wrong.
async fn check_direct(address: SocketAddr, case: Case) -> Option<String> {
    let outcome = exchange(address, &case.bytes).await;
    // Where it need not be closed it may be: nothing more is read then.
    let fits = outcome
        .as_ref()
        .is_ok_and(|got| got.statuses == case.statuses && (got.is_closed || !case.is_closed));
    let is_good = fits
        && is_answered_for(&case, &outcome).await
        && is_signed_up(&case.hidden).await == case.is_executed;
    (!is_good).then(|| format!("{}: {outcome:?}", case.name))
}

/// Behind the cache, which may refuse more, and may take for two requests what the server would
/// not: it must have seen whatever it asks the server for.
async fn check_cached(address: SocketAddr, case: Case) -> Option<String> {
    let outcome = exchange(address, &case.bytes).await;
    let fits = outcome.is_ok() || case.may_be_headless;
    let is_good = fits && is_answered_for(&case, &outcome).await;
    (!is_good).then(|| format!("{}, cached: {outcome:?}", case.name))
}

/// Whether as many people signed up as were told so.
async fn is_answered_for(case: &Case, outcome: &Result<Outcome, String>) -> bool {
    let told = |got: &Outcome| got.statuses.iter().filter(|status| **status == 201).count();
    let told = outcome.as_ref().map_or(0, told);
    let both = [is_signed_up(&case.hidden).await, is_signed_up(&case.outer).await];
    both.into_iter().filter(|is| *is).count() == told
}

async fn is_signed_up(person: &Buyer) -> bool {
    person.get("/v1/people/me").await.status == 200
}

fn cases(app: &TestApp, where_to: &str) -> Vec<Case> {
    let rows = CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).enumerate();
    let of_row = |(number, row): (usize, &str)| {
        let parts: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let [name, bytes, outcome] = parts[..] else { panic!("three parts: {row}") };
        let hidden = app.buyer(&format!("hidden-{where_to}-{number}"));
        let outer = app.buyer(&format!("outer-{where_to}-{number}"));
        let words: Vec<&str> = outcome.split(' ').collect();
        Case {
            name: name.to_owned(),
            bytes: filled(bytes, &hidden, &outer),
            statuses: words.iter().filter_map(|word| word.parse().ok()).collect(),
            is_closed: words.contains(&"closed"),
            is_executed: words.contains(&"executed"),
            may_be_headless: words.contains(&"0.9"),
            hidden,
            outer,
        }
    };
    rows.map(of_row).collect()
}

/// The bytes of a row.
fn filled(row: &str, hidden: &Buyer, outer: &Buyer) -> Vec<u8> {
    let hidden = hidden.sign_up_request("110-000-000000").bytes();
    let hidden = String::from_utf8(hidden).expect("it is text");
    let ok = r#"{"accepted_terms":true,"account":"110-000-000000"}"#;
    let bare = "POST /v1/people HTTP/1.1\r\nhost: x\r\n";
    let post = format!(
        "{bare}authorization: Bearer {}\r\ncontent-type: application/json\r\n",
        outer.token
    );
    let text = [("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\x0b", "\x0b"), ("\\0", "\0")]
        .into_iter()
        .fold(row.to_owned(), |text, (escape, byte)| text.replace(escape, byte));
    let lengths = [
        ("{n+5}", format!("{}", hidden.len() + 5)),
        ("{n}", format!("{}", hidden.len())),
        ("{hex}", format!("{:x}", hidden.len())),
        ("{okn}", format!("{:x}", ok.len())),
    ];
    let text = lengths.into_iter().fold(text, |text, (name, value)| text.replace(name, &value));
    let text = text.replace("{bare}", bare).replace("{post}", &post);
    text.replace("{ok}", ok).replace("{hidden}", &hidden).into_bytes()
}

/// Sends the bytes and reads until the end or silence; an error says what is no answer.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> Result<Outcome, String> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let _ = stream.write_all(bytes).await;
    let (mut got, mut is_closed) = (Vec::new(), false);
    while !is_closed {
        match tokio::time::timeout(SILENCE, stream.read_buf(&mut got)).await {
            Ok(read) => is_closed = !read.is_ok_and(|length| length > 0),
            Err(_) => break,
        }
    }
    let statuses = answers(&got)?;
    Ok(Outcome { statuses, is_closed })
}

/// The statuses of answers that follow each other without a byte between them.
fn answers(mut bytes: &[u8]) -> Result<Vec<u16>, String> {
    let mut statuses = Vec::new();
    while !bytes.is_empty() {
        let told = || String::from_utf8_lossy(bytes).into_owned();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(told)?;
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head.strip_prefix("http/1.1 ").or_else(|| head.strip_prefix("http/1.0 "));
        let status: u16 = status.and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(told)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(Some(0), |it| it.parse().ok()).ok_or_else(told)?;
        bytes = bytes.get(end + 4 + length..).ok_or_else(told)?;
        // An interim answer is no answer.
        if status >= 200 {
            statuses.push(status);
        }
    }
    Ok(statuses)
}
