//! A store that dies in the middle of a rush.

use crate::crowd::{Sale, comes_back};
use crate::support::postgres::TestCluster;
use crate::support::{TestStore, on_stage};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long the store is away.
const AWAY: Duration = Duration::from_secs(1);

/// F52.
#[test]
fn a_store_that_is_killed_in_a_rush_comes_back_with_all_that_was_answered() {
    on_stage(async {
        let cluster = TestCluster::start(&[]).await;
        let database = cluster.database().await;
        let mut sale = Sale::on(TestStore::At(database.url()), 20).await;
        for (time, end) in ["kill", "immediate", "kill", "fast", "kill"].into_iter().enumerate() {
            sale.flows().await;
            match end {
                "kill" => cluster.kill().await,
                mode => cluster.stop(mode).await,
            }
            let (before, began) = (sale.bought(), Instant::now());
            while began.elapsed() < AWAY {
                sale.waiting_goes_on(&format!("{time}-{}", began.elapsed().as_millis())).await;
                sleep(Duration::from_millis(50)).await;
            }
            // Answers that were on their way when it died.
            assert!(sale.bought() <= before + 20, "OR-3: answered while the store was away");
            cluster.start_again().await;
            database.until_it_answers().await;
            comes_back(&mut sale).await;
        }
        let away = sale.turned_away();
        let all = sale.ends_clean().await;
        println!("crashes: {all} purchases kept; newcomers were asked to come again {away} times");
    });
}
