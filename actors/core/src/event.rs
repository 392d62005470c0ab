//! What happened. Events are the only thing that is ever persisted; everything else is derived from
//! them.

use crate::program::Program;
use crate::purchase::Purchase;
use crate::round::LifeCycle;
use crate::round_spec::{InletSpec, LineId, RoundSpec};
use crate::{ChannelId, IdempotencyKey, PersonKey, Refusal, RoundId, Timestamp, WindowId, Won};
use serde::{Deserialize, Serialize};

/// Something that happened and will never be otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A program now stands like this.
    ProgramChanged {
        /// The program with all versions of its rules.
        program: Program,
    },
    /// A round now stands like this.
    RoundDefined {
        /// All that the operator said.
        spec: RoundSpec,
    },
    /// A round moved on in its life.
    RoundMoved {
        /// Which.
        round: RoundId,
        /// To where.
        to: LifeCycle,
    },
    /// A window opened.
    WindowOpened {
        /// Of which round.
        round: RoundId,
        /// Which.
        window: WindowId,
    },
    /// A window closed, and what was left moved on.
    WindowClosed {
        /// Of which round.
        round: RoundId,
        /// Which.
        window: WindowId,
        /// Where to; nothing moves when absent.
        leftover_to: Option<WindowId>,
        /// How much.
        leftover: Won,
    },
    /// Numbers of a line may be given up to this one. Committed before the first of them is.
    NumbersReserved {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The last of the block.
        up_to: u64,
    },
    /// The watermark of a line moved. Committed before it is published.
    WatermarkMoved {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// Where it stands now.
        to: u64,
    },
    /// The inlet of a round now stands like this.
    InletChanged {
        /// Of which round.
        round: RoundId,
        /// All its figures.
        inlet: InletSpec,
    },
    /// Somebody of the staff did something; always committed together with its effect.
    StaffActed {
        /// Who.
        actor: String,
        /// In which role.
        role: String,
        /// What: `put-round`, `open`, `set-inlet`, …
        action: String,
        /// To what: the id of a program or round.
        target: String,
        /// Why.
        reason: String,
    },
    /// A person signed up.
    SignedUp {
        /// Who.
        person: PersonKey,
        /// Through which channel.
        channel: ChannelId,
    },
    /// A person took a place in a line.
    Joined {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The place.
        number: u64,
        /// Who.
        person: PersonKey,
        /// Numbers of this person up to this one are dead: left, or given up by joining again at
        /// the tail.
        dead_up_to: u64,
    },
    /// A person gave up a place.
    Left {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The place.
        number: u64,
        /// Who.
        person: PersonKey,
    },
    /// A person claimed the turn: a pass was given.
    Claimed {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The place.
        number: u64,
        /// Who.
        person: PersonKey,
        /// Until when the pass is good.
        expires_at: Timestamp,
    },
    /// A purchase was held, paid and issued in one step.
    Issued {
        /// Its facts.
        purchase: Purchase,
    },
    /// A purchase was refused with an answer that its key must get for ever.
    Refused {
        /// Who.
        person: PersonKey,
        /// Under which key.
        key: IdempotencyKey,
        /// SHA-256 of what was asked.
        digest: [u8; 32],
        /// The answer.
        refusal: Refusal,
    },
}

impl Event {
    /// The round that this event belongs to, if it belongs to one.
    #[must_use]
    pub fn round(&self) -> Option<&RoundId> {
        match self {
            Event::RoundDefined { spec } => Some(&spec.id),
            Event::RoundMoved { round, .. }
            | Event::WindowOpened { round, .. }
            | Event::WindowClosed { round, .. }
            | Event::NumbersReserved { round, .. }
            | Event::WatermarkMoved { round, .. }
            | Event::InletChanged { round, .. }
            | Event::Joined { round, .. }
            | Event::Left { round, .. }
            | Event::Claimed { round, .. } => Some(round),
            Event::Issued { purchase } => Some(&purchase.round),
            Event::ProgramChanged { .. }
            | Event::StaffActed { .. }
            | Event::SignedUp { .. }
            | Event::Refused { .. } => None,
        }
    }
}

/// An event with its place in the one order of everything that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its place: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}
