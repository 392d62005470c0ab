//! A store that finds no room on its disk.

use crate::crowd::{Sale, comes_back};
use crate::support::disk::{Filler, SmallDisk};
use crate::support::postgres::{SmallPart, TestCluster};
use crate::support::{TestStore, on_stage};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Room for a file, its write-ahead log and a rush of some seconds.
const FILE_DISK_MIB: u32 = 32;
/// The same for a server.
const SERVER_DISK_MIB: u32 = 160;
/// The same for its write-ahead log alone.
const LOG_DISK_MIB: u32 = 32;
/// Nobody buys for so long: the disk is full. Longer than a slow disk takes for some commits.
const STANDS_STILL: Duration = Duration::from_secs(5);

/// Fills the disk and waits until nobody buys any more; whoever waits is answered all the time.
async fn fill(sale: &Sale, folder: &Path, name: &str) -> Filler {
    let filler = Filler::fill(folder);
    let (began, mut last, mut since, mut newcomers) = (Instant::now(), 0, Instant::now(), 0);
    while since.elapsed() < STANDS_STILL {
        assert!(began.elapsed() < Duration::from_secs(120), "the disk never was full");
        sale.waiting_goes_on(&format!("{name}-{newcomers}")).await;
        newcomers += 1;
        sleep(Duration::from_millis(50)).await;
        if sale.bought() != last {
            (last, since) = (sale.bought(), Instant::now());
        }
    }
    filler
}

/// F57, the file.
#[test]
fn a_file_whose_disk_is_full_holds_up_selling_until_there_is_room() {
    on_stage(async {
        let Some(disk) = SmallDisk::mount(FILE_DISK_MIB) else {
            println!("SKIPPED, nothing can be mounted here (run as root): F57, a full disk");
            return;
        };
        let store = format!("sqlite:{}", disk.path().join("openrun.db").display());
        let mut sale = Sale::on(TestStore::At(store), 20).await;
        for time in ["first", "second"] {
            sale.flows().await;
            drop(fill(&sale, disk.path(), time).await);
            comes_back(&mut sale).await;
        }
        let away = sale.turned_away();
        let all = sale.ends_clean().await;
        println!("full: {all} purchases kept; newcomers were asked to come again {away} times");
    });
}

/// A rush on a server whose disk is filled twice. `burn`: something that makes it ask for room.
async fn server_is_full(part: SmallPart, mebibytes: u32, burn: &str) {
    let Some(cluster) = TestCluster::start_small(part, mebibytes).await else {
        println!("SKIPPED, nothing can be mounted here (run as root): F57, a full disk");
        return;
    };
    let database = cluster.database().await;
    let mut sale = Sale::on(TestStore::At(database.url()), 20).await;
    for time in ["first", "second"] {
        sale.flows().await;
        let (client, burn) = (database.client().await, burn.to_owned());
        let burning = tokio::spawn(async move {
            while client.batch_execute(&burn).await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
        });
        drop(fill(&sale, &cluster.small_disk(part), time).await);
        burning.await.expect("it ends when there is no room");
        // The server may have ended itself: that is what its keeper is for.
        cluster.start_again().await;
        database.until_it_answers().await;
        comes_back(&mut sale).await;
    }
    let away = sale.turned_away();
    let all = sale.ends_clean().await;
    println!(
        "full {part:?}: {all} purchases kept; newcomers were asked to come again {away} times"
    );
}

/// F57, the server: no room for rows (53100).
#[test]
fn a_server_whose_disk_is_full_holds_up_selling_until_there_is_room() {
    let rows = "create table if not exists burnt as select 1 as one;
                insert into burnt select generate_series(1, 10000)";
    on_stage(server_is_full(SmallPart::All, SERVER_DISK_MIB, rows));
}

/// F57, the server: no room for its write-ahead log, on which it ends itself.
#[test]
fn a_server_whose_log_finds_no_room_holds_up_selling_until_there_is_some() {
    let log = "select pg_switch_wal(); insert into burnt_log values (1)";
    let log = format!("create table if not exists burnt_log (one int); {log}");
    on_stage(async move { server_is_full(SmallPart::Log, LOG_DISK_MIB, &log).await });
}
