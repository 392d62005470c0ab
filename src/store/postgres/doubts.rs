//! What this program has sent and does not know to be durable, so that no read of ours makes
//! somebody believe it.
//!
//! A row can be seen and still be lost: when a wait for a standby was cancelled, or when a server
//! came back that no standby had followed. So a read that meets a batch which is under way waits
//! for its answer, and one that meets a batch in doubt is refused until the stream is taken over:
//! the take-over is a durable write behind it, and settles what was before.
//!
//! Knows nothing of what others write: they have doubts of their own.

use openrun_actors::store::StoreError;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A batch that has no answer yet, or never got one.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    /// Its first event; none after it is known to be durable.
    from: u64,
    /// Whether its answer is still to come.
    is_under_way: bool,
}

/// By the number of the stream, which is negative for the vouchers of a program.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    streams: Mutex<HashMap<i64, Doubt>>,
    changed: Notify,
}

impl Doubts {
    /// A batch that begins at `from` is about to be sent.
    pub(super) fn begin(&self, stream: i64, from: u64) {
        self.streams().insert(stream, Doubt { from, is_under_way: true });
    }

    /// Nobody will ever answer what is under way.
    pub(super) fn open(&self, stream: i64) {
        if let Some(doubt) = self.streams().get_mut(&stream) {
            doubt.is_under_way = false;
        }
        self.changed.notify_waiters();
    }

    /// What was under way or in doubt is settled, one way or the other.
    pub(super) fn end(&self, stream: i64) {
        self.streams().remove(&stream);
        self.changed.notify_waiters();
    }

    /// Returns when an event that was read is known to be durable.
    ///
    /// # Errors
    /// It is not, and will not be before the stream is taken over.
    pub(super) async fn settled(&self, stream: i64, seq: u64) -> Result<(), StoreError> {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Before looking, so that no change is missed in between.
            changed.as_mut().enable();
            let doubt = self.streams().get(&stream).copied();
            match doubt.filter(|doubt| seq >= doubt.from) {
                None => return Ok(()),
                Some(Doubt { is_under_way: true, .. }) => changed.await,
                Some(_) => {
                    let cause = "what was read is not known to be durable yet";
                    return Err(StoreError(cause.to_owned()));
                }
            }
        }
    }

    /// Whether an event that was read is known to be durable now; waits for nothing.
    pub(super) fn is_settled(&self, stream: i64, seq: u64) -> bool {
        self.streams().get(&stream).is_none_or(|doubt| seq < doubt.from)
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<i64, Doubt>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_read_waits_for_what_is_under_way_and_is_refused_what_is_in_doubt() {
        let doubts = Doubts::default();
        doubts.begin(1, 10);
        assert_eq!(doubts.settled(1, 9).now_or_never(), Some(Ok(())), "it was there before");
        for other in [2, -1] {
            assert_eq!(doubts.settled(other, 10).now_or_never(), Some(Ok(())), "another stream");
        }
        let mut waiting = std::pin::pin!(doubts.settled(1, 10));
        assert_eq!(waiting.as_mut().now_or_never(), None, "its answer is still to come");
        assert!(doubts.is_settled(1, 9) && doubts.is_settled(2, 10) && !doubts.is_settled(1, 10));
        doubts.end(1);
        assert_eq!(waiting.now_or_never(), Some(Ok(())), "it was written");

        doubts.begin(1, 11);
        let mut waiting = std::pin::pin!(doubts.settled(1, 12));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        doubts.open(1);
        assert!(matches!(waiting.now_or_never(), Some(Err(_))), "nobody knows");
        assert!(doubts.is_settled(1, 10) && !doubts.is_settled(1, 11), "and nobody waits");
        assert_eq!(doubts.settled(1, 10).now_or_never(), Some(Ok(())));
        doubts.end(1);
        assert_eq!(doubts.settled(1, 12).now_or_never(), Some(Ok(())), "the take-over knows");
    }
}
