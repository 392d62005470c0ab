//! What people were answered, written down as it comes, and judged on the spot as far as one answer
//! can be: against those that came before its request was sent.

use crate::check::{Acked, AckedPurchase};
use crate::moves::AckedMove;
use crate::wire::{Answer, Request};
use openrun_core::PersonKey;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a ticket's person knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Waiting, or with the turn.
    Live,
    /// Given up, as answered.
    Left,
    /// Bought with, as answered.
    Bought,
    /// Leaving or buying was asked for and not answered yet.
    Asked,
}

/// A ticket that was answered.
#[derive(Debug, Clone)]
pub struct Ticket {
    pub subject: String,
    pub number: u64,
    pub text: String,
    pub standing: Standing,
}

/// A request under a key, and the answer that it must get for ever.
#[derive(Debug, Clone)]
pub struct Kept {
    pub request: Request,
    pub answer: Answer,
}

/// All answers so far.
#[derive(Debug, Default)]
pub struct Book {
    pub acked: Acked,
    pub tickets: Vec<Ticket>,
    pub kept: Vec<Kept>,
    /// Whoever signed up.
    pub subjects: Vec<String>,
    /// Who did something with which voucher last.
    pub wallets: HashMap<String, String>,
    /// What contradicted itself.
    pub faults: Vec<String>,
    /// Purchases whose first answer was lost, and that were there when asked for again.
    pub recovered: u64,
    /// Numbers that were answered and, after a kill, not in the store.
    pub unwritten: HashSet<u64>,
    /// Answers by what was asked for and status.
    pub answers: HashMap<(&'static str, u16), u64>,
    holders: HashMap<u64, PersonKey>,
}

/// The book, and the highest of what was answered so far, to be read before a request is sent.
#[derive(Debug, Default)]
pub struct Ledger {
    book: Mutex<Book>,
    watermark: AtomicU64,
    document: AtomicU64,
    number: AtomicU64,
    answers: AtomicU64,
}

/// What had been answered when a request was sent.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    watermark: u64,
    document: u64,
    number: u64,
}

impl Ledger {
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn before(&self) -> Before {
        let now = |figure: &AtomicU64| figure.load(Ordering::SeqCst);
        let (watermark, document) = (now(&self.watermark), now(&self.document));
        Before { watermark, document, number: now(&self.number) }
    }

    /// How many answers came in all.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::SeqCst)
    }

    pub fn answered(&self, what: &'static str, answer: &Answer) {
        *self.book().answers.entry((what, answer.status)).or_default() += 1;
        self.answers.fetch_add(1, Ordering::SeqCst);
    }

    pub fn fault(&self, words: String) {
        self.book().faults.push(words);
    }

    /// Somebody was told a watermark by a ticket's answer.
    pub fn told_watermark(&self, before: Before, told: u64) {
        self.watermark.fetch_max(told, Ordering::SeqCst);
        if told < before.watermark {
            self.fault(format!("OR-6: watermark {told} was told after {}", before.watermark));
        }
        let mut book = self.book();
        book.acked.watermark = book.acked.watermark.max(told);
    }

    /// Somebody was told a watermark by the shared document, which may lag behind tickets.
    pub fn told_document(&self, before: Before, told: u64) {
        self.document.fetch_max(told, Ordering::SeqCst);
        if told < before.document {
            self.fault(format!("OR-6: the document went from {} to {told}", before.document));
        }
        let mut book = self.book();
        book.acked.watermark = book.acked.watermark.max(told);
    }

    /// A place was answered; says where its ticket stands in the book. `is_new`: by a join that
    /// found none.
    pub fn placed(
        &self,
        before: Before,
        (subject, person): (&str, PersonKey),
        (number, text): (u64, &str),
        is_new: bool,
    ) -> usize {
        if is_new && number <= before.number {
            self.fault(format!("OR-5: number {number} was given after {}", before.number));
        }
        self.number.fetch_max(number, Ordering::SeqCst);
        let mut book = self.book();
        if *book.holders.entry(number).or_insert(person) != person {
            book.faults.push(format!("OR-6: number {number} was given to two people"));
        }
        book.acked.tickets.push((number, person));
        let (subject, text) = (subject.to_owned(), text.to_owned());
        book.tickets.push(Ticket { subject, number, text, standing: Standing::Live });
        book.tickets.len() - 1
    }

    pub fn stands(&self, ticket: usize, standing: Standing) {
        self.book().tickets[ticket].standing = standing;
    }

    /// A purchase, or a refusal that its key keeps, was answered.
    pub fn kept(&self, request: Request, answer: Answer, purchase: Option<AckedPurchase>) {
        let mut book = self.book();
        book.acked.purchases.extend(purchase);
        book.kept.push(Kept { request, answer });
    }

    /// Something was done with a voucher; its key keeps the answer.
    pub fn moved(&self, request: Request, answer: Answer, acked: AckedMove, subject: String) {
        let mut book = self.book();
        book.wallets.insert(acked.voucher.clone(), subject);
        book.acked.moves.push(acked);
        book.kept.push(Kept { request, answer });
    }
}
