//! Numbers that were reserved before a restart and, as far as the store knows, never given: kept as
//! runs, so that a line costs the same however many were left behind.
//!
//! A number of a run has no cell until its ticket is shown. From then on it is touched: its cell
//! says where it stands, as for any other. Knows nothing of phases.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// From, to: both ends included.
pub(super) type Run = (u64, u64);

/// The vacant runs of one line.
#[derive(Debug, Default)]
pub(super) struct Vacant {
    /// In order and apart from each other; set once, when the line is loaded.
    runs: OnceLock<Box<[Run]>>,
    /// A lock, because a number that is touched and the watermark that passes over its run must
    /// agree who counts it. Taken when a lost ticket is shown and when a run is walked, which is
    /// seldom and short.
    touched: Mutex<Touched>,
}

/// Which numbers of the runs have cells, and how far the others are counted.
#[derive(Debug, Default)]
pub(super) struct Touched {
    numbers: BTreeSet<u64>,
    passed: u64,
}

impl Vacant {
    /// Sets the runs of a line that has none.
    pub(super) fn set(&self, runs: Vec<Run>) {
        assert!(runs.iter().all(|(from, to)| from <= to), "a run that ends before it begins");
        let is_first = runs.is_empty() || self.runs.set(runs.into()).is_ok();
        assert!(is_first, "OR-6: the vacant numbers of a line are known once, at its load");
    }

    /// The first run that ends at or after `number`.
    fn from(&self, number: u64) -> &[Run] {
        let runs: &[Run] = self.runs.get().map_or(&[], |runs| runs);
        &runs[runs.partition_point(|(_, to)| *to < number)..]
    }

    /// Whether `number` lies in a run, touched or not.
    pub(super) fn holds(&self, number: u64) -> bool {
        self.from(number).first().is_some_and(|(from, _)| *from <= number)
    }

    /// The lock over who counts what.
    pub(super) fn touched(&self) -> MutexGuard<'_, Touched> {
        // Whoever panicked with it left each of its steps whole.
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The parts of the runs after `after` up to `up_to`.
    pub(super) fn within(&self, after: u64, up_to: u64) -> impl Iterator<Item = Run> {
        let runs = self.from(after.saturating_add(1)).iter();
        let inside = runs.take_while(move |(from, _)| after < up_to && *from <= up_to);
        inside.map(move |(from, to)| ((*from).max(after + 1), (*to).min(up_to)))
    }

    /// The numbers after `after` up to `up_to` but those of the runs that nobody touched.
    pub(super) fn others(&self, after: u64, up_to: u64) -> Others<'_> {
        Others { vacant: self, next: after.saturating_add(1), up_to, run: None }
    }
}

impl Touched {
    /// Gives `number` a cell of its own. Answers whether the watermark has counted it already.
    pub(super) fn touch(&mut self, number: u64) -> bool {
        self.numbers.insert(number);
        number <= self.passed
    }

    /// The watermark passes over a part of a run. Answers how many in it nobody touched.
    pub(super) fn pass(&mut self, (from, to): Run) -> u64 {
        assert!(from > self.passed, "OR-6: a run is counted twice");
        self.passed = to;
        to - from + 1 - self.numbers.range(from..=to).count() as u64
    }
}

/// See [`Vacant::others`].
pub(super) struct Others<'v> {
    vacant: &'v Vacant,
    next: u64,
    up_to: u64,
    /// The run that `next` is in or before, once looked for.
    run: Option<Run>,
}

impl Iterator for Others<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        while self.next <= self.up_to {
            let (from, to) = match self.run {
                Some(run) if run.1 >= self.next => run,
                _ => self.vacant.from(self.next).first().copied().unwrap_or((u64::MAX, u64::MAX)),
            };
            self.run = Some((from, to));
            let mut number = Some(self.next);
            if from <= self.next {
                let touched = self.vacant.touched();
                number = touched.numbers.range(self.next..=to.min(self.up_to)).next().copied();
            }
            self.next = number.unwrap_or(to).saturating_add(1);
            if number.is_some() {
                return number;
            }
        }
        None
    }
}
