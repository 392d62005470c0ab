//! The numbers of a line that lapsed, came back and wait at its head, in their order.
//!
//! Each person comes back once, but while nothing moves all of them may be there at the same time:
//! how many stand before one of them is looked up, not counted. Whoever only wants to know how
//! many there are asks no lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The numbers, in their order.
#[derive(Debug, Default)]
pub(super) struct Returned {
    numbers: Mutex<VecDeque<u64>>,
    count: AtomicU64,
}

impl Returned {
    fn numbers(&self) -> MutexGuard<'_, VecDeque<u64>> {
        // Whoever died here left a whole list: each change is one call.
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn insert(&self, number: u64) {
        let mut numbers = self.numbers();
        if let Err(at) = numbers.binary_search(&number) {
            numbers.insert(at, number);
        }
        self.count.store(numbers.len() as u64, Ordering::SeqCst);
    }

    pub fn remove(&self, number: u64) {
        let mut numbers = self.numbers();
        if let Ok(at) = numbers.binary_search(&number) {
            numbers.remove(at);
        }
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
        self.numbers().partition_point(|returned| *returned < number) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_their_order_whenever_they_come() {
        let returned = Returned::default();
        for number in [70, 10, 40, 10, 90] {
            returned.insert(number);
        }
        assert_eq!((returned.count(), returned.lowest(2)), (4, vec![10, 40]));
        for (number, before) in [(1, 0), (10, 0), (11, 1), (70, 2), (91, 4)] {
            assert_eq!(returned.before(number), before, "{number}");
        }
        returned.remove(40);
        returned.remove(41);
        assert_eq!((returned.count(), returned.before(70)), (3, 1));
    }
}
