//! What will happen when: tasks in the order of their virtual time, and of their being planned
//! where times are equal. Nothing here knows what a task does.

use super::house::{Done, Owner, PersonMail, RoundMail};
use super::people::{Reply, Request};
use openrun_core::payment::RailAnswer;
use openrun_core::{MoveId, PurchaseId, Timestamp};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that will happen.
#[derive(Debug)]
pub(super) enum Task {
    /// A person does something.
    Act { person: u32 },
    /// A request reaches the process, or finds it gone.
    Arrive(Box<Request>),
    /// A person hears an answer.
    Heard { person: u32, reply: Box<Reply> },
    /// A round looks at the clock.
    Tick { life: u32, round: usize, generation: u32 },
    /// A message reaches a round.
    ToRound { life: u32, round: usize, generation: u32, mail: Box<RoundMail> },
    /// A message reaches a person's actor.
    ToPerson { life: u32, person: u32, generation: u32, mail: Box<PersonMail> },
    /// Something that was appended is certainly not written.
    NotAppended { life: u32, done: Box<Done> },
    /// The right to write to a stream is asked for.
    TakeOver { life: u32, stream: usize },
    /// The store is read for an actor.
    Load { life: u32, owner: Owner },
    /// The store writes a batch, if its fence allows.
    Write { commit: u64 },
    /// The store answers.
    Written { commit: u64 },
    /// The till looks at the clock.
    Till { life: u32, generation: u32 },
    /// The rail hints that something has happened to an order.
    Hint { life: u32, generation: u32, id: PurchaseId },
    /// The rail gets a call.
    RailGets { call: u64 },
    /// The till hears what a call came to.
    RailSays { life: u32, generation: u32, id: PurchaseId, answer: RailAnswer },
    /// The rail makes up its mind about an order.
    RailDecides { id: PurchaseId },
    /// The rail takes money that it had sworn never to take.
    RailLies { id: PurchaseId },
    /// The rail is asked for money back.
    RefundGets { call: u64 },
    /// Whoever asks for money back hears what that came to.
    RefundSays { life: u32, generation: u32, id: MoveId, answer: RailAnswer },
    /// The rail makes up its mind about money that it is to give back.
    RefundDecides { id: MoveId },
    /// Whoever asks for money back looks at the clock, or reads the store once more.
    Paybacks { life: u32, generation: u32, is_reading: bool },
    /// Vouchers are looked at for whether their time is over.
    Expire { life: u32 },
    /// An operator does what is next on the list.
    Operate { index: usize },
    /// Store or rail go away or come back.
    Weather { index: usize },
    /// The process starts.
    Start,
    /// An actor that died is looked for.
    Rebuild { life: u32, round: usize, generation: u32 },
}

struct Entry {
    at: Timestamp,
    order: u64,
    task: Task,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The earliest is the greatest: a heap gives its greatest first.
    fn cmp(&self, other: &Entry) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// Tasks by time.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Entry>,
    planned: u64,
}

impl Agenda {
    /// Plans a task.
    pub fn plan(&mut self, at: Timestamp, task: Task) {
        self.planned += 1;
        self.heap.push(Entry { at, order: self.planned, task });
    }

    /// The next task with its time.
    pub fn next(&mut self) -> Option<(Timestamp, Task)> {
        self.heap.pop().map(|entry| (entry.at, entry.task))
    }
}
