//! How old what is in memory is: this process counts its doubts, and knows whether it was always
//! alone with its store.
//!
//! Decides nothing: what was read before the last doubt of a stream writes nothing there (the
//! committer), and after a rival nobody counts as unknown (`people`).

use crate::failpoints;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How often a stream of this process was in doubt: the age of what is in memory.
pub type Doubts = Arc<DoubtCount>;

/// See [`Doubts`].
#[derive(Debug, Default)]
pub struct DoubtCount {
    count: AtomicU64,
    /// Whether another server has ever written in between: there is more in the store than this
    /// process wrote or read, also of people whom it knows nothing of.
    was_rivalled: AtomicBool,
}

impl DoubtCount {
    /// How many there were.
    pub fn so_far(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Whether another server has ever owned a stream in between.
    pub fn was_rivalled(&self) -> bool {
        failpoints::was_rivalled(self.was_rivalled.load(Ordering::Acquire))
    }

    /// One more; answers how many there were with it.
    pub(crate) fn another(&self, is_rivalled: bool) -> u64 {
        // In this order: whoever is as young as this doubt knows of the rival.
        self.was_rivalled.fetch_or(is_rivalled, Ordering::AcqRel);
        self.count.fetch_add(1, Ordering::AcqRel) + 1
    }
}
