//! The process: a thin model of the shells around the machines of the core, on one thread.
//!
//! The rules are those of the actors crate: decide, apply, append, and answer once it is written;
//! whatever is not plainly written casts doubt on all that was decided on top of it, and is read
//! anew from the store under another epoch. Mailboxes are messages on the agenda, first in first
//! out for each receiver. No decision is taken here.

mod committer;
mod gifts;
mod moves;
mod paybacks;
mod person;
mod queue;
mod rebuild;
mod requests;
mod round;
mod staff;
mod till;

pub(super) use committer::{Committer, Done};
pub(super) use paybacks::Paybacks;
pub(super) use person::{Bought, Living, Seat};
pub(super) use queue::Placed;
pub(super) use round::{RoundActor, RoundMail, RoundSeat, line_id};
pub(super) use till::Till;

use super::world::World;
use gifts::{GiftEnd, Room};
use moves::Call;
use openrun_core::{Event, MoveId, Program, ProgramId, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Shards of a round's people: enough to tell them apart.
pub(super) const SHARDS: usize = 2;

/// How long a message waits at most in a mailbox that is full, in milliseconds.
const SLOW_MAIL: i64 = 2_000;

/// For whom the store is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Round { round: usize, generation: u32 },
    Person { person: u32, generation: u32 },
}

/// A message to a person's actor.
#[derive(Debug)]
pub(super) enum PersonMail {
    /// What became of a purchase that the round was asked for.
    Bought { request: u64, outcome: Bought },
    /// A payment came a step further.
    Settled(Event),
    /// Something of another actor.
    Call(Call),
    /// Whether the receiver of a gift has room for it.
    Room(Box<Room>),
    /// What came of a gift that room was set aside for.
    GiftEnd(MoveId, GiftEnd),
}

/// Whether a sign-up is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignUp {
    Unknown,
    Pending,
    Doubtful,
    Durable,
}

/// Everything that one process knows.
#[derive(Debug)]
pub(super) struct House {
    /// One for each stream; the first is that of the people.
    pub committers: Vec<Committer>,
    pub programs: Vec<Arc<Program>>,
    pub rounds: Vec<RoundSeat>,
    pub seats: BTreeMap<u32, Seat>,
    pub signed_up: Vec<SignUp>,
    pub till: Till,
    pub paybacks: Paybacks,
    pub generations: u32,
}

impl House {
    /// A number that no actor of this process had.
    pub fn next_generation(&mut self) -> u32 {
        self.generations += 1;
        self.generations
    }

    /// The round's actor, if it is there and of this generation.
    pub fn round(&mut self, round: usize, generation: u32) -> Option<&mut RoundActor> {
        let seat = self.rounds.get_mut(round).filter(|seat| seat.generation == generation)?;
        seat.actor.as_mut()
    }

    /// The person's actor, if it is there and of this generation.
    pub fn living(&mut self, person: u32, generation: u32) -> Option<&mut Living> {
        match self.seats.get_mut(&person) {
            Some(Seat::Living(living)) if living.generation == generation => Some(living),
            _ => None,
        }
    }
}

impl World {
    /// Which stream a round's events belong to.
    pub(super) fn stream_of_round(&self, round: usize) -> usize {
        let program = &self.plan.rounds[round].program_id;
        let index = self.plan.programs.iter().position(|known| known.id == *program);
        1 + index.expect("a round is of a program that is there")
    }

    /// Which of all programs this is.
    pub(super) fn program_index(&self, program: &ProgramId) -> usize {
        let index = self.plan.programs.iter().position(|known| known.id == *program);
        index.expect("a voucher is of a program that is there")
    }

    /// Which stream the vouchers of a program belong to.
    pub(super) fn stream_of_vouchers(&self, program: usize) -> usize {
        1 + self.plan.programs.len() + program
    }

    /// When a message arrives that is sent now to a receiver whose last one arrives at `last`.
    pub(super) fn delivery(&mut self, last: Timestamp) -> Timestamp {
        let delay = match self.chances.mail.below(100) {
            0 => SLOW_MAIL,
            1..6 => SLOW_MAIL / 40,
            _ => 1,
        };
        self.now.plus_millis(self.chances.mail.between(0, delay)).max(last)
    }
}
