//! The writer when the world fails it: what it answers, and that it goes on.

use super::*;
use crate::store::sample;
use crate::store::sqlite::{file, migrate};
use openrun_core::{Event, Timestamp};
use std::path::PathBuf;

fn writer() -> (tempfile::TempDir, PathBuf, Writer, Lock) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("openrun.db");
    let lock = file::prepare(&path).expect("made");
    let mut connection = file::open_to_write(&path).expect("opens");
    migrate::run(&mut connection, &path).expect("migrates");
    let mut writer = Writer::new(connection).expect("starts");
    assert_eq!(writer.take_over(&sample::stream()), Ok(Ownership { epoch: 1, next_seq: 1 }));
    (directory, path, writer, lock)
}

fn batch(first_seq: u64, events: Vec<Event>) -> Batch {
    let timed = events.into_iter().map(|event| (Timestamp(1), event)).collect();
    Batch { stream: sample::stream(), epoch: 1, first_seq, events: timed }
}

fn joined(first: u64, count: u64) -> Vec<Event> {
    (first..first + count).map(|number| sample::joined(&sample::round(), number)).collect()
}

fn tickets(writer: &Writer) -> i64 {
    let sql = "select count(*) from ticket";
    writer.connection.query_row(sql, [], |row| row.get(0)).expect("counts")
}

#[test]
fn a_full_disk_writes_nothing_and_is_survived() {
    let (_directory, _path, mut writer, _lock) = writer();
    let bound = |writer: &Writer, pages: i64| {
        let sql = format!("pragma max_page_count = {pages}");
        writer.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).expect("bounded")
    };
    bound(&writer, 1); // as many pages as there are
    match writer.commit(&batch(1, joined(1, 5_000))) {
        Err(CommitError::NotWritten(cause)) => {
            assert_eq!(cause, "no space is left on the disk of the store");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(tickets(&writer), 0);
    bound(&writer, 1_000_000);
    assert_eq!(writer.commit(&batch(1, joined(1, 5_000))), Ok(()));
    assert_eq!(tickets(&writer), 5_000);
}

#[test]
fn a_store_that_is_busy_writes_nothing() {
    let (_directory, path, mut writer, _lock) = writer();
    writer.connection.busy_timeout(std::time::Duration::ZERO).expect("set");
    let other = Connection::open(path).expect("opens");
    other.execute_batch("begin immediate").expect("begins");
    let answer = writer.commit(&batch(1, joined(1, 1)));
    assert!(matches!(answer, Err(CommitError::NotWritten(_))), "{answer:?}");
    other.execute_batch("rollback").expect("ends");
    assert_eq!(writer.commit(&batch(1, joined(1, 1))), Ok(()));
}

#[test]
fn a_commit_that_fails_is_unknown_and_leaves_no_transaction_open() {
    let (_directory, _path, mut writer, _lock) = writer();
    // A deferred foreign key is the one failure that a test can put into `commit` itself.
    let trap = "
        create table parent (id integer primary key);
        create table child (id integer references parent (id) deferrable initially deferred);
        create trigger trap after insert on ticket begin insert into child values (1); end;";
    writer.connection.execute_batch(trap).expect("planted");
    let answer = writer.commit(&batch(1, joined(1, 1)));
    assert!(matches!(answer, Err(CommitError::Unknown(_))), "{answer:?}");
    writer.connection.execute_batch("drop trigger trap").expect("removed");
    assert_eq!(writer.commit(&batch(1, joined(1, 1))), Ok(()));
    assert_eq!(tickets(&writer), 1);
}

#[test]
fn a_name_of_a_batch_that_was_rolled_back_is_given_anew() {
    let (_directory, _path, mut writer, _lock) = writer();
    let mut events = joined(1, 1);
    events.extend(joined(1, 1));
    assert!(matches!(writer.commit(&batch(1, events)), Err(CommitError::NotWritten(_))));
    assert_eq!(writer.commit(&batch(1, joined(1, 1))), Ok(()));
    let orphans = "select count(*) from ticket left join name on name.id = ticket.round_id
                   where name.id is null";
    let orphans: i64 = writer.connection.query_row(orphans, [], |r| r.get(0)).expect("counts");
    assert_eq!(orphans, 0);
}

#[tokio::test]
async fn a_writer_that_is_gone_is_unknown() {
    let (_directory, _path, writer, _lock) = writer();
    drop(writer);
    let (jobs, queue) = channel();
    drop(queue);
    let handle = WriterHandle { jobs: Some(jobs), thread: None };
    let answer = handle.commit(batch(1, joined(1, 1))).await;
    assert_eq!(answer, Err(CommitError::Unknown(GONE.to_owned())));
    assert!(handle.take_over(&sample::stream()).await.is_err());
}
