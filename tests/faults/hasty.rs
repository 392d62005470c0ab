//! The negative control of every test here: a store that says yes before it has written. The sale
//! on it looks well until its connection is cut, and then the checker must find what was lost.

use crate::crowd::Sale;
use crate::support::app::MORNING;
use crate::support::postgres::TestDatabase;
use crate::support::proxy::{Direction, FaultProxy, When};
use crate::support::{TestApp, TestStore, eventually, on_stage};
use openrun_actors::store::{
    Batch, Chunks, CommitError, DueVouchers, LogPlace, Ownership, Standing, Store, StoreError,
};
use openrun_core::purchase::PassId;
use openrun_core::settlement::Sold;
use openrun_core::{
    PersonKey, Program, Purchase, PurchaseId, RoundId, StoredEvent, StreamId, Suspension,
    Timestamp, VoucherId,
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Everything but commits is that of the store within.
struct Hasty {
    within: Arc<dyn Store>,
    batches: mpsc::UnboundedSender<Batch>,
}

impl Hasty {
    fn around(within: Arc<dyn Store>) -> Hasty {
        let (batches, mut taken) = mpsc::unbounded_channel();
        let store = Arc::clone(&within);
        tokio::spawn(async move {
            while let Some(batch) = taken.recv().await {
                // The mistake that is looked for: nobody waits for it.
                let _: Result<(), CommitError> = store.commit(batch).await;
            }
        });
        Hasty { within, batches }
    }
}

#[async_trait::async_trait]
impl Store for Hasty {
    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.batches.send(batch).map_err(|_| CommitError::NotWritten("it is over".to_owned()))
    }

    async fn take_over(&self, stream: &StreamId) -> Result<Ownership, StoreError> {
        self.within.take_over(stream).await
    }

    async fn standing(&self, stream: &StreamId) -> Result<Option<Standing>, StoreError> {
        self.within.standing(stream).await
    }

    async fn hash_at(
        &self,
        stream: &StreamId,
        next_seq: u64,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        self.within.hash_at(stream, next_seq).await
    }

    async fn programs(&self) -> Result<Vec<Program>, StoreError> {
        self.within.programs().await
    }

    async fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        self.within.suspensions().await
    }

    async fn rounds(&self) -> Result<Vec<RoundId>, StoreError> {
        self.within.rounds().await
    }

    fn round_events(&self, round: &RoundId) -> Chunks<StoredEvent> {
        self.within.round_events(round)
    }

    async fn person_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.within.person_events(person).await
    }

    async fn voucher_events(&self, person: PersonKey) -> Result<Vec<StoredEvent>, StoreError> {
        self.within.voucher_events(person).await
    }

    async fn open_paybacks(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.within.open_paybacks().await
    }

    async fn vouchers_due(
        &self,
        until: Timestamp,
        after: Option<VoucherId>,
        limit: usize,
    ) -> Result<DueVouchers, StoreError> {
        self.within.vouchers_due(until, after, limit).await
    }

    fn paybacks_of(&self, round: &RoundId) -> Chunks<StoredEvent> {
        self.within.paybacks_of(round)
    }

    async fn place_events(
        &self,
        round: &RoundId,
        place: PassId,
        person: PersonKey,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.within.place_events(round, place, person).await
    }

    fn people(&self) -> Chunks<PersonKey> {
        self.within.people()
    }

    fn refused_or_given(&self) -> Chunks<PersonKey> {
        self.within.refused_or_given()
    }

    async fn purchase(&self, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        self.within.purchase(id).await
    }

    async fn purchases_of(
        &self,
        person: PersonKey,
        before: Option<PurchaseId>,
        limit: usize,
    ) -> Result<Vec<Purchase>, StoreError> {
        self.within.purchases_of(person, before, limit).await
    }

    fn sold_of(&self, round: &RoundId) -> Chunks<Sold> {
        self.within.sold_of(round)
    }

    async fn staff_log(
        &self,
        before: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<(LogPlace, StoredEvent)>, StoreError> {
        self.within.staff_log(before, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.within.ping().await
    }
}

/// F50, with the guard off.
#[test]
fn answers_before_the_commit_are_found_by_the_same_cut() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::start(database.address()).await;
        let through = database.url_through(proxy.address);
        openrun::store::migrate(&through).await.expect("an empty database");
        let store = openrun::store::open(&through).await.expect("a migrated database");
        let hasty = Arc::new(Hasty::around(store));
        let app = TestApp::start_with_port(hasty, TestStore::At(database.url()), MORNING).await;
        let mut sale = Sale::in_app(app, 4).await;
        sale.flows().await;
        proxy.cut_at(b"person-0-", Direction::ToServer, When::BeforeForwarding);
        eventually::so("the cut", async || proxy.counts().sprung == 1).await;
        // It goes on selling, for a while at least.
        sale.flows().await;
        let (_, faults) = sale.ends().await;
        let is_loss = |fault: &String| fault.starts_with("OR-3: ");
        assert!(faults.iter().any(is_loss), "what was lost was not found: {faults:?}");
    });
}
