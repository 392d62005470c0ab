//! What the integration tests share: a server of their own and the people who call it, through
//! public doors only (two listeners, the command line, the ports that the app takes).
//!
//! [`on_stage`] runs one test; [`alone`] one that turns a switch of the whole process or reads what
//! all servers of the process share. Decides nothing about what is right: the tests do.

#![allow(dead_code, unused_imports, reason = "each kind of test uses its own part of this")]

pub mod app;
pub mod browser;
pub mod checks;
pub mod disk;
pub mod engine;
pub mod people;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod rail;
pub mod scripted_rail;
pub mod staff;
pub mod stalling_store;
pub mod store;
pub mod stream;
pub mod vouchers;
pub mod wire;

pub use app::TestApp;
pub use checks::{allowed, eventually, expect, join_all};
pub use people::Buyer;
pub use ports::{DecliningRail, TestClock};
pub use rail::TestRail;
pub use scripted_rail::{Play, ScriptedRail};
pub use staff::{Operator, RoundForm};
pub use stalling_store::StallingStore;
pub use store::TestStore;
pub use stream::Stream;
pub use wire::{Answer, Request, Web};

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

/// The switches of `failpoints` are of the whole process: whoever turns one is alone.
static SWITCHES: RwLock<()> = RwLock::new(());

/// What a test may take: several times the longest, so that one which waits for something that
/// never comes says so.
const LIMIT: Duration = Duration::from_secs(400);

/// As long as this lives nobody is [`alone`].
pub fn beside_others() -> RwLockReadGuard<'static, ()> {
    // A test that failed leaves the switches as it found them: the poison says nothing here.
    SWITCHES.read().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a test beside others.
pub fn on_stage(play: impl Future<Output = ()>) {
    let _shared = beside_others();
    block_on(play);
}

/// Runs a test while no other runs.
pub fn alone(play: impl Future<Output = ()>) {
    let _exclusive = SWITCHES.write().unwrap_or_else(PoisonError::into_inner);
    block_on(play);
}

/// A switch that is on until this goes, also when the test fails.
pub struct Switched(&'static AtomicBool);

impl Switched {
    /// To be called by a test that is [`alone`].
    pub fn on(switch: &'static AtomicBool) -> Switched {
        switch.store(true, Ordering::SeqCst);
        Switched(switch)
    }
}

impl Drop for Switched {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// With OPENRUN_LOG set, what the servers of a failing test log is on standard output.
fn block_on(play: impl Future<Output = ()>) {
    let log = std::env::var("OPENRUN_LOG");
    let _log = log.map(|it| openrun::telemetry::start_log(&it, openrun::config::LogFormat::Text));
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build();
    let is_long = std::env::var_os("OPENRUN_LONG").is_some();
    let limit = if is_long { LIMIT * 20 } else { LIMIT };
    let played = async { tokio::time::timeout(limit, play).await };
    let ended = runtime.expect("a test can start a thread").block_on(played);
    assert!(ended.is_ok(), "the test had not ended after {limit:?}");
}
