//! A backup that can be restored, and shows what it holds.

use crate::crowd::{ROUND, Sale, gets_pass};
use crate::support::app::MORNING;
use crate::support::postgres::{TestCluster, TestDatabase, program};
use crate::support::store::audit;
use crate::support::{TestApp, TestStore, on_stage};
use std::path::Path;

/// Where each stream stands, and the hash over all that it holds.
async fn streams(database: &TestDatabase) -> Vec<(i64, i64, Vec<u8>)> {
    let standing = "select id, next_seq, hash from openrun.stream order by id";
    let rows = database.client().await.query(standing, &[]).await.expect("a store");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

async fn dump(database: &TestDatabase, server: &str, folder: &Path) {
    let file = |name: &str| format!("--file={}", folder.join(name).display());
    let roles = ["--roles-only", "--no-role-passwords", &file("roles.sql"), "--dbname", server];
    program("pg_dumpall", &roles).await;
    program("pg_dump", &["--format=custom", &file("store.dump"), &database.url()]).await;
}

async fn restore(database: &TestDatabase, folder: &Path) {
    let roles = folder.join("roles.sql").display().to_string();
    let store = folder.join("store.dump").display().to_string();
    // The superuser is there already, which is no fault.
    program("psql", &["--quiet", "--file", &roles, &database.url()]).await;
    program("pg_restore", &["--exit-on-error", "--dbname", &database.url(), &store]).await;
}

/// A server on the restored store knows the round and sells in it.
async fn goes_on_selling(restored: &TestDatabase, all: usize) {
    let app = TestApp::start_on(TestStore::At(restored.url()), MORNING).await;
    let newcomer = gets_pass(app.buyer("newcomer")).await;
    let bought = newcomer.buy_until_answered(ROUND, "newcomer-key", 10_000).await;
    assert_eq!(bought.status, 201, "{bought:?}");
    let audited = app.stop().await;
    audited.assert_clean();
    assert_eq!(audited.purchases, all as u64 + 1);
}

/// F60.
#[test]
fn a_dump_restored_elsewhere_passes_the_audit_has_the_same_hashes_and_goes_on_selling() {
    on_stage(async {
        let (old, new) = (TestCluster::start(&[]).await, TestCluster::start(&[]).await);
        let sold = old.database().await;
        let mut sale = Sale::on(TestStore::At(sold.url()), 20).await;
        for _ in 0..20 {
            sale.flows().await;
        }
        let all = sale.ends_clean().await;
        let (folder, before) = (tempfile::tempdir().expect("a folder"), streams(&sold).await);
        // Nothing became of the vouchers: their stream has only begun.
        let has_grown = |stream: &(i64, i64, Vec<u8>)| stream.1 > 1 || stream.0 < 0;
        assert!(before.len() == 3 && before.iter().all(has_grown), "{before:?}");
        dump(&sold, &old.url, folder.path()).await;
        let restored = new.database().await;
        restore(&restored, folder.path()).await;
        assert_eq!(streams(&restored).await, before);
        let audited = audit(&restored.url()).await;
        audited.assert_clean();
        assert_eq!(audited.purchases, all as u64);
        goes_on_selling(&restored, all).await;
        // Without its purchases it is another store, and the audit says so.
        let poke = "drop trigger purchase_is_never_removed on openrun.purchase;
                    delete from openrun.purchase where seq = (select max(seq) from openrun.purchase)";
        restored.client().await.batch_execute(poke).await.expect("poked");
        assert!(!audit(&restored.url()).await.findings.is_empty(), "a lost row was not found");
    });
}
