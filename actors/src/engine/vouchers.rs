//! What people may do with vouchers once they have them: look, spend, cancel, have refunded, give.

use super::{Engine, unavailable};
use crate::handle::Serve;
use crate::people::People;
use crate::person::{
    AskVouchers, Expire, Giving, MoveAnswered, PayingBack, PersonShell, Spending, read_beside,
};
use crate::requests::{CancelRequest, GiftRequest, Moved, RefundRequest, Refused, SpendRequest};
use crate::store::DueVouchers;
use openrun_core::person::{GiftAsk, MoveAnswer, PaybackAsk, PaybackOf, Person, SpendAsk};
use openrun_core::voucher::{Asked, Gift, PaybackAnswer, Spend};
use openrun_core::{
    Event, Feature, PersonKey, ProgramId, Refusal, StoredEvent, Voucher, VoucherId,
};
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};

/// Vouchers that are looked at in one go for whether their time is over: a few dozen milliseconds
/// of the store. The people of those that are due are woken up, a few at a time.
const LOOKED_AT_ONCE: usize = 4_096;
/// People who are woken up at once: a store that is busy selling is hardly asked more.
const WOKEN_AT_ONCE: usize = 8;
/// How long one of them is waited for. Whose stream is stuck goes on without being waited for, and
/// keeps nobody of another program from their turn.
const WAITED_FOR: Duration = Duration::from_secs(1);

fn fresh(refusal: Refusal) -> Refused {
    Refused { refusal, is_replay: false }
}

/// The answer of the kind that was asked for.
fn of_kind<T>(
    answered: Result<MoveAnswered, Refusal>,
    kind: impl FnOnce(MoveAnswer) -> Option<T>,
) -> Result<Moved<T>, Refused> {
    let MoveAnswered { answer, is_replay } = answered.map_err(fresh)?;
    let answer = answer.map_err(|refusal| Refused { refusal, is_replay })?;
    // A key that was used for another kind of move, with the same digest.
    let answer = kind(answer).ok_or_else(|| fresh(Refusal::IdempotencyKeyReused))?;
    Ok(Moved { answer, is_replay })
}

impl Engine {
    /// The vouchers of a person, newest first. What it says is durable.
    ///
    /// # Errors
    /// `Overloaded`, `Unavailable`.
    pub async fn vouchers_of(&self, person: PersonKey) -> Result<Vec<Voucher>, Refusal> {
        let people = &self.0.people;
        if let Some(living) = people.living(person) {
            return Ok(living.call(AskVouchers).await?);
        }
        if !people.is_known(person) {
            return Ok(Vec::new());
        }
        let (bought, moves) = read_beside(&*self.0.store, person).await.map_err(unavailable)?;
        Ok(self.vouchers_in(&Person::replay_with_moves(person, &bought, &moves)))
    }

    fn vouchers_in(&self, person: &Person) -> Vec<Voucher> {
        let programs: HashMap<ProgramId, _> =
            self.programs().into_iter().map(|program| (program.id.clone(), program)).collect();
        person.vouchers(self.now(), |id| programs.get(id).map(|program| &**program))
    }

    /// A voucher of this person with everything that happened to it, in its order: first the
    /// purchase or the gift that it came from.
    ///
    /// # Errors
    /// `VoucherNotFound`, also for somebody else's; `Unavailable` when the store is away.
    pub async fn voucher(
        &self,
        person: PersonKey,
        id: VoucherId,
    ) -> Result<(Voucher, Vec<StoredEvent>), Refusal> {
        let (bought, moves) = read_beside(&*self.0.store, person).await.map_err(unavailable)?;
        let read = Person::replay_with_moves(person, &bought, &moves);
        let mut vouchers = self.vouchers_in(&read).into_iter();
        let voucher = vouchers.find(|voucher| voucher.id == id);
        let voucher = voucher.ok_or(Refusal::VoucherNotFound)?;
        let is_its_own = |stored: &StoredEvent| match &stored.event {
            Event::Issued { purchase } => VoucherId::from(purchase.id) == id,
            Event::Gifted { of, to, .. } if *to == person => VoucherId::from(of.id) == id,
            event => event.voucher_move().is_some_and(|of| of.voucher == id),
        };
        Ok((voucher, bought.into_iter().chain(moves).filter(is_its_own).collect()))
    }

    async fn move_of<C>(&self, person: PersonKey, ask: C) -> Result<MoveAnswered, Refusal>
    where
        PersonShell: Serve<C, Answer = MoveAnswered>,
        C: Send + 'static,
    {
        Ok(People::handle(&self.0.people, person).call(ask).await?)
    }

    /// Pays a merchant. The answer is durable when it comes.
    ///
    /// # Errors
    /// `IdempotencyKeyReused`, `InvalidAmount`, `VoucherNotFound`, `MerchantNotFound`,
    /// `VoucherNotActive`, `WrongRegion`, `InsufficientBalance`, `Overloaded`, `Unavailable`.
    pub async fn spend(&self, request: SpendRequest) -> Result<Moved<Spend>, Refused> {
        let SpendRequest { id, person, voucher, merchant, amount, key, digest } = request;
        let asked = Asked { key, digest };
        let ask = SpendAsk { id, voucher, merchant, amount, asked };
        of_kind(self.move_of(person, Spending(ask)).await, |answer| match answer {
            MoveAnswer::Spent(spend) => Some(*spend),
            _ => None,
        })
    }

    /// Cancels a purchase of which nothing was spent. The answer is durable when it comes; when the
    /// rail has not answered within 5 s it says so.
    ///
    /// # Errors
    /// `IdempotencyKeyReused`, `PurchaseNotFound`, `VoucherNotActive`, `AlreadySpent`,
    /// `PaybackDeclined`, `Overloaded`, `Unavailable`.
    pub async fn cancel(&self, request: CancelRequest) -> Result<Moved<PaybackAnswer>, Refused> {
        let CancelRequest { id, person, purchase, key, digest } = request;
        let asked = Asked { key, digest };
        self.pay_back(person, PaybackAsk { id, of: PaybackOf::Purchase(purchase), asked }).await
    }

    /// Has the balance of a voucher refunded. Answers as [`Engine::cancel`] does.
    ///
    /// # Errors
    /// `IdempotencyKeyReused`, `VoucherNotFound`, `VoucherNotActive`, `GiftNotRefundable`,
    /// `InsufficientBalance`, `BelowRefundThreshold`, `PaybackDeclined`, `Overloaded`,
    /// `Unavailable`.
    pub async fn refund(&self, request: RefundRequest) -> Result<Moved<PaybackAnswer>, Refused> {
        let RefundRequest { id, person, voucher, key, digest } = request;
        let asked = Asked { key, digest };
        self.pay_back(person, PaybackAsk { id, of: PaybackOf::Voucher(voucher), asked }).await
    }

    async fn pay_back(
        &self,
        person: PersonKey,
        ask: PaybackAsk,
    ) -> Result<Moved<PaybackAnswer>, Refused> {
        of_kind(self.move_of(person, PayingBack(ask)).await, |answer| match answer {
            MoveAnswer::PaidBack(payback) => Some(*payback),
            _ => None,
        })
    }

    /// Gives some of a voucher to somebody. The answer is durable when it comes.
    ///
    /// # Errors
    /// `Suspended`, `Malformed` for a gift to oneself, `IdempotencyKeyReused`, `InvalidAmount`,
    /// `VoucherNotFound`, `ReceiverNotFound`, `VoucherNotActive`, `InsufficientBalance`,
    /// `ReceiverLimitExceeded`, `Overloaded`, `Unavailable`.
    pub async fn gift(&self, request: GiftRequest) -> Result<Moved<Gift>, Refused> {
        let GiftRequest { id, person, voucher, to, amount, key, digest } = request;
        // A key that was answered before gets that answer, whatever is switched off since.
        let off = match self.check_gifts(person, voucher).await {
            Ok(()) => None,
            Err(refusal @ Refusal::Suspended { .. }) => Some(refusal),
            Err(refusal) => return Err(fresh(refusal)),
        };
        if to == person {
            let detail = "to_person is somebody else".to_owned();
            return Err(fresh(Refusal::Malformed { detail }));
        }
        let asked = Asked { key, digest };
        let is_receiver_registered = self.is_signed_up(to);
        let ask = GiftAsk { id, voucher, to, is_receiver_registered, amount, asked };
        of_kind(self.move_of(person, Giving { ask, off }).await, |answer| match answer {
            MoveAnswer::Gifted(gift) => Some(*gift),
            _ => None,
        })
    }

    /// Whether this voucher can be given now, as far as the operator has a say. Which program it is
    /// of is looked up only where one program's gifts are switched off.
    async fn check_gifts(&self, person: PersonKey, voucher: VoucherId) -> Result<(), Refusal> {
        self.check_feature(Feature::Gifts, None)?;
        let is_off = |id: &ProgramId| self.check_feature(Feature::Gifts, Some(id)).is_err();
        if !self.programs().iter().any(|program| is_off(&program.id)) {
            return Ok(());
        }
        let theirs = self.vouchers_of(person).await?;
        let program = theirs.into_iter().find(|held| held.id == voucher).map(|held| held.program);
        self.check_feature(Feature::Gifts, program.as_ref())
    }

    /// Lets what is left in vouchers whose time is over fall to their issuers, a slice at a time;
    /// answers how many did. Called by a timer at the edge. Those of a program whose stream is
    /// stuck or in doubt are left for the next time, and keep nobody else's waiting.
    ///
    /// # Errors
    /// `Unavailable` when the store is away.
    pub async fn expire_due(&self) -> Result<usize, Refusal> {
        let (now, mut after, mut ended) = (self.now(), None, 0);
        loop {
            let due = self.0.store.vouchers_due(now, after, LOOKED_AT_ONCE).await;
            let DueVouchers { found, next } = due.map_err(unavailable)?;
            let mut theirs: HashMap<PersonKey, Vec<VoucherId>> = HashMap::new();
            for (voucher, person) in found {
                theirs.entry(person).or_default().push(voucher);
            }
            // Who does not answer is asked again the next time.
            let count = |woken: Option<Result<usize, JoinError>>| {
                woken.and_then(Result::ok).unwrap_or_default()
            };
            let mut woken = JoinSet::new();
            for (person, vouchers) in theirs {
                if woken.len() >= WOKEN_AT_ONCE {
                    ended += count(woken.join_next().await);
                }
                let expiring = People::handle(&self.0.people, person).call(Expire(vouchers));
                woken.spawn(async move {
                    match tokio::time::timeout(WAITED_FOR, expiring).await {
                        Ok(Ok(count)) => count,
                        Ok(Err(_)) | Err(_) => 0,
                    }
                });
            }
            while !woken.is_empty() {
                ended += count(woken.join_next().await);
            }
            if next.is_none() {
                return Ok(ended);
            }
            after = next;
        }
    }
}
