//! The writer when the world fails it: what it answers, and that it goes on.

use super::*;
use crate::store::sample;
use crate::store::sqlite::{file, migrate};
use openrun_core::{Event, PersonKey, ProgramId, RoundId, Timestamp};
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

fn in_stream(stream: &StreamId, first_seq: u64, events: Vec<Event>) -> Batch {
    Batch { stream: stream.clone(), ..batch(first_seq, events) }
}

/// A sale, another one and sign-ups: three streams that write at the same time.
fn three(writer: &mut Writer) -> [StreamId; 3] {
    let busan = ProgramId::new("busan").expect("a slug");
    let all = [sample::stream(), StreamId::Program(busan), StreamId::People];
    for stream in &all[1..] {
        assert_eq!(writer.take_over(stream), Ok(Ownership { epoch: 1, next_seq: 1 }));
    }
    all
}

fn busan(number: u64) -> Event {
    sample::joined(&RoundId::new("busan-1").expect("a slug"), number)
}

fn signed_up(person: u128) -> Event {
    Event::SignedUp { person: PersonKey(person.to_be_bytes()), channel: sample::channel() }
}

fn people(writer: &Writer) -> i64 {
    let sql = "select count(*) from person";
    writer.connection.query_row(sql, [], |row| row.get(0)).expect("counts")
}

#[test]
fn batches_of_several_streams_are_written_in_one_transaction_each_in_its_chain() {
    let (_directory, _path, mut writer, _lock) = writer();
    let [seoul, other, signs] = three(&mut writer);
    for step in 0..2 {
        let number = step + 1;
        let together = [
            in_stream(&seoul, number, joined(number, 1)),
            in_stream(&other, number, vec![busan(number)]),
            in_stream(&signs, number, vec![signed_up(number.into())]),
        ];
        assert_eq!(writer.commit_all(&together), vec![Ok(()); 3], "{step}");
    }
    assert_eq!((tickets(&writer), people(&writer)), (4, 2));
    let chained = "select count(*) from batch join stream on stream.id = batch.stream_id
                   and stream.hash = batch.hash and stream.next_seq = batch.first_seq + batch.count";
    let ends: i64 = writer.connection.query_row(chained, [], |row| row.get(0)).expect("counts");
    assert_eq!(ends, 3, "the last batch of each stream is where the stream stands");
}

/// OR-10: what is wrong with one batch keeps no other from being written.
#[test]
fn a_batch_that_cannot_be_written_harms_none_beside_it() {
    let (_directory, _path, mut writer, _lock) = writer();
    let [seoul, other, signs] = three(&mut writer);
    let deposed = Batch { epoch: 0, ..in_stream(&other, 1, vec![busan(1)]) };
    let mut twice = joined(1, 1);
    twice.extend(joined(1, 1));
    let together = [in_stream(&seoul, 1, twice), deposed, in_stream(&signs, 1, vec![signed_up(1)])];
    let answers = writer.commit_all(&together);
    assert!(matches!(answers[0], Err(CommitError::NotWritten(_))), "{answers:?}");
    assert_eq!(answers[1..], [Err(CommitError::Deposed), Ok(())]);
    assert_eq!((tickets(&writer), people(&writer)), (0, 1));
    let again = [in_stream(&seoul, 1, joined(1, 1)), in_stream(&other, 1, vec![busan(1)])];
    assert_eq!(writer.commit_all(&again), vec![Ok(()); 2], "as if nothing had been tried");
    assert_eq!(tickets(&writer), 2);
}

#[test]
fn a_commit_of_several_that_fails_is_unknown_for_each() {
    let (_directory, _path, mut writer, _lock) = writer();
    let [seoul, _, signs] = three(&mut writer);
    let trap = "
        create table parent (id integer primary key);
        create table child (id integer references parent (id) deferrable initially deferred);
        create trigger trap after insert on ticket begin insert into child values (1); end;";
    writer.connection.execute_batch(trap).expect("planted");
    let together = [in_stream(&seoul, 1, joined(1, 1)), in_stream(&signs, 1, vec![signed_up(1)])];
    let answers = writer.commit_all(&together);
    let is_unknown =
        |answer: &Result<(), CommitError>| matches!(answer, Err(CommitError::Unknown(_)));
    assert!(answers.len() == 2 && answers.iter().all(is_unknown), "{answers:?}");
    writer.connection.execute_batch("drop trigger trap").expect("removed");
    assert_eq!(writer.commit_all(&together), vec![Ok(()); 2]);
    assert_eq!((tickets(&writer), people(&writer)), (1, 1));
}

#[test]
fn only_what_waits_of_other_streams_and_is_not_too_much_is_written_together() {
    let (jobs, queue) = channel();
    let send = |batch: Batch| {
        let (reply, answer) = oneshot::channel();
        jobs.send(Job::Commit(batch, reply)).expect("the queue is there");
        answer
    };
    let signs = |count: u128| in_stream(&StreamId::People, 1, (0..count).map(signed_up).collect());
    let most = TOGETHER_MAX as u128;
    // The batch that is first, those that wait behind it, and how many go together.
    for (first, waiting, together) in [
        (1, vec![], 1),
        (1, vec![signs(1)], 2),
        (1, vec![signs(1), batch(2, joined(2, 1))], 2),
        (1, vec![signs(most - 1)], 2),
        (1, vec![signs(most)], 1),
        (5_000, vec![signs(1)], 1),
    ] {
        let (left, sent) = (waiting.len() + 1 - together, waiting.len());
        let _answers: Vec<_> = waiting.into_iter().map(send).collect();
        let (reply, _answer) = oneshot::channel();
        let (mut batches, mut replies) = (vec![batch(1, joined(1, first))], vec![reply]);
        let next = gather(&queue, &mut batches, &mut replies);
        assert_eq!((batches.len(), replies.len()), (together, together), "{first} {sent}");
        assert_eq!(usize::from(next.is_some()) + queue.try_iter().count(), left, "{first} {sent}");
    }
}
