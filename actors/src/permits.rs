//! Permits: how many may be under way at once, and who comes after that is refused at once.
//!
//! One atomic number, no lock, no queue: whoever finds no permit is told so and comes back. A
//! permit is given back when it goes, wherever that is.

use crate::failpoints;
use metrics::{Counter, Gauge};
use openrun_core::StreamId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Callers that may wait for one stream of the store at once.
///
/// A stream is one program's sales, one program's vouchers, or the people's sign-ups, so this is
/// the wall between them: of the connections that a process has (19,000) a program whose store
/// hangs takes no more than these, and the others keep theirs. The number is what the slowest store
/// that is not away still answers in time: five batches of a thousand, each within the five seconds
/// that a commit may take, are written before the first caller's deadline of 30 s. Who is let in is
/// therefore answered; who is not is told `overloaded` before anything of the request is read.
pub(crate) const STREAM_CALLERS: usize = 4_096;

/// How many are under way, and how many may be.
#[derive(Debug)]
pub(crate) struct Permits {
    in_use: AtomicUsize,
    bound: usize,
    gauge: Gauge,
    refused: Counter,
}

/// What all permits of one kind of actor are counted by.
#[derive(Debug, Clone)]
pub(crate) struct PermitMeter {
    in_use: Gauge,
    refused: Counter,
}

impl PermitMeter {
    /// Of actors of this name, each of which has `bound` permits.
    pub fn new(name: &'static str, bound: usize) -> PermitMeter {
        metrics::gauge!("openrun_permits_bound", "actor" => name).set(bound as f64);
        PermitMeter {
            in_use: metrics::gauge!("openrun_permits_in_use", "actor" => name),
            refused: metrics::counter!("openrun_permits_refused_total", "actor" => name),
        }
    }
}

/// One of them; given back when it goes.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Permits>);

impl Permits {
    /// Of the mailbox of an actor, of whose kind this is the meter.
    pub fn of_actor(meter: &PermitMeter, bound: usize) -> Permits {
        let PermitMeter { in_use, refused } = meter.clone();
        Permits { in_use: AtomicUsize::new(0), bound, gauge: in_use, refused }
    }

    /// Of the callers of one stream.
    pub fn of_stream(stream: &StreamId) -> Permits {
        let of = || [("stream", label_of(stream))];
        let bound = failpoints::stream_callers(STREAM_CALLERS);
        metrics::gauge!("openrun_stream_callers_bound", &of()).set(bound as f64);
        let refused = metrics::counter!("openrun_stream_callers_refused_total", &of());
        refused.increment(0);
        Permits {
            in_use: AtomicUsize::new(0),
            bound,
            gauge: metrics::gauge!("openrun_stream_callers", &of()),
            refused,
        }
    }

    /// One permit, unless all are taken.
    pub fn take(permits: &Arc<Permits>) -> Option<Permit> {
        if permits.in_use.fetch_add(1, Ordering::AcqRel) >= permits.bound {
            permits.in_use.fetch_sub(1, Ordering::AcqRel);
            permits.refuse();
            return None;
        }
        permits.gauge.increment(1.0);
        Some(Permit(Arc::clone(permits)))
    }

    /// Whether one could be taken now. Says nothing of the next moment: whoever goes on takes one.
    pub fn is_one_free(&self) -> bool {
        self.in_use.load(Ordering::Acquire) < self.bound
    }

    /// Counts somebody who was refused.
    pub fn refuse(&self) {
        self.refused.increment(1);
    }
}

/// How a stream is named in metrics.
pub(crate) fn label_of(stream: &StreamId) -> String {
    match stream {
        StreamId::People => "people".to_owned(),
        StreamId::Program(program) => program.to_string(),
        StreamId::Vouchers(program) => format!("vouchers:{program}"),
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::AcqRel);
        self.0.gauge.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_none_free_is_refused_and_one_that_goes_is_free_again() {
        let permits = Arc::new(Permits::of_actor(&PermitMeter::new("test", 2), 2));
        let (first, second) = (Permits::take(&permits), Permits::take(&permits));
        assert!(first.is_some() && second.is_some());
        assert!(!permits.is_one_free());
        assert!(Permits::take(&permits).is_none());
        assert!(Permits::take(&permits).is_none(), "a refusal takes nothing");
        drop(first);
        assert!(permits.is_one_free());
        assert!(Permits::take(&permits).is_some());
    }

    /// What the constant says of itself.
    #[test]
    fn who_is_let_in_is_answered_by_the_slowest_store_before_the_deadline() {
        const COMMIT_MOST_S: usize = 5;
        const DEADLINE_S: usize = 30;
        let batches = STREAM_CALLERS.div_ceil(crate::committer::BATCH_EVENTS);
        assert!(
            (batches + 1) * COMMIT_MOST_S <= DEADLINE_S,
            "{batches} batches and the one before"
        );
    }
}
