//! What the row of a voucher's move says beside its event, for both stores: what constraints and
//! the audit look at.
//!
//! The event itself lies in the row as JSON and is what comes back. A row whose columns say
//! otherwise is damaged, and reading it says so.

use super::shape::kind_of;
use openrun_core::voucher::{Payback, VoucherMove};
use openrun_core::{Event, MerchantId, Month, PersonKey, RoundId, Timestamp, Won};

/// The columns of one move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VoucherRow<'e> {
    pub(super) kind: &'static str,
    pub(super) of: &'e VoucherMove,
    pub(super) receiver: Option<&'e PersonKey>,
    pub(super) merchant: Option<&'e MerchantId>,
    pub(super) amount: Won,
    pub(super) price: Option<Won>,
    pub(super) subsidy: Option<Won>,
    pub(super) balance_after: Won,
    pub(super) cause: Option<&'static str>,
    pub(super) round: Option<&'e RoundId>,
    pub(super) month: Option<Month>,
    pub(super) due_at: Option<Timestamp>,
}

impl<'e> VoucherRow<'e> {
    /// Of a move of a voucher; nothing of any other event.
    pub(super) fn of(event: &'e Event) -> Option<VoucherRow<'e>> {
        match event {
            Event::Spent { of, merchant, amount, balance_after } => Some(VoucherRow {
                merchant: Some(merchant),
                ..VoucherRow::plain(event, of, *amount, *balance_after)
            }),
            Event::Expired { of, amount } => Some(VoucherRow::plain(event, of, *amount, Won::ZERO)),
            Event::PaybackSent { of, payback, .. } | Event::PaidBack { of, payback } => {
                Some(VoucherRow::payback(event, of, payback, Won::ZERO))
            }
            Event::PaybackRefused { of, payback } => {
                Some(VoucherRow::payback(event, of, payback, payback.amount))
            }
            Event::Gifted {
                of,
                to,
                month,
                amount,
                price,
                subsidy,
                balance_after,
                expires_at,
                ..
            } => Some(VoucherRow {
                receiver: Some(to),
                price: Some(*price),
                subsidy: Some(*subsidy),
                month: Some(*month),
                due_at: *expires_at,
                ..VoucherRow::plain(event, of, *amount, *balance_after)
            }),
            _ => None,
        }
    }

    fn plain(
        event: &Event,
        of: &'e VoucherMove,
        amount: Won,
        balance_after: Won,
    ) -> VoucherRow<'e> {
        VoucherRow {
            kind: kind_of(event),
            of,
            receiver: None,
            merchant: None,
            amount,
            price: None,
            subsidy: None,
            balance_after,
            cause: None,
            round: None,
            month: None,
            due_at: None,
        }
    }

    fn payback(
        event: &Event,
        of: &'e VoucherMove,
        payback: &'e Payback,
        balance_after: Won,
    ) -> VoucherRow<'e> {
        VoucherRow {
            price: Some(payback.price),
            subsidy: Some(payback.subsidy),
            cause: Some(payback.cause.word()),
            round: Some(&payback.round),
            month: payback.month_back,
            ..VoucherRow::plain(event, of, payback.amount, balance_after)
        }
    }

    /// Under which key a person asked for it.
    pub(super) fn key(&self) -> Option<&'e str> {
        self.of.asked.as_ref().map(|asked| asked.key.as_str())
    }

    /// The digest of what was asked.
    pub(super) fn digest(&self) -> Option<&'e [u8]> {
        self.of.asked.as_ref().map(|asked| &asked.digest[..])
    }
}
