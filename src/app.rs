//! The whole server, assembled: takes settings, returns its ports. Serving, the demo and tests all
//! start it here, so a test binds port 0 and gets the addresses.
//!
//! Reads no file but the store and the keys, installs no signal handler and no log. To be called
//! inside an actix system.

use crate::config::Config;
use crate::expiry::{self, Expiry};
use crate::http::pages::Site;
use crate::http::{self, Server, ServerOptions};
use crate::merchants::{self, Followed, Regions};
use crate::rail::{self, RailFault, Webhooks};
use crate::store::witness::{self, Accepted, Witness, WitnessError};
use crate::store::{self, MerchantRows, NoMerchants, OpenError};
use crate::telemetry;
use crate::trust::{Keys, KeysError};
use openrun_actors::store::StoreError;
use openrun_actors::{Clock, Engine, PayBy, StartError, Store, SystemClock};
use std::io;
use std::net::{SocketAddr, TcpListener};
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
    /// The store is not the one that it was.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The rail cannot be used.
    #[error(transparent)]
    Rail(#[from] RailFault),
    /// The store cannot be read, or contradicts itself.
    #[error("{0}; run `openrun audit` on the store")]
    Engine(#[from] StartError),
    /// The list of merchants cannot be read.
    #[error("the list of merchants cannot be read: {0}; run `openrun audit` on the store")]
    Merchants(#[from] StoreError),
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
    /// Takes the money; that of the settings when absent.
    pub rail: Option<PayBy>,
    /// Keeps everything; that of the settings when absent.
    pub store: Option<Arc<dyn Store>>,
    /// Keeps the list of merchants; the store of the settings when absent, if the sale is kept
    /// there.
    pub merchants: Option<Arc<dyn MerchantRows>>,
}

impl Default for Ports {
    fn default() -> Ports {
        let clock = Arc::new(SystemClock::default());
        Ports { clock, rail: None, store: None, merchants: None }
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
    /// Who takes vouchers, as the store has them now.
    pub merchants: Followed,
    /// Lets vouchers expire.
    _expiry: Expiry,
    server: Server,
    witness: Option<Arc<Witness>>,
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
    // Before the store is taken over: a second start by mistake disturbs nothing.
    for (name, address) in [("public", config.public), ("ops", config.ops)] {
        check_free(name, address)?;
    }
    // Before the actors, which keep handles of their metrics.
    let metrics = telemetry::metrics();
    let keys = Arc::new(Keys::open(&config.data, config.dev)?);
    let settings = config.rail_settings();
    let webhooks = Webhooks::open(&settings)?.map(Arc::new);
    let rail = match ports.rail {
        Some(rail) => rail,
        None => rail::open(&settings)?,
    };
    let (store, witness): (Arc<dyn Store>, _) = match ports.store {
        Some(store) => (store, None),
        None => {
            let witness = open_store(config).await?;
            (witness.clone(), Some(witness))
        }
    };
    let rows = match ports.merchants {
        Some(rows) => Some(rows),
        None if witness.is_some() => Some(store::merchants_of(&config.store)?),
        None => None,
    };
    let engine = Engine::start(store, ports.clock, rail, keys.draw_secrets()).await?;
    let merchants = follow_merchants(config, rows, &engine).await;
    let server = http::start(ServerOptions {
        public: config.public,
        ops: config.ops,
        workers: config.worker_count(),
        engine: engine.clone(),
        merchants: merchants.directory.clone(),
        keys: Arc::clone(&keys),
        webhooks,
        metrics,
        site: Site { is_dev: config.dev, folder: config.web_folder() },
        keep_alive: Duration::from_secs(config.keep_alive_s),
        client_request_timeout: Duration::from_secs(config.head_timeout_s),
        body_timeout: Duration::from_secs(config.body_timeout_s),
        max_connections: config.max_connections,
    });
    let server = match server {
        Ok(server) => server,
        Err(cause) => {
            engine.stop().await;
            return Err(StartFault::listen(cause));
        }
    };
    let (public, ops, stop_timeout) = (server.public_addr, server.ops_addr, config.stop_timeout());
    let _expiry = expiry::watch(engine.clone());
    Ok(Running { public, ops, engine, keys, merchants, _expiry, server, witness, stop_timeout })
}

/// The merchants of a list from now on. In development there are some in each region of a program
/// while nobody is on it.
async fn follow_merchants(
    config: &Config,
    rows: Option<Arc<dyn MerchantRows>>,
    engine: &Engine,
) -> Followed {
    let rows = rows.unwrap_or_else(|| Arc::new(NoMerchants));
    let of_programs = engine.clone();
    let regions: Regions = Box::new(move || {
        let programs = of_programs.programs();
        let regions = programs.iter().flat_map(|program| &program.versions);
        regions.flat_map(|rules| rules.regions.iter().cloned()).collect()
    });
    merchants::follow(rows, config.dev.then_some(regions)).await
}

/// The store of the settings, watched by a witness beside the keys.
async fn open_store(config: &Config) -> Result<Arc<Witness>, StartFault> {
    // Nobody else is disturbed in development; an embedded store migrates by itself.
    if config.dev && store::postgres::is_url(&config.store) {
        store::migrate(&config.store).await?;
    }
    let store = store::open(&config.store).await?;
    let accepted = match config.accept_rewound_store.as_str() {
        _ if config.dev => Accepted::Everything,
        "" => Accepted::Nothing,
        loss => Accepted::Loss(loss.to_owned()),
    };
    let path = witness::path_in(&config.data, &config.store);
    Ok(Arc::new(Witness::open(store, &path, &accepted).await?))
}

impl Running {
    /// Stops: says so on `/readyz`, takes nobody new, answers what is in flight within the time
    /// allowed for it, and makes everything decided durable.
    pub async fn stop(self) {
        if tokio::time::timeout(self.stop_timeout, self.server.stop()).await.is_err() {
            tracing::warn!("requests were still in flight when the time for them was over");
        }
        // What a stuck store does not take now was never acknowledged.
        if tokio::time::timeout(self.stop_timeout, self.engine.stop()).await.is_err() {
            tracing::warn!("the store did not take everything before the time for it was over");
        }
        if let Some(witness) = self.witness {
            witness.stop().await;
        }
    }

    /// Returns when a listener has ended without being asked to.
    ///
    /// # Errors
    /// That of the listener.
    pub async fn wait(&mut self) -> io::Result<()> {
        self.server.wait().await
    }
}

fn check_free(name: &str, address: SocketAddr) -> Result<(), StartFault> {
    let named = |cause: io::Error| {
        io::Error::new(cause.kind(), format!("{name} listener on {address}: {cause}"))
    };
    TcpListener::bind(address).map_err(|cause| StartFault::listen(named(cause)))?;
    Ok(())
}

impl StartFault {
    fn listen(cause: io::Error) -> StartFault {
        StartFault::Listen { cure: cure_of(&cause), cause }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    fn config(data: &std::path::Path) -> Config {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (data, store) = (data.to_owned(), crate::config::store_in(data));
        Config { public: any, ops: any, data, store, dev: true, workers: 1, ..Config::default() }
    }

    async fn status(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }

    #[test]
    fn a_server_starts_on_free_ports_answers_and_stops() {
        let data = tempfile::tempdir().unwrap();
        actix_web::rt::System::new().block_on(async {
            let running = start(&config(data.path())).await.unwrap();
            assert_ne!(running.public.port(), running.ops.port());
            assert_eq!(status(running.ops, "/readyz").await, "200");
            assert_eq!(status(running.ops, "/metrics").await, "200");
            assert_eq!(status(running.public, "/v1/rounds").await, "200");
            assert_eq!(status(running.public, "/metrics").await, "404", "ops is not public");
            let public = running.public;
            running.stop().await;
            assert!(TcpStream::connect(public).await.is_err(), "nobody listens any more");
        });
    }

    #[test]
    fn what_is_in_the_way_is_told_before_the_store_is_touched() {
        let data = tempfile::tempdir().unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        actix_web::rt::System::new().block_on(async {
            let ops = taken.local_addr().unwrap();
            let fault = start(&Config { ops, ..config(data.path()) }).await.err().unwrap();
            let line = fault.to_string();
            assert!(line.starts_with("ops listener on 127.0.0.1:"), "{line}");
            assert!(line.ends_with("--public and --ops"), "{line}");
            assert!(std::fs::read_dir(data.path()).unwrap().next().is_none());
            let fault = start(&Config { dev: false, ..config(data.path()) }).await.err().unwrap();
            assert!(matches!(fault, StartFault::Keys(KeysError::NoDirectory { .. })));
            assert!(std::fs::read_dir(data.path()).unwrap().next().is_none());
        });
    }
}
