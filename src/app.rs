//! The whole server, assembled: takes settings, returns its ports. Serving, the demo and tests all
//! start it here, so a test binds port 0 and gets the addresses.
//!
//! Reads no file but the store and the keys, installs no signal handler and no log. To be called
//! inside an actix system.

use crate::config::Config;
use crate::http::{self, Server, ServerOptions};
use crate::store::{self, OpenError};
use crate::telemetry;
use crate::trust::{Keys, KeysError};
use openrun_actors::{Clock, Engine, InstantRail, Rail, StartError, SystemClock};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Why a server could not start: one line each, with cause and cure.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The keys are missing or unsafe.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The store cannot be read, or contradicts itself.
    #[error("{0}; run `openrun audit` on the store")]
    Engine(#[from] StartError),
    /// A port cannot be listened on.
    #[error("{cause}; {cure}")]
    Listen {
        /// Which listener and what the system said.
        cause: io::Error,
        /// What to do.
        cure: &'static str,
    },
}

/// What stands between the engine and the world; tests bring their own.
pub struct Ports {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Takes the money.
    pub rail: Arc<dyn Rail>,
}

impl Default for Ports {
    fn default() -> Ports {
        Ports { clock: Arc::new(SystemClock::default()), rail: Arc::new(InstantRail) }
    }
}

/// A server that runs.
pub struct Running {
    /// Where people and channel apps call.
    pub public: SocketAddr,
    /// Where operators and Prometheus call.
    pub ops: SocketAddr,
    /// The sale itself.
    pub engine: Engine,
    /// What it signs and checks with.
    pub keys: Arc<Keys>,
    server: Server,
    stop_timeout: Duration,
}

/// Starts a server: keys, store, recovery, listeners, in this order. When it answers, it is ready.
///
/// # Errors
/// What is missing or in the way.
pub async fn start(config: &Config) -> Result<Running, StartFault> {
    start_with(config, Ports::default()).await
}

/// Starts a server on ports of the caller's own.
///
/// # Errors
/// What is missing or in the way.
pub async fn start_with(config: &Config, ports: Ports) -> Result<Running, StartFault> {
    // Before the actors, which keep handles of their metrics.
    let metrics = telemetry::metrics();
    let keys = Arc::new(Keys::open(&config.data, config.dev)?);
    let store = store::open(&config.store).await?;
    let engine = Engine::start(store, ports.clock, ports.rail).await?;
    let server = http::start(ServerOptions {
        public: config.public,
        ops: config.ops,
        workers: config.worker_count(),
        engine: engine.clone(),
        keys: Arc::clone(&keys),
        metrics,
        keep_alive: Duration::from_secs(config.keep_alive_s),
        client_request_timeout: Duration::from_secs(config.head_timeout_s),
        body_timeout: Duration::from_secs(config.body_timeout_s),
        max_connections: config.max_connections,
    });
    let server = match server {
        Ok(server) => server,
        Err(cause) => {
            engine.stop().await;
            return Err(StartFault::Listen { cure: cure_of(&cause), cause });
        }
    };
    let (public, ops) = (server.public_addr, server.ops_addr);
    Ok(Running { public, ops, engine, keys, server, stop_timeout: config.stop_timeout() })
}

impl Running {
    /// Stops: says so on `/readyz`, takes nobody new, answers what is in flight within the time
    /// allowed for it, and makes everything decided durable.
    pub async fn stop(self) {
        if tokio::time::timeout(self.stop_timeout, self.server.stop()).await.is_err() {
            tracing::warn!("requests were still in flight when the time for them was over");
        }
        self.engine.stop().await;
    }

    /// Returns when a listener has ended without being asked to.
    ///
    /// # Errors
    /// That of the listener.
    pub async fn wait(&mut self) -> io::Result<()> {
        self.server.wait().await
    }
}

fn cure_of(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => {
            "stop what listens there, or choose other ports with --public and --ops"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need a privilege: choose a higher one, or grant CAP_NET_BIND_SERVICE"
        }
        io::ErrorKind::AddrNotAvailable => "name an address of this machine, or 0.0.0.0 for all",
        _ => "choose another address with --public or --ops",
    }
}
