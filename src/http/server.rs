//! The two listeners: public, for everything that people and channel apps call, and ops.
//!
//! Each has workers of its own, so that a flood on the public one never slows the other. Ends only
//! when told to: signals are the command line's business.

use super::edge::Edge;
use super::pages::Site;
use super::router;
use crate::merchants::Directory;
use crate::rail::Webhooks;
use crate::trust::Keys;
use actix_web::dev::ServerHandle;
use actix_web::rt::net::TcpStream;
use actix_web::rt::task::JoinHandle;
use actix_web::{App, HttpServer};
use metrics_exporter_prometheus::PrometheusHandle;
use openrun_actors::{Engine, name_this};
use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long an idle connection is kept: above the longest poll interval (30 s, give or take a
/// fifth), so that whoever waits does not reconnect for each look.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a request may take; a slower one is cut off.
pub const CLIENT_REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a body may take once its head is there.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections at once, all workers together: a process has 20,000 descriptors in a usual setting.
/// Beyond it new connections wait to be accepted.
pub const MAX_CONNECTIONS: usize = 19_000;
/// Connections of the ops listener at once: operators, probes, Prometheus.
const OPS_CONNECTIONS: usize = 256;
/// Connections that wait to be accepted: those who come in the second of the opening.
const BACKLOG: u32 = 8_192;
/// A connection whose other end takes nothing for this long is cut: longer than a phone is in a
/// tunnel between two stations, and short enough that those who stop reading do not pile up.
const UNREAD_MOST: Duration = Duration::from_secs(30);
/// How long requests in flight may take when the server stops, in seconds.
const SHUTDOWN_S: u64 = 30;

/// What a server needs.
pub struct ServerOptions {
    /// Where people and channel apps call; port 0 takes a free one.
    pub public: SocketAddr,
    /// Where operators and Prometheus call; port 0 takes a free one.
    pub ops: SocketAddr,
    /// Threads of the public listener.
    pub workers: usize,
    /// The sale.
    pub engine: Engine,
    /// Who takes vouchers.
    pub merchants: Directory,
    /// Tokens, tickets, passes.
    pub keys: Arc<Keys>,
    /// Checks webhooks of the payment rail, when it sends some.
    pub webhooks: Option<Arc<Webhooks>>,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    /// How the pages are served.
    pub site: Site,
    /// How long an idle connection is kept: [`KEEP_ALIVE`].
    pub keep_alive: Duration,
    /// How long the head of a request may take: [`CLIENT_REQUEST_TIMEOUT`].
    pub client_request_timeout: Duration,
    /// How long a body may take: [`BODY_TIMEOUT`].
    pub body_timeout: Duration,
    /// Connections of the public listener at once: [`MAX_CONNECTIONS`].
    pub max_connections: usize,
}

/// A server that runs.
pub struct Server {
    /// Where people and channel apps call.
    pub public_addr: SocketAddr,
    /// Where operators and Prometheus call.
    pub ops_addr: SocketAddr,
    edge: Edge,
    public: Listener,
    ops: Listener,
}

struct Listener {
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

/// Starts both listeners. To be called inside an actix system.
///
/// # Errors
/// When an address cannot be listened on; the error names the listener and the address.
pub fn start(options: ServerOptions) -> io::Result<Server> {
    let ServerOptions { engine, keys, webhooks, metrics, body_timeout, .. } = &options;
    let (keys, webhooks) = (Arc::clone(keys), webhooks.clone());
    let (site, is_dev) = (options.site.clone(), options.site.is_dev);
    let (engine, merchants) = (engine.clone(), options.merchants.clone());
    let edge = Edge::new(engine, merchants, keys, metrics.clone(), *body_timeout, webhooks, site);
    let ops_edge = edge.for_ops();
    let (public_edge, workers) = (edge.clone(), options.workers.max(1));
    let public = HttpServer::new(move || {
        name_this("http");
        let api = router::public(is_dev);
        let edge = public_edge.clone();
        App::new().configure(|config| api.register(edge, config))
    });
    let public = public
        .workers(workers)
        .max_connections(options.max_connections.div_ceil(workers))
        .backlog(BACKLOG)
        .keep_alive(options.keep_alive)
        .client_request_timeout(options.client_request_timeout)
        .on_connect(|connection, _| cut_when_unread(connection, UNREAD_MOST))
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals()
        .bind(options.public)
        .map_err(|error| named("public", options.public, &error))?;
    let ops = HttpServer::new(move || {
        name_this("http-ops");
        let api = router::ops();
        let edge = ops_edge.clone();
        App::new().configure(|config| api.register(edge, config))
    });
    let ops = ops
        .workers(1)
        .max_connections(OPS_CONNECTIONS)
        .keep_alive(options.keep_alive)
        .client_request_timeout(options.client_request_timeout)
        .on_connect(|connection, _| cut_when_unread(connection, UNREAD_MOST))
        .shutdown_timeout(SHUTDOWN_S)
        .disable_signals()
        .bind(options.ops)
        .map_err(|error| named("ops", options.ops, &error))?;
    let missing = || io::Error::other("a bound listener has an address");
    Ok(Server {
        public_addr: public.addrs().first().copied().ok_or_else(missing)?,
        ops_addr: ops.addrs().first().copied().ok_or_else(missing)?,
        edge,
        public: Listener::spawn(public.run()),
        ops: Listener::spawn(ops.run()),
    })
}

/// Lets the system cut a connection once what was sent on it is not taken for `most`: a stream that
/// nobody reads is never asked for more, so nothing here would notice.
fn cut_when_unread(connection: &dyn Any, most: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>()
        && let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(most))
    {
        tracing::debug!(%error, "a connection has no bound on what is not read");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, most);
}

fn named(listener: &str, address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{listener} listener on {address}: {error}"))
}

impl Listener {
    fn spawn(server: actix_web::dev::Server) -> Listener {
        let handle = server.handle();
        Listener { handle, task: actix_web::rt::spawn(server) }
    }
}

impl Server {
    /// Stops: `/readyz` says no, nobody new is accepted, what is in flight is answered; the public
    /// listener first.
    pub async fn stop(&self) {
        self.edge.drain();
        self.public.handle.stop(true).await;
        self.ops.handle.stop(true).await;
    }

    /// Returns when one of the listeners has ended.
    ///
    /// # Errors
    /// That of the listener.
    pub async fn wait(&mut self) -> io::Result<()> {
        let ended = tokio::select! {
            ended = &mut self.public.task => ended,
            ended = &mut self.ops.task => ended,
        };
        ended.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
    }
}
