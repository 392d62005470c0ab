//! What every store must do, as functions over the port: run for SQLite and for PostgreSQL, by the
//! one list in [`for_every_test`].
//!
//! Each takes a store that is open and empty. A store's own tests add what only it can be asked.

use super::sample;
use openrun_actors::store::{Batch, Chunks, CommitError, LogPlace, Ownership, Store};
use openrun_core::round_spec::LineId;
use openrun_core::{Event, PurchaseId, RoundId, StoredEvent, StreamId, Timestamp};
use std::sync::Arc;

pub(crate) mod merchants;
mod payments;
mod places;
mod rules;
mod sold;
mod streams;
mod vouchers;

pub(crate) use payments::*;
pub(crate) use places::*;
pub(crate) use rules::*;
pub(crate) use sold::*;
pub(crate) use streams::*;
pub(crate) use vouchers::*;

/// Calls `$run!` with the name of every test of this module, so that no store leaves one out.
macro_rules! for_every_test {
    ($run:ident) => {
        $run! {
            every_event_comes_back
            an_empty_store_has_nothing
            a_deposed_owner_writes_nothing
            a_batch_out_of_turn_writes_nothing
            a_round_is_read_in_order
            the_newest_word_counts
            what_is_switched_off_is_the_newest_list
            pages_follow_each_other
            an_empty_batch_is_a_barrier
            a_slow_listener_holds_up_nobody
            lines_count_for_themselves
            a_broken_rule_writes_nothing
            a_misfit_writes_nothing
            streams_know_nothing_of_each_other
            the_log_is_one_over_all_streams
            a_person_s_events_come_from_all_streams
            the_chain_goes_on
            a_purchase_goes_through_its_life
            a_held_purchase_is_listed_in_its_state
            a_pass_is_good_again_after_a_void
            a_place_tells_its_story
            a_place_tells_how_its_payment_went
            who_was_refused_is_listed_and_who_bought_is_in_the_rounds
            moves_of_vouchers_come_back
            paybacks_are_found_until_they_end
            a_purchase_is_cancelled_once_it_is_paid_back
            vouchers_are_due_when_their_time_is_over
            receivers_are_listed
            a_broken_rule_of_vouchers_writes_nothing
            a_misfit_of_vouchers_writes_nothing
            what_a_round_sold_is_added_up_by_day_channel_and_window
        }
    };
}
pub(crate) use for_every_test;

/// A store with the right to write to one stream, for tests that write one batch after the other.
pub(crate) struct Owner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) stream: StreamId,
    pub(crate) ownership: Ownership,
}

impl Owner {
    /// The owner of the stream of [`sample::program_id`].
    pub(crate) async fn of(store: Arc<dyn Store>) -> Owner {
        Owner::of_stream(store, sample::stream()).await
    }

    pub(crate) async fn of_stream(store: Arc<dyn Store>, stream: StreamId) -> Owner {
        let ownership = store.take_over(&stream).await.expect("takes over");
        Owner { store, stream, ownership }
    }

    /// What [`Owner::write`] would write now.
    pub(crate) fn batch(&self, events: Vec<Event>) -> Batch {
        let Ownership { epoch, next_seq: first_seq } = self.ownership;
        let stream = self.stream.clone();
        Batch { stream, epoch, first_seq, events: at_once(first_seq, events) }
    }

    /// Writes; each event a millisecond after the other.
    pub(crate) async fn write(&mut self, events: Vec<Event>) -> Result<(), CommitError> {
        let count = events.len() as u64;
        self.store.commit(self.batch(events)).await?;
        self.ownership.next_seq += count;
        Ok(())
    }
}

fn at_once(first_seq: u64, events: Vec<Event>) -> Vec<(Timestamp, Event)> {
    let at = |seq: u64| sample::OPENING.plus_millis(i64::try_from(seq).expect("small"));
    (first_seq..).map(at).zip(events).collect()
}

pub(crate) async fn all<T>(mut chunks: Chunks<T>) -> Vec<T> {
    let mut items = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        items.extend(chunk.expect("reads"));
    }
    items
}

fn numbered(first_seq: u64, events: Vec<Event>) -> Vec<StoredEvent> {
    let timed = at_once(first_seq, events);
    let stored = |(seq, (at, event))| StoredEvent { seq, at, event };
    (first_seq..).zip(timed).map(stored).collect()
}

/// Every event comes back as it was written, from the read that it belongs to, in order.
pub(crate) async fn every_event_comes_back(store: Arc<dyn Store>) {
    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    people.write(vec![sample::signed_up(1)]).await.expect("writes");
    let mut owner = Owner::of(store.clone()).await;
    let (first, events) = (owner.ownership.next_seq, sample::one_of_each());
    owner.write(events.clone()).await.expect("writes");
    let stored = numbered(first, events);
    let those = |which: &dyn Fn(&Event) -> bool| -> Vec<StoredEvent> {
        stored.iter().filter(|stored| which(&stored.event)).cloned().collect()
    };

    let of_round = all(store.round_events(&sample::round())).await;
    assert_eq!(of_round, those(&|event| event.round().is_some()));

    for number in 1..=6 {
        let person = sample::person(number);
        let read = store.person_events(person).await.expect("reads");
        let expected = those(&|event| match event {
            Event::Held { purchase, .. } | Event::Issued { purchase } => purchase.person == person,
            Event::PaymentSent { person: whose, .. }
            | Event::Voided { person: whose, .. }
            | Event::Refused { person: whose, .. } => *whose == person,
            _ => false,
        });
        assert_eq!(read, expected, "{number}");
    }

    let staff = store.staff_log(None, 10).await.expect("reads");
    let staff: Vec<_> = staff.into_iter().map(|(_, stored)| stored).collect();
    assert_eq!(staff, those(&|event| matches!(event, Event::StaffActed { .. })));
    assert_eq!(store.programs().await.expect("reads"), [sample::program(1_000_000)]);
    assert_eq!(store.rounds().await.expect("reads"), [sample::round()]);
    assert_eq!(all(store.people()).await, [sample::person(1)]);
    let purchase = sample::purchase(1);
    assert_eq!(store.purchase(purchase.id).await.expect("reads"), Some(purchase));
    store.ping().await.expect("is there");
}

/// An empty store answers every read with nothing.
pub(crate) async fn an_empty_store_has_nothing(store: Arc<dyn Store>) {
    assert_eq!(store.programs().await.expect("reads"), []);
    assert_eq!(store.rounds().await.expect("reads"), []);
    assert_eq!(all(store.round_events(&sample::round())).await, []);
    assert_eq!(all(store.people()).await, []);
    assert_eq!(all(store.refused_or_given()).await, []);
    assert_eq!(store.person_events(sample::person(1)).await.expect("reads"), []);
    assert_eq!(store.purchase(PurchaseId(1)).await.expect("reads"), None);
    assert_eq!(store.purchases_of(sample::person(1), None, 9).await.expect("reads"), []);
    assert_eq!(store.staff_log(None, 9).await.expect("reads"), []);
    assert_eq!(store.standing(&sample::stream()).await.expect("reads"), None);
    assert_eq!(store.hash_at(&sample::stream(), 1).await.expect("reads"), None);
    store.ping().await.expect("is there");
    assert_eq!(Owner::of(store).await.ownership, Ownership { epoch: 1, next_seq: 1 });
}

/// A second take-over makes every batch of the first impossible, and goes on where the first
/// stopped.
pub(crate) async fn a_deposed_owner_writes_nothing(store: Arc<dyn Store>) {
    let mut first = Owner::of(store.clone()).await;
    first.write(vec![sample::staff_acted("first")]).await.expect("writes");
    let mut second = Owner::of(store.clone()).await;
    assert_eq!(second.ownership.epoch, first.ownership.epoch + 1);
    assert_eq!(second.ownership.next_seq, first.ownership.next_seq);

    let late = first.write(vec![sample::staff_acted("late")]).await;
    assert_eq!(late, Err(CommitError::Deposed));
    second.write(vec![sample::staff_acted("second")]).await.expect("writes");
    let late = first.write(vec![sample::staff_acted("later")]).await;
    assert_eq!(late, Err(CommitError::Deposed));
    assert_eq!(actions(&store).await, ["second", "first"]);
}

/// A batch that begins elsewhere than where the store stands is fenced off: nothing is written
/// twice or with a gap.
pub(crate) async fn a_batch_out_of_turn_writes_nothing(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    owner.write(vec![sample::staff_acted("one"), sample::staff_acted("two")]).await.expect("ok");
    let right = owner.ownership.next_seq;
    for wrong in [right - 2, right - 1, right + 1, 0, 1 << 40] {
        owner.ownership.next_seq = wrong;
        let answer = owner.write(vec![sample::staff_acted("wrong")]).await;
        assert_eq!(answer, Err(CommitError::Deposed), "{wrong}");
    }
    owner.ownership.next_seq = right;
    owner.write(vec![sample::staff_acted("three")]).await.expect("the right one still fits");
    assert_eq!(actions(&store).await, ["three", "two", "one"]);
}

async fn actions(store: &Arc<dyn Store>) -> Vec<String> {
    let log = store.staff_log(None, 100).await.expect("reads");
    let action = |(_, stored): (LogPlace, StoredEvent)| match stored.event {
        Event::StaffActed { action, .. } => Some(action),
        _ => None,
    };
    log.into_iter().filter_map(action).collect()
}

/// Events of a round come in the one order, whatever their tables and batches; other rounds stay
/// out.
pub(crate) async fn a_round_is_read_in_order(store: Arc<dyn Store>) {
    const PEOPLE: u64 = 3_000;
    let mut owner = Owner::of(store.clone()).await;
    let (here, there) = (sample::round(), RoundId::new("elsewhere").expect("a slug"));
    owner.write(sample::opening_of(&here, PEOPLE)).await.expect("writes");
    owner.write(sample::opening_of(&there, PEOPLE)).await.expect("writes");
    for first in (1..=PEOPLE).step_by(500) {
        let mut events = Vec::new();
        for number in first..first + 500 {
            events.push(sample::joined(&here, number));
            events.push(sample::joined(&there, number));
            events.push(sample::claimed(&here, number));
            events.push(sample::issued(sample::purchase(number)));
        }
        owner.write(events).await.expect("writes");
    }
    let read = all(store.round_events(&here)).await;
    assert_eq!(read.len() as u64, 3 + 3 * PEOPLE);
    assert!(read.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    assert!(read.iter().all(|stored| stored.event.round() == Some(&here)));
    assert_eq!(all(store.round_events(&there)).await.len() as u64, 3 + PEOPLE);
    assert_eq!(store.rounds().await.expect("reads"), [here, there]);
}

/// A program stands as its newest change left it; a round keeps its place however often it is
/// defined.
pub(crate) async fn the_newest_word_counts(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let (one, two) = (sample::round(), RoundId::new("a-later-round").expect("a slug"));
    let define = |round: &RoundId, stock| Event::RoundDefined { spec: sample::spec(round, stock) };
    let change = |limit| Event::ProgramChanged { program: sample::program(limit) };
    owner.write(vec![change(500_000), define(&one, 1), define(&two, 1)]).await.expect("writes");
    owner.write(vec![change(700_000), define(&one, 2)]).await.expect("writes");
    assert_eq!(store.programs().await.expect("reads"), [sample::program(700_000)]);
    assert_eq!(store.rounds().await.expect("reads"), [one, two]);
}

/// The list of what is switched off is that of the newest change, and its lines stand in the log.
pub(crate) async fn what_is_switched_off_is_the_newest_list(store: Arc<dyn Store>) {
    assert_eq!(store.suspensions().await.expect("reads"), []);
    let mut people = Owner::of_stream(store.clone(), StreamId::People).await;
    for hours in [2, 1] {
        let changed = vec![sample::suspensions(hours), sample::staff_acted("set-suspensions")];
        people.write(changed).await.expect("writes");
        let Event::SuspensionsChanged { suspensions } = sample::suspensions(hours) else {
            unreachable!("a sample is what it says")
        };
        assert_eq!(store.suspensions().await.expect("reads"), suspensions);
    }
    assert_eq!(actions(&store).await, ["set-suspensions", "set-suspensions"]);
    let none = Event::SuspensionsChanged { suspensions: Vec::new() };
    people.write(vec![none]).await.expect("writes");
    assert_eq!(store.suspensions().await.expect("reads"), []);
}

/// Pages follow each other without a gap or a repeat, newest first.
pub(crate) async fn pages_follow_each_other(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let person = sample::person(0);
    let of_person = |number: u64| openrun_core::Purchase { person, ..sample::purchase(number) };
    let mut events: Vec<Event> = (1..=7).map(|n| sample::issued(of_person(n))).collect();
    events.extend((1..=7).map(|n| sample::staff_acted(&format!("action-{n}"))));
    events.push(sample::issued(sample::purchase(8)));
    owner.write(events).await.expect("writes");

    let (mut numbers, mut before) = (Vec::new(), None);
    loop {
        let page = store.purchases_of(person, before, 3).await.expect("reads");
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        numbers.extend(page.iter().map(|purchase| purchase.pass.number));
    }
    assert_eq!(numbers, [7, 6, 5, 4, 3, 2, 1]);
    let foreign = Some(sample::purchase(8).id);
    assert_eq!(store.purchases_of(person, foreign, 3).await.expect("reads"), []);

    let newest = store.staff_log(None, 4).await.expect("reads");
    let older = store.staff_log(Some(newest[3].0), 100).await.expect("reads");
    let seqs: Vec<u64> = newest.iter().chain(&older).map(|(_, stored)| stored.seq).collect();
    assert_eq!(seqs, (8..=14).rev().collect::<Vec<u64>>());
}

/// A batch without events is a barrier: it asks the fence and leaves nothing behind.
pub(crate) async fn an_empty_batch_is_a_barrier(store: Arc<dyn Store>) {
    let mut first = Owner::of(store.clone()).await;
    first.write(Vec::new()).await.expect("the owner passes");
    first.write(vec![sample::staff_acted("one")]).await.expect("writes");
    let _second = Owner::of(store).await;
    assert_eq!(first.write(Vec::new()).await, Err(CommitError::Deposed));
}

/// A reader that stops listening, or listens slowly, holds up nobody.
pub(crate) async fn a_slow_listener_holds_up_nobody(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let round = sample::round();
    for first in (1..=40_000_u64).step_by(10_000) {
        let events = (first..first + 10_000).map(|number| sample::joined(&round, number));
        owner.write(events.collect()).await.expect("writes");
    }
    // More streams than there are threads for short reads, none of them listened to.
    let mut streams: Vec<_> = (0..6).map(|_| store.round_events(&round)).collect();
    owner.write(vec![sample::joined(&round, 50_000)]).await.expect("the writer goes on");
    store.ping().await.expect("short reads go on");
    drop(streams.split_off(3));
    for stream in streams {
        let read = all(stream).await;
        assert!(read.len() >= 40_000, "one snapshot, at least what was there before");
        assert!(read.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
    }
}

/// The same place in two lines of a round is two places.
pub(crate) async fn lines_count_for_themselves(store: Arc<dyn Store>) {
    let mut owner = Owner::of(store.clone()).await;
    let in_line = |line| Event::Joined {
        round: sample::round(),
        line: LineId(line),
        number: 1,
        person: sample::person(1),
        dead_up_to: 0,
    };
    owner.write(vec![in_line(0), in_line(1), in_line(255)]).await.expect("writes");
    assert_eq!(all(store.round_events(&sample::round())).await.len(), 3);
}
