//! The sandbox rail: a bank for tests, rehearsals and developers, with faults on demand.
//!
//! ```text
//!   connection ──> face (JSON contract, Toss) ──> counter (faults) ──> desk (one thread) ──> file
//!   wire             contract, toss, admin         modes                book, ledger
//! ```
//!
//! One thread owns the book: it takes what has come in, decides, writes the ledger and syncs it
//! once, and only then are the answers released. So whatever was answered survives kill -9.
//! Which call meets which fault depends on the seed, the order, the kind of call and how often it
//! was made, on nothing else: the same run meets the same faults.
//!
//! No real money, no TLS, and an admin face without a password: not for any network.

mod admin;
mod book;
mod contract;
mod counter;
mod desk;
mod ledger;
mod modes;
mod news;
mod toss;
mod wire;

pub use ledger::LedgerFault;
pub use modes::{Mode, Modes, ModesFault};

use super::sign::RailKey;
use crate::trust::{KeysError, SharedSecret};
use counter::Counter;
use openrun_actors::{Clock, SystemClock};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// Connections at once: each is a call under way, and the desk's queue is as long as this at most.
/// Beyond it new ones wait to be accepted.
const CONNECTIONS_MAX: usize = 4_096;
/// How long calls under way may take when the rail stops: longer than its slowest fault (10 s).
const STOP_TIMEOUT: Duration = Duration::from_secs(12);

/// What a sandbox rail needs.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The ledger; made if it is not there.
    pub ledger: PathBuf,
    /// The shared secret; made if it is not there.
    pub key_file: PathBuf,
    /// Which call meets which fault.
    pub seed: u64,
    /// The faults to begin with.
    pub modes: Modes,
    /// Where news of orders is sent, if anywhere.
    pub webhook: Option<String>,
}

/// Why a sandbox rail could not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxFault {
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerFault),
    /// The key cannot be used.
    #[error("key file: {0}")]
    Key(#[from] KeysError),
    /// Webhooks cannot be sent.
    #[error("--webhook: {0}")]
    Webhook(String),
    /// The address cannot be listened on.
    #[error("{address}: {cause}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
}

/// A sandbox rail that runs.
pub struct Sandbox {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    connections: Arc<Semaphore>,
    desk: std::thread::JoinHandle<()>,
}

/// Everything that a connection needs.
struct Rail {
    counter: Counter,
    key: RailKey,
    /// What the Toss face wants to be shown.
    basic: String,
    clock: Arc<dyn Clock>,
}

impl Rail {
    /// Answers a request, by the face that its path names.
    async fn answer(&self, request: &wire::Request) -> wire::Reply {
        match request.path().0 {
            path if path.starts_with("/v1/payments/") => toss::answer(self, request).await,
            path if path.starts_with("/v1/") => contract::answer(self, request).await,
            _ => admin::answer(self, request).await,
        }
    }
}

/// Starts a rail. To be called inside a runtime.
///
/// # Errors
/// What is missing or in the way.
pub async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxFault> {
    let secret = SharedSecret::read_or_make(&options.key_file)?;
    let key = RailKey::new(secret.mac_key()?);
    let (ledger, book) = ledger::open(&options.ledger)?;
    let address = options.listen;
    let listen = |cause| SandboxFault::Listen { address, cause };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let news = match &options.webhook {
        Some(url) => Some(news::News::to(url, key.clone(), Arc::clone(&clock))?),
        None => None,
    };
    let (desk, thread) = desk::open(book, ledger, Arc::clone(&clock), news.clone());
    let counter = Counter::new(desk, options.modes, options.seed, news, Arc::clone(&clock));
    let basic = toss::basic(secret.text());
    let rail = Arc::new(Rail { counter, key, basic, clock });
    let (stop, stopped) = watch::channel(false);
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let accepting = tokio::spawn(accept(listener, rail, Arc::clone(&connections), stopped));
    Ok(Sandbox { address, stop, accepting, connections, desk: thread })
}

/// Accepts until told to stop. The rail goes when the last connection has.
async fn accept(
    listener: TcpListener,
    rail: Arc<Rail>,
    connections: Arc<Semaphore>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let permit = Arc::clone(&connections).acquire_owned().await;
        let permit = permit.expect("nobody closes it");
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let (rail, stopped) = (Arc::clone(&rail), stopped.clone());
                tokio::spawn(async move {
                    wire::serve(stream, rail, stopped).await;
                    drop(permit);
                });
            }
            // Out of descriptors, as a rule: the next connection that ends makes room.
            Err(cause) => {
                tracing::warn!(%cause, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

impl Sandbox {
    /// Where it is called.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops: nobody new is accepted, calls under way are answered, the ledger is closed.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.accepting.await;
        let all = u32::try_from(CONNECTIONS_MAX).expect("it is a small number");
        let idle = tokio::time::timeout(STOP_TIMEOUT, self.connections.acquire_many(all)).await;
        if idle.is_err() {
            tracing::warn!("calls were still under way when the time for them was over");
            return;
        }
        // The last connection held the last handle of the desk.
        let _ = tokio::task::spawn_blocking(move || self.desk.join()).await;
    }
}
