//! The committer of a stream: gathers events, writes them in batches, and only then lets answers
//! go.

use super::moves::Moved;
use super::paybacks::Ended;
use super::person::{Bought, Purchasing};
use super::till::Next;
use super::{Owner, SignUp};
use crate::sim::agenda::Task;
use crate::sim::faults::Plant;
use crate::sim::store::{Batch, Outcome};
use crate::sim::world::World;
use openrun_core::round::NextStep;
use openrun_core::{Event, Program, PurchaseId, Refusal, Timestamp};
use std::collections::VecDeque;

/// How long to wait before asking a store again that is away, in milliseconds.
const TAKE_OVER_PAUSE: i64 = 200;

/// What is to be done once events are written, or known not to be.
#[derive(Debug)]
pub(in crate::sim) enum Done {
    Nothing,
    Barrier(Owner),
    SignedUp {
        request: u64,
        person: u32,
    },
    Left {
        request: u64,
    },
    Renewed {
        request: u64,
        expires_at: Timestamp,
    },
    Moved {
        round: usize,
        generation: u32,
        line: usize,
        events: Vec<Event>,
    },
    Reserved {
        round: usize,
        generation: u32,
        line: usize,
        up_to: u64,
    },
    Bought {
        person: u32,
        generation: u32,
        request: u64,
        outcome: Bought,
        round: usize,
    },
    Refused {
        person: u32,
        generation: u32,
        purchasing: Box<Purchasing>,
        event: Box<Event>,
    },
    /// A move of a voucher, or a refusal of one.
    VoucherMoved(Box<Moved>),
    /// Everything that a person did with vouchers before, in one stream.
    Durable {
        person: u32,
        generation: u32,
        number: u32,
    },
    /// The end of a payback.
    PaybackEnded(Box<Ended>),
    /// Of a payment: what it needs next, as it stands after everything before.
    NextStep {
        till: u32,
        id: PurchaseId,
        step: NextStep,
    },
    /// Of a payment: the rail may be called.
    Sent {
        till: u32,
        id: PurchaseId,
        request: String,
        event: Box<Event>,
    },
    /// Of a payment: an answer was taken in.
    Paid {
        till: u32,
        id: PurchaseId,
        event: Box<Event>,
        next: Next,
        heard: Option<bool>,
    },
    Operated {
        round: usize,
        generation: u32,
    },
    Rules {
        program: usize,
        now: Box<Program>,
    },
}

/// Events that belong together.
#[derive(Debug)]
pub(in crate::sim) struct Append {
    pub at: Timestamp,
    pub events: Vec<Event>,
    /// The epoch of the state that they were decided on; absent when they stand by themselves.
    pub under: Option<u64>,
    pub done: Done,
}

/// The committer of one stream.
#[derive(Debug, Default)]
pub(in crate::sim) struct Committer {
    /// Epoch and next number; absent while the right to write is not ours.
    pub ownership: Option<(u64, u64)>,
    /// The last epoch that was ours.
    pub epoch: u64,
    queue: VecDeque<Append>,
    writing: Option<(usize, Vec<Done>)>,
}

impl Committer {
    /// A committer that may write under this epoch, from this number on.
    pub fn new(ownership: Option<(u64, u64)>) -> Committer {
        let epoch = ownership.map_or(0, |(epoch, _)| epoch);
        Committer { ownership, epoch, ..Committer::default() }
    }

    /// What a process that does not know that it was deposed would write next.
    pub fn as_a_zombie(&mut self, stream: usize) -> Option<Batch> {
        let (epoch, next_seq) = self.ownership?;
        let under_way = self.writing.as_ref().map_or(0, |(count, _)| *count as u64);
        let first_seq = next_seq + under_way;
        let queued = self.queue.drain(..);
        let events: Vec<_> = queued
            .flat_map(|append| append.events.into_iter().map(move |event| (append.at, event)))
            .collect();
        (!events.is_empty()).then_some(Batch { stream, epoch, first_seq, events })
    }
}

impl World {
    /// Hands events over to be written.
    pub(in crate::sim) fn append(&mut self, stream: usize, append: Append) {
        let is_early = match append.done {
            Done::Bought { .. } | Done::Left { .. } => self.plant == Some(Plant::ReplyBeforeCommit),
            Done::VoucherMoved(_) => self.plant == Some(Plant::MoveBeforeCommit),
            _ => false,
        };
        let Some(house) = &mut self.house else { return };
        let committer = &mut house.committers[stream];
        let epoch = committer.ownership.map(|(epoch, _)| epoch);
        let is_stale = append.under.is_some() && append.under != epoch;
        if epoch.is_none() || is_stale {
            self.not_appended(append.done);
            return;
        }
        if is_early {
            let done = append.done;
            committer.queue.push_back(Append { done: Done::Nothing, ..append });
            self.committed(done);
        } else {
            committer.queue.push_back(append);
        }
        self.write_next(stream);
    }

    fn not_appended(&mut self, done: Done) {
        if !matches!(done, Done::Nothing) {
            let (life, done) = (self.life, Box::new(done));
            self.agenda.plan(self.now, Task::NotAppended { life, done });
        }
    }

    fn write_next(&mut self, stream: usize) {
        let most = self.plan.batch_events;
        let Some(house) = &mut self.house else { return };
        let committer = &mut house.committers[stream];
        let Some((epoch, first_seq)) = committer.ownership else { return };
        if committer.writing.is_some() || committer.queue.is_empty() {
            return;
        }
        let (mut events, mut dones) = (Vec::new(), Vec::new());
        while let Some(next) = committer.queue.front() {
            if !events.is_empty() && events.len() + next.events.len() > most {
                break;
            }
            let Some(append) = committer.queue.pop_front() else { break };
            events.extend(append.events.into_iter().map(|event| (append.at, event)));
            if !matches!(append.done, Done::Nothing) {
                dones.push(append.done);
            }
        }
        if events.is_empty() {
            // Barriers alone: everything before them is decided.
            dones.into_iter().for_each(|done| self.committed(done));
            return self.write_next(stream);
        }
        committer.writing = Some((events.len(), dones));
        let life = self.life;
        self.send_batch(life, Batch { stream, epoch, first_seq, events });
    }

    /// The store has answered a batch.
    pub(in crate::sim) fn written(&mut self, life: u32, stream: usize, outcome: Outcome) {
        if life != self.life {
            return;
        }
        let Some(house) = &mut self.house else { return };
        let committer = &mut house.committers[stream];
        let Some((count, dones)) = committer.writing.take() else { return };
        if outcome == Outcome::Acknowledged {
            if let Some((_, next_seq)) = &mut committer.ownership {
                *next_seq += count as u64;
            }
            dones.into_iter().for_each(|done| self.committed(done));
            return self.write_next(stream);
        }
        // From here on nothing that is handed over is taken.
        committer.ownership = None;
        self.figures.doubts += 1;
        self.note(|| format!("stream {stream}: {count} events: {outcome:?}"));
        dones.into_iter().for_each(|done| self.not_written(done));
        self.doubt(stream);
    }

    /// Nothing in memory can be trusted: all that waits is told so, and the right to write is taken
    /// anew.
    fn doubt(&mut self, stream: usize) {
        self.fail_queue(stream);
        let life = self.life;
        let at = self.now.plus_millis(self.chances.store.between(0, 10));
        self.agenda.plan(at, Task::TakeOver { life, stream });
    }

    fn fail_queue(&mut self, stream: usize) {
        let Some(house) = &mut self.house else { return };
        let queued: Vec<Append> = house.committers[stream].queue.drain(..).collect();
        queued.into_iter().for_each(|append| self.not_written(append.done));
    }

    /// Asks the store for the right to write, until it answers.
    pub(in crate::sim) fn take_over(&mut self, stream: usize) {
        let is_bare = self.plant == Some(Plant::ReplayFromBareSelect);
        let taken = match self.store.is_away {
            false if is_bare => Some(self.store.look(stream)),
            _ => self.store.take_over(stream),
        };
        let Some((epoch, next_seq)) = taken else {
            let (life, at) = (self.life, self.now.plus_millis(TAKE_OVER_PAUSE));
            return self.agenda.plan(at, Task::TakeOver { life, stream });
        };
        self.fail_queue(stream);
        if let Some(house) = &mut self.house {
            house.committers[stream].ownership = Some((epoch, next_seq));
            house.committers[stream].epoch = epoch;
        }
        self.note(|| format!("stream {stream}: taken over under epoch {epoch}"));
        self.store_in_doubt(stream);
    }

    /// Persisted: now reply.
    pub(in crate::sim) fn committed(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Barrier(owner) => self.barrier_passed(owner, true),
            Done::SignedUp { request, person } => {
                self.set_signed_up(person, SignUp::Durable);
                self.answer_sign_up(request, Ok(()));
            }
            Done::Left { request } => self.answer_left(request),
            Done::Renewed { request, expires_at } => {
                self.answer_renewed(request, Ok(expires_at));
            }
            Done::Moved { round, generation, line, events } => {
                self.turns_written(round, generation, line, &events);
            }
            Done::Reserved { round, generation, line, up_to } => {
                self.numbers_reserved(round, generation, line, Some(up_to));
            }
            Done::Bought { person, generation, request, outcome, round } => {
                self.offer(round, &outcome);
                self.tell_bought(person, generation, request, outcome);
            }
            Done::Refused { person, generation, purchasing, event } => {
                self.refused(person, generation, *purchasing, Some(&event));
            }
            Done::VoucherMoved(moved) => self.voucher_moved(*moved),
            Done::Durable { person, generation, number } => {
                self.durable(person, generation, number, true);
            }
            Done::PaybackEnded(ended) => self.payback_ended(*ended, true),
            done @ (Done::NextStep { .. } | Done::Sent { .. } | Done::Paid { .. }) => {
                self.step_done(done, true);
            }
            Done::Operated { round, generation } => {
                self.tick_now(round, generation);
            }
            Done::Rules { program, now } => self.rules_changed(program, *now),
        }
    }

    /// It is not known to be written: nobody hears anything that depends on it.
    pub(in crate::sim) fn not_written(&mut self, done: Done) {
        match done {
            Done::SignedUp { request, person } => {
                self.set_signed_up(person, SignUp::Doubtful);
                self.answer_sign_up(request, Err(Refusal::Unavailable));
            }
            Done::Left { request } => self.answer_left(request),
            Done::Renewed { request, .. } => {
                self.answer_renewed(request, Err(Refusal::Unavailable));
            }
            Done::Reserved { round, generation, line, .. } => {
                self.numbers_reserved(round, generation, line, None);
            }
            Done::Bought { person, generation, request, .. } => {
                self.tell_bought(person, generation, request, Bought::Doubt);
            }
            Done::Refused { person, generation, purchasing, .. } => {
                self.refused(person, generation, *purchasing, None);
            }
            Done::VoucherMoved(moved) => self.voucher_not_moved(*moved),
            Done::Durable { person, generation, number } => {
                self.durable(person, generation, number, false);
            }
            Done::PaybackEnded(ended) => self.payback_ended(*ended, false),
            done @ (Done::NextStep { .. } | Done::Sent { .. } | Done::Paid { .. }) => {
                self.step_done(done, false);
            }
            Done::Barrier(owner) => self.barrier_passed(owner, false),
            Done::Nothing | Done::Moved { .. } | Done::Operated { .. } | Done::Rules { .. } => {}
        }
    }
}
