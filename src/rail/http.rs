//! The rail of the signed JSON contract (`docs/rail.md`).
//!
//! Every request is signed and so is every answer, over the signature of its request: what
//! is not signed by the rail, has a field too many or too few, or names another order, says
//! nothing. One call is one request, but for an approval: with `rail_confirm` it is believed only
//! once an inquiry, which reads the rail's ledger, says the same.

use super::exchange::{Answer, Exchange, Lost, confirmed, settle};
use super::request::OrderRequest;
use super::settings::{RailFault, RailSettings};
use super::sign::{self, RailKey};
use crate::trust::SharedSecret;
use async_trait::async_trait;
use openrun_actors::Clock;
use openrun_actors::rail::{Charge, Rail, RailTerms};
use openrun_core::payment::RailAnswer;
use openrun_core::{PurchaseId, Won};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where payments are asked for.
pub(super) const AUTHORISATIONS: &str = "/v1/authorisations";

/// A rail that is called over HTTP.
pub struct HttpRail {
    exchange: Exchange,
    key: RailKey,
    clock: Arc<dyn Clock>,
    terms: RailTerms,
    confirm: bool,
}

/// What an answer says of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderAnswer {
    pub order_id: PurchaseId,
    pub status: OrderStatus,
    /// What was approved; 0 for an order that never was.
    pub amount_won: Won,
    /// What was given back since, of that.
    pub refunded_won: Won,
}

/// Where an order stands at the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OrderStatus {
    Approved,
    Declined,
    Cancelled,
    Pending,
}

/// What a 404 says, and nothing else does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeAnswer {
    pub order_id: PurchaseId,
    pub code: String,
}

/// The code of an order that the rail does not know.
pub(super) const NO_SUCH_ORDER: &str = "no-such-order";
/// The code of a refund that is more than what is left.
pub(super) const REFUND_REFUSED: &str = "refund-refused";

/// What is asked for with a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundRequest {
    pub refund_id: PurchaseId,
    pub amount_won: Won,
}

/// What an answer says of a refund that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundAnswer {
    pub order_id: PurchaseId,
    pub refund_id: PurchaseId,
    /// What this refund gave back.
    pub amount_won: Won,
    /// What is left of the payment.
    pub remaining_won: Won,
}

/// Path and query of a call about an order: its date goes along in each.
pub(super) fn target(order: &str, date: &str, action: &str) -> String {
    format!("/v1/orders/{order}{action}?date={date}")
}

impl HttpRail {
    /// The rail at `base`.
    ///
    /// # Errors
    /// The secret is no key, or no client can be made.
    pub fn new(
        settings: &RailSettings,
        base: Url,
        secret: &SharedSecret,
        clock: Arc<dyn Clock>,
    ) -> Result<HttpRail, RailFault> {
        let key = RailKey::new(secret.mac_key()?);
        let exchange = Exchange::new(settings, base)?;
        Ok(HttpRail { exchange, key, clock, terms: settings.terms(), confirm: settings.confirm })
    }

    /// A signed call, and its answer if the rail signed it.
    async fn ask(&self, method: Method, target: &str, body: String) -> Result<Answer, Lost> {
        let at = self.clock.now();
        let signature = self.key.sign_request(method.as_str(), target, at, body.as_bytes());
        let call = self.exchange.call(method, target);
        let call = call.header(sign::TIMESTAMP, sign::stamp(at));
        let call = call.header(sign::SIGNATURE, &signature);
        let call = call.header(CONTENT_TYPE, "application/json").body(body);
        let answer = self.exchange.send(call).await?;
        let shown = answer.headers.get(sign::SIGNATURE).and_then(|it| it.to_str().ok());
        let wanted = self.key.sign_answer(&signature, answer.status, &answer.body);
        if shown.is_some_and(|shown| RailKey::is_same(&wanted, shown)) {
            return Ok(answer);
        }
        // A rail in trouble is often answered for by something before it that has no key.
        Err(if answer.status >= 500 { Lost::RailError } else { Lost::NotSigned })
    }

    async fn look_up(&self, order: &OrderRequest) -> Result<RailAnswer, Lost> {
        let target = target(&order.order(), &order.date(), "");
        read_order(&self.ask(Method::GET, &target, String::new()).await?, order.order_id)
    }

    async fn pay(&self, text: &str) -> Result<RailAnswer, Lost> {
        let order = OrderRequest::read(text).ok_or(Lost::Garbled)?;
        let answer = self.ask(Method::POST, AUTHORISATIONS, text.to_owned()).await?;
        let found = read_order(&answer, order.order_id)?;
        if !matches!(found, RailAnswer::Approved { .. }) || !self.confirm {
            return Ok(found);
        }
        confirmed(found, self.look_up(&order).await?)
    }

    async fn take_back(&self, text: &str) -> Result<RailAnswer, Lost> {
        let order = OrderRequest::read(text).ok_or(Lost::Garbled)?;
        let target = target(&order.order(), &order.date(), "/cancel");
        let answer = self.ask(Method::POST, &target, "{}".to_owned()).await?;
        read_order(&answer, order.order_id)
    }

    async fn give_back(
        &self,
        text: &str,
        refund: PurchaseId,
        amount: Won,
    ) -> Result<RailAnswer, Lost> {
        let order = OrderRequest::read(text).ok_or(Lost::Garbled)?;
        let target = target(&order.order(), &order.date(), "/refunds");
        let body = RefundRequest { refund_id: refund, amount_won: amount };
        let body = serde_json::to_string(&body).expect("strings and numbers are JSON");
        let answer = self.ask(Method::POST, &target, body).await?;
        match answer.status {
            200 => {}
            404 | 409 => return read_order(&answer, order.order_id),
            _ => return Err(Lost::RailError),
        }
        let said: RefundAnswer = parse(&answer)?;
        if said.order_id != order.order_id || said.refund_id != refund {
            return Err(Lost::OtherOrder);
        }
        if said.amount_won != amount || said.remaining_won < Won::ZERO {
            return Err(Lost::Garbled);
        }
        Ok(match said.remaining_won {
            Won::ZERO => RailAnswer::Cancelled,
            amount => RailAnswer::Approved { amount },
        })
    }
}

/// What a signed answer says of this order.
fn read_order(answer: &Answer, order: PurchaseId) -> Result<RailAnswer, Lost> {
    match answer.status {
        200 | 402 => {}
        404 | 409 => {
            let said: CodeAnswer = parse(answer)?;
            if said.order_id != order {
                return Err(Lost::OtherOrder);
            }
            return match (answer.status, said.code.as_str()) {
                (404, NO_SUCH_ORDER) => Ok(RailAnswer::NotFound),
                (409, REFUND_REFUSED) => Ok(RailAnswer::Declined),
                _ => Err(Lost::RailError),
            };
        }
        _ => return Err(Lost::RailError),
    }
    let said: OrderAnswer = parse(answer)?;
    if said.order_id != order {
        return Err(Lost::OtherOrder);
    }
    // Declined is said in two places that must agree.
    let is_declined = said.status == OrderStatus::Declined;
    let is_sound = (Won::ZERO..=said.amount_won).contains(&said.refunded_won);
    if is_declined != (answer.status == 402) || !is_sound {
        return Err(Lost::Garbled);
    }
    Ok(match said.status {
        OrderStatus::Approved => RailAnswer::Approved { amount: said.amount_won },
        OrderStatus::Declined => RailAnswer::Declined,
        OrderStatus::Cancelled => RailAnswer::Cancelled,
        OrderStatus::Pending => RailAnswer::Pending,
    })
}

fn parse<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Lost> {
    crate::http::body::parse(&answer.body).map_err(|_| Lost::Garbled)
}

#[async_trait]
impl Rail for HttpRail {
    fn terms(&self) -> RailTerms {
        self.terms
    }

    fn write_request(&self, charge: &Charge) -> String {
        OrderRequest::of(charge).write()
    }

    async fn authorise(&self, request: &str) -> RailAnswer {
        settle("authorise", self.pay(request).await)
    }

    async fn inquire(&self, request: &str) -> RailAnswer {
        let found = match OrderRequest::read(request) {
            Some(order) => self.look_up(&order).await,
            None => Err(Lost::Garbled),
        };
        settle("inquire", found)
    }

    async fn cancel(&self, request: &str) -> RailAnswer {
        settle("cancel", self.take_back(request).await)
    }

    /// Approved with what is left of the payment, cancelled once nothing is, declined when the
    /// rail will never give back that much.
    async fn refund(&self, request: &str, refund: PurchaseId, amount: Won) -> RailAnswer {
        settle("refund", self.give_back(request, refund, amount).await)
    }
}

#[cfg(test)]
mod tests;
