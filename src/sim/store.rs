//! The model store: streams with epochs, and batches that are acknowledged, lost, or written
//! without anybody knowing.
//!
//! It accepts a batch only under the stream's epoch and at its next number, as the port demands;
//! what a deposed writer sends is refused, however late it arrives.

use super::agenda::Task;
use super::faults::{Fault, Plant};
use super::people::number_of;
use super::world::World;
use openrun_core::{Event, MoveId, StoredEvent, Timestamp};
use std::collections::BTreeMap;

/// How long an answer of the store takes at most when nothing is wrong, in milliseconds.
const LATENCY: i64 = 12;
/// How late a batch may be written whose answer was "unknown".
const LATE: i64 = 8_000;

/// What a writer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Acknowledged,
    NotWritten,
    Unknown,
    Deposed,
}

/// Events to be written together.
#[derive(Debug)]
pub(super) struct Batch {
    pub stream: usize,
    pub epoch: u64,
    pub first_seq: u64,
    pub events: Vec<(Timestamp, Event)>,
}

/// A batch on its way, and what its writer will hear.
#[derive(Debug)]
pub(super) struct Commit {
    pub life: u32,
    pub stream: usize,
    batch: Option<Batch>,
    pub outcome: Outcome,
}

/// The events of a stream and who may write.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub epoch: u64,
    pub events: Vec<StoredEvent>,
}

impl Stream {
    fn next_seq(&self) -> u64 {
        self.events.len() as u64 + 1
    }
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct ModelStore {
    pub streams: Vec<Stream>,
    pub is_away: bool,
    commits: BTreeMap<u64, Commit>,
    last_commit: u64,
    /// For each person the places of the events that their limits and keys depend on.
    by_person: Vec<Vec<(usize, usize)>>,
    /// The first stream of vouchers: those before it are of people and programs.
    vouchers_from: usize,
    /// Where the beginnings of paybacks lie that have not ended.
    open_paybacks: BTreeMap<MoveId, (usize, usize)>,
}

impl ModelStore {
    /// A stream of all people, and two for each program: one of its sales, one of its vouchers.
    pub fn new(programs: usize, people: u32) -> ModelStore {
        let vouchers_from = 1 + programs;
        let streams = (0..vouchers_from + programs).map(|_| Stream::default()).collect();
        let by_person = (0..people).map(|_| Vec::new()).collect();
        ModelStore { streams, by_person, vouchers_from, ..ModelStore::default() }
    }

    /// Takes the right to write. Nothing when the store is away.
    pub fn take_over(&mut self, stream: usize) -> Option<(u64, u64)> {
        if self.is_away {
            return None;
        }
        let stream = &mut self.streams[stream];
        stream.epoch += 1;
        Some((stream.epoch, stream.next_seq()))
    }

    /// What is there, without taking anything: what only a planted bug does.
    pub fn look(&self, stream: usize) -> (u64, u64) {
        (self.streams[stream].epoch, self.streams[stream].next_seq())
    }

    /// Everything that a person's limits and keys depend on, by stream and order: what was bought,
    /// and what became of it.
    pub fn of_person(&self, person: u32) -> (Vec<StoredEvent>, Vec<StoredEvent>) {
        let mut places = self.by_person[person as usize].clone();
        places.sort_unstable();
        let moves = places.partition_point(|(stream, _)| *stream < self.vouchers_from);
        let read = |places: &[(usize, usize)]| {
            places.iter().map(|(stream, index)| self.event(*stream, *index).clone()).collect()
        };
        (read(&places[..moves]), read(&places[moves..]))
    }

    /// The beginnings of paybacks that have not ended.
    pub fn open_paybacks(&self) -> impl Iterator<Item = &Event> {
        self.open_paybacks.values().map(|(stream, index)| &self.event(*stream, *index).event)
    }

    /// Whether the store knows anything of a person's purchases.
    pub fn knows(&self, person: u32) -> bool {
        !self.by_person[person as usize].is_empty()
    }

    /// An event by its place.
    pub fn event(&self, stream: usize, index: usize) -> &StoredEvent {
        &self.streams[stream].events[index]
    }

    fn accepts(&self, batch: &Batch, is_fenced: bool) -> bool {
        let stream = &self.streams[batch.stream];
        !is_fenced || (stream.epoch == batch.epoch && stream.next_seq() == batch.first_seq)
    }

    /// Appends what is accepted.
    pub fn append(&mut self, stream: usize, at: Timestamp, event: Event) {
        let stored = StoredEvent { seq: self.streams[stream].next_seq(), at, event };
        let place = (stream, self.streams[stream].events.len());
        for person in whose(&stored.event).into_iter().flatten() {
            self.by_person[person as usize].push(place);
        }
        match &stored.event {
            Event::PaybackSent { of, .. } => {
                self.open_paybacks.insert(of.id, place);
            }
            Event::PaidBack { of, .. } | Event::PaybackRefused { of, .. } => {
                self.open_paybacks.remove(&of.id);
            }
            _ => {}
        }
        self.streams[stream].events.push(stored);
    }
}

/// Whose limits and keys an event changes: two persons' if it is a gift.
fn whose(event: &Event) -> [Option<u32>; 2] {
    let (one, other) = match event {
        Event::Held { purchase, .. } | Event::Issued { purchase } => (&purchase.person, None),
        Event::PaymentSent { person, .. }
        | Event::Voided { person, .. }
        | Event::Refused { person, .. } => (person, None),
        Event::Gifted { of, to, .. } => (&of.person, Some(number_of(*to))),
        event => match event.voucher_move() {
            Some(of) => (&of.person, None),
            None => return [None, None],
        },
    };
    [Some(number_of(*one)), other]
}

impl World {
    /// Sends a batch to the store. When it is written, when it is answered and what is answered is
    /// drawn here.
    pub(super) fn send_batch(&mut self, life: u32, batch: Batch) {
        let strength = if self.is_healing { 0 } else { self.plan.strengths.of(Fault::Store) };
        let is_away = self.store.is_away;
        let (stream, chance) = (batch.stream, &mut self.chances.store);
        let latency = if chance.per_mille(30) { LATENCY * 40 } else { LATENCY };
        let written = self.now.plus_millis(chance.between(0, latency));
        let answered = written.plus_millis(chance.between(0, latency));
        let late = written.plus_millis(chance.between(1, LATE));
        let is_troubled = chance.per_mille(strength) || is_away;
        let (write, outcome) = match chance.below(4) {
            _ if !is_troubled => (Some(written), Outcome::Acknowledged),
            0 => (None, Outcome::NotWritten),
            1 => (None, Outcome::Unknown),
            2 if !is_away => (Some(written), Outcome::Unknown),
            _ => (Some(late), Outcome::Unknown),
        };
        let commit = Commit { life, stream, batch: write.map(|_| batch), outcome };
        let number = self.remember_commit(commit);
        if let Some(at) = write {
            self.agenda.plan(at, Task::Write { commit: number });
        }
        self.agenda.plan(answered, Task::Written { commit: number });
    }

    /// A writer that does not know that it was deposed sends a batch, and nobody waits for it.
    pub(super) fn send_as_a_zombie(&mut self, life: u32, batch: Batch) {
        let at = self.now.plus_millis(self.chances.store.between(1, LATE));
        let stream = batch.stream;
        let commit = Commit { life, stream, batch: Some(batch), outcome: Outcome::Unknown };
        let number = self.remember_commit(commit);
        self.agenda.plan(at, Task::Write { commit: number });
    }

    fn remember_commit(&mut self, commit: Commit) -> u64 {
        self.store.last_commit += 1;
        self.store.commits.insert(self.store.last_commit, commit);
        self.store.last_commit
    }

    /// The store writes a batch, or refuses it.
    pub(super) fn store_writes(&mut self, number: u64) {
        let Some(commit) = self.store.commits.get_mut(&number) else { return };
        let Some(batch) = commit.batch.take() else { return };
        let is_fenced = self.plant != Some(Plant::FenceOff);
        if !self.store.accepts(&batch, is_fenced) {
            self.note(|| format!("a deposed batch of stream {} is refused", batch.stream));
            if let Some(commit) = self.store.commits.get_mut(&number) {
                commit.outcome = Outcome::Deposed;
            }
            return;
        }
        for (at, event) in batch.events {
            self.write_event(batch.stream, at, event);
        }
    }

    /// Writes one event and shows it to the auditor.
    pub(super) fn write_event(&mut self, stream: usize, at: Timestamp, event: Event) {
        self.store.append(stream, at, event);
        let index = self.store.streams[stream].events.len() - 1;
        self.audit_written(stream, index);
    }

    /// The store answers a batch: what was sent and has not been written by now counts as
    /// refused, where its writer hears so, only if the fence says so.
    pub(super) fn store_answers(&mut self, number: u64) {
        let Some(commit) = self.store.commits.get(&number) else { return };
        let (life, stream, outcome) = (commit.life, commit.stream, commit.outcome);
        if commit.batch.is_none() {
            self.store.commits.remove(&number);
        }
        self.written(life, stream, outcome);
    }
}
