//! The guardian: starts rounds, rebuilds what died from the store, and changes what the process as
//! a whole owns.
//!
//! One job of a stream at a time; a stream that is stuck holds up no other's jobs. It never resumes
//! bad state: a rebuilt round is what the store says, nothing else.

use crate::committer::{IntoActorFuture, Journal};
use crate::documents::Documents;
use crate::engine::Inner;
use crate::figures;
use crate::handle::{Ctx, Handle, Reply, Serve, Shell};
use crate::load::{LoadError, Loaded, load_round};
use crate::people::People;
use crate::queue::{QueueShell, Retire};
use crate::requests::{Acted, Put};
use crate::round::{ProgramChanged, Redefine, RoundShell, Surroundings};
use crate::shared::{LineShared, QUEUE_SHARDS, RoundRef, RoundShared};
use crate::store::{Chunks, StoreError};
use crate::suspensions::LOOK_EVERY;
use actix::AsyncContext;
use arc_swap::ArcSwap;
use openrun_core::program::{Name, Program};
use openrun_core::round::Round;
use openrun_core::round_spec::{LineId, RoundSpec};
use openrun_core::view::{Measured, RoundView};
use openrun_core::{Event, PersonKey, ProgramId, Refusal, RoundId, Rules, StreamId};
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Mutex;

/// How often idle people are retired.
const SWEEP_EVERY: Duration = Duration::from_secs(10);
/// How long to wait before reading again from a store that did not answer.
const LOAD_PAUSE: Duration = Duration::from_millis(200);

/// Create a program or add a version of its rules.
pub(crate) struct PutProgram {
    pub id: ProgramId,
    pub name: Name,
    pub issuer: String,
    pub rules: Rules,
    pub staff: Acted,
}

/// Create a round or change one that people cannot have joined.
pub(crate) struct PutRound {
    pub spec: RoundSpec,
    pub staff: Acted,
}

/// An actor of this round died.
pub(crate) struct RoundDied(pub RoundId);

/// A batch of this stream was not plainly written: nothing of it in memory can be trusted.
pub(crate) struct StoreInDoubt(pub StreamId);

/// The actor's inside.
pub(crate) struct Guardian {
    inner: Weak<Inner>,
    /// Whose turn it is among the jobs of each stream: as many as there are programs.
    turns: HashMap<StreamId, Arc<Mutex<()>>>,
}

impl Shell for Guardian {
    const NAME: &'static str = "guardian";
    const PERMITS: usize = 256;
    const DEADLINE: Duration = Duration::from_secs(30);

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.run_interval(SWEEP_EVERY, |mailbox, _| {
            if let Some(inner) = mailbox.shell().inner.upgrade() {
                inner.people.retire_idle();
            }
        });
        ctx.run_interval(LOOK_EVERY, |mailbox, _| {
            if let Some(inner) = mailbox.shell().inner.upgrade() {
                inner.look_at_levels();
            }
        });
    }
}

impl Guardian {
    pub fn new(inner: Weak<Inner>) -> Guardian {
        Guardian { inner, turns: HashMap::new() }
    }

    /// Does one job of a stream to its end before the next one of that stream is looked at.
    pub(crate) fn work<T, F, J>(
        &mut self,
        of: StreamId,
        reply: Reply<T>,
        ctx: &mut Ctx<Self>,
        job: J,
    ) where
        T: Send + 'static,
        F: Future<Output = T> + 'static,
        J: FnOnce(Arc<Inner>) -> F + 'static,
    {
        let Some(inner) = self.inner.upgrade() else { return };
        // Turns are taken in the order in which they are asked for.
        let turn = Arc::clone(self.turns.entry(of).or_default()).lock_owned();
        let working = async move {
            let _turn = turn.await;
            job(inner).await
        };
        ctx.spawn(working.into_actor_future(|_: &mut Self, answer, _| reply.send(answer)));
    }
}

impl Serve<PutProgram> for Guardian {
    type Answer = Result<Put<Arc<Program>>, Refusal>;

    fn serve(&mut self, ask: PutProgram, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        let of = StreamId::Program(ask.id.clone());
        self.work(of, reply, ctx, |inner| async move { inner.put_program(ask).await });
    }
}

impl Serve<PutRound> for Guardian {
    type Answer = Result<Put<Arc<RoundView>>, Refusal>;

    fn serve(&mut self, ask: PutRound, reply: Reply<Self::Answer>, ctx: &mut Ctx<Self>) {
        let known =
            self.inner.upgrade().filter(|it| it.programs.contains_key(&ask.spec.program_id));
        if known.is_none() {
            return reply.send(Err(Refusal::ProgramNotFound));
        }
        let of = StreamId::Program(ask.spec.program_id.clone());
        self.work(of, reply, ctx, |inner| async move { inner.put_round(ask).await });
    }
}

impl Serve<RoundDied> for Guardian {
    type Answer = ();

    fn serve(&mut self, died: RoundDied, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        let Some(inner) = self.inner.upgrade() else { return };
        let Some(round) = inner.rounds.get(&died.0).map(|round| round.value().clone()) else {
            return;
        };
        let of = StreamId::Program(round.view().spec.program_id.clone());
        self.work(of, reply, ctx, |inner| async move { inner.rebuild_round(&died.0).await });
    }
}

impl Serve<StoreInDoubt> for Guardian {
    type Answer = ();

    fn serve(&mut self, doubt: StoreInDoubt, reply: Reply<()>, ctx: &mut Ctx<Self>) {
        self.work(doubt.0.clone(), reply, ctx, |inner| async move {
            if let Some(journal) = inner.journal_of(&doubt.0) {
                inner.people.retire_of(&journal);
            }
            match doubt.0 {
                StreamId::People => inner.reread_people().await,
                // One that was perhaps written was announced by nobody.
                StreamId::Vouchers(_) => inner.reread_paybacks(),
                StreamId::Program(program) => {
                    inner.reread_program(&program).await;
                    for id in inner.rounds_of(&program) {
                        inner.rebuild_round(&id).await;
                    }
                }
            }
        });
    }
}

#[cfg(feature = "failpoints")]
impl Serve<crate::failpoints::Panic> for Guardian {
    type Answer = ();
    fn serve(&mut self, _: crate::failpoints::Panic, _: Reply<()>, _: &mut Ctx<Self>) {
        panic!("failpoint");
    }
}

impl Inner {
    async fn put_program(self: &Arc<Self>, ask: PutProgram) -> Result<Put<Arc<Program>>, Refusal> {
        let malformed = |fault: openrun_core::program::RulesFault| Refusal::Malformed {
            detail: fault.words().to_owned(),
        };
        let PutProgram { id, name, issuer, rules, staff } = ask;
        let former = self.programs.get(&id).map(|slot| Arc::clone(&slot.program));
        staff.seen.check(former.as_ref().map(|former| former.version()))?;
        let program = match &former {
            None => {
                rules.check().map_err(malformed)?;
                Program { id, name, issuer, versions: vec![Arc::new(rules)], changes: 0 }
            }
            Some(former) => {
                let renamed = Program { name, issuer, ..Program::clone(former) };
                renamed.with_version(rules).map_err(malformed)?
            }
        };
        let events = vec![Event::ProgramChanged { program: program.clone() }, staff.event];
        let known = self.programs.get(&program.id);
        let known = known.map(|slot| (slot.journal.clone(), slot.vouchers.clone()));
        let (journal, vouchers) = match known {
            Some(both) => both,
            None => self.begin_streams(&program.id).await.map_err(|error| {
                tracing::error!(program = %program.id, %error, "a stream could not be taken over");
                Refusal::Unavailable
            })?,
        };
        let written = journal.append(self.clock.now(), events).await;
        written.map_err(|_| Refusal::Unavailable)?;
        let program = Arc::new(program);
        self.know_program(Arc::clone(&program), (journal, vouchers));
        let rounds: Vec<RoundRef> = self.rounds.iter().map(|round| round.value().clone()).collect();
        for round in rounds.iter().filter(|round| round.view().spec.program_id == program.id) {
            let _ = round.0.round.command(ProgramChanged(Arc::clone(&program))).await;
        }
        Ok(if former.is_some() { Put::Changed(program) } else { Put::Created(program) })
    }

    async fn put_round(self: &Arc<Self>, ask: PutRound) -> Result<Put<Arc<RoundView>>, Refusal> {
        let PutRound { spec, staff } = ask;
        let malformed = |detail: &str| Refusal::Malformed { detail: detail.to_owned() };
        let slot = self.programs.get(&spec.program_id);
        let slot = slot.map(|slot| (Arc::clone(&slot.program), slot.journal.clone()));
        let (program, journal) = slot.ok_or(Refusal::ProgramNotFound)?;
        let unit = program.rules_at(self.clock.now()).unit_won;
        spec.check(unit).map_err(|fault| malformed(fault.words()))?;
        let former = self.rounds.get(&spec.id).map(|round| round.value().clone());
        if let Some(former) = former {
            if former.view().spec.program_id != spec.program_id {
                return Err(malformed("program_id of a round does not change"));
            }
            former.0.round.command(Redefine { spec, staff }).await??;
            return Ok(Put::Changed(former.view()));
        }
        staff.seen.check(None)?;
        // One that is kept out of service has a history: it is not begun anew.
        if !self.store.rounds().await.is_ok_and(|stored| !stored.contains(&spec.id)) {
            return Err(Refusal::Unavailable);
        }
        let mut round = Round::new(spec.clone());
        let mut events = vec![Event::RoundDefined { spec }, staff.event];
        let lines: Vec<Arc<LineShared>> = round.lines().iter().map(|_| Arc::default()).collect();
        // The first numbers are durable with the round, so that whoever comes first gets one.
        for index in 0..lines.len() {
            let line = LineId(u8::try_from(index).unwrap_or(u8::MAX));
            let Some(reserved) = round.decide_reserve(line, 0) else { continue };
            round.apply(&reserved);
            events.push(reserved);
        }
        let since = journal.since();
        let written = journal.append(self.clock.now(), events).await;
        written.map_err(|_| Refusal::Unavailable)?;
        for (line, shared) in round.lines().iter().zip(&lines) {
            shared.places.set_reserved(line.reserved);
        }
        let vacant = lines.iter().map(|_| Vec::new()).collect();
        let queues = (0..QUEUE_SHARDS).map(|_| Default::default()).collect();
        let entries = (0..QUEUE_SHARDS).map(|_| Default::default()).collect();
        // As old as the stream itself: there was nothing of it to be read.
        let of_state = journal.of_state(since);
        let pauses = Default::default();
        let loaded = Loaded { round, queues, entries, lines, vacant, pauses };
        let started = self.start_round(loaded, program, of_state);
        Ok(Put::Created(started.view()))
    }

    /// Starts the actors of a round that has none yet.
    pub(crate) fn start_round(
        self: &Arc<Self>,
        loaded: Loaded,
        program: Arc<Program>,
        of_state: Journal,
    ) -> RoundRef {
        let id = loaded.round.spec().id.clone();
        let arbiter = self.arbiter_of(&program.id);
        let view = self.first_view(&loaded, &program, (0, of_state.epoch()));
        let labels = labels_of(&loaded.round);
        let Loaded { round, queues, entries, lines, vacant, pauses } = loaded;
        let shared = Arc::new_cyclic(|weak: &Weak<RoundShared>| {
            let around = self.surroundings(of_state.clone());
            let (machine, of_round) = (round, weak.clone());
            let make =
                move || RoundShell::new(machine, program, (vacant, pauses), of_round, around, 1);
            let start_queue = |(shard, people)| {
                let (weak, labels) = (weak.clone(), labels.clone());
                let (journal, clock) = (of_state.clone(), Arc::clone(&self.clock));
                let make = move || QueueShell::new(people, shard, weak, journal, clock, labels);
                Handle::start(&arbiter, make, self.obituary(&id, "queue"))
            };
            RoundShared {
                id: id.clone(),
                journal: of_state.of_nobody(),
                view: ArcSwap::from_pointee(view),
                lines: ArcSwap::from_pointee(lines),
                queues: queues.into_iter().zip(entries).enumerate().map(start_queue).collect(),
                round: Handle::start(&arbiter, make, self.obituary(&id, "round")),
                documents: Documents::default(),
                renders_total: metrics::counter!("openrun_watermark_renders_total"),
                inversions: AtomicU64::new(0),
                inversions_total: metrics::counter!("openrun_order_inversions_total"),
            }
        });
        let round = RoundRef(shared);
        round.reserve_numbers();
        self.rounds.insert(id, round.clone());
        round
    }

    /// Replaces every actor of a round by new ones that know what the store knows.
    pub(crate) async fn rebuild_round(self: &Arc<Self>, id: &RoundId) {
        let Some(round) = self.rounds.get(id).map(|round| round.value().clone()) else { return };
        let shared = round.0;
        // Nothing is decided from here on, and what was decided is written or known not to be.
        let _ = shared.round.command(Retire).await;
        for queue in &shared.queues {
            let _ = queue.command(Retire).await;
        }
        // Before the store is read: should there be a doubt meanwhile, nothing that the new actors
        // decide is written, and they are rebuilt in their turn.
        let of_state = shared.journal.of_state(self.doubts.so_far());
        // What is on its way to the store while nobody owns the stream may still arrive: a round
        // that did not read it would give away what is gone. Whoever takes over has all read again.
        if shared.journal.barrier().await.is_err() {
            return tracing::warn!(round = %id, "a round waits for its stream to be taken over");
        }
        let former = shared.lines.load_full();
        let reading = load_round(&*self.store, id, &former, &self.draw_secrets, &self.people);
        let loaded = match reading.await {
            Ok(loaded) => loaded,
            Err(error @ LoadError::Store(_)) => {
                tracing::error!(round = %id, %error, "a round could not be read, trying again");
                return self.rebuild_later(id);
            }
            // It stays retired and answers `unavailable`; the others go on.
            Err(error @ (LoadError::Contradiction(_) | LoadError::Draw(..))) => {
                figures::note_out_of_service(id);
                return tracing::error!(round = %id, %error, "a round is out of service");
            }
        };
        let program_id = loaded.round.spec().program_id.clone();
        let Some(program) = self.programs.get(&program_id).map(|s| Arc::clone(&s.program)) else {
            return;
        };
        let arbiter = self.arbiter_of(&program_id);
        let serial = shared.view.load().serial + 1;
        let view = self.first_view(&loaded, &program, (serial, of_state.epoch()));
        let labels = labels_of(&loaded.round);
        let Loaded { round, queues, entries, lines, vacant, pauses } = loaded;
        shared.lines.store(Arc::new(lines));
        shared.view.store(Arc::new(view));
        let (weak, around) = (Arc::downgrade(&shared), self.surroundings(of_state.clone()));
        let make =
            move || RoundShell::new(round, program, (vacant, pauses), weak, around, serial + 1);
        let people = queues.into_iter().zip(entries).enumerate();
        for ((shard, people), handle) in people.zip(&shared.queues) {
            let (weak, labels) = (Arc::downgrade(&shared), labels.clone());
            let (journal, clock) = (of_state.clone(), Arc::clone(&self.clock));
            let make = move || QueueShell::new(people, shard, weak, journal, clock, labels);
            handle.restart(&arbiter, make, self.obituary(id, "queue"));
        }
        // After its shards: its first tick may ask them who is in a lobby.
        shared.round.restart(&arbiter, make, self.obituary(id, "round"));
        RoundRef(shared).reserve_numbers();
        tracing::warn!(round = %id, "a round was rebuilt from the store");
    }

    fn first_view(
        &self,
        loaded: &Loaded,
        program: &Arc<Program>,
        (serial, epoch): (u64, u64),
    ) -> RoundView {
        let of_line = |line: usize| {
            (
                Arc::clone(&loaded.lines[line].places),
                (Measured::default(), loaded.vacant[line].clone()),
            )
        };
        let program = Arc::clone(program);
        RoundView::of(&loaded.round, program, serial, epoch, self.clock.now(), of_line)
    }

    fn surroundings(&self, journal: Journal) -> Surroundings {
        Surroundings {
            journal,
            clock: Arc::clone(&self.clock),
            at_once: self.at_once.clone(),
            draw_secrets: Arc::clone(&self.draw_secrets),
            till: self.till.clone(),
        }
    }

    fn obituary(self: &Arc<Self>, id: &RoundId, actor: &'static str) -> Box<dyn FnOnce() + Send> {
        let (inner, id) = (Arc::downgrade(self), id.clone());
        Box::new(move || {
            metrics::counter!("openrun_actor_rebuilds_total", "actor" => actor).increment(1);
            if let Some(inner) = inner.upgrade() {
                inner.tell_guardian(RoundDied(id));
            }
        })
    }

    fn rounds_of(&self, program: &ProgramId) -> Vec<RoundId> {
        let of_program =
            self.rounds.iter().filter(|round| round.view().spec.program_id == *program);
        of_program.map(|round| round.key().clone()).collect()
    }

    /// Tries again after a pause, so that others are rebuilt meanwhile.
    fn rebuild_later(self: &Arc<Self>, id: &RoundId) {
        let (inner, id) = (Arc::downgrade(self), id.clone());
        actix::spawn(async move {
            tokio::time::sleep(LOAD_PAUSE).await;
            if let Some(inner) = inner.upgrade() {
                inner.tell_guardian(RoundDied(id));
            }
        });
    }

    /// Takes the rules of a program from the store, and starts rounds that it has and this process
    /// has not: what an operator was told is in doubt may have been written.
    async fn reread_program(self: &Arc<Self>, id: &ProgramId) {
        if let Err(error) = self.try_reread_program(id).await {
            tracing::error!(program = %id, %error, "a program could not be read");
        }
    }

    async fn try_reread_program(self: &Arc<Self>, id: &ProgramId) -> Result<(), StoreError> {
        let both = self.programs.get(id).map(|slot| (slot.journal.clone(), slot.vouchers.clone()));
        let Some((journal, vouchers)) = both else { return Ok(()) };
        let found = self.store.programs().await?.into_iter().find(|program| program.id == *id);
        let Some(program) = found.map(Arc::new) else { return Ok(()) };
        self.know_program(Arc::clone(&program), (journal.clone(), vouchers));
        for round in self.store.rounds().await? {
            if self.rounds.contains_key(&round) {
                continue;
            }
            let of_state = journal.of_state(self.doubts.so_far());
            let reading = load_round(&*self.store, &round, &[], &self.draw_secrets, &self.people);
            match reading.await {
                Ok(loaded) if loaded.round.spec().program_id == *id => {
                    self.start_round(loaded, Arc::clone(&program), of_state);
                }
                Ok(_) | Err(LoadError::Contradiction(_) | LoadError::Draw(..)) => {}
                Err(LoadError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Asks the store who signed up, after a doubt about it.
    async fn reread_people(&self) {
        while let Err(error) = self.try_reread_people().await {
            tracing::error!(%error, "people could not be read, trying again");
            tokio::time::sleep(LOAD_PAUSE).await;
        }
        self.people.settle_doubtful();
    }

    async fn try_reread_people(&self) -> Result<(), StoreError> {
        load_people(self).await?;
        self.read_suspensions().await
    }
}

fn labels_of(round: &Round) -> [(&'static str, String); 2] {
    let spec = round.spec();
    [("program", spec.program_id.to_string()), ("round", spec.id.to_string())]
}

/// Loads everybody whom the store knows beside the rounds: who signed up, and who was refused or
/// given something, each on a thread of its own.
pub(crate) async fn load_people(inner: &Inner) -> Result<(), StoreError> {
    let (signed_up, others) = (inner.store.people(), inner.store.refused_or_given());
    let signed_up = take_in(inner, signed_up, People::know_signed_up);
    let others = take_in(inner, others, People::know_buyer);
    signed_up.await?;
    others.await
}

/// Takes people in as they come from the store, from now on and whether or not it is waited for.
fn take_in(
    inner: &Inner,
    mut chunks: Chunks<PersonKey>,
    know: fn(&People, PersonKey),
) -> impl Future<Output = Result<(), StoreError>> + use<> {
    let people = Arc::clone(&inner.people);
    let taking = tokio::task::spawn_blocking(move || {
        while let Some(chunk) = chunks.blocking_recv() {
            chunk?.into_iter().for_each(|person| know(&people, person));
        }
        Ok(())
    });
    let stopped = |error: tokio::task::JoinError| Err(StoreError(error.to_string()));
    async move { taking.await.unwrap_or_else(stopped) }
}
