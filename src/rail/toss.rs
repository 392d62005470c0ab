//! A rail in the style of Toss Payments: confirm, inquiry by order, cancel.
//!
//! Proves that the port fits a provider that we did not write: nothing is signed (TLS and a secret
//! key in basic authentication instead), answers have fields that we do not know, there is no bar
//! for an order that the provider does not know, and a payment key stands beside the order id.
//! Toss gives that key to a browser; in our flow, which has none (as with a billing key), it is
//! derived from the order id. `docs/rail.md` says what of this is Toss and what is ours.

use super::exchange::{Answer, Exchange, Lost, confirmed, settle};
use super::settings::{RailFault, RailSettings};
use crate::trust::SharedSecret;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use openrun_actors::rail::{Charge, Rail, RailTerms};
use openrun_core::payment::RailAnswer;
use openrun_core::{PurchaseId, Won};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};

/// Where payments are asked for.
pub(super) const CONFIRM: &str = "/v1/payments/confirm";
/// Header that makes a call idempotent, for 15 days.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// What is written beside a cancellation.
const CANCEL_REASON: &str = "purchase not completed";
/// What is written beside a refund.
const REFUND_REASON: &str = "refund to the buyer";

/// Codes that say for good that this payment will not be made. Every other code says nothing: the
/// next inquiry does.
const DECLINES: &[&str] = &[
    "REJECT_CARD_PAYMENT",
    "REJECT_CARD_COMPANY",
    "REJECT_ACCOUNT_PAYMENT",
    "REJECT_TOSSPAY_INVALID_ACCOUNT",
    "INVALID_REJECT_CARD",
    "INVALID_STOPPED_CARD",
    "INVALID_CARD_LOST_OR_STOLEN",
    "INVALID_CARD_EXPIRATION",
    "INVALID_CARD_NUMBER",
    "INVALID_PASSWORD",
    "BELOW_MINIMUM_AMOUNT",
    "EXCEED_MAX_DAILY_PAYMENT_COUNT",
    "EXCEED_MAX_ONE_DAY_AMOUNT",
    "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT",
    "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT",
    "EXCEED_MAX_PAYMENT_AMOUNT",
    "FDS_ERROR",
];

/// A rail in the style of Toss Payments.
pub struct TossRail {
    exchange: Exchange,
    authorization: HeaderValue,
    terms: RailTerms,
    confirm: bool,
}

/// The body of a confirmation, as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Confirm {
    pub payment_key: String,
    pub order_id: PurchaseId,
    pub amount: Won,
}

/// The body of a cancellation, in full or of an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Cancel {
    pub cancel_reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_amount: Option<Won>,
}

/// What is read of a payment. Toss adds fields without notice, so others are let be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub payment_key: String,
    pub order_id: PurchaseId,
    pub status: Status,
    pub currency: String,
    /// What was approved.
    pub total_amount: Won,
    /// What is left of it.
    pub balance_amount: Won,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Ready,
    InProgress,
    WaitingForDeposit,
    Done,
    Canceled,
    PartialCanceled,
    Aborted,
    Expired,
}

/// An error of Toss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TossError {
    pub code: String,
    pub message: String,
}

/// The payment key of an order.
pub(super) fn payment_key(order: PurchaseId) -> String {
    format!("openrun{}", String::from(order))
}

impl Confirm {
    fn read(text: &str) -> Result<Confirm, Lost> {
        serde_json::from_str(text).map_err(|_| Lost::Garbled)
    }
}

impl TossRail {
    /// The rail at `base`.
    ///
    /// # Errors
    /// No client can be made.
    pub fn new(
        settings: &RailSettings,
        base: Url,
        secret: &SharedSecret,
    ) -> Result<TossRail, RailFault> {
        let basic = format!("Basic {}", BASE64.encode(format!("{}:", secret.text())));
        let mut authorization = HeaderValue::try_from(basic).expect("base64 is visible ASCII");
        authorization.set_sensitive(true);
        let exchange = Exchange::new(settings, base)?;
        let (terms, confirm) = (settings.terms(), settings.confirm);
        Ok(TossRail { exchange, authorization, terms, confirm })
    }

    async fn ask(
        &self,
        method: Method,
        target: &str,
        idempotency: Option<String>,
        body: String,
    ) -> Result<Answer, Lost> {
        let mut call = self.exchange.call(method, target);
        call = call.header(AUTHORIZATION, self.authorization.clone());
        if let Some(key) = idempotency {
            call = call.header(IDEMPOTENCY_KEY, key);
        }
        if !body.is_empty() {
            call = call.header(CONTENT_TYPE, "application/json").body(body);
        }
        self.exchange.send(call).await
    }

    async fn look_up(&self, order: &Confirm) -> Result<RailAnswer, Lost> {
        let target = format!("/v1/payments/orders/{}", String::from(order.order_id));
        let answer = self.ask(Method::GET, &target, None, String::new()).await?;
        match answer.status {
            200 => read_payment(&answer, order).map(judge),
            _ if code(&answer) == (404, "NOT_FOUND_PAYMENT".to_owned()) => Ok(RailAnswer::NotFound),
            _ => Err(Lost::RailError),
        }
    }

    async fn pay(&self, text: &str) -> Result<RailAnswer, Lost> {
        let order = Confirm::read(text)?;
        let key = Some(String::from(order.order_id));
        let answer = self.ask(Method::POST, CONFIRM, key, text.to_owned()).await?;
        let found = match answer.status {
            200 => judge(read_payment(&answer, &order)?),
            _ => match code(&answer) {
                (409, code) if code == "IDEMPOTENT_REQUEST_PROCESSING" => RailAnswer::Pending,
                (400..=499, code) if DECLINES.contains(&code.as_str()) => RailAnswer::Declined,
                _ => return Err(Lost::RailError),
            },
        };
        if !matches!(found, RailAnswer::Approved { .. }) || !self.confirm {
            return Ok(found);
        }
        confirmed(found, self.look_up(&order).await?)
    }

    /// Without an idempotency key: Toss would repeat its first answer, "not found", for 15 days,
    /// also once the payment is there. In full it is idempotent by itself.
    async fn take_back(&self, text: &str) -> Result<RailAnswer, Lost> {
        let order = Confirm::read(text)?;
        let body = Cancel { cancel_reason: CANCEL_REASON.to_owned(), cancel_amount: None };
        let answer = self.cancel_with(&order, &body, None).await?;
        match answer.status {
            200 => read_payment(&answer, &order).map(judge),
            _ => match code(&answer) {
                (404, code) if code == "NOT_FOUND_PAYMENT" => Ok(RailAnswer::NotFound),
                // Its end is known: which one, an inquiry says.
                (400..=499, code)
                    if ["ALREADY_CANCELED_PAYMENT", "NOT_CANCELABLE_PAYMENT"]
                        .contains(&code.as_str()) =>
                {
                    self.look_up(&order).await
                }
                _ => Err(Lost::RailError),
            },
        }
    }

    async fn give_back(
        &self,
        text: &str,
        refund: PurchaseId,
        amount: Won,
    ) -> Result<RailAnswer, Lost> {
        let order = Confirm::read(text)?;
        let body = Cancel { cancel_reason: REFUND_REASON.to_owned(), cancel_amount: Some(amount) };
        let answer = self.cancel_with(&order, &body, Some(String::from(refund))).await?;
        if answer.status != 200 {
            return match code(&answer) {
                (404, code) if code == "NOT_FOUND_PAYMENT" => Ok(RailAnswer::NotFound),
                (400..=499, code)
                    if ["NOT_CANCELABLE_AMOUNT", "NOT_CANCELABLE_PAYMENT"]
                        .contains(&code.as_str()) =>
                {
                    Ok(RailAnswer::Declined)
                }
                _ => Err(Lost::RailError),
            };
        }
        let payment = read_payment(&answer, &order)?;
        match (payment.status, payment.balance_amount) {
            (Status::Canceled, Won::ZERO) => Ok(RailAnswer::Cancelled),
            (Status::PartialCanceled, amount) => Ok(RailAnswer::Approved { amount }),
            _ => Err(Lost::Garbled),
        }
    }

    async fn cancel_with(
        &self,
        order: &Confirm,
        body: &Cancel,
        idempotency: Option<String>,
    ) -> Result<Answer, Lost> {
        let target = format!("/v1/payments/{}/cancel", order.payment_key);
        let body = serde_json::to_string(body).expect("strings and numbers are JSON");
        self.ask(Method::POST, &target, idempotency, body).await
    }
}

/// A payment, if it is the one that was asked about.
fn read_payment(answer: &Answer, order: &Confirm) -> Result<Payment, Lost> {
    let payment: Payment = crate::http::body::parse(&answer.body).map_err(|_| Lost::Garbled)?;
    if payment.order_id != order.order_id || payment.payment_key != order.payment_key {
        return Err(Lost::OtherOrder);
    }
    let is_sound = (Won::ZERO..=payment.total_amount).contains(&payment.balance_amount);
    if payment.currency != "KRW" || !is_sound {
        return Err(Lost::Garbled);
    }
    Ok(payment)
}

fn judge(payment: Payment) -> RailAnswer {
    match payment.status {
        Status::Done | Status::PartialCanceled => {
            RailAnswer::Approved { amount: payment.total_amount }
        }
        Status::Canceled => RailAnswer::Cancelled,
        Status::Aborted | Status::Expired => RailAnswer::Declined,
        Status::Ready | Status::InProgress | Status::WaitingForDeposit => RailAnswer::Pending,
    }
}

/// Status and code of an error; the code is empty when there is none to be read.
fn code(answer: &Answer) -> (u16, String) {
    let error = crate::http::body::parse::<TossError>(&answer.body);
    (answer.status, error.map(|error| error.code).unwrap_or_default())
}

#[async_trait]
impl Rail for TossRail {
    fn terms(&self) -> RailTerms {
        self.terms
    }

    fn write_request(&self, charge: &Charge) -> String {
        let (order_id, amount) = (charge.purchase, charge.price);
        let body = Confirm { payment_key: payment_key(order_id), order_id, amount };
        serde_json::to_string(&body).expect("strings and numbers are JSON")
    }

    async fn authorise(&self, request: &str) -> RailAnswer {
        settle("authorise", self.pay(request).await)
    }

    async fn inquire(&self, request: &str) -> RailAnswer {
        let found = match Confirm::read(request) {
            Ok(order) => self.look_up(&order).await,
            Err(lost) => Err(lost),
        };
        settle("inquire", found)
    }

    async fn cancel(&self, request: &str) -> RailAnswer {
        settle("cancel", self.take_back(request).await)
    }

    /// Approved with what is left of the payment, cancelled once nothing is, declined when it will
    /// never be given back.
    async fn refund(&self, request: &str, refund: PurchaseId, amount: Won) -> RailAnswer {
        settle("refund", self.give_back(request, refund, amount).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    #[test]
    fn payments_of_toss_are_read_with_the_fields_that_we_do_not_know() {
        let order = PurchaseId(42);
        let asked = Confirm { payment_key: payment_key(order), order_id: order, amount: Won(5) };
        let check = |change: (&str, &str), want: Result<RailAnswer, Lost>| {
            let key = payment_key(order);
            let body = format!(
                r#"{{"mId":"tosspayments","version":"2022-11-16","paymentKey":"{key}",
                    "orderId":"0000000000000000000000000000002a","currency":"KRW","method":null,
                    "status":"DONE","totalAmount":93000,"balanceAmount":93000,"cancels":null}}"#
            );
            let body = body.replace(change.0, change.1).into_bytes();
            let answer = Answer { status: 200, headers: HeaderMap::new(), body };
            assert_eq!(read_payment(&answer, &asked).map(judge), want, "{change:?}");
        };
        let approved = || Ok(RailAnswer::Approved { amount: Won(93_000) });
        check(("", ""), approved());
        check(("DONE", "PARTIAL_CANCELED"), approved());
        check(("DONE", "CANCELED"), Ok(RailAnswer::Cancelled));
        check(("DONE", "ABORTED"), Ok(RailAnswer::Declined));
        check(("DONE", "EXPIRED"), Ok(RailAnswer::Declined));
        for status in ["READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT"] {
            check(("DONE", status), Ok(RailAnswer::Pending));
        }
        check(("DONE", "DONE_AND_DUSTED"), Err(Lost::Garbled));
        check(("002a", "002b"), Err(Lost::OtherOrder));
        check(("KRW", "USD"), Err(Lost::Garbled));
        check(("\"balanceAmount\":93000", "\"balanceAmount\":93001"), Err(Lost::Garbled));
        check(("\"totalAmount\":93000", "\"totalAmount\":\"93000\""), Err(Lost::Garbled));
        check(("\"cancels\":null}", ""), Err(Lost::Garbled));
    }

    #[test]
    fn the_port_asks_for_no_more_than_toss_does() {
        let body = Cancel { cancel_reason: CANCEL_REASON.to_owned(), cancel_amount: None };
        let text = serde_json::to_string(&body).unwrap();
        assert_eq!(text, r#"{"cancelReason":"purchase not completed"}"#);
        assert!(payment_key(PurchaseId(u128::MAX)).len() <= 200, "as long as Toss takes");
    }
}
