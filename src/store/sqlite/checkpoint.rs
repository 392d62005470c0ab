//! Moving the write-ahead log into the data file, beside the writer instead of in its commits.
//!
//! A thread with a connection of its own moves most of the log while commits go on. What was
//! written meanwhile is little: the writer moves that itself between two commits, and then SQLite
//! begins the log anew. Nothing here matters to durability: a log that is not moved is read at the
//! next start, and a checkpoint that fails is tried again.

use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Events after which the log is moved: 64 MiB of log if each changed a page of its own, as
/// purchases do, and far less for tickets. Fewer moves hot pages more often; more reads longer at
/// the next start.
const EVENTS_PER_CHECKPOINT: usize = 16_384;
/// The second pass moves what was written during the first, so that little is left for the writer.
const PASSES: usize = 2;

/// The writer's side.
#[derive(Debug)]
pub(super) struct Checkpoints {
    events: usize,
    signal: SyncSender<()>,
    nearly_moved: Arc<AtomicBool>,
}

impl Checkpoints {
    /// Starts the thread, which ends when the writer's side is dropped.
    pub(super) fn start(connection: Connection) -> std::io::Result<(Checkpoints, JoinHandle<()>)> {
        // One signal waits while one is served; more would ask for the same.
        let (signal, signals) = sync_channel(1);
        let nearly_moved = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&nearly_moved);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || serve(&connection, &signals, &told))?;
        Ok((Checkpoints { events: 0, signal, nearly_moved }, thread))
    }

    /// To be called after a commit was answered.
    pub(super) fn committed(&mut self, connection: &Connection, events: usize) {
        self.events += events;
        if self.events >= EVENTS_PER_CHECKPOINT {
            self.events = 0;
            // Full means that a checkpoint is asked for already; gone, that the server is ending.
            let _ = self.signal.try_send(());
        }
        if self.nearly_moved.swap(false, Ordering::Relaxed) {
            move_log(connection);
        }
    }
}

fn serve(connection: &Connection, signals: &Receiver<()>, nearly_moved: &AtomicBool) {
    while signals.recv().is_ok() {
        for _ in 0..PASSES {
            move_log(connection);
        }
        nearly_moved.store(true, Ordering::Relaxed);
    }
}

/// Moves the whole log before anybody writes: a server that is killed again and again within
/// [`EVENTS_PER_CHECKPOINT`] would else leave a longer one each time. Waits for nobody: an audit
/// that reads meanwhile keeps it from being emptied, until the next start.
pub(super) fn move_all(connection: &Connection) {
    let patience = super::file::BUSY_TIMEOUT;
    let moved = connection
        .busy_timeout(std::time::Duration::ZERO)
        .and_then(|()| connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())));
    let restored = connection.busy_timeout(patience);
    if let Err(cause) = moved.and(restored) {
        tracing::warn!(%cause, "the write-ahead log could not be moved; it will be tried again");
    }
}

/// Passive: moves what it can and waits for nobody.
fn move_log(connection: &Connection) {
    let moved = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    if let Err(cause) = moved {
        tracing::warn!(%cause, "the write-ahead log could not be moved; it will be tried again");
    }
}
