//! The engine without its edge: real actors on a store that acknowledges and keeps nothing, for
//! tests that ask more of the line than a disk could take in.
//!
//! Such a store cannot be read back: nothing here may restart.

use async_trait::async_trait;
use openrun_actors::store::{
    Batch, Chunks, CommitError, DueVouchers, LogPlace, Ownership, Standing, Store, StoreError,
};
use openrun_actors::{
    Clock, DrawSecrets, Engine, InstantRail, PayBy, RoundSecret, Staff, SystemClock,
};
use openrun_core::program::Name;
use openrun_core::purchase::PassId;
use openrun_core::round::Step;
use openrun_core::round_spec::{
    Eligibility, InletMode, InletSpec, Order, Rejoin, RoundSpec, SoldAt, WindowSpec,
};
use openrun_core::settlement::Sold;
use openrun_core::voucher::AfterSale;
use openrun_core::{
    ChannelId, Opening, PersonKey, Program, ProgramId, Purchase, PurchaseId, RoundId, Rules,
    StoredEvent, StreamId, Suspension, Timestamp, VoucherId, WindowId, Won,
};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Takes everything and keeps nothing.
pub struct AckingStore;

fn nothing<T>() -> Chunks<T> {
    mpsc::channel(1).1
}

#[async_trait]
impl Store for AckingStore {
    async fn take_over(&self, _: &StreamId) -> Result<Ownership, StoreError> {
        Ok(Ownership { epoch: 1, next_seq: 1 })
    }

    async fn commit(&self, _: Batch) -> Result<(), CommitError> {
        Ok(())
    }

    async fn standing(&self, _: &StreamId) -> Result<Option<Standing>, StoreError> {
        Ok(None)
    }

    async fn hash_at(&self, _: &StreamId, _: u64) -> Result<Option<[u8; 32]>, StoreError> {
        Ok(None)
    }

    async fn programs(&self) -> Result<Vec<Program>, StoreError> {
        Ok(Vec::new())
    }

    async fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        Ok(Vec::new())
    }

    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError> {
        Ok(Vec::new())
    }

    fn round_events(&self, _: &RoundId) -> Chunks<StoredEvent> {
        nothing()
    }

    async fn person_events(&self, _: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn voucher_events(&self, _: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn open_paybacks(&self) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn vouchers_due(
        &self,
        _: Timestamp,
        _: Option<VoucherId>,
        _: usize,
    ) -> Result<DueVouchers, StoreError> {
        Ok(DueVouchers::default())
    }

    fn paybacks_of(&self, _: &RoundId) -> Chunks<StoredEvent> {
        nothing()
    }

    async fn place_events(
        &self,
        _: &RoundId,
        _: PassId,
        _: PersonKey,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(Vec::new())
    }

    fn people(&self) -> Chunks<PersonKey> {
        nothing()
    }

    fn refused_or_given(&self) -> Chunks<PersonKey> {
        nothing()
    }

    async fn purchase(&self, _: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        Ok(None)
    }

    async fn purchases_of(
        &self,
        _: PersonKey,
        _: Option<PurchaseId>,
        _: usize,
    ) -> Result<Vec<Purchase>, StoreError> {
        Ok(Vec::new())
    }

    fn sold_of(&self, _: &RoundId) -> Chunks<Sold> {
        nothing()
    }

    async fn staff_log(
        &self,
        _: Option<LogPlace>,
        _: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
        Ok(Vec::new())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// No round of such an engine is drawn.
struct NothingDrawn;

impl DrawSecrets for NothingDrawn {
    fn of_round(&self, _: &RoundId) -> Vec<Arc<dyn RoundSecret>> {
        Vec::new()
    }
}

/// An engine on threads of its own, until it is dropped.
pub struct BareEngine {
    pub engine: Engine,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl BareEngine {
    pub async fn start() -> BareEngine {
        let (ready, is_ready) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runner = actix_web::rt::System::new();
            runner.block_on(async move {
                let (store, clock) = (Arc::new(AckingStore), Arc::new(SystemClock::default()));
                let pay = PayBy::AtOnce(Arc::new(InstantRail));
                let engine = Engine::start(store, clock, pay, Arc::new(NothingDrawn));
                let engine = engine.await.expect("nothing can fail");
                let _ = ready.send(engine);
                let _ = ended.await;
                actix_web::rt::System::current().stop();
            });
            runner.run().expect("the system ends");
        });
        let engine = is_ready.await.expect("the engine starts");
        BareEngine { engine, end: Some(end), thread: Some(thread) }
    }

    /// Opens a round for everybody in which nobody is let in; answers its id and a channel of it.
    pub async fn open_round(&self, rejoin: Rejoin) -> (RoundId, ChannelId) {
        let staff = Staff::new("tester", "operator");
        let now = SystemClock::default().now();
        let spec = spec_for_all("r1", now.plus_millis(-3_600_000), Won(1_000_000), rejoin);
        let (id, program, rules) = (spec.id.clone(), spec.program_id.clone(), rules());
        let channel = rules.channels[0].clone();
        let (engine, issuer) = (&self.engine, "seoul".to_owned());
        let made = engine.put_program(&staff, program, name(), issuer, rules, "test").await;
        made.expect("a program");
        engine.put_round(&staff, spec, "test").await.expect("a round");
        engine.step_round(&staff, &id, Step::Open, "test").await.expect("opens");
        (id, channel)
    }
}

impl Drop for BareEngine {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn name() -> Name {
    Name { ko: "시험".to_owned(), en: "Test".to_owned() }
}

/// The rules of July 2022, for ever.
pub fn rules() -> Rules {
    let channels = super::staff::CHANNELS.iter();
    Rules {
        effective_from: Timestamp(0),
        discount_bps: 700,
        unit_won: Won(10_000),
        monthly_limit_won: Won(400_000),
        holding_limit_won: Won(1_000_000),
        refund_threshold_bps: 6_000,
        regions: vec!["seoul".to_owned()],
        channels: channels.map(|name| ChannelId::new(name).expect("a slug")).collect(),
        counters: Vec::new(),
        after_sale: AfterSale::default(),
    }
}

/// A day for everybody, with an inlet that is shut.
pub fn spec_for_all(id: &str, opens_at: Timestamp, stock: Won, rejoin: Rejoin) -> RoundSpec {
    RoundSpec {
        opening: Opening::OnePerson,
        id: RoundId::new(id).expect("a slug"),
        program_id: ProgramId::new("seoul").expect("a slug"),
        name: name(),
        order: Order::Fifo,
        rejoin,
        lobby_opens_at: opens_at,
        windows: vec![WindowSpec {
            id: WindowId::new("all").expect("a slug"),
            eligibility: Eligibility::All,
            opens_at,
            closes_at: opens_at.plus_millis(86_400_000),
            stock_won: stock,
            leftover_to: None,
            sold_at: SoldAt::Line,
        }],
        inlet: InletSpec {
            rate_per_1000_s: 1,
            max_active: 1,
            claim_window_s: 86_400,
            pass_ttl_s: 86_400,
            mode: InletMode::Shut,
            latency_target_ms: None,
        },
    }
}
