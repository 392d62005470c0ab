//! OR-3 and OR-4 for what people do with vouchers: what was answered is written, a key has one
//! effect and one answer, and what somebody is shown is no older than what they were told.

use super::Auditor;
use super::keys::KeyBook;
use crate::sim::people::{MoveWish, Request, digest_of_move};
use openrun_core::person::MoveAnswer;
use openrun_core::voucher::{Asked, VoucherMove};
use openrun_core::{Refusal, Voucher};
use std::collections::BTreeMap;

impl Auditor {
    /// A move is asked for.
    pub(super) fn move_asked(&mut self, request: &Request, wish: &MoveWish) {
        let digest = digest_of_move(&wish.what);
        self.show_key((request.person, wish.key), digest);
    }

    pub(super) fn show_key(&mut self, who: (u32, u64), digest: [u8; 32]) {
        let events = self.events;
        let book = self.keys.entry(who).or_insert_with(|| KeyBook::first_shown_after(events));
        if !book.shown.contains(&digest) {
            book.shown.push(digest);
        }
    }

    pub(super) fn take_move_key(&mut self, person: u32, asked: &Asked, of: &VoucherMove) {
        let who = (person, super::keys::number(&asked.key));
        let book = self.keys.entry(who).or_default();
        let is_first = book.effect.is_none() && book.refusal.is_none();
        let was_refused = book.refused_at.is_some_and(|at| of.at < at);
        (book.effect, book.digest) = (Some(of.id.0), Some(asked.digest));
        self.must(is_first, "OR-4", || format!("the key {who:?} has two effects"));
        self.must(!was_refused, "OR-4", || {
            format!("the key {who:?} was refused after its move had been decided")
        });
    }

    /// An answer to a move leaves.
    pub(super) fn move_answered(
        &mut self,
        request: &Request,
        wish: &MoveWish,
        answer: &Result<MoveAnswer, Refusal>,
    ) {
        let who = (request.person, wish.key);
        let digest = digest_of_move(&wish.what);
        match answer {
            Ok(answer) => self.move_done(request, who, digest, answer),
            // What is no request is told so before anybody looks at its key.
            Err(Refusal::Unavailable | Refusal::Overloaded | Refusal::Malformed { .. }) => {}
            Err(Refusal::IdempotencyKeyReused) => self.check_reused(who, digest),
            Err(refusal) if refusal.is_remembered() => self.move_refused(who, refusal),
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

    /// Another body was shown under this key, and this one has no effect.
    pub(super) fn check_reused(&mut self, who: (u32, u64), digest: [u8; 32]) {
        let book = self.keys.entry(who).or_default();
        let is_other = book.shown.iter().any(|shown| *shown != digest);
        let has_own = book.digest == Some(digest);
        self.must(is_other && !has_own, "OR-4", || format!("the key {who:?} was not reused"));
    }

    fn move_done(
        &mut self,
        request: &Request,
        who: (u32, u64),
        digest: [u8; 32],
        answer: &MoveAnswer,
    ) {
        let now = self.now;
        let (id, amount, left, is_done) = match answer {
            MoveAnswer::Spent(spend) => {
                (spend.id.0, spend.amount.0, Some(spend.balance_after.0), false)
            }
            MoveAnswer::Gifted(gift) => {
                (gift.id.0, gift.amount.0, Some(gift.balance_after.0), false)
            }
            MoveAnswer::PaidBack(payback) => {
                let left = payback.is_done.then_some(0);
                (payback.id.0, payback.payback.amount.0, left, payback.is_done)
            }
            MoveAnswer::Refused(_) => return self.break_("OR-4", "a refusal as a yes".to_owned()),
        };
        let effect = self.wallets.effects.get(&id);
        let is_written = effect.is_some_and(|effect| {
            let is_end = !is_done || effect.is_paid == Some(true);
            let is_left = left.is_none_or(|left| left == effect.left);
            effect.amount == amount && is_left && is_end
        });
        let voucher = effect.map(|effect| effect.voucher);
        let book = self.keys.entry(who).or_default();
        let is_its_own = book.effect == Some(id) && book.digest == Some(digest);
        let was_done = book.issued_at.is_some_and(|at| at < request.sent);
        let is_payback = matches!(answer, MoveAnswer::PaidBack(_));
        let goes_back = book.is_refused || (is_payback && was_done && !is_done);
        if is_done {
            book.issued_at.get_or_insert(now);
        }
        self.must(is_written, "OR-3", || format!("{answer:?} was answered before it was written"));
        self.must(is_its_own, "OR-4", || format!("the key {who:?} got another's answer"));
        self.must(!goes_back, "OR-4", || format!("the key {who:?} had another answer before"));
        let book = voucher.and_then(|voucher| self.wallets.books.get_mut(&voucher));
        if let (Some(book), Some(left)) = (book, left)
            && book.told.is_none_or(|(_, least)| left < least)
        {
            book.told = Some((now, left));
        }
    }

    fn move_refused(&mut self, who: (u32, u64), refusal: &Refusal) {
        let book = self.keys.entry(who).or_default();
        let (is_written, effect) = (book.refusal.as_ref() == Some(refusal), book.effect);
        let was_done = book.issued_at.is_some();
        book.is_refused = true;
        let paid = effect.and_then(|id| self.wallets.effects.get(&id)).map(|it| it.is_paid);
        let is_declined = *refusal == Refusal::PaybackDeclined && paid == Some(Some(false));
        self.must(is_written || is_declined, "OR-3", || {
            format!("the key {who:?} got {} before it was written", refusal.code())
        });
        self.must(!was_done, "OR-4", || format!("the key {who:?} was done before"));
    }

    /// Somebody is shown what they have: all that they were told of before they asked, each with no
    /// more in it than they were told, and no less than is written.
    pub(super) fn vouchers_shown(&mut self, request: &Request, vouchers: &[Voucher]) {
        let shown: BTreeMap<u128, i64> =
            vouchers.iter().map(|it| (it.id.0, it.balance.0)).collect();
        let told = self.wallets.told.get(&request.person);
        let mut told = told.into_iter().flatten().filter(|(at, _)| *at < request.sent);
        let lost = told.find(|(_, id)| !shown.contains_key(id)).map(|(_, id)| *id);
        self.must(lost.is_none(), "OR-3", || format!("the voucher {lost:x?} is not shown"));
        for (id, left) in shown {
            let book = self.wallets.books.get(&id);
            let is_theirs = book.is_some_and(|book| book.person == request.person);
            let is_written = book.is_some_and(|book| book.balance <= left);
            let told = book.and_then(|book| book.told).filter(|(at, _)| *at < request.sent);
            let is_new = told.is_none_or(|(_, least)| left <= least);
            self.must(is_theirs, "OR-3", || format!("{id:x} is shown to somebody else"));
            self.must(is_written && is_new, "OR-3", || {
                format!("{id:x} is shown with {left} won in it, told were {told:?}")
            });
        }
    }
}
