//! Who may do what: the writer calls functions and nothing else, the reader reads, and what
//! happened is changed by nobody, not even by the owner of the tables.

use super::database::{Database, with_user};
use super::{Owner, PostgresStore, open};
use crate::store::sample;
use tokio_postgres::error::SqlState;

const TABLES: [&str; 17] = [
    "ownership",
    "voucher_move",
    "merchant",
    "merchant_list",
    "name",
    "stream",
    "batch",
    "journal",
    "person",
    "ticket",
    "place_end",
    "claim",
    "hold",
    "payment_step",
    "purchase",
    "refusal",
    "migration",
];

/// What is no history.
const MAY_CHANGE: [&str; 3] = ["migration", "merchant", "merchant_list"];

/// S15.
#[tokio::test]
async fn the_writer_reaches_no_table() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let client = database.client().await;
    client.batch_execute("set role openrun_writer").await.expect("may become it");
    for table in TABLES {
        for sql in [
            format!("select * from {table}"),
            format!("delete from {table}"),
            format!("truncate {table}"),
            format!("insert into {table} default values"),
        ] {
            let error = client.batch_execute(&sql).await.expect_err("no right");
            assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
        }
    }
    for sql in [
        "update stream set epoch = 99",
        "update purchase set amount = 1",
        "drop table purchase",
        "alter table purchase disable trigger all",
        "create table openrun.mine (a integer)",
        "select numbers_of(array['a'])",
    ] {
        let error = client.batch_execute(sql).await.expect_err("no right");
        assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
}

/// S15.
#[tokio::test]
async fn the_reader_reads_and_does_nothing_else() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let client = database.client().await;
    client.batch_execute("set role openrun_reader").await.expect("may become it");
    for table in TABLES {
        client.batch_execute(&format!("select * from {table}")).await.expect("reads");
        for sql in [format!("delete from {table}"), format!("truncate {table}")] {
            let error = client.batch_execute(&sql).await.expect_err("no right");
            assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
        }
    }
    for sql in ["select take_over('seoul', false, '')", "update stream set epoch = 99"] {
        let error = client.batch_execute(sql).await.expect_err("no right");
        assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}");
    }
}

/// S16.
#[tokio::test]
async fn rows_are_only_ever_added_even_by_their_owner() {
    let database = Database::create().await;
    let store = open(&database).await;
    let mut people = Owner::of_stream(store.clone(), openrun_core::StreamId::People).await;
    people.write(vec![sample::signed_up(1)]).await.expect("writes");
    let mut owner = Owner::of(store).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let mut vouchers = Owner::of_stream(owner.store, sample::vouchers::voucher_stream()).await;
    vouchers.write(sample::vouchers::of_vouchers()).await.expect("writes");
    let client = database.client().await;
    for table in TABLES.into_iter().filter(|table| !MAY_CHANGE.contains(table)) {
        let rows = database.number(&format!("select count(*) from openrun.{table}")).await;
        assert!(rows > 0, "{table} is empty: nothing would be shown");
        for (sql, refusal) in [
            (format!("delete from {table}"), "is_never_removed"),
            (format!("truncate {table}"), "is_never_removed"),
            (format!("update {table} set {}", change_of(table)), "is_never_changed"),
        ] {
            if table == "stream" && sql.starts_with("update") {
                continue;
            }
            let error = client.batch_execute(&sql).await.expect_err("is refused");
            let said = error.as_db_error().expect("by the server").message().to_owned();
            assert_eq!(said, format!("{table}_{refusal}"), "{sql}");
        }
    }
    for change in ["next_seq = 1", "epoch = 0", "id = 99"] {
        let sql = format!("update stream set {change} where id > 0");
        let error = client.batch_execute(&sql).await.expect_err("is refused");
        assert_eq!(error.as_db_error().expect("by it").message(), "stream_only_grows", "{sql}");
    }
}

fn change_of(table: &str) -> &'static str {
    match table {
        "name" => "text = text",
        "batch" => "count = count",
        "ownership" => "epoch = epoch",
        _ => "seq = seq",
    }
}

#[tokio::test]
async fn a_user_with_both_roles_and_nothing_else_may_serve() {
    let database = Database::create().await;
    drop(open(&database).await);
    let user = format!("openrun_server_{}", std::process::id());
    database
        .execute(&format!("drop role if exists {user}; create role {user} login noinherit"))
        .await;
    let url = with_user(&database.url, &user);
    let words = PostgresStore::open(&url).await.err().expect("is refused").to_string();
    assert!(words.contains("grant openrun_writer, openrun_reader to openrun_server"), "{words}");

    database.execute(&format!("grant openrun_writer, openrun_reader to {user}")).await;
    let opened = PostgresStore::open(&url).await;
    let mut owner = Owner::of(std::sync::Arc::new(opened.expect("opens"))).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    assert_eq!(owner.store.programs().await.expect("reads").len(), 1);
    drop(owner);
    database.execute(&format!("drop role {user}")).await;
}
