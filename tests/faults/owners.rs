//! Two servers that both think the store is theirs: one was paused, or started by mistake.

use crate::crowd::Sale;
use crate::support::app::MORNING;
use crate::support::postgres::TestDatabase;
use crate::support::store::audit;
use crate::support::{TestApp, TestStore, on_stage};

/// F38: each has sold what it promised, whoever had the right to write in between; nothing is
/// written under a right that was taken.
#[test]
fn two_servers_on_one_database_lose_and_double_nothing() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let store = TestStore::At(database.url());
        let mut first = Sale::on(store.clone(), 5).await;
        first.flows().await;
        let newer = TestApp::start_on(store, MORNING).await;
        let mut second = Sale::going_on(newer, "other", 5);
        for _ in 0..3 {
            second.flows().await;
            first.flows().await;
        }
        first.is_over().await;
        second.is_over().await;
        let audited = audit(&database.url()).await;
        audited.assert_clean();
        let (one, other) = (first.bought(), second.bought());
        assert_eq!(audited.purchases, (one + other) as u64, "OR-3: sold is what was answered");
        println!("owners: {one} and {other} purchases kept");
    });
}
