//! What the engine owns, and how it starts: take over the store, read what it holds, start the
//! actors.

use super::Engine;
use crate::clock::Clock;
use crate::committer::{Committer, Journal};
use crate::doubts::Doubts;
use crate::draw_secrets::DrawSecrets;
use crate::figures;
use crate::guardian::{Guardian, load_people};
use crate::handle::{Handle, Serve};
use crate::load::{LoadError, load_round};
use crate::paybacks::{Paybacks, count_open};
use crate::people::People;
use crate::permits::Permits;
use crate::person::Around;
use crate::rail::{AtOnce, PayBy, Rail};
use crate::requests::StartError;
use crate::round::TillLink;
use crate::shared::RoundRef;
use crate::store::{Ownership, Store, StoreError};
use crate::suspensions::SuspensionList;
use crate::threads::arbiter;
use actix::ArbiterHandle;
use dashmap::DashMap;
use openrun_core::program::Program;
use openrun_core::{ProgramId, RoundId, StreamId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// Rounds that are read from the store at once: enough for the cores of a large machine, few enough
/// for a store's connections. The others wait for their turn.
const ROUNDS_AT_ONCE: usize = 4;

/// A program and its streams.
pub(crate) struct ProgramSlot {
    pub program: Arc<Program>,
    pub journal: Journal,
    /// Of the vouchers' stream: spending goes on while the sale's own stream is stuck.
    pub vouchers: Journal,
}

/// What the engine owns.
pub(crate) struct Inner {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub at_once: Option<Arc<dyn AtOnce>>,
    pub till: Option<TillLink>,
    pub rail: Option<Arc<dyn Rail>>,
    pub draw_secrets: Arc<dyn DrawSecrets>,
    pub doubts: Doubts,
    /// Of the people's stream.
    pub journal: Journal,
    pub programs: Arc<DashMap<ProgramId, ProgramSlot>>,
    pub rounds: Arc<DashMap<RoundId, RoundRef>>,
    pub people: Arc<People>,
    /// Who calls the rail to give money back; nobody with a rail that answers at once.
    pub paybacks: Arc<OnceLock<Paybacks>>,
    pub suspensions: SuspensionList,
    pub process_arbiter: ArbiterHandle,
    /// Of each program, the thread that its rounds live on.
    pub arbiters: DashMap<ProgramId, ArbiterHandle>,
    pub committer_arbiter: ArbiterHandle,
    pub guardian: OnceLock<Handle<Guardian>>,
    /// Paybacks that wait for a rail which this server has not.
    pub stranded: AtomicUsize,
    pub is_ready: AtomicBool,
}

impl Inner {
    pub fn know_program(&self, program: Arc<Program>, (journal, vouchers): (Journal, Journal)) {
        self.programs.insert(program.id.clone(), ProgramSlot { program, journal, vouchers });
    }

    /// Takes a program's streams over and starts their committers: of its sales, of its vouchers.
    pub async fn begin_streams(
        self: &Arc<Self>,
        program: &ProgramId,
    ) -> Result<(Journal, Journal), StoreError> {
        let of_sales = self.begin_stream(StreamId::Program(program.clone())).await?;
        Ok((of_sales, self.begin_stream(StreamId::Vouchers(program.clone())).await?))
    }

    async fn begin_stream(self: &Arc<Self>, stream: StreamId) -> Result<Journal, StoreError> {
        let ownership = self.store.take_over(&stream).await?;
        let weak = Arc::downgrade(self);
        let (store, arbiter) = (&self.store, self.arbiter_of_stream(&stream));
        Ok(start_committer(weak, store, &self.doubts, &arbiter, stream, ownership))
    }

    /// A thread of its own for each program: a flooded round is not felt by another program's.
    pub fn arbiter_of(&self, program: &ProgramId) -> ArbiterHandle {
        if let Some(known) = self.arbiters.get(program) {
            return known.clone();
        }
        self.arbiters
            .entry(program.clone())
            .or_insert_with(|| arbiter(&format!("sale:{program}")))
            .clone()
    }

    /// Where a stream's committer lives: that of a program's sales beside the rounds, which hand it
    /// everything and wait for it, so that no other thread has to be woken; the others together,
    /// for they have to do with people.
    pub fn arbiter_of_stream(&self, stream: &StreamId) -> ArbiterHandle {
        match stream {
            StreamId::Program(program) => self.arbiter_of(program),
            StreamId::Vouchers(_) | StreamId::People => self.committer_arbiter.clone(),
        }
    }

    /// Every stream of this process with its journal.
    pub fn journals(&self) -> Vec<(StreamId, Journal)> {
        let both = |slot: &ProgramSlot| {
            let id = &slot.program.id;
            let sales = (StreamId::Program(id.clone()), slot.journal.clone());
            [sales, (StreamId::Vouchers(id.clone()), slot.vouchers.clone())]
        };
        let mut all: Vec<_> = self.programs.iter().flat_map(|slot| both(&slot)).collect();
        all.push((StreamId::People, self.journal.clone()));
        all
    }

    /// The journal of a stream, if it is one of this process.
    pub fn journal_of(&self, stream: &StreamId) -> Option<Journal> {
        let found = self.journals().into_iter().find(|(of, _)| of == stream);
        found.map(|(_, journal)| journal)
    }

    pub fn tell_guardian<C>(&self, command: C)
    where
        Guardian: Serve<C>,
        C: Send + 'static,
    {
        if let Some(guardian) = self.guardian.get() {
            guardian.tell(command);
        }
    }
}

impl Engine {
    /// Takes over the store, reads what it holds, starts the actors. Must be called inside an actix
    /// `System`.
    ///
    /// # Errors
    /// When the store does not answer, or what it holds contradicts itself.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        pay_by: PayBy,
        draw_secrets: Arc<dyn DrawSecrets>,
    ) -> Result<Engine, StartError> {
        let ownership = store.take_over(&StreamId::People).await?;
        let inner = Inner::assemble(store, clock, pay_by, draw_secrets, ownership);
        inner.start_guardian();
        inner.read_programs().await?;
        // People are read beside the rounds, which say who bought.
        let (people, rounds) = tokio::join!(load_people(&inner), inner.read_rounds());
        rounds?;
        people?;
        // Who is paid back is known by now, as far as the store knows anybody.
        inner.start_paybacks();
        inner.look_for_stranded().await?;
        inner.read_suspensions().await?;
        inner.is_ready.store(true, Ordering::Release);
        Ok(Engine(inner))
    }
}

impl Inner {
    /// Everything that needs nothing from the store but the people's stream.
    fn assemble(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        pay_by: PayBy,
        draw_secrets: Arc<dyn DrawSecrets>,
        ownership: Ownership,
    ) -> Arc<Inner> {
        let doubts = Doubts::default();
        let (process_arbiter, committer_arbiter, people_arbiter) =
            (arbiter("process"), arbiter("committers"), arbiter("people"));
        let rounds: Arc<DashMap<RoundId, RoundRef>> = Arc::default();
        Arc::new_cyclic(|weak: &Weak<Inner>| {
            let journal = start_committer(
                weak.clone(),
                &store,
                &doubts,
                &committer_arbiter,
                StreamId::People,
                ownership,
            );
            let programs: Arc<DashMap<ProgramId, ProgramSlot>> = Arc::default();
            let paybacks = Arc::default();
            let people = Arc::new_cyclic(|people: &Weak<People>| {
                let around = Arc::new(Around {
                    clock: Arc::clone(&clock),
                    programs: Arc::clone(&programs),
                    people: people.clone(),
                    paybacks: Arc::clone(&paybacks),
                });
                let (store, doubts) = (Arc::clone(&store), Arc::clone(&doubts));
                People::new(store, journal.clone(), around, people_arbiter, doubts)
            });
            let (at_once, rail) = match pay_by {
                PayBy::AtOnce(rail) => (Some(rail), None),
                PayBy::Waiting(rail) => (None, Some(rail)),
            };
            let till = rail.as_ref().map(|rail| Inner::start_till(weak, rail, &clock));
            Inner {
                store,
                clock,
                at_once,
                till,
                rail,
                draw_secrets,
                doubts,
                journal,
                programs,
                rounds,
                people,
                paybacks,
                suspensions: SuspensionList::new(),
                process_arbiter,
                arbiters: DashMap::new(),
                committer_arbiter,
                guardian: OnceLock::new(),
                stranded: AtomicUsize::new(0),
                is_ready: AtomicBool::new(false),
            }
        })
    }

    /// Takes the programs' streams over, then reads them: nothing of a former owner comes after.
    async fn read_programs(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut journals = HashMap::new();
        for program in self.store.programs().await? {
            journals.insert(program.id.clone(), self.begin_streams(&program.id).await?);
        }
        for program in self.store.programs().await? {
            let both = match journals.remove(&program.id) {
                Some(both) => both,
                None => self.begin_streams(&program.id).await?,
            };
            self.know_program(Arc::new(program), both);
        }
        Ok(())
    }

    /// Money that is on its way back through a rail stays there when the settings name none that is
    /// waited for: nobody but that rail knows what became of it, and so somebody must be told.
    async fn look_for_stranded(&self) -> Result<(), StoreError> {
        if self.rail.is_some() {
            return Ok(());
        }
        let stranded = count_open(&*self.store).await?;
        metrics::gauge!("openrun_paybacks_open").set(stranded as f64);
        self.stranded.store(stranded, Ordering::Release);
        if stranded > 0 {
            tracing::error!(
                stranded,
                "paybacks wait for a payment rail that the settings do not name any more: start \
                 once with the rail that they were sent to"
            );
        }
        Ok(())
    }

    async fn read_rounds(self: &Arc<Self>) -> Result<(), StoreError> {
        let seats = Arc::new(Semaphore::new(ROUNDS_AT_ONCE));
        let reading = |id: RoundId| {
            let (store, seats) = (Arc::clone(&self.store), Arc::clone(&seats));
            let secrets = Arc::clone(&self.draw_secrets);
            let people = Arc::clone(&self.people);
            tokio::spawn(async move {
                let _seat = seats.acquire().await;
                (load_round(&*store, &id, &[], &secrets, &people).await, id)
            })
        };
        let all: Vec<_> = self.store.rounds().await?.into_iter().map(reading).collect();
        for loading in all {
            let stopped = |error: JoinError| StoreError(error.to_string());
            let (loaded, id) = loading.await.map_err(stopped)?;
            let loaded = match loaded {
                Ok(loaded) => loaded,
                Err(LoadError::Store(error)) => return Err(error),
                // One broken round takes nobody else down with it.
                Err(error @ (LoadError::Contradiction(_) | LoadError::Draw(..))) => {
                    figures::note_out_of_service(&id);
                    tracing::error!(round = %id, %error, "a round is out of service");
                    continue;
                }
            };
            // A doubt during the start may have read it again, from what is newer.
            if self.rounds.contains_key(&id) {
                continue;
            }
            let program = &loaded.round.spec().program_id;
            let slot = self.programs.get(program);
            let slot = slot.map(|slot| (Arc::clone(&slot.program), slot.journal.clone()));
            let missing = || StoreError(format!("round {id} is of a program that is not there"));
            let (program, journal) = slot.ok_or_else(missing)?;
            let of_state = journal.of_state(self.doubts.so_far());
            self.start_round(loaded, program, of_state);
        }
        Ok(())
    }
}

/// Starts the committer of a stream that was just taken over.
fn start_committer(
    weak: Weak<Inner>,
    store: &Arc<dyn Store>,
    doubts: &Doubts,
    arbiter: &ArbiterHandle,
    stream: StreamId,
    ownership: Ownership,
) -> Journal {
    let (store, doubts, standing) = (Arc::clone(store), Arc::clone(doubts), Arc::default());
    let on_doubt = Inner::on_doubt(weak.clone());
    let obituary = Inner::committer_obituary(weak, stream.clone());
    let around = (Arc::clone(&standing), doubts);
    let callers = Permits::of_stream(&stream);
    let make = move || Committer::new(stream, store, Some(ownership), on_doubt, around);
    Journal::new(Handle::start(arbiter, make, obituary), standing, callers)
}
