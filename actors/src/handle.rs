//! How actors are called: permits before the mailbox, a deadline, a span, and the time in the
//! mailbox measured once.
//!
//! The only caller of `Addr` (clippy bans it elsewhere), because an actix mailbox has no bound of
//! its own when every request clones its address, and because a dropped `send` future cancels a
//! queued message. Here a message is queued at once and its answer comes through a channel: a
//! caller that hangs up changes nothing.

use crate::permits::{Permit, PermitMeter, Permits};
use actix::prelude::*;
use arc_swap::ArcSwap;
use metrics::Histogram;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tracing::Span;

/// The context of an actor of ours.
pub type Ctx<S> = Context<Mailbox<S>>;

/// What a mailbox is around: a machine with its surroundings.
pub trait Shell: Sized + Unpin + 'static {
    /// Its name in metrics.
    const NAME: &'static str;
    /// How many callers may wait for it at once; the next one is told to come later.
    const PERMITS: usize;
    /// How long a caller waits before it is told that the outcome is not known.
    const DEADLINE: Duration;

    /// Called once, before the first message.
    fn started(&mut self, _ctx: &mut Ctx<Self>) {}
}

/// Serves one kind of command. Synchronous and short; what takes time is spawned or waited for by
/// others.
pub trait Serve<C>: Shell {
    /// What the caller gets.
    type Answer: Send + 'static;

    /// Decides, applies, hands on. `reply` may be kept until the outcome is durable.
    fn serve(&mut self, command: C, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>);
}

/// Why a call got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Every permit is taken: nothing was done.
    #[error("too many callers wait")]
    Overloaded,
    /// The actor died or is being rebuilt, or the deadline passed: the outcome is not known.
    #[error("no answer")]
    NoAnswer,
}

impl From<CallError> for openrun_core::Refusal {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Overloaded => openrun_core::Refusal::Overloaded,
            CallError::NoAnswer => openrun_core::Refusal::Unavailable,
        }
    }
}

/// The way back to a caller. Dropping it says that there is no answer.
#[derive(Debug)]
pub struct Reply<T> {
    sender: Option<oneshot::Sender<T>>,
    _permit: Option<Permit>,
}

impl<T> Reply<T> {
    /// Answers. The caller may be gone; that is no concern of the actor.
    pub fn send(mut self, answer: T) {
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(answer);
        }
    }

    /// Whether a caller is known to have gone; so it is for what was told and not called.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.sender.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

/// A command on its way.
struct Envelope<C, T> {
    command: C,
    reply: Reply<T>,
    span: Span,
    queued: Instant,
}

impl<C, T> Message for Envelope<C, T> {
    type Result = ();
}

/// The actor: a mailbox around one shell.
pub struct Mailbox<S: Shell> {
    shell: S,
    wait: Histogram,
    obituary: Option<Box<dyn FnOnce() + Send>>,
}

impl<S: Shell> Actor for Mailbox<S> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Permits bound what is queued; the mailbox's own capacity would bound nothing.
        ctx.set_mailbox_capacity(S::PERMITS);
        self.shell.started(ctx);
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        // A regular end is nobody's death. After a panic actix calls this as well, while the stack
        // unwinds: that is one.
        if !std::thread::panicking() {
            self.obituary = None;
        }
    }
}

impl<S: Shell> Drop for Mailbox<S> {
    fn drop(&mut self) {
        if let Some(obituary) = self.obituary.take() {
            obituary();
        }
    }
}

impl<S: Shell> Mailbox<S> {
    /// The shell inside, for futures that an actor spawned and that come back to it.
    pub fn shell(&mut self) -> &mut S {
        &mut self.shell
    }
}

impl<S, C> Handler<Envelope<C, S::Answer>> for Mailbox<S>
where
    S: Serve<C>,
    C: Send + 'static,
{
    type Result = ();

    fn handle(&mut self, envelope: Envelope<C, S::Answer>, ctx: &mut Self::Context) {
        let Envelope { command, reply, span, queued } = envelope;
        self.wait.record(queued.elapsed().as_secs_f64());
        let _entered = span.entered();
        self.shell.serve(command, reply, ctx);
    }
}

/// What all actors of one kind are measured by. Looked up once by whoever starts many of them.
pub struct Kind<S: Shell> {
    wait: Histogram,
    permits: PermitMeter,
    of: PhantomData<fn(S)>,
}

impl<S: Shell> Kind<S> {
    /// Looks it up.
    #[must_use]
    pub fn look_up() -> Kind<S> {
        Kind {
            wait: metrics::histogram!("openrun_mailbox_wait_seconds", "actor" => S::NAME),
            permits: PermitMeter::new(S::NAME, S::PERMITS),
            of: PhantomData,
        }
    }
}

/// How others call an actor. Stays the same when the actor is rebuilt.
pub struct Handle<S: Shell> {
    address: Arc<ArcSwap<Addr<Mailbox<S>>>>,
    permits: Arc<Permits>,
}

impl<S: Shell> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Handle { address: Arc::clone(&self.address), permits: Arc::clone(&self.permits) }
    }
}

impl<S: Shell> Handle<S> {
    /// Starts an actor on an arbiter. `obituary` is called from wherever it dies of a panic.
    pub fn start<F>(arbiter: &ArbiterHandle, make: F, obituary: Box<dyn FnOnce() + Send>) -> Self
    where
        F: FnOnce() -> S + Send + 'static,
    {
        Self::start_as(&Kind::look_up(), arbiter, make, obituary)
    }

    /// The same for one of very many.
    pub fn start_as<F>(
        kind: &Kind<S>,
        arbiter: &ArbiterHandle,
        make: F,
        obituary: Box<dyn FnOnce() + Send>,
    ) -> Self
    where
        F: FnOnce() -> S + Send + 'static,
    {
        let address = Self::spawn(kind.wait.clone(), arbiter, make, obituary);
        let permits = Arc::new(Permits::of_actor(&kind.permits, S::PERMITS));
        Handle { address: Arc::new(ArcSwap::from_pointee(address)), permits }
    }

    /// Puts a new actor behind the same handle.
    pub fn restart<F>(&self, arbiter: &ArbiterHandle, make: F, obituary: Box<dyn FnOnce() + Send>)
    where
        F: FnOnce() -> S + Send + 'static,
    {
        let wait = Kind::<S>::look_up().wait;
        self.address.store(Arc::new(Self::spawn(wait, arbiter, make, obituary)));
    }

    fn spawn<F>(
        wait: Histogram,
        arbiter: &ArbiterHandle,
        make: F,
        obituary: Box<dyn FnOnce() + Send>,
    ) -> Addr<Mailbox<S>>
    where
        F: FnOnce() -> S + Send + 'static,
    {
        Mailbox::start_in_arbiter(arbiter, move |_| Mailbox {
            shell: make(),
            wait,
            obituary: Some(obituary),
        })
    }

    /// Queues a command now and answers later. Refused at once when every permit is taken.
    pub fn call<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<S::Answer, CallError>> + Send + 'static + use<S, C>
    where
        S: Serve<C>,
        C: Send + 'static,
    {
        let answer = Permits::take(&self.permits).map(|permit| self.post(command, Some(permit)));
        async move {
            let answer = answer.ok_or(CallError::Overloaded)?;
            match tokio::time::timeout(S::DEADLINE, answer).await {
                Ok(Ok(answer)) => Ok(answer),
                _ => Err(CallError::NoAnswer),
            }
        }
    }

    /// As `call`, but never refused for want of a permit: the lane of operators and of actors among
    /// themselves.
    pub fn command<C>(
        &self,
        command: C,
    ) -> impl Future<Output = Result<S::Answer, CallError>> + Send + 'static + use<S, C>
    where
        S: Serve<C>,
        C: Send + 'static,
    {
        let answer = self.post(command, None);
        async move { answer.await.map_err(|_| CallError::NoAnswer) }
    }

    /// Queues a command whose answer nobody waits for.
    pub fn tell<C>(&self, command: C)
    where
        S: Serve<C>,
        C: Send + 'static,
    {
        self.queue(command, Reply { sender: None, _permit: None });
    }

    fn post<C>(&self, command: C, permit: Option<Permit>) -> oneshot::Receiver<S::Answer>
    where
        S: Serve<C>,
        C: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.queue(command, Reply { sender: Some(sender), _permit: permit });
        receiver
    }

    fn queue<C>(&self, command: C, reply: Reply<S::Answer>)
    where
        S: Serve<C>,
        C: Send + 'static,
    {
        let envelope = Envelope { command, reply, span: Span::current(), queued: Instant::now() };
        #[expect(clippy::disallowed_methods, reason = "the one place that calls an address")]
        self.address.load().do_send(envelope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps whoever calls waiting.
    #[derive(Default)]
    struct Slow(Vec<Reply<()>>);

    struct Wait;
    struct LetGo;

    impl Shell for Slow {
        const NAME: &'static str = "slow";
        const PERMITS: usize = 4;
        const DEADLINE: Duration = Duration::from_secs(30);
    }

    impl Serve<Wait> for Slow {
        type Answer = ();
        fn serve(&mut self, _: Wait, reply: Reply<()>, _: &mut Ctx<Self>) {
            self.0.push(reply);
        }
    }

    impl Serve<LetGo> for Slow {
        type Answer = usize;
        fn serve(&mut self, _: LetGo, reply: Reply<usize>, _: &mut Ctx<Self>) {
            reply.send(self.0.len());
            self.0.drain(..).for_each(|waiting| waiting.send(()));
        }
    }

    /// F40: the fifth of ten who call four permits is refused before it reaches the mailbox, and
    /// operators and other actors get through all the same.
    #[test]
    fn f40_who_finds_every_permit_taken_is_refused_at_once() {
        System::new().block_on(async {
            let handle = Handle::start(&Arbiter::current(), Slow::default, Box::new(|| {}));
            let mut calls: Vec<_> = (0..10).map(|_| Box::pin(handle.call(Wait))).collect();
            for refused in calls.split_off(4) {
                assert_eq!(refused.await, Err(CallError::Overloaded));
            }
            assert_eq!(handle.command(LetGo).await, Ok(4), "nothing else reached the mailbox");
            for waiting in calls {
                assert_eq!(waiting.await, Ok(()));
            }
            let again = handle.call(Wait);
            handle.tell(LetGo);
            assert_eq!(again.await, Ok(()), "the permits are free again");
        });
    }
}
