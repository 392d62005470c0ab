//! Vouchers: what somebody has, what is left in each, and what became of it.
//!
//! Reads alone; [`moves`] is what a person does with them, [`history`] how a voucher came to stand
//! where it stands.

pub mod history;
pub mod moves;

use super::body::malformed;
use super::call::{Answer, Call};
use super::reply;
use super::time::Moment;
use super::words::{Id, Slug, moment};
use actix_web::http::StatusCode;
use history::MoveAnswer;
use openrun_core::voucher::VoucherState;
use openrun_core::{ChannelId, ProgramId, Refusal, RoundId, Voucher, VoucherId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A voucher.
#[derive(Serialize, ToSchema)]
#[schema(as = Voucher)]
pub struct VoucherAnswer<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: Uuid,
    /// Of which program.
    #[schema(value_type = Slug)]
    program_id: &'a ProgramId,
    /// The round that it was bought in; null for a gift, for that is the giver's business.
    #[schema(value_type = Option<Slug>)]
    round_id: Option<&'a RoundId>,
    /// The purchase that it came from; null for a gift.
    #[schema(value_type = Option<Id>)]
    purchase_id: Option<Uuid>,
    /// Whether it was received as a gift.
    is_gift: bool,
    /// Through which channel it was bought; null for a gift.
    #[schema(value_type = Option<Slug>)]
    channel: Option<&'a ChannelId>,
    /// Where it stands.
    #[schema(value_type = VoucherStateWord)]
    state: VoucherState,
    /// Face value when it came to be.
    amount_won: i64,
    /// What was paid for that.
    price_won: i64,
    /// What the issuer added to that.
    subsidy_won: i64,
    /// What is left; while it is being paid back, what is on its way.
    balance_won: i64,
    /// What was spent.
    spent_won: i64,
    /// What was given away.
    given_won: i64,
    /// When it was bought; null for a gift.
    bought_at: Option<Moment>,
    /// From when on it is good no more; null: it is good for ever.
    expires_at: Option<Moment>,
}

/// Where a voucher stands.
#[derive(ToSchema)]
#[schema(as = VoucherState, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
enum VoucherStateWord {
    /// It can be spent.
    Active,
    /// Nothing is left in it.
    UsedUp,
    /// The payment rail was asked to give the money back.
    PayingBack,
    /// The purchase was cancelled in full.
    Cancelled,
    /// What was left was refunded.
    Refunded,
    /// Its time is over.
    Expired,
}

impl<'a> From<&'a Voucher> for VoucherAnswer<'a> {
    fn from(voucher: &'a Voucher) -> VoucherAnswer<'a> {
        let is_own = voucher.gift.is_none();
        VoucherAnswer {
            id: Uuid::from_u128(voucher.id.0),
            program_id: &voucher.program,
            round_id: is_own.then_some(&voucher.round),
            purchase_id: voucher.purchase.map(|purchase| Uuid::from_u128(purchase.0)),
            is_gift: !is_own,
            channel: is_own.then_some(&voucher.channel),
            state: voucher.state,
            amount_won: voucher.amount.0,
            price_won: voucher.price.0,
            subsidy_won: voucher.subsidy.0,
            balance_won: voucher.balance.0,
            spent_won: voucher.spent.0,
            given_won: voucher.given.0,
            bought_at: is_own.then_some(Moment(voucher.bought_at)),
            expires_at: moment(voucher.expires_at),
        }
    }
}

/// A page of vouchers, newest first.
#[derive(Serialize, ToSchema)]
pub struct Vouchers<'a> {
    vouchers: Vec<VoucherAnswer<'a>>,
    /// Where the next page begins; null on the last one.
    #[schema(value_type = Option<Id>)]
    next_cursor: Option<Uuid>,
}

/// A voucher with a page of its history.
#[derive(Serialize, ToSchema)]
#[schema(as = VoucherWithHistory)]
pub struct OneVoucher<'a> {
    #[serde(flatten)]
    voucher: VoucherAnswer<'a>,
    /// What happened to it, newest first.
    history: Vec<MoveAnswer<'a>>,
    /// Where the next page of the history begins; null on the last one.
    next_cursor: Option<u32>,
}

/// Vouchers of the person, newest first
#[utoipa::path(get, path = "/v1/vouchers", operation_id = "list_vouchers", tag = "voucher",
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "20 if absent"),
        ("cursor" = Option<Id>, Query, description = "next_cursor of the page before")),
    responses((status = 200, description = "a page", body = Vouchers)))]
pub async fn list(call: Call) -> Answer {
    let person = call.person()?.person;
    let limit = call.page_limit()?;
    let after = call.query("cursor").map(Uuid::try_parse).transpose();
    let after = after.map_err(|_| malformed("cursor is the next_cursor of a page before"))?;
    let all = call.edge().engine.vouchers_of(person).await?;
    let start = match after {
        None => 0,
        // A cursor that names none of theirs is behind the last one.
        Some(id) => {
            all.iter().position(|it| it.id.0 == id.as_u128()).map_or(all.len(), |at| at + 1)
        }
    };
    let page = &all[start..all.len().min(start + limit)];
    let last = page.last().filter(|_| start + limit < all.len());
    let next_cursor = last.map(|voucher| Uuid::from_u128(voucher.id.0));
    let vouchers = page.iter().map(VoucherAnswer::from).collect();
    Ok(reply::own(StatusCode::OK, &Vouchers { vouchers, next_cursor }))
}

/// One voucher of the person, with its history
#[utoipa::path(get, path = "/v1/vouchers/{id}", operation_id = "get_voucher", tag = "voucher",
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100,
            description = "of the history; 20 if absent"),
        ("cursor" = Option<u32>, Query, description = "next_cursor of the page before")),
    responses((status = 200, description = "the voucher", body = OneVoucher)))]
pub async fn show(call: Call) -> Answer {
    let person = call.person()?.person;
    let limit = call.page_limit()?;
    let before = call.query("cursor").map(str::parse::<u32>).transpose();
    let before = before.map_err(|_| malformed("cursor is the next_cursor of a page before"))?;
    let id = voucher_id(&call)?;
    let (voucher, events) = call.edge().engine.voucher(person, id).await?;
    let mut history = history::of(&voucher, &events);
    history.retain(|it| before.is_none_or(|before| it.number < before));
    let has_more = history.len() > limit;
    history.truncate(limit);
    let last = history.last().filter(|_| has_more);
    let next_cursor = last.map(|it| it.number);
    let voucher = VoucherAnswer::from(&voucher);
    Ok(reply::own(StatusCode::OK, &OneVoucher { voucher, history, next_cursor }))
}

/// The voucher of the path, if that can be one.
///
/// # Errors
/// `VoucherNotFound`.
pub(super) fn voucher_id(call: &Call) -> Result<VoucherId, Refusal> {
    let id = Uuid::try_parse(call.segment("id")).map_err(|_| Refusal::VoucherNotFound)?;
    Ok(VoucherId(id.as_u128()))
}
