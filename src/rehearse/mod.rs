//! Rehearsals: virtual people over real sockets against any openrun server, and a verdict from both
//! sides.
//!
//! A scenario says who comes, when, and what must hold at the end; built-in ones carry the
//! published figures of real sales. The load is open-loop and light enough to share two cores with
//! the server: people are entries, connections are few and kept alive, and everything runs on one
//! thread of its own.
//!
//! ```text
//!   scenario ──> people ──┐                    ┌── connection ──┐
//!   clock ────────────────┼──> crowd <──────> ─┼── connection   ├──> server (public API)
//!                         │   (one thread)     └── … ───────────┘
//!   stage ── set-up ──────┘      ^  └──> figures, given, acknowledged ──> verdict ──> report
//!   watermark (one reader for all who wait)          witness (ops API) ──^
//! ```
//!
//! Several scenarios at once are several crowds on that thread, which open together. Who spends
//! meanwhile (`--spending`) is on a thread of its own, so that a crowd cannot make them slow.
//!
//! Paces: `max` lets people in as fast as the connections accept them, with the inlet open wide; a
//! number runs the scenario's own clock that many times faster, with the inlet as on that day times
//! that number.

mod answers;
mod calls;
mod chance;
mod checks;
mod client;
mod clock;
mod crowd;
mod door;
mod draws;
mod engine;
mod expected;
mod figures;
mod inlet;
mod lines;
mod order;
mod outcome;
mod people;
mod plot;
mod progress;
mod refusals;
mod report;
mod scenario;
mod size;
mod spending;
mod spent;
mod stage;
mod table;
mod tokens;
mod told;
mod truth;
mod verdict;
mod visit;
mod watermark;
mod wire;
mod witness;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

pub(crate) use calls::{Call, Carried, TicketAnswer, write_call};
pub use checks::{Check, Weight};
pub use figures::{Broken, Reading};
pub use outcome::Outcome;
pub use scenario::scenario_names;
pub use size::Size;
pub use spent::{Spending, SpentReading, SpentRow};
pub use truth::Truth;
pub use verdict::{LatencyRow, PERCENTILES, Verdict};
pub(crate) use wire::{Answer, Wire};
pub use witness::{ServerRound, ServerStock};

use door::Place;
use engine::Prepared;
use people::Cast;
use scenario::Scenario;

/// What to rehearse, and against which server.
#[derive(Debug, Clone)]
pub struct Options {
    /// A built-in name, see [`scenario_names`], or a path to a file; `all` published sales, or
    /// several names with commas between them: at once, against the one server.
    pub scenario: String,
    /// The public listener, `http://host:port`.
    pub target: String,
    /// The ops listener, `http://host:port`.
    pub ops: String,
    /// Scales people, stock and inlet alike; 1 is the real sale.
    pub scale: f64,
    /// How fast.
    pub pace: Pace,
    /// The same seed makes the same people.
    pub seed: u64,
    /// Where to write the report, a single HTML file.
    pub report: Option<PathBuf>,
    /// Keep-alive connections that everybody shares.
    pub connections: usize,
    /// Print the verdict as JSON instead of a table.
    pub json: bool,
    /// So many payments a second at merchants, from before the first until after the last sale.
    pub spending: Option<u32>,
}

/// How fast a rehearsal runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as the machine goes.
    Max,
    /// The scenario's own clock, so many times faster.
    Times(f64),
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if times > 0.0 && times.is_finite() => Ok(Self::Times(times)),
            _ => Err(format!("{text} is neither max nor a number above 0")),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Times(times) => times.fmt(f),
        }
    }
}

/// Whoever can sign tokens that the target accepts.
pub trait Tokens: Send + Sync {
    /// A token of a person in a channel; `birthdate` is `YYYY-MM-DD`.
    fn person(&self, person: &str, channel: &str, birthdate: &str) -> String;
    /// A token of staff with a role.
    fn admin(&self, role: &str) -> String;
}

/// Runs a rehearsal, prints its table (or JSON) on stdout and writes the report if one is asked
/// for.
///
/// Plays on a thread of its own, so it may be called from any runtime, also from that of the
/// server.
///
/// # Errors
///
/// When the scenario cannot be read, the target cannot be reached, holds real sales, has nobody to
/// pay or refuses the set-up. A rehearsal that goes badly is no error: see [`Outcome::exit_code`].
pub async fn run(options: &Options, tokens: &dyn Tokens) -> anyhow::Result<Outcome> {
    let scenarios = Scenario::load_all(&options.scenario)?;
    anyhow::ensure!(options.scale > 0.0 && options.scale.is_finite(), "scale must be above 0");
    anyhow::ensure!(options.spending != Some(0), "spending must be above 0");
    let target = Place::find(&options.target).await?;
    let ops = Place::find(&options.ops).await?;
    // The connections are those of everybody together.
    let connections = options.connections.div_ceil(scenarios.len());
    let options = Options { connections, ..options.clone() };
    let now = Timestamp::now();
    let mut prepared = Vec::new();
    let at_once = scenarios.len();
    for (place, scenario) in scenarios.into_iter().enumerate() {
        let run = run_id(now, place)?;
        let planned = plan(scenario, &options, (&target, &ops), run, tokens).await?;
        prepared.push(Prepared { at_once, ..planned });
    }
    let paying = match options.spending {
        None => None,
        Some(rate_per_s) => {
            let options = spending::holders_at(rate_per_s, &options);
            let run = run_id(now, prepared.len())?;
            let holders =
                plan(Scenario::holders()?, &options, (&target, &ops), run, tokens).await?;
            Some((holders, rate_per_s))
        }
    };
    let (answer, outcome) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("rehearsal".to_owned()).spawn(move || {
        // Nobody listens any more only if the caller has gone; then there is nobody to tell.
        let _ = answer.send(outcome::on_this_thread(prepared, paying));
    })?;
    let outcome = outcome.await.context("the rehearsal's thread ended early")??;
    if options.json {
        println!("{}", outcome.json()?);
    } else {
        print!("{}", table::write(&outcome));
    }
    if let Some(path) = &options.report {
        std::fs::write(path, report::write(&outcome))
            .with_context(|| format!("writing the report to {}", path.display()))?;
        eprintln!("report: {}", path.display());
    }
    Ok(outcome)
}

/// The moment that names a run: scenarios that are played at once have people of their own.
fn run_id(now: Timestamp, place: usize) -> anyhow::Result<Timestamp> {
    Ok(now.checked_add(Duration::from_millis(place as u64))?)
}

async fn plan(
    scenario: Scenario,
    options: &Options,
    (target, ops): (&Place, &Place),
    run: Timestamp,
    tokens: &dyn Tokens,
) -> anyhow::Result<Prepared> {
    let ids = stage::Ids::new(&scenario, run);
    let cast = Cast::new(&scenario, options.scale, options.seed);
    let wallet = tokens::Wallet::fill(&cast, &ids.run, tokens).await?;
    let (target, ops, operator) = (target.clone(), ops.clone(), tokens.admin("operator"));
    let (options, at_once) = (options.clone(), 1);
    Ok(Prepared { scenario, options, ids, cast, wallet, target, ops, operator, at_once })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_max_or_a_number_above_zero() {
        assert_eq!("max".parse(), Ok(Pace::Max));
        assert_eq!("60".parse(), Ok(Pace::Times(60.0)));
        assert_eq!("0.5".parse::<Pace>().map(|pace| pace.to_string()), Ok("0.5".to_owned()));
        for bad in ["", "0", "-1", "fast", "inf"] {
            assert!(bad.parse::<Pace>().is_err(), "{bad}");
        }
    }
}
