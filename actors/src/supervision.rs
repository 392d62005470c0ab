//! What happens when the guardian or the committer themselves die: each is started anew behind its
//! handle.

use crate::committer::Committer;
use crate::engine::Inner;
use crate::guardian::{Guardian, StoreInDoubt};
use crate::handle::Handle;
use std::sync::{Arc, Weak};

impl Inner {
    /// Starts the guardian, or a new one after its death.
    pub(crate) fn start_guardian(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        let make = move || Guardian::new(weak);
        let obituary = Inner::guardian_obituary(Arc::downgrade(self));
        match self.guardian.get() {
            Some(handle) => handle.restart(&self.process_arbiter, make, obituary),
            None => {
                let handle = Handle::start(&self.process_arbiter, make, obituary);
                let _ = self.guardian.set(handle);
            }
        }
    }

    fn guardian_obituary(weak: Weak<Inner>) -> Box<dyn FnOnce() + Send> {
        Box::new(move || {
            metrics::counter!("openrun_actor_rebuilds_total", "actor" => "guardian").increment(1);
            let Some(inner) = weak.upgrade() else { return };
            inner.start_guardian();
            // It may have died with a job half done: everything is read anew.
            inner.tell_guardian(StoreInDoubt);
        })
    }

    /// A committer that dies leaves events behind that nobody will write: a new one takes over the
    /// store, and everything decided on top of them is read anew.
    pub(crate) fn committer_obituary(weak: Weak<Inner>) -> Box<dyn FnOnce() + Send> {
        Box::new(move || {
            metrics::counter!("openrun_actor_rebuilds_total", "actor" => "committer").increment(1);
            let Some(inner) = weak.upgrade() else { return };
            let (store, epoch) = (Arc::clone(&inner.store), Arc::clone(&inner.epoch));
            let on_doubt = Inner::on_doubt(weak.clone());
            let make = move || Committer::new(store, None, on_doubt, epoch);
            let obituary = Inner::committer_obituary(weak);
            inner.journal.committer.restart(&inner.committer_arbiter, make, obituary);
        })
    }

    /// What the committer calls when nothing in memory can be trusted.
    pub(crate) fn on_doubt(weak: Weak<Inner>) -> Box<dyn Fn() + Send> {
        Box::new(move || {
            if let Some(inner) = weak.upgrade() {
                inner.tell_guardian(StoreInDoubt);
            }
        })
    }
}
