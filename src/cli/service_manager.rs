//! What the service manager that started this process is told (systemd, `Type=notify`): that it is
//! ready, that it stops, how it is, and, while every thread of the engine takes its turns, that it
//! is alive.
//!
//! Said by datagrams to the socket named in `NOTIFY_SOCKET`; without one nothing is said. Nothing
//! here waits: what the other side has no room for is lost, and said again with the next beat.
//! Asks nothing of the store but how it is: a store that is away is no reason to be ended.

use openrun_actors::Engine;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// Where to say it.
const SOCKET: &str = "NOTIFY_SOCKET";
/// How long the other side waits between two signs of life, in microseconds.
const WATCHDOG: &str = "WATCHDOG_USEC";
/// For which process that holds, where it is not for every one.
const WATCHDOG_PROCESS: &str = "WATCHDOG_PID";
/// Signs of life in the time between two that are waited for: the question and its answer may take
/// one part each, and a datagram may be lost.
const BEATS: u32 = 3;
/// How often it is said how the server is when nobody waits for signs of life.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// That it is there but cannot serve yet.
pub(super) fn starting() {
    tell("STATUS=reading the store");
}

/// That it serves, and from here on, for as long as this process lives, how it is.
pub(super) fn ready(engine: &Engine) {
    if std::env::var_os(SOCKET).is_none() {
        return;
    }
    tell(&format!("READY=1\n{}", status(engine, None)));
    tokio::spawn(beat(engine.clone(), watchdog()));
}

/// That it takes nobody new and ends by itself.
pub(super) fn stopping() {
    tell("STOPPING=1\nSTATUS=answering what is in flight");
}

/// Goes on while the server stops, which may take longer than a sign of life is waited for.
async fn beat(engine: Engine, watchdog: Option<Duration>) {
    let every = watchdog.map_or(STATUS_EVERY, |most| most / BEATS);
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = String::new();
    loop {
        ticks.tick().await;
        match engine.check_alive(every).await {
            Ok(()) if watchdog.is_some() => tell("WATCHDOG=1"),
            Ok(()) => (),
            Err(still) => tracing::error!(%still, "a thread of the engine stands still"),
        }
        // Not before the sign of life: this one may wait for the store.
        let asked = tokio::time::timeout(every / BEATS, engine.check_ready()).await;
        let fault = match asked {
            Ok(Ok(())) => None,
            Ok(Err(reason)) => Some(reason),
            Err(_) => Some("the store takes its time".to_owned()),
        };
        let line = status(&engine, fault);
        if line != said {
            tell(&line);
            said = line;
        }
    }
}

/// One line for `systemctl status`, without anything about a person.
fn status(engine: &Engine, fault: Option<String>) -> String {
    match fault {
        None => format!("STATUS=serving, {} rounds", engine.rounds().len()),
        Some(reason) => format!("STATUS=not ready: {}", reason.replace('\n', " ")),
    }
}

/// How long a sign of life is waited for, if it is.
fn watchdog() -> Option<Duration> {
    let text = |name| std::env::var(name).ok();
    let of_this = text(WATCHDOG_PROCESS).is_none_or(|id| id == std::process::id().to_string());
    let micros = text(WATCHDOG).filter(|_| of_this)?.parse().ok().filter(|micros| *micros > 0)?;
    Some(Duration::from_micros(micros))
}

fn tell(words: &str) {
    let Some(path) = std::env::var_os(SOCKET) else { return };
    if let Err(error) = send(&path, words) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

fn send(path: &OsStr, words: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let sent = socket.send_to_addr(words.as_bytes(), &address(path)?)?;
    if sent < words.len() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
}

/// A path, or an abstract name behind `@`.
fn address(path: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = path.as_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(path)
}
