//! The committer of one stream: gathers events, writes them in batches, and only then lets answers
//! go. Streams know nothing of each other, so one that is stuck holds up no other.
//!
//! A batch is whatever has gathered when the last commit is back. Persist, then reply, then send:
//! in this file alone. When a batch is not plainly written, everything decided on top of it is in
//! doubt: all that waits is told so, the right to write is taken anew, and the guardian rebuilds
//! the stream's actors from what the store really holds.
//!
//! What an actor decides on is as old as the moment at which it was read from the store. The
//! process counts its doubts ([`Doubts`]); a state that was read before the last doubt of a stream
//! writes nothing to that stream.

use crate::doubts::Doubts;
use crate::handle::{Ctx, Handle, Mailbox, Reply, Serve, Shell};
use crate::permits::{Permit, Permits, label_of};
use crate::store::{Batch, CommitError, Ownership, Store};
use actix::prelude::*;
use metrics::{Gauge, Histogram};
use openrun_core::{Event, Refusal, StreamId, Timestamp};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Events in one batch at most: beyond a thousand the time of a commit grows faster than what it
/// carries.
pub(crate) const BATCH_EVENTS: usize = 1_000;
/// Events that may wait: several seconds of the largest rush. Beyond it everything that waits fails
/// as if the store were away, and is decided anew from what it holds.
const QUEUE_EVENTS: usize = 200_000;
/// Events that may wait before nobody new joins: half of what may wait at all, because a join waits
/// for no commit and would go on filling the queue of a store that is stuck, until everything that
/// waits fails. Who comes then is told `overloaded`; who buys or claims still finds room.
const CROWDED_EVENTS: usize = QUEUE_EVENTS / 2;
/// How long to wait before asking a store again that is away.
const TAKE_OVER_PAUSE: Duration = Duration::from_millis(200);
/// How long a stream is left to another server that keeps taking it, at first and at most. It
/// doubles each time in a row, so that of two living servers each gets long enough to sell.
const RIVAL_PAUSE_MILLIS: (u64, u64) = (100, 3_200);
/// A stream that was held for this long has no rival any more.
const UNRIVALLED: Duration = Duration::from_secs(30);

/// Nothing is known to have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitFailed;

pub(crate) type Completion = Box<dyn FnOnce(Result<(), CommitFailed>) + Send>;

/// Events that belong together, and what to do once they are durable or known not to be.
pub struct Append {
    at: Timestamp,
    events: Vec<Event>,
    /// How many doubts there had been when the state that they were decided on was read; absent
    /// when they stand by themselves.
    read_at: Option<u64>,
    completion: Option<Completion>,
}

/// What everybody may know of a stream's writer.
#[derive(Debug, Default)]
pub struct Standing {
    epoch: AtomicU64,
    /// The doubt after which it took over last: older states are not to be trusted.
    since: AtomicU64,
    /// Since when the oldest write is under way, in milliseconds of this process; 0 when none is.
    writing_since: AtomicU64,
    /// Events that wait to be written.
    queued: AtomicUsize,
}

/// What moments of this process are counted from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn process_millis() -> u64 {
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
}

impl Standing {
    /// A write begins. One that has been waiting for the store since before keeps its moment.
    fn begin(&self) {
        let now = process_millis();
        let _ = self.writing_since.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
    }

    fn done(&self) {
        self.writing_since.store(0, Ordering::Release);
    }

    /// How long the store has owed an answer.
    pub fn waiting_for(&self) -> Duration {
        let since = self.writing_since.load(Ordering::Acquire);
        let millis = if since == 0 { 0 } else { process_millis().saturating_sub(since) };
        Duration::from_millis(millis)
    }
}

/// How long a stream is left to another server that took it so often in a row.
fn rival_pause(deposed: u32) -> Duration {
    let (first, most) = RIVAL_PAUSE_MILLIS;
    let doublings = deposed.saturating_sub(2).min(u64::BITS - 1);
    let millis = if deposed < 2 { 0 } else { first.saturating_mul(1 << doublings).min(most) };
    Duration::from_millis(millis)
}

/// The actor's inside.
pub struct Committer {
    stream: StreamId,
    store: Arc<dyn Store>,
    ownership: Option<Ownership>,
    queue: VecDeque<Append>,
    queued_events: usize,
    is_writing: bool,
    /// When the stream was taken over last, and how often in a row another server took it away.
    owned_since: Instant,
    deposed: u32,
    on_doubt: Box<dyn Fn(&StreamId) + Send>,
    standing: Arc<Standing>,
    doubts: Doubts,
    up_gauge: Gauge,
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
            self.take_over(Duration::ZERO, ctx);
        }
    }
}

impl Committer {
    /// A committer that may write under `ownership`, or takes it from the store itself. `on_doubt`
    /// is told when actors must be rebuilt.
    pub fn new(
        stream: StreamId,
        store: Arc<dyn Store>,
        ownership: Option<Ownership>,
        on_doubt: Box<dyn Fn(&StreamId) + Send>,
        (standing, doubts): (Arc<Standing>, Doubts),
    ) -> Committer {
        if let Some(ownership) = ownership {
            standing.epoch.store(ownership.epoch, Ordering::Release);
        }
        standing.queued.store(0, Ordering::Release);
        let label = label_of(&stream);
        let up_gauge = metrics::gauge!("openrun_store_up", "stream" => label.clone());
        up_gauge.set(f64::from(u8::from(ownership.is_some())));
        Committer {
            stream,
            store,
            ownership,
            queue: VecDeque::new(),
            queued_events: 0,
            is_writing: false,
            owned_since: Instant::now(),
            deposed: 0,
            on_doubt,
            standing,
            doubts,
            up_gauge,
            queue_gauge: metrics::gauge!("openrun_committer_queue_events", "stream" => label),
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
        self.show_queue();
        if count == 0 {
            completions.into_iter().for_each(|done| done(Ok(())));
            return self.write_next(ctx);
        }
        self.is_writing = true;
        self.standing.begin();
        self.batch_events.record(count as f64);
        let batch = Batch {
            stream: self.stream.clone(),
            epoch: ownership.epoch,
            first_seq: ownership.next_seq,
            events,
        };
        #[cfg(feature = "failpoints")]
        let completions = crate::failpoints::answer_early(completions);
        let (store, began) = (Arc::clone(&self.store), Instant::now());
        let commit = async move {
            #[cfg(feature = "failpoints")]
            crate::failpoints::before_commit().await;
            store.commit(batch).await
        };
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
            self.standing.done();
            // Persisted; now reply.
            completions.into_iter().for_each(|done| done(Ok(())));
            return self.write_next(ctx);
        };
        let pause = self.pause_after(&error);
        let kind = match &error {
            CommitError::NotWritten(_) => "not_written",
            CommitError::Unknown(_) => "unknown",
            CommitError::Deposed => "deposed",
        };
        tracing::error!(kind, %error, events = count, "a batch was not plainly written");
        completions.into_iter().for_each(|done| done(Err(CommitFailed)));
        self.doubt(kind, pause, ctx);
    }

    /// How long the stream is left to whoever took it. A rival that is gone is not waited for; with
    /// one that lives it would go to and fro for ever, and neither would sell.
    fn pause_after(&mut self, error: &CommitError) -> Duration {
        if *error != CommitError::Deposed {
            return Duration::ZERO;
        }
        if self.owned_since.elapsed() > UNRIVALLED {
            self.deposed = 0;
        }
        self.deposed = self.deposed.saturating_add(1);
        rival_pause(self.deposed)
    }

    /// Nothing in memory can be trusted any more: all that waits is told so, and the right to write
    /// is taken anew, under which the guardian has everything read again.
    fn doubt(&mut self, kind: &'static str, pause: Duration, ctx: &mut Ctx<Self>) {
        metrics::counter!("openrun_commit_failures_total", "kind" => kind).increment(1);
        self.up_gauge.set(0.0);
        self.standing.begin();
        self.ownership = None;
        self.fail_queue();
        self.take_over(pause, ctx);
    }

    fn show_queue(&self) {
        self.standing.queued.store(self.queued_events, Ordering::Relaxed);
        self.queue_gauge.set(self.queued_events as f64);
    }

    fn fail_queue(&mut self) {
        self.queued_events = 0;
        self.show_queue();
        for append in self.queue.drain(..) {
            if let Some(done) = append.completion {
                done(Err(CommitFailed));
            }
        }
    }

    fn take_over(&mut self, pause: Duration, ctx: &mut Ctx<Self>) {
        let (store, stream) = (Arc::clone(&self.store), self.stream.clone());
        let take_over = async move {
            tokio::time::sleep(pause).await;
            loop {
                match store.take_over(&stream).await {
                    Ok(ownership) => return ownership,
                    Err(error) => {
                        tracing::warn!(?stream, %error, "the store is away, asking again")
                    }
                }
                tokio::time::sleep(TAKE_OVER_PAUSE).await;
            }
        };
        ctx.spawn(take_over.into_actor_future(|committer: &mut Self, ownership, _ctx| {
            committer.fail_queue();
            committer.ownership = Some(ownership);
            committer.owned_since = Instant::now();
            // In this order: whoever reads the store from here on is younger than this doubt.
            let former = committer.standing.epoch.load(Ordering::Acquire);
            let since = committer.doubts.another(ownership.epoch != former + 1);
            committer.standing.since.store(since, Ordering::Release);
            committer.standing.epoch.store(ownership.epoch, Ordering::Release);
            committer.up_gauge.set(1.0);
            committer.standing.done();
            (committer.on_doubt)(&committer.stream);
        }));
    }
}

impl Serve<Append> for Committer {
    type Answer = ();

    fn serve(&mut self, append: Append, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        let is_owner = self.ownership.is_some();
        // Decided on a state that may hold what was never written: its actor will be rebuilt.
        let since = self.standing.since.load(Ordering::Acquire);
        let is_stale = append.read_at.is_some_and(|read_at| read_at < since);
        // A barrier weighs nothing and is never over the bound.
        let bound = crate::failpoints::queue_events(QUEUE_EVENTS);
        let is_over = self.queued_events >= bound && !append.events.is_empty();
        if !is_owner || is_stale || is_over {
            if let Some(done) = append.completion {
                done(Err(CommitFailed));
            }
            if is_over && is_owner {
                // What was refused here was applied by its actor: all must be read anew.
                self.doubt("not_written", Duration::ZERO, ctx);
            }
            return;
        }
        self.queued_events += append.events.len();
        self.standing.queued.store(self.queued_events, Ordering::Relaxed);
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
    pub(crate) standing: Arc<Standing>,
    /// Of those who wait for what is written to this stream.
    callers: Arc<Permits>,
    read_at: Option<u64>,
}

impl Journal {
    /// For events that stand by themselves.
    pub(crate) fn new(
        committer: Handle<Committer>,
        standing: Arc<Standing>,
        callers: Permits,
    ) -> Journal {
        Journal { committer, standing, callers: Arc::new(callers), read_at: None }
    }

    /// A permit to wait for what is written here, to be kept until that is decided.
    pub(crate) fn enter(&self) -> Result<Permit, Refusal> {
        Permits::take(&self.callers).ok_or(Refusal::Overloaded)
    }

    /// Whether [`Journal::enter`] would give one now.
    pub(crate) fn check_callers(&self) -> Result<(), Refusal> {
        self.or_refuse(self.callers.is_one_free())
    }

    /// Whether so little waits to be written that more people may join.
    pub(crate) fn check_queue(&self) -> Result<(), Refusal> {
        let most = crate::failpoints::crowded_events(CROWDED_EVENTS);
        self.or_refuse(self.standing.queued.load(Ordering::Relaxed) < most)
    }

    fn or_refuse(&self, has_room: bool) -> Result<(), Refusal> {
        if !has_room {
            self.callers.refuse();
            return Err(Refusal::Overloaded);
        }
        Ok(())
    }

    /// For an actor whose state was read after so many doubts: what it decides is not written once
    /// the stream has been in doubt since.
    pub(crate) fn of_state(&self, read_at: u64) -> Journal {
        Journal { read_at: Some(read_at), ..self.clone() }
    }

    /// Whether both write to the same stream.
    pub(crate) fn is_same(&self, other: &Journal) -> bool {
        Arc::ptr_eq(&self.standing, &other.standing)
    }

    /// For whoever only waits for what others have written.
    pub(crate) fn of_nobody(&self) -> Journal {
        Journal { read_at: None, ..self.clone() }
    }

    /// After how many doubts the state was read that its actor decides on.
    pub(crate) fn read_at(&self) -> u64 {
        self.read_at.unwrap_or(u64::MAX)
    }

    /// After how many doubts the stream was taken over last.
    pub(crate) fn since(&self) -> u64 {
        self.standing.since.load(Ordering::Acquire)
    }

    /// Under which epoch the stream is written.
    pub(crate) fn epoch(&self) -> u64 {
        self.standing.epoch.load(Ordering::Acquire)
    }

    /// Writes without anybody waiting: the outcome is proved otherwise (a ticket by its signature).
    pub fn append_and_forget(&self, at: Timestamp, events: Vec<Event>) {
        let read_at = self.read_at;
        self.committer.tell(Append { at, events, read_at, completion: None });
    }

    /// Writes, then calls `done` from the committer's thread. Runs to the end whoever hangs up.
    pub fn append_then<F>(&self, at: Timestamp, events: Vec<Event>, done: F)
    where
        F: FnOnce(Result<(), CommitFailed>) + Send + 'static,
    {
        let (read_at, completion) = (self.read_at, Some(Box::new(done) as Completion));
        self.committer.tell(Append { at, events, read_at, completion });
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

    /// Answers once everything handed over before is durable; an error when that is in doubt, after
    /// which the stream is taken over and read anew.
    pub async fn barrier(&self) -> Result<(), CommitFailed> {
        self.append(Timestamp::default(), Vec::new()).await
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

#[cfg(test)]
mod tests {
    use super::rival_pause;

    #[test]
    fn a_rival_that_is_gone_is_not_waited_for_and_one_that_lives_longer_each_time() {
        let millis: Vec<u128> = (0..9).map(|deposed| rival_pause(deposed).as_millis()).collect();
        assert_eq!(millis, [0, 0, 100, 200, 400, 800, 1_600, 3_200, 3_200]);
        assert_eq!(rival_pause(u32::MAX).as_millis(), 3_200);
    }
}
