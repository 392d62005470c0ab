//! The fault proxy does what it says: asked of a server that sends back what it gets.

use crate::support::proxy::{Counts, Direction, FaultProxy, When};
use crate::support::{eventually, on_stage};
use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Long enough for bytes that are on their way to arrive, to say that none are.
const SILENCE: Duration = Duration::from_millis(150);

/// A server that answers every byte with itself in upper case.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 1_024];
                while let Ok(length) = stream.read(&mut bytes).await {
                    let upper = bytes[..length].to_ascii_uppercase();
                    if length == 0 || stream.write_all(&upper).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

struct Caller(TcpStream);

impl Caller {
    async fn to(proxy: &FaultProxy) -> Caller {
        Caller(TcpStream::connect(proxy.address).await.expect("the proxy listens"))
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("the connection is there");
    }

    /// The next bytes, as many as these; or how the connection ended, and what came before.
    async fn hears(&mut self, expected: &str) -> Result<()> {
        let mut bytes = vec![0; expected.len()];
        let reading = timeout(Duration::from_secs(10), self.0.read_exact(&mut bytes)).await;
        reading.expect("an answer or an end within 10 s")?;
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
        Ok(())
    }

    async fn hears_nothing(&mut self) {
        let mut byte = [0];
        let heard = timeout(SILENCE, self.0.read(&mut byte)).await;
        assert!(heard.is_err(), "something came: {heard:?}");
    }

    /// How it ended.
    async fn ends(&mut self) -> ErrorKind {
        let mut rest = Vec::new();
        let reading = timeout(Duration::from_secs(10), self.0.read_to_end(&mut rest)).await;
        match reading.expect("an end within 10 s") {
            Ok(_) => {
                assert_eq!(String::from_utf8_lossy(&rest), "", "nothing more comes");
                ErrorKind::UnexpectedEof
            }
            Err(error) => error.kind(),
        }
    }
}

/// Whether a new connection fails, or ends before a byte.
async fn hung_up_on(proxy: &FaultProxy) -> bool {
    let Ok(mut stream) = TcpStream::connect(proxy.address).await else { return true };
    let heard = timeout(Duration::from_secs(10), stream.read_u8()).await;
    heard.expect("an end within 10 s").is_err()
}

#[test]
fn bytes_go_through_and_are_counted() {
    on_stage(async {
        let proxy = FaultProxy::start(echo().await).await;
        let (mut one, mut other) = (Caller::to(&proxy).await, Caller::to(&proxy).await);
        one.say("kim").await;
        one.hears("KIM").await.unwrap();
        other.say("lee!").await;
        other.hears("LEE!").await.unwrap();
        let counts = Counts { accepted: 2, open: 2, ..Counts::default() };
        assert_eq!(proxy.counts(), Counts { bytes_to_server: 7, bytes_to_client: 7, ..counts });
        drop(one);
        eventually::so("the end of one", async || proxy.counts().open == 1).await;
    });
}

#[test]
fn a_pause_holds_back_and_a_resume_lets_through_in_order() {
    on_stage(async {
        let proxy = FaultProxy::start(echo().await).await;
        let mut old = Caller::to(&proxy).await;
        old.say("a").await;
        old.hears("A").await.unwrap();
        proxy.pause();
        let mut new = Caller::to(&proxy).await;
        old.say("b").await;
        new.say("c").await;
        old.hears_nothing().await;
        new.hears_nothing().await;
        old.say("d").await;
        proxy.resume();
        old.hears("BD").await.unwrap();
        new.hears("C").await.unwrap();
        // In one direction: the server has it, and its answer waits.
        proxy.pause_one(Direction::ToClient);
        old.say("e").await;
        eventually::so("the server's bytes", async || proxy.counts().bytes_to_server == 5).await;
        old.hears_nothing().await;
        proxy.resume();
        old.hears("E").await.unwrap();
        proxy.pause_one(Direction::ToServer);
        old.say("f").await;
        old.hears_nothing().await;
        assert_eq!(proxy.counts().bytes_to_server, 5);
        proxy.resume();
        old.hears("F").await.unwrap();
    });
}

#[test]
fn connections_are_closed_reset_and_refused() {
    on_stage(async {
        let proxy = FaultProxy::start(echo().await).await;
        let (mut one, mut other) = (Caller::to(&proxy).await, Caller::to(&proxy).await);
        one.say("a").await;
        one.hears("A").await.unwrap();
        other.say("a").await;
        other.hears("A").await.unwrap();
        proxy.cut();
        assert_eq!(one.ends().await, ErrorKind::UnexpectedEof);
        assert_eq!(other.ends().await, ErrorKind::UnexpectedEof);
        let mut one = Caller::to(&proxy).await;
        one.say("b").await;
        one.hears("B").await.unwrap();
        proxy.reset();
        assert_eq!(one.ends().await, ErrorKind::ConnectionReset);
        proxy.refuse(true);
        assert!(hung_up_on(&proxy).await);
        assert_eq!(proxy.counts().refused, 1);
        proxy.refuse(false);
        let mut one = Caller::to(&proxy).await;
        one.say("c").await;
        one.hears("C").await.unwrap();
        // A pause does not keep a connection from its end.
        proxy.pause();
        proxy.cut();
        assert_eq!(one.ends().await, ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_cut_after_bytes_springs_in_the_middle_of_a_message_and_once() {
    on_stage(async {
        let proxy = FaultProxy::start(echo().await).await;
        proxy.cut_after_bytes(Direction::ToServer, 5);
        let mut one = Caller::to(&proxy).await;
        one.say("abc").await;
        one.hears("ABC").await.unwrap();
        one.say("defg").await;
        one.ends().await;
        assert_eq!((proxy.counts().sprung, proxy.counts().bytes_to_server), (1, 5));
        let mut one = Caller::to(&proxy).await;
        one.say("a longer message").await;
        one.hears("A LONGER MESSAGE").await.unwrap();
        proxy.cut_after_bytes(Direction::ToClient, 2);
        one.say("hello").await;
        one.hears("HE").await.unwrap();
        one.ends().await;
        // One that was taken back does nothing.
        proxy.cut_after_bytes(Direction::ToServer, 1);
        proxy.clear_traps();
        let mut one = Caller::to(&proxy).await;
        one.say("hello").await;
        one.hears("HELLO").await.unwrap();
    });
}

#[test]
fn a_cut_at_a_pattern_comes_before_it_or_before_its_reply() {
    on_stage(async {
        let proxy = FaultProxy::start(echo().await).await;
        let (mut one, mut other) = (Caller::to(&proxy).await, Caller::to(&proxy).await);
        proxy.cut_at(b"commit", Direction::ToServer, When::BeforeForwarding);
        other.say("com").await;
        other.hears("COM").await.unwrap();
        one.say("select; commit;").await;
        assert_eq!(one.ends().await, ErrorKind::UnexpectedEof);
        assert_eq!((proxy.counts().sprung, proxy.counts().bytes_to_server), (1, 3));
        // In two parts, and answered by nobody; the other connection stays.
        proxy.cut_at(b"commit", Direction::ToServer, When::AfterForwardingBeforeReply);
        let mut one = Caller::to(&proxy).await;
        one.say("--com").await;
        one.hears("--COM").await.unwrap();
        one.say("mit--").await;
        assert_eq!(one.ends().await, ErrorKind::UnexpectedEof);
        assert_eq!((proxy.counts().sprung, proxy.counts().bytes_to_server), (2, 13));
        other.say("commit").await;
        other.hears("COMMIT").await.unwrap();
        proxy.cut_at(b"YES", Direction::ToClient, When::BeforeForwarding);
        other.say("no, yes").await;
        assert_eq!(other.ends().await, ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_delay_holds_back_both_ways() {
    on_stage(async {
        let proxy = FaultProxy::start(echo().await).await;
        let mut one = Caller::to(&proxy).await;
        one.say("a").await;
        one.hears("A").await.unwrap();
        proxy.delay(Duration::from_millis(40));
        let sent = Instant::now();
        one.say("b").await;
        one.hears("B").await.unwrap();
        assert!(sent.elapsed() >= Duration::from_millis(80), "{:?}", sent.elapsed());
    });
}

#[test]
fn a_server_that_is_away_ends_the_connection() {
    on_stage(async {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let proxy = FaultProxy::start(gone).await;
        assert!(hung_up_on(&proxy).await);
    });
}
