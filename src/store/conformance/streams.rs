//! Streams: each has an order, an epoch and a chain of its own.

use super::{Owner, actions, all};
use crate::store::{chain, sample};
use openrun_actors::store::{CommitError, Ownership, Standing, Store};
use openrun_core::{Event, Program, ProgramId, Purchase, PurchaseId, RoundId, StreamId, Timestamp};
use std::sync::Arc;

fn busan() -> ProgramId {
    ProgramId::new("busan").expect("a slug")
}

async fn standing(store: &Arc<dyn Store>, stream: &StreamId) -> Standing {
    store.standing(stream).await.expect("reads").expect("was taken over")
}

/// A take-over, a gap and a fault in one stream are nothing to another.
pub(crate) async fn streams_know_nothing_of_each_other(store: Arc<dyn Store>) {
    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    let mut seoul = Owner::of(store.clone()).await;
    let mut busan = Owner::of_stream(store.clone(), sample::stream_of("busan")).await;
    let begin = Ownership { epoch: 1, next_seq: 1 };
    for owner in [&people, &seoul, &busan] {
        assert_eq!(owner.ownership, begin, "{:?}", owner.stream);
    }
    seoul.write(vec![sample::staff_acted("one"), sample::staff_acted("two")]).await.expect("ok");
    busan.write(vec![sample::staff_acted("three")]).await.expect("each counts from one");
    people.write(vec![sample::signed_up(1)]).await.expect("writes");

    let mut newer = Owner::of(store.clone()).await;
    assert_eq!(newer.ownership, Ownership { epoch: 2, next_seq: 3 });
    let late = seoul.write(vec![sample::staff_acted("late")]).await;
    assert_eq!(late, Err(CommitError::Deposed));
    busan.write(vec![sample::staff_acted("four")]).await.expect("nobody took this one over");
    people.write(vec![sample::signed_up(2)]).await.expect("nor this one");
    newer.write(vec![sample::staff_acted("five")]).await.expect("the new owner writes");

    // Where one stream stands is a gap, or a repeat, in the other.
    busan.ownership.next_seq += 1;
    let gap = busan.write(vec![sample::staff_acted("gap")]).await;
    assert_eq!(gap, Err(CommitError::Deposed));
    busan.ownership = Ownership { epoch: 2, ..newer.ownership };
    let foreign = busan.write(vec![sample::staff_acted("foreign")]).await;
    assert_eq!(foreign, Err(CommitError::Deposed), "the epoch of another stream");
    newer.write(vec![sample::staff_acted("six")]).await.expect("goes on");

    let mut done = actions(&store).await;
    done.sort_unstable();
    assert_eq!(done, ["five", "four", "one", "six", "three", "two"]);
    assert_eq!(all(store.people()).await.len(), 2);
    let at = |epoch, next_seq| (epoch, next_seq);
    for (stream, expected) in [
        (StreamId::People, at(1, 3)),
        (sample::stream(), at(2, 5)),
        (sample::stream_of("busan"), at(1, 3)),
    ] {
        let Standing { epoch, next_seq, .. } = standing(&store, &stream).await;
        assert_eq!((epoch, next_seq), expected, "{stream:?}");
    }
    let unknown = sample::stream_of("never-heard-of");
    assert_eq!(store.standing(&unknown).await.expect("reads"), None);
    busan.stream = unknown;
    busan.ownership = begin;
    let nowhere = busan.write(vec![sample::staff_acted("nowhere")]).await;
    assert_eq!(nowhere, Err(CommitError::Deposed), "a stream begins with a take-over");
}

/// What the staff did, the programs and the rounds come from all streams, by time.
pub(crate) async fn the_log_is_one_over_all_streams(store: Arc<dyn Store>) {
    let program = |id: ProgramId| Program { id, ..sample::program(1) };
    let mut owners = [
        Owner::of_stream(store.clone(), StreamId::Program(busan())).await,
        Owner::of(store.clone()).await,
    ];
    let ids = [busan(), sample::program_id()];
    // By turns, a millisecond apart; the second stream is always the later one, except that the
    // last two happen at the same moment.
    for turn in 0..3_i64 {
        for (index, owner) in owners.iter_mut().enumerate() {
            let later = if turn == 2 { 0 } else { i64::try_from(index).expect("two") };
            let at = Timestamp(sample::OPENING.0 + 10 * turn + later);
            let mut batch = owner.batch(Vec::new());
            let round = RoundId::new(&format!("round-{turn}-{index}")).expect("a slug");
            let mut spec = sample::spec(&round, 1);
            spec.program_id = ids[index].clone();
            batch.events = vec![
                (at, Event::ProgramChanged { program: program(ids[index].clone()) }),
                (at, Event::RoundDefined { spec }),
                (at, sample::staff_acted(&format!("{turn}-{index}"))),
            ];
            owner.ownership.next_seq += 3;
            store.commit(batch).await.expect("writes");
        }
    }
    let places: Vec<_> = store.staff_log(None, 100).await.expect("reads");
    assert!(places.windows(2).all(|pair| pair[0].0 > pair[1].0), "newest first: {places:?}");
    assert!(places.iter().all(|(place, stored)| (place.at, place.seq) == (stored.at, stored.seq)));
    let done = actions(&store).await;
    assert_eq!(done[2..], ["1-1", "1-0", "0-1", "0-0"]);
    let mut paged = Vec::new();
    let mut before = None;
    loop {
        let page = store.staff_log(before, 1).await.expect("reads");
        let Some((place, stored)) = page.into_iter().next() else { break };
        before = Some(place);
        paged.push((place, stored));
    }
    assert_eq!(paged, places, "pages follow each other across streams");

    let programs = store.programs().await.expect("reads");
    assert_eq!(programs, [program(busan()), program(sample::program_id())]);
    let rounds = store.rounds().await.expect("reads");
    let rounds: Vec<&str> = rounds.iter().map(RoundId::as_str).collect();
    assert_eq!(rounds[..4], ["round-0-0", "round-0-1", "round-1-0", "round-1-1"]);
    assert_eq!(rounds.len(), 6);
}

/// A person's events come from all streams; those of one program in their order.
pub(crate) async fn a_person_s_events_come_from_all_streams(store: Arc<dyn Store>) {
    let person = sample::person(1);
    let there = Purchase {
        id: PurchaseId(77),
        program: busan(),
        round: RoundId::new("busan-round").expect("a slug"),
        key: sample::key("there"),
        ..sample::purchase(1)
    };
    let here = [
        sample::held(sample::purchase(1)),
        sample::payment_sent(1),
        sample::issued(sample::purchase(1)),
        sample::refused(1, "refused"),
    ];
    let mut seoul = Owner::of(store.clone()).await;
    let mut busan = Owner::of_stream(store.clone(), StreamId::Program(busan())).await;
    let program = Program { id: there.program.clone(), versions: Vec::new(), ..sample::program(1) };
    busan.write(vec![Event::ProgramChanged { program }]).await.expect("writes");
    seoul.write(here[..1].to_vec()).await.expect("writes");
    busan.write(vec![sample::issued(there.clone())]).await.expect("writes");
    seoul.write(here[1..].to_vec()).await.expect("writes");

    let read = store.person_events(person).await.expect("reads");
    let (of_busan, of_seoul): (Vec<_>, Vec<_>) = read.into_iter().partition(
        |stored| matches!(&stored.event, Event::Issued { purchase } if purchase.id == there.id),
    );
    assert_eq!(of_busan.len(), 1);
    assert_eq!((of_busan[0].seq, &of_busan[0].event), (2, &sample::issued(there)));
    let seqs: Vec<u64> = of_seoul.iter().map(|stored| stored.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    let events: Vec<Event> = of_seoul.into_iter().map(|stored| stored.event).collect();
    assert_eq!(events, here);
}

/// Each batch is chained to the one before, whoever writes it, and where each ends can be asked.
pub(crate) async fn the_chain_goes_on(store: Arc<dyn Store>) {
    let stream = sample::stream();
    let mut owner = Owner::of(store.clone()).await;
    let mut hashes = vec![(1, chain::BEGINNING)];
    assert_eq!(standing(&store, &stream).await.hash, chain::BEGINNING);
    for events in [sample::one_of_each(), vec![], vec![sample::staff_acted("two")]] {
        hashes.push(write_chained(&mut owner, events).await);
    }
    // Another owner goes on from there.
    let mut owner = Owner::of(store.clone()).await;
    hashes.push(write_chained(&mut owner, vec![sample::staff_acted("three")]).await);
    // What was not written leaves no trace in the chain.
    let broken = vec![sample::joined(&sample::round(), 9), sample::joined(&sample::round(), 9)];
    owner.write(broken).await.expect_err("a number is given once");
    hashes.push(write_chained(&mut owner, vec![sample::staff_acted("four")]).await);

    for (next_seq, hash) in &hashes {
        let read = store.hash_at(&stream, *next_seq).await.expect("reads");
        assert_eq!(read, Some(*hash), "{next_seq}");
    }
    for nowhere in [0, 2, owner.ownership.next_seq + 1, u64::MAX] {
        assert_eq!(store.hash_at(&stream, nowhere).await.expect("reads"), None, "{nowhere}");
    }
}

/// Writes, and makes the hash that the store must have then from the one that it had.
pub(crate) async fn write_chained(owner: &mut Owner, events: Vec<Event>) -> (u64, [u8; 32]) {
    let before = standing(&owner.store, &owner.stream).await;
    assert_eq!(before.next_seq, owner.ownership.next_seq);
    let expected = chain::next(before.hash, &owner.batch(events.clone()));
    owner.write(events).await.expect("writes");
    let Ownership { epoch, next_seq } = owner.ownership;
    let after = standing(&owner.store, &owner.stream).await;
    assert_eq!(after, Standing { epoch, next_seq, hash: expected });
    (next_seq, expected)
}
