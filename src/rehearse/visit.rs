//! One person in one round on one phone, while it goes on: what they hold and what they were told
//! last.

use super::calls::Call;
use super::people::{Habits, Planned};

/// Where a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Not there yet, or a call is under way that says what comes next.
    Calling,
    /// In line; the shared reader calls when the turn has come.
    Waiting,
    /// In line, but not looking.
    Silent,
    /// Has a last answer.
    Over,
}

/// The last answer, which everybody must have at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Last {
    Bought,
    SoldOut,
    Closed,
    Left,
    Lapsed,
    /// Refused with the code at this place in the list of codes.
    Refused(u16),
}

/// Something to send for a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Job {
    /// The intended start, in nanoseconds of this run.
    pub due: u64,
    pub visit: u32,
    pub kind: Kind,
    /// Send it and drop the connection without reading the answer.
    pub hang_up: bool,
}

/// What a timer brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Send(u8),
    /// Leaves, if still waiting.
    Leave,
    /// Drops the connection and joins again without the ticket, if still waiting.
    Airplane,
    /// Comes back with the ticket.
    Return,
}

impl Job {
    pub fn send(visit: u32, call: Call, due: u64) -> Self {
        Self { due, visit, kind: Kind::Send(call as u8), hang_up: false }
    }

    /// The call, if the job is one.
    pub fn call(self) -> Option<Call> {
        match self.kind {
            Kind::Send(call) => Some(Call::ALL[call as usize]),
            _ => None,
        }
    }
}

/// The running state of a visit.
#[derive(Debug)]
pub(super) struct Visit {
    pub plan: Planned,
    pub step: Step,
    pub habits: Habits,
    pub last: Option<Last>,
    /// The last answer of somebody who still gives the place back, as an app does.
    pub leaves_with: Option<Last>,
    /// What the next purchase asks for, in won.
    pub asks_won: u64,
    pub bought_won: u64,
    pub line: u32,
    pub number: u64,
    pub ticket: Option<Box<str>>,
    pub pass: Option<Box<str>>,
    pub purchase: Option<Box<str>>,
    /// Attempts to buy: part of the idempotency key.
    pub attempt: u16,
    /// Calls that were sent again for the same purpose.
    pub tries: u16,
    /// When the first call was due, when the present join was first sent and when a place was
    /// given.
    pub came: u64,
    pub join_sent: u64,
    pub placed: u64,
    /// The watermark that was known when where-am-I was sent.
    pub known_watermark: u64,
}

impl Visit {
    pub fn new(plan: Planned) -> Self {
        Self {
            step: Step::Calling,
            habits: plan.habits,
            last: None,
            leaves_with: None,
            asks_won: plan.want_won,
            bought_won: 0,
            line: 0,
            number: 0,
            ticket: None,
            pass: None,
            purchase: None,
            attempt: 0,
            tries: 0,
            came: 0,
            join_sent: 0,
            placed: 0,
            known_watermark: 0,
            plan,
        }
    }
}
