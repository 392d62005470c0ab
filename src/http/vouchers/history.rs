//! The history of a voucher: how it came to be, and every move since, each with what was left.
//!
//! Made of the events as they are stored; adds nothing up but what they say.

use crate::http::time::Moment;
use crate::http::words::{Id, Slug};
use openrun_core::{Event, MerchantId, StoredEvent, Voucher};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What happened to a voucher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VoucherMoveKind)]
pub enum MoveKind {
    /// It was bought.
    Bought,
    /// It was received as a gift.
    Received,
    /// A merchant was paid.
    Spent,
    /// Some of it was given away.
    Given,
    /// The payment rail was asked to give the money back.
    PayingBack,
    /// The money went back.
    PaidBack,
    /// The payment rail refused to give the money back: the voucher is as it was before.
    PaybackRefused,
    /// What was left fell to the issuer.
    Expired,
}

/// A move of a voucher.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VoucherMove)]
pub struct MoveAnswer<'a> {
    /// Its place in the history: 0 for how the voucher came to be, then 1, 2, 3, …
    pub number: u32,
    /// The id of the spend, gift or payback; the beginning and the end of a payback have the same.
    #[schema(value_type = Id)]
    pub id: Uuid,
    /// What happened.
    pub kind: MoveKind,
    /// How much, in face value.
    pub amount_won: i64,
    /// What was left afterwards; while it is being paid back, what is on its way.
    pub balance_won: i64,
    /// Who was paid.
    #[schema(value_type = Option<Slug>)]
    pub merchant_id: Option<&'a MerchantId>,
    /// Of a payback: what the person gets.
    pub price_won: Option<i64>,
    /// When.
    pub created_at: Moment,
}

/// The history, newest first. Events of other vouchers are left out.
#[must_use]
pub fn of<'a>(voucher: &Voucher, events: &'a [StoredEvent]) -> Vec<MoveAnswer<'a>> {
    let moves = events.iter().filter_map(|stored| entry(voucher, &stored.event));
    let origin = origin(voucher, events);
    let mut history: Vec<MoveAnswer<'a>> = std::iter::once(origin).chain(moves).collect();
    history.sort_by_key(|it| std::cmp::Reverse(it.number));
    history
}

/// How it came to be: bought, or made by a gift, which is an event of the giver's voucher.
fn origin<'a>(voucher: &Voucher, events: &[StoredEvent]) -> MoveAnswer<'a> {
    let kind = if voucher.gift.is_some() { MoveKind::Received } else { MoveKind::Bought };
    let gifts = events.iter().filter_map(|stored| stored.event.voucher_move());
    let gift = gifts.filter(|of| of.voucher != voucher.id).find(|of| Some(of.id) == voucher.gift);
    MoveAnswer {
        number: 0,
        id: Uuid::from_u128(voucher.id.0),
        kind,
        amount_won: voucher.amount.0,
        balance_won: voucher.amount.0,
        merchant_id: None,
        price_won: Some(voucher.price.0),
        created_at: Moment(gift.map_or(voucher.bought_at, |gift| gift.at)),
    }
}

fn entry<'a>(voucher: &Voucher, event: &'a Event) -> Option<MoveAnswer<'a>> {
    let of = event.voucher_move().filter(|of| of.voucher == voucher.id)?;
    let mut price_won = None;
    let mut merchant_id = None;
    let (kind, amount, balance) = match event {
        Event::Spent { merchant, amount, balance_after, .. } => {
            merchant_id = Some(merchant);
            (MoveKind::Spent, *amount, balance_after.0)
        }
        Event::Gifted { amount, balance_after, .. } => (MoveKind::Given, *amount, balance_after.0),
        Event::PaybackSent { payback, .. } => {
            price_won = Some(payback.price.0);
            (MoveKind::PayingBack, payback.amount, payback.amount.0)
        }
        Event::PaidBack { payback, .. } => {
            price_won = Some(payback.price.0);
            (MoveKind::PaidBack, payback.amount, 0)
        }
        Event::PaybackRefused { payback, .. } => {
            (MoveKind::PaybackRefused, payback.amount, payback.amount.0)
        }
        Event::Expired { amount, .. } => (MoveKind::Expired, *amount, 0),
        _ => return None,
    };
    Some(MoveAnswer {
        number: of.number,
        id: Uuid::from_u128(of.id.0),
        kind,
        amount_won: amount.0,
        balance_won: balance,
        merchant_id,
        price_won,
        created_at: Moment(of.at),
    })
}
