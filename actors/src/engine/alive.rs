//! Whether the threads that actors live on take their turns.
//!
//! Says nothing of the store, the rail or one actor: a store that is away is no reason to end a
//! process, and a dead actor is rebuilt by the guardian. A thread that stands still is neither seen
//! nor mended by anybody inside, so whoever started the process is told.

use super::Engine;
use crate::engine::Inner;
use actix::ArbiterHandle;
use std::fmt;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Threads of actors that took no turn in the time that they had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandStill {
    /// Whose threads: `process`, `committer`, `people`, `till`, or a program's id.
    pub threads: Vec<String>,
}

impl fmt::Display for StandStill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no turn was taken by {}", self.threads.join(", "))
    }
}

impl std::error::Error for StandStill {}

impl Engine {
    /// Answers once each thread of actors has taken a turn, behind what was queued for it before.
    ///
    /// # Errors
    /// The threads that took none within the time.
    pub async fn check_alive(&self, within: Duration) -> Result<(), StandStill> {
        let deadline = Instant::now() + within;
        let asked: Vec<_> =
            self.0.threads().into_iter().map(|(name, arbiter)| (name, ask(&arbiter))).collect();
        let mut threads = Vec::new();
        for (name, turn) in asked {
            let taken = tokio::time::timeout_at(deadline, turn).await;
            if !matches!(taken, Ok(Ok(()))) {
                threads.push(name);
            }
        }
        if threads.is_empty() { Ok(()) } else { Err(StandStill { threads }) }
    }
}

/// A thread that has ended drops the question, which answers as well.
fn ask(arbiter: &ArbiterHandle) -> oneshot::Receiver<()> {
    let (turn, taken) = oneshot::channel();
    arbiter.spawn(async move {
        #[cfg(feature = "failpoints")]
        crate::failpoints::before_turn();
        let _ = turn.send(());
    });
    taken
}

impl Inner {
    /// Every thread that actors live on.
    fn threads(&self) -> Vec<(String, ArbiterHandle)> {
        let mut all = vec![
            ("process".to_owned(), self.process_arbiter.clone()),
            ("committer".to_owned(), self.committer_arbiter.clone()),
            ("people".to_owned(), self.people.arbiter().clone()),
        ];
        all.extend(self.till.iter().map(|till| ("till".to_owned(), till.arbiter.clone())));
        let of_program = self.arbiters.iter();
        all.extend(of_program.map(|slot| (slot.key().to_string(), slot.value().clone())));
        all
    }
}
