//! Readers: threads with a read-only connection each, for reads that are short.
//!
//! Every question is answered from one snapshot. Reads that may be long have a thread of their own
//! (`stream`), so a question never waits for one.

use super::file::open_to_read;
use super::names::{NameOfNumber, said};
use openrun_actors::store::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Two, so that one question of a second does not make every other wait; more would only share the
/// same two cores.
const READERS: usize = 2;

/// A connection that reads, and the names that it has seen.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Connection,
    names: NameOfNumber,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Reader, StoreError> {
        let connection = open_to_read(path).map_err(said)?;
        Ok(Reader { connection, names: NameOfNumber::default() })
    }

    /// Lets `ask` read from one snapshot that every name in it belongs to.
    pub(super) fn snapshot<T>(
        &mut self,
        ask: impl FnOnce(&Connection, &NameOfNumber) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Dropped, it rolls back, which is all that a read needs.
        let snapshot = self.connection.transaction().map_err(said)?;
        self.names.refresh(&snapshot)?;
        ask(&snapshot, &self.names)
    }
}

type Question = Box<dyn FnOnce(&mut Reader) + Send>;

/// The way to the readers. Dropping it waits until they have answered and closed their connections:
/// the writer's must be the last to be closed, for then SQLite moves the whole log.
#[derive(Debug)]
pub(super) struct Readers {
    questions: Option<Sender<Question>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path) -> Result<Readers, StoreError> {
        let (questions, queue) = channel::<Question>();
        let queue = Arc::new(Mutex::new(queue));
        let mut threads = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let mut reader = Reader::open(path)?;
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new()
                .name("store-reader".to_owned())
                .spawn(move || {
                    while let Some(question) = next(&queue) {
                        question(&mut reader);
                    }
                })
                .map_err(|cause| StoreError(format!("a reader cannot start: {cause}")))?;
            threads.push(thread);
        }
        Ok(Readers { questions: Some(questions), threads })
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let asked: Question = Box::new(move |reader| drop(reply.send(question(reader))));
        // A question that nobody takes is dropped with its reply, which is seen here.
        if let Some(questions) = &self.questions {
            let _ = questions.send(asked);
        }
        answer.await.unwrap_or_else(|_| Err(StoreError("the readers are gone".to_owned())))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.questions.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reader of the store ended by a panic");
            }
        }
    }
}

/// Waits in turn: the lock is held while waiting and never while answering.
fn next(queue: &Mutex<Receiver<Question>>) -> Option<Question> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
