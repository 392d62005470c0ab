//! The numbers of a line that lapsed, came back and wait at its head, in their order.
//!
//! Few: each person comes back once. Whoever only wants to know how many asks no lock.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The numbers.
#[derive(Debug, Default)]
pub(super) struct Returned {
    numbers: Mutex<BTreeSet<u64>>,
    count: AtomicU64,
}

impl Returned {
    fn numbers(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        // Whoever died here left a whole set: each change is one call.
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn insert(&self, number: u64) {
        let mut numbers = self.numbers();
        numbers.insert(number);
        self.count.store(numbers.len() as u64, Ordering::SeqCst);
    }

    pub fn remove(&self, number: u64) {
        let mut numbers = self.numbers();
        numbers.remove(&number);
        self.count.store(numbers.len() as u64, Ordering::SeqCst);
    }

    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    pub fn lowest(&self, most: usize) -> Vec<u64> {
        if self.count() == 0 {
            return Vec::new();
        }
        self.numbers().iter().copied().take(most).collect()
    }

    pub fn before(&self, number: u64) -> u64 {
        if self.count() == 0 {
            return 0;
        }
        self.numbers().range(..number).count() as u64
    }
}
