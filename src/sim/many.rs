//! Many runs on several threads: each seed by itself, a tally of all, and the first that fails.

use super::world::Figures;
use super::{Outcome, Settings, run};
use std::cell::Cell;
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

thread_local! {
    /// Whether a panic on this thread is a finding of a run, told in its outcome.
    static IS_RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Runs something whose panics are findings: they are told in its outcome, not on standard error.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_RUNNING.get() {
                others(info);
            }
        }));
    });
    IS_RUNNING.set(true);
    let done = run();
    IS_RUNNING.set(false);
    done
}

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Many {
    /// The first seed.
    pub seed: u64,
    /// How many seeds from there.
    pub runs: u64,
    /// On how many threads.
    pub jobs: usize,
    /// How each is made.
    pub settings: Settings,
}

/// What all runs came to.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Runs made.
    pub runs: u64,
    /// Their figures together.
    pub figures: Figures,
    /// All their traces in one number, whatever the order in which they came.
    pub hash: u64,
    /// The failing run with the smallest seed.
    pub failed: Option<Outcome>,
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        let (sum, one) = (&mut self.figures, outcome.figures);
        self.runs += 1;
        self.hash = self.hash.wrapping_add(outcome.hash);
        sum.steps += one.steps;
        sum.events += one.events;
        sum.purchases += one.purchases;
        sum.issued += one.issued;
        sum.crashes += one.crashes;
        sum.doubts += one.doubts;
        sum.rebuilds += one.rebuilds;
        sum.voided += one.voided;
        sum.returned += one.returned;
        sum.late += one.late;
        sum.lies += one.lies;
        sum.papers += one.papers;
        sum.spends += one.spends;
        sum.gifts += one.gifts;
        sum.paybacks += one.paybacks;
        sum.expired += one.expired;
        let is_first = self.failed.as_ref().is_none_or(|failed| outcome.seed < failed.seed);
        if outcome.violation.is_some() && is_first {
            self.failed = Some(outcome);
        }
    }
}

/// Makes many runs, until one fails. `progress` hears how many are done.
pub fn run_many(many: &Many, mut progress: impl FnMut(&Tally)) -> Tally {
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..many.jobs.max(1) {
            let (sender, next, is_over) = (sender.clone(), &next, &is_over);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= many.runs {
                        break;
                    }
                    let outcome = run(many.seed.wrapping_add(index), &many.settings);
                    if sender.send(outcome).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for outcome in receiver {
            // Seeds are handed out in order: none that is smaller is begun after this.
            if outcome.violation.is_some() {
                is_over.store(true, Ordering::Relaxed);
            }
            tally.add(outcome);
            progress(&tally);
        }
    });
    tally
}
