//! Somebody cancels what the store is doing.

use crate::crowd::{SILENT_LOOKS, Sale, comes_back};
use crate::support::postgres::{TestCluster, TestDatabase};
use crate::support::{TestStore, eventually, on_stage};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use tokio_postgres::Client;

/// How long backends are cancelled in the middle of a rush.
const CANCELLING: Duration = Duration::from_secs(4);
/// Cancels that met a statement, at least: else nothing was shown.
const MET: i64 = 20;

/// Cancels whatever the program's own connections to this database do now; how many did something.
async fn cancel_all(client: &Client) -> i64 {
    let cancel = "select count(*) filter (where pg_cancel_backend(pid)) from pg_stat_activity
                  where datname = current_database() and pid <> pg_backend_pid()
                      and state = 'active' and backend_type = 'client backend'";
    client.query_one(cancel, &[]).await.expect("a superuser may cancel").get(0)
}

/// Waits until a commit waits for a standby: from then on all of them do, for that is decided in
/// one place for all sessions.
async fn until_commits_wait(client: &Client) {
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event = 'SyncRep'";
    let is_so = async || {
        let row = client.query_one(waiting, &[]).await.expect("a superuser may look");
        row.get::<_, i64>(0) > 0
    };
    eventually::so("a commit that waits for a standby", is_so).await;
}

/// F51: what is cancelled before its commit is certainly not written, and done again.
#[test]
fn statements_that_are_cancelled_are_no_success_and_no_loss() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let mut sale = Sale::on(TestStore::At(database.url()), 20).await;
        sale.flows().await;
        let client = database.client().await;
        let (began, mut met) = (Instant::now(), 0);
        while began.elapsed() < CANCELLING || met < MET {
            met += cancel_all(&client).await;
            assert!(began.elapsed() < CANCELLING * 10, "{met} statements were met in time");
            sleep(Duration::from_millis(7)).await;
        }
        comes_back(&mut sale).await;
        let all = sale.ends_clean().await;
        println!("cancels: {met} statements cancelled, {all} purchases kept");
    });
}

/// F51: a commit that waits for a standby and is cancelled looks like a success, but for a warning
/// (01000). It is none until the standby has it, or an operator says that there is none.
#[test]
fn a_commit_cancelled_while_it_waits_for_a_standby_is_no_success() {
    on_stage(async {
        let cluster = TestCluster::start(&[]).await;
        let database = cluster.database().await;
        let mut sale = Sale::on(TestStore::At(database.url()), 20).await;
        sale.flows().await;
        let client = database.client().await;
        // This session's own writes must not wait for the standby.
        let standby = async |name: &str| {
            let set = format!("alter system set synchronous_standby_names = '{name}'");
            client.batch_execute("set synchronous_commit = local").await.expect("a session is set");
            client.batch_execute(&set).await.expect("a superuser may");
            client.batch_execute("select pg_reload_conf()").await.expect("a superuser may");
        };
        standby("nobody").await;
        until_commits_wait(&client).await;
        let before = sale.falls_silent(SILENT_LOOKS).await;
        let (began, mut met) = (Instant::now(), 0);
        while began.elapsed() < CANCELLING || met == 0 {
            met += cancel_all(&client).await;
            assert!(began.elapsed() < CANCELLING * 10, "no commit waited for the standby");
            sale.waiting_goes_on(&format!("newcomer-{}", began.elapsed().as_millis())).await;
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(sale.bought(), before, "OR-3: a purchase was answered that no standby has");
        standby("").await;
        comes_back(&mut sale).await;
        let all = sale.ends_clean().await;
        println!("cancels: {met} commits cancelled, {all} purchases kept");
    });
}
