//! Migrations: when tables are made, and when they are left alone.

use super::database::Database;
use super::{Owner, PostgresStore, open};
use crate::store::postgres::migrate;
use crate::store::postgres::migrate::{KNOWN, former};
use crate::store::sample;

async fn refused(database: &Database) -> String {
    PostgresStore::open(&database.url).await.err().expect("is refused").to_string()
}

#[tokio::test]
async fn an_empty_database_gets_its_tables_whoever_comes_first() {
    let database = Database::create().await;
    let opened = futures_util::future::join_all((0..4).map(|_| open(&database))).await;
    assert_eq!(opened.len(), 4);
    let versions = database.number("select count(*) from openrun.migration").await;
    assert_eq!(versions, KNOWN, "each migration once");
    crate::store::postgres::migrate(&database.url).await.expect("there is nothing to do");
}

#[tokio::test]
async fn old_tables_are_migrated_on_request_only() {
    // As former versions left them: before there were roles, vouchers, counters.
    for version in [3, 5, 6] {
        let database = Database::create().await;
        database.execute(&former(version)).await;
        let words = refused(&database).await;
        assert!(
            words.contains(&format!("is at version {version} and this openrun needs {KNOWN}")),
            "{words}"
        );
        assert!(words.contains("stop every openrun that uses it and run `openrun migrate`"));
        migrate(&database.url).await.expect("migrates");
        let mut owner = Owner::of(open(&database).await).await;
        owner.write(sample::one_of_each()).await.expect("writes");
    }
}

/// What was written before take-overs were is of no server, and ends where the next one begins.
#[tokio::test]
async fn a_store_that_knew_no_take_overs_says_where_its_streams_stood() {
    let database = Database::create().await;
    database.execute(&former(9)).await;
    // The sale at its third epoch and its vouchers at their first; nothing was written.
    let taken = "select openrun.take_over('seoul', false); select openrun.take_over('seoul', false);
                 select openrun.take_over('seoul', true); select openrun.take_over('seoul', false);";
    database.execute(taken).await;
    migrate(&database.url).await.expect("migrates");
    let stood = "select count(*) from openrun.ownership where server is null
                 and epoch = case when stream_id > 0 then 3 else 1 end
                 and from_seq = 1 and other_seq = 1";
    assert_eq!(database.number(stood).await, 2);
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    Owner::of_stream(owner.store, sample::vouchers::voucher_stream()).await;
    let next = "select count(*) from openrun.ownership where length(server) = 16
                and (stream_id > 0 and epoch = 4 and from_seq = 1 and other_seq = 1
                    or stream_id < 0 and epoch = 2 and from_seq = 1 and other_seq > 1)";
    assert_eq!(database.number(next).await, 2);
    let url = database.url.clone();
    let asked = tokio::task::spawn_blocking(move || crate::store::audit::audit_url(&url)).await;
    assert_eq!(asked.expect("ends").expect("is asked").findings, []);
}

#[tokio::test]
async fn tables_in_use_are_not_migrated() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    // As if this program were newer than the one that runs: its last migration is not there yet.
    database.execute("delete from openrun.migration where version = 5").await;
    let words = migrate(&database.url).await.expect_err("is refused").to_string();
    assert!(words.contains("a running openrun holds store postgres://"), "{words}");
    assert!(words.contains("(openrun writer program:seoul): stop it first"), "{words}");
    drop(owner);
    // The server notices by itself that the writer is gone.
    let mut tries = 0;
    while let Err(fault) = migrate(&database.url).await {
        tries += 1;
        assert!(tries < 5, "{fault}");
    }
}

#[tokio::test]
async fn nobody_writes_to_a_store_of_another_version() {
    let database = Database::create().await;
    let store = open(&database).await;
    let newer = "insert into openrun.migration (version, name, checksum) values (99, 'new', '')";
    database.execute(newer).await;
    let cause = store.take_over(&sample::stream()).await.expect_err("is refused").0;
    assert_eq!(cause, format!("the store is at version 99, and this openrun writes {KNOWN}"));
    let words = refused(&database).await;
    assert!(words.contains("was migrated to version 99 by a newer openrun"), "{words}");
}

#[tokio::test]
async fn a_store_that_is_being_migrated_is_not_written() {
    let database = Database::create().await;
    let store = open(&database).await;
    let manager = database.client().await;
    let lock = crate::store::postgres::migrate::LOCK;
    manager.execute("select pg_advisory_lock($1)", &[&lock]).await.expect("locked");
    let cause = store.take_over(&sample::stream()).await.expect_err("is refused").0;
    assert_eq!(cause, "the store is being migrated");
    manager.execute("select pg_advisory_unlock($1)", &[&lock]).await.expect("unlocked");
    store.take_over(&sample::stream()).await.expect("takes over");
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let database = Database::create().await;
    drop(open(&database).await);
    database.execute("update openrun.migration set checksum = 'other' where version = 1").await;
    let words = refused(&database).await;
    assert!(words.contains("migration 1 of store"), "{words}");
}
