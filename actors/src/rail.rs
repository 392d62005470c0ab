//! The port to a payment rail. This issue of the engine knows rails that answer at once; hold and
//! issue are then one event. A rail that must be waited for needs the hold to be durable first and
//! is not supported yet.

use openrun_core::{PersonKey, PurchaseId, Won};

/// What a person is to pay.
#[derive(Debug, Clone, Copy)]
pub struct Charge {
    /// For which purchase; also the rail's idempotency key.
    pub purchase: PurchaseId,
    /// Who pays.
    pub person: PersonKey,
    /// How much.
    pub price: Won,
}

/// What the rail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// Paid.
    Paid,
    /// Declined: no money moved.
    Declined,
}

/// Moves money.
pub trait Rail: Send + Sync + 'static {
    /// Charges at once, without waiting for anybody: called inside a mailbox.
    fn charge_at_once(&self, charge: &Charge) -> Charged;
}

/// Always pays: the issuer settles with the bank later.
#[derive(Debug, Default)]
pub struct InstantRail;

impl Rail for InstantRail {
    fn charge_at_once(&self, _charge: &Charge) -> Charged {
        Charged::Paid
    }
}
