//! Will this machine carry that sale? A short measurement, and what follows from it.
//!
//! ```text
//!   sale ── demand ──────────────────────────────────┐
//!   people ── load ──(sockets)──> server, store      ├──> verdict ──> `openrun capacity`
//!                      └── measure, machine ─────────┘
//! ```
//!
//! The server is started by the caller on a store of its own that nobody else uses; nothing of
//! another store is read or written. The virtual people share the processors with it, and nothing
//! is subtracted for them: what is measured is a lower bound. The formulae stand in
//! `docs/sizing.md`.

mod demand;
mod load;
pub mod machine;
mod measure;
mod people;
mod stage;
mod verdict;

pub use demand::{Demand, MEAN_PURCHASE_WON, Sale};
pub use measure::{PARTS, Part, Room, Watch};
pub use stage::LINE;
pub use verdict::{Answer, Load, Machine, Measured, Need, Rate, Standing, Verdict, What};

use crate::rehearse::Tokens;
use load::Target;
use openrun_actors::Engine;
use openrun_core::Refusal;
use std::net::SocketAddr;

/// Opens the two rounds of a measurement on a server of the caller's own.
///
/// # Errors
/// What the engine refuses.
pub async fn prepare(engine: &Engine) -> Result<(), Refusal> {
    stage::open(engine).await
}

/// Measures the server at `address` over so many connections. Blocks; what is measured of memory is
/// that of this process, so the server runs in it.
///
/// # Errors
/// A kind of call got no good answer at all.
pub fn measure(
    address: SocketAddr,
    connections: usize,
    tokens: &dyn Tokens,
    room: &dyn Room,
    watch: &Watch<'_>,
) -> anyhow::Result<Measured> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let target = Target {
        address,
        line: stage::LINE.to_owned(),
        sale: stage::SALE.to_owned(),
        connections: connections.max(1),
        threads: cores.min(connections.max(1)),
    };
    measure::run(&target, tokens, room, watch)
}
