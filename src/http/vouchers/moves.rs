//! What a person does with a voucher: pay a merchant, cancel, have the rest refunded, give.
//!
//! Checks shape and looks the merchant up; every refusal after the idempotency key is the engine's,
//! in its order. Whatever is asked runs to its end in the engine even when the caller hangs up: the
//! same key gets its answer later.

use super::voucher_id;
use crate::http::attempt::{digest, new_id};
use crate::http::body::malformed;
use crate::http::call::{Answer, Call};
use crate::http::problem::{Problem, REPLAYED};
use crate::http::reply;
use crate::http::time::Moment;
use crate::http::words::{Id, Slug, moment};
use crate::trust::subject_key;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use openrun_actors::{CancelRequest, GiftRequest, Moved, RefundRequest, Refused, SpendRequest};
use openrun_core::voucher::{Gift, MerchantFacts, PaybackAnswer, PaybackCause, Spend};
use openrun_core::{
    IdempotencyKey, MerchantId, MoveId, PersonKey, ProgramId, PurchaseId, Refusal, VoucherId, Won,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Domains of the digests: what is asked of one is never taken for another.
const SPEND_DOMAIN: &[u8] = b"openrun spend request 1";
const CANCEL_DOMAIN: &[u8] = b"openrun cancel request 1";
const REFUND_DOMAIN: &[u8] = b"openrun refund request 1";
const GIFT_DOMAIN: &[u8] = b"openrun gift request 1";

/// A payment to a merchant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Spending {
    /// Who is paid: an id of `GET /v1/merchants`.
    #[schema(value_type = Slug)]
    merchant_id: String,
    /// How much: any positive amount, up to the balance.
    #[schema(example = 12_000)]
    amount_won: i64,
}

/// A gift.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Giving {
    /// Who receives it: the `sub` of their token, the same in every channel.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    to_person: String,
    /// How much: a positive multiple of the program's unit, up to the balance.
    #[schema(example = 50_000)]
    amount_won: i64,
}

impl Spending {
    pub(in crate::http) fn new(merchant_id: String, amount_won: i64) -> Spending {
        Spending { merchant_id, amount_won }
    }
}

impl Giving {
    pub(in crate::http) fn new(to_person: String, amount_won: i64) -> Giving {
        Giving { to_person, amount_won }
    }
}

/// A payment to a merchant.
#[derive(Serialize, ToSchema)]
#[schema(as = Spend)]
pub struct SpendAnswer<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: Uuid,
    /// From which voucher.
    #[schema(value_type = Id)]
    voucher_id: Uuid,
    /// Of which program.
    #[schema(value_type = Slug)]
    program_id: &'a ProgramId,
    /// Who was paid.
    #[schema(value_type = Slug)]
    merchant_id: &'a MerchantId,
    /// How much.
    amount_won: i64,
    /// What was left in the voucher.
    balance_won: i64,
    /// When.
    created_at: Moment,
}

impl<'a> From<&'a Spend> for SpendAnswer<'a> {
    fn from(spend: &'a Spend) -> SpendAnswer<'a> {
        SpendAnswer {
            id: Uuid::from_u128(spend.id.0),
            voucher_id: Uuid::from_u128(spend.voucher.0),
            program_id: &spend.program,
            merchant_id: &spend.merchant,
            amount_won: spend.amount.0,
            balance_won: spend.balance_after.0,
            created_at: Moment(spend.at),
        }
    }
}

/// A cancel or a refund.
#[derive(Serialize, ToSchema)]
#[schema(as = Payback)]
pub struct PaybackBody<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: Uuid,
    /// Of which voucher.
    #[schema(value_type = Id)]
    voucher_id: Uuid,
    /// Of which program.
    #[schema(value_type = Slug)]
    program_id: &'a ProgramId,
    /// Why.
    #[schema(value_type = PaybackCauseWord)]
    cause: PaybackCause,
    /// Whether the money went back, or is on its way.
    state: PaybackState,
    /// Face value that left the voucher.
    amount_won: i64,
    /// Of that, what the person gets back.
    price_won: i64,
    /// Of that, what the issuer gets back.
    subsidy_won: i64,
    /// The month whose allowance is given back; null: none is.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2022-07")]
    month_back: Option<String>,
    /// When it was decided.
    created_at: Moment,
}

/// Whether the money of a payback went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PaybackState {
    /// The payment rail was asked.
    PayingBack,
    /// It did.
    PaidBack,
}

/// Why money goes back.
#[derive(ToSchema)]
#[schema(as = PaybackCause, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
enum PaybackCauseWord {
    /// The purchase was cancelled in full.
    Cancel,
    /// What was left was refunded.
    Refund,
}

impl<'a> From<&'a PaybackAnswer> for PaybackBody<'a> {
    fn from(answer: &'a PaybackAnswer) -> PaybackBody<'a> {
        let payback = &answer.payback;
        let state = if answer.is_done { PaybackState::PaidBack } else { PaybackState::PayingBack };
        PaybackBody {
            id: Uuid::from_u128(answer.id.0),
            voucher_id: Uuid::from_u128(answer.voucher.0),
            program_id: &answer.program,
            cause: payback.cause,
            state,
            amount_won: payback.amount.0,
            price_won: payback.price.0,
            subsidy_won: payback.subsidy.0,
            month_back: payback.month_back.map(|month| month.to_string()),
            created_at: Moment(answer.at),
        }
    }
}

/// A gift.
#[derive(Serialize, ToSchema)]
#[schema(as = Gift)]
pub struct GiftAnswer<'a> {
    /// Its id: the voucher that the receiver has of it bears the same.
    #[schema(value_type = Id)]
    id: Uuid,
    /// Out of which voucher.
    #[schema(value_type = Id)]
    voucher_id: Uuid,
    /// Of which program.
    #[schema(value_type = Slug)]
    program_id: &'a ProgramId,
    /// How much.
    amount_won: i64,
    /// What was left in the giver's voucher.
    balance_won: i64,
    /// From when on it is good no more, for the receiver too; null: it is good for ever.
    expires_at: Option<Moment>,
    /// When.
    created_at: Moment,
}

impl<'a> From<&'a Gift> for GiftAnswer<'a> {
    fn from(gift: &'a Gift) -> GiftAnswer<'a> {
        GiftAnswer {
            id: Uuid::from_u128(gift.id.0),
            voucher_id: Uuid::from_u128(gift.voucher.0),
            program_id: &gift.program,
            amount_won: gift.amount.0,
            balance_won: gift.balance_after.0,
            expires_at: moment(gift.expires_at),
            created_at: Moment(gift.at),
        }
    }
}

/// Pay a merchant
///
/// 201 once the payment is durable. The same person, key and body get the same answer for ever,
/// with `Idempotency-Replayed: true`.
#[utoipa::path(post, path = "/v1/vouchers/{id}/spends", operation_id = "spend", tag = "voucher",
    request_body = Spending,
    responses((status = 201, description = "paid", body = SpendAnswer,
        headers(("Location" = String), ("Idempotency-Replayed" = String)))))]
pub async fn spend(mut call: Call) -> Answer {
    let person = call.person()?.person;
    let body: Spending = call.json().await?;
    let key = call.idempotency_key()?;
    let voucher = voucher_id(&call)?;
    let moved = spent(&call, person, voucher, &body, key).await.map_err(problem)?;
    let answer = SpendAnswer::from(&moved.answer);
    Ok(answered(StatusCode::CREATED, &answer, answer.voucher_id, moved.is_replay))
}

/// Asks the engine to pay a merchant.
pub(in crate::http) async fn spent(
    call: &Call,
    person: PersonKey,
    voucher: VoucherId,
    wish: &Spending,
    key: IdempotencyKey,
) -> Result<Moved<Spend>, Refused> {
    let engine = &call.edge().engine;
    let (from, amount) = (voucher.0.to_be_bytes(), wish.amount_won.to_be_bytes());
    let fields = [&from[..], wish.merchant_id.as_bytes(), &amount];
    let request = SpendRequest {
        id: MoveId(new_id(engine.now()).as_u128()),
        person,
        voucher,
        merchant: merchant(call, &wish.merchant_id),
        amount: Won(wish.amount_won),
        digest: digest(SPEND_DOMAIN, &fields),
        key,
    };
    engine.spend(request).await
}

/// What is known of a merchant; nothing when there is none of this id.
fn merchant(call: &Call, id: &str) -> Option<MerchantFacts> {
    let found = call.edge().merchants.find(&MerchantId::new(id)?)?;
    let (id, region) = (found.id.clone(), found.region.clone());
    Some(MerchantFacts { id, region, programs: found.programs.clone() })
}

/// Cancel a purchase in full
///
/// For a voucher that is wholly unused. 201 once the money went back; 202 when the payment rail has
/// not answered within 5 s: the same request again, or the voucher, tells how it ended.
#[utoipa::path(post, path = "/v1/purchases/{id}/cancel", operation_id = "cancel_purchase",
    tag = "voucher",
    responses(
        (status = 201, description = "paid back", body = PaybackBody,
            headers(("Location" = String), ("Idempotency-Replayed" = String))),
        (status = 202, description = "being paid back: look under Location", body = PaybackBody,
            headers(("Location" = String), ("Idempotency-Replayed" = String)))))]
pub async fn cancel(mut call: Call) -> Answer {
    let person = call.person()?.person;
    call.no_body().await?;
    let key = call.idempotency_key()?;
    let id = Uuid::try_parse(call.segment("id")).map_err(|_| Refusal::PurchaseNotFound)?;
    let purchase = PurchaseId(id.as_u128());
    cancelled(&call, person, purchase, key).await.map(paid_back).map_err(problem)
}

/// Asks the engine to cancel.
pub(in crate::http) async fn cancelled(
    call: &Call,
    person: PersonKey,
    purchase: PurchaseId,
    key: IdempotencyKey,
) -> Result<Moved<PaybackAnswer>, Refused> {
    let engine = &call.edge().engine;
    let id = MoveId(new_id(engine.now()).as_u128());
    let digest = digest(CANCEL_DOMAIN, &[&purchase.0.to_be_bytes()]);
    engine.cancel(CancelRequest { id, person, purchase, key, digest }).await
}

/// Have what is left refunded
///
/// From the program's threshold on, less its share of the discount. Answers as a cancel does.
#[utoipa::path(post, path = "/v1/vouchers/{id}/refund", operation_id = "refund", tag = "voucher",
    responses(
        (status = 201, description = "paid back", body = PaybackBody,
            headers(("Location" = String), ("Idempotency-Replayed" = String))),
        (status = 202, description = "being paid back: look under Location", body = PaybackBody,
            headers(("Location" = String), ("Idempotency-Replayed" = String)))))]
pub async fn refund(mut call: Call) -> Answer {
    let person = call.person()?.person;
    call.no_body().await?;
    let key = call.idempotency_key()?;
    let voucher = voucher_id(&call)?;
    refunded(&call, person, voucher, key).await.map(paid_back).map_err(problem)
}

/// Asks the engine to refund.
pub(in crate::http) async fn refunded(
    call: &Call,
    person: PersonKey,
    voucher: VoucherId,
    key: IdempotencyKey,
) -> Result<Moved<PaybackAnswer>, Refused> {
    let engine = &call.edge().engine;
    let id = MoveId(new_id(engine.now()).as_u128());
    let digest = digest(REFUND_DOMAIN, &[&voucher.0.to_be_bytes()]);
    engine.refund(RefundRequest { id, person, voucher, key, digest }).await
}

/// Give some of it
///
/// The receiver's limits count at the moment of the gift; what they are is not told to the giver.
#[utoipa::path(post, path = "/v1/vouchers/{id}/gifts", operation_id = "give", tag = "voucher",
    request_body = Giving,
    responses((status = 201, description = "given", body = GiftAnswer,
        headers(("Location" = String), ("Idempotency-Replayed" = String)))))]
pub async fn give(mut call: Call) -> Answer {
    let person = call.person()?.person;
    let body: Giving = call.json().await?;
    let key = call.idempotency_key()?;
    let voucher = voucher_id(&call)?;
    let moved = given(&call, person, voucher, &body, key).await.map_err(problem)?;
    let answer = GiftAnswer::from(&moved.answer);
    Ok(answered(StatusCode::CREATED, &answer, answer.voucher_id, moved.is_replay))
}

/// Asks the engine to give.
pub(in crate::http) async fn given(
    call: &Call,
    person: PersonKey,
    voucher: VoucherId,
    wish: &Giving,
    key: IdempotencyKey,
) -> Result<Moved<Gift>, Refused> {
    let wrong = || {
        let refusal = malformed("to_person is 1 to 64 of A-Z, a-z, 0-9, _ and -");
        Refused { refusal, is_replay: false }
    };
    let to = subject_key(&wish.to_person).ok_or_else(wrong)?;
    let engine = &call.edge().engine;
    let (from, amount) = (voucher.0.to_be_bytes(), wish.amount_won.to_be_bytes());
    let fields = [&from[..], wish.to_person.as_bytes(), &amount];
    let request = GiftRequest {
        id: MoveId(new_id(engine.now()).as_u128()),
        person,
        voucher,
        to,
        amount: Won(wish.amount_won),
        digest: digest(GIFT_DOMAIN, &fields),
        key,
    };
    engine.gift(request).await
}

fn problem(refused: Refused) -> Problem {
    Problem::replayed(refused.refusal, refused.is_replay)
}

fn paid_back(moved: Moved<PaybackAnswer>) -> HttpResponse {
    let status = if moved.answer.is_done { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    let body = PaybackBody::from(&moved.answer);
    answered(status, &body, body.voucher_id, moved.is_replay)
}

fn answered<T: Serialize>(
    status: StatusCode,
    body: &T,
    voucher: Uuid,
    is_replay: bool,
) -> HttpResponse {
    let mut response = reply::own(status, body);
    reply::put(&mut response, LOCATION, &format!("/v1/vouchers/{voucher}"));
    if is_replay {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;

    #[test]
    fn only_the_exact_form_of_a_spend_is_read() {
        for (body, amount) in [
            (r#"{"merchant_id": "gs-1", "amount_won": 1}"#, Some(1)),
            (r#"{"merchant_id": "", "amount_won": -1}"#, Some(-1)),
            (r#"{"merchant_id": "gs-1"}"#, None),
            (r#"{"amount_won": 1}"#, None),
            (r#"{"merchant_id": "gs-1", "amount_won": "1"}"#, None),
            (r#"{"merchant_id": "gs-1", "amount_won": 1.5}"#, None),
            (r#"{"merchant_id": "gs-1", "amount_won": 1, "x": 1}"#, None),
            (r#"["gs-1", 1]"#, None),
        ] {
            let read = parse::<Spending>(body.as_bytes()).ok().map(|wish| wish.amount_won);
            assert_eq!(read, amount, "{body}");
        }
    }

    #[test]
    fn only_the_exact_form_of_a_gift_is_read() {
        for (body, amount) in [
            (r#"{"to_person": "lee", "amount_won": 10000}"#, Some(10_000)),
            (r#"{"to_person": "lee"}"#, None),
            (r#"{"to_person": 1, "amount_won": 10000}"#, None),
            (r#"{"to_person": "lee", "amount_won": 10000, "note": "x"}"#, None),
        ] {
            let read = parse::<Giving>(body.as_bytes()).ok().map(|wish| wish.amount_won);
            assert_eq!(read, amount, "{body}");
        }
    }
}
