//! A person who buys: limits by month and by holding over all rounds and channels, purchases that
//! are not paid yet, and the keys whose answers must never change.
//!
//! Knows nothing of stock or windows beyond what it is told. One decision at a time: the mailbox is
//! the queue. Payments take as long as they take; what they hold counts as used.

use crate::purchase::{PassId, Purchase, PurchaseState};
use crate::{
    Event, IdempotencyKey, Month, ProgramId, PurchaseId, Refusal, RoundId, Rules, StoredEvent,
    Timestamp, Who, Won,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use vouchers::Wallet;

pub mod vouchers;

pub use vouchers::{GiftAsk, MoveAnswer, MoveDecision, PaybackAsk, PaybackOf, SpendAsk};

/// Keys that bought or moved something, of one person: thirteen a day for ten years, and still read
/// from the store in about a second. Beyond it a new one is `Overloaded`.
const KEYS_MAX: usize = 50_000;

/// Refusals that are remembered of one person: somebody who is refused four times a week for ten
/// years, and an end to what one who asks for too much all day can have written down. Beyond it
/// what would have to be remembered is `Overloaded`: nothing is told that its key may not get
/// again. What can be done is done all the same.
const REFUSALS_MAX: usize = 2_000;

/// The pass that came with a purchase, as far as its signature and times tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownPass {
    /// None was shown.
    Missing,
    /// Forged, another's, or of another round.
    Invalid,
    /// Good once, too late now.
    Expired(PassId),
    /// Good until then.
    Valid(PassId, Timestamp),
}

/// What the edge knows of the round when a purchase is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundFacts {
    /// The round.
    pub round: RoundId,
    /// Its program.
    pub program: ProgramId,
    /// The rules of today.
    pub rules: Arc<Rules>,
    /// Why this round does not sell to this person now, if so: `RoundNotOpen` or `NotEligible`.
    pub closed: Option<Refusal>,
    /// Whether the program is sold through the person's channel.
    pub channel_allowed: bool,
    /// If that channel is a counter of the program: who stands there. No pass is asked for.
    pub at_counter: Option<Who>,
}

/// A purchase as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The client's name for the attempt.
    pub key: IdempotencyKey,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// How much.
    pub amount: Won,
    /// Whether the person signed up.
    pub is_registered: bool,
    /// The round, if there is such a one.
    pub round: Option<RoundFacts>,
    /// The pass.
    pub pass: ShownPass,
    /// Whether a teller was paid: so at a counter, and nowhere else.
    pub is_cash: bool,
}

/// An answer that a key got. One that is final it gets for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The purchase is held or being paid: not an end yet.
    Pending(Box<Purchase>),
    /// The purchase.
    Issued(Box<Purchase>),
    /// The refusal.
    Refused(Refusal),
}

/// What a key was used for.
#[derive(Debug, Clone)]
enum Kept {
    Purchase(Answer),
    Move(MoveAnswer),
}

#[derive(Debug, Clone)]
struct Remembered {
    digest: [u8; 32],
    answer: Kept,
}

/// The limit set aside for a purchase that the round has not decided yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitHold {
    /// Of which program.
    pub program: ProgramId,
    /// Of which month, fixed now.
    pub month: Month,
    /// How much.
    pub amount: Won,
    /// With which pass.
    pub pass: PassId,
    /// Until when that pass is good.
    pub pass_expires_at: Timestamp,
    /// What will have been used of the month.
    pub used_after: Won,
}

impl LimitHold {
    fn is_for(&self, purchase: &Purchase) -> bool {
        // The serial number was not known yet.
        let is_paper = self.pass.is_at_counter() && purchase.pass.is_at_counter();
        self.program == purchase.program
            && (self.month, self.amount) == (purchase.month, purchase.amount)
            && (self.pass == purchase.pass || is_paper)
    }
}

/// What a purchase comes to as far as the person is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The key was seen: the same answer again.
    Replay(Answer),
    /// The limit allows it.
    Hold(LimitHold),
}

#[derive(Debug, Clone, Default)]
struct Account {
    used: HashMap<Month, Won>,
    holding: Won,
    /// What is held and not paid yet.
    held: HashMap<Month, Won>,
    /// Of what was used, what cancels gave back.
    returned: HashMap<Month, Won>,
    /// What was spent or given and is not durable yet: it counts as held until then.
    unsettled: Won,
    /// What others gave, by month.
    received: HashMap<Month, Won>,
}

impl Account {
    fn held_in_all(&self) -> Won {
        self.held.values().copied().sum()
    }

    /// Bought in a month, without what cancels gave back.
    fn used_in(&self, month: Month) -> Won {
        let of_month = |part: &HashMap<Month, Won>| part.get(&month).copied().unwrap_or_default();
        of_month(&self.used).minus(of_month(&self.returned))
    }
}

/// What a person's limits for one program are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The month.
    pub month: Month,
    /// Bought in it.
    pub used: Won,
    /// Of this month, set aside for purchases that are not paid yet.
    pub held: Won,
    /// What may still be bought this month.
    pub allowance: Won,
    /// Held in vouchers.
    pub holding: Won,
    /// What may still be held.
    pub room: Won,
    /// Given by others in this month.
    pub received: Won,
}

/// A person who buys.
#[derive(Debug, Clone, Default)]
pub struct Person {
    // Boxed, for a map has room for three from the first on: of most people there is one of each.
    accounts: HashMap<ProgramId, Box<Account>>,
    keys: HashMap<IdempotencyKey, Box<Remembered>>,
    /// Of these keys, those that were refused when they were asked for.
    refused: usize,
    passes: HashSet<(RoundId, PassId)>,
    /// What the round has not decided yet.
    hold: Option<LimitHold>,
    /// What is held until the rail has answered.
    pending: HashMap<PurchaseId, Purchase>,
    wallet: Wallet,
}

impl Person {
    /// A person from the store.
    #[must_use]
    pub fn replay(events: &[StoredEvent]) -> Person {
        let mut person = Person::default();
        events.iter().for_each(|stored| person.apply(&stored.event));
        person
    }

    /// What a purchase comes to: the ladder of refusals in the order of the contract, then the
    /// hold.
    ///
    /// # Errors
    /// The first refusal that applies.
    ///
    /// # Panics
    /// When the round has not decided the last one: the mailbox lets in one at a time.
    pub fn decide(&self, now: Timestamp, ask: &Ask) -> Result<Decision, Refusal> {
        assert!(self.hold.is_none(), "OR-2: two purchases of one person at once");
        if let Some(remembered) = self.keys.get(&ask.key) {
            if remembered.digest != ask.digest {
                return Err(Refusal::IdempotencyKeyReused);
            }
            let Kept::Purchase(answer) = &remembered.answer else {
                return Err(Refusal::IdempotencyKeyReused);
            };
            return Ok(Decision::Replay(answer.clone()));
        }
        Person::check_method(ask)?;
        let facts = Person::check_amount(ask)?;
        if !ask.is_registered {
            return Err(Refusal::NotRegistered);
        }
        if !facts.channel_allowed {
            let channels = facts.rules.channels.clone();
            return Err(Refusal::ChannelNotAllowed { channels });
        }
        if let Some(closed) = &facts.closed {
            return Err(closed.clone());
        }
        let (pass, pass_expires_at) = self.check_pass(facts, &ask.pass)?;
        self.check_keys()?;
        let limits = self.limits(&facts.program, &facts.rules, now);
        if ask.amount > limits.allowance {
            return Err(Refusal::MonthlyLimitExceeded { allowance_won: limits.allowance });
        }
        if ask.amount > limits.room {
            return Err(Refusal::HoldingLimitExceeded { room_won: limits.room });
        }
        // From here it must succeed.
        Ok(Decision::Hold(LimitHold {
            program: facts.program.clone(),
            month: limits.month,
            amount: ask.amount,
            pass,
            pass_expires_at,
            used_after: limits.used.plus(limits.held).plus(ask.amount),
        }))
    }

    fn check_method(ask: &Ask) -> Result<(), Refusal> {
        let is_counter = ask.round.as_ref().is_some_and(|facts| facts.at_counter.is_some());
        if ask.round.is_some() && is_counter != ask.is_cash {
            let rule = "payment.method is `cash` at a counter of the program and nowhere else";
            return Err(Refusal::Malformed { detail: rule.to_owned() });
        }
        Ok(())
    }

    fn check_amount(ask: &Ask) -> Result<&RoundFacts, Refusal> {
        let unknown = Refusal::InvalidAmount { unit_won: None, monthly_limit_won: None };
        if ask.amount <= Won::ZERO || ask.amount > Won::MAX_REQUEST {
            return Err(match &ask.round {
                Some(facts) => Person::invalid_amount(&facts.rules),
                None => unknown,
            });
        }
        let facts = ask.round.as_ref().ok_or(Refusal::RoundNotFound)?;
        let rules = &facts.rules;
        if !ask.amount.is_positive_multiple_of(rules.unit_won)
            || ask.amount > rules.monthly_limit_won
        {
            return Err(Person::invalid_amount(rules));
        }
        Ok(facts)
    }

    fn invalid_amount(rules: &Rules) -> Refusal {
        Refusal::InvalidAmount {
            unit_won: Some(rules.unit_won),
            monthly_limit_won: Some(rules.monthly_limit_won),
        }
    }

    fn check_pass(
        &self,
        facts: &RoundFacts,
        pass: &ShownPass,
    ) -> Result<(PassId, Timestamp), Refusal> {
        if facts.at_counter.is_some() {
            return Ok((PassId::AT_COUNTER, Timestamp(i64::MAX)));
        }
        let is_used = |pass: PassId| self.passes.contains(&(facts.round.clone(), pass));
        match *pass {
            ShownPass::Missing => Err(Refusal::PassRequired),
            ShownPass::Invalid => Err(Refusal::PassInvalid),
            ShownPass::Expired(_) => Err(Refusal::PassExpired),
            ShownPass::Valid(pass, _) if is_used(pass) => Err(Refusal::PassUsed),
            ShownPass::Valid(pass, expires_at) => Ok((pass, expires_at)),
        }
    }

    /// What the person may still buy and hold of a program.
    #[must_use]
    pub fn limits(&self, program: &ProgramId, rules: &Rules, now: Timestamp) -> Limits {
        let month = Month::of(now);
        let account = self.accounts.get(program);
        let used = account.map_or(Won::ZERO, |account| account.used_in(month));
        let held = account.and_then(|account| account.held.get(&month).copied());
        let held = held.unwrap_or_default();
        let (holding, held_in_all) = account.map_or((Won::ZERO, Won::ZERO), |account| {
            (account.holding.plus(account.unsettled), account.held_in_all())
        });
        let received = account.and_then(|account| account.received.get(&month).copied());
        let undecided = self.hold.iter().filter(|hold| hold.program == *program);
        let undecided: Won = undecided.map(|hold| hold.amount).sum();
        let held = held.plus(undecided);
        Limits {
            month,
            used,
            held,
            allowance: rules.monthly_limit_won.minus(used).minus(held).or_zero(),
            holding,
            room: rules
                .holding_limit_won
                .minus(holding)
                .minus(held_in_all)
                .minus(undecided)
                .minus(self.wallet.expected(program, None))
                .or_zero(),
            received: received.unwrap_or_default(),
        }
    }

    /// Sets the limit aside until the round has decided.
    pub fn hold(&mut self, hold: LimitHold) {
        assert!(self.hold.is_none(), "OR-2: two purchases of one person at once");
        assert!(hold.amount > Won::ZERO && hold.amount <= hold.used_after, "OR-2: {hold:?}");
        self.hold = Some(hold);
    }

    /// The limit set aside is free again: the round refused, or nothing was written.
    pub fn release(&mut self) {
        assert!(self.hold.is_some(), "OR-2: a hold released twice");
        self.hold = None;
    }

    /// Takes an event in: live and in recovery alike.
    ///
    /// # Panics
    /// When the event contradicts what stands: the actor is then rebuilt from the store.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Held { purchase, .. } => self.begin(purchase, Answer::Pending),
            Event::PaymentSent { purchase, request, .. } => {
                let Some(pending) = self.pending.get_mut(purchase) else { return };
                self.wallet.note_request(*purchase, request);
                pending.state = PurchaseState::Paying;
                let (key, now) = (pending.key.clone(), Box::new(pending.clone()));
                self.remember_end(&key, Answer::Pending(now));
            }
            Event::Issued { purchase } if self.pending.contains_key(&purchase.id) => {
                self.settle(purchase.id, true);
                self.wallet.issue(purchase);
                let answer = Answer::Issued(Box::new(purchase.clone()));
                self.remember_end(&purchase.key, answer);
            }
            Event::Issued { purchase } => {
                self.begin(purchase, Answer::Issued);
                // Paper is whose hand it is in: nobody can tell when it is spent.
                if purchase.serial_number().is_none() {
                    self.wallet.issue(purchase);
                }
            }
            Event::Voided { purchase, .. } => {
                let Some(pending) = self.settle(*purchase, false) else { return };
                self.wallet.forget_request(*purchase);
                let was_used = self.passes.remove(&(pending.round, pending.pass));
                assert!(was_used, "OR-9: a pass that was not used is free again");
                self.remember_end(&pending.key, Answer::Refused(Refusal::PaymentDeclined));
            }
            Event::Refused { key, digest, refusal, .. } => {
                self.hold = None;
                let answer = Kept::Purchase(Answer::Refused(refusal.clone()));
                self.remember_refusal(key, *digest, answer);
            }
            _ => {}
        }
    }

    /// A purchase that the round has decided: it counts from here on.
    fn begin(&mut self, purchase: &Purchase, answer: fn(Box<Purchase>) -> Answer) {
        let hold = self.hold.take();
        assert!(hold.is_none_or(|h| h.is_for(purchase)), "OR-2: issued what was not held");
        let account = self.accounts.entry(purchase.program.clone()).or_default();
        let is_pending = purchase.state == PurchaseState::Held;
        let part = if is_pending { &mut account.held } else { &mut account.used };
        let sum = part.entry(purchase.month).or_default();
        *sum = sum.plus(purchase.amount);
        if is_pending {
            let former = self.pending.insert(purchase.id, purchase.clone());
            assert!(former.is_none(), "OR-3: a purchase was held twice");
        } else if purchase.serial_number().is_none() {
            account.holding = account.holding.plus(purchase.amount);
        }
        let held = account.held.get(&purchase.month).copied().unwrap_or_default();
        let used = account.used_in(purchase.month).plus(held);
        // Less when something held before came to nothing while the round was deciding.
        assert!(used <= purchase.used_after, "OR-2: more of the month is used than decided");
        let fresh = self.passes.insert((purchase.round.clone(), purchase.pass));
        assert!(fresh, "OR-9: a pass was used twice");
        let answer = Kept::Purchase(answer(Box::new(purchase.clone())));
        self.remember(&purchase.key, purchase.digest, answer);
    }

    /// What was held is used, or free again. Nothing when it has ended before.
    fn settle(&mut self, id: PurchaseId, is_paid: bool) -> Option<Purchase> {
        let pending = self.pending.remove(&id)?;
        let account = self.accounts.entry(pending.program.clone()).or_default();
        let held = account.held.entry(pending.month).or_default();
        *held = held.minus(pending.amount);
        assert!(*held >= Won::ZERO, "OR-2: more was released than was held");
        if is_paid {
            let used = account.used.entry(pending.month).or_default();
            *used = used.plus(pending.amount);
            account.holding = account.holding.plus(pending.amount);
        }
        Some(pending)
    }

    /// A purchase that is not paid yet.
    #[must_use]
    pub fn pending(&self, id: PurchaseId) -> Option<&Purchase> {
        self.pending.get(&id)
    }

    /// The programs in which a purchase is not paid yet, each as often as there are.
    pub fn pending_programs(&self) -> impl Iterator<Item = &ProgramId> {
        self.pending.values().map(|purchase| &purchase.program)
    }

    fn remember(&mut self, key: &IdempotencyKey, digest: [u8; 32], answer: Kept) {
        let before = self.keys.insert(key.clone(), Box::new(Remembered { digest, answer }));
        assert!(before.is_none(), "OR-4: a key was answered twice");
    }

    fn remember_refusal(&mut self, key: &IdempotencyKey, digest: [u8; 32], answer: Kept) {
        self.remember(key, digest, answer);
        self.refused += 1;
        assert!(self.refused <= self.keys.len(), "OR-4: a refusal without a key");
    }

    fn check_keys(&self) -> Result<(), Refusal> {
        let used = self.keys.len() - self.refused;
        if used >= KEYS_MAX { Err(Refusal::Overloaded) } else { Ok(()) }
    }

    /// Whether one more refusal of this person can be remembered.
    ///
    /// # Errors
    /// `Overloaded`, which is then the answer: of a refusal that its key must get for ever nothing
    /// is said unless it is written.
    pub fn check_refusals(&self) -> Result<(), Refusal> {
        if self.refused >= REFUSALS_MAX { Err(Refusal::Overloaded) } else { Ok(()) }
    }

    /// A purchase that was pending has come to its end.
    fn remember_end(&mut self, key: &IdempotencyKey, answer: Answer) {
        let remembered = self.keys.get_mut(key).expect("OR-4: an end without a beginning");
        let was_pending = matches!(remembered.answer, Kept::Purchase(Answer::Pending(_)));
        assert!(was_pending, "OR-4: a key was answered twice");
        remembered.answer = Kept::Purchase(answer);
    }
}

#[cfg(test)]
mod tests;
