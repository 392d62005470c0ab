//! The committer: gathers events, writes them in batches, and only then lets answers go.
//!
//! A batch is whatever has gathered when the last commit is back. Persist, then reply, then send:
//! in this file alone. When a batch is not plainly written, everything decided on top of it is in
//! doubt: all that waits is told so, the right to write is taken anew, and the guardian rebuilds
//! the actors from what the store really holds.

use crate::handle::{Ctx, Handle, Mailbox, Reply, Serve, Shell};
use crate::store::{Batch, CommitError, Ownership, Store};
use actix::prelude::*;
use metrics::{Gauge, Histogram};
use openrun_core::{Event, Timestamp};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Events in one batch at most: beyond a thousand the time of a commit grows faster than what it
/// carries.
const BATCH_EVENTS: usize = 1_000;
/// Events that may wait: several seconds of the largest rush. Beyond it everything that waits fails
/// as if the store were away, and is decided anew from what it holds.
const QUEUE_EVENTS: usize = 200_000;
/// How long to wait before asking a store again that is away.
const TAKE_OVER_PAUSE: Duration = Duration::from_millis(200);

/// Nothing is known to have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitFailed;

type Completion = Box<dyn FnOnce(Result<(), CommitFailed>) + Send>;

/// Events that belong together, and what to do once they are durable or known not to be.
pub struct Append {
    at: Timestamp,
    events: Vec<Event>,
    /// The epoch of the state that they were decided on; absent when they stand by themselves.
    decided_under: Option<u64>,
    completion: Option<Completion>,
}

/// The actor's inside.
pub struct Committer {
    store: Arc<dyn Store>,
    ownership: Option<Ownership>,
    queue: VecDeque<Append>,
    queued_events: usize,
    is_writing: bool,
    on_doubt: Box<dyn Fn() + Send>,
    epoch: Arc<AtomicU64>,
    queue_gauge: Gauge,
    commit_seconds: Histogram,
    batch_events: Histogram,
}

impl Shell for Committer {
    const NAME: &'static str = "committer";
    const PERMITS: usize = 1_024;
    const DEADLINE: Duration = Duration::from_secs(30);

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        if self.ownership.is_none() {
            self.take_over(ctx);
        }
    }
}

impl Committer {
    /// A committer that may write under `ownership`, or takes it from the store itself. `on_doubt`
    /// is told when actors must be rebuilt.
    pub fn new(
        store: Arc<dyn Store>,
        ownership: Option<Ownership>,
        on_doubt: Box<dyn Fn() + Send>,
        epoch: Arc<AtomicU64>,
    ) -> Committer {
        if let Some(ownership) = ownership {
            epoch.store(ownership.epoch, Ordering::Release);
        }
        metrics::gauge!("openrun_store_up").set(1.0);
        Committer {
            store,
            ownership,
            queue: VecDeque::new(),
            queued_events: 0,
            is_writing: false,
            on_doubt,
            epoch,
            queue_gauge: metrics::gauge!("openrun_committer_queue_events"),
            commit_seconds: metrics::histogram!("openrun_commit_seconds"),
            batch_events: metrics::histogram!("openrun_commit_batch_events"),
        }
    }

    fn write_next(&mut self, ctx: &mut Ctx<Self>) {
        let Some(ownership) = self.ownership else { return };
        if self.is_writing || self.queue.is_empty() {
            return;
        }
        let (mut events, mut completions) = (Vec::new(), Vec::new());
        while let Some(next) = self.queue.front() {
            if !events.is_empty() && events.len() + next.events.len() > BATCH_EVENTS {
                break;
            }
            let Some(append) = self.queue.pop_front() else { break };
            events.extend(append.events.into_iter().map(|event| (append.at, event)));
            completions.extend(append.completion);
        }
        let count = events.len();
        self.queued_events -= count;
        self.queue_gauge.set(self.queued_events as f64);
        if count == 0 {
            completions.into_iter().for_each(|done| done(Ok(())));
            return self.write_next(ctx);
        }
        self.is_writing = true;
        self.batch_events.record(count as f64);
        let batch = Batch { epoch: ownership.epoch, first_seq: ownership.next_seq, events };
        let (store, began) = (Arc::clone(&self.store), Instant::now());
        let commit = async move { store.commit(batch).await };
        ctx.spawn(commit.into_actor_future(move |committer: &mut Self, outcome, ctx| {
            committer.commit_seconds.record(began.elapsed().as_secs_f64());
            committer.written((ownership.epoch, count), completions, outcome, ctx);
        }));
    }

    fn written(
        &mut self,
        (epoch, count): (u64, usize),
        completions: Vec<Completion>,
        outcome: Result<(), CommitError>,
        ctx: &mut Ctx<Self>,
    ) {
        self.is_writing = false;
        let Err(error) = outcome else {
            if let Some(ownership) = self.ownership.as_mut().filter(|own| own.epoch == epoch) {
                ownership.next_seq += count as u64;
            }
            // Persisted; now reply.
            completions.into_iter().for_each(|done| done(Ok(())));
            return self.write_next(ctx);
        };
        let kind = match &error {
            CommitError::NotWritten(_) => "not_written",
            CommitError::Unknown(_) => "unknown",
            CommitError::Deposed => "deposed",
        };
        tracing::error!(kind, %error, events = count, "a batch was not plainly written");
        completions.into_iter().for_each(|done| done(Err(CommitFailed)));
        self.doubt(kind, ctx);
    }

    /// Nothing in memory can be trusted any more: all that waits is told so, and the right to write
    /// is taken anew, under which the guardian has everything read again.
    fn doubt(&mut self, kind: &'static str, ctx: &mut Ctx<Self>) {
        metrics::counter!("openrun_commit_failures_total", "kind" => kind).increment(1);
        metrics::gauge!("openrun_store_up").set(0.0);
        self.ownership = None;
        self.fail_queue();
        self.take_over(ctx);
    }

    fn fail_queue(&mut self) {
        self.queued_events = 0;
        for append in self.queue.drain(..) {
            if let Some(done) = append.completion {
                done(Err(CommitFailed));
            }
        }
    }

    fn take_over(&mut self, ctx: &mut Ctx<Self>) {
        let store = Arc::clone(&self.store);
        let take_over = async move {
            loop {
                match store.take_over().await {
                    Ok(ownership) => return ownership,
                    Err(error) => tracing::warn!(%error, "the store is away, asking again"),
                }
                tokio::time::sleep(TAKE_OVER_PAUSE).await;
            }
        };
        ctx.spawn(take_over.into_actor_future(|committer: &mut Self, ownership, _ctx| {
            committer.fail_queue();
            committer.ownership = Some(ownership);
            committer.epoch.store(ownership.epoch, Ordering::Release);
            metrics::gauge!("openrun_store_up").set(1.0);
            (committer.on_doubt)();
        }));
    }
}

impl Serve<Append> for Committer {
    type Answer = ();

    fn serve(&mut self, append: Append, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        let epoch = self.ownership.map(|ownership| ownership.epoch);
        // Decided on a state that may hold what was never written: its actor will be rebuilt.
        let is_stale = append.decided_under.is_some() && append.decided_under != epoch;
        // A barrier weighs nothing and is never over the bound.
        let is_over = self.queued_events >= QUEUE_EVENTS && !append.events.is_empty();
        if epoch.is_none() || is_stale || is_over {
            if let Some(done) = append.completion {
                done(Err(CommitFailed));
            }
            if is_over && epoch.is_some() {
                // What was refused here was applied by its actor: all must be read anew.
                self.doubt("not_written", ctx);
            }
            return;
        }
        self.queued_events += append.events.len();
        self.queue.push_back(append);
        self.write_next(ctx);
        reply.send(());
    }
}

#[cfg(feature = "failpoints")]
impl Serve<crate::failpoints::Panic> for Committer {
    type Answer = ();
    fn serve(&mut self, _: crate::failpoints::Panic, _: Reply<()>, _: &mut Ctx<Self>) {
        panic!("failpoint");
    }
}

/// What the others see of the committer.
#[derive(Clone)]
pub struct Journal {
    pub(crate) committer: Handle<Committer>,
    decided_under: Option<u64>,
}

impl Journal {
    /// For events that stand by themselves.
    pub(crate) fn new(committer: Handle<Committer>) -> Journal {
        Journal { committer, decided_under: None }
    }

    /// For an actor whose state was read under `epoch`: what it decides is not written under
    /// another one.
    pub(crate) fn of_state(&self, epoch: u64) -> Journal {
        Journal { committer: self.committer.clone(), decided_under: Some(epoch) }
    }

    /// The epoch of the state that its actor decides on, if it has one.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.decided_under
    }

    /// Writes without anybody waiting: the outcome is proved otherwise (a ticket by its signature).
    pub fn append_and_forget(&self, at: Timestamp, events: Vec<Event>) {
        let decided_under = self.decided_under;
        self.committer.tell(Append { at, events, decided_under, completion: None });
    }

    /// Writes, then calls `done` from the committer's thread. Runs to the end whoever hangs up.
    pub fn append_then<F>(&self, at: Timestamp, events: Vec<Event>, done: F)
    where
        F: FnOnce(Result<(), CommitFailed>) + Send + 'static,
    {
        let (decided_under, completion) = (self.decided_under, Some(Box::new(done) as Completion));
        self.committer.tell(Append { at, events, decided_under, completion });
    }

    /// Writes, and answers once it is durable.
    pub fn append(
        &self,
        at: Timestamp,
        events: Vec<Event>,
    ) -> impl Future<Output = Result<(), CommitFailed>> + Send + 'static + use<> {
        let (sender, receiver) = oneshot::channel();
        self.append_then(at, events, move |outcome| {
            let _ = sender.send(outcome);
        });
        async move { receiver.await.unwrap_or(Err(CommitFailed)) }
    }

    /// Answers once everything handed over before is durable or known not to be.
    pub async fn barrier(&self) {
        let _ = self.append(Timestamp::default(), Vec::new()).await;
    }
}

/// Brings the outcome of a future back to the shell that spawned it.
pub trait IntoActorFuture: Future + Sized + 'static {
    /// An actor future that calls `then` with the shell and the outcome.
    fn into_actor_future<S, F>(self, then: F) -> impl ActorFuture<Mailbox<S>, Output = ()> + 'static
    where
        S: Shell,
        F: FnOnce(&mut S, Self::Output, &mut Ctx<S>) + 'static,
    {
        self.into_actor_wrapped().map(move |outcome, mailbox: &mut Mailbox<S>, ctx| {
            then(mailbox.shell(), outcome, ctx);
        })
    }

    /// The plain wrapping of actix.
    fn into_actor_wrapped<S: Shell>(
        self,
    ) -> impl ActorFuture<Mailbox<S>, Output = Self::Output> + 'static {
        actix::fut::wrap_future::<_, Mailbox<S>>(self)
    }
}

impl<T: Future + 'static> IntoActorFuture for T {}
