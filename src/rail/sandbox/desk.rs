//! The desk: one thread that owns the book and the ledger.
//!
//! It takes all that has come in, decides, applies, writes and syncs once, and only then releases
//! the answers: nobody is ever told what a crash could take back, and the cost of a sync is shared
//! by all who wait for it. When the ledger cannot be written the desk closes: nobody is answered
//! any more, as nobody could be told anything that lasts.

use super::book::{Book, Decided, Entry, Fate, Said, Totals};
use super::ledger::Ledger;
use super::news::News;
use openrun_actors::Clock;
use openrun_core::{PurchaseId, Won};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// Most calls of one batch: a sync of a slow disk (10 ms) at 5,000 calls a second gathers 50; this
/// bounds how long the first of a backlog waits for the last.
const BATCH_MAX: usize = 1_024;

/// What is asked of the book.
#[derive(Debug)]
pub(super) enum Ask {
    Authorise { order: PurchaseId, date: String, amount: Won, daily_limit: Won, fate: Fate },
    Inquire { order: PurchaseId, date: Option<String> },
    Cancel { order: PurchaseId, bar_on: Option<String> },
    Refund { order: PurchaseId, date: Option<String>, refund: PurchaseId, amount: Won },
}

/// What the book answers, and whether something changed by it.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub said: Said,
    pub wrote: bool,
}

enum Job {
    Order(Ask, oneshot::Sender<Done>),
    Totals(oneshot::Sender<Totals>),
    Lines(oneshot::Sender<String>),
}

/// An answer that waits for the ledger.
enum Answer {
    Order(oneshot::Sender<Done>, Done),
    Totals(oneshot::Sender<Totals>, Totals),
    Lines(oneshot::Sender<String>, String),
}

/// The way to the desk. The desk closes when the last of these goes.
#[derive(Clone)]
pub(super) struct Desk(Sender<Job>);

/// Opens the desk on a thread of its own.
pub(super) fn open(
    book: Book,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    news: Option<News>,
) -> (Desk, JoinHandle<()>) {
    // As long as there are connections at most: each waits for its answer.
    let (sender, jobs) = channel();
    let clerk = Clerk { book, ledger, clock, news };
    let thread = std::thread::Builder::new().name("rail-desk".to_owned());
    let thread = thread.spawn(move || clerk.work(&jobs));
    (Desk(sender), thread.expect("a process that starts a server can start a thread"))
}

impl Desk {
    /// Asks, and waits until the answer is durable. `None` when the desk is closed.
    pub async fn ask(&self, ask: Ask) -> Option<Done> {
        self.send(|reply| Job::Order(ask, reply)).await
    }

    /// The book added up.
    pub async fn totals(&self) -> Option<Totals> {
        self.send(Job::Totals).await
    }

    /// Every order as a line.
    pub async fn lines(&self) -> Option<String> {
        self.send(Job::Lines).await
    }

    async fn send<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.0.send(job(reply)).ok()?;
        answer.await.ok()
    }
}

struct Clerk {
    book: Book,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    news: Option<News>,
}

impl Clerk {
    fn work(mut self, jobs: &Receiver<Job>) {
        loop {
            let first = match self.wait(jobs) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let more = std::iter::from_fn(|| jobs.try_recv().ok());
            let batch = first.into_iter().chain(more).take(BATCH_MAX);
            let arrived = self.take_late();
            let answers: Vec<Answer> = batch.map(|job| self.decide(job)).collect();
            if let Err(cause) = self.ledger.sync() {
                tracing::error!(%cause, "the ledger cannot be written: the rail answers nobody");
                return;
            }
            answers.into_iter().for_each(release);
            if let Some(news) = &self.news {
                arrived.into_iter().for_each(|order| news.tell_later(order, 1, false));
            }
        }
    }

    fn wait(&self, jobs: &Receiver<Job>) -> Result<Job, RecvTimeoutError> {
        let Some(due) = self.book.next_due_ms() else {
            return jobs.recv().map_err(|_| RecvTimeoutError::Disconnected);
        };
        let left = u64::try_from(due - self.clock.now().0).unwrap_or(0);
        jobs.recv_timeout(Duration::from_millis(left))
    }

    /// Payments that were lost on their way and arrive now.
    fn take_late(&mut self) -> Vec<PurchaseId> {
        let due = self.book.due(self.clock.now().0);
        due.into_iter()
            .filter_map(|entry| {
                self.write(&entry);
                match entry {
                    Entry::Arrived { order } => Some(order),
                    _ => None,
                }
            })
            .collect()
    }

    fn decide(&mut self, job: Job) -> Answer {
        let (ask, reply) = match job {
            Job::Order(ask, reply) => (ask, reply),
            Job::Totals(reply) => return Answer::Totals(reply, self.book.totals()),
            Job::Lines(reply) => return Answer::Lines(reply, self.book.lines()),
        };
        let decided = match &ask {
            Ask::Authorise { order, date, amount, daily_limit, fate } => {
                self.book.authorise(*order, date, *amount, *daily_limit, *fate)
            }
            Ask::Inquire { order, date } => self.book.inquire(*order, date.as_deref()),
            Ask::Cancel { order, bar_on } => self.book.cancel(*order, bar_on.as_deref()),
            Ask::Refund { order, date, refund, amount } => {
                self.book.refund(*order, date.as_deref(), *refund, *amount)
            }
        };
        let done = match decided {
            Decided::Say(said) => Done { said, wrote: false },
            Decided::Write(entry) => {
                self.write(&entry);
                Done { said: self.book.after(&entry), wrote: true }
            }
        };
        Answer::Order(reply, done)
    }

    fn write(&mut self, entry: &Entry) {
        self.book.apply(entry).expect("what was decided on this book follows from it");
        self.ledger.append(entry);
    }
}

/// Whoever hung up meanwhile needs no answer.
fn release(answer: Answer) {
    match answer {
        Answer::Order(reply, done) => drop(reply.send(done)),
        Answer::Totals(reply, totals) => drop(reply.send(totals)),
        Answer::Lines(reply, lines) => drop(reply.send(lines)),
    }
}
