//! A fault proxy: stands between a client and a server (PostgreSQL, a rail) on TCP, and does to
//! their bytes what networks do: nothing, delay, silence, an ending at the worst moment.
//!
//! Faults that last ([`FaultProxy::pause`], [`FaultProxy::delay`], [`FaultProxy::refuse`]) are for
//! all connections, old and new, until they are taken back. Traps ([`FaultProxy::cut_at`],
//! [`FaultProxy::cut_after_bytes`]) spring once, for the first connection that runs into them, and
//! close that one. It knows nothing of what the bytes mean, and changes none of them.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Bytes that are taken at once: more than a usual message, so that most come whole.
const CHUNK: usize = 64 * 1_024;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// When a connection is cut at a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing of the pattern arrives, nor of what came along with it.
    BeforeForwarding,
    /// All of it arrives, and the first answer after it does not. (For bytes to the server. What it
    /// answers first may be the answer to something before.)
    AfterForwardingBeforeReply,
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub accepted: u64,
    pub refused: u64,
    /// Connections that are open now.
    pub open: u64,
    /// Traps that sprang.
    pub sprung: u64,
    pub bytes_to_server: u64,
    pub bytes_to_client: u64,
}

/// The proxy; ends with all of its connections when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    rules: watch::Sender<Rules>,
    traps: Mutex<Vec<Trap>>,
    counts: Mutex<Counts>,
}

/// What holds now for every connection.
#[derive(Debug, Clone, Copy, Default)]
struct Rules {
    is_paused_to_server: bool,
    is_paused_to_client: bool,
    delay: Duration,
    refuses: bool,
    /// How often all connections were ended, and how the last time.
    endings: u64,
    ending: Ending,
}

/// How a connection is closed by the proxy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Ending {
    #[default]
    Close,
    Reset,
}

#[derive(Debug)]
enum Trap {
    Bytes { direction: Direction, left: u64 },
    Pattern { direction: Direction, pattern: Vec<u8>, when: When },
}

/// What a trap does to the connection that ran into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sprung {
    /// So much of the chunk goes on, and then it is over.
    After(usize),
    /// Everything goes on, and it is over when the server answers.
    AtReply,
}

impl Rules {
    fn is_paused(&self, direction: Direction) -> bool {
        match direction {
            Direction::ToServer => self.is_paused_to_server,
            Direction::ToClient => self.is_paused_to_client,
        }
    }
}

impl FaultProxy {
    /// Begins to listen on a free port, for a server that need not be there yet.
    pub async fn start(upstream: SocketAddr) -> FaultProxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (rules, _) = watch::channel(Rules::default());
        let shared = Shared { rules, traps: Mutex::default(), counts: Mutex::default() };
        let shared = Arc::new(shared);
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&shared)));
        FaultProxy { address, shared, accepting }
    }

    /// Lets nothing through in either direction; connections stay, and new ones are accepted.
    pub fn pause(&self) {
        self.pause_one(Direction::ToServer);
        self.pause_one(Direction::ToClient);
    }

    /// The same in one direction.
    pub fn pause_one(&self, direction: Direction) {
        self.set_paused(direction, true);
    }

    /// Lets everything through again, and first what was held back.
    pub fn resume(&self) {
        self.set_paused(Direction::ToServer, false);
        self.set_paused(Direction::ToClient, false);
    }

    fn set_paused(&self, direction: Direction, is_paused: bool) {
        self.shared.rules.send_modify(|rules| match direction {
            Direction::ToServer => rules.is_paused_to_server = is_paused,
            Direction::ToClient => rules.is_paused_to_client = is_paused,
        });
    }

    /// Holds back every chunk for so long, in both directions.
    pub fn delay(&self, delay: Duration) {
        self.shared.rules.send_modify(|rules| rules.delay = delay);
    }

    /// From now on: hang up on new connections, or take them.
    pub fn refuse(&self, refuses: bool) {
        self.shared.rules.send_modify(|rules| rules.refuses = refuses);
    }

    /// Closes all connections now.
    pub fn cut(&self) {
        self.end_all(Ending::Close);
    }

    /// Ends all connections now, with a reset.
    pub fn reset(&self) {
        self.end_all(Ending::Reset);
    }

    fn end_all(&self, ending: Ending) {
        self.shared.rules.send_modify(|rules| {
            rules.endings += 1;
            rules.ending = ending;
        });
    }

    /// Cuts a connection after so many more bytes in a direction, counted over all connections: in
    /// the middle of a message as well.
    pub fn cut_after_bytes(&self, direction: Direction, bytes: u64) {
        self.shared.traps().push(Trap::Bytes { direction, left: bytes });
    }

    /// Cuts the next connection on which the pattern comes by.
    pub fn cut_at(&self, pattern: &[u8], direction: Direction, when: When) {
        assert!(!pattern.is_empty(), "a pattern has bytes");
        let is_of_reply = when == When::AfterForwardingBeforeReply;
        assert!(!is_of_reply || direction == Direction::ToServer, "only a server replies");
        let pattern = pattern.to_vec();
        self.shared.traps().push(Trap::Pattern { direction, pattern, when });
    }

    /// Takes back the traps that did not spring.
    pub fn clear_traps(&self) {
        self.shared.traps().clear();
    }

    pub fn counts(&self) -> Counts {
        *self.shared.counts()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Shared {
    fn traps(&self) -> MutexGuard<'_, Vec<Trap>> {
        self.traps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Springs the first trap that these bytes run into.
    fn spring(&self, direction: Direction, seen: &mut Seen, chunk: &[u8]) -> Option<Sprung> {
        seen.add(chunk);
        let mut traps = self.traps();
        let run_into = |trap: &mut Trap| match trap {
            Trap::Bytes { direction: of, left } if *of == direction => {
                let length = chunk.len() as u64;
                if *left > length {
                    *left -= length;
                    return None;
                }
                Some(Sprung::After(usize::try_from(*left).expect("at most a chunk")))
            }
            Trap::Pattern { direction: of, pattern, when }
                if *of == direction && seen.holds(pattern, chunk.len()) =>
            {
                Some(match when {
                    When::BeforeForwarding => Sprung::After(0),
                    When::AfterForwardingBeforeReply => Sprung::AtReply,
                })
            }
            _ => None,
        };
        let first = traps.iter_mut().map(run_into).enumerate();
        let (index, sprung) = first.filter_map(|(index, it)| Some((index, it?))).next()?;
        traps.remove(index);
        self.counts().sprung += 1;
        Some(sprung)
    }
}

/// The last bytes that went one way, so that a pattern is found that came in two parts.
#[derive(Debug, Default)]
struct Seen(Vec<u8>);

impl Seen {
    /// As much as a pattern may be long.
    const LONGEST: usize = 1_024;

    fn add(&mut self, chunk: &[u8]) {
        let known = self.0.len().saturating_sub(Seen::LONGEST);
        self.0.drain(..known);
        self.0.extend_from_slice(chunk);
    }

    /// Whether the pattern ends within the last `fresh` bytes.
    fn holds(&self, pattern: &[u8], fresh: usize) -> bool {
        let from = (self.0.len() - fresh).saturating_sub(pattern.len() - 1);
        self.0[from..].windows(pattern.len()).any(|part| part == pattern)
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.rules.borrow().refuses {
            shared.counts().refused += 1;
            let _ = client.set_zero_linger();
            continue;
        }
        shared.counts().accepted += 1;
        // Also one that is not through to the server yet is ended with the others.
        let endings = shared.rules.borrow().endings;
        tokio::spawn(carry(client, upstream, endings, Arc::clone(&shared)));
    }
}

/// One connection from its first byte to its end.
async fn carry(mut client: TcpStream, upstream: SocketAddr, endings: u64, shared: Arc<Shared>) {
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    shared.counts().open += 1;
    let ending = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let ends_at_reply = AtomicBool::new(false);
        let there = Way { direction: Direction::ToServer, shared: &shared, ends: &ends_at_reply };
        let back = Way { direction: Direction::ToClient, shared: &shared, ends: &ends_at_reply };
        tokio::select! {
            ending = ended(&shared, endings) => Some(ending),
            done = async {
                let there = there.pump(from_client, to_server);
                let back = back.pump(from_server, to_client);
                tokio::try_join!(there, back)
            } => done.err().flatten(),
        }
    };
    if ending == Some(Ending::Reset) {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
    shared.counts().open -= 1;
}

/// Returns when all connections are ended once more than so often.
async fn ended(shared: &Shared, before: u64) -> Ending {
    let mut rules = shared.rules.subscribe();
    let ended = rules.wait_for(|rules| rules.endings > before).await.map(|rules| rules.ending);
    match ended {
        Ok(ending) => ending,
        Err(_) => pending().await,
    }
}

/// One direction of one connection.
struct Way<'a> {
    direction: Direction,
    shared: &'a Shared,
    /// The next bytes to the client are those before which it is cut.
    ends: &'a AtomicBool,
}

impl Way<'_> {
    /// Carries bytes to the end of the stream. `Err`: the connection ends now, by a trap or because
    /// one side is gone.
    async fn pump(
        &self,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
    ) -> Result<(), Option<Ending>> {
        let gone = |_: io::Error| None;
        let mut buffer = vec![0; CHUNK];
        let mut seen = Seen::default();
        loop {
            self.until_let_through().await;
            let length = from.read(&mut buffer).await.map_err(gone)?;
            // It may have been stopped while nothing came.
            let delay = self.until_let_through().await;
            if !delay.is_zero() {
                sleep(delay).await;
            }
            if length == 0 {
                return to.shutdown().await.map_err(gone);
            }
            if self.direction == Direction::ToClient && self.ends.load(Ordering::SeqCst) {
                return Err(Some(Ending::Close));
            }
            let chunk = &buffer[..length];
            let sprung = self.shared.spring(self.direction, &mut seen, chunk);
            let kept = match sprung {
                Some(Sprung::After(kept)) => kept,
                Some(Sprung::AtReply) | None => length,
            };
            // Before they are there: whoever has read them may look at the counts at once.
            self.count(kept);
            to.write_all(&chunk[..kept]).await.map_err(gone)?;
            match sprung {
                // Both ways are of one task: no reply was read since the last byte was written.
                Some(Sprung::AtReply) => self.ends.store(true, Ordering::SeqCst),
                Some(Sprung::After(_)) => return Err(Some(Ending::Close)),
                None => {}
            }
        }
    }

    /// Waits until this direction is not paused; answers with how long to hold bytes back.
    async fn until_let_through(&self) -> Duration {
        let mut rules = self.shared.rules.subscribe();
        let is_let_through = |rules: &Rules| !rules.is_paused(self.direction);
        match rules.wait_for(is_let_through).await.map(|rules| rules.delay) {
            Ok(delay) => delay,
            Err(_) => pending().await,
        }
    }

    fn count(&self, bytes: usize) {
        let mut counts = self.shared.counts();
        match self.direction {
            Direction::ToServer => counts.bytes_to_server += bytes as u64,
            Direction::ToClient => counts.bytes_to_client += bytes as u64,
        }
    }
}
