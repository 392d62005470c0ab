//! A store that stands still for some seconds, and goes on as if nothing had been.

use crate::crowd::{Sale, comes_back};
use crate::support::postgres::{TestCluster, TestDatabase};
use crate::support::proxy::{Direction, FaultProxy};
use crate::support::{TestStore, eventually, on_stage};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long the store is silent: less than a commit may take (5 s).
const STALL: Duration = Duration::from_secs(4);
/// Looks after which nobody's answer is on its way any more: half a second, of stalls of three.
const FEW_LOOKS: u32 = 25;
/// People at once.
const PEOPLE: usize = 20;

/// The store is silent from now on: nobody is promised anything, and everybody who waits is
/// answered.
async fn stands_still(sale: &Sale, name: &str, stall: Duration) {
    let (began, mut newcomers) = (Instant::now(), 0);
    // What was on its way when the store fell silent arrives.
    let before = sale.falls_silent(FEW_LOOKS).await;
    while began.elapsed() < stall {
        sale.waiting_goes_on(&format!("{name}-{newcomers}")).await;
        newcomers += 1;
        sleep(Duration::from_millis(100)).await;
    }
    let is_told = async || sale.document().await["interruption"]["cause"] == "store";
    eventually::so("why people wait", is_told).await;
    assert_eq!(sale.bought(), before, "OR-3: a purchase was answered while nothing was written");
    assert_eq!(sale.turned_away(), 0, "somebody could not join");
}

/// S6, F49.
#[test]
fn a_store_that_is_silent_for_a_while_holds_up_selling_and_nothing_else() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::start(database.address()).await;
        let store = TestStore::At(database.url_through(proxy.address));
        let mut sale = Sale::on(store, PEOPLE).await;
        sale.flows().await;
        proxy.pause();
        stands_still(&sale, "silent", STALL).await;
        proxy.resume();
        comes_back(&mut sale).await;
        sale.ends_clean().await;
    });
}

/// F49, one way: the store writes, and its answers are held up; for less than a commit may take,
/// and for more. (For as long as it may take, joins are refused or not as it happens: the stream is
/// taken over just as the answers come.)
#[test]
fn a_store_whose_answers_are_held_up_loses_and_doubles_nothing() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::start(database.address()).await;
        let store = TestStore::At(database.url_through(proxy.address));
        let mut sale = Sale::on(store, PEOPLE).await;
        for stall in [3, 8] {
            sale.flows().await;
            proxy.pause_one(Direction::ToClient);
            stands_still(&sale, &format!("held-up-{stall}"), Duration::from_secs(stall)).await;
            proxy.resume();
            comes_back(&mut sale).await;
        }
        sale.ends_clean().await;
    });
}

/// F49, F38: every process of the server is stopped in its tracks, and goes on.
#[test]
fn a_server_that_is_frozen_for_some_seconds_holds_up_selling_and_nothing_else() {
    on_stage(async {
        let cluster = TestCluster::start(&[]).await;
        let database = cluster.database().await;
        let mut sale = Sale::on(TestStore::At(database.url()), PEOPLE).await;
        for stall in [3, 8] {
            sale.flows().await;
            cluster.freeze().await;
            stands_still(&sale, &format!("frozen-{stall}"), Duration::from_secs(stall)).await;
            cluster.thaw().await;
            comes_back(&mut sale).await;
        }
        sale.ends_clean().await;
    });
}
