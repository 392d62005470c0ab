//! What a rehearsal counts while it runs: answers, latencies, and how everything moved over time.
//!
//! Latency from the intended start is what a person felt: it includes waiting for a free
//! connection. Latency from sending is what the server took. Both in microseconds.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::calls::Call;

/// Latencies of one kind of call.
pub(super) struct Latency {
    pub from_intended: Histogram<u64>,
    pub from_sending: Histogram<u64>,
}

/// One reading of the moving figures, for the plots.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Reading {
    /// Seconds since the first act began.
    pub at_s: f64,
    /// People who have come so far.
    pub arrived: u64,
    /// People who hold or held a place.
    pub places: u64,
    /// People who wait now.
    pub waiting: u64,
    /// Sum of the watermarks of all lines.
    pub watermark: u64,
    /// Purchases answered 201.
    pub purchases: u64,
    /// Their sum in won.
    pub bought_won: u64,
    /// Refusals of any kind.
    pub refusals: u64,
    /// What the rounds' documents said was left, in won.
    pub left_won: u64,
    /// Latency of all calls since the last reading, 50th and 99th percentile, in microseconds from
    /// sending.
    pub p50_us: u64,
    /// See `p50_us`.
    pub p99_us: u64,
}

/// What broke a promise, by what it was.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Broken {
    /// Somebody joined again and got another place, where the round keeps places.
    pub place_not_kept: u64,
    /// Somebody joined again and got a better place.
    pub place_gained: u64,
    /// A watermark moved back.
    pub watermark_back: u64,
    /// Where-am-I answered another number than the one that was given.
    pub number_changed: u64,
    /// The same purchase with the same key got another answer.
    pub repeat_differs: u64,
    /// More was bought than was asked for, or something else.
    pub amount_differs: u64,
}

impl Broken {
    /// All of them together.
    pub fn sum(&self) -> u64 {
        self.place_not_kept
            + self.place_gained
            + self.watermark_back
            + self.number_changed
            + self.repeat_differs
            + self.amount_differs
    }
}

/// Everything that is counted.
pub(super) struct Figures {
    latency: Vec<Latency>,
    recent: Histogram<u64>,
    /// From the first join to the answer of the purchase, in milliseconds.
    pub to_purchase_ms: Histogram<u64>,
    /// From getting a place to being admitted, in milliseconds.
    pub waited_ms: Histogram<u64>,
    pub now: Reading,
    pub readings: Vec<Reading>,
    pub refusals: BTreeMap<String, u64>,
    /// Answers that the contract does not know, by call and status.
    pub unexpected: BTreeMap<String, u64>,
    pub broken: Broken,
    pub requests: u64,
    pub lost_connections: u64,
    pub asked_to_retry: u64,
    pub hung_up: u64,
    pub replayed: u64,
    pub airplane: u64,
    pub came_back: u64,
}

/// Counts a value; the histogram grows to whatever it needs.
pub(super) fn record(histogram: &mut Histogram<u64>, value: u64) {
    // A histogram that resizes itself refuses no value.
    let _ = histogram.record(value);
}

fn histogram() -> Histogram<u64> {
    Histogram::new(2).expect("two significant digits are allowed")
}

impl Figures {
    pub fn new() -> Self {
        let pair = |_| Latency { from_intended: histogram(), from_sending: histogram() };
        Self {
            latency: Call::ALL.iter().map(pair).collect(),
            recent: histogram(),
            to_purchase_ms: histogram(),
            waited_ms: histogram(),
            now: Reading::default(),
            readings: Vec::new(),
            refusals: BTreeMap::new(),
            unexpected: BTreeMap::new(),
            broken: Broken::default(),
            requests: 0,
            lost_connections: 0,
            asked_to_retry: 0,
            hung_up: 0,
            replayed: 0,
            airplane: 0,
            came_back: 0,
        }
    }

    /// One call was answered. Times in nanoseconds of this run.
    pub fn answered(&mut self, call: Call, due: u64, sent: u64, answered: u64) {
        self.requests += 1;
        let latency = &mut self.latency[call as usize];
        let taken_us = answered.saturating_sub(sent) / 1000;
        record(&mut latency.from_sending, taken_us);
        record(&mut latency.from_intended, answered.saturating_sub(due) / 1000);
        record(&mut self.recent, taken_us);
    }

    pub fn refused(&mut self, code: &str) {
        self.now.refusals += 1;
        count(&mut self.refusals, code);
    }

    pub fn unexpected(&mut self, call: Call, status: u16, code: &str) {
        count(&mut self.unexpected, &format!("{}: {status} {code}", call.name()));
    }

    /// Keeps a reading of everything that moves.
    pub fn read(&mut self, at_s: f64) {
        self.now.at_s = at_s;
        if !self.recent.is_empty() {
            self.now.p50_us = self.recent.value_at_quantile(0.5);
            self.now.p99_us = self.recent.value_at_quantile(0.99);
            self.recent.clear();
        }
        self.readings.push(self.now);
    }

    /// Latencies of the calls that were made.
    pub fn latencies(&self) -> impl Iterator<Item = (Call, &Latency)> {
        let made = |latency: &Latency| !latency.from_sending.is_empty();
        Call::ALL.into_iter().zip(&self.latency).filter(move |(_, latency)| made(latency))
    }
}

fn count(map: &mut BTreeMap<String, u64>, key: &str) {
    match map.get_mut(key) {
        Some(count) => *count += 1,
        None => {
            map.insert(key.to_owned(), 1);
        }
    }
}
