//! The store in PostgreSQL: what every store must do, and what only this one can be asked. Each
//! test has a database of its own in the server that `OPENRUN_TEST_POSTGRES` names.

mod auditing;
mod database;
mod doubt;
mod migrating;
mod opening;
#[path = "../../../tests/support/proxy.rs"]
#[allow(dead_code, reason = "a part of it is enough here")]
mod proxy;
mod rights;
mod scratch;
mod speed;

use super::{Deadlines, PostgresStore};
use crate::store::conformance::{self, Owner, all};
use crate::store::sample;
use database::Database;
use openrun_actors::store::Store;
use openrun_core::{ProgramId, Purchase, PurchaseId, RoundId};
use std::sync::Arc;
use std::time::Duration;

/// For tests that are not about deadlines: a machine that builds something else meanwhile, and a
/// server that makes and drops databases, may stand still for a while.
const PATIENT: Deadlines =
    Deadlines { commit: Duration::from_secs(60), take_over: Duration::from_secs(60) };

async fn open(database: &Database) -> Arc<dyn Store> {
    opened(database.url.clone()).await
}

async fn opened(url: String) -> Arc<dyn Store> {
    Arc::new(PostgresStore::open_with(&url, PATIENT).await.expect("opens"))
}

/// Runs the test of this name that every store must pass.
macro_rules! conforms {
    ($($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            let database = Database::create().await;
            conformance::$name(open(&database).await).await;
        }
    )+};
}

conformance::for_every_test!(conforms);

/// Beside a server that has the store open and goes on writing.
#[tokio::test]
async fn merchants_are_imported_beside_a_server() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    let rows = crate::store::open_merchants(&database.url).await.expect("opens");
    conformance::merchants::a_list_is_brought_up_to_date(&*rows).await;
    owner.write(vec![sample::staff_acted("after")]).await.expect("goes on");
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let before = owner.ownership;
    drop(owner);

    let mut owner = Owner::of(open(&database).await).await;
    assert_eq!(owner.ownership.next_seq, before.next_seq);
    assert_eq!(owner.ownership.epoch, before.epoch + 1);
    // Names that were given out before are found again: the same round gets the same number.
    owner.write(vec![sample::joined(&sample::round(), 3)]).await.expect("writes");
    let rounds = database.number("select count(distinct round_id) from openrun.ticket").await;
    assert_eq!(rounds, 1);
}

#[tokio::test]
async fn two_programs_may_have_the_store_open_and_one_owns_a_stream() {
    let database = Database::create().await;
    let mut first = Owner::of(open(&database).await).await;
    first.write(vec![sample::staff_acted("first")]).await.expect("writes");
    let mut second = Owner::of(open(&database).await).await;
    let deposed = first.write(vec![sample::staff_acted("late")]).await;
    assert_eq!(deposed, Err(openrun_actors::store::CommitError::Deposed));
    second.write(vec![sample::staff_acted("second")]).await.expect("the new owner writes");
}

#[tokio::test]
async fn streams_that_meet_in_new_names_and_persons_wait_for_each_other_in_one_order() {
    const STREAMS: usize = 4;
    const TURNS: u64 = 12;
    let database = Database::create().await;
    let store = open(&database).await;
    let mut tasks = Vec::new();
    for index in 0..STREAMS {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let stream = sample::stream_of(&format!("program-{index}"));
            let mut owner = Owner::of_stream(store, stream).await;
            for turn in 0..TURNS {
                // The same new window, and the same persons in another order by each.
                let purchase = Purchase {
                    id: PurchaseId((u128::from(turn) << 64) + index as u128),
                    round: RoundId::new(&format!("round-{index}-{turn}")).expect("a slug"),
                    window: sample::window(&format!("window-{turn}")),
                    program: ProgramId::new(&format!("program-{index}")).expect("a slug"),
                    key: sample::key(&format!("{index}-{turn}")),
                    ..sample::purchase(1)
                };
                let shift = |number: u64| (number * 7 + 13 * index as u64) % 50;
                let refused = (0..50)
                    .map(|number| sample::refused(shift(number), &format!("{index}-{turn}")));
                let events = refused.chain([sample::issued(purchase)]).collect();
                owner.write(events).await.expect("writes");
            }
        }));
    }
    for task in tasks {
        task.await.expect("no deadlock");
    }
    let refusals = database.number("select count(*) from openrun.refusal").await;
    assert_eq!(refusals, 4 * 12 * 50);
    let names = database.number("select count(*) from openrun.name where text like 'window-%'");
    assert_eq!(names.await, 12, "each name once");
}

#[tokio::test]
async fn a_round_of_many_chunks_in_many_tables_is_read_in_order() {
    // Two chunks to the row, so that the last answer of each table is an empty one.
    const PLACES: u64 = 8_192;
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    let round = sample::round();
    owner.write(sample::opening_of(&round, PLACES)).await.expect("writes");
    for first in (1..=PLACES).step_by(1_024) {
        let numbers = first..first + 1_024;
        let joined = numbers.clone().map(|number| sample::joined(&round, number));
        // Some tables are far ahead of others at times.
        let rest = numbers.flat_map(|number| {
            [sample::claimed(&round, number), sample::held(sample::purchase(number))]
        });
        owner.write(joined.chain(rest).collect()).await.expect("writes");
    }
    let read = all(owner.store.round_events(&round)).await;
    assert_eq!(read.len() as u64, 3 + 3 * PLACES);
    assert!(read.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
    let buyers = read.iter().filter_map(|stored| Purchase::in_event(&stored.event));
    assert_eq!(buyers.count() as u64, PLACES);
}

#[tokio::test]
async fn a_row_that_was_damaged_is_an_error_and_not_a_guess() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    database
        .execute(
            "alter table openrun.purchase disable trigger all;
             update openrun.purchase set line = 300",
        )
        .await;
    let mut chunks = owner.store.round_events(&sample::round());
    let mut last = None;
    while let Some(chunk) = chunks.recv().await {
        last = Some(chunk);
    }
    let cause = last.expect("an answer").expect_err("is damaged").0;
    assert_eq!(cause, "a row of purchase is damaged in column line");
    assert!(owner.store.purchase(sample::purchase(1).id).await.is_err());
}

#[tokio::test]
async fn reads_go_on_after_the_tables_and_the_connections_changed() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(sample::one_of_each()).await.expect("writes");
    let person = sample::person(1);
    let before = owner.store.person_events(person).await.expect("reads");
    // What was prepared is no longer true.
    database.execute("alter table openrun.refusal alter column digest type bytea").await;
    database.execute("alter table openrun.purchase add column more text").await;
    assert_eq!(owner.store.person_events(person).await.expect("reads"), before);
    database
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and application_name = 'openrun reader'",
        )
        .await;
    assert_eq!(owner.store.person_events(person).await.expect("reads"), before);
    assert_eq!(all(owner.store.people()).await, []);
}
