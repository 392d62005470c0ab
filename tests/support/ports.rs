//! What tests put in place of the world: a clock that can be moved, a rail that can decline, a
//! folder that is not on a disk.

use openrun_actors::Clock;
use openrun_actors::rail::{AtOnce, Charge, Charged};
use openrun_core::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Instant;
use tempfile::TempDir;

/// Where a system that has one keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// A folder that goes when it is dropped. In memory where there is such a place: a test that asks
/// how long a sale stands still must not wait for a disk that others keep busy.
pub fn folder() -> Arc<TempDir> {
    let builder = tempfile::Builder::new();
    let made = match Path::new(IN_MEMORY).is_dir() {
        true => builder.tempdir_in(IN_MEMORY).or_else(|_| tempfile::tempdir()),
        false => builder.tempdir(),
    };
    Arc::new(made.expect("tests can write to a folder"))
}

/// A clock that runs by itself from the moment that it was set to, and can be moved on.
#[derive(Debug, Clone)]
pub struct TestClock {
    started: Instant,
    start: Arc<AtomicI64>,
}

impl TestClock {
    /// A clock that shows this moment (RFC 3339) now.
    pub fn at(moment: &str) -> TestClock {
        TestClock { started: Instant::now(), start: Arc::new(AtomicI64::new(millis(moment))) }
    }

    /// Moves on to this moment.
    pub fn go_to(&self, moment: &str) {
        let ahead = millis(moment) - self.now().0;
        assert!(ahead >= 0, "time goes on only: {moment}");
        self.advance(ahead);
    }

    /// Moves on by so many milliseconds.
    pub fn advance(&self, millis: i64) {
        self.start.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let ran = i64::try_from(self.started.elapsed().as_millis()).expect("a test ends");
        Timestamp(self.start.load(Ordering::SeqCst) + ran)
    }
}

fn millis(moment: &str) -> i64 {
    let moment: jiff::Timestamp = moment.parse().expect("a moment as RFC 3339 has it");
    moment.as_millisecond()
}

/// A rail that declines while it is told to.
#[derive(Debug, Clone, Default)]
pub struct DecliningRail {
    declines: Arc<AtomicBool>,
    paid_won: Arc<AtomicU64>,
}

impl DecliningRail {
    /// From now on: decline, or pay.
    pub fn decline(&self, declines: bool) {
        self.declines.store(declines, Ordering::SeqCst);
    }

    /// All that was paid.
    pub fn paid_won(&self) -> u64 {
        self.paid_won.load(Ordering::SeqCst)
    }
}

impl AtOnce for DecliningRail {
    fn charge_at_once(&self, charge: &Charge) -> Charged {
        if self.declines.load(Ordering::SeqCst) {
            return Charged::Declined;
        }
        let price = u64::try_from(charge.price.0).expect("a price is not negative");
        self.paid_won.fetch_add(price, Ordering::SeqCst);
        Charged::Paid
    }
}
