//! The port to a payment rail. Adapters live at the edge (`src/rail/`).
//!
//! A rail either answers at once ([`AtOnce`], hold and issue are then one event) or must be waited
//! for ([`Rail`]). Of the second kind nothing is believed but a definite answer: a call that times
//! out, is cut or answers nonsense is [`RailAnswer::Unknown`], which says neither yes nor no.
//! Adapters do not retry and decide nothing: the till asks again, the round decides.

use async_trait::async_trait;
use openrun_core::payment::RailAnswer;
use openrun_core::{PersonKey, PurchaseId, Timestamp, Won};
use std::sync::Arc;
use std::time::Duration;

/// What a person is to pay.
#[derive(Debug, Clone, Copy)]
pub struct Charge {
    /// For which purchase; also the order id at the rail, which makes every call idempotent.
    pub purchase: PurchaseId,
    /// Who pays.
    pub person: PersonKey,
    /// How much.
    pub price: Won,
    /// When it was first decided: an order keeps its date across midnight.
    pub at: Timestamp,
}

/// What a rail that answers at once says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// Paid.
    Paid,
    /// Declined: no money moved.
    Declined,
}

/// Moves money at once.
pub trait AtOnce: Send + Sync + 'static {
    /// Charges without waiting for anybody: called inside a mailbox.
    fn charge_at_once(&self, charge: &Charge) -> Charged;
}

/// What a rail allows and promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailTerms {
    /// Calls in flight at once, at most.
    pub concurrency: usize,
    /// Payments begun in a second, at most.
    pub rate_per_s: u32,
    /// Won begun in a day (Asia/Seoul), at most.
    pub daily_limit: Won,
    /// How long after an order was sent it may still be approved though the rail does not know it
    /// yet.
    pub finality: Duration,
    /// How long a hold may wait to be sent before it is voided.
    pub hold_ttl: Duration,
    /// How often the rail is asked again about a payment at first; the pause doubles from there.
    pub ask_again_after: Duration,
}

/// Moves money, and must be waited for. Every method may be called again with the same order, and
/// after a crash; the rail does it once.
#[async_trait]
pub trait Rail: Send + Sync + 'static {
    /// What it allows and promises.
    fn terms(&self) -> RailTerms;

    /// The exact request with which [`Rail::authorise`] will ask, made durable before the call.
    fn write_request(&self, charge: &Charge) -> String;

    /// Asks for the money with a request that was written before.
    async fn authorise(&self, request: &str) -> RailAnswer;

    /// Asks what became of an order, by the request that was sent.
    async fn inquire(&self, request: &str) -> RailAnswer;

    /// Takes an order back in full, or bars one that the rail does not know from ever being paid.
    async fn cancel(&self, request: &str) -> RailAnswer;

    /// Gives back part of what was paid; `refund` is the refund's own id, for idempotency.
    async fn refund(&self, request: &str, refund: PurchaseId, amount: Won) -> RailAnswer;
}

/// Which kind of rail a server pays through.
#[derive(Clone)]
pub enum PayBy {
    /// It answers at once.
    AtOnce(Arc<dyn AtOnce>),
    /// It must be waited for.
    Waiting(Arc<dyn Rail>),
}

/// Always pays: the issuer settles with the bank later.
#[derive(Debug, Default)]
pub struct InstantRail;

impl AtOnce for InstantRail {
    fn charge_at_once(&self, _charge: &Charge) -> Charged {
        Charged::Paid
    }
}
