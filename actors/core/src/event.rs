//! What happened. Events are the only thing that is ever persisted; everything else is derived from
//! them.

use crate::draw::{Digest, ShareValue};
use crate::payment::VoidReason;
use crate::program::Program;
use crate::purchase::Purchase;
use crate::round::LifeCycle;
use crate::round_spec::{InletSpec, LineId, RoundSpec};
use crate::{
    ChannelId, IdempotencyKey, Notice, NoticeId, OpeningAsk, PersonKey, ProgramId, PurchaseId,
    Refusal, RoundId, StockAsk, StockAskId, Suspension, Timestamp, WindowId, Won,
};
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
    /// The key that a line will be drawn with is fixed, and this is what shows it later.
    DrawCommitted {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// Of the key.
        commitment: Digest,
        /// When.
        at: Timestamp,
    },
    /// The lobby of a line takes nobody any more, and this is who is in it.
    LobbyClosed {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The line of its lobby.
        lobby: LineId,
        /// How many entries it has.
        count: u64,
        /// Over the leaves of its entries.
        root: Digest,
        /// When.
        at: Timestamp,
    },
    /// Somebody revealed their share of a draw.
    ShareGiven {
        /// Of which round.
        round: RoundId,
        /// Whose, and what it is.
        share: ShareValue,
        /// When.
        at: Timestamp,
    },
    /// A lobby was drawn: its entries stand at the head of their line, in the order that follows
    /// from the seed.
    Drawn {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The line of its lobby.
        lobby: LineId,
        /// How many entries it has.
        count: u64,
        /// The key that was committed to.
        key: Digest,
        /// What the order follows from.
        seed: Digest,
        /// When.
        at: Timestamp,
    },
    /// The inlet of a round now stands like this.
    InletChanged {
        /// Of which round.
        round: RoundId,
        /// All its figures.
        inlet: InletSpec,
    },
    /// An operator let so many people of a line in, by hand: the watermark may go up to here.
    InletStepped {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// How many people.
        people: u64,
        /// The number that this reaches.
        to: u64,
    },
    /// Somebody whose turn had lapsed came back, and waits at the head of the line: once.
    CameBack {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The place.
        number: u64,
        /// Who.
        person: PersonKey,
    },
    /// People who came back have their turn again. Committed before they are told.
    TurnGiven {
        /// Of which round.
        round: RoundId,
        /// Of which line.
        line: LineId,
        /// The places, in their order.
        numbers: Vec<u64>,
    },
    /// The operator tells everybody in a round something.
    NoticePosted {
        /// Of which round.
        round: RoundId,
        /// What.
        notice: Notice,
    },
    /// A notice was taken back before its time.
    NoticeWithdrawn {
        /// Of which round.
        round: RoundId,
        /// Which.
        id: NoticeId,
    },
    /// Opening was asked for by a step: it waits for a second person.
    OpeningAsked {
        /// Of which round.
        round: RoundId,
        /// What.
        ask: OpeningAsk,
    },
    /// More or less stock was asked for: it waits for a second person.
    StockAsked {
        /// Of which round.
        round: RoundId,
        /// What.
        ask: StockAsk,
    },
    /// A second person confirmed: the stock of a window is larger or smaller from here on.
    StockChanged {
        /// Of which round.
        round: RoundId,
        /// What was asked.
        id: StockAskId,
        /// Of which window.
        window: WindowId,
        /// How much more; less when negative.
        change: Won,
    },
    /// An ask for stock was refused or taken back: the stock stays as it is.
    StockKept {
        /// Of which round.
        round: RoundId,
        /// What was asked.
        id: StockAskId,
    },
    /// The features that are switched off for a time are now these. Of the people's stream.
    SuspensionsChanged {
        /// All of them.
        suspensions: Vec<Suspension>,
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
    /// A purchase was paid: what was held before is sold, or all in one step when the rail answers
    /// at once.
    Issued {
        /// Its facts.
        purchase: Purchase,
    },
    /// Stock and limit are held for a purchase whose payment must be waited for.
    Held {
        /// Its facts.
        purchase: Purchase,
        /// Until when its pass is good.
        pass_expires_at: Timestamp,
    },
    /// The rail is asked to take the money. Committed before the call, with the exact request.
    PaymentSent {
        /// Of which round.
        round: RoundId,
        /// For which purchase.
        purchase: PurchaseId,
        /// Whose.
        person: PersonKey,
        /// When: an order that the rail does not know may still be approved for a while from here.
        sent_at: Timestamp,
        /// What the rail is sent.
        request: String,
    },
    /// The rail is asked to take a payment back, or to bar it. Committed before the call.
    CancelSent {
        /// Of which round.
        round: RoundId,
        /// For which purchase.
        purchase: PurchaseId,
        /// Why.
        reason: VoidReason,
    },
    /// A hold came to nothing: stock and limit are free again.
    Voided {
        /// Of which round.
        round: RoundId,
        /// Which purchase.
        purchase: PurchaseId,
        /// Whose.
        person: PersonKey,
        /// Whose stock was held.
        window: WindowId,
        /// Whose stock it is now: leftover has moved on when the window is over.
        back_to: WindowId,
        /// How much.
        amount: Won,
        /// Why.
        reason: VoidReason,
    },
    /// Money turned up for a voided purchase; it goes back. Committed before the call.
    ReturnSent {
        /// Of which round.
        round: RoundId,
        /// For which purchase.
        purchase: PurchaseId,
        /// How much.
        amount: Won,
    },
    /// Money for a voided purchase went back.
    Returned {
        /// Of which round.
        round: RoundId,
        /// For which purchase.
        purchase: PurchaseId,
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
            | Event::DrawCommitted { round, .. }
            | Event::LobbyClosed { round, .. }
            | Event::ShareGiven { round, .. }
            | Event::Drawn { round, .. }
            | Event::InletChanged { round, .. }
            | Event::InletStepped { round, .. }
            | Event::CameBack { round, .. }
            | Event::TurnGiven { round, .. }
            | Event::NoticePosted { round, .. }
            | Event::NoticeWithdrawn { round, .. }
            | Event::OpeningAsked { round, .. }
            | Event::StockAsked { round, .. }
            | Event::StockChanged { round, .. }
            | Event::StockKept { round, .. }
            | Event::Joined { round, .. }
            | Event::Left { round, .. }
            | Event::Claimed { round, .. } => Some(round),
            Event::PaymentSent { round, .. }
            | Event::CancelSent { round, .. }
            | Event::Voided { round, .. }
            | Event::ReturnSent { round, .. }
            | Event::Returned { round, .. } => Some(round),
            Event::Issued { purchase } | Event::Held { purchase, .. } => Some(&purchase.round),
            Event::ProgramChanged { .. }
            | Event::StaffActed { .. }
            | Event::SuspensionsChanged { .. }
            | Event::SignedUp { .. }
            | Event::Refused { .. } => None,
        }
    }
}

/// Whose events: each stream has an order, an epoch and a writer of its own, so that one that is
/// stuck holds up no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamId {
    /// Sign-ups, and what is switched off for the whole house.
    People,
    /// Everything of a program: its rules, rounds, places and purchases.
    Program(ProgramId),
}

/// An event with its place in its stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its place in its stream: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}
