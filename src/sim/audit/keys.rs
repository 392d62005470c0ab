//! OR-3 and OR-4: what was answered is in the store, a key has one effect, and one answer for
//! ever.

use super::Auditor;
use super::money::Phase;
use crate::sim::people::{Attempt, Request, Shown, digest_of, number_of};
use crate::sim::sale::COUNTER;
use openrun_core::purchase::PurchaseState;
use openrun_core::round_spec::LineId;
use openrun_core::{IdempotencyKey, Purchase, Refusal, Timestamp};

/// What is known of one key of one person.
#[derive(Debug, Default)]
pub(super) struct KeyBook {
    /// After how many events it was first shown.
    first_shown: u64,
    /// With which bodies.
    pub shown: Vec<[u8; 32]>,
    pub digest: Option<[u8; 32]>,
    pub effect: Option<u128>,
    pub refusal: Option<Refusal>,
    /// When it was last answered with a no that is not remembered.
    pub refused_at: Option<Timestamp>,
    /// The final answer that was given, and when.
    pub issued_at: Option<Timestamp>,
    pub is_refused: bool,
}

impl KeyBook {
    pub fn first_shown_after(events: u64) -> KeyBook {
        KeyBook { first_shown: events, ..KeyBook::default() }
    }
}

pub(super) fn number(key: &IdempotencyKey) -> u64 {
    key.as_str().parse().expect("keys of the simulator are numbers")
}

impl Auditor {
    /// A purchase is asked for.
    pub fn asked(&mut self, request: &Request, attempt: &Attempt) {
        let digest = digest_of(request.round, attempt.amount);
        self.show_key((request.person, attempt.key), digest);
    }

    pub(super) fn take_key(&mut self, purchase: &Purchase) {
        let who = (number_of(purchase.person), number(&purchase.key));
        let book = self.keys.entry(who).or_default();
        let is_first = book.effect.is_none() && book.refusal.is_none();
        let was_refused = book.refused_at.is_some_and(|at| purchase.at < at);
        book.effect = Some(purchase.id.0);
        book.digest = Some(purchase.digest);
        self.must(is_first, "OR-4", || format!("the key {who:?} has two effects"));
        self.must(!was_refused, "OR-4", || {
            format!("the key {who:?} was refused after its purchase had been decided")
        });
    }

    pub(super) fn key_refused(
        &mut self,
        person: u32,
        key: &IdempotencyKey,
        digest: [u8; 32],
        refusal: &Refusal,
    ) {
        let who = (person, number(key));
        let book = self.keys.entry(who).or_default();
        let is_first = book.effect.is_none() && book.refusal.is_none();
        book.refusal = Some(refusal.clone());
        book.digest = Some(digest);
        self.must(is_first, "OR-4", || format!("the key {who:?} is refused after an effect"));
    }

    /// An answer to a purchase leaves.
    pub(super) fn purchase_answered(
        &mut self,
        request: &Request,
        attempt: &Attempt,
        answer: &Result<Box<Purchase>, Refusal>,
    ) {
        let who = (request.person, attempt.key);
        let digest = digest_of(request.round, attempt.amount);
        match answer {
            Ok(purchase) => self.answered_yes(request, who, digest, purchase),
            Err(Refusal::Unavailable | Refusal::Overloaded) => {}
            Err(Refusal::IdempotencyKeyReused) => self.check_reused(who, digest),
            Err(refusal) if refusal.is_remembered() => {
                self.answered_no_for_ever(request, attempt, refusal);
            }
            Err(refusal) => {
                let now = self.now;
                let book = self.keys.entry(who).or_default();
                let has_none = book.effect.is_none() && book.refusal.is_none();
                book.refused_at = Some(now);
                self.must(has_none, "OR-4", || {
                    format!("the key {who:?} has an answer for ever and got {}", refusal.code())
                });
            }
        }
    }

    fn answered_yes(
        &mut self,
        request: &Request,
        who: (u32, u64),
        digest: [u8; 32],
        purchase: &Purchase,
    ) {
        let now = self.now;
        let phase = self.deals.get(&purchase.id.0).map(|deal| deal.phase);
        let is_issued = purchase.state == PurchaseState::Issued;
        let is_durable = match is_issued {
            true => phase == Some(Phase::Issued),
            false => phase.is_some(),
        };
        let book = self.keys.entry(who).or_default();
        let is_its_own = book.effect == Some(purchase.id.0) && book.digest == Some(digest);
        // Two devices that asked at once may hear of two moments; who asks later hears no less.
        let was_issued = book.issued_at.is_some_and(|at| at < request.sent);
        let goes_back = (was_issued && !is_issued) || book.is_refused;
        if is_issued {
            book.issued_at.get_or_insert(now);
        }
        if is_issued && purchase.serial_number().is_none() {
            self.wallets.told.entry(request.person).or_default().push((now, purchase.id.0));
        }
        self.must(is_durable, "OR-3", || {
            format!(
                "{:x} was answered as {:?} before it was written",
                purchase.id.0, purchase.state
            )
        });
        self.must(is_its_own, "OR-4", || format!("the key {who:?} got another's answer"));
        self.must(!goes_back, "OR-4", || format!("the key {who:?} had another answer before"));
    }

    fn answered_no_for_ever(&mut self, request: &Request, attempt: &Attempt, refusal: &Refusal) {
        let who = (request.person, attempt.key);
        let book = self.keys.entry(who).or_default();
        let (is_written, effect) = (book.refusal.as_ref() == Some(refusal), book.effect);
        let (was_issued, since) = (book.issued_at.is_some(), book.first_shown);
        let is_first = !std::mem::replace(&mut book.is_refused, true);
        let phase = effect.and_then(|id| self.deals.get(&id)).map(|deal| deal.phase);
        let is_voided = *refusal == Refusal::PaymentDeclined
            && matches!(phase, Some(Phase::Voided | Phase::Returning));
        self.must(is_written || is_voided, "OR-3", || {
            format!("the key {who:?} got {} before it was written", refusal.code())
        });
        self.must(!was_issued, "OR-4", || format!("the key {who:?} was issued before"));
        let is_want = matches!(refusal, Refusal::SoldOut | Refusal::InsufficientStock { .. });
        let line = match attempt.shown {
            Shown::Pass(pass, _) => Some(pass.line),
            _ if attempt.channel == COUNTER => Some(LineId::COUNTER),
            _ => None,
        };
        if let Some(line) = line.filter(|_| is_want && is_first) {
            let amount = match refusal {
                Refusal::SoldOut => openrun_core::Won(1),
                _ => attempt.amount,
            };
            self.check_want(request.round, since, line, amount);
        }
    }
}
