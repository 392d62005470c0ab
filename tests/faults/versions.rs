//! Two versions of the program and one store.
//!
//! The other version is played by the store: its book of migrations says what another program would
//! have left there.

use crate::crowd::{SILENT_LOOKS, Sale};
use crate::support::postgres::TestDatabase;
use crate::support::proxy::FaultProxy;
use crate::support::{TestStore, on_stage};
use std::process::Output;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

/// Longest time until a program that refuses to start has said so.
const REFUSED: Duration = Duration::from_secs(60);
/// A migration that this program does not know.
const BY_A_NEWER: &str = "insert into openrun.migration (version, name, checksum)
                          select max(version) + 1, 'later', 'later' from openrun.migration";
/// As it was before that.
const NOT_ANY_MORE: &str = "delete from openrun.migration where name = 'later'";
/// The last migration that this program knows has not been.
const BY_AN_OLDER: &str = "delete from openrun.migration
                           where version = (select max(version) from openrun.migration)";

/// Runs the program on the store; its exit code and what it said.
async fn openrun(verb: &str, database: &TestDatabase) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    // Not in development, where a server migrates by itself.
    run(&["keys", "init", "--channel", "seoul-pay", "--data", &data]).await;
    let url = database.url();
    let mut words = vec![verb, "--store", &url, "--data", &data];
    if verb == "serve" {
        words.extend(["--public", "127.0.0.1:0", "--ops", "127.0.0.1:0"]);
    }
    run(&words).await
}

async fn run(words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openrun"));
    command.args(words).kill_on_drop(true);
    let ended = timeout(REFUSED, command.output()).await;
    let output: Output =
        ended.unwrap_or_else(|_| panic!("{words:?} goes on")).expect("it was built");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// F62.
#[test]
fn a_program_older_than_its_store_does_not_start() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let (code, said) = openrun("migrate", &database).await;
        assert_eq!(code, Some(0), "{said}");
        database.client().await.batch_execute(BY_A_NEWER).await.expect("poked");
        for verb in ["serve", "migrate"] {
            let (code, said) = openrun(verb, &database).await;
            assert_eq!(code, Some(69), "{verb}: {said}");
            assert!(said.contains("by a newer openrun"), "{verb}: {said}");
        }
    });
}

/// F62.
#[test]
fn a_store_older_than_its_program_is_migrated_when_asked_and_not_under_a_running_server() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let mut sale = Sale::on(TestStore::At(database.url()), 5).await;
        sale.flows().await;
        database.client().await.batch_execute(BY_AN_OLDER).await.expect("poked");
        let (code, said) = openrun("serve", &database).await;
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains("openrun migrate"), "{said}");
        let (code, said) = openrun("migrate", &database).await;
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains("a running openrun holds"), "{said}");
        sale.flows().await;
    });
}

/// F62: a server that runs while a newer one takes the store over writes nothing more once it has
/// to connect again, and goes on when the newer one is taken back.
#[test]
fn a_server_whose_store_became_newer_writes_nothing_more() {
    on_stage(async {
        let database = TestDatabase::create().await;
        let proxy = FaultProxy::start(database.address()).await;
        let mut sale = Sale::on(TestStore::At(database.url_through(proxy.address)), 5).await;
        sale.flows().await;
        database.client().await.batch_execute(BY_A_NEWER).await.expect("poked");
        proxy.cut();
        let before = sale.falls_silent(SILENT_LOOKS).await;
        sleep(Duration::from_secs(2)).await;
        assert_eq!(sale.bought(), before, "an older program wrote to a newer store");
        database.client().await.batch_execute(NOT_ANY_MORE).await.expect("poked");
        sale.flows().await;
        sale.ends_clean().await;
    });
}
