//! What people may do with vouchers once they have them: look, spend, cancel, have refunded, give.

use super::Engine;
use crate::requests::{CancelRequest, GiftRequest, Moved, RefundRequest, Refused, SpendRequest};
use openrun_core::voucher::{Gift, PaybackAnswer, Spend};
use openrun_core::{PersonKey, Refusal, StoredEvent, Voucher, VoucherId};

impl Engine {
    /// The vouchers of a person, newest first.
    ///
    /// # Errors
    /// `Overloaded`, `Unavailable`.
    #[expect(clippy::unused_async, reason = "it will ask the person's actor")]
    pub async fn vouchers_of(&self, _person: PersonKey) -> Result<Vec<Voucher>, Refusal> {
        Err(Refusal::Unavailable)
    }

    /// A voucher of this person with everything that happened to it, in its order.
    ///
    /// # Errors
    /// `VoucherNotFound`, also for somebody else's; `Unavailable` when the store is away.
    #[expect(clippy::unused_async, reason = "it will ask the store")]
    pub async fn voucher(
        &self,
        _person: PersonKey,
        _id: VoucherId,
    ) -> Result<(Voucher, Vec<StoredEvent>), Refusal> {
        Err(Refusal::Unavailable)
    }

    /// Pays a merchant. The answer is durable when it comes.
    ///
    /// # Errors
    /// `IdempotencyKeyReused`, `InvalidAmount`, `VoucherNotFound`, `MerchantNotFound`,
    /// `VoucherNotActive`, `WrongRegion`, `InsufficientBalance`, `Overloaded`, `Unavailable`.
    #[expect(clippy::unused_async, reason = "it will ask the person's actor")]
    pub async fn spend(&self, _request: SpendRequest) -> Result<Moved<Spend>, Refused> {
        Err(not_yet())
    }

    /// Cancels a purchase of which nothing was spent. The answer is durable when it comes; when the
    /// rail has not answered within 5 s it says so.
    ///
    /// # Errors
    /// `IdempotencyKeyReused`, `PurchaseNotFound`, `VoucherNotActive`, `AlreadySpent`,
    /// `PaybackDeclined`, `Overloaded`, `Unavailable`.
    #[expect(clippy::unused_async, reason = "it will ask the person's actor")]
    pub async fn cancel(&self, _request: CancelRequest) -> Result<Moved<PaybackAnswer>, Refused> {
        Err(not_yet())
    }

    /// Has the balance of a voucher refunded. Answers as [`Engine::cancel`] does.
    ///
    /// # Errors
    /// `IdempotencyKeyReused`, `VoucherNotFound`, `VoucherNotActive`, `GiftNotRefundable`,
    /// `InsufficientBalance`, `BelowRefundThreshold`, `PaybackDeclined`, `Overloaded`,
    /// `Unavailable`.
    #[expect(clippy::unused_async, reason = "it will ask the person's actor")]
    pub async fn refund(&self, _request: RefundRequest) -> Result<Moved<PaybackAnswer>, Refused> {
        Err(not_yet())
    }

    /// Gives some of a voucher to somebody. The answer is durable when it comes.
    ///
    /// # Errors
    /// `Suspended`, `Malformed` for a gift to oneself, `IdempotencyKeyReused`, `InvalidAmount`,
    /// `VoucherNotFound`, `ReceiverNotFound`, `VoucherNotActive`, `InsufficientBalance`,
    /// `ReceiverLimitExceeded`, `Overloaded`, `Unavailable`.
    #[expect(clippy::unused_async, reason = "it will ask both actors")]
    pub async fn gift(&self, _request: GiftRequest) -> Result<Moved<Gift>, Refused> {
        Err(not_yet())
    }

    /// Lets what is left in vouchers whose time is over fall to their issuers, a slice at a time;
    /// answers how many did. Called by a timer at the edge.
    ///
    /// # Errors
    /// `Unavailable` when the store is away.
    #[expect(clippy::unused_async, reason = "it will ask the store")]
    pub async fn expire_due(&self) -> Result<usize, Refusal> {
        Err(Refusal::Unavailable)
    }
}

fn not_yet() -> Refused {
    Refused { refusal: Refusal::Unavailable, is_replay: false }
}
