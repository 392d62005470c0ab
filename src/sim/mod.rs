//! Simulated sales: the real machines of the core under virtual time, from one seed.
//!
//! A run is a whole sale and what becomes of it: people who buy, spend, give, cancel and come to a
//! counter, operators, a store and a rail that fail in every way they can, crashes between any two
//! steps, and an auditor with a model of its own that checks OR-1 to OR-9 after every step, and
//! liveness once all faults are healed. The same seed is the same run, to the
//! bit. The shells are modelled here ([`house`]), the decisions are those of `openrun-core`; no
//! actor, no thread, no socket and no clock takes part.
//!
//! ```text
//!   seed ──> plan ──> world ──┬── people ──> house ──> store ──┐
//!            (faults)         │              │  ^              ├──> auditor ──> violation
//!                             │              v  │              │                (shrunk)
//!                             └── fate      rail (ledger) ─────┘
//! ```

mod agenda;
mod audit;
mod chance;
mod faults;
mod house;
mod many;
mod people;
mod plan;
mod rail;
mod refunds;
mod sale;
mod shrink;
mod store;
mod world;

pub use audit::Broken;
#[cfg(feature = "failpoints")]
pub use faults::PLANTS;
pub use faults::{FAULTS, Fault, Plant};
pub use many::{Many, Tally, run_many};
pub use shrink::shrink;
pub use world::Figures;

use openrun_core::Timestamp;
use world::World;

/// Steps that a failure tells.
pub const STORY: usize = 60;

/// Steps after which faults stop at the latest: far more than a small sale takes.
pub const STEPS: u64 = 60_000;

/// How a run is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Faults stop after so many steps at the latest.
    pub steps: u64,
    /// At most so many people.
    pub people: Option<u32>,
    /// Faults that are off whatever the seed says.
    pub without: Vec<Fault>,
    /// A bug put in on purpose.
    #[cfg(feature = "failpoints")]
    pub plant: Option<Plant>,
    /// How many of the last steps are told.
    pub story: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            steps: STEPS,
            people: None,
            without: Vec::new(),
            #[cfg(feature = "failpoints")]
            plant: None,
            story: 0,
        }
    }
}

impl Settings {
    /// The command that makes this run of a seed again.
    #[must_use]
    pub fn command(&self, seed: u64) -> String {
        let mut words = vec![format!("openrun sim --seed {seed} --no-shrink")];
        if self.steps != STEPS {
            words.push(format!("--steps {}", self.steps));
        }
        words.extend(self.people.map(|people| format!("--people {people}")));
        if !self.without.is_empty() {
            let without: Vec<&str> = self.without.iter().map(|fault| fault.word()).collect();
            words.push(format!("--without {}", without.join(",")));
        }
        #[cfg(feature = "failpoints")]
        words.extend(self.plant.map(|plant| format!("--plant {}", plant.word())));
        words.join(" ")
    }

    #[cfg(feature = "failpoints")]
    fn plant(&self) -> Option<Plant> {
        self.plant
    }

    #[cfg(not(feature = "failpoints"))]
    fn plant(&self) -> Option<Plant> {
        None
    }
}

/// What does not hold, and where.
#[derive(Debug, Clone)]
pub struct Violation {
    /// What.
    pub broken: Broken,
    /// At which step.
    pub step: u64,
    /// At what virtual time.
    pub at: Timestamp,
    /// The last steps, if they were to be told.
    pub story: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which run.
    pub seed: u64,
    /// How many people there were.
    pub people: u32,
    /// Its figures.
    pub figures: Figures,
    /// Everything that happened, in one number: two runs with the same are the same.
    pub hash: u64,
    /// What did not hold.
    pub violation: Option<Violation>,
}

/// Makes one run.
#[must_use]
pub fn run(seed: u64, settings: &Settings) -> Outcome {
    many::quietly(|| World::new(seed, settings).run(seed, settings))
}
