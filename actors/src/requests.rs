//! What the edge asks the engine and what it gets: plain values, no messages.

use crate::shared::Place;
use crate::store::StoreError;
use openrun_core::person::ShownPass;
use openrun_core::queue::ShownTicket;
use openrun_core::round::Step;
use openrun_core::round_spec::InletMode;
use openrun_core::voucher::MerchantFacts;
use openrun_core::{
    By, ChannelId, Event, IdempotencyKey, MoveId, PersonKey, Purchase, PurchaseId, Refusal,
    RoundId, StockAnswer, StockAsk, Timestamp, VoucherId, Who, Won,
};

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store did not answer or holds something that contradicts itself.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a thing was made or changed.
#[derive(Debug, Clone)]
pub enum Put<T> {
    /// It is new.
    Created(T),
    /// It was there.
    Changed(T),
}

/// Where a request goes, and so which room it needs there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// Sign-up: it waits for the people's stream.
    SignUp,
    /// A line of a round: a new place waits for nothing, but what it leaves to be written does.
    Line,
    /// The sale of a round: it waits for the stream of the round's program.
    Sale,
}

/// A wish to join a line.
#[derive(Debug, Clone)]
pub struct Join {
    /// Who.
    pub person: PersonKey,
    /// What decides the line.
    pub who: Who,
    /// Through which channel.
    pub channel: ChannelId,
    /// The ticket that the person showed, if any.
    pub shown: Option<ShownTicket>,
}

/// What joining came to.
#[derive(Debug, Clone)]
pub enum Joined {
    /// A place.
    Place {
        /// Whether it is new.
        is_new: bool,
        /// The place.
        place: Place,
    },
    /// The person's own window is still ahead.
    IneligibleNow {
        /// When it opens.
        opens_at: Timestamp,
    },
}

/// A wish to buy.
#[derive(Debug, Clone)]
pub struct PurchaseRequest {
    /// The id that the purchase will have.
    pub id: PurchaseId,
    /// Who.
    pub person: PersonKey,
    /// Through which channel.
    pub channel: ChannelId,
    /// What decides the window.
    pub who: Who,
    /// Where; absent when it cannot be the name of a round.
    pub round: Option<RoundId>,
    /// How much.
    pub amount: Won,
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// The pass; a counter needs none.
    pub pass: ShownPass,
    /// Whether a teller was paid.
    pub is_cash: bool,
}

/// A purchase, and whether its key had this answer before.
#[derive(Debug, Clone)]
pub struct Purchased {
    /// The purchase.
    pub purchase: Box<Purchase>,
    /// Whether it is a repeat.
    pub is_replay: bool,
}

/// A refusal, and whether its key had this answer before.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The refusal.
    pub refusal: Refusal,
    /// Whether it is a repeat.
    pub is_replay: bool,
}

/// A wish to pay a merchant.
#[derive(Debug, Clone)]
pub struct SpendRequest {
    /// The id that the spend will have.
    pub id: MoveId,
    /// Who.
    pub person: PersonKey,
    /// From which voucher.
    pub voucher: VoucherId,
    /// Whom; absent when there is no such merchant.
    pub merchant: Option<MerchantFacts>,
    /// How much.
    pub amount: Won,
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
}

/// A wish to cancel a purchase in full.
#[derive(Debug, Clone)]
pub struct CancelRequest {
    /// The id that the payback will have.
    pub id: MoveId,
    /// Who.
    pub person: PersonKey,
    /// Which.
    pub purchase: PurchaseId,
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
}

/// A wish to have the balance of a voucher refunded.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// The id that the payback will have.
    pub id: MoveId,
    /// Who.
    pub person: PersonKey,
    /// Of which.
    pub voucher: VoucherId,
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
}

/// A wish to give some of a voucher to somebody.
#[derive(Debug, Clone)]
pub struct GiftRequest {
    /// The id that the gift, and the voucher that it makes, will have.
    pub id: MoveId,
    /// Who.
    pub person: PersonKey,
    /// Out of which voucher.
    pub voucher: VoucherId,
    /// To whom.
    pub to: PersonKey,
    /// How much.
    pub amount: Won,
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
}

/// A move of a voucher, and whether its key had this answer before.
#[derive(Debug, Clone)]
pub struct Moved<T> {
    /// What was done.
    pub answer: T,
    /// Whether it is a repeat.
    pub is_replay: bool,
}
/// The role of whoever confirms what others ask for.
const APPROVER: &str = "approver";

/// Who of the staff asked, for the log, and what they had seen.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// What they decided on.
    pub seen: Seen,
}

impl Staff {
    /// Who takes a step.
    #[must_use]
    pub fn by(&self) -> By {
        By { name: self.actor.clone(), confirms: self.role == APPROVER }
    }

    /// Staff who do not say what they had seen.
    #[must_use]
    pub fn new(actor: impl Into<String>, role: impl Into<String>) -> Staff {
        Staff { actor: actor.into(), role: role.into(), seen: Seen::Unsaid }
    }
}

/// What staff had seen of what they want to change: what is another version by now stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seen {
    /// They do not say.
    #[default]
    Unsaid,
    /// Whatever it is, if it is there.
    Anything,
    /// One of these versions.
    OneOf(Vec<u64>),
}

impl Seen {
    /// Whether what they saw still stands, as this version; nothing when it is not there at all.
    ///
    /// # Errors
    /// `VersionChanged`.
    pub fn check(&self, stands: Option<u64>) -> Result<(), Refusal> {
        let is_so = match self {
            Seen::Unsaid => true,
            Seen::Anything => stands.is_some(),
            Seen::OneOf(versions) => stands.is_some_and(|it| versions.contains(&it)),
        };
        if is_so { Ok(()) } else { Err(Refusal::VersionChanged) }
    }
}

/// What staff did, as it will stand in the log, and what they had seen before.
#[derive(Debug, Clone)]
pub(crate) struct Acted {
    pub event: Event,
    pub seen: Seen,
}

/// What staff want of a round that can be tried before it is done.
#[derive(Debug, Clone)]
pub enum Wish {
    /// A step of its life.
    Step(Step, By),
    /// Other figures of the inlet.
    SetInlet(InletPatch),
    /// So many people let in by hand.
    StepInlet(u64),
    /// More or less stock, to be confirmed by a second person.
    AskStock(StockAsk),
    /// The second person's answer.
    AnswerStock(StockAnswer),
    /// A look at a purchase: changes nothing, and stands in the log.
    LookUp(PurchaseId),
}

impl Wish {
    /// The word for it in the log.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Wish::Step(step, _) => step.word(),
            Wish::SetInlet(_) => "set-inlet",
            Wish::StepInlet(_) => "step-inlet",
            Wish::AskStock(_) => "ask-stock",
            Wish::AnswerStock(answer) if answer.is_confirmed => "confirm-stock",
            Wish::AnswerStock(_) => "refuse-stock",
            Wish::LookUp(_) => "look-up-purchase",
        }
    }
}

/// Figures of the inlet to change; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct InletPatch {
    /// People let in per 1,000 seconds.
    pub rate_per_1000_s: Option<u64>,
    /// People between their turn and its end.
    pub max_active: Option<u64>,
    /// How long a turn waits to be claimed.
    pub claim_window_s: Option<u32>,
    /// How long a pass lives.
    pub pass_ttl_s: Option<u32>,
    /// Steered by policies, by hand, or shut.
    pub mode: Option<InletMode>,
    /// The latency that the inlet is steered by; inside it nothing, when it is to be by none.
    pub latency_target_ms: Option<Option<u32>>,
}
