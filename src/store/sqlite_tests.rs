//! The embedded store: what every store must do, and what only this one can be asked.

use super::conformance::{self, Owner};
use super::{OpenError, open, sample};
use openrun_core::StreamId;
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

fn somewhere() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("data").join("openrun.db");
    (directory, path)
}

/// Runs the test of this name that every store must pass.
macro_rules! conforms {
    ($($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (_directory, path) = somewhere();
            conformance::$name(open(&url(&path)).await.expect("opens")).await;
        }
    )+};
}

conformance::for_every_test!(conforms);

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let (_directory, path) = somewhere();
    let mut owner = Owner::of(open(&url(&path)).await.expect("opens")).await;
    conformance::write_chained(&mut owner, sample::one_of_each()).await;
    let (before, read) = (owner.ownership, read_back(&owner).await);
    drop(owner);

    let mut owner = Owner::of(open(&url(&path)).await.expect("opens again")).await;
    assert_eq!(owner.ownership.next_seq, before.next_seq);
    assert_eq!(owner.ownership.epoch, before.epoch + 1);
    assert_eq!(read_back(&owner).await, read);
    // Names that were given out before are found again: the same round gets the same number. The
    // chain goes on from where it was.
    let joined = vec![sample::joined(&sample::round(), 3)];
    conformance::write_chained(&mut owner, joined).await;
    assert_eq!(read_back(&owner).await.len(), read.len() + 1);
}

async fn read_back(owner: &Owner) -> Vec<openrun_core::StoredEvent> {
    conformance::all(owner.store.round_events(&sample::round())).await
}

/// Beside a server that has the file open and goes on writing.
#[tokio::test]
async fn merchants_are_imported_beside_a_server() {
    let (_directory, path) = somewhere();
    let mut owner = Owner::of(open(&url(&path)).await.expect("opens")).await;
    owner.write(vec![sample::staff_acted("before")]).await.expect("writes");
    let rows = super::open_merchants(&url(&path)).await.expect("opens");
    conformance::merchants::a_list_is_brought_up_to_date(&*rows).await;
    owner.write(vec![sample::staff_acted("after")]).await.expect("goes on");
    drop(owner);
    let rows = super::open_merchants(&url(&path)).await.expect("opens");
    assert_eq!(rows.all().await.expect("reads").1.len(), 3, "the list is kept");
}

/// The import makes the store when there is none, and leaves one of another version alone.
#[tokio::test]
async fn an_import_makes_the_store_and_writes_to_its_own_version_only() {
    let (_directory, path) = somewhere();
    let rows = super::open_merchants(&url(&path)).await.expect("makes it");
    let one = || vec![conformance::merchants::merchant("a", "카페")];
    assert_eq!(rows.import(one()).await, Ok(1));
    let raw = Connection::open(&path).expect("opens");
    raw.execute_batch("delete from migration where version > 3").expect("planted");
    let refused = rows.import(one()).await.expect_err("is older").0;
    assert!(refused.contains("the store is at version 3"), "{refused}");
}

#[tokio::test]
async fn a_store_in_use_is_refused_until_it_is_closed() {
    let (_directory, path) = somewhere();
    let first = open(&url(&path)).await.expect("opens");
    let refused = open(&url(&path)).await.err().expect("is refused");
    assert!(matches!(refused, OpenError::InUse { .. }));
    let words = refused.to_string();
    assert!(words.contains("is in use by another openrun; stop it or name another --store"));
    drop(first);
    open(&url(&path)).await.expect("opens once it is closed");
}

#[tokio::test]
async fn the_files_are_their_owner_s_alone() {
    let (_directory, path) = somewhere();
    let store = open(&url(&path)).await.expect("opens");
    let mut owner = Owner::of(store).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let directory = path.parent().expect("a directory");
    let mode = |path: &Path| path.metadata().expect("is there").permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    for file in std::fs::read_dir(directory).expect("lists") {
        let file = file.expect("a file").path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_is_no_store_is_refused_with_cause_and_cure() {
    let (directory, path) = somewhere();
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    let text = directory.path().join("letter.txt");
    std::fs::write(&text, "not a database at all, but long enough to look at".repeat(40))
        .expect("w");
    let foreign = directory.path().join("foreign.db");
    let other = Connection::open(&foreign).expect("opens");
    other.execute_batch("create table theirs (a)").expect("made");
    let inside_a_file = text.join("openrun.db");

    for (said, expected) in [
        (url(&text), "is not an openrun store (not a SQLite file); name another --store"),
        (url(&foreign), "is not an openrun store (a database of another program)"),
        (url(directory.path()), "name a file in that directory"),
        (url(&inside_a_file), "check that the path names a file in a directory"),
        ("mysql://me:secret@host/db".to_owned(), "use --store sqlite:PATH"),
        ("sqlite:".to_owned(), "use --store sqlite:PATH"),
    ] {
        let words = open(&said).await.err().expect("is refused").to_string();
        assert!(words.contains(expected), "{words}");
        assert!(!words.contains('\n') && !words.contains("secret"), "{words}");
    }
    let kept: i64 = other.query_row("select count(*) from theirs", [], |r| r.get(0)).expect("is");
    assert_eq!(kept, 0, "a foreign database is left as it was");
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_refused() {
    let (_directory, path) = somewhere();
    drop(open(&url(&path)).await.expect("opens"));
    let raw = Connection::open(&path).expect("opens");
    raw.execute_batch("insert into migration (version, name, checksum) values (99, 'new', '')")
        .expect("planted");
    drop(raw);
    let words = open(&url(&path)).await.err().expect("is refused").to_string();
    assert!(words.contains("was migrated to version 99 by a newer openrun"), "{words}");
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let (_directory, path) = somewhere();
    drop(open(&url(&path)).await.expect("opens"));
    let raw = Connection::open(&path).expect("opens");
    raw.execute_batch("update migration set checksum = 'other' where version = 1").expect("ok");
    drop(raw);
    let refused = open(&url(&path)).await.err().expect("is refused");
    assert!(matches!(refused, OpenError::Diverged { version: 1, .. }), "{refused}");
}

#[tokio::test]
async fn rows_are_only_ever_added() {
    let (_directory, path) = somewhere();
    let mut owner = Owner::of(open(&url(&path)).await.expect("opens")).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let mut people = Owner::of_stream(owner.store, StreamId::People).await;
    people.write(vec![sample::signed_up(1)]).await.expect("writes");
    let mut vouchers = Owner::of_stream(people.store, sample::vouchers::voucher_stream()).await;
    vouchers.write(sample::vouchers::of_vouchers()).await.expect("writes");
    let raw = Connection::open(&path).expect("opens");
    for (table, column) in [
        ("batch", "at"),
        ("name", "text"),
        ("journal", "at"),
        ("person", "at"),
        ("ticket", "at"),
        ("place_end", "at"),
        ("claim", "at"),
        ("hold", "at"),
        ("payment_step", "at"),
        ("purchase", "at"),
        ("refusal", "at"),
        ("voucher_move", "at"),
    ] {
        let rows: i64 = raw
            .query_row(&format!("select count(*) from {table}"), [], |row| row.get(0))
            .expect("counts");
        assert!(rows > 0, "{table} is empty: nothing would be shown");
        let change = raw.execute_batch(&format!("update {table} set {column} = {column}"));
        let removal = raw.execute_batch(&format!("delete from {table}"));
        assert!(change.expect_err("no change").to_string().contains("is_never_changed"));
        assert!(removal.expect_err("no removal").to_string().contains("is_never_removed"));
    }
    for back in ["next_seq = 1", "epoch = 0", "id = 99"] {
        let back = raw.execute_batch(&format!("update stream set {back}"));
        assert!(back.expect_err("not back").to_string().contains("stream_only_grows"));
    }
    let removal = raw.execute_batch("delete from stream");
    assert!(removal.expect_err("no removal").to_string().contains("stream_is_never_removed"));
}

#[tokio::test]
async fn a_row_that_was_damaged_is_an_error_and_not_a_guess() {
    let (_directory, path) = somewhere();
    let mut owner = Owner::of(open(&url(&path)).await.expect("opens")).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let raw = Connection::open(&path).expect("opens");
    raw.execute_batch(
        "pragma ignore_check_constraints = 1; drop trigger purchase_is_never_changed;
         update purchase set digest = zeroblob(31)",
    )
    .expect("planted");
    let store: Arc<_> = owner.store;
    let mut chunks = store.round_events(&sample::round());
    let mut last = None;
    while let Some(chunk) = chunks.recv().await {
        last = Some(chunk);
    }
    let cause = last.expect("an answer").expect_err("is damaged").0;
    assert_eq!(cause, "a row of purchase is damaged in column digest");
    assert!(store.purchase(sample::purchase(1).id).await.is_err());
}

/// The columns of a move are what the audit looks at, its event is what comes back: each has to say
/// what the other does.
#[tokio::test]
async fn a_move_whose_columns_say_otherwise_is_damaged() {
    let (directory, path) = somewhere();
    let mut owner = Owner::of(open(&url(&path)).await.expect("opens")).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let mut vouchers = Owner::of_stream(owner.store, sample::vouchers::voucher_stream()).await;
    vouchers.write(sample::vouchers::of_vouchers()).await.expect("writes");
    drop(vouchers);
    let poked = directory.path().join("poked.db");
    for (column, value) in [
        ("decided_at", "0"),
        ("kind", "'spent'"),
        ("id", "zeroblob(16)"),
        ("voucher", "zeroblob(16)"),
        ("person", "zeroblob(16)"),
        ("receiver", "null"),
        ("merchant", "'elsewhere'"),
        ("move_no", "9"),
        ("amount", "1"),
        ("price", "null"),
        ("subsidy", "1"),
        ("balance_after", "1"),
        ("cause", "'cancel'"),
        ("idempotency_key", "'another'"),
        ("digest", "zeroblob(32)"),
        ("round_id", "1"),
        ("month", "null"),
        ("due_at", "0"),
    ] {
        std::fs::copy(&path, &poked).expect("copied");
        let raw = Connection::open(&poked).expect("opens");
        raw.execute_batch(&format!(
            "pragma ignore_check_constraints = 1; drop trigger voucher_move_is_never_changed;
             update voucher_move set {column} = {value} where kind = 'gifted'"
        ))
        .expect("planted");
        drop(raw);
        let store = open(&url(&poked)).await.expect("opens");
        let giver = store.voucher_events(sample::person(1)).await;
        let receiver = store.voucher_events(sample::person(2)).await;
        let cause = giver.and(receiver).expect_err(column).0;
        assert_eq!(cause, format!("a row of voucher_move is damaged in column {column}"));
        drop(store);
        std::fs::remove_file(&poked).expect("removed");
    }
}
