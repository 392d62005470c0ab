//! Purchases that the store owes an answer: how long each took is measured where it is answered, on
//! the committer's thread, and told to the round's meter at its next tick.
//!
//! Whoever drops what was begun without ending it has failed: nothing is owed for ever.

use openrun_core::Timestamp;
use openrun_core::latency::LatencyMeter;
use std::sync::mpsc::{Receiver, Sender, channel};

struct Ended {
    began: Timestamp,
    at: Timestamp,
    is_durable: bool,
}

/// The answers on their way to the meter.
pub(super) struct Owed {
    sender: Sender<Ended>,
    receiver: Receiver<Ended>,
}

/// A purchase that is being written.
pub(super) struct Began {
    at: Timestamp,
    sender: Option<Sender<Ended>>,
}

impl Default for Owed {
    fn default() -> Self {
        let (sender, receiver) = channel();
        Owed { sender, receiver }
    }
}

impl Owed {
    /// A purchase is handed to the store.
    pub fn begin(&self, meter: &mut LatencyMeter, at: Timestamp) -> Began {
        meter.begin(at);
        Began { at, sender: Some(self.sender.clone()) }
    }

    /// Tells the meter what was answered since.
    pub fn settle(&self, meter: &mut LatencyMeter) {
        for ended in self.receiver.try_iter() {
            meter.end(ended.began, ended.at, ended.is_durable);
        }
    }
}

impl Began {
    /// It is answered.
    pub fn end(mut self, at: Timestamp, is_durable: bool) {
        self.send(at, is_durable);
    }

    fn send(&mut self, at: Timestamp, is_durable: bool) {
        if let Some(sender) = self.sender.take() {
            // The round may be gone: nobody measures any more.
            let _ = sender.send(Ended { began: self.at, at, is_durable });
        }
    }
}

impl Drop for Began {
    fn drop(&mut self) {
        self.send(self.at, false);
    }
}
