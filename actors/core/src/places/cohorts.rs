//! Counts what becomes of those who were let in together: a ring of ranges of numbers, each with
//! two counters, written by whichever thread changes a number.
//!
//! A number that is counted under a range that was just given to another cohort is lost to both:
//! that cohort was over.

use crate::turn_up::CohortCount;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Cohorts that can be told apart: twice as many as count at once.
pub const COHORTS: usize = 32;
/// No cohort has begun.
const NONE: usize = usize::MAX;

#[derive(Debug, Default)]
struct Cell {
    /// Numbers after this one …
    from: AtomicU64,
    /// … up to this one.
    to: AtomicU64,
    claimed: AtomicU64,
    gone: AtomicU64,
}

/// The ring.
#[derive(Debug)]
pub(super) struct Cohorts {
    cells: [Cell; COHORTS],
    current: AtomicUsize,
}

impl Default for Cohorts {
    fn default() -> Self {
        Cohorts { cells: std::array::from_fn(|_| Cell::default()), current: NONE.into() }
    }
}

impl Cohorts {
    /// A cohort of the numbers after `from`, none so far.
    pub fn begin(&self, slot: usize, from: u64) {
        let cell = &self.cells[slot % COHORTS];
        cell.to.store(0, Ordering::SeqCst);
        cell.claimed.store(0, Ordering::SeqCst);
        cell.gone.store(0, Ordering::SeqCst);
        cell.from.store(from, Ordering::SeqCst);
        self.current.store(slot % COHORTS, Ordering::SeqCst);
    }

    /// The current cohort goes up to this number.
    pub fn extend(&self, to: u64) {
        if let Some(cell) = self.cells.get(self.current.load(Ordering::SeqCst)) {
            cell.to.fetch_max(to, Ordering::SeqCst);
        }
    }

    /// A number that had its turn waits no longer.
    pub fn moved_on(&self, number: u64, is_claim: bool) {
        let is_here = |cell: &&Cell| {
            number <= cell.to.load(Ordering::SeqCst) && number > cell.from.load(Ordering::SeqCst)
        };
        if let Some(cell) = self.cells.iter().find(is_here) {
            let counter = if is_claim { &cell.claimed } else { &cell.gone };
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// What became of a cohort so far.
    pub fn count(&self, slot: usize) -> CohortCount {
        let cell = &self.cells[slot % COHORTS];
        CohortCount {
            claimed: cell.claimed.load(Ordering::SeqCst),
            gone: cell.gone.load(Ordering::SeqCst),
        }
    }
}
