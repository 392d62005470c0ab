//! Commits that fail in the world: what is answered, that it is true, and that a take-over knows.

use super::database::Database;
use super::proxy::{Direction, FaultProxy, When};
use super::{Owner, PostgresStore, all, open};
use crate::store::conformance::write_chained;
use crate::store::postgres::Deadlines;
use crate::store::sample;
use crate::store::sample::vouchers::{gifted, move_id, of, spent, voucher, voucher_stream};
use openrun_actors::store::{CommitError, Store, StoreError};
use openrun_core::{Event, Program, ProgramId, Purchase, RoundId, VoucherId};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// Deadlines that a test can wait for, and that a busy machine still keeps.
const SHORT: Deadlines =
    Deadlines { commit: Duration::from_millis(700), take_over: Duration::from_millis(1_500) };
/// How much later than its deadline an answer may come, on a busy machine.
const SLACK: Duration = Duration::from_secs(3);
/// Stands in the batch that a trap waits for, and in nothing that is sent before it.
const MARK: &str = "the-marked-round";

fn marked() -> Vec<Event> {
    let round = RoundId::new(MARK).expect("a slug");
    vec![sample::joined(&round, 1), sample::joined(&round, 2)]
}

/// A store behind a proxy, the owner of a stream of it, and what is behind the proxy.
struct Stage {
    database: Database,
    proxy: FaultProxy,
    owner: Owner,
}

impl Stage {
    async fn set() -> Stage {
        let database = Database::create().await;
        // Its tables, so that nothing but the writer's work goes through the proxy.
        drop(open(&database).await);
        let proxy = FaultProxy::start(database.address().await).await;
        let url = database.url_through(proxy.address);
        let store = PostgresStore::open_with(&url, SHORT).await.expect("opens");
        let mut owner = Owner::of(Arc::new(store)).await;
        owner.write(vec![sample::staff_acted("before")]).await.expect("writes");
        Stage { database, proxy, owner }
    }

    /// Takes over until it succeeds, and answers how many of the marked tickets are there: none or
    /// both, as the place where the stream stands says. Then the stream goes on.
    async fn recovered(&mut self) -> u64 {
        let before = self.owner.ownership;
        let begun = Instant::now();
        let ownership = loop {
            match self.owner.store.take_over(&self.owner.stream).await {
                Ok(ownership) => break ownership,
                Err(cause) => assert!(begun.elapsed() < Duration::from_secs(20), "{cause}"),
            }
        };
        assert!(ownership.epoch > before.epoch);
        self.owner.ownership = ownership;
        let round = RoundId::new(MARK).expect("a slug");
        let found = all(self.owner.store.round_events(&round)).await.len() as u64;
        assert_eq!(ownership.next_seq, before.next_seq + found, "the stream and its rows agree");
        assert!(found == 0 || found == 2, "a batch is there as a whole or not at all");
        write_chained(&mut self.owner, vec![sample::staff_acted("after")]).await;
        found
    }
}

fn is_unknown(answer: &Result<(), CommitError>) -> bool {
    matches!(answer, Err(CommitError::Unknown(_)))
}

#[tokio::test]
async fn a_batch_that_never_arrived_is_not_there() {
    let mut stage = Stage::set().await;
    stage.proxy.cut_at(MARK.as_bytes(), Direction::ToServer, When::BeforeForwarding);
    let answer = stage.owner.write(marked()).await;
    assert!(is_unknown(&answer), "we cannot know how far it came: {answer:?}");
    assert_eq!(stage.recovered().await, 0);
}

#[tokio::test]
async fn a_batch_whose_answer_is_lost_is_there() {
    let mut stage = Stage::set().await;
    stage.proxy.cut_at(MARK.as_bytes(), Direction::ToServer, When::AfterForwardingBeforeReply);
    let answer = stage.owner.write(marked()).await;
    assert!(is_unknown(&answer), "{answer:?}");
    assert_eq!(stage.recovered().await, 2);
}

#[tokio::test]
async fn a_batch_for_a_connection_that_is_lost_is_certainly_not_written() {
    let mut stage = Stage::set().await;
    stage.proxy.reset();
    // The first may still find the connection as it was; the second cannot.
    let first = stage.owner.write(marked()).await;
    assert!(first.is_err(), "{first:?}");
    let second = stage.owner.write(marked()).await;
    assert!(matches!(second, Err(CommitError::NotWritten(_))), "{second:?}");
    assert_eq!(stage.recovered().await, 0);
}

#[tokio::test]
async fn an_answer_that_is_late_is_a_doubt_within_the_deadline() {
    let mut stage = Stage::set().await;
    stage.proxy.pause_one(Direction::ToClient);
    let begun = Instant::now();
    let answer = stage.owner.write(marked()).await;
    assert_eq!(answer, Err(CommitError::Unknown("the store did not answer in time".to_owned())));
    assert!((SHORT.commit..SHORT.commit + SLACK).contains(&begun.elapsed()));
    let begun = Instant::now();
    let silent = stage.owner.store.take_over(&stage.owner.stream).await.expect_err("is silent");
    assert_eq!(silent.0, "program:seoul did not answer in time");
    assert!(begun.elapsed() < SHORT.take_over + SLACK);
    stage.proxy.resume();
    assert_eq!(stage.recovered().await, 2);
}

/// F38.
#[tokio::test]
async fn a_batch_that_arrives_after_a_take_over_is_fenced_off() {
    let mut stage = Stage::set().await;
    // The batch is on its way and stays there.
    stage.proxy.pause_one(Direction::ToServer);
    assert!(is_unknown(&stage.owner.write(marked()).await));
    // Somebody else goes on, not through the proxy.
    let mut other = Owner::of(open(&stage.database).await).await;
    write_chained(&mut other, vec![sample::staff_acted("other")]).await;
    let before = other.store.standing(&other.stream).await.expect("reads");
    stage.proxy.resume();
    // What was on its way is at the server when a later round trip by the same way is back.
    other.store.ping().await.expect("is there");
    let beyond = PostgresStore::open(&stage.database.url_through(stage.proxy.address)).await;
    beyond.expect("opens").ping().await.expect("is there");
    other.write(Vec::new()).await.expect("a barrier: still the owner");
    assert_eq!(other.store.standing(&other.stream).await.expect("reads"), before);
    let late = all(other.store.round_events(&RoundId::new(MARK).expect("a slug"))).await;
    assert_eq!(late, []);
}

/// A session that holds the row of the stream: whoever writes to it waits.
async fn holds_the_row(database: &Database) -> Client {
    let client = database.client().await;
    let lock = "begin; select * from stream join name using (id) where text = 'seoul' for update
                of stream";
    client.batch_execute(lock).await.expect("locked");
    client
}

#[tokio::test]
async fn a_stream_that_is_stuck_holds_up_no_other() {
    let mut stage = Stage::set().await;
    let mut other = Owner::of_stream(stage.owner.store.clone(), sample::stream_of("busan")).await;
    // Also not those who spend vouchers of the same program.
    let mut spending = Owner::of_stream(stage.owner.store.clone(), voucher_stream()).await;
    let holder = holds_the_row(&stage.database).await;
    let store = stage.owner.store.clone();
    let batch = stage.owner.batch(marked());
    let stuck = tokio::spawn(async move { store.commit(batch).await });
    let mut written = 0;
    while !stuck.is_finished() {
        other.write(vec![sample::staff_acted("meanwhile")]).await.expect("goes on");
        let spend = of(voucher(written), sample::person(written), written, 1);
        spending.write(vec![spent(spend, 1, 99_999)]).await.expect("goes on");
        other.store.ping().await.expect("reads go on");
        written += 1;
    }
    assert!(is_unknown(&stuck.await.expect("ends")));
    assert!(written > 10, "{written} batches of another stream meanwhile");
    holder.batch_execute("commit").await.expect("released");
    // The old connection may have got the row after all, or the server may have noticed that we
    // were gone: both are told apart by the take-over.
    stage.recovered().await;
}

#[tokio::test]
async fn a_take_over_waits_for_what_the_old_connection_still_does() {
    let mut stage = Stage::set().await;
    let holder = holds_the_row(&stage.database).await;
    let (store, batch) = (stage.owner.store.clone(), stage.owner.batch(marked()));
    let writing = tokio::spawn(async move { store.commit(batch).await });
    // Both wait for the row, in this order.
    waiting(&stage.database, 1).await;
    let (store, stream) = (stage.owner.store.clone(), stage.owner.stream.clone());
    let taking = tokio::spawn(async move { store.take_over(&stream).await });
    waiting(&stage.database, 2).await;
    holder.batch_execute("commit").await.expect("released");
    assert!(is_unknown(&writing.await.expect("ends")), "its socket was dropped");
    let taken = taking.await.expect("ends").expect("takes over");
    let written = all(stage.owner.store.round_events(&RoundId::new(MARK).expect("a slug"))).await;
    assert_eq!(taken.next_seq, stage.owner.ownership.next_seq + written.len() as u64);
    stage.recovered().await;
}

/// Returns when so many sessions of writers wait for a lock.
async fn waiting(database: &Database, sessions: i64) {
    let sql = "select count(*) from pg_stat_activity
               where datname = current_database() and wait_event_type = 'Lock'";
    let begun = Instant::now();
    while database.number(sql).await < sessions {
        assert!(begun.elapsed() < SLACK, "{sessions} sessions do not wait");
    }
}

#[tokio::test]
async fn what_waited_too_long_for_a_lock_is_not_written() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    owner.write(vec![sample::staff_acted("before")]).await.expect("writes");
    let holder = holds_the_row(&database).await;
    let answer = owner.write(vec![sample::staff_acted("late")]).await;
    let expected = "canceling statement due to lock timeout (SQLSTATE 55P03)";
    assert_eq!(answer, Err(CommitError::NotWritten(expected.to_owned())));
    holder.batch_execute("commit").await.expect("released");
    owner.write(vec![sample::staff_acted("after")]).await.expect("goes on");
}

/// What the server may do to a session of a writer while it waits for the row, and whether it says
/// so in a way that leaves a doubt.
#[tokio::test]
async fn a_writer_that_is_cancelled_or_terminated_leaves_a_doubt() {
    let mut stage = Stage::set().await;
    for action in ["pg_cancel_backend", "pg_terminate_backend"] {
        let holder = holds_the_row(&stage.database).await;
        let (store, batch) = (stage.owner.store.clone(), stage.owner.batch(marked()));
        let writing = tokio::spawn(async move { store.commit(batch).await });
        waiting(&stage.database, 1).await;
        let act = format!(
            "select {action}(pid) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'"
        );
        stage.database.execute(&act).await;
        let answer = writing.await.expect("ends");
        assert!(is_unknown(&answer), "{action}: {answer:?}");
        holder.batch_execute("rollback").await.expect("released");
        assert_eq!(stage.recovered().await, 0, "{action}");
    }
}

#[tokio::test]
async fn a_commit_that_the_server_warns_of_is_a_doubt() {
    let mut stage = Stage::set().await;
    // As a wait for a standby that was cancelled: success, and a warning of class 01.
    stage
        .database
        .execute(
            "create function warn() returns trigger language plpgsql as
             $$ begin raise warning 'not replicated'; return null; end $$;
             create trigger warning after insert on ticket execute function warn()",
        )
        .await;
    let answer = stage.owner.write(marked()).await;
    assert_eq!(answer, Err(CommitError::Unknown("not replicated (SQLSTATE 01000)".to_owned())));
    // It can be seen, and a standby that takes over would not have it: nobody is told of it.
    assert_eq!(stage.database.number("select count(*) from ticket").await, 2);
    let in_doubt = StoreError("what was read is not known to be durable yet".to_owned());
    let store = stage.owner.store.clone();
    let mut round = store.round_events(&RoundId::new(MARK).expect("a slug"));
    assert_eq!(round.recv().await, Some(Err(in_doubt)));
    // A witness must be able to ask before the take-over that settles it.
    store.standing(&stage.owner.stream).await.expect("answers");
    assert_eq!(store.staff_log(None, 9).await.expect("was there before").len(), 1);
    stage.database.execute("drop trigger warning on ticket").await;
    assert_eq!(stage.recovered().await, 2, "here it was written");
}

#[tokio::test]
async fn what_is_in_doubt_is_told_to_no_person() {
    let mut stage = Stage::set().await;
    stage
        .database
        .execute(
            "create function warn() returns trigger language plpgsql as
             $$ begin raise warning 'not replicated'; return null; end $$;
             create trigger warning after insert on purchase execute function warn();
             create trigger warning after insert on payment_step execute function warn()",
        )
        .await;
    let store = stage.owner.store.clone();
    let (bought, held) = (sample::purchase(1), sample::purchase(2));
    stage.owner.write(vec![sample::held(held.clone())]).await.expect("writes");
    let doubtful = vec![sample::issued(bought.clone()), sample::payment_sent(2)];
    assert!(is_unknown(&stage.owner.write(doubtful).await));
    for purchase in [&bought, &held] {
        store.purchase(purchase.id).await.expect_err("by id");
        store.purchases_of(purchase.person, None, 9).await.expect_err("of a person");
        store.person_events(purchase.person).await.expect_err("what limits depend on");
    }
    assert_eq!(store.purchase(sample::purchase(3).id).await, Ok(None), "others are answered");
    stage.owner.ownership = store.take_over(&stage.owner.stream).await.expect("takes over");
    assert_eq!(store.purchase(bought.id).await, Ok(Some(bought)));
    let paying = store.purchase(held.id).await.expect("reads").expect("is there");
    assert_eq!(paying.state, openrun_core::purchase::PurchaseState::Paying);
}

/// A program whose stream is in doubt keeps no other from expiring, and its own vouchers are found
/// once it is known what became of them.
#[tokio::test]
async fn what_is_in_doubt_keeps_no_other_voucher_from_expiring() {
    let database = Database::create().await;
    let store = open(&database).await;
    let busan = ProgramId::new("busan").expect("a slug");
    let rules = |id: &ProgramId| {
        let mut program = Program { id: id.clone(), ..sample::program(1_000_000) };
        Arc::make_mut(&mut program.versions[0]).after_sale.valid_days = Some(1);
        Event::ProgramChanged { program }
    };
    let of_busan = |number| {
        let round = RoundId::new("busan").expect("a slug");
        sample::issued(Purchase { program: busan.clone(), round, ..sample::purchase(number) })
    };
    let mut seoul = Owner::of(store.clone()).await;
    let first = sample::issued(sample::purchase(1));
    seoul.write(vec![rules(&sample::program_id()), first]).await.expect("writes");
    let mut other = Owner::of_stream(store.clone(), sample::stream_of("busan")).await;
    other.write(vec![rules(&busan), of_busan(2)]).await.expect("writes");
    let mut moves = Owner::of_stream(store.clone(), voucher_stream()).await;
    database
        .execute(
            "create function warn() returns trigger language plpgsql as
             $$ begin raise warning 'not replicated'; return null; end $$;
             create trigger warning after insert on purchase execute function warn();
             create trigger warning after insert on voucher_move execute function warn()",
        )
        .await;
    assert!(is_unknown(&other.write(vec![rules(&busan), of_busan(3)]).await));
    let gift = gifted(of(voucher(1), sample::person(1), 6, 1), sample::person(9), 90_000, 10_000);
    assert!(is_unknown(&moves.write(vec![gift]).await));
    // Bought at ten in the morning of Seoul and good for a day more.
    let over = sample::OPENING.plus_millis(38 * 3_600_000);
    let due = async |limit| {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.vouchers_due(over, after, limit).await.expect("others are found");
            found.extend(page.found.into_iter().map(|(id, _)| id));
            let Some(next) = page.next else { return found };
            after = Some(next);
        }
    };
    for limit in 1..=4 {
        assert_eq!(due(limit).await, [voucher(1), voucher(2)], "{limit} at once");
    }
    store.take_over(&other.stream).await.expect("takes over");
    assert_eq!(due(2).await, (1..=3).map(voucher).collect::<Vec<_>>());
    store.take_over(&moves.stream).await.expect("takes over");
    let given = VoucherId::from(move_id(6));
    assert_eq!(due(2).await, [voucher(1), voucher(2), voucher(3), given]);
}

#[tokio::test]
async fn no_setting_of_the_server_makes_a_writer_less_than_durable() {
    let database = Database::create().await;
    let store = open(&database).await;
    let name: String = database
        .client()
        .await
        .query_one("select current_database()::text", &[])
        .await
        .expect("an answer")
        .get(0);
    for setting in [
        "synchronous_commit = off",
        "statement_timeout = 1000",
        "idle_session_timeout = 60000",
        "client_min_messages = error",
        "default_transaction_isolation = serializable",
        "search_path = pg_temp",
    ] {
        database.execute(&format!("alter database {name} set {setting}")).await;
    }
    database
        .execute(
            "create function tell() returns trigger language plpgsql as
             $$ begin
                 perform pg_sleep(1.2);
                 raise exception '% % % % %', current_setting('synchronous_commit'),
                     current_setting('statement_timeout'), current_setting('client_min_messages'),
                     current_setting('transaction_isolation'),
                     current_setting('idle_session_timeout');
             end $$;
             create trigger telling after insert on ticket execute function tell()",
        )
        .await;
    let mut owner = Owner::of(store).await;
    owner.write(vec![sample::staff_acted("one")]).await.expect("writes");
    match owner.write(marked()).await {
        Err(CommitError::NotWritten(said)) => {
            assert_eq!(said, "on 0 warning read committed 0 (SQLSTATE P0001)");
        }
        other => panic!("{other:?}"),
    }
    owner.write(vec![sample::staff_acted("two")]).await.expect("goes on");
}

#[tokio::test]
async fn nothing_of_a_person_is_said_when_a_rule_is_broken() {
    let database = Database::create().await;
    let mut owner = Owner::of(open(&database).await).await;
    let refused = || sample::refused(1, "a-private-key");
    owner.write(vec![refused()]).await.expect("writes");
    match owner.write(vec![refused()]).await {
        Err(CommitError::NotWritten(said)) => {
            assert!(said.contains("refusal_key_used_once"), "{said}");
            assert!(!said.contains("a-private-key") && !said.contains("\\x"), "{said}");
        }
        other => panic!("{other:?}"),
    }
}
