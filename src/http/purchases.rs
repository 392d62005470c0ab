//! Purchases: buy, and what was bought.
//!
//! Checks shape only; every refusal after the idempotency key is the engine's, in its order. A
//! purchase runs to its end in the engine even when the caller hangs up: the same key gets its
//! answer later.

use super::attempt;
use super::body::{malformed, object};
use super::call::{Answer, Call};
use super::problem::{Problem, REPLAYED};
use super::reply;
use super::time::Moment;
use super::words::{Id, Slug};
use crate::trust::PersonClaims;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use openrun_actors::{PurchaseRequest, Purchased, Refused};
use openrun_core::person::ShownPass;
use openrun_core::purchase::PurchaseState;
use openrun_core::{
    ChannelId, IdempotencyKey, ProgramId, Purchase, PurchaseId, Refusal, RoundId, Won,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Domain of the digest that tells a repeat from another request under the same key.
const DIGEST_DOMAIN: &[u8] = b"openrun purchase request 1";

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Buy {
    /// Face value: a positive multiple of the program's unit, up to the monthly limit.
    #[schema(example = 300_000)]
    amount_won: i64,
    /// How it is paid.
    #[serde(deserialize_with = "object")]
    payment: Payment,
}

impl Buy {
    /// So much, from the account named at sign-up.
    pub(super) fn from_account(amount_won: i64) -> Buy {
        Buy { amount_won, payment: Payment { method: Method::Account } }
    }
}

/// How a purchase is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// `account`; at a counter `cash`.
    #[schema(value_type = MethodWord)]
    method: Method,
}

/// How a purchase is paid.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(try_from = "String")]
enum Method {
    Account,
    Cash,
}

/// How a purchase is paid.
#[derive(ToSchema)]
#[schema(as = PaymentMethod, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
enum MethodWord {
    /// From the account named at sign-up.
    Account,
    /// To the teller of a counter, who has the money.
    Cash,
}

impl TryFrom<String> for Method {
    type Error = &'static str;
    fn try_from(word: String) -> Result<Method, Self::Error> {
        match word.as_str() {
            "account" => Ok(Method::Account),
            "cash" => Ok(Method::Cash),
            _ => Err("payment.method is `account` or `cash`"),
        }
    }
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Method::Account => "account",
            Method::Cash => "cash",
        }
    }
}

/// A purchase.
#[derive(Serialize, ToSchema)]
#[schema(as = Purchase)]
pub struct PurchaseAnswer<'a> {
    /// Its id.
    #[schema(value_type = Id)]
    id: Uuid,
    /// Where it was bought.
    #[schema(value_type = Slug)]
    round_id: &'a RoundId,
    /// Of which program.
    #[schema(value_type = Slug)]
    program_id: &'a ProgramId,
    /// Where it stands.
    #[schema(value_type = PurchaseStateWord)]
    state: PurchaseState,
    /// Face value.
    amount_won: i64,
    /// What the person pays.
    price_won: i64,
    /// What the issuer adds.
    subsidy_won: i64,
    /// The month whose limit it counts against.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2022-07")]
    month: String,
    /// The voucher, once it is issued; null for one on paper, which no app holds.
    #[schema(value_type = Option<Id>)]
    voucher_id: Option<Uuid>,
    /// What the paper that a counter hands over is numbered with: unique among all rounds, and in
    /// its round without a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["chuncheon-2022-12-0000017"]))]
    serial_numbers: Option<[String; 1]>,
    /// Through which channel.
    #[schema(value_type = Slug)]
    channel: &'a ChannelId,
    /// When it was decided.
    created_at: Moment,
    /// When it last changed.
    updated_at: Moment,
}

/// Where a purchase stands.
#[derive(ToSchema)]
#[schema(as = PurchaseState, rename_all = "snake_case")]
#[allow(dead_code, reason = "stands in the document only")]
pub(super) enum PurchaseStateWord {
    /// Stock and limit are held.
    Held,
    /// The payment rail was asked.
    Paying,
    /// Paid; the voucher is issued.
    Issued,
    /// Not paid; stock and limit are free again.
    Voided,
    /// Cancelled in full after it was issued.
    Cancelled,
}

impl<'a> From<&'a Purchase> for PurchaseAnswer<'a> {
    fn from(purchase: &'a Purchase) -> PurchaseAnswer<'a> {
        let id = Uuid::from_u128(purchase.id.0);
        let is_issued = matches!(purchase.state, PurchaseState::Issued | PurchaseState::Cancelled);
        let serial = purchase.serial_number();
        let has_voucher = is_issued && serial.is_none();
        PurchaseAnswer {
            id,
            round_id: &purchase.round,
            program_id: &purchase.program,
            state: purchase.state,
            amount_won: purchase.amount.0,
            price_won: purchase.price.0,
            subsidy_won: purchase.subsidy.0,
            month: purchase.month.to_string(),
            voucher_id: has_voucher.then_some(id),
            serial_numbers: serial.map(|serial| [serial_text(&purchase.round, serial)]),
            channel: &purchase.channel,
            created_at: Moment(purchase.at),
            updated_at: Moment(purchase.at),
        }
    }
}

/// A serial number as it is printed: that of the round, after the round's id, which no other round
/// ever has.
fn serial_text(round: &RoundId, serial: u64) -> String {
    format!("{round}-{serial:07}")
}

/// A page of purchases, newest first.
#[derive(Serialize, ToSchema)]
pub struct Purchases<'a> {
    purchases: Vec<PurchaseAnswer<'a>>,
    /// Where the next page begins; null on the last one.
    #[schema(value_type = Option<Id>)]
    next_cursor: Option<Uuid>,
}

/// Buy
///
/// 201 once the purchase is durable and paid; 202 when the payment rail has not answered within 5
/// s. The same person, key and body get the same answer for ever, with `Idempotency-Replayed:
/// true`. A counter of the program sells to whoever stands there without a pass, for `cash`, from
/// the stock that is set aside for it: paper with the `serial_numbers` of the answer.
#[utoipa::path(post, path = "/v1/rounds/{round}/purchases", operation_id = "buy", tag = "purchase",
    request_body = Buy,
    responses(
        (status = 201, description = "bought", body = PurchaseAnswer,
            headers(("Location" = String), ("Idempotency-Replayed" = String))),
        (status = 202, description = "payment under way: look under Location",
            body = PurchaseAnswer, headers(("Location" = String)))))]
pub async fn buy(mut call: Call) -> Answer {
    let claims = call.person()?;
    let body: Buy = call.json().await?;
    let key = call.idempotency_key()?;
    let round = call.round_id();
    let pass = call.pass(round.as_ref(), claims.person);
    match purchase(&call, claims, &body, key, pass).await {
        Ok(bought) => Ok(answer(&bought.purchase, bought.is_replay)),
        Err(refused) => Err(Problem::replayed(refused.refusal, refused.is_replay)),
    }
}

/// Asks the engine for a purchase in the round of the path.
pub(super) async fn purchase(
    call: &Call,
    claims: PersonClaims,
    body: &Buy,
    key: IdempotencyKey,
    pass: ShownPass,
) -> Result<Purchased, Refused> {
    let engine = &call.edge().engine;
    let request = PurchaseRequest {
        id: PurchaseId(attempt::new_id(engine.now()).as_u128()),
        person: claims.person,
        channel: claims.channel,
        who: claims.who,
        digest: digest(call.segment("round"), body),
        round: call.round_id(),
        amount: Won(body.amount_won),
        key,
        pass,
        is_cash: body.payment.method == Method::Cash,
    };
    engine.purchase(request).await
}

fn answer(purchase: &Purchase, is_replay: bool) -> HttpResponse {
    let status = match purchase.state {
        PurchaseState::Held | PurchaseState::Paying => StatusCode::ACCEPTED,
        _ => StatusCode::CREATED,
    };
    let body = PurchaseAnswer::from(purchase);
    let mut response = reply::own(status, &body);
    reply::put(&mut response, LOCATION, &format!("/v1/purchases/{}", body.id));
    if is_replay {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// SHA-256 of what was asked.
fn digest(round: &str, body: &Buy) -> [u8; 32] {
    let amount = body.amount_won.to_be_bytes();
    let method = body.payment.method.word().as_bytes();
    attempt::digest(DIGEST_DOMAIN, &[round.as_bytes(), &amount, method])
}

/// One purchase of the person
#[utoipa::path(get, path = "/v1/purchases/{id}", operation_id = "get_purchase", tag = "purchase",
    responses((status = 200, description = "the purchase", body = PurchaseAnswer)))]
pub async fn show(call: Call) -> Answer {
    let person = call.person()?.person;
    let id = Uuid::try_parse(call.segment("id")).map_err(|_| Refusal::PurchaseNotFound)?;
    let purchase = call.edge().engine.purchase_by_id(person, PurchaseId(id.as_u128())).await?;
    Ok(reply::own(StatusCode::OK, &PurchaseAnswer::from(&purchase)))
}

/// Purchases of the person, newest first
#[utoipa::path(get, path = "/v1/purchases", operation_id = "list_purchases", tag = "purchase",
    params(
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "20 if absent"),
        ("cursor" = Option<Id>, Query, description = "next_cursor of the page before")),
    responses((status = 200, description = "a page", body = Purchases)))]
pub async fn list(call: Call) -> Answer {
    let person = call.person()?.person;
    let limit = call.page_limit()?;
    let before = call.query("cursor").map(Uuid::try_parse).transpose();
    let before = before.map_err(|_| malformed("cursor is the next_cursor of a page before"))?;
    let before = before.map(|id| PurchaseId(id.as_u128()));
    let mut purchases = call.edge().engine.purchases_of(person, before, limit + 1).await?;
    let has_more = purchases.len() > limit;
    purchases.truncate(limit);
    let last = purchases.last().filter(|_| has_more);
    let next_cursor = last.map(|purchase| Uuid::from_u128(purchase.id.0));
    let purchases = purchases.iter().map(PurchaseAnswer::from).collect();
    Ok(reply::own(StatusCode::OK, &Purchases { purchases, next_cursor }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::parse;

    /// F26.
    #[test]
    fn only_the_exact_form_of_a_purchase_is_read() {
        for (body, amount) in [
            (r#"{"amount_won": 300000, "payment": {"method": "account"}}"#, Some(300_000)),
            (r#"{"payment": {"method": "account"}, "amount_won": -1}"#, Some(-1)),
            (r#"{"amount_won": 0, "payment": {"method": "account"}}"#, Some(0)),
            (r#"{"amount_won": 300000, "payment": {"method": "cash"}}"#, Some(300_000)),
            (r#"{"amount_won": 300000}"#, None),
            (r#"{"payment": {"method": "account"}}"#, None),
            (r#"{"amount_won": 300000, "payment": {"method": "card"}}"#, None),
            (r#"{"amount_won": 300000, "payment": {"method": {"account": null}}}"#, None),
            (r#"{"amount_won": 300000, "payment": ["account"]}"#, None),
            (r#"{"amount_won": 300000, "payment": {"method": "account", "x": 1}}"#, None),
            (r#"{"amount_won": 300000, "payment": {"method": "account"}, "x": 1}"#, None),
            (r#"[300000, {"method": "account"}]"#, None),
            (r#"{"amount_won": "10000 ", "payment": {"method": "account"}}"#, None),
            (r#"{"amount_won": 10000.0, "payment": {"method": "account"}}"#, None),
            (r#"{"amount_won": 1e5, "payment": {"method": "account"}}"#, None),
            (r#"{"amount_won": 1e309, "payment": {"method": "account"}}"#, None),
            (r#"{"amount_won": NaN, "payment": {"method": "account"}}"#, None),
            (r#"{"amount_won": 9223372036854775808, "payment": {"method": "account"}}"#, None),
            (r#"{"amount_won": null, "payment": {"method": "account"}}"#, None),
        ] {
            let read = parse::<Buy>(body.as_bytes()).ok().map(|buy| buy.amount_won);
            assert_eq!(read, amount, "{body}");
        }
    }

    /// F7.
    #[test]
    fn the_digest_tells_requests_apart() {
        let paid_by = |amount_won, method| Buy { amount_won, payment: Payment { method } };
        let buy = |amount_won| paid_by(amount_won, Method::Account);
        assert_ne!(digest("a", &buy(1)), digest("a", &paid_by(1, Method::Cash)));
        assert_eq!(digest("a", &buy(1)), digest("a", &buy(1)));
        assert_ne!(digest("a", &buy(1)), digest("b", &buy(1)));
        assert_ne!(digest("a", &buy(1)), digest("a", &buy(2)));
    }
}
